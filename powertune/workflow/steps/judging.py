"""The answer of a check: what was measured, compared; and what becomes of it once the run is over."""

from collections.abc import Sequence
from dataclasses import replace

import powertune
from powertune.domain.baselines import baseline_of, entry_of, unfit_as_first
from powertune.domain.check import CheckedVersion, CheckRequest, CheckSides
from powertune.domain.events import Phase, Progress
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import CheckReport, ReferenceSide, Spend, TuningResult
from powertune.domain.sample import Outcome, Sample
from powertune.domain.search import StopReason
from powertune.domain.work import RunState
from powertune.errors import AwsError, BaselineNotKept, FunctionFails, PowertuneError
from powertune.pricing import bill
from powertune.workflow.archive import Archive
from powertune.workflow.baselines import Shelf
from powertune.workflow.services import Services
from powertune.workflow.spending import invocations_spend
from powertune.workflow.steps.begin import price_of, price_of_side
from powertune.workflow.steps.checking import shelf_of, unlike_words
from powertune.workflow.steps.lasting import MAX_ROUNDS
from powertune.workflow.steps.planning import ENDED_EARLY, planner_of
from powertune.workflow.steps.scoring import facts_of, iso
from powertune.workflow.verdicts import fails_throughout, failure_of_check


def judge(services: Services, state: RunState, sides: CheckSides) -> RunState:
    """Compare what was measured, and keep it as the answer, to be completed once the lease is given back.

    Raises:
        AwsError: AWS let no invocation of a version through.
        FunctionFails: the version that is compared with failed at every invocation.
    """
    from powertune.decide.notes import check_warnings, limit_warnings
    from powertune.decide.summary import size_result
    from powertune.workflow.comparing import cost_of

    services.progress(Progress(phase=Phase.SCORE))
    archive = Archive(services.store, state.run_id)
    request, samples = archive.request(), archive.samples()
    own = tuple(one for one in samples if one.version == sides.subject.version)
    others = tuple(one for one in samples if one.version != sides.subject.version)
    _require_invoked(state, sides.subject, own)
    if sides.reference is not None and not sides.is_one_version:
        _require_invoked(state, sides.reference, others)
        _require_success(state, sides.reference, others, own)
    price, spent = price_of(request, state.snapshot), _spend(state, request, own, others)
    subject = sides.subject
    size = size_result(
        subject.memory_mb, own, cost_of(price, subject.ephemeral_mb), failure=_failure_of(state, subject)
    )
    report = _report(services, state, sides, request, own, others)
    notes = check_warnings(request, size, own)
    if report.reference is not None and report.interleaved:
        reference = report.reference
        notes = (
            *_said_of(subject, notes),
            *_said_of(reference.function, check_warnings(request, reference.size, others)),
        )
    archive.save_result(
        TuningResult(
            run_id=state.run_id,
            powertune_version=powertune.__version__,
            started_at=iso(state.started_at_ms),
            finished_at=iso(services.clock.now_ms()),
            function=facts_of(state.snapshot),
            request=_shown(request),
            environment=services.environment,
            price=price,
            memory_sizes=() if sides.is_one_version else (size,),
            recommendation=None,
            spend=spent,
            warnings=(*state.warnings, *notes, *limit_warnings(request, samples, spent.lambda_cost)),
            restored=False,
            samples=own,
            traffic=state.traffic,
            check=report,
        )
    )
    return state


def _shown(request: TuningRequest) -> TuningRequest:
    """The request as it stands in the result: what the baseline was stands in the reference."""
    assert request.check is not None
    shown = request if request.include_payload else request.without_payload_texts()
    return replace(shown, check=replace(request.check, baseline=None))


def _said_of(version: CheckedVersion, notes: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{version.called}: {note}" for note in notes)


def _require_invoked(state: RunState, version: CheckedVersion, samples: Sequence[Sample]) -> None:
    """Refuse to answer where AWS let nothing of a version through, or refused it half-way, as one that was deleted.

    What was measured until then is no answer: nothing planned a look at so few.

    Raises:
        AwsError: it did not.
    """
    reason = _failure_of(state, version)
    if any(sample.outcome is not Outcome.THROTTLED for sample in samples):
        if reason is None or reason.startswith(ENDED_EARLY):
            return
        raise AwsError(
            f"After {len(samples)} invocations of {version.called}, AWS refused further ones: {reason}. Nothing is "
            "claimed of it, and nothing was changed.",
            next_step="See whether the version is still there, and check again.",
        )
    codes = {sample.error_type or "" for sample in samples}
    if reason is None and samples:
        reason = f"it answered {', '.join(sorted(codes))} to all of them, and went on doing so"
    if reason is None:
        return
    next_step = "Look at the version and at the concurrency that is left for it, and check again."
    if codes & _NOT_READY:
        # AWS docs, lambda/latest/dg/functions-states: invoking an inactive version fails, and makes it active.
        next_step = "Check again in some minutes: a version that was idle for weeks is woken by its first invocation."
    raise AwsError(
        f"AWS let no invocation of {version.called} through: {reason}. Nothing was changed.", next_step=next_step
    )


_NOT_READY = frozenset({"ResourceConflictException", "ResourceNotReadyException", "SnapStartNotReadyException"})


def _require_success(
    state: RunState, reference: CheckedVersion, samples: Sequence[Sample], own: Sequence[Sample]
) -> None:
    """Refuse to compare with a version that fails. Where both do, the answer is of what is checked.

    Raises:
        FunctionFails: it does not.
    """
    own_works = any(sample.outcome is Outcome.OK for sample in own)
    if not samples or any(sample.outcome is Outcome.OK for sample in samples) or (own and not own_works):
        return
    reason = _failure_of(state, reference) or _last_error(samples)
    raise FunctionFails(
        f"{reference.called}, which was to be compared with, failed at every one of {len(samples)} invocations: "
        f"{reason}. Nothing was changed.",
        next_step="Compare with a version that works with these payloads: --against.",
    )


def _last_error(samples: Sequence[Sample]) -> str:
    last = samples[-1]
    return " ".join(filter(None, (last.error_type, last.error_message))) or last.outcome.value


def _failure_of(state: RunState, version: CheckedVersion) -> str | None:
    return next((one.reason.rstrip(".") for one in state.failures if one.version == version.version), None)


def _spend(state: RunState, request: TuningRequest, own: Sequence[Sample], others: Sequence[Sample]) -> Spend:
    """What the invocations of both sides cost, each at its own price."""
    price = price_of(request, state.snapshot)
    mine = invocations_spend(own, price, state.snapshot.ephemeral_mb)
    if state.reference is None:
        return mine
    theirs = invocations_spend(
        others, price_of_side(request, state.snapshot, state.reference), state.reference.ephemeral_mb
    )
    cost = bill.total((mine.lambda_cost, theirs.lambda_cost), price.currency)
    return replace(
        mine,
        invocations=mine.invocations + theirs.invocations,
        gb_seconds=mine.gb_seconds + theirs.gb_seconds,
        lambda_cost=cost,
        total_cost=cost,
    )


def _report(
    services: Services,
    state: RunState,
    sides: CheckSides,
    request: TuningRequest,
    own: Sequence[Sample],
    others: Sequence[Sample],
) -> CheckReport:
    from powertune.decide.check_planner import CheckPlanner
    from powertune.workflow.comparing import reference_measured, reference_of, report_of

    check, price = request.check, price_of(request, state.snapshot)
    assert check is not None
    subject, reference_price = sides.subject, price
    reference: ReferenceSide | None = None
    notes: tuple[str, ...] = ()
    if sides.is_one_version:
        notes = (f"Both are the same version, {subject.version}, so nothing was invoked.",)
    elif sides.reference is not None and state.reference is not None:
        reference_price = price_of_side(request, state.snapshot, state.reference)
        reference = reference_measured(sides.reference, others, reference_price, iso(services.clock.now_ms()))
    elif check.baseline is not None:
        reference_price, notes = check.baseline.price, unlike_words(services, request, subject)
        reference = reference_of(check.baseline, subject.memory_mb)
    planner = planner_of(state, request, (*own, *others))
    assert isinstance(planner, CheckPlanner)
    return report_of(
        subject,
        own,
        reference,
        settings=check.settings,
        price=price,
        reference_price=reference_price,
        interleaved=reference is not None and sides.reference is not None,
        looks=planner.looks,
        seed=request.seed,
        ended_by=_limit(state, request) or planner.ended_by,
        notes=notes,
        is_one_version=sides.is_one_version,
    )


def _limit(state: RunState, request: TuningRequest) -> str | None:
    """The limit of the run that ended the measuring, in words; None where it was the planner itself."""
    if state.ended_by is StopReason.MAX_SPEND:
        limit = request.limits.max_spend
        return f"the limit of {limit:f} {price_of(request, state.snapshot).currency}"
    early = next((note for note in state.warnings if note.startswith(ENDED_EARLY)), None)
    if early is not None:
        return early[0].lower() + early[1:].rstrip(".")
    if state.round > MAX_ROUNDS:
        return f"the limit of {MAX_ROUNDS} rounds"
    return None


def kept(services: Services, archive: Archive, result: TuningResult) -> TuningResult:
    """Keep a check for those that come after it, where baselines lie in its store. Safe to repeat.

    It becomes the baseline where there was none, and goes into the history of checks. Where one of that fails, the
    check is answered all the same, with a warning.
    """
    check = archive.request().check
    if check is None or not check.stored or not result.memory_sizes:
        return result
    shelf, finished, notes = shelf_of(services), result, []
    try:
        finished = _with_baseline(shelf, check, result)
    except PowertuneError as error:
        notes.append(f"{_NOT_THE_BASELINE}: {error.message}")
    try:
        shelf.add(FunctionArn.parse(result.function.arn), check.qualifier, entry_of(finished))
    except PowertuneError as error:
        notes.append(f"This check was not kept for those that come after it: {error.message}")
    if notes:
        finished = replace(finished, warnings=(*finished.warnings, *notes))
    if finished is not result:
        archive.save_result(finished)
    return finished


def _with_baseline(shelf: Shelf, check: CheckRequest, result: TuningResult) -> TuningResult:
    """The result, kept as the baseline where there was none.

    Raises:
        BaselineNotKept, FailsTooOften: see `unfit_as_first`.
        AwsError: it could not be written.
    """
    if check.baseline is not None or result.check is None or fails_throughout(result):
        return result
    unfit = unfit_as_first(result)
    if unfit is not None:
        raise unfit
    arn = FunctionArn.parse(result.function.arn)
    # The lease is given back: another check may have kept its own meanwhile.
    present = shelf.baseline(arn, check.qualifier)
    if present is not None and present.run_id != result.run_id:
        return result
    place = shelf.keep(arn, check.qualifier, baseline_of(result))
    return replace(result, check=replace(result.check, kept_at=place))


_NOT_THE_BASELINE = "This first measurement could not be made the baseline, so the next check has none either"


def failure_of_execution(services: Services, result: TuningResult) -> PowertuneError | None:
    """With what an execution ends as failed where its check fails and its request wants that; None otherwise.

    A first measurement that could not be kept is a failure too: whoever looks at executions alone would see every
    later check pass as a first one.
    """
    check = result.request.check
    if services.execution_arn is None or check is None or not check.fail_execution:
        return None
    unkept = next((note for note in result.warnings if note.startswith(_NOT_THE_BASELINE)), None)
    if unkept is None:
        return failure_of_check(result)
    unfit = unfit_as_first(result)
    return BaselineNotKept(unkept) if unfit is None else type(unfit)(unkept, next_step=unfit.next_step)
