"""Whether a version of a function is worse than another one. Pure.

A metric is worse where its interval lies beyond the threshold and the test agrees, better where it lies beyond the
threshold on the other side, and the same where it excludes a growth beyond the threshold. Anything else is undecided.

The chance of calling a function worse that is not, ``1 - confidence``, is shared out over all that could do so: half of
it goes to the metrics that a check must decide, half to the others, evenly in each half, and evenly over the looks at
the figures (C. E. Bonferroni, 1936).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from powertune.decide.compare import Effect, mean_effect, quantile_effect, shares_effect
from powertune.decide.environments import Side, side, warm_durations, warm_figures
from powertune.decide.summary import CostOf
from powertune.domain.check import CheckSample, CheckSettings, Metric, Verdict
from powertune.domain.result import MetricResult

_MILLION = 1_000_000

_QUANTILES = {Metric.DURATION_P50: 0.5, Metric.DURATION_P95: 0.95, Metric.DURATION_P99: 0.99}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One side of a check: what was measured, at which memory size, and what an invocation costs there.

    Until it is ``confirmed`` by the logs, nothing says which environments there were, and each invocation counts: good
    enough to see whether it is time to ask the logs, and for no verdict.
    """

    samples: Sequence[CheckSample]
    memory_mb: int
    cost_of: CostOf
    currency: str
    confirmed: bool = True


def compared(
    before: Measured, after: Measured, settings: CheckSettings, *, looks: int, seed: int
) -> tuple[MetricResult, ...]:
    """Each metric of the settings, compared.

    Args:
        before: the reference.
        after: what is checked.
        settings: by which measure.
        looks: how many times the figures are looked at in all.
        seed: of the permutation tests.
    """
    return tuple(
        _judged(metric, before, after, settings, alpha=alpha_of(metric, settings, looks), seed=seed)
        for metric in settings.metrics
    )


def alpha_of(metric: Metric, settings: CheckSettings, looks: int) -> float:
    """With which probability one metric of the settings may be called worse at one look though it is not."""
    deciding = settings.deciding
    others = len(settings.metrics) - len(deciding)
    whole = (1 - settings.confidence) / looks
    half = whole / 2 if others else whole
    return half / (len(deciding) if metric in deciding else others)


_NO_EFFECT = Effect(before=None, after=None, change=None, low=None, high=None, p_value=None)


def _judged(
    metric: Metric, before: Measured, after: Measured, settings: CheckSettings, *, alpha: float, seed: int
) -> MetricResult:
    threshold = _threshold(metric, before, after, settings)
    counts, effect, reason = _FIGURES[metric](before, after, alpha, threshold, seed)
    found = effect or _NO_EFFECT
    verdict = None if effect is None or reason else _verdict(metric, effect, threshold, alpha)
    return MetricResult(
        metric=metric,
        verdict=verdict,
        deciding=metric in settings.deciding,
        before=found.before,
        after=found.after,
        before_count=counts[0],
        after_count=counts[1],
        change=found.change,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
        threshold=threshold,
        reason=reason,
        needed=found.needed,
    )


def _threshold(metric: Metric, before: Measured, after: Measured, settings: CheckSettings) -> float:
    """What a metric's change must lie beyond. Memory must have grown by that share of the memory size itself, too."""
    if metric is Metric.ERRORS:
        return settings.errors_threshold
    if metric is Metric.MEMORY_USED and (sides := _memory_sides(before, after)) is not None and len(sides[0].values):
        used = float(sides[0].values.mean())
        return settings.threshold * max(1.0, after.memory_mb / used if used > 0 else 1.0)
    return settings.threshold


def _verdict(metric: Metric, effect: Effect, threshold: float, alpha: float) -> Verdict:
    low, high = effect.low, effect.high
    agreed = effect.p_value is None or effect.p_value <= alpha
    if low is not None and low > threshold and agreed:
        return Verdict.WORSE
    if high is not None and high < -threshold and (effect.p_shrunk is None or effect.p_shrunk <= alpha):
        return Verdict.BETTER
    if high is not None and high <= threshold:
        return Verdict.SAME
    if metric is Metric.ERRORS and effect.change is not None and effect.change <= 0:
        return Verdict.SAME
    return Verdict.UNDECIDED


_Figure = tuple[tuple[int, int], Effect | None, str | None]


def _mean(before: Side, after: Side, alpha: float, threshold: float, seed: int) -> _Figure:
    counts = len(before.values), len(after.values)
    if not all(counts):
        return counts, None, _NOTHING
    effect = mean_effect(before, after, alpha=alpha, threshold=threshold, seed=seed)
    return counts, effect, _too_few(effect) if effect.low is None else None


_NOTHING = "nothing was measured of it on both sides"


def _too_few(effect: Effect, what: str = "values") -> str:
    if effect.needed is None:
        return "a figure of nothing has no share to grow by"
    return f"too few {what}: {effect.needed:,} on each side are needed"


def _duration_mean(before: Measured, after: Measured, alpha: float, threshold: float, seed: int) -> _Figure:
    return _mean(_durations(before), _durations(after), alpha, threshold, seed)


def _durations(measured: Measured) -> Side:
    return _as_known(measured, warm_durations(measured.samples))


def _as_known(measured: Measured, found: Side) -> Side:
    return found if measured.confirmed else replace(found, independent=True)


def _quantile(metric: Metric) -> Callable[[Measured, Measured, float, float, int], _Figure]:
    def figure(before: Measured, after: Measured, alpha: float, threshold: float, _: int) -> _Figure:
        old, new = _durations(before), _durations(after)
        counts = len(old.values), len(new.values)
        if not all(counts):
            return counts, None, _NOTHING
        effect = quantile_effect(old, new, _QUANTILES[metric], alpha=alpha, threshold=threshold)
        return counts, effect, _too_few(effect) if effect.low is None and effect.high is None else None

    return figure


def _cost(before: Measured, after: Measured, alpha: float, threshold: float, seed: int) -> _Figure:
    sides = [_costs(one) for one in (before, after)]
    if before.currency != after.currency:
        counts = len(sides[0].values), len(sides[1].values)
        return counts, None, f"one side is in {before.currency}, the other in {after.currency}"
    return _mean(sides[0], sides[1], alpha, threshold, seed)


def _costs(measured: Measured) -> Side:
    """What a million invocations like each warm one would cost: floats, for statistics alone."""
    warm = [one for one in measured.samples if one.is_warm]
    known = {
        billed_ms: float(measured.cost_of(billed_ms, measured.memory_mb).amount) * _MILLION
        for billed_ms in {one.billed_ms or 0 for one in warm}
    }
    return _as_known(measured, warm_figures(measured.samples, [known[one.billed_ms or 0] for one in warm]))


def _init(before: Measured, after: Measured, alpha: float, threshold: float, seed: int) -> _Figure:
    old, new = (
        side([one.init_ms for one in measured.samples if one.ok and one.cold and one.init_ms is not None])
        for measured in (before, after)
    )
    counts, effect, reason = _mean(old, new, alpha, threshold, seed)
    return counts, effect, reason and reason.replace("values", "cold starts")


def _memory(before: Measured, after: Measured, alpha: float, threshold: float, seed: int) -> _Figure:
    sides = _memory_sides(before, after)
    if sides is None:
        return (0, 0), None, "no environment is known from its start on both sides"
    counts, effect, reason = _mean(*sides, alpha, threshold, seed)
    return counts, effect, reason and reason.replace("values", "environments")


def _memory_sides(before: Measured, after: Measured) -> tuple[Side, Side] | None:
    """The most that each environment used in its first invocations, as many of them on both sides.

    The record says the most so far: in an environment that lives longer it has grown further.
    """
    first, second = _used(before), _used(after)
    if not first or not second:
        return None
    age = min(int(median(map(len, history))) for history in (first, second))
    old, new = (side([float(used[age - 1]) for used in history if len(used) >= age]) for history in (first, second))
    return old, new


def _used(measured: Measured) -> list[list[int]]:
    """Of each environment that was seen to start, the memory used after each of its invocations."""
    found: dict[str, list[int]] = {}
    begun: set[str] = set()
    for one in measured.samples:
        if one.environment is None or one.max_memory_used_mb is None:
            continue
        history = found.setdefault(one.environment, [])
        if one.cold and not history:
            begun.add(one.environment)
        history.append(max(one.max_memory_used_mb, history[-1] if history else 0))
    return [history for environment, history in found.items() if environment in begun]


def _errors(before: Measured, after: Measured, alpha: float, _: float, __: int) -> _Figure:
    failed = [sum(1 for one in measured.samples if not one.ok) for measured in (before, after)]
    ran = len(before.samples), len(after.samples)
    if not all(ran):
        return ran, None, _NOTHING
    return ran, shares_effect(failed[0], ran[0], failed[1], ran[1], alpha=alpha), None


_FIGURES: dict[Metric, Callable[[Measured, Measured, float, float, int], _Figure]] = {
    Metric.DURATION_MEAN: _duration_mean,
    **{metric: _quantile(metric) for metric in _QUANTILES},
    Metric.COST: _cost,
    Metric.INIT: _init,
    Metric.MEMORY_USED: _memory,
    Metric.ERRORS: _errors,
}
