"""From samples to figures: each memory size summed up."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, localcontext

from powertune.decide.drift import drift_of
from powertune.decide.statistics import describe, mean_interval
from powertune.domain.measured import MeasuredAs, measured_as
from powertune.domain.price import Money
from powertune.domain.result import Interval, SizeCost, SizeResult, SizeStatus, Statistics
from powertune.domain.sample import Outcome, Sample, TraceParts

CostOf = Callable[[int, int], Money]
"""Billed milliseconds and memory size to the cost of one invocation."""

_MILLION = 1_000_000
_EXHAUSTED = frozenset({Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY})
_NOT_RUN = frozenset({Outcome.THROTTLED})


def size_result(
    memory_mb: int,
    samples: Sequence[Sample],
    cost_of: CostOf,
    *,
    failure: str | None = None,
    cold_only: bool = False,
    among: int = 1,
    mix: Mapping[int, int] | None = None,
) -> SizeResult:
    """Sum up one memory size.

    Args:
        memory_mb: the size.
        samples: everything that was invoked there.
        cost_of: what one invocation costs.
        failure: why the size could not be measured at all, where it could not.
        cold_only: cold starts are what is measured, and warm invocations are not.
        among: how many sizes are summed up, so that a drift at one of them is not chance.
        mix: how often each payload is in the warm statistics (`powertune.domain.measured`); further warm samples of
            it are set aside.
    """
    used_as = list(measured_as(samples, mix))
    warm = [sample for sample, use in used_as if use is MeasuredAs.WARM]
    cold = [sample for sample, use in used_as if use is MeasuredAs.COLD]
    errors = [sample for sample in samples if sample.outcome is not Outcome.OK]
    ran = [sample for sample in samples if sample.outcome not in _NOT_RUN]
    used = [sample.max_memory_used_mb for sample in samples if sample.max_memory_used_mb is not None]
    measured = cold if cold_only else warm
    return SizeResult(
        memory_mb=memory_mb,
        status=_status(measured, samples, failure),
        reason=_reason(measured, samples, failure, "cold start" if cold_only else "warm invocation"),
        invocations=len(ran),
        cold_starts=sum(1 for sample in samples if sample.cold),
        errors=len([sample for sample in errors if sample.outcome not in _NOT_RUN]),
        set_aside=len(samples) - len(errors) - len(warm) - len(cold),
        warm=_statistics(warm),
        cold=_statistics(cold),
        cost=_cost(warm, cost_of) if warm else None,
        max_memory_used_mb=max(used, default=None),
        trace_parts=_mean_parts([sample.parts for sample in warm if sample.parts is not None]),
        cold_cost=_cost(cold, cost_of) if cold else None,
        exhausted=sum(1 for sample in samples if sample.outcome in _EXHAUSTED),
        drift=drift_of([sample.duration_ms for sample in warm if sample.duration_ms is not None], among=among),
    )


def _status(measured: Sequence[Sample], samples: Sequence[Sample], failure: str | None) -> SizeStatus:
    if measured:
        return SizeStatus.MEASURED
    failed = failure is not None or any(sample.outcome is not Outcome.OK for sample in samples)
    return SizeStatus.FAILED if failed else SizeStatus.NOT_MEASURED


_WORDS = {
    Outcome.TIMEOUT: "timed out",
    Outcome.OUT_OF_MEMORY: "ran out of memory",
    Outcome.ERROR: "failed",
    Outcome.THROTTLED: "throttled",
    Outcome.LOST: "got no answer",
}


def _reason(measured: Sequence[Sample], samples: Sequence[Sample], failure: str | None, wanted: str) -> str | None:
    failed = Counter(sample.outcome for sample in samples if sample.outcome is not Outcome.OK)
    if not failed:
        if failure is not None:
            return failure
        return None if measured or not samples else f"no {wanted} was left to measure"
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
        restore_ms=describe([s.restore_ms for s in samples if s.restore_ms is not None]),
        latency_ms=describe([s.latency_ms for s in samples if s.latency_ms is not None]),
    )


def _cost(samples: Sequence[Sample], cost_of: CostOf) -> SizeCost:
    costs = [cost_of(sample.billed_ms, sample.memory_mb) for sample in samples if sample.billed_ms is not None]
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
        restore_ms=mean([part.restore_ms for part in parts]),
        invocation_ms=mean([part.invocation_ms for part in parts]),
        overhead_ms=mean([part.overhead_ms for part in parts]),
        service_ms=mean([part.service_ms for part in parts]),
    )
