"""Creates and updates the stack on AWS, in steps between which somebody may look and decide."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from powertune.aws.clock import Clock
from powertune.aws.errors import explained
from powertune.aws.session import AwsSession
from powertune.domain.function import Architecture
from powertune.errors import AwsError
from powertune.workflow import buckets
from powertune.workflow.buckets import Place
from powertune.workflow.change_set import (
    ChangeSet,
    StackState,
    Wanted,
    check_can_change,
    make_change_set,
    must_go_first,
    stack_state,
)
from powertune.workflow.package import RUNTIME, Package, WheelSource, build_package
from powertune.workflow.stack import bucket_name
from powertune.workflow.stack_events import StackEvent, Tell, follow, last_event
from powertune.workflow.steps import Role
from powertune.workflow.template import packaged_template, parameter_names

KEY_PARAMETERS = {Role.WORKER: "WorkerKey", Role.PLANNER: "PlannerKey"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What is to be deployed.

    Attributes:
        stack_name: the stack.
        prefix: name of the state machine, and the beginning of every other name.
        architecture: of the task functions; None takes the stack's present one, or x86_64.
        parameters: further parameters of the template; one that is left out stays as it is.
        tags: for the stack and everything in it.
        artifact_bucket: a bucket of the user's for the code; None makes one.
    """

    stack_name: str
    prefix: str
    architecture: Architecture | None
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    artifact_bucket: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A deployment up to the point where the stack itself would be changed. ``change_set`` is None for no change."""

    place: Place
    stack_name: str
    bucket: str
    keys: tuple[str, ...]
    change_set: ChangeSet | None
    state: StackState | None
    notes: tuple[str, ...]


def build_packages(architecture: Architecture, source: WheelSource) -> tuple[Package, ...]:
    """The code packages of the task functions.

    Raises:
        UsageError: they cannot be built, or are too large.
    """
    return tuple(build_package(role, architecture, source) for role in Role)


def keys_of(packages: Iterable[Package]) -> dict[str, str]:
    """The key of each code package, by the template's parameter for it."""
    return {KEY_PARAMETERS[package.role]: package.key for package in packages}


def look(session: AwsSession, stack_name: str) -> StackState | None:
    """The stack as it is.

    Raises:
        AwsError: it cannot be changed now, or the caller may not look.
    """
    state = stack_state(session.client("cloudformation"), stack_name)
    check_can_change(state)
    return state


def architecture_of(wanted: Deployment, state: StackState | None) -> Architecture:
    """Which architecture to build for."""
    present = None if state is None else state.parameters.get("Architecture")
    return wanted.architecture or Architecture(present or Architecture.X86_64)


def prepare(
    session: AwsSession,
    wanted: Deployment,
    packages: tuple[Package, ...],
    architecture: Architecture,
    state: StackState | None,
    clock: Clock,
) -> Prepared:
    """Upload the code and make a change set. The stack itself is not changed.

    Raises:
        AwsError: AWS refuses something.
    """
    place = buckets.place_of(session)
    client = session.client("cloudformation")
    notes = []
    if state is not None and must_go_first(state):
        notes.append(f"The stack {state.name} was {state.status}: the rest of a failed creation was deleted first.")
        _clear(session, state, clock)
        state = None
    bucket = wanted.artifact_bucket or buckets.artifacts_bucket_name(wanted.prefix, place)
    if not buckets.bucket_exists(session, bucket, place):
        if wanted.artifact_bucket is not None:
            raise AwsError(f"There is no bucket {bucket} in this account.", next_step="Check --artifact-bucket.")
        buckets.make_artifacts_bucket(session, bucket, place)
    # In a bucket of the user's, what this stack put there can be told from all else.
    under = "" if wanted.artifact_bucket is None else f"{wanted.stack_name}/"
    for package in packages:
        buckets.upload(session, bucket, under + package.key, package.data, place)
    keys = {parameter: under + key for parameter, key in keys_of(packages).items()}
    parameters: dict[str, str | None] = dict.fromkeys(parameter_names())
    parameters |= {"NamePrefix": wanted.prefix, "ArtifactBucket": bucket, **keys}
    parameters |= {"Runtime": RUNTIME, "Architecture": architecture.value, **wanted.parameters}
    creates = state is None or state.is_empty
    kept = bucket_name(place.account, place.region, wanted.prefix)
    if creates and "CreateResultsBucket" not in wanted.parameters and buckets.bucket_exists(session, kept, place):
        parameters["CreateResultsBucket"] = "false"
        notes.append(f"The bucket {kept} of an earlier stack is there; its results are kept and it is used again.")
    change_set = make_change_set(
        client,
        Wanted(
            name=wanted.stack_name,
            template=packaged_template(keys, architecture),
            parameters=parameters,
            tags=wanted.tags,
        ),
        state,
        clock,
    )
    return Prepared(
        place=place,
        stack_name=wanted.stack_name,
        bucket=bucket,
        keys=tuple(keys.values()),
        change_set=change_set,
        state=state,
        notes=tuple(notes),
    )


def _clear(session: AwsSession, state: StackState, clock: Clock) -> None:
    client = session.client("cloudformation")
    since = last_event(client, state.stack_id)
    with explained(f"deleting the rest of the stack {state.name}"):
        client.delete_stack(StackName=state.stack_id)
    left, failed = follow(client, replace(state, status="DELETE_IN_PROGRESS"), since, clock, lambda _: None)
    if left is not None:
        raise AwsError(
            f"The rest of a failed creation of the stack {state.name} cannot be deleted: {why(failed, left)}. "
            f"It is {left.status}.",
            next_step="Delete it in the CloudFormation console, and run again.",
        )


def execute(session: AwsSession, prepared: Prepared, clock: Clock, tell: Tell) -> StackState:
    """Let CloudFormation change the stack, and wait until it has.

    Raises:
        AwsError: something failed; the text says what was the first, why, and how the stack is left.
    """
    change_set = prepared.change_set
    assert change_set is not None
    client = session.client("cloudformation")
    state = stack_state(client, prepared.stack_name)
    assert state is not None
    since = last_event(client, state.stack_id)
    with explained(f"changing the stack {state.name}"):
        client.execute_change_set(ChangeSetName=change_set.arn)
    # Until CloudFormation begins, the stack still has the status from before.
    while (begun := stack_state(client, state.stack_id)) is not None and begun.status == state.status:
        if last_event(client, state.stack_id) != since:
            break
        clock.sleep(0.2)
    after, failed = follow(client, state, since, clock, tell)
    if after is not None and after.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        _tidy(session, prepared)
        return after
    raise AwsError(_failure(state.name, failed, after), next_step=_next_step(after))


def _failure(name: str, failed: StackEvent | None, after: StackState | None) -> str:
    if after is None:
        return f"The stack {name} was deleted by somebody else while it was being changed."
    left = {
        "ROLLBACK_COMPLETE": "everything that was made is deleted again",
        "UPDATE_ROLLBACK_COMPLETE": "it is as it was before",
    }.get(after.status, "CloudFormation could not put it back by itself")
    return f"The stack {name} could not be changed: {why(failed, after)}. It is {after.status}: {left}."


def why(failed: StackEvent | None, state: StackState) -> str:
    """What failed first, and its reason."""
    if failed is None:
        return state.reason or "no reason given"
    return f"{failed.logical_id} ({failed.kind}): {(failed.reason or 'no reason given').rstrip('.')}"


def _next_step(after: StackState | None) -> str:
    if after is not None and after.status == "UPDATE_ROLLBACK_FAILED":
        return f"Resolve that, then: aws cloudformation continue-update-rollback --stack-name {after.name}"
    return "Correct that and run powertune deploy again: it goes on from there."


def _tidy(session: AwsSession, prepared: Prepared) -> None:
    """Delete packages of powertune's own bucket that neither this stack nor the one before it needs for a rollback."""
    if not buckets.is_own(session, prepared.bucket, prepared.place):
        return
    before = prepared.state.parameters if prepared.state is not None else {}
    needed = {*prepared.keys, *(before.get(name, "") for name in KEY_PARAMETERS.values())}
    old = tuple(key for key in buckets.keys_in(session, prepared.bucket) if key not in needed)
    buckets.delete_keys(session, prepared.bucket, old)
