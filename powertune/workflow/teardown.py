"""Deletes the stack and what goes with it, in steps between which somebody may look and decide."""

from dataclasses import dataclass

from powertune.aws.clock import Clock
from powertune.aws.errors import code_of, explained
from powertune.aws.session import AwsSession
from powertune.errors import AwsError, LeaseHeld
from powertune.workflow import buckets
from powertune.workflow.buckets import Place
from powertune.workflow.change_set import StackState, check_can_change, stack_state
from powertune.workflow.deployment import KEY_PARAMETERS, why
from powertune.workflow.package import PACKAGE_KEY
from powertune.workflow.stack import bucket_name
from powertune.workflow.stack_events import Tell, follow, last_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """What there is to destroy. ``results`` counts the objects in the results bucket, None where there is no bucket.

    ``results_bucket`` is that bucket, ``artifacts_bucket`` one that ``powertune deploy`` made, None where there is
    none, and ``running`` holds the run ids of executions under way.
    """

    place: Place
    state: StackState | None
    results_bucket: str
    results: int | None
    artifacts_bucket: str | None
    running: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to destroy at all."""
        return self.state is None and self.results is None and self.artifacts_bucket is None


def leftovers(session: AwsSession, stack_name: str, prefix: str) -> Leftovers:
    """Look at what a deployment has left in this account and region.

    Raises:
        AwsError: the stack is being changed, or the caller may not look.
    """
    place = buckets.place_of(session)
    state = stack_state(session.client("cloudformation"), stack_name)
    if state is not None and state.is_moving:
        check_can_change(state)
    prefix = prefix if state is None else state.parameters.get("NamePrefix", prefix)
    results = bucket_name(place.account, place.region, prefix)
    artifacts = buckets.artifacts_bucket_name(prefix, place)
    has_artifacts = buckets.bucket_exists(session, artifacts, place) and buckets.is_own(session, artifacts, place)
    has_results = buckets.bucket_exists(session, results, place)
    return Leftovers(
        place=place,
        state=state,
        results_bucket=results,
        results=len(buckets.keys_in(session, results)) if has_results else None,
        artifacts_bucket=artifacts if has_artifacts else None,
        running=_running(session, state),
    )


def _running(session: AwsSession, state: StackState | None) -> tuple[str, ...]:
    arn = None if state is None else state.outputs.get("StateMachineArn")
    if arn is None:
        return ()
    from botocore.exceptions import ClientError

    with explained("listing the executions"):
        pages = session.client("stepfunctions").get_paginator("list_executions")
        try:
            found = pages.paginate(stateMachineArn=arn, statusFilter="RUNNING")
            return tuple(one["name"] for page in found for one in page["executions"])
        except ClientError as error:
            if code_of(error) == "StateMachineDoesNotExist":
                return ()
            raise


def check_idle(found: Leftovers) -> None:
    """Refuse while runs are under way.

    Raises:
        LeaseHeld: there are some.
    """
    if found.running:
        runs = ", ".join(found.running)
        raise LeaseHeld(
            f"Runs are under way: {runs}. Without the stack nothing would put their functions back; nothing was "
            "deleted.",
            next_step="Wait for them to end, or stop them. With --force the stack goes all the same, and you finish "
            "each undo with: powertune cleanup --function-arn ARN",
        )


def destroy(session: AwsSession, found: Leftovers, clock: Clock, tell: Tell, *, keep_results: bool) -> None:
    """Delete the stack, then the results unless they are kept, then the code.

    Raises:
        AwsError: something could not be deleted; what was still to come is left as it is.
    """
    client = session.client("cloudformation")
    state = found.state
    if state is not None:
        since = last_event(client, state.stack_id)
        with explained(f"deleting the stack {state.name}"):
            client.delete_stack(StackName=state.stack_id)
        after, failed = follow(client, state, since, clock, tell)
        if after is not None:
            raise AwsError(
                f"The stack {state.name} could not be deleted: {why(failed, after)}. It is {after.status}; results "
                "and code were left as they are.",
                next_step="Correct that and run powertune destroy again: it goes on from there.",
            )
    if found.results is not None and not keep_results:
        buckets.delete_bucket(session, found.results_bucket, found.place)
    if found.artifacts_bucket is not None:
        buckets.delete_bucket(session, found.artifacts_bucket, found.place)
    elif state is not None:
        _delete_packages(session, state)


def _delete_packages(session: AwsSession, state: StackState) -> None:
    """Delete what this stack put into a bucket that is not powertune's own, and nothing else there."""
    keys = (state.parameters.get(parameter, "") for parameter in KEY_PARAMETERS.values())
    under = f"{state.name}/"
    own = tuple(key for key in keys if key.startswith(under) and PACKAGE_KEY.fullmatch(key.removeprefix(under)))
    if own:
        buckets.delete_keys(session, state.parameters["ArtifactBucket"], own)
