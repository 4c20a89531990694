"""What was measured at each memory size."""

from dataclasses import dataclass
from enum import StrEnum

from powertune.domain.price import Money
from powertune.domain.sample import TraceParts


class SizeStatus(StrEnum):
    """Whether a memory size can be chosen."""

    MEASURED = "measured"
    FAILED = "failed"  # every invocation failed, or none warm succeeded
    NOT_MEASURED = "not-measured"  # it was never invoked


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An interval for a mean, in the unit of what it belongs to."""

    low: float
    high: float
    confidence: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Summary of one figure over ``count`` samples, in the unit that its owner's field names.

    ``mean_interval`` is None with fewer than three samples.
    """

    count: int
    mean: float
    mean_interval: Interval | None
    p50: float
    p90: float
    p95: float
    p99: float
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Warm or cold invocations of one memory size; what no sample said is None.

    ``latency_ms`` is what a caller waits for: init or restore, and the duration.
    """

    samples: int
    duration_ms: Distribution | None = None
    billed_ms: Distribution | None = None
    init_ms: Distribution | None = None
    restore_ms: Distribution | None = None
    latency_ms: Distribution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Durations that changed from the first warm invocations to the last at one memory size.

    ``early_ms`` and ``late_ms`` are the means of the first and of the last third; ``p_value`` is that of the
    trend, two-sided.
    """

    early_ms: float
    late_ms: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeCost:
    """What an invocation at this memory size costs, warm or cold: the mean of each invocation's own cost."""

    per_invocation: Money
    per_million: Money
    per_million_interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeResult:
    """One memory size: what was done there and what came of it.

    ``invocations`` counts calls that ran; ``errors`` those of them that failed; ``reason`` says why a size
    failed, in words, with the function's own error text where there is one.
    """

    memory_mb: int
    status: SizeStatus
    reason: str | None
    invocations: int
    cold_starts: int
    errors: int
    set_aside: int  # successful, but not usable: a suppressed init, or no log line at all
    warm: Statistics
    cold: Statistics
    cost: SizeCost | None
    max_memory_used_mb: int | None
    trace_parts: TraceParts | None  # means over the traced warm samples
    cold_cost: SizeCost | None = None
    exhausted: int = 0  # errors that were timeouts or ran out of memory
    drift: Drift | None = None

    def compared_duration(self, *, cold: bool) -> Distribution | None:
        """The durations by which sizes are compared: warm ones, or with ``cold`` what a cold start takes in all."""
        return self.cold.latency_ms if cold else self.warm.duration_ms

    def compared_cost(self, *, cold: bool) -> SizeCost | None:
        """The cost by which sizes are compared: of a warm invocation, or with ``cold`` of a cold start."""
        return self.cold_cost if cold else self.cost
