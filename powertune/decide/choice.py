"""Which of several measured memory sizes is the best: one rule for a run, for a replay and for every goal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from powertune.decide.losses import QUANTILES
from powertune.decide.words import above, keeping, megabytes
from powertune.domain.search import LatencyStatistic, LatencyTarget, Objective, Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A memory size by the means that sizes are compared by.

    ``latency_ms`` is the figure that a latency target is for; None where it is not known or there is no target.
    """

    memory_mb: int
    duration_ms: float
    cost: float
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The best of some candidates.

    Attributes:
        memory_mb: the best.
        equivalent_mb: all that are within the tolerance of the best, ascending, ``memory_mb`` among them.
        scores: what was compared, lower is better; only of the candidates that keep a latency target.
        missed_mb: candidates that do not keep it, ascending.
        unknown_mb: candidates of which it is not known.
        nearest_ms: the figure of ``memory_mb`` where no candidate keeps the target; else None.
    """

    memory_mb: int
    equivalent_mb: tuple[int, ...]
    scores: Mapping[int, float]
    missed_mb: tuple[int, ...] = ()
    unknown_mb: tuple[int, ...] = ()
    nearest_ms: float | None = None


def choose(candidates: Sequence[Candidate], objective: Objective) -> Choice | None:
    """The best candidate; None where there is none, or where of none is known whether it keeps the latency target.

    Candidates within the tolerance of the best are equivalent. Of those the fastest is taken for cost, the cheapest
    for speed, and the best itself for the balance, whose score already holds both. Under a latency target the
    cheapest of those that keep it is looked for, whatever the strategy; where none keeps it, the nearest.
    """
    target = objective.latency_target
    if target is None:
        return _best(candidates, objective.strategy, objective)
    figures = {one.memory_mb: one.latency_ms for one in candidates if one.latency_ms is not None}
    missed = tuple(sorted(size for size, figure in figures.items() if figure > target.limit_ms))
    unknown = tuple(sorted(one.memory_mb for one in candidates if one.latency_ms is None))
    kept = [one for one in candidates if one.memory_mb in figures and one.memory_mb not in missed]
    found = _best(kept, Strategy.COST, objective)
    if found is not None:
        return Choice(
            memory_mb=found.memory_mb,
            equivalent_mb=found.equivalent_mb,
            scores=found.scores,
            missed_mb=missed,
            unknown_mb=unknown,
        )
    if not figures:
        return None
    nearest = min(figures, key=lambda size: (figures[size], size))
    return Choice(
        memory_mb=nearest,
        equivalent_mb=(nearest,),
        scores=figures,
        missed_mb=missed,
        unknown_mb=unknown,
        nearest_ms=figures[nearest],
    )


def _best(candidates: Sequence[Candidate], strategy: Strategy, objective: Objective) -> Choice | None:
    by_size = {one.memory_mb: one for one in candidates}
    if not by_size:
        return None
    scores = _scores(by_size, strategy, objective.balanced_weight)
    best = min(scores.values())
    tied = sorted(size for size, score in scores.items() if score <= best * (1 + objective.tolerance))
    tie_break: Mapping[Strategy, Callable[[int], float]] = {
        Strategy.COST: lambda size: by_size[size].duration_ms,
        Strategy.SPEED: lambda size: by_size[size].cost,
        Strategy.BALANCED: lambda size: scores[size],
    }
    chosen = min(tied, key=lambda size: (tie_break[strategy](size), size))
    return Choice(memory_mb=chosen, equivalent_mb=tuple(tied), scores=scores)


def _scores(by_size: Mapping[int, Candidate], strategy: Strategy, weight: float) -> dict[int, float]:
    if strategy is Strategy.COST:
        return {size: one.cost for size, one in by_size.items()}
    if strategy is Strategy.SPEED:
        return {size: one.duration_ms for size, one in by_size.items()}
    # The same balance as aws-lambda-power-tuning's: each figure as a share of its largest.
    dearest = max(one.cost for one in by_size.values()) or 1.0
    slowest = max(one.duration_ms for one in by_size.values()) or 1.0
    return {
        size: weight * one.cost / dearest + (1 - weight) * one.duration_ms / slowest for size, one in by_size.items()
    }


def pareto(candidates: Sequence[Candidate]) -> tuple[int, ...]:
    """The sizes that no other one beats: none is at most as dear and at most as slow, and better in one; ascending."""
    return tuple(sorted(one.memory_mb for one in candidates if not any(_beats(other, one) for other in candidates)))


def _beats(one: Candidate, other: Candidate) -> bool:
    no_worse = one.cost <= other.cost and one.duration_ms <= other.duration_ms
    return no_worse and (one.cost < other.cost or one.duration_ms < other.duration_ms)


def target_figure(warm_ms: Sequence[float], cold_ms: Sequence[float], target: LatencyTarget) -> float | None:
    """The figure of a latency target, from warm durations and from what callers waited at cold starts.

    With a cold share, of the mixture in which that share is cold: its mean, or the smallest value that at least the
    quantile's share lies at or below. None where a kind that the mixture needs was not measured.
    """
    share = target.cold_share
    if (share < 1 and not warm_ms) or (share > 0 and not cold_ms):
        return None
    if target.statistic is LatencyStatistic.MEAN:
        parts = [(1 - share, warm_ms), (share, cold_ms)]
        return sum(weight * float(np.mean(values)) for weight, values in parts if weight)
    rank = QUANTILES[target.statistic]
    if not share:
        return float(np.quantile(warm_ms, rank))
    weighted = sorted(
        [*((ms, (1 - share) / len(warm_ms)) for ms in warm_ms), *((ms, share / len(cold_ms)) for ms in cold_ms)]
    )
    reached = np.cumsum([weight for _, weight in weighted])
    # A sum of shares may fall short of one by its rounding.
    return weighted[min(int(np.searchsorted(reached, rank - 1e-12)), len(weighted) - 1)][0]


def missed_words(memory_mb: int, figure_ms: float, target: LatencyTarget) -> str:
    """That no size keeps the target, and which is the nearest."""
    return (
        f"No measured memory size keeps {keeping(target)}; the nearest is {megabytes(memory_mb)} with "
        f"{above(figure_ms, target.limit_ms)}."
    )


def says_missed(text: str, target: LatencyTarget | None) -> bool:
    """Whether a note is one of `missed_words`."""
    return target is not None and text.startswith(f"No measured memory size keeps {keeping(target)};")
