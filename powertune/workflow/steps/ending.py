"""Restore and finish: every run passes through here, however it went."""

from collections import Counter
from dataclasses import replace
from typing import Any

from powertune.aws.errors import explained
from powertune.domain.events import Phase, Progress
from powertune.domain.function import FunctionArn
from powertune.domain.result import SizeStatus, TuningResult
from powertune.domain.role import cleanup_command
from powertune.domain.search import SearchKind, StopReason
from powertune.domain.work import Restoration, RunState
from powertune.errors import AwsError, FunctionFails, NotRestored
from powertune.peer import peer_output
from powertune.target.apply import apply_memory
from powertune.target.lease import Lease
from powertune.target.restore import restore as undo
from powertune.wire import to_data
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services
from powertune.workflow.spending import whole_spend
from powertune.workflow.steps.planning import ENDED_EARLY
from powertune.workflow.steps.scoring import iso

APPLY_LEASE_MS = 10 * 60 * 1000


def restore(services: Services, run_id: str, arn: FunctionArn) -> Restoration:
    """Undo whatever this run did, from the record on the function alone.

    Raises:
        NotRestored: something could not be undone.
    """
    services.progress(Progress(phase=Phase.RESTORE, detail=arn.name))
    try:
        undone = undo(services.session.client("lambda"), arn, services.clock, run_id=run_id)
    except AwsError as error:
        raise NotRestored(
            f"{arn.name} was not put back as it was: {error.message}",
            next_step=f"Finish the undo with: powertune cleanup --function-arn {arn}",
        ) from error
    return Restoration(restored=True, left_alone=undone.left_alone if undone else ())


def apply(services: Services, state: RunState) -> RunState:
    """Set the function to the recommended memory size, and publish it under an alias, where the request asks for it.

    Nothing is changed where nothing is recommended. Where neither the duration nor the cost differs from the
    present size's by more than the noise, the function keeps its size; an alias is made for that.

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
    memory_mb, change = best.memory_mb, best.change
    moves = change is not None and change.from_memory_mb != change.to_memory_mb
    if change is not None and moves and change.cost_within_noise and change.duration_within_noise:
        memory_mb = change.from_memory_mb
        note = (
            f"{best.memory_mb} MB was not applied: neither its duration nor its cost differs from the present "
            f"{memory_mb} MB by more than this run's noise."
        )
        state = replace(state, warnings=(*state.warnings, note))
        if request.apply_alias is None:
            return state
    services.progress(Progress(phase=Phase.APPLY, detail=f"{memory_mb} MB"))
    now_ms = services.clock.now_ms()
    lease = Lease(
        run_id=state.run_id,
        memory_mb=state.snapshot.memory_mb,
        set_mb=(),
        since_ms=now_ms,
        until_ms=now_ms + APPLY_LEASE_MS,
    )
    client = services.session.client("lambda")
    apply_memory(
        client,
        state.snapshot,
        lease,
        memory_mb,
        request.apply_alias,
        services.clock,
        note=lambda applied: archive.save_result(replace(draft, applied=applied)),
    )
    return state


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
    """
    services.progress(Progress(phase=Phase.FINISH))
    archive = Archive(services.store, state.run_id)
    draft = archive.result()
    transitions = _transitions(services)
    result = replace(
        draft,
        finished_at=iso(services.clock.now_ms()),
        spend=whole_spend(draft, state, archive.invocations_of_all_rounds(state.round), transitions),
        restored=restoration.restored,
        warnings=(*draft.warnings, *_new(state.warnings, draft.warnings), *restoration.left_alone),
    )
    archive.save_result(result)
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
        pages = services.session.client("stepfunctions").get_paginator("get_execution_history")
        for page in pages.paginate(executionArn=services.execution_arn, includeExecutionData=False):
            events.extend(page["events"])
    kinds = Counter(event["type"] for event in events)
    entered = sum(count for kind, count in kinds.items() if kind.endswith("StateEntered"))
    # A task that is scheduled more often than its state is entered was retried.
    return entered + max(0, kinds["TaskScheduled"] - kinds["TaskStateEntered"])
