"""A run on a temporary clone: making it before anything is measured, and deleting it whatever happened."""

from dataclasses import replace
from typing import IO, Any

from powertune.aws.errors import explained
from powertune.domain.events import Phase, Progress
from powertune.domain.function import Architecture, FunctionArn, FunctionSnapshot
from powertune.domain.request import TuningRequest
from powertune.domain.role import cleanup_command
from powertune.domain.work import RunState
from powertune.errors import AwsError, FunctionChanged, NotRestored, UsageError
from powertune.store import S3Store
from powertune.target import lease
from powertune.target.clone import clone_arn, clone_of_run, delete_clone
from powertune.target.cloning import CloneOrder, make_clone
from powertune.target.function_code import Upload
from powertune.workflow.services import Services


def require_free(services: Services, client: Any, arn: FunctionArn) -> None:
    """Refuse a function that another run holds: ``$LATEST`` may have a test size, which a clone would have too.

    A dead run is not undone here, because that would write to the function.

    Raises:
        LeaseHeld: a run holds it, dead or alive.
    """
    held = lease.look(client, arn)
    if held is not None:
        raise lease.refusal(arn, held, now_ms=services.clock.now_ms())


def require_still(services: Services, client: Any, arn: FunctionArn, memory_mb: int) -> None:
    """Refuse a function that another run took, or that was changed, while it was read and its clone was made.

    Its memory size, and that of the clone, may then be the other run's.

    Raises:
        LeaseHeld: another run holds it.
        FunctionChanged: its memory size is another one by now.
    """
    require_free(services, client, arn)
    with explained("reading the configuration", arn.name):
        present_mb = client.get_function_configuration(FunctionName=str(arn))["MemorySize"]
    if present_mb != memory_mb:
        raise FunctionChanged(
            f"{arn.name} had {memory_mb} MB when its clone was made, and has {present_mb} MB now: somebody is changing "
            "it, or is tuning it.",
            next_step="Run again when the other change is finished.",
        )


def on_architecture(request: TuningRequest, snapshot: FunctionSnapshot) -> FunctionSnapshot:
    """The function with the instruction set that its clone is to have.

    Raises:
        UsageError: the recommended memory size could not be applied.
    """
    wanted = request.architecture or snapshot.architecture
    if request.apply and wanted is not snapshot.architecture:
        raise UsageError(
            f"{snapshot.arn.name} has the instruction set {snapshot.architecture}; what is measured on {wanted} says "
            "nothing about it there, so it cannot be applied. Nothing was started.",
            next_step="Leave --apply out; deploy the function on the other instruction set, and tune it there.",
        )
    if wanted is snapshot.architecture:
        return snapshot
    return replace(snapshot, architecture=wanted, own_architecture=snapshot.architecture)


def cloned(
    services: Services,
    client: Any,
    request: TuningRequest,
    snapshot: FunctionSnapshot,
    own: Architecture,
    run_id: str,
    until_ms: int,
) -> tuple[FunctionSnapshot, tuple[str, ...]]:
    """Make the clone; its description takes the place of the function's in all further steps.

    Args:
        services: what the step may use.
        client: a Lambda client.
        request: what was asked for.
        snapshot: the function, with the instruction set that the clone is to have.
        own: the function's instruction set.
        run_id: the run.
        until_ms: when the run should be over, in epoch milliseconds.

    Raises:
        AwsError: it cannot be made; what exists of it is deleted by `delete_own_clone`.
    """
    services.progress(Progress(phase=Phase.PREFLIGHT, detail=f"a temporary clone of {snapshot.arn.name}"))
    order = CloneOrder(
        snapshot=snapshot,
        own_architecture=own,
        run_id=run_id,
        until_ms=until_ms,
        assume_portable=request.assume_portable,
        upload=_upload(services, run_id),
    )
    clone, notes = make_clone(client, order, services.clock)
    said = []
    if order.is_foreign:
        said.append(f"Measured on {snapshot.architecture}; the function itself has {own}.")
        if request.assume_portable:
            said.append(f"Whether the package can run on {snapshot.architecture} was not looked into, as asked.")
    return clone, (*said, *notes)


def _upload(services: Services, run_id: str) -> Upload | None:
    store = services.store
    if not isinstance(store, S3Store):
        return None

    def upload(file: IO[bytes]) -> tuple[str, str]:
        return store.put_file(f"runs/{run_id}/code.zip", file)

    return upload


def delete_own_clone(services: Services, client: Any, arn: FunctionArn, run_id: str) -> bool:
    """Delete the clone that this run made of a function; whether there was one. Safe to repeat.

    Raises:
        NotRestored: it could not be deleted.
    """
    try:
        clone = clone_of_run(client, arn, run_id)
        return clone is not None and delete_clone(client, clone, services.clock)
    except AwsError as error:
        raise NotRestored(
            f"The temporary clone {clone_arn(arn, run_id).name} of {arn.name} was not deleted: {error.message} "
            f"{arn.name} itself was not changed.",
            next_step=f"Delete it with: {cleanup_command(arn, services.session.role)} --run-id {run_id}",
        ) from error


def back_on_target(state: RunState) -> RunState:
    """The state for what comes after the measuring: it is about the user's function again, not about its clone.

    The clone had its code, memory size and settings, so the description holds for both.
    """
    snapshot = state.snapshot
    return (
        state
        if snapshot.clone_of is None
        else replace(state, snapshot=replace(snapshot, arn=snapshot.target, clone_of=None))
    )
