"""What a search looks for, how far it may go, and what it has found."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from powertune.domain.function import Architecture
from powertune.errors import UsageError

LONGEST_MS = 900_000
"""Longest timeout of a function (AWS docs, lambda/latest/dg/configuration-timeout)."""

MOST_INVOCATIONS = 200
"""Where an adaptive search without a limit ends in any case."""

_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
_LATENCY_TARGET = re.compile(rf"(mean|p50|p90|p95|p99) ?= ?({_NUMBER}) ?(ms|s)(?: ?, ?cold ?= ?({_NUMBER}))?")


class Strategy(StrEnum):
    """What the best memory size means."""

    COST = "cost"
    SPEED = "speed"
    BALANCED = "balanced"


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


def parse_latency_target(text: str) -> LatencyTarget:
    """Read ``p95=800ms`` or ``mean=1.5s``: a figure of the warm durations, and what it may be at most.

    ``p99=2s,cold=0.02`` counts two cold starts in a hundred invocations among them.

    Raises:
        UsageError: it is not of this form, the limit is 0 or longer than any invocation may take, or every
            invocation would be a cold start.
    """
    match = _LATENCY_TARGET.fullmatch(text.strip().lower())
    if match is None:
        raise UsageError(
            f"'{text}' is not a latency target.",
            next_step="Write a figure and its limit, such as p95=800ms or mean=1.5s; there are "
            f"{', '.join(LatencyStatistic)}. With cold starts among them: p99=2s,cold=0.02.",
        )
    limit_ms = float(Decimal(match[2]) * (1000 if match[3] == "s" else 1))
    if not 0 < limit_ms <= LONGEST_MS:
        raise UsageError(
            f"The latency target '{text}' must lie above 0 and at most at {LONGEST_MS // 1000} s, "
            "the longest that an invocation may take.",
            next_step="Correct it.",
        )
    cold_share = float(match[4] or 0)
    if cold_share >= 1:
        raise UsageError(
            f"The share of cold starts in '{text}' must lie below 1.", next_step="Write 0.02 for two in a hundred."
        )
    return LatencyTarget(statistic=LatencyStatistic(match[1]), limit_ms=limit_ms, cold_share=cold_share)


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
class PriorSample:
    """A warm measurement of an earlier run."""

    memory_mb: int
    duration_ms: float
    billed_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What an earlier run measured. It informs only a search of the same code and architecture, by the same event."""

    run_id: str
    code_sha256: str
    architecture: Architecture
    payload_sha256: str
    samples: tuple[PriorSample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a search ends in any case. None is no limit. ``max_time_ms`` is spent in invocations' durations."""

    max_invocations: int | None = None
    max_spend: Decimal | None = None
    max_time_ms: float | None = None


NO_LIMITS = Limits()


class StopReason(StrEnum):
    """Why a search ended."""

    SURE = "sure"  # the risk of a worse recommendation is below what was asked for
    COMPLETE = "complete"  # a grid was measured
    MAX_INVOCATIONS = "max-invocations"
    MAX_SPEND = "max-spend"
    MAX_TIME = "max-time"
    NOTHING_WORKS = "nothing-works"  # every size that was tried failed
    NOTHING_LEFT = "nothing-left"  # what would tell more cannot be measured
    NOT_WORTH_IT = "not-worth-it"  # what would tell more costs more than it is expected to save


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
