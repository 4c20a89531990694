"""From figures to an answer: the memory size to use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from powertune.domain.request import Strategy
from powertune.domain.result import (
    Change,
    Distribution,
    Interval,
    Recommendation,
    SizeCost,
    SizeResult,
    SizeStatus,
)


def recommend(
    sizes: Sequence[SizeResult],
    strategy: Strategy,
    *,
    balanced_weight: float,
    tolerance: float,
    present_memory_mb: int,
    cold: bool = False,
) -> Recommendation | None:
    """Choose a memory size among those measured; None where there is none. With ``cold``, by its cold starts.

    Sizes within ``tolerance`` of the best are equivalent. Of those the fastest is taken for cost, the cheapest
    for speed, and the best itself for the balance, whose score already holds both.
    """
    rows = _rows(sizes, cold=cold)
    if not rows:
        return None
    scores = _scores(rows, strategy, balanced_weight)
    best = min(scores.values())
    tied = sorted(memory for memory, score in scores.items() if score <= best * (1 + tolerance))
    tie_break: Mapping[Strategy, Callable[[int], float]] = {
        Strategy.COST: lambda memory: rows[memory].duration.mean,
        Strategy.SPEED: lambda memory: rows[memory].per_million,
        Strategy.BALANCED: lambda memory: scores[memory],
    }
    chosen = min(tied, key=lambda memory: (tie_break[strategy](memory), memory))
    change = _change(rows.get(present_memory_mb), rows[chosen])
    failed = tuple(size.memory_mb for size in sizes if size.status is SizeStatus.FAILED)
    return Recommendation(
        memory_mb=chosen,
        strategy=strategy,
        expected_duration_ms=rows[chosen].duration.mean,
        expected_cost=rows[chosen].cost.per_invocation,
        expected_cost_per_million=rows[chosen].cost.per_million,
        change=change,
        reasons=(
            *_reasons(scores, tied, chosen, strategy, tolerance),
            *_left_out(failed),
            *_within_noise(change),
        ),
        equivalent_sizes_mb=tuple(tied),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A measured size by the figures that sizes are compared by."""

    memory_mb: int
    duration: Distribution
    cost: SizeCost

    @property
    def per_million(self) -> float:
        return float(self.cost.per_million.amount)


def _rows(sizes: Sequence[SizeResult], *, cold: bool) -> dict[int, _Row]:
    rows = {}
    for size in sizes:
        duration, cost = size.compared_duration(cold=cold), size.compared_cost(cold=cold)
        if size.status is SizeStatus.MEASURED and duration is not None and cost is not None:
            rows[size.memory_mb] = _Row(memory_mb=size.memory_mb, duration=duration, cost=cost)
    return rows


def _scores(rows: Mapping[int, _Row], strategy: Strategy, weight: float) -> dict[int, float]:
    if strategy is Strategy.COST:
        return {memory: row.per_million for memory, row in rows.items()}
    if strategy is Strategy.SPEED:
        return {memory: row.duration.mean for memory, row in rows.items()}
    # The same balance as aws-lambda-power-tuning's: each figure as a share of its largest.
    dearest = max(row.per_million for row in rows.values()) or 1.0
    slowest = max(row.duration.mean for row in rows.values()) or 1.0
    return {
        memory: weight * row.per_million / dearest + (1 - weight) * row.duration.mean / slowest
        for memory, row in rows.items()
    }


def _change(present: _Row | None, chosen: _Row) -> Change | None:
    if present is None or present.duration.mean == 0 or present.per_million == 0:
        return None
    return Change(
        from_memory_mb=present.memory_mb,
        to_memory_mb=chosen.memory_mb,
        duration=chosen.duration.mean / present.duration.mean - 1,
        cost=chosen.per_million / present.per_million - 1,
        duration_within_noise=_overlap(present.duration.mean_interval, chosen.duration.mean_interval),
        cost_within_noise=_overlap(present.cost.per_million_interval, chosen.cost.per_million_interval),
    )


def _overlap(a: Interval | None, b: Interval | None) -> bool:
    """Whether two means may be the same; so they may where one of them has no interval."""
    return a is None or b is None or (a.low <= b.high and b.low <= a.high)


def _within_noise(change: Change | None) -> tuple[str, ...]:
    if change is None or change.from_memory_mb == change.to_memory_mb:
        return ()
    noisy = {"cost": change.cost_within_noise, "duration": change.duration_within_noise}
    what = " and ".join(name for name, within in noisy.items() if within)
    if not what:
        return ()
    return (f"The difference in {what} from the present {change.from_memory_mb} MB is within this run's noise.",)


_BEST_WORDS = {Strategy.COST: "cheapest", Strategy.SPEED: "fastest", Strategy.BALANCED: "best balanced"}
_FIGURE = {Strategy.COST: "costs", Strategy.SPEED: "takes", Strategy.BALANCED: "scores"}
_PREFERRED = {
    Strategy.COST: "the fastest of them",
    Strategy.SPEED: "the cheapest of them",
    Strategy.BALANCED: "the best of them",
}


def _reasons(
    scores: Mapping[int, float], tied: Sequence[int], chosen: int, strategy: Strategy, tolerance: float
) -> tuple[str, ...]:
    best_mb = min(scores, key=lambda memory: (scores[memory], memory))
    word = _BEST_WORDS[strategy]
    if len(tied) == 1:
        first = f"{chosen} MB is the {word} of {len(scores)} measured memory sizes."
    else:
        first = (
            f"{', '.join(str(memory) for memory in tied)} MB are within {tolerance:.0%} of the {word}; "
            f"{chosen} MB is {_PREFERRED[strategy]}."
        )
    if chosen == best_mb or scores[best_mb] <= 0:
        return (first,)
    more = scores[chosen] / scores[best_mb] - 1
    return first, f"It {_FIGURE[strategy]} {more:.1%} more than {best_mb} MB, the {word} measured."


def _left_out(failed_mb: Sequence[int]) -> tuple[str, ...]:
    if not failed_mb:
        return ()
    return (f"Failed, and so not considered: {', '.join(str(memory) for memory in sorted(failed_mb))} MB.",)
