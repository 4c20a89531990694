"""The answer: what a run found, as it is written to ``result.json`` and rendered."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from powertune.domain.function import Architecture
from powertune.domain.request import Strategy, TuningRequest
from powertune.domain.sample import Sample, TraceParts

SCHEMA_VERSION = 1


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

    ``mean_interval`` is None with fewer than two samples.
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
    """Warm or cold invocations of one memory size; what no sample said is None."""

    samples: int
    duration_ms: Distribution | None = None
    billed_ms: Distribution | None = None
    init_ms: Distribution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An exact amount with its currency (ISO 4217)."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeCost:
    """What a warm invocation at this memory size costs: the mean of each invocation's own cost."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Going from the present memory size to the recommended one, as shares (-0.25 is a quarter less).

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What the run caused. On the embedded endpoint nobody bills it; the figures are AWS list prices."""

    invocations: int
    gb_seconds: float
    lambda_cost: Money
    workflow_cost: Money
    total_cost: Money
    state_transitions: int
    aws_calls: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The list prices that the costs were computed with, and where they come from."""

    region: str
    architecture: Architecture
    currency: str
    per_gb_second: Decimal
    per_request: Decimal
    ephemeral_per_gb_second: Decimal | None
    per_state_transition: Decimal | None
    as_of: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionFacts:
    """The function as the answer names it."""

    arn: str
    name: str
    region: str
    architecture: Architecture
    runtime: str | None
    original_memory_mb: int
    timeout_s: int
    code_sha256: str
    ephemeral_mb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where it ran: ``aws``, or ``local`` (the embedded endpoint) with its method of limiting the CPU."""

    kind: str
    cpu_method: str | None = None
    cores: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningResult:
    """One finished run. Times are ISO 8601 in UTC."""

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
    schema_version: int = SCHEMA_VERSION
