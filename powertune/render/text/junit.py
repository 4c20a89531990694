"""A result as JUnit XML, so that continuous integration shows a run like the tests beside it."""

from collections.abc import Iterator
from decimal import Decimal

from powertune.domain.result import ArchitectureRun, SizeResult, TuningResult
from powertune.render import figures, sentence
from powertune.render.bill import spent
from powertune.render.certainty import goal_words, misses_target, other_goals_line
from powertune.render.compared import compared_by, is_measured, state_of
from powertune.render.monthly import month_sentence
from powertune.render.runs import failures_of, runs_of
from powertune.render.safe import one_line
from powertune.render.text.exact import size_figures, text_of
from powertune.render.text.junit_xml import Case, Outcome, Suite, document
from powertune.render.text.size_columns import size_columns
from powertune.render.text.size_word import mark

_LONGEST_MESSAGE = 600
_LONGEST_TEXT = 4_000
_SAID_ELSEWHERE = frozenset(("run_id", "function_arn", "architecture", "environment", "currency", "reason"))


def render_junit(result: TuningResult) -> str:
    """A suite for each run, in it a case for each memory size, one for the recommendation and one for the restore.

    A size at which every invocation failed is a failure, one that was not measured is skipped. That nothing can be
    recommended, or that the function was not put back, is an error; a latency target that no size keeps is a failure.
    The time of a size is its mean duration.
    """
    suites = [_suite(run, own=run is result) for run in runs_of(result)]
    suites += [_failed_suite(result, one) for one in failures_of(result)]
    return document("powertune", suites)


def _suite(run: TuningResult, *, own: bool) -> Suite:
    cases = [_size_case(run, size) for size in run.memory_sizes]
    cases.append(_recommendation(run))
    if own:
        cases.append(_restore(run))
    # When the run on another instruction set took place is not in the result.
    started, finished = (figures.parse_moment(moment) if own else None for moment in (run.started_at, run.finished_at))
    took = (finished - started).total_seconds() if started is not None and finished is not None else None
    said = (sentence.where(run), *(f"Warning: {text}" for text in run.warnings), spent(run))
    return Suite(
        name=_line(f"{run.function.name} ({run.function.architecture})"),
        cases=cases,
        timestamp=None if started is None else started.replace(tzinfo=None).isoformat(timespec="seconds"),
        seconds=None if took is None or took < 0 else Decimal(repr(took)),
        properties={name: _line(value) for name, value in _facts(run)},
        output="\n".join(_line(text) for text in said if text),
    )


def _failed_suite(result: TuningResult, one: ArchitectureRun) -> Suite:
    reason = one.failure or ""
    case = Case(
        name="recommendation",
        classname=_class(result, one.architecture.value),
        outcome=Outcome.ERROR,
        kind="NotMeasured",
        message=_line(f"{one.architecture} was not measured: {reason}", _LONGEST_MESSAGE),
    )
    return Suite(name=_line(f"{result.function.name} ({one.architecture})"), cases=(case,))


def _facts(run: TuningResult) -> Iterator[tuple[str, str]]:
    function = run.function
    yield "run_id", run.run_id
    yield "powertune_version", run.powertune_version
    yield "function_arn", function.arn
    yield "region", function.region
    yield "architecture", function.architecture.value
    yield "runtime", function.runtime or ""
    yield "code_sha256", function.code_sha256
    yield "environment", run.environment.kind
    yield "strategy", "" if run.request.dry_run else goal_words(run)
    yield "present_memory_mb", str(function.original_memory_mb)
    yield "recommended_memory_mb", str(run.recommendation.memory_mb) if run.recommendation else ""
    yield "currency", run.price.currency
    yield "total_cost", text_of(run.spend.total_cost.amount)


def _size_case(run: TuningResult, size: SizeResult) -> Case:
    known = {name: text_of(value) for name, value in size_figures(run, size).items() if name not in _SAID_ELSEWHERE}
    outcome, kind = None, ""
    if not is_measured(run, size):
        failed = state_of(run, size) == "failed"
        outcome, kind = (Outcome.FAILURE, "AllInvocationsFailed") if failed else (Outcome.SKIPPED, "NotMeasured")
    found = compared_by(run).duration(size) if outcome is None else None
    reason = size.reason or ""
    return Case(
        name=figures.memory(size.memory_mb),
        classname=_class(run, run.function.architecture.value),
        seconds=None if found is None else Decimal(repr(found.mean)).scaleb(-3),
        outcome=outcome,
        kind=kind,
        message=_line(reason or state_of(run, size), _LONGEST_MESSAGE) if outcome is not None else "",
        details=_line(reason, _LONGEST_TEXT) if len(reason) > _LONGEST_MESSAGE else "",
        output="\n".join(_size_lines(run, size)),
        properties={name: _line(value, _LONGEST_TEXT) for name, value in known.items() if value},
    )


def _size_lines(run: TuningResult, size: SizeResult) -> Iterator[str]:
    word = mark(run, size.memory_mb)
    if word:
        yield f"{word[:1].upper()}{word[1:]}"
    if is_measured(run, size):
        for column in size_columns(run, cost_intervals=True):
            yield _line(f"{column.title}: {column.of(size)}")
    yield f"Invoked: {figures.count(size.invocations)}"
    yield f"Cold starts: {figures.count(size.cold_starts)}"
    yield f"Errors: {figures.count(size.errors)}"


def _recommendation(run: TuningResult) -> Case:
    said = sentence.answer(run)
    outcome, kind, message = None, "", ""
    if run.request.dry_run:
        outcome, message = Outcome.SKIPPED, "A dry run recommends nothing."
    elif run.recommendation is None:
        outcome, kind, message = Outcome.ERROR, "NothingRecommended", said
    elif (missed := misses_target(run)) is not None:
        outcome, kind, message = Outcome.FAILURE, "LatencyTarget", missed
    notes = run.search.notes if run.search is not None else ()
    lines = (said, *sentence.reasons(run), *notes, month_sentence(run), other_goals_line(run), sentence.applied(run))
    return Case(
        name="recommendation",
        classname=_class(run, run.function.architecture.value),
        outcome=outcome,
        kind=kind,
        message=_line(message, _LONGEST_MESSAGE),
        output="\n".join(_line(text, _LONGEST_TEXT) for text in lines if text),
    )


def _restore(run: TuningResult) -> Case:
    lost = sentence.not_restored(run)
    return Case(
        name="function put back",
        classname=_class(run, run.function.architecture.value),
        outcome=Outcome.ERROR if lost else None,
        kind="NotRestored" if lost else "",
        message=_line(lost, _LONGEST_MESSAGE),
    )


def _class(result: TuningResult, architecture: str) -> str:
    return _line(f"powertune.{result.function.name}.{architecture}")


def _line(text: str, limit: int | None = None) -> str:
    return one_line(text, limit)
