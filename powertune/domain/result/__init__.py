"""The answer: what a run found, as it is written to ``result.json`` and rendered."""

from dataclasses import dataclass

from powertune.domain.architectures import ArchitectureComparison
from powertune.domain.canary import CanaryReport
from powertune.domain.function import Architecture
from powertune.domain.price import Money, Price
from powertune.domain.request import TuningRequest
from powertune.domain.result.checked import (
    ChangePoint,
    CheckEntry,
    CheckReport,
    MetricResult,
    Optimum,
    ReferenceSide,
    Trend,
)
from powertune.domain.result.circumstances import Applied, Environment, FunctionFacts, Spend, SpendLine
from powertune.domain.result.searching import Answer, CurvePoint, Goal, SearchReport
from powertune.domain.result.sizes import Distribution, Drift, Interval, SizeCost, SizeResult, SizeStatus, Statistics
from powertune.domain.sample import Sample
from powertune.domain.search import Strategy
from powertune.domain.traffic import MonthlyTraffic

__all__ = [
    "SCHEMA_VERSION",
    "Answer",
    "Applied",
    "ArchitectureRun",
    "Change",
    "ChangePoint",
    "CheckEntry",
    "CheckReport",
    "CurvePoint",
    "Distribution",
    "Drift",
    "Environment",
    "FunctionFacts",
    "Goal",
    "Interval",
    "MetricResult",
    "Optimum",
    "Recommendation",
    "ReferenceSide",
    "SearchReport",
    "SizeCost",
    "SizeResult",
    "SizeStatus",
    "Spend",
    "SpendLine",
    "Statistics",
    "Trend",
    "TuningResult",
]

SCHEMA_VERSION = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Going from the present memory size to the recommended one, as shares (-0.25 is a quarter less).

    Where the recommended one is of another instruction set than the function's own, the present size is that on its
    own.

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
    check: CheckReport | None = None
    schema_version: int = SCHEMA_VERSION
