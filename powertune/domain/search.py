"""What a search looks for, how far it may go, and what it has found."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from powertune.domain.request import Strategy


class SearchKind(StrEnum):
    """How memory sizes are searched."""

    GRID = "grid"  # every size given, the same number of invocations at each
    ADAPTIVE = "adaptive"  # where the next invocation tells most for its money


class LatencyStatistic(StrEnum):
    """Which figure of the durations a latency target is for."""

    MEAN = "mean"
    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyTarget:
    """A duration that a memory size must keep: ``p95=800ms``.

    ``cold_share`` mixes that share of cold starts (init and restore included) into the durations; 0 is warm alone.
    """

    statistic: LatencyStatistic
    limit_ms: float
    cold_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What the best memory size means.

    ``tolerance`` is the share by which a size may be worse than the best and still count as it; ``risk`` the
    probability with which the recommendation may be worse than that. ``min_headroom`` is the share of the memory
    size that must stay unused, by Max Memory Used.
    """

    strategy: Strategy = Strategy.COST
    balanced_weight: float = 0.5
    latency_target: LatencyTarget | None = None
    min_headroom: float | None = None
    tolerance: float = 0.05
    risk: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a search ends in any case. None is no limit. ``max_time_ms`` is spent in invocations' durations."""

    max_invocations: int | None = None
    max_spend: Decimal | None = None
    max_time_ms: float | None = None


class StopReason(StrEnum):
    """Why a search ended."""

    SURE = "sure"  # the risk of a worse recommendation is below what was asked for
    COMPLETE = "complete"  # a grid was measured
    MAX_INVOCATIONS = "max-invocations"
    MAX_SPEND = "max-spend"
    MAX_TIME = "max-time"
    NOTHING_WORKS = "nothing-works"  # every size that was tried failed
    NOTHING_LEFT = "nothing-left"  # what would tell more cannot be measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a search has found so far.

    Attributes:
        memory_mb: the recommended size, always a measured one; None where there is none.
        regret_bound: share by which it is worse than the best at most, but with probability ``risk``; None where
            nothing is claimed.
        risk: estimated probability that it is worse than the best by more than the tolerance; None where unknown.
        stop_reason: why the search ended; None while it goes on.
        equivalent_mb: measured sizes that cannot be told from the best, the recommended one among them.
        notes: what a reader should know: a misfit, a drift, two behaviours, a target that no size meets.
    """

    memory_mb: int | None
    regret_bound: float | None
    risk: float | None
    stop_reason: StopReason | None
    equivalent_mb: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
