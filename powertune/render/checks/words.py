"""What a check says in sentences, the same in every form."""

from collections.abc import Iterator, Sequence
from itertools import chain

from powertune.domain.check import CheckedVersion, CheckSettings, Metric, Verdict, check_samples
from powertune.domain.result import CheckReport, MetricResult, TuningResult
from powertune.render import changes, figures, means
from powertune.render.checks.rows import (
    DOUBT,
    NAMES,
    fails_throughout,
    interval_of,
    is_doubted,
    is_in_points,
    is_little,
    is_open_above,
    joined,
    little,
    not_excluded,
    report_of,
    rows,
    side_words,
    threshold_of,
)
from powertune.render.safe import one_line

_LONGEST_NAME = 220
_LONGEST_REASON = 400

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
    if fails_throughout(result):
        return _failing(result)
    if check.verdict is None:
        return _first(result)
    if check.reference is None:
        return f"{called(check.subject)} is the same version as its reference: there was nothing to measure."
    if check.verdict is Verdict.WORSE:
        return _changed(check, Verdict.WORSE)
    if check.verdict is Verdict.BETTER:
        return _changed(check, Verdict.BETTER)
    if check.verdict is Verdict.SAME:
        return _same(check)
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


def details(result: TuningResult, *, beside_asides: bool = False) -> tuple[str, ...]:
    """What the answer leaves out: other metrics, why it ended, what is not alike, a moved optimum.

    Args:
        result: of the check.
        beside_asides: there is a table with the aside of each row, so that it need not be said again.
    """
    check = report_of(result)
    said = chain(
        () if beside_asides else _asides(result),
        _open(check),
        _ended(check),
        check.notes,
        result.warnings,
        _kept(check),
    )
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
        f"each end of an interval is {changes.exact_percent(settings.confidence)} sure, with all metrics and "
        "planned looks allowed for."
    )


def how_measured(result: TuningResult) -> str:
    """How both sides were measured, in a sentence."""
    check = report_of(result)
    looks = f"allowing for {figures.plural(check.looks, 'planned look')} at the figures"
    if check.reference is None:
        return f"{side_words(result, after=True)} were measured." if result.samples else "Nothing was invoked."
    before, after = side_words(result, after=False), side_words(result, after=True)
    names = called(check.reference.function), called(check.subject)
    sides = f"{before} of {names[0]} and {after} of {names[1]}"
    if names[0] == names[1]:
        sides = f"{before} before, {after} now"
    if check.interleaved:
        return f"In this run, in turns: {sides}; {looks}."
    if check.reference.run_id is None:
        return f"Compared: {sides}; {looks}."
    measured = f"run {check.reference.run_id}, {figures.moment(check.reference.measured_at)}"
    nothing = "Nothing was invoked for this comparison. " if result.request.check is None else ""
    return (
        f"{nothing}Compared: {sides}; {looks}. The reference was measured before, by {measured}: what "
        "else changed since then is in the figures too."
    )


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
    ran = check_samples(result.samples)
    failed = sum(not one.ok for one in ran)
    fails = f", and {figures.percent(failed / len(ran))} of the invocations failed" if failed else ""
    kept = "; this measurement is the baseline from now on" if check.kept_at is not None else ""
    return f"{said}: {took}{fails}{kept}."


def _failing(result: TuningResult) -> str:
    """That nothing of what was checked works: its figures say nothing then."""
    check = report_of(result)
    reason = next((size.reason for size in result.memory_sizes if size.reason), "no invocation succeeded")
    beside = ""
    if check.reference is not None and check.reference.samples:
        does = "does not" if any(one.ok for one in check.reference.samples) else "does so too"
        beside = f" Its reference, {reference_called(check)}, {does}."
    return f"{called(check.subject)} fails at every invocation: {one_line(reason, _LONGEST_REASON)}.{beside}"


def _same(check: CheckReport) -> str:
    subject, reference = called(check.subject), reference_called(check)
    found = [one for one in check.metrics if one.deciding and one.verdict in (Verdict.SAME, Verdict.BETTER)]
    fine, open_ = [one for one in found if not is_open_above(one)], [one for one in found if is_open_above(one)]
    if open_ and not fine:
        told = _told(check, open_)
        return f"No more invocations of {subject} failed than of {reference}, in what was measured: {told}."
    by = changes.exact_percent(check.settings.threshold)
    figures_ = f": {_told(check, fine)}" if fine else ""
    errors = "; no more errors were seen" if open_ else ""
    return f"{subject} is not worse than {reference} by more than {by}{figures_}{errors}."


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
        limits = dict.fromkeys(threshold_of(one, check.settings) for one in compared[:_TOLD])
        told = joined([metric_words(one, check.settings, sure=not at) for at, one in enumerate(compared[:_TOLD])])
        more = " and ".join(f"+{limit}" for limit in limits)
        return f"{said}: {told}, where more than {more} would be worse.{_doubts(compared)}"
    if open_:
        return f"{said}: {joined([NAMES[one.metric] for one in open_])} could not be compared."
    return f"{said}."


def _doubts(found: Sequence[MetricResult]) -> str:
    """Why metrics are undecided though their intervals lie beyond the threshold; empty where none does."""
    names = [NAMES[one.metric] for one in found if is_doubted(one)]
    if not names:
        return ""
    return (
        f" The interval of {joined(names)} lies beyond that, but the test that has to agree, and takes no distribution "
        "for granted, does not."
    )


def _open(check: CheckReport) -> Iterator[str]:
    """The metrics of which a reader might think that they are settled."""
    answered = check.verdict is Verdict.UNDECIDED
    open_ = [one for one in check.metrics if one.verdict is Verdict.UNDECIDED and not (answered and one.deciding)]
    if open_:
        told = "; ".join(metric_words(one, check.settings) for one in open_)
        yield f"Not decided, and not waited for: {told}."


def _asides(result: TuningResult) -> Iterator[str]:
    """What the figures of a metric do not show."""
    check = report_of(result)
    answered = check.verdict is Verdict.UNDECIDED
    for one in check.metrics:
        if is_open_above(one):
            yield (
                f"Did not grow in what was measured: {NAMES[one.metric]}; a growth of {not_excluded(one)} is not "
                "excluded."
            )
        elif is_little(one, check.settings):
            limit = f"+{threshold_of(one, check.settings)}, {little(check.settings)}"
            yield f"Grew, but is worse only beyond {limit}: {_lone(one)}."
        elif is_doubted(one) and not (answered and one.deciding and one.verdict is Verdict.UNDECIDED):
            word = "worse" if one.verdict is Verdict.UNDECIDED else "better"
            yield f"Not called {word}: {_lone(one)}: {DOUBT}."
    reasons: dict[str, list[str]] = {}
    for row in rows(result):
        if row.missing:
            reasons.setdefault(row.missing, []).append(row.name)
    for reason, names in reasons.items():
        yield f"Not compared: {joined(names)} ({reason})."


def _lone(one: MetricResult) -> str:
    say = changes.points if is_in_points(one) else changes.growth
    return f"{NAMES[one.metric]} {say(one.change, beside=one.threshold)}"


def _ended(check: CheckReport) -> Iterator[str]:
    if check.ended_by is not None:
        yield f"What ended the measuring: {check.ended_by}."
    if check.verdict is Verdict.UNDECIDED and check.settings.undecided_fails:
        yield "An undecided check counts as failed here, because that was asked for."


def _kept(check: CheckReport) -> Iterator[str]:
    if check.kept_at is not None:
        yield f"This measurement was kept as the baseline: {check.kept_at}"
