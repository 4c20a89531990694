"""How single durations spread at one memory size: quartiles and counts beside what the result says itself."""

import bisect
import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from powertune.domain.measured import MeasuredAs, measured_as
from powertune.domain.result import Distribution, SizeResult, TuningResult

FEWEST_FOR_BINS = 10
"""Fewer values are shown one by one: a histogram of them would show its own bins."""
_FEWEST_BINS, _MOST_BINS = 6, 32
_LOG_FROM_RATIO = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """How many values lie in each of the ranges between neighbours of ``edges``; ``log`` where those grow evenly."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    log: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """The warm durations or the cold starts of one memory size, in milliseconds.

    Attributes:
        memory_mb: the size.
        cold: cold starts, of which the caller waits for init or restore too.
        found: what the result says of them: count, percentiles, extremes.
        quartiles: p25 and p75; None where the values are few, or the samples not the ones that ``found`` is of.
        bins: None likewise.
        values: those few, ascending; one of many that are all the same.
    """

    memory_mb: int
    cold: bool
    found: Distribution
    quartiles: tuple[float, float] | None
    bins: Bins | None
    values: tuple[float, ...]

    @property
    def key(self) -> str:
        """A name of it for the page."""
        return f"{self.memory_mb}-{'cold' if self.cold else 'warm'}"


def durations_by_size(result: TuningResult) -> list[Durations]:
    """Warm durations and cold starts of every size that has any, ascending, warm ones first.

    All samples are gone through once, and sorted by size and kind.
    """
    if result.request.dry_run:
        return []
    durations = _durations(result)
    made = []
    for size in sorted(result.memory_sizes, key=lambda one: one.memory_mb):
        for cold in (False, True):
            found = _found(size, cold=cold)
            if found is not None:
                made.append(_summary(size.memory_mb, found, sorted(durations[size.memory_mb, cold]), cold=cold))
    return made


def _found(size: SizeResult, *, cold: bool) -> Distribution | None:
    return size.cold.latency_ms if cold else size.warm.duration_ms


def _durations(result: TuningResult) -> dict[tuple[int, bool], list[float]]:
    """Warm durations and cold latencies by size: those that are in its statistics."""
    made: dict[tuple[int, bool], list[float]] = defaultdict(list)
    for sample, use in measured_as(result.samples, result.request.warm_mix()):
        cold = use is MeasuredAs.COLD
        took = sample.latency_ms if cold else sample.duration_ms
        if use is not None and took is not None:
            made[sample.memory_mb, cold].append(took)
    return made


def _summary(memory_mb: int, found: Distribution, values: Sequence[float], *, cold: bool) -> Durations:
    same = len(values) == found.count
    many = same and len(values) >= FEWEST_FOR_BINS
    quartiles = (quantile(values, 0.25), quantile(values, 0.75)) if many else None
    return Durations(
        memory_mb=memory_mb,
        cold=cold,
        found=found,
        quartiles=quartiles,
        bins=None if quartiles is None else _bins(values, quartiles),
        values=_few(values) if same else (),
    )


def _few(ordered: Sequence[float]) -> tuple[float, ...]:
    """The values that are shown one by one."""
    if len(ordered) < FEWEST_FOR_BINS:
        return tuple(ordered)
    return (ordered[0],) if ordered[0] == ordered[-1] else ()


def quantile(ordered: Sequence[float], share: float) -> float:
    """As the result has its own: by linear interpolation (Hyndman and Fan's type 7)."""
    at = (len(ordered) - 1) * share
    below = math.floor(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def _bins(ordered: Sequence[float], quartiles: tuple[float, float]) -> Bins | None:
    """Bins as wide as Freedman and Diaconis say (1981), as far as their number can be read."""
    low, high = ordered[0], ordered[-1]
    if high <= low:
        return None
    log = low > 0 and high / low > _LOG_FROM_RATIO

    def on_axis(value: float) -> float:
        return math.log(value) if log else value

    middle = on_axis(quartiles[1]) - on_axis(quartiles[0]) if not log or quartiles[0] > 0 else 0.0
    width = 2 * middle / len(ordered) ** (1 / 3)
    reach = on_axis(high) - on_axis(low)
    number = min(max(math.ceil(reach / width) if width > 0 else _MOST_BINS, _FEWEST_BINS), _MOST_BINS)
    inner = (on_axis(low) + reach * index / number for index in range(1, number))
    edges = [low, *(math.exp(edge) if log else edge for edge in inner), high]
    return Bins(edges=tuple(edges), counts=tuple(_counts(ordered, edges)), log=log)


def _counts(ordered: Sequence[float], edges: Sequence[float]) -> Iterable[int]:
    """How many lie in each range; an edge belongs to the range above it, the last one to that below."""
    ends = [0, *(bisect.bisect_left(ordered, edge) for edge in edges[1:-1]), len(ordered)]
    return (after - before for before, after in itertools.pairwise(ends))
