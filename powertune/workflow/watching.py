"""Follows executions of the state machine: those that this process started, and those that others did."""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from powertune import errors
from powertune.aws.clock import Clock
from powertune.aws.errors import code_of, explained
from powertune.aws.session import AwsSession
from powertune.domain.events import Phase, Progress
from powertune.domain.function import FunctionArn
from powertune.errors import AwsError, PowertuneError, Stopped, UsageError
from powertune.store import S3Store
from powertune.wire import WireError
from powertune.workflow.archive import Archive
from powertune.workflow.executions import Running, function_in, running
from powertune.workflow.stack import Stack

_POLL_S = 0.25
_POLLS_PER_LOOK = 4
_WITHOUT_RESTORING = ("ABORTED", "TIMED_OUT")
_VERDICTS = (errors.Regressed.__name__, errors.NotDecided.__name__)
_LONGEST_CAUSE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """An execution that somebody started, under way or over. ``arn`` is None where Step Functions has forgotten it."""

    run_id: str
    arn: str | None
    under_way: bool


def started(session: AwsSession, stack: Stack, function: FunctionArn, run_id: str) -> Started:
    """The execution of a run, whether it is under way or over.

    Step Functions forgets an execution 90 days after its end (AWS docs, step-functions/latest/dg/service-quotas); its
    result may still be in the bucket.

    Raises:
        UsageError: there is no such run, or it is of another function.
        AwsError: AWS does not let the caller look.
    """
    from botocore.exceptions import ClientError

    arn = f"{stack.state_machine_arn.replace(':stateMachine:', ':execution:')}:{run_id}"
    archive = Archive(S3Store(session.client("s3"), stack.bucket), run_id)
    with explained("looking for the execution"):
        try:
            described = session.client("stepfunctions").describe_execution(executionArn=arn)
        except ClientError as error:
            if code_of(error) not in ("ExecutionDoesNotExist", "InvalidArn"):
                raise
            described = None
    if described is None:
        known = None
        # Who may not list a bucket is told that reading is denied where nothing is.
        with contextlib.suppress(AwsError):
            known = archive.result_text()
        if known is None:
            raise UsageError(
                f"The state machine in {function.region if session.region is None else session.region} knows no run "
                f"{run_id}.",
                next_step="Runs with --direct cannot be watched: the terminal that started one drives it. See what is "
                f"under way with: powertune status --function-arn {function}",
            )
        return Started(run_id=run_id, arn=None, under_way=False)
    target = _target(described.get("input"), archive)
    if target is not None and target != str(function):
        raise UsageError(
            f"The run {run_id} is of {target}, not of {function}.", next_step="Give that function with --function-arn."
        )
    return Started(run_id=run_id, arn=arn, under_way=described["status"] == "RUNNING")


def under_way(session: AwsSession, stack: Stack, function: FunctionArn) -> tuple[Running, ...]:
    """The executions under way for a function, the latest first.

    Raises:
        AwsError: AWS does not let the caller look.
    """
    store = S3Store(session.client("s3"), stack.bucket)
    return tuple(
        one
        for one in running(session, stack)
        if (one.function_arn or _asked_of(Archive(store, one.run_id))) == str(function)
    )


def _target(text: Any, archive: Archive) -> str | None:
    return function_in(text) or _asked_of(archive)


def _asked_of(archive: Archive) -> str | None:
    """The function of a run whose request was too large to travel; None where that is not known."""
    with contextlib.suppress(AwsError, WireError):
        return str(archive.request().function_arn) if archive.has_request() else None
    return None


def result_of(
    session: AwsSession,
    stack: Stack,
    execution: Started,
    function: FunctionArn,
    clock: Clock,
    *,
    progress: Callable[[Progress], None],
) -> str:
    """Follow an execution to its end: the text of its result.json.

    Nothing is stopped, undone or changed, whatever happens.

    Raises:
        PowertuneError: what ended the execution, in its own class where it is one of powertune's.
    """
    archive = Archive(S3Store(session.client("s3"), stack.bucket), execution.run_id)
    if execution.arn is not None:
        try:
            ended = followed(session.client("stepfunctions"), archive, execution.arn, clock, progress)
        except AwsError as error:
            raise AwsError(
                f"{error.message} The run {execution.run_id} is no longer watched; it goes on by itself, and puts "
                f"{function.name} back at its end.",
                next_step=error.next_step,
            ) from error
        if ended["status"] != "SUCCEEDED" and not is_check_that_fails(ended):
            raise _ended(ended, execution.run_id, function)
    text = archive.result_text()
    if text is None:
        raise AwsError(
            f"The run {execution.run_id} ended well, but its result is no longer in the bucket {stack.bucket}.",
            next_step="The output of the execution in Step Functions may still say what was recommended.",
        )
    return text


def followed(
    states: Any,
    archive: Archive,
    arn: str,
    clock: Clock,
    progress: Callable[[Progress], None],
    stop_requested: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Follow an execution until it is over: what Step Functions says of it then.

    Raises:
        AwsError: AWS does not answer. The execution goes on.
    """
    told_to_stop = False
    polls = 0
    while True:
        with explained("watching the execution"):
            execution: dict[str, Any] = states.describe_execution(executionArn=arn)
        if execution["status"] != "RUNNING":
            return execution
        if stop_requested() and not told_to_stop:
            archive.request_stop()
            told_to_stop = True
        if polls % _POLLS_PER_LOOK == 0:
            # Progress that cannot be read is no reason to stop watching.
            with contextlib.suppress(AwsError, ValueError, KeyError, TypeError, ArithmeticError):
                moment = archive.told()
                if moment is not None:
                    progress(_progress(moment))
        polls += 1
        clock.sleep(_POLL_S)


def _progress(moment: dict[str, Any]) -> Progress:
    spent = moment["spent"]
    return Progress(
        phase=Phase(moment["phase"]),
        detail=moment["detail"],
        invocations_done=moment["invocations_done"],
        invocations_planned=moment["invocations_planned"],
        spent=None if spent is None else Decimal(spent),
        currency=moment["currency"],
    )


def is_past_restoring(execution: dict[str, Any]) -> bool:
    """Whether an execution may have ended without coming through its restoring state.

    No Catch, not even one of States.ALL, gets States.Runtime or States.DataLimitExceeded (AWS docs,
    step-functions/latest/dg/concepts-error-handling). What the state machine raises itself is undone once more in any
    case: that is safe.
    """
    raised = str(execution.get("error") or "")
    return execution["status"] in _WITHOUT_RESTORING or (
        execution["status"] == "FAILED" and raised.startswith("States.")
    )


def is_check_that_fails(execution: dict[str, Any]) -> bool:
    """Whether an execution failed because its check did, as its request wanted: then all was kept before."""
    return execution["status"] == "FAILED" and execution.get("error") in _VERDICTS


def how_it_ended(execution: dict[str, Any]) -> str:
    """How an execution ended that did not come through its restoring state, as it stands after its name."""
    if execution["status"] == "ABORTED":
        return "was stopped from outside"
    if execution["status"] == "TIMED_OUT":
        return "ran out of time"
    cause = " ".join(str(execution.get("cause") or "no cause given").split()).rstrip(".")
    return f"was ended by Step Functions itself with {execution['error']} ({cause[:_LONGEST_CAUSE]})"


def _ended(execution: dict[str, Any], run_id: str, function: FunctionArn) -> PowertuneError:
    if not is_past_restoring(execution):
        return failure_of(execution, run_id)
    kind = Stopped if execution["status"] == "ABORTED" else AwsError
    return kind(
        f"The execution {run_id} {how_it_ended(execution)}. Watching it changed nothing; {function.name} is put back "
        "by the stack's cleaner, or by the terminal that started the run.",
        next_step=f"See whether it has been with: powertune status --function-arn {function}\n"
        f"If not, put it back with: powertune cleanup --function-arn {function}",
    )


def failure_of(execution: dict[str, Any], run_id: str) -> PowertuneError:
    """What a failed execution says, in its own class where it is one of powertune's."""
    name, cause = execution.get("error") or execution["status"], execution.get("cause") or ""
    try:
        message = str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        message = cause or "no cause given"
    kind = getattr(errors, name, None)
    text, _, next_step = message.partition("\n")
    if isinstance(kind, type) and issubclass(kind, PowertuneError):
        return kind(text, next_step=next_step)
    if name == "WireError" and "unknown fields" in text:
        return AwsError(
            f"The state machine is of an earlier powertune, which does not know all that was asked for ({text}); "
            "nothing was invoked.",
            next_step="Update it with: powertune deploy",
        )
    return AwsError(
        f"The execution {run_id} ended as {execution['status']} with {name}: {text}",
        next_step="Its history in Step Functions shows the state that failed.",
    )
