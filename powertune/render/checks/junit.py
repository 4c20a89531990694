"""A check as JUnit XML: a suite, in it a test case for each metric with its figures."""

from collections.abc import Iterator
from decimal import Decimal

from powertune.domain.baselines import unfit_as_first
from powertune.domain.check import Metric, Verdict
from powertune.domain.result import TuningResult
from powertune.render import figures, sentence
from powertune.render.bill import spent
from powertune.render.checks import words
from powertune.render.checks.exact import metric_figures
from powertune.render.checks.optimum import optimum_words
from powertune.render.checks.rows import Row, fails_throughout, report_of, rows
from powertune.render.checks.trend import trend_lines
from powertune.render.safe import one_line
from powertune.render.text.exact import text_of
from powertune.render.text.junit_xml import Case, Outcome, Suite, document

_LONGEST_MESSAGE = 600
_LONGEST_TEXT = 4_000
_LONGEST_NAME = 200
_SAID_BY_THE_SUITE = frozenset(("run_id", "function_arn", "qualifier", "version", "code_sha256", "interleaved",
    "environment", "reason", "reference_run_id", "reference_qualifier", "reference_version", "reference_code_sha256",
    "reference_memory_mb", "memory_mb"))  # fmt: skip
_DURATIONS = frozenset(
    (Metric.DURATION_MEAN, Metric.DURATION_P50, Metric.DURATION_P95, Metric.DURATION_P99, Metric.INIT)
)


def render_check_junit(result: TuningResult, *, trend_fails: bool = False) -> str:
    """A suite with a case for each metric.

    A metric that became worse is a failure. One that is undecided is skipped, or a failure where the check goes on
    until it is decided and an undecided check is to fail; one that was not compared is skipped. Without a reference
    there is one case, which passes and says that this measurement is the baseline. Where every invocation failed, a
    case is an error that says so. With ``trend_fails`` a figure that grew over the last checks is a failure too.
    """
    cases = list(_cases(result, trend_fails=trend_fails))
    check = report_of(result)
    decided_by_none = not any(case.outcome is Outcome.FAILURE for case in cases)
    if check.fails and decided_by_none and not fails_throughout(result):
        message = _line(words.answer(result), _LONGEST_MESSAGE)
        cases.append(_case(result, "verdict", outcome=Outcome.FAILURE, kind=_kind(check.verdict), message=message))
    started, finished = figures.parse_moment(result.started_at), figures.parse_moment(result.finished_at)
    took = (finished - started).total_seconds() if started is not None and finished is not None else None
    trend = trend_lines(check.trend, check.settings) if check.trend is not None else ()
    said = (
        f"{words.aside(check)}: {words.answer(result)}",
        sentence.where(result),
        words.what_counts(check),
        *words.details(result),
        optimum_words(check.optimum),
        *trend,
        words.how_measured(result),
        spent(result),
    )
    suite = Suite(
        name=_suite_name(check.subject.name),
        cases=cases,
        timestamp=None if started is None else started.replace(tzinfo=None).isoformat(timespec="seconds"),
        seconds=None if took is None or took < 0 else Decimal(repr(took)),
        properties={name: _line(value, _LONGEST_TEXT) for name, value in _facts(result) if value},
        output="\n".join(_line(text, _LONGEST_TEXT) for text in said if text),
    )
    return document("powertune", [suite])


def check_error_junit(name: str, message: str, *, kind: str = "NotChecked") -> str:
    """The file of a check that could not run, so that what reads it never misses it: one case, which is an error.

    Args:
        name: the function's.
        message: what happened, for people.
        kind: a name for it, without spaces.
    """
    case = Case(
        name="check",
        classname=_line(f"powertune.check.{name}", _LONGEST_NAME),
        outcome=Outcome.ERROR,
        kind=kind,
        message=_line(message, _LONGEST_MESSAGE),
        details=_line(message, _LONGEST_TEXT) if len(message) > _LONGEST_MESSAGE else "",
    )
    return document("powertune", [Suite(name=_suite_name(name), cases=(case,))])


def _cases(result: TuningResult, *, trend_fails: bool) -> Iterator[Case]:
    check = report_of(result)
    if fails_throughout(result):
        yield _case(result, "invocations", outcome=Outcome.ERROR, kind="FunctionFails", message=words.answer(result))
    elif not check.metrics:
        name = "baseline" if check.verdict is None else "comparison"
        unfit = unfit_as_first(result) if check.verdict is None and check.kept_at is None else None
        yield _case(
            result,
            name,
            outcome=None if unfit is None else Outcome.ERROR,
            kind="" if unfit is None else type(unfit).__name__,
            message="" if unfit is None else unfit.message,
            output="\n".join((words.answer(result), *words.details(result))),
        )
    for row in rows(result):
        yield _metric(result, row)
    optimum = optimum_words(check.optimum)
    if optimum:
        yield _case(result, "memory size", output=optimum)
    if trend_fails and check.trend is not None:
        grew = bool(check.trend.growths)
        told = "\n".join(trend_lines(check.trend, check.settings))
        yield _case(
            result,
            "trend",
            outcome=Outcome.FAILURE if grew else None,
            kind="Grew" if grew else "",
            message=told.replace("\n", " ") if grew else "",
            output=told,
        )
    lost = sentence.not_restored(result)
    if lost:
        yield _case(result, "function put back", outcome=Outcome.ERROR, kind="NotRestored", message=lost)


def _metric(result: TuningResult, row: Row) -> Case:
    check, one = report_of(result), row.found
    outcome = _outcome(result, row)
    told = words.metric_words(one, check.settings)
    message = ""
    if outcome is Outcome.SKIPPED and row.missing:
        message = f"not compared: {row.missing}"
    elif outcome is not None:
        verdict = f"{row.verdict}: {row.aside}" if row.aside else row.verdict
        message = f"{verdict}: {told}; {row.before} before, {row.after} after; threshold +{row.threshold}"
    known = {name: text_of(value) for name, value in metric_figures(result, one).items()}
    return _case(
        result,
        row.name,
        seconds=Decimal(repr(one.after)).scaleb(-3) if one.after is not None and one.metric in _DURATIONS else None,
        outcome=outcome,
        kind=_kind(one.verdict) if outcome is Outcome.FAILURE else "",
        message=message,
        output="\n".join(_lines(row)),
        properties={
            name: _line(value, _LONGEST_TEXT)
            for name, value in known.items()
            if value and name not in _SAID_BY_THE_SUITE
        },
    )


def _outcome(result: TuningResult, row: Row) -> Outcome | None:
    check, verdict = report_of(result), row.found.verdict
    if verdict is Verdict.WORSE:
        return Outcome.FAILURE
    if verdict in (Verdict.SAME, Verdict.BETTER):
        return None
    open_ = check.verdict is Verdict.UNDECIDED and row.deciding
    return Outcome.FAILURE if open_ and check.settings.undecided_fails else Outcome.SKIPPED


def _lines(row: Row) -> Iterator[str]:
    unit = f" {row.unit}" if row.unit else ""
    yield f"Before: {row.before}{unit}"
    yield f"After: {row.after}{unit}"
    yield f"Values before / after: {row.counts}"
    yield f"Change: {row.change}"
    yield f"Interval: {row.interval}"
    yield f"Threshold: +{row.threshold}"
    yield f"Verdict: {row.verdict}"
    if row.missing:
        yield f"Not compared: {row.missing}"
    elif row.aside:
        yield f"But: {row.aside}"


def _kind(verdict: Verdict | None) -> str:
    return "Worse" if verdict is Verdict.WORSE else "Undecided"


def _case(
    result: TuningResult,
    name: str,
    *,
    seconds: Decimal | None = None,
    outcome: Outcome | None = None,
    kind: str = "",
    message: str = "",
    output: str = "",
    properties: dict[str, str] | None = None,
) -> Case:
    subject = report_of(result).subject
    of = "" if subject.qualifier is None else f".{subject.qualifier}"
    return Case(
        name=name,
        classname=_line(f"powertune.check.{subject.name}{of}", _LONGEST_NAME),
        seconds=seconds,
        outcome=outcome,
        kind=kind,
        message=_line(message, _LONGEST_MESSAGE),
        output="\n".join(_line(text, _LONGEST_TEXT) for text in output.split("\n")),
        properties=properties or {},
    )


def _facts(result: TuningResult) -> Iterator[tuple[str, str]]:
    check = report_of(result)
    yield "run_id", result.run_id
    yield "powertune_version", result.powertune_version
    yield "verdict", words.verdict_word(check.verdict).replace(" ", "-")
    yield "function_arn", check.subject.arn
    yield "region", check.subject.region
    yield "architecture", check.subject.architecture.value
    yield "runtime", check.subject.runtime or ""
    yield "memory_mb", str(check.subject.memory_mb)
    yield "qualifier", check.subject.qualifier or ""
    yield "version", check.subject.version or ""
    yield "code_sha256", check.subject.code_sha256
    if check.reference is not None:
        before = check.reference.function
        yield "reference_run_id", check.reference.run_id or result.run_id
        yield "reference_qualifier", before.qualifier or ""
        yield "reference_version", before.version or ""
        yield "reference_code_sha256", before.code_sha256
        yield "reference_memory_mb", str(before.memory_mb)
    yield "environment", result.environment.kind
    yield "interleaved", text_of(check.interleaved)
    yield "planned_looks", str(check.looks)
    yield "currency", result.price.currency
    yield "total_cost", text_of(result.spend.total_cost.amount)


def _suite_name(name: str) -> str:
    return _line(f"powertune check {name}", _LONGEST_NAME)


def _line(text: str, limit: int | None = None) -> str:
    return one_line(text, limit)
