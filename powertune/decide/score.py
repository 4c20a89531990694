"""From samples to an answer: each memory size summed up, and the one to use."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, localcontext

from powertune.decide.statistics import describe, mean_interval
from powertune.domain.request import Strategy
from powertune.domain.result import (
    Change,
    Interval,
    Money,
    Recommendation,
    SizeCost,
    SizeResult,
    SizeStatus,
    Statistics,
)
from powertune.domain.sample import Outcome, Sample, TraceParts

CostOf = Callable[[int, int], Money]
"""Billed milliseconds and memory size to the cost of one invocation."""

_MILLION = 1_000_000
_NOT_RUN = frozenset({Outcome.THROTTLED})


def size_result(
    memory_mb: int, samples: Sequence[Sample], cost_of: CostOf, *, failure: str | None = None
) -> SizeResult:
    """Sum up one memory size.

    Args:
        memory_mb: the size.
        samples: everything that was invoked there.
        cost_of: what one invocation costs.
        failure: why the size could not be measured at all, where it could not.
    """
    warm = [sample for sample in samples if sample.is_warm_measurement]
    cold = [sample for sample in samples if sample.outcome is Outcome.OK and sample.cold]
    errors = [sample for sample in samples if sample.outcome is not Outcome.OK]
    ran = [sample for sample in samples if sample.outcome not in _NOT_RUN]
    usable = len(warm) + len(cold)
    used = [sample.max_memory_used_mb for sample in samples if sample.max_memory_used_mb is not None]
    return SizeResult(
        memory_mb=memory_mb,
        status=_status(warm, samples, failure),
        reason=_reason(warm, samples, failure),
        invocations=len(ran),
        cold_starts=sum(1 for sample in samples if sample.cold),
        errors=len([sample for sample in errors if sample.outcome not in _NOT_RUN]),
        set_aside=len(samples) - len(errors) - usable,
        warm=_statistics(warm),
        cold=_statistics(cold),
        cost=_cost(warm, cost_of) if warm else None,
        max_memory_used_mb=max(used, default=None),
        trace_parts=_mean_parts([sample.parts for sample in warm if sample.parts is not None]),
    )


def _status(warm: Sequence[Sample], samples: Sequence[Sample], failure: str | None) -> SizeStatus:
    if warm:
        return SizeStatus.MEASURED
    return SizeStatus.FAILED if samples or failure else SizeStatus.NOT_MEASURED


_WORDS = {
    Outcome.TIMEOUT: "timed out",
    Outcome.OUT_OF_MEMORY: "ran out of memory",
    Outcome.ERROR: "failed",
    Outcome.THROTTLED: "throttled",
    Outcome.LOST: "got no answer",
}


def _reason(warm: Sequence[Sample], samples: Sequence[Sample], failure: str | None) -> str | None:
    failed = Counter(sample.outcome for sample in samples if sample.outcome is not Outcome.OK)
    if not failed:
        if warm or (not samples and failure is None):
            return None
        return failure or "no warm invocation was left to measure"
    outcome, count = failed.most_common(1)[0]
    text = f"{_WORDS[outcome]} in {count} of {len(samples)} invocations"
    if outcome in (Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY):
        return text
    sample = next(s for s in samples if s.outcome is outcome)
    detail = ": ".join(part for part in (sample.error_type, sample.error_message) if part)
    return f"{text} ({detail})" if detail else text


def _statistics(samples: Sequence[Sample]) -> Statistics:
    return Statistics(
        samples=len(samples),
        duration_ms=describe([s.duration_ms for s in samples if s.duration_ms is not None]),
        billed_ms=describe([float(s.billed_ms) for s in samples if s.billed_ms is not None]),
        init_ms=describe([s.init_ms for s in samples if s.init_ms is not None]),
    )


def _cost(warm: Sequence[Sample], cost_of: CostOf) -> SizeCost:
    costs = [cost_of(sample.billed_ms, sample.memory_mb) for sample in warm if sample.billed_ms is not None]
    currency = costs[0].currency
    with localcontext() as context:
        context.prec = 40
        mean = sum((money.amount for money in costs), Decimal(0)) / len(costs)
        per_million = mean * _MILLION
    interval = mean_interval([float(money.amount * _MILLION) for money in costs])
    return SizeCost(
        per_invocation=Money(amount=mean, currency=currency),
        per_million=Money(amount=per_million, currency=currency),
        per_million_interval=interval and Interval(low=interval.low, high=interval.high),
    )


def _mean_parts(parts: Sequence[TraceParts]) -> TraceParts | None:
    if not parts:
        return None

    def mean(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if known else None

    return TraceParts(
        init_ms=mean([part.init_ms for part in parts]),
        invocation_ms=mean([part.invocation_ms for part in parts]),
        overhead_ms=mean([part.overhead_ms for part in parts]),
        service_ms=mean([part.service_ms for part in parts]),
    )


def recommend(
    sizes: Sequence[SizeResult],
    strategy: Strategy,
    *,
    balanced_weight: float,
    tolerance: float,
    present_memory_mb: int,
) -> Recommendation | None:
    """Choose a memory size among those measured; None where there is none.

    Sizes within ``tolerance`` of the best are equivalent. Of those the fastest is taken for cost, the cheapest
    for speed, and the best itself for the balance, whose score already holds both.
    """
    scores = _scores(sizes, strategy, balanced_weight)
    if not scores:
        return None
    best = min(scores.values())
    measured = {size.memory_mb: size for size in sizes}
    tied = sorted(memory for memory, score in scores.items() if score <= best * (1 + tolerance))
    tie_break: Mapping[Strategy, Callable[[int], float]] = {
        Strategy.COST: lambda memory: _duration(measured[memory]),
        Strategy.SPEED: lambda memory: _per_million(measured[memory]),
        Strategy.BALANCED: lambda memory: scores[memory],
    }
    chosen = measured[min(tied, key=lambda memory: (tie_break[strategy](memory), memory))]
    assert chosen.cost is not None
    change = _change(measured.get(present_memory_mb), chosen)
    return Recommendation(
        memory_mb=chosen.memory_mb,
        strategy=strategy,
        expected_duration_ms=_duration(chosen),
        expected_cost=chosen.cost.per_invocation,
        expected_cost_per_million=chosen.cost.per_million,
        change=change,
        reasons=(
            *_reasons(measured, scores, tied, chosen, strategy, tolerance),
            *_within_noise(change),
        ),
        equivalent_sizes_mb=tuple(tied),
    )


def _duration(size: SizeResult) -> float:
    assert size.warm.duration_ms is not None
    return size.warm.duration_ms.mean


def _per_million(size: SizeResult) -> float:
    assert size.cost is not None
    return float(size.cost.per_million.amount)


def _scores(sizes: Sequence[SizeResult], strategy: Strategy, weight: float) -> dict[int, float]:
    usable = [size for size in sizes if size.status is SizeStatus.MEASURED]
    if not usable:
        return {}
    if strategy is Strategy.COST:
        return {size.memory_mb: _per_million(size) for size in usable}
    if strategy is Strategy.SPEED:
        return {size.memory_mb: _duration(size) for size in usable}
    # The same balance as aws-lambda-power-tuning's: each figure as a share of its largest.
    dearest = max(_per_million(size) for size in usable) or 1.0
    slowest = max(_duration(size) for size in usable) or 1.0
    return {
        size.memory_mb: weight * _per_million(size) / dearest + (1 - weight) * _duration(size) / slowest
        for size in usable
    }


def _change(present: SizeResult | None, chosen: SizeResult) -> Change | None:
    if present is None or present.status is not SizeStatus.MEASURED:
        return None
    before_ms, before_cost = _duration(present), _per_million(present)
    if before_ms == 0 or before_cost == 0:
        return None
    return Change(
        from_memory_mb=present.memory_mb,
        to_memory_mb=chosen.memory_mb,
        duration=_duration(chosen) / before_ms - 1,
        cost=_per_million(chosen) / before_cost - 1,
        duration_within_noise=_overlap(_duration_interval(present), _duration_interval(chosen)),
        cost_within_noise=_overlap(_cost_interval(present), _cost_interval(chosen)),
    )


def _duration_interval(size: SizeResult) -> Interval | None:
    return size.warm.duration_ms.mean_interval if size.warm.duration_ms else None


def _cost_interval(size: SizeResult) -> Interval | None:
    return size.cost.per_million_interval if size.cost else None


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
    measured: Mapping[int, SizeResult],
    scores: Mapping[int, float],
    tied: Sequence[int],
    chosen: SizeResult,
    strategy: Strategy,
    tolerance: float,
) -> tuple[str, ...]:
    best_mb = min(scores, key=lambda memory: (scores[memory], memory))
    word = _BEST_WORDS[strategy]
    if len(tied) == 1:
        first = f"{chosen.memory_mb} MB is the {word} of {len(scores)} measured memory sizes."
    else:
        first = (
            f"{', '.join(str(memory) for memory in tied)} MB are within {tolerance:.0%} of the {word}; "
            f"{chosen.memory_mb} MB is {_PREFERRED[strategy]}."
        )
    reasons = [first]
    if chosen.memory_mb != best_mb and scores[best_mb] > 0:
        more = scores[chosen.memory_mb] / scores[best_mb] - 1
        reasons.append(f"It {_FIGURE[strategy]} {more:.1%} more than {best_mb} MB, the {word} measured.")
    failed = [size.memory_mb for size in measured.values() if size.status is SizeStatus.FAILED]
    if failed:
        reasons.append(f"Failed, and so not considered: {', '.join(str(memory) for memory in sorted(failed))} MB.")
    return tuple(reasons)
