"""Samples as points of a chart: what kind each is, how long its caller waited, what it cost."""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from powertune.domain.measured import MeasuredAs, measured_as
from powertune.domain.price import Price
from powertune.domain.result import SizeResult
from powertune.domain.sample import Outcome, Sample

_WIDEST_OCTAVES = 0.1


class PointKind(StrEnum):
    """What a sample counts as."""

    WARM = "warm"
    COLD = "cold"
    SET_ASIDE = "set-aside"
    FAILED = "failed"


def kinds(samples: Iterable[Sample], mix: Mapping[int, int] | None) -> Iterator[tuple[Sample, PointKind]]:
    """Each sample of a run with its kind, in their order; ``mix`` is the request's (`TuningRequest.warm_mix`)."""
    return ((sample, _kind(sample, use)) for sample, use in measured_as(samples, mix))


def _kind(sample: Sample, use: MeasuredAs | None) -> PointKind:
    """Warm samples are the ones that the statistics use; a success that is neither warm nor cold is set aside."""
    if sample.outcome is not Outcome.OK:
        return PointKind.FAILED
    if use is MeasuredAs.WARM:
        return PointKind.WARM
    if sample.cold and not sample.suppressed_init and sample.duration_ms is not None:
        return PointKind.COLD
    return PointKind.SET_ASIDE


def cost_per_million(sample: Sample, size: SizeResult, price: Price) -> float | None:
    """What a million invocations like this one cost; None where its size has no cost or it no billed duration.

    The size's own cost is scaled, that of its cold starts where it has no other: at one memory size everything but
    the request fee is proportional to the billed duration. For drawing only; money that is written out comes from
    the result.
    """
    if sample.billed_ms is None:
        return None
    for cost, billed in ((size.cost, size.warm.billed_ms), (size.cold_cost, size.cold.billed_ms)):
        if cost is not None and billed is not None and billed.mean > 0:
            request = float(price.per_request)
            per_billed_ms = (float(cost.per_invocation.amount) - request) / billed.mean
            return 1e6 * (request + per_billed_ms * sample.billed_ms)
    return None


class Spread:
    """Places points of one memory size side by side, so that none hides another.

    They lie to its sides on a logarithmic axis, closer where the size has a close neighbour, but over ``least``
    octaves at any rate.
    """

    def __init__(self, sizes_mb: Sequence[int], *, least: float = 0.0) -> None:
        ordered = sorted(set(sizes_mb))
        gaps = [math.log2(high / low) for low, high in itertools.pairwise(ordered)]
        self._gaps = dict(zip(ordered, zip([1.0, *gaps], [*gaps, 1.0], strict=True), strict=True)) if ordered else {}
        self._least = least

    def reach(self, kind: PointKind, memory_mb: int) -> tuple[float, float]:
        """Between which places, in MB, the points of a kind are drawn; ``reports/memory.js`` distributes them there.

        Warm ones lie to the left of the mean, cold ones to its right, the others beyond.
        """
        low, high = {PointKind.WARM: (-1.9, -0.4), PointKind.COLD: (0.55, 1.45)}.get(kind, (1.6, 2.4))
        half = max(min(_WIDEST_OCTAVES, 0.16 * min(self._gaps[memory_mb])), self._least)
        return memory_mb * 2 ** (half * low), memory_mb * 2 ** (half * high)

    def band(self, memory_mb: int) -> tuple[float, float]:
        """The strip around a memory size that a shaded size fills, in MB."""
        below, above = (min(0.28, 0.44 * gap) for gap in self._gaps[memory_mb])
        return memory_mb / 2**below, memory_mb * 2**above
