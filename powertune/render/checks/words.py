"""What a check says in sentences, the same in every form."""

from collections.abc import Iterator, Sequence
from itertools import chain

from powertune.domain.check import CheckedVersion, CheckSettings, Metric, Verdict
from powertune.domain.result import CheckReport, MetricResult, Optimum, TuningResult
from powertune.render import changes, figures, means
from powertune.render.checks.rows import NAMES, interval_of, is_in_points, joined, report_of, rows, side_words
from powertune.render.safe import one_line

_LONGEST_NAME = 220

_TOLD = 2
"""Metrics whose figures stand in the answer."""

_WORSE = {
    Metric.DURATION_MEAN: "slower",
    Metric.DURATION_P50: "slower at the median",
    Metric.DURATION_P95: "slower at p95",
    Metric.DURATION_P99: "slower at p99",
    Metric.COST: "dearer",
    Metric.INIT: "slower to start",
}
_BETTER = {
    Metric.DURATION_MEAN: "faster",
    Metric.DURATION_P50: "faster at the median",
    Metric.DURATION_P95: "faster at p95",
    Metric.DURATION_P99: "faster at p99",
    Metric.COST: "cheaper",
    Metric.INIT: "faster to start",
}
_DOES_WORSE = {Metric.MEMORY_USED: "uses more memory", Metric.ERRORS: "fails more often"}
_DOES_BETTER = {Metric.MEMORY_USED: "uses less memory", Metric.ERRORS: "fails less often"}
_SAID_WITH = {
    Metric.DURATION_P50: Metric.DURATION_MEAN,
    Metric.DURATION_P95: Metric.DURATION_MEAN,
    Metric.DURATION_P99: Metric.DURATION_MEAN,
}
"""What is not said of itself where the other is said: all of them are durations."""


def verdict_word(verdict: Verdict | None) -> str:
    """``worse``; ``no reference`` where there was nothing to compare with."""
    return "no reference" if verdict is None else verdict.value


def answer(result: TuningResult) -> str:
    """What the check found, in one or two sentences of plain text, with the figures that it rests on."""
    check = report_of(result)
    if check.verdict is None:
        return _first(result)
    if check.reference is None:
        return f"{called(check.subject)} is the same version as its reference: there was nothing to measure."
    if check.verdict is Verdict.WORSE:
        return _changed(check, Verdict.WORSE)
    if check.verdict is Verdict.BETTER:
        return _changed(check, Verdict.BETTER)
    if check.verdict is Verdict.SAME:
        fine = [
            one
            for one in check.metrics
            if one.deciding and one.verdict in (Verdict.SAME, Verdict.BETTER) and not _is_open_above(one)
        ]
        by = changes.exact_percent(check.settings.threshold)
        figures_ = f": {_told(check, fine)}" if fine else ""
        return f"{called(check.subject)} is not worse than {reference_called(check)} by more than {by}{figures_}."
    return _undecided(check)


def called(version: CheckedVersion) -> str:
    """A version in a sentence: ``orders:live (version 7)``; no longer than one of AWS can be."""
    return one_line(version.called, _LONGEST_NAME)


def reference_called(check: CheckReport) -> str:
    """What was compared with, in a sentence: ``orders:live (version 7)``, ``the baseline of 1 November 2026``."""
    side = check.reference
    if side is None:
        return "its reference"
    if side.run_id is None:
        return called(side.function)
    moment = figures.parse_moment(side.measured_at)
    return f"the baseline of {one_line(side.measured_at, 60) if moment is None else f'{moment.day} {moment:%B %Y}'}"


def metric_words(one: MetricResult, settings: CheckSettings, *, sure: bool = True) -> str:
    """A metric with its change: ``mean duration +21 % (99 % sure: +18 % to +24 %)``."""
    name = NAMES[one.metric]
    if one.change is None:
        return f"{name} not compared"
    say = changes.points if is_in_points(one) else changes.growth
    between = interval_of(one)
    said = f"{name} {say(one.change, beside=one.threshold)}"
    if between == figures.UNKNOWN:
        return said
    return f"{said} ({f'{changes.exact_percent(settings.confidence)} sure: ' if sure else ''}{between})"


def details(result: TuningResult) -> tuple[str, ...]:
    """What the answer leaves out: other metrics, why it ended, what is not alike, a moved optimum."""
    check = report_of(result)
    said = chain(_others(result), _ended(check), check.notes, result.warnings, _kept(check))
    return tuple(dict.fromkeys(said))


def what_counts(check: CheckReport) -> str:
    """By which measure something is worse; empty where nothing was compared."""
    if not check.metrics:
        return ""
    settings = check.settings
    errors = ""
    if any(one.metric is Metric.ERRORS for one in check.metrics):
        errors = f" (the share of errors: by more than {changes.exact_points(settings.errors_threshold)})"
    return (
        f"Worse is what surely grew by more than {changes.exact_percent(settings.threshold)}{errors}; "
        f"each end of an interval is {changes.exact_percent(settings.confidence)} sure, with all metrics and looks "
        "allowed for."
    )


def how_measured(result: TuningResult) -> str:
    """How both sides were measured, in a sentence."""
    check = report_of(result)
    looks = figures.plural(check.looks, "look")
    if check.reference is None:
        return f"{side_words(result, after=True)} were measured." if result.samples else "Nothing was invoked."
    before, after = side_words(result, after=False), side_words(result, after=True)
    names = called(check.reference.function), called(check.subject)
    sides = f"{before} of {names[0]} and {after} of {names[1]}"
    if names[0] == names[1]:
        sides = f"{before} before, {after} now"
    if check.interleaved:
        return f"In this run, in turns: {sides}; {looks} at the figures."
    if check.reference.run_id is None:
        return f"Compared: {sides}; {looks} at the figures."
    measured = f"run {check.reference.run_id}, {figures.moment(check.reference.measured_at)}"
    nothing = "Nothing was invoked for this comparison. " if result.request.check is None else ""
    return (
        f"{nothing}Compared: {sides}; {looks} at the figures. The reference was measured before, by {measured}: what "
        "else changed since then is in the figures too."
    )


def optimum_words(optimum: Optimum | None) -> str:
    """``Memory size no longer optimal: 512 → 768 MB saves 11 % of the cost.``; empty where it was not asked for."""
    if optimum is None:
        return ""
    now = figures.memory(optimum.from_memory_mb)
    if not optimum.moved:
        return f"Memory size still optimal: {now} (run {optimum.run_id})."
    move = f"{figures.count(optimum.from_memory_mb)} → {figures.memory(optimum.to_memory_mb)}"
    gains, price = _gains(optimum)
    what = f" {' and '.join(gains)}" if gains else " is better now"
    if price:
        what += f", {price}"
    cost = f"{figures.money(optimum.expected_cost_per_million)} per million invocations"
    return f"Memory size no longer optimal: {move}{what} ({cost}; run {optimum.run_id})."


def _gains(optimum: Optimum) -> tuple[list[str], str]:
    """What a move gains, and in words what it takes for that."""
    gains, price = [], ""
    if optimum.cost_change is not None and figures.difference(optimum.cost_change) != "same":
        if optimum.cost_change < 0:
            gains.append(f"saves {figures.percent(optimum.cost_change)} of the cost")
        else:
            price = f"for {figures.percent(optimum.cost_change)} more cost"
    if optimum.duration_change is not None and figures.difference(optimum.duration_change) != "same":
        said = figures.faster(optimum.duration_change)
        if optimum.duration_change < 0:
            gains.append(f"is {said}")
        else:
            price = f"but is {said}"
    return gains, price


def aside(check: CheckReport) -> str:
    """What is written before the answer where there is no colour: ``WORSE``."""
    return verdict_word(check.verdict).upper()


def _first(result: TuningResult) -> str:
    check = report_of(result)
    said = f"There is nothing to compare {called(check.subject)} with yet"
    size = result.memory_sizes[0] if result.memory_sizes else None
    if size is None or size.warm.duration_ms is None:
        return f"{said}, and it has no measurement."
    took = f"{means.duration(size.warm.duration_ms)} in the mean and {means.cost(size.cost)} per million invocations"
    kept = "; this measurement is the baseline from now on" if check.kept_at is not None else ""
    return f"{said}: {took}{kept}."


def _changed(check: CheckReport, verdict: Verdict) -> str:
    found = [one for one in check.metrics if one.verdict is verdict and (one.deciding or verdict is Verdict.WORSE)]
    subject, reference = called(check.subject), reference_called(check)
    if not found:
        return f"{subject} is {verdict.value} than {reference}."
    predicate = _predicate(found, reference, worse=verdict is Verdict.WORSE)
    return f"{subject} {predicate}: {_told(check, found)}."


def _predicate(found: Sequence[MetricResult], reference: str, *, worse: bool) -> str:
    metrics = {one.metric for one in found}
    adjectives, verbs = (_WORSE, _DOES_WORSE) if worse else (_BETTER, _DOES_BETTER)
    said = [
        adjectives[one.metric]
        for one in found
        if one.metric in adjectives and _SAID_WITH.get(one.metric) not in metrics
    ]
    does = [verbs[one.metric] for one in found if one.metric in verbs]
    if not said:
        return f"{joined(does)} than {reference}"
    return f"{joined([f'is {joined(said)} than {reference}', *does])}"


def _told(check: CheckReport, found: Sequence[MetricResult]) -> str:
    """The figures of the first metrics, the deciding ones before the others, and the names of the rest."""
    ordered = sorted(found, key=lambda one: not one.deciding)
    first = [metric_words(one, check.settings, sure=not index) for index, one in enumerate(ordered[:_TOLD])]
    rest = [NAMES[one.metric] for one in ordered[_TOLD:]]
    return f"{joined(first)}{f'; also {joined(rest)}' if rest else ''}"


def _undecided(check: CheckReport) -> str:
    subject, reference = called(check.subject), reference_called(check)
    open_ = [one for one in check.metrics if one.deciding and one.verdict in (Verdict.UNDECIDED, None)]
    said = f"It is not decided whether {subject} is worse than {reference}"
    compared = [one for one in open_ if one.change is not None]
    if compared:
        limits = dict.fromkeys(
            changes.exact_points(one.threshold) if is_in_points(one) else changes.exact_percent(one.threshold)
            for one in compared[:_TOLD]
        )
        told = joined([metric_words(one, check.settings, sure=not at) for at, one in enumerate(compared[:_TOLD])])
        return f"{said}: {told}, where more than {' and '.join(f'+{limit}' for limit in limits)} would be worse."
    if open_:
        return f"{said}: {joined([NAMES[one.metric] for one in open_])} could not be compared."
    return f"{said}."


def _others(result: TuningResult) -> Iterator[str]:
    """The metrics of which a reader might think that they are settled."""
    check = report_of(result)
    answered = check.verdict is Verdict.UNDECIDED
    for one in filter(_is_open_above, check.metrics):
        limit = changes.points(one.high, beside=one.threshold) if is_in_points(one) else changes.growth(one.high)
        upper = f"up to {limit}" if one.high is not None else "any size"
        yield f"Did not grow in what was measured: {NAMES[one.metric]}; a growth of {upper} is not excluded."
    open_ = [one for one in check.metrics if one.verdict is Verdict.UNDECIDED and not (answered and one.deciding)]
    if open_:
        told = "; ".join(metric_words(one, check.settings) for one in open_)
        yield f"Not decided, and not waited for: {told}."
    reasons: dict[str, list[str]] = {}
    for row in rows(result):
        if row.missing:
            reasons.setdefault(row.missing, []).append(row.name)
    for reason, names in reasons.items():
        yield f"Not compared: {joined(names)} ({reason})."


def _is_open_above(one: MetricResult) -> bool:
    """Whether it is called the same though more than the threshold is not excluded, as errors that did not grow are."""
    return one.verdict is Verdict.SAME and (one.high is None or one.high > one.threshold)


def _ended(check: CheckReport) -> Iterator[str]:
    if check.ended_by is not None:
        yield f"What ended the measuring: {check.ended_by}."
    if check.verdict is Verdict.UNDECIDED and check.settings.undecided_fails:
        yield "An undecided check counts as failed here, because that was asked for."


def _kept(check: CheckReport) -> Iterator[str]:
    if check.kept_at is not None:
        yield f"This measurement was kept as the baseline: {check.kept_at}"
