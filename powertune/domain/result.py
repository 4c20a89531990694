"""The answer: what a run found, as it is written to ``result.json`` and rendered."""

from dataclasses import dataclass, field
from enum import StrEnum

from powertune.domain.architectures import ArchitectureComparison
from powertune.domain.canary import CanaryReport
from powertune.domain.function import Architecture, LogFormat
from powertune.domain.price import Money, Price
from powertune.domain.request import TuningRequest
from powertune.domain.sample import Sample, TraceParts
from powertune.domain.search import SearchKind, StopReason, Strategy
from powertune.domain.traffic import MonthlyTraffic

SCHEMA_VERSION = 5


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Going from the present memory size to the recommended one, as shares (-0.25 is a quarter less).

    Where the recommended one is of another instruction set than the function's own, the present size is that on its own.

    A change is within the noise where the two means' 95 % intervals overlap: it cannot be told from chance.
    """

    from_memory_mb: int
    to_memory_mb: int
    duration: float
    cost: float
    duration_within_noise: bool
    cost_within_noise: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """The memory size to use, and why.

    ``change`` is None where the present memory size was not measured.
    """

    memory_mb: int
    strategy: Strategy
    expected_duration_ms: float
    expected_cost: Money
    expected_cost_per_million: Money
    change: Change | None
    reasons: tuple[str, ...]
    equivalent_sizes_mb: tuple[int, ...]


class Goal(StrEnum):
    """What a memory size may be best for."""

    COST = "cost"
    SPEED = "speed"
    BALANCED = "balanced"
    LATENCY_TARGET = "latency-target"  # the lowest cost among the sizes that keep it


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The best memory size for one goal, as far as this run can say.

    ``regret_bound`` is the share by which it is worse than the best at most, but with probability ``risk``; None
    where nothing is claimed. ``note`` says what the data do not allow.
    """

    goal: Goal
    memory_mb: int | None
    regret_bound: float | None = None
    risk: float | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """What the model says of one memory size, measured or not: its mean warm duration and cost.

    ``measured`` is how many measurements it has of its own; where it is 0, the figures are the model's alone.
    ``per_million`` is in the currency of the run's price; an estimate, not a bill. ``latency_ms`` is the figure that
    a latency target names; None without one.
    """

    memory_mb: int
    measured: int
    duration_ms: float
    duration_interval: Interval
    per_million: float
    per_million_interval: Interval
    latency_ms: float | None = None
    latency_interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchReport:
    """How the memory sizes were gone through, how sure the answer is, and what else the run can answer.

    Attributes:
        kind: a grid claims nothing of its certainty: bound and risk are None, and there is no curve.
        stop_reason: why the search ended; None where the run ended before the search did.
        regret_bound: share by which the recommendation is worse than the best at most, but with probability
            ``Objective.risk``.
        risk: estimated probability that it is worse by more than the tolerance.
        notes: what a reader should know: a misfit, two behaviours, a target that no size meets.
        noise: coefficient of variation of single warm durations, as the model sees it.
        curve: the model at every memory size considered, ascending.
        answers: one for each goal.
        pareto_mb: measured sizes that no other one beats in both cost and duration, ascending.
    """

    kind: SearchKind
    stop_reason: StopReason | None
    regret_bound: float | None = None
    risk: float | None = None
    notes: tuple[str, ...] = ()
    noise: float | None = None
    curve: tuple[CurvePoint, ...] = ()
    answers: tuple[Answer, ...] = ()
    pareto_mb: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendLine:
    """One kind of thing that the run caused, and what it costs at list price; None where powertune has no price."""

    what: str
    quantity: float
    unit: str
    cost: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What the run caused. On the embedded endpoint nobody bills it; the figures are AWS list prices.

    ``lambda_cost`` is that of the function's own invocations, ``workflow_cost`` all the rest with a known
    price; ``lines`` has both in detail.
    """

    invocations: int
    gb_seconds: float
    lambda_cost: Money
    workflow_cost: Money
    total_cost: Money
    state_transitions: int
    aws_calls: dict[str, int] = field(default_factory=dict)
    lines: tuple[SpendLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The recommended memory size, set on the function; with the version and alias published for it, if asked."""

    memory_mb: int
    version: str | None = None
    alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionFacts:
    """The function as the answer names it.

    ``clone`` is the name of the temporary clone that was measured in its place, with ``architecture``; None where it
    was measured itself. ``own_architecture`` is the function's own, where the clone had another one.
    """

    arn: str
    name: str
    region: str
    architecture: Architecture
    runtime: str | None
    original_memory_mb: int
    timeout_s: int
    code_sha256: str
    ephemeral_mb: int
    log_format: LogFormat | None = None
    clone: str | None = None
    own_architecture: Architecture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where it ran: ``aws``, or ``local`` (the embedded endpoint) with its method of limiting the CPU."""

    kind: str
    cpu_method: str | None = None
    cores: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchitectureRun:
    """The run on another instruction set, beside the one that the result is about.

    ``failure`` says why it came to no end; then all else is empty.
    """

    architecture: Architecture
    failure: str | None = None
    run_id: str | None = None
    price: Price | None = None
    memory_sizes: tuple[SizeResult, ...] = ()
    recommendation: Recommendation | None = None
    search: SearchReport | None = None
    spend: Spend | None = None
    warnings: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningResult:
    """One finished run, or several on different instruction sets, of which the best one's answer is this.

    Times are ISO 8601 in UTC.
    """

    run_id: str
    powertune_version: str
    started_at: str
    finished_at: str
    function: FunctionFacts
    request: TuningRequest
    environment: Environment
    price: Price
    memory_sizes: tuple[SizeResult, ...]
    recommendation: Recommendation | None
    spend: Spend
    warnings: tuple[str, ...]
    restored: bool
    samples: tuple[Sample, ...]
    applied: Applied | None = None
    search: SearchReport | None = None
    canary: CanaryReport | None = None
    architectures: tuple[ArchitectureRun, ...] = ()
    comparison: ArchitectureComparison | None = None
    traffic: MonthlyTraffic | None = None
    schema_version: int = SCHEMA_VERSION
