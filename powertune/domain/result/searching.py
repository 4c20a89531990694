"""How a run went through the memory sizes, and what it can answer besides."""

from dataclasses import dataclass
from enum import StrEnum

from powertune.domain.result.sizes import Interval
from powertune.domain.search import SearchKind, StopReason


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
