"""From figures to an answer: the memory size to use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from powertune.domain.result import (
    Change,
    Distribution,
    Interval,
    Recommendation,
    SizeCost,
    SizeResult,
    SizeStatus,
)
from powertune.domain.search import Strategy


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
    measured = _rows(sizes, cold=cold)
    rows, unreliable = _reliable(measured, sizes)
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
    change = _change(measured.get(present_memory_mb), rows[chosen])
    if present_memory_mb in rows and change is not None and _not_worth_it(change, strategy):
        return _stay(rows[present_memory_mb], change, strategy, tied)
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
            *_too_many_errors(unreliable),
            *_within_noise(change),
        ),
        equivalent_sizes_mb=tuple(tied),
    )


_MORE_ERRORS = 0.1


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


def _not_worth_it(change: Change, strategy: Strategy) -> bool:
    """Whether what the strategy wants may be chance, while the other figure is surely worse."""
    if strategy is Strategy.COST:
        return change.cost_within_noise and not change.duration_within_noise and change.duration > 0
    if strategy is Strategy.SPEED:
        return change.duration_within_noise and not change.cost_within_noise and change.cost > 0
    return False


def _stay(present: _Row, change: Change, strategy: Strategy, tied: Sequence[int]) -> Recommendation:
    wanted, other = ("cost", "slower") if strategy is Strategy.COST else ("duration", "dearer")
    why = (
        f"{change.to_memory_mb} MB has the better {wanted} in the mean, but by no more than this run's noise, and is "
        f"surely {other} than the present {present.memory_mb} MB."
    )
    return Recommendation(
        memory_mb=present.memory_mb,
        strategy=strategy,
        expected_duration_ms=present.duration.mean,
        expected_cost=present.cost.per_invocation,
        expected_cost_per_million=present.cost.per_million,
        change=_change(present, present),
        reasons=(why,),
        equivalent_sizes_mb=tuple(sorted({*tied, present.memory_mb})),
    )


def _reliable(rows: Mapping[int, _Row], sizes: Sequence[SizeResult]) -> tuple[dict[int, _Row], tuple[int, ...]]:
    """The sizes at which the function works, and those at which it works clearly less well than at others.

    A timeout, or running out of memory, where another size has none; or an error share of more than ten points
    above the lowest.
    """
    measured = [size for size in sizes if size.memory_mb in rows]
    calm = any(not size.exhausted for size in measured)
    fewest = min((_error_share(size) for size in measured), default=0.0)
    left_out = tuple(
        size.memory_mb for size in measured if (calm and size.exhausted) or _error_share(size) > fewest + _MORE_ERRORS
    )
    return {memory_mb: row for memory_mb, row in rows.items() if memory_mb not in left_out}, left_out


def _error_share(size: SizeResult) -> float:
    return size.errors / size.invocations if size.invocations else 0.0


def _too_many_errors(unreliable_mb: Sequence[int]) -> tuple[str, ...]:
    if not unreliable_mb:
        return ()
    text = ", ".join(str(memory) for memory in sorted(unreliable_mb))
    return (f"Not considered, because more invocations failed there than elsewhere: {text} MB.",)


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
