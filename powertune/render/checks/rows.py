"""The metrics of a check as texts: the same rows in every form."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from powertune.domain.check import CheckSettings, Metric, Verdict
from powertune.domain.price import Money
from powertune.domain.result import CheckReport, MetricResult, SizeResult, TuningResult
from powertune.domain.sample import Outcome
from powertune.render import changes, figures, means

NAMES = {
    Metric.DURATION_MEAN: "mean duration",
    Metric.DURATION_P50: "p50 duration",
    Metric.DURATION_P95: "p95 duration",
    Metric.DURATION_P99: "p99 duration",
    Metric.COST: "cost",
    Metric.INIT: "init duration",
    Metric.MEMORY_USED: "memory used",
    Metric.ERRORS: "errors",
}
UNITS = {Metric.COST: "per million invocations", Metric.ERRORS: "share of the invocations"}
NOT_COMPARED = "not compared"
NO_MORE_SEEN = "no more seen"
"""Of errors that did not grow, where more than the threshold is not excluded: they are not surely the same."""

DOUBT = "the interval lies beyond the threshold, but the test that has to agree does not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One metric in words.

    ``missing`` says why it was not compared, ``verdict`` what came of it, and ``aside`` what of that the figures do not
    show: ``missing``, or why the verdict is another than the interval lets expect. ``unit`` is what the figures are
    per, where they do not say it themselves.
    """

    metric: Metric
    name: str
    unit: str
    before: str
    after: str
    counts: str
    change: str
    interval: str
    threshold: str
    verdict: str
    missing: str
    aside: str
    deciding: bool
    found: MetricResult


def report_of(result: TuningResult) -> CheckReport:
    """The check of a result.

    Raises:
        ValueError: it has none.
    """
    if result.check is None:
        raise ValueError(f"the run {result.run_id} is no check")
    return result.check


def rows(result: TuningResult) -> Iterator[Row]:
    """Each metric of a check; means have the digits that their intervals allow."""
    settings = report_of(result).settings
    for one in report_of(result).metrics:
        say = changes.points if is_in_points(one) else changes.growth
        missing = "" if one.verdict is not None else one.reason or _too_few(one)
        yield Row(
            metric=one.metric,
            name=NAMES[one.metric],
            unit=UNITS.get(one.metric, ""),
            before=_figure(one, one.before, _size(result, after=False), result.price.currency),
            after=_figure(one, one.after, _size(result, after=True), result.price.currency),
            counts=f"{figures.count(one.before_count)} / {figures.count(one.after_count)}",
            change=say(one.change, beside=one.threshold),
            interval=interval_of(one),
            threshold=threshold_of(one, settings),
            verdict=verdict_of(one),
            missing=missing,
            aside=missing or _aside(one, settings),
            deciding=one.deciding,
            found=one,
        )


def is_in_points(one: MetricResult) -> bool:
    """Whether its change is a difference of shares, and not a share itself."""
    return one.metric is Metric.ERRORS


def interval_of(one: MetricResult) -> str:
    """The interval of a change: ``+18 % to +24 %``."""
    return changes.interval(one.low, one.high, beside=one.threshold, in_points=is_in_points(one))


def side_words(result: TuningResult, *, after: bool) -> str:
    """How many invocations one side is of: ``60 warm invocations, 4 cold starts, 2 errors``."""
    size = _size(result, after=after)
    if size is None:
        return "no invocations"
    parts = [figures.plural(size.warm.samples, "warm invocation")]
    if size.cold.samples:
        parts.append(figures.plural(size.cold.samples, "cold start"))
    if size.errors:
        parts.append(figures.plural(size.errors, "error"))
    return joined(parts)


def joined(texts: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1]))) if texts else ""


def verdict_of(one: MetricResult) -> str:
    """``worse``, or that it was not compared, or of errors that no more were seen."""
    if one.verdict is None:
        return NOT_COMPARED
    return NO_MORE_SEEN if is_open_above(one) else one.verdict.value


def is_open_above(one: MetricResult) -> bool:
    """Whether it is called the same though more than the threshold is not excluded, as errors that did not grow are."""
    is_open = one.high is None or one.high > one.threshold
    return one.metric is Metric.ERRORS and one.verdict is Verdict.SAME and is_open


def is_little(one: MetricResult, settings: CheckSettings) -> bool:
    """Whether it surely grew by more than the check's threshold and is not worse, as next to no memory is.

    Its own threshold is higher then: that share of the memory size.
    """
    grew = one.low is not None and settings.threshold < one.low <= one.threshold
    return one.metric is Metric.MEMORY_USED and one.verdict is not None and grew


def is_doubted(one: MetricResult) -> bool:
    """Whether its interval lies beyond the threshold, and the test does not agree that it is worse, or better."""
    if one.verdict is Verdict.UNDECIDED:
        return one.low is not None and one.low > one.threshold
    return one.verdict is Verdict.SAME and one.high is not None and one.high < -one.threshold


def threshold_of(one: MetricResult, settings: CheckSettings) -> str:
    """What its change must lie beyond: as it was given, or rounded where it follows from the memory size."""
    if is_in_points(one):
        return changes.exact_points(one.threshold)
    was_given = one.threshold == settings.threshold
    return changes.exact_percent(one.threshold) if was_given else figures.percent(one.threshold)


def not_excluded(one: MetricResult) -> str:
    """By how much errors that are open above may have grown all the same: ``up to +16 points``."""
    return "any size" if one.high is None else f"up to {changes.points(one.high, beside=one.threshold)}"


def fails_throughout(result: TuningResult) -> bool:
    """Whether what was checked was invoked, and failed every time."""
    return bool(result.samples) and all(sample.outcome is not Outcome.OK for sample in result.samples)


def _aside(one: MetricResult, settings: CheckSettings) -> str:
    if is_open_above(one):
        return f"a growth of {not_excluded(one)} is not excluded"
    if is_doubted(one):
        return DOUBT
    return f"worse only beyond +{threshold_of(one, settings)}, {little(settings)}" if is_little(one, settings) else ""


def little(settings: CheckSettings) -> str:
    """What the threshold of memory is where the function uses little of its memory size."""
    return f"which is {changes.exact_percent(settings.threshold)} of the memory size"


def _too_few(one: MetricResult) -> str:
    if one.needed is not None:
        return f"it takes {figures.plural(one.needed, 'value')} on each side"
    return "the figures do not allow it"


def _size(result: TuningResult, *, after: bool) -> SizeResult | None:
    check = report_of(result)
    if after:
        return means.size_at(result.memory_sizes, check.subject.memory_mb)
    return None if check.reference is None else check.reference.size


def _figure(one: MetricResult, value: float | None, size: SizeResult | None, currency: str) -> str:
    """A figure in its unit; a mean as it is written wherever else it stands."""
    if value is None or not math.isfinite(value):
        return figures.UNKNOWN
    if one.metric is Metric.ERRORS:
        return figures.percent(value)
    if one.metric is Metric.MEMORY_USED:
        return figures.memory(round(value)) if value == round(value) else f"{figures.quantity(value)} MB"
    if one.metric is Metric.COST:
        amount = Money(amount=Decimal(repr(value)), currency=currency)
        cost = None if size is None else size.cost
        known = cost is not None and _alike(float(cost.per_million.amount), value)
        return figures.money(amount, cost.per_million_interval if cost is not None and known else None)
    found = None if size is None else size.cold.init_ms if one.metric is Metric.INIT else size.warm.duration_ms
    is_mean = one.metric in (Metric.DURATION_MEAN, Metric.INIT)
    known = is_mean and found is not None and _alike(found.mean, value)
    return figures.duration(value, found.mean_interval if found is not None and known else None)


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other))
