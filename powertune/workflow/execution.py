"""Drives a run through the state machine, and undoes one that was ended from outside."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import explained
from powertune.aws.session import AwsSession
from powertune.domain.events import Progress
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment, TuningResult
from powertune.domain.work import RunInput
from powertune.errors import AwsError, NotRestored, PowertuneError, Stopped
from powertune.store import S3Store, Store
from powertune.wire import to_data, without_unasked
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services
from powertune.workflow.stack import Stack
from powertune.workflow.steps import run_step, target_of
from powertune.workflow.watching import failure_of, followed, how_it_ended, is_check_that_fails, is_past_restoring

_LARGEST_INLINE_REQUEST = 100_000
"""Characters; a larger request goes through the store. Step Functions takes 256 KiB of input."""

_TASKS_END_S = 5.0
"""A task outlives its execution: what it was doing may take effect after the first look at the function."""


def run_execution(
    session: AwsSession,
    stack: Stack,
    request: TuningRequest,
    run_id: str,
    clock: Clock,
    *,
    progress: Callable[[Progress], None],
    stop_requested: Callable[[], bool],
) -> TuningResult:
    """Start an execution, follow it to its end, and fetch the answer.

    When the user wants to stop, the run is told through the store, goes through its restoring state, and ends. An
    execution that was stopped from outside restores nothing any more; then this process does.

    Raises:
        PowertuneError: what ended the execution, in its own class where it is one of powertune's. A check that was to
            end it as failed has its answer all the same.
    """
    archive_store = S3Store(session.client("s3"), stack.bucket)
    archive = Archive(archive_store, run_id)
    # The stack may be of an earlier powertune, which refuses what it does not know.
    data = {"request": without_unasked(to_data(request), TuningRequest)}
    if len(json.dumps(data)) > _LARGEST_INLINE_REQUEST:
        archive.save_request(request)
        data = {}
    states = session.client("stepfunctions")
    with explained("starting the execution"):
        arn = states.start_execution(stateMachineArn=stack.state_machine_arn, name=run_id, input=json.dumps(data))[
            "executionArn"
        ]
    try:
        execution = followed(states, archive, arn, clock, progress, stop_requested)
    except AwsError as error:
        raise AwsError(
            f"{error.message} The execution {run_id} goes on by itself, and puts {request.function_arn.name} back at "
            "its end.",
            next_step=f"See how it stands with: powertune status --function-arn {request.function_arn}",
        ) from error
    if execution["status"] == "SUCCEEDED" or is_check_that_fails(execution):
        return archive.result()
    if is_past_restoring(execution):
        raise _stopped(execution, request, run_id, lambda: _undo(session, archive_store, clock, request, run_id))
    raise failure_of(execution, run_id)


def _undo(session: AwsSession, store: Store, clock: Clock, request: TuningRequest, run_id: str) -> None:
    data = to_data(RunInput(run_id=run_id, request=request))
    target = target_of(store, data)
    reaching = session if target is None else session.reaching(region=target[0].region, role=target[1])
    services = Services(session=reaching, home=session, store=store, clock=clock, environment=Environment(kind="aws"))
    # Word for a task that is still at work. The undo goes on where it cannot be left.
    with contextlib.suppress(AwsError):
        Archive(store, run_id).end()
    for again in range(2):
        if again:
            clock.sleep(_TASKS_END_S)
        run_step(services, "restore", data)


def _stopped(
    execution: dict[str, Any], request: TuningRequest, run_id: str, undo: Callable[[], None]
) -> PowertuneError:
    """What to say of an execution that ended without restoring, after undoing it."""
    aborted, how = execution["status"] == "ABORTED", how_it_ended(execution)
    try:
        undo()
    except PowertuneError as error:
        return NotRestored(
            f"The execution {run_id} {how}, and {request.function_arn.name} could not be put back: {error.message}",
            next_step=f"Finish the undo with: powertune cleanup --function-arn {request.function_arn}",
        )
    kind = Stopped if aborted else AwsError
    return kind(f"The execution {run_id} {how}; {request.function_arn.name} was put back as it was.")
