"""Restore and finish: every run passes through here, however it went."""

import contextlib
from collections import Counter
from dataclasses import replace
from typing import Any

from powertune.aws.errors import explained
from powertune.decide.gain import is_gain
from powertune.domain.canary import CanaryOutcome
from powertune.domain.events import Phase, Progress
from powertune.domain.function import FunctionArn
from powertune.domain.result import Applied, SizeStatus, TuningResult
from powertune.domain.role import cleanup_command
from powertune.domain.search import SearchKind, StopReason
from powertune.domain.work import Restoration, RunState
from powertune.errors import (
    AwsError,
    FunctionFails,
    FunctionNotFound,
    NotDecided,
    NotRestored,
    PowertuneError,
    Regressed,
    Stopped,
)
from powertune.peer import peer_output
from powertune.target.apply import apply_memory
from powertune.target.lease import Lease
from powertune.target.restore import restore as undo
from powertune.target.snapshot import require_function
from powertune.wire import to_data
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services
from powertune.workflow.spending import whole_spend
from powertune.workflow.steps import canary, isolating, judging
from powertune.workflow.steps.begin import check_not_stopped
from powertune.workflow.steps.planning import ENDED_EARLY
from powertune.workflow.steps.scoring import iso

APPLY_LEASE_MS = 10 * 60 * 1000

STOPPED_BEFORE = "was not applied: you stopped the run."
"""How the warning ends that says so."""


def restore(services: Services, run_id: str, arn: FunctionArn, *, isolated: bool = False) -> Restoration:
    """Undo whatever this run did, from the record on the function alone; delete its clone where it may have one.

    Raises:
        NotRestored: something could not be undone.
    """
    services.progress(Progress(phase=Phase.RESTORE, detail=arn.name))
    client = services.session.client("lambda")
    if isolated:
        isolating.delete_own_clone(services, client, arn, run_id)
    try:
        undone = undo(client, arn, services.clock, run_id=run_id)
    except AwsError as error:
        if isinstance(error, FunctionNotFound) and _is_gone(client, arn):
            note = f"{arn.name} was deleted meanwhile, so there is nothing to put back."
            return Restoration(restored=True, left_alone=(note,))
        raise NotRestored(
            f"{arn.name} was not put back as it was: {error.message}",
            next_step=f"Finish the undo with: {cleanup_command(arn, services.session.role)}",
        ) from error
    # Without a lease nothing says that what was applied was undone: the run may have been over.
    if undone is not None and undone.memory_mb is not None and not undone.applied_stays:
        _forget_applied(Archive(services.store, run_id))
    return Restoration(restored=True, left_alone=undone.left_alone if undone else ())


def _is_gone(client: Any, arn: FunctionArn) -> bool:
    """Whether there is no such function any more."""
    try:
        require_function(client, arn)
    except FunctionNotFound:
        return True
    except AwsError:  # nothing is known of it
        return False
    return False


def _forget_applied(archive: Archive) -> None:
    """What was applied and then undone, because the run failed before it was to stay, is not said to be applied."""
    draft = archive.result_so_far()
    if draft is not None and draft.applied is not None:
        archive.save_result(replace(draft, applied=None, canary=None))


def apply(services: Services, state: RunState) -> RunState:
    """Set the function to the recommended memory size, and publish it under an alias, where the request asks for it.

    Nothing is changed where nothing is recommended, or where the user wants the run to end. Where neither the duration
    nor the cost differs from the present size's by more than the noise, the function keeps its size; an alias is made
    for that.

    Raises:
        AwsError: it could not be done; the caller then restores.
    """
    archive = Archive(services.store, state.run_id)
    request, draft = archive.request(), archive.result()
    best = draft.recommendation
    if best is None:
        return state
    doubt = _doubt(draft)
    if doubt is not None:
        note = f"{best.memory_mb} MB was not applied: {doubt}."
        return replace(state, warnings=(*state.warnings, note))
    # Where an earlier try of this step got to its end, there is nothing left to stop.
    if draft.applied is None and services.stop_requested():
        return _stopped(services, state, archive)
    memory_mb = best.memory_mb
    stays = _no_gain(draft)
    if stays is not None:
        memory_mb = draft.function.original_memory_mb
        note = f"{best.memory_mb} MB was not applied: {stays}."
        state = replace(state, warnings=(*state.warnings, note))
        if request.apply_alias is None:
            return state
    services.progress(Progress(phase=Phase.APPLY, detail=f"{memory_mb:,} MB"))
    now_ms = services.clock.now_ms()
    lease = Lease(
        run_id=state.run_id,
        memory_mb=state.snapshot.memory_mb,
        set_mb=(),
        since_ms=now_ms,
        until_ms=now_ms + APPLY_LEASE_MS + canary.watch_ms(request),
        by=services.holder,
    )
    if request.canary is not None:
        return canary.begin(services, state, draft, lease, memory_mb)
    client = services.session.client("lambda")

    def write_down(applied: Applied) -> None:
        # The last moment: what is noted is about to stay.
        check_not_stopped(services)
        archive.save_result(replace(draft, applied=applied))

    try:
        notes = apply_memory(
            client, state.snapshot, lease, memory_mb, request.apply_alias, services.clock, note=write_down
        )
    except Stopped:
        return _stopped(services, state, archive)
    return replace(state, warnings=(*state.warnings, *notes))


def _stopped(services: Services, state: RunState, archive: Archive) -> RunState:
    """Apply nothing, because the user wants the run to end; what this or an earlier try of the step did is undone."""
    undone = undo(services.session.client("lambda"), state.snapshot.arn, services.clock, run_id=state.run_id)
    if undone is not None and undone.applied_stays:
        return state
    draft = archive.result()
    assert draft.recommendation is not None
    notes = (f"{draft.recommendation.memory_mb} MB {STOPPED_BEFORE}", *(undone.left_alone if undone else ()))
    archive.save_result(replace(draft, warnings=(*draft.warnings, *notes)))
    return state


def is_stopped_before_applying(result: TuningResult) -> bool:
    """Whether the recommendation was to be applied, and was not, because the user ended the run."""
    return result.applied is None and any(warning.endswith(STOPPED_BEFORE) for warning in result.warnings)


def why_not_applied(result: TuningResult) -> str | None:
    """Why a recommendation is left for a person to act upon; None where it may be acted upon."""
    if result.recommendation is None:
        return "no memory size is recommended"
    own = result.function.own_architecture
    if own is not None:
        return f"it was measured on {result.function.architecture}, and the function has {own}"
    if result.canary is not None and result.canary.outcome is not CanaryOutcome.PASSED:
        return "the canary did not pass"
    if is_stopped_before_applying(result):
        return "you stopped the run"
    return _doubt(result) or _no_gain(result)


def _no_gain(result: TuningResult) -> str | None:
    """Why a recommendation is not worth a change of the function; None where it is."""
    best, present_mb = result.recommendation, result.function.original_memory_mb
    if best is None or best.memory_mb == present_mb:
        return None
    if best.change is None:
        # An input in the other tool's form asks for its best of the sizes named, whatever the present one does.
        return None if result.request.peer else f"the present {present_mb} MB was not measured, so no gain is known"
    if is_gain(best.change, result.request):
        return None
    if best.change.cost_within_noise and best.change.duration_within_noise:
        return (
            f"neither its duration nor its cost differs from the present {present_mb} MB by more than this run's noise"
        )
    return f"nothing that was asked for gets better than at the present {present_mb} MB by more than this run's noise"


def _doubt(result: TuningResult) -> str | None:
    """Why a recommendation should not be acted upon without a person; None where nothing speaks against it."""
    request, measured = result.request, [s for s in result.memory_sizes if s.status is SizeStatus.MEASURED]
    present_mb = result.function.original_memory_mb
    # A search that never asked for the present size has weighed it all the same; a size that failed has a row.
    asked = request.memory_sizes_mb
    if request.search is SearchKind.ADAPTIVE:
        asked = tuple(size.memory_mb for size in result.memory_sizes)
    if present_mb in asked and present_mb not in {size.memory_mb for size in measured}:
        return f"the present {present_mb} MB could not be measured, so nothing says that it is worse"
    if len(request.memory_sizes_mb) > 1 and len(measured) < 2:
        return "no other memory size was measured"
    spent_out = result.search is not None and result.search.stop_reason is StopReason.MAX_SPEND
    cut = any(size.reason and size.reason.startswith(ENDED_EARLY) for size in result.memory_sizes)
    if cut or (spent_out and request.search is SearchKind.GRID):
        return "the measuring ended early"
    return None


def finish(services: Services, state: RunState, restoration: Restoration) -> dict[str, Any] | None:
    """Complete the answer with what the whole run cost and how it was undone.

    Returns:
        The state; or, for a request in aws-lambda-power-tuning's form, the answer in its form.

    Raises:
        FunctionFails: that form has no way to say that no memory size could be measured.
        Regressed, NotDecided, FunctionFails, BaselineNotKept: a check whose request wants its execution to fail then.
    """
    services.progress(Progress(phase=Phase.FINISH))
    archive = Archive(services.store, state.run_id)
    draft = archive.result()
    failure = judging.failure_of_execution(services, draft)
    # A check that fails is followed by two more states, another failure by three.
    ahead = 0 if failure is None else 2 if isinstance(failure, Regressed | NotDecided) else 3
    transitions = _transitions(services) + ahead
    ahead_ms = services.session.clock_difference.certain_ms
    result = replace(
        draft,
        # By AWS's clock, so that runs of several machines stand in the order in which they were.
        started_at=iso(state.started_at_ms - ahead_ms),
        finished_at=iso(services.clock.now_ms() - ahead_ms),
        spend=whole_spend(draft, state, archive.invocations_of_all_rounds(state.round), transitions, archive.samples()),
        restored=restoration.restored,
        warnings=(*draft.warnings, *_new(state.warnings, draft.warnings), *restoration.left_alone),
    )
    archive.save_result(result)
    if state.check is not None:
        result = judging.kept(services, archive, result)
        failure = failure or judging.failure_of_execution(services, result)
    # The run is over and its answer is kept; without the summary a history reads that.
    with contextlib.suppress(PowertuneError):
        archive.save_summary(result)
    if failure is not None:
        raise failure
    if not state.peer:
        answer: dict[str, Any] = to_data(state)
        return answer
    if result.recommendation is None and not result.request.dry_run:
        reason = next((size.reason for size in result.memory_sizes if size.reason), "no invocation succeeded")
        raise FunctionFails(f"{result.function.name} worked at none of the memory sizes: {reason}.")
    return peer_output(result)


def _new(notes: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(note for note in notes if note not in known)


def _transitions(services: Services) -> int:
    """State transitions so far, this state included: each state entered, and each retry, is one."""
    if services.execution_arn is None:
        return 0
    events: list[dict[str, Any]] = []
    with explained("reading the execution's history"):
        pages = services.at_home.client("stepfunctions").get_paginator("get_execution_history")
        for page in pages.paginate(executionArn=services.execution_arn, includeExecutionData=False):
            events.extend(page["events"])
    kinds = Counter(event["type"] for event in events)
    entered = sum(count for kind, count in kinds.items() if kind.endswith("StateEntered"))
    # A task that is scheduled more often than its state is entered was retried.
    return entered + max(0, kinds["TaskScheduled"] - kinds["TaskStateEntered"])
