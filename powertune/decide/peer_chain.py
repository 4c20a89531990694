"""How a figure of aws-lambda-power-tuning becomes powertune's, one cause of the difference after another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from powertune.decide.peer_formulas import discarded, has_own_price, price, trimmed_mean
from powertune.domain.function import Architecture
from powertune.domain.measured import MeasuredAs, measured_as
from powertune.domain.result import TuningResult
from powertune.domain.sample import Sample, Source

_MOST_REGIONS = {Architecture.X86_64: 0.0000166667, Architecture.ARM64: 0.0000133334}
"""What its price for all other regions is rounded from: the GB-second in us-east-1 and most regions."""
_ROUNDING = 0.03
"""A price of its own that is farther from the list price than this is not that price, rounded."""
UNITS_PER_GB_SECOND = 8000
"""Milliseconds at 128 MB, the unit of its prices."""
_NOTHING = 1e-9


class Cause(StrEnum):
    """Why a figure of its differs from powertune's, in the order in which the causes are taken away."""

    MISSING = "missing-record-counted-as-0"
    RESTORE = "restore-counted-twice"
    MIXED = "cold-and-warm-mixed"
    TRIMMED = "trimmed"
    ROUNDED_UP = "mean-rounded-up"
    PRICE_ROUNDED = "price-rounded"
    OTHER_PRICE = "price-of-elsewhere"
    NO_REQUEST_FEE = "no-request-fee"
    NO_STORAGE_FEE = "no-storage-fee"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How much of powertune's figure a cause adds to the other's (+0.1), or takes away from it (-0.1)."""

    cause: Cause
    share: float


class Chain:
    """Its figures for a memory size, and what becomes of them as cause after cause is taken away.

    Args:
        result: the run.
        memory_mb: the size.
        read: the samples that it would have read there.
        base: its price of a millisecond at 128 MB.
        share: how large a part of the values it drops at each end.
    """

    def __init__(self, result: TuningResult, memory_mb: int, read: Sequence[Sample], base: float, share: float) -> None:
        self._result = result
        self._memory_mb = memory_mb
        self._read = read
        self._base = base
        self._share = share
        # Results that were made from logs alone have no tails that could have been cut short.
        self._tails = any(Source.TAIL in sample.sources for sample in result.samples)
        compared = MeasuredAs.COLD if result.request.only_cold_starts else MeasuredAs.WARM
        self._ours = [s for s, use in measured_as(read, result.request.warm_mix()) if use is compared]

    def is_seen(self, sample: Sample) -> bool:
        """Whether it finds the record in the log tail, which is all that it reads."""
        return sample.duration_ms is not None and (Source.TAIL in sample.sources or not self._tails)

    def durations(self) -> list[tuple[Cause, float]]:
        """Averages in milliseconds; each cause stands with the figure that still contains it."""
        known = [sample.latency_ms for sample in self._read if sample.latency_ms is not None]
        ours = [sample.latency_ms or 0.0 for sample in self._ours]
        return [
            (Cause.MISSING, trimmed_mean([self.duration_ms(sample) for sample in self._read], self._share)),
            (Cause.MIXED, trimmed_mean(known, self._share)),
            (Cause.TRIMMED, trimmed_mean(ours, self._share)),
            (Cause.OTHER, trimmed_mean(ours, 0.0)),
        ]

    def costs(self) -> list[tuple[Cause, float]]:
        """Prices of an invocation, in the same manner."""
        known = [sample for sample in self._read if sample.billed_ms is not None]
        ours = [float(sample.billed_ms or 0) for sample in self._ours]
        mean_ms = trimmed_mean(ours, 0.0)
        gb_seconds = mean_ms / 1000 * self._memory_mb / 1024
        listed = gb_seconds * float(self._result.price.per_gb_second)
        with_fee = listed + float(self._result.price.per_request)
        return [
            (Cause.MISSING, self._price(trimmed_mean([self.billed_ms(sample) for sample in self._read], self._share))),
            (Cause.RESTORE, self._price(trimmed_mean([_its_billed(sample) for sample in known], self._share))),
            (Cause.MIXED, self._price(trimmed_mean([float(s.billed_ms or 0) for s in known], self._share))),
            (Cause.TRIMMED, self._price(trimmed_mean(ours, self._share))),
            (Cause.ROUNDED_UP, self._price(mean_ms)),
            (Cause.PRICE_ROUNDED, mean_ms * self._base * self._memory_mb / 128),
            (Cause.OTHER_PRICE, gb_seconds * self._meant_rate()),
            (Cause.NO_REQUEST_FEE, listed),
            (Cause.NO_STORAGE_FEE, with_fee),
            (Cause.OTHER, with_fee + self._storage(mean_ms)),
        ]

    def averaged(self, values: Sequence[float]) -> frozenset[int]:
        """Which of the values survive its trimming."""
        dropped = discarded(len(values), self._share)
        order = sorted(range(len(values)), key=lambda index: values[index])
        return frozenset(order[dropped : len(values) - dropped])

    def duration_ms(self, sample: Sample) -> float:
        """The duration that it reads."""
        return (sample.latency_ms or 0.0) if self.is_seen(sample) else 0.0

    def billed_ms(self, sample: Sample) -> float:
        """The billed duration that it reads."""
        return _its_billed(sample) if self.is_seen(sample) else 0.0

    def _price(self, billed_ms: float) -> float:
        return price(billed_ms, self._base, self._memory_mb)

    def _meant_rate(self) -> float:
        """The GB-second price that its own is rounded from; its own where it is none that is listed."""
        function, rate = self._result.function, self._base * UNITS_PER_GB_SECOND
        own = has_own_price(function.region, function.architecture)
        listed = float(self._result.price.per_gb_second) if own else _MOST_REGIONS[function.architecture]
        return listed if math.isclose(rate, listed, rel_tol=_ROUNDING) else rate

    def _storage(self, mean_ms: float) -> float:
        rate = self._result.price.ephemeral_per_gb_second
        extra_mb = max(self._result.function.ephemeral_mb - 512, 0)
        return mean_ms / 1000 * extra_mb / 1024 * float(rate or 0)


def _its_billed(sample: Sample) -> float:
    """It adds the billed part of the restore to a bill that contains it."""
    return float((sample.billed_ms or 0) + (sample.billed_restore_ms or 0))


def parts(chain: Sequence[tuple[Cause, float]], ours: float) -> tuple[Part, ...]:
    """The shares of the causes in a chain that ends at powertune's figure."""
    if ours == 0:
        return ()
    after = [value for _, value in chain[1:]] + [ours]
    found = (Part(cause=cause, share=(value - rest) / ours) for (cause, value), rest in zip(chain, after, strict=True))
    return tuple(part for part in found if abs(part.share) > _NOTHING)
