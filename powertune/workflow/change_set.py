"""What a deployment would change, asked of CloudFormation before anything is changed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import code_of, explained, message_of
from powertune.errors import AwsError

_POLL_S = 1.0
_TIMEOUT_S = 600
_NOTHING = ("didn't contain changes", "no updates are to be performed")
"""How CloudFormation says that there is nothing to do (AWS docs, AWSCloudFormation/latest/APIReference,
API_DescribeChangeSet, StatusReason): as a failure."""

_REPLACEMENTS = {"True": "replace", "Conditional": "may replace"}

RESULTS_BUCKET = "ResultsBucket"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """A stack as CloudFormation describes it. ``parameters`` and ``outputs`` are texts by name."""

    name: str
    stack_id: str
    status: str
    reason: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def is_empty(self) -> bool:
        """Whether it has a name and no resources, so that it still has to be created."""
        return self.status == "REVIEW_IN_PROGRESS"

    @property
    def is_moving(self) -> bool:
        """Whether CloudFormation is changing it."""
        return self.status.endswith("_IN_PROGRESS") and not self.is_empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one resource. ``action`` is add, modify, remove, replace or "may replace"."""

    action: str
    logical_id: str
    kind: str

    @property
    def loses_results(self) -> bool:
        """Whether powertune would no longer find earlier results: another bucket takes the place of theirs."""
        return self.logical_id == RESULTS_BUCKET and self.action in ("replace", "may replace", "remove")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A stack as it shall be.

    Attributes:
        name: its name.
        template: the packaged template.
        parameters: values by name; None leaves what the stack has.
        tags: for the stack and all its resources; empty leaves those that it has.
    """

    name: str
    template: str
    parameters: Mapping[str, str | None]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """A change set that waits to be executed. ``creates`` says whether there was no stack of that name at all."""

    arn: str
    stack_name: str
    creates: bool
    changes: tuple[Change, ...]


def stack_state(client: Any, name: str) -> StackState | None:
    """The stack; None where it is not there.

    Raises:
        AwsError: AWS does not let the caller look.
    """
    from botocore.exceptions import ClientError

    with explained(f"looking at the stack {name}"):
        try:
            (found,) = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if code_of(error) == "ValidationError" and "does not exist" in message_of(error):
                return None
            raise
    return StackState(
        name=found["StackName"],
        stack_id=found["StackId"],
        status=found["StackStatus"],
        reason=found.get("StackStatusReason") or "",
        parameters={one["ParameterKey"]: one.get("ParameterValue", "") for one in found.get("Parameters", [])},
        outputs={one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])},
    )


def check_can_change(state: StackState | None) -> None:
    """Refuse a stack that CloudFormation would not change now.

    Raises:
        AwsError: it is being changed, or is left in a state that somebody has to resolve.
    """
    if state is None:
        return
    if state.is_moving:
        raise AwsError(
            f"The stack {state.name} is being changed by somebody else ({state.status}); nothing was started.",
            next_step="Wait until that is over, and run again.",
        )
    if state.status == "UPDATE_ROLLBACK_FAILED":
        raise AwsError(
            f"An update of the stack {state.name} could not be rolled back: {state.reason or 'no reason given'}.",
            next_step="Resolve what it names, then: aws cloudformation continue-update-rollback "
            f"--stack-name {state.name}",
        )
    if state.status == "DELETE_FAILED":
        raise AwsError(
            f"The stack {state.name} is half deleted: {state.reason or 'no reason given'}.",
            next_step="Finish that with: powertune destroy",
        )


def must_go_first(state: StackState | None) -> bool:
    """Whether the stack is the rest of a creation that failed, which can only be deleted."""
    return state is not None and state.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")


def make_change_set(client: Any, wanted: Wanted, state: StackState | None, clock: Clock) -> ChangeSet | None:
    """Ask CloudFormation what would change.

    Returns:
        The change set; None where the stack is already so, and nothing was left behind.

    Raises:
        AwsError: CloudFormation refuses; nothing was changed.
    """
    from botocore.exceptions import ClientError

    creates = state is None or state.is_empty
    digest = hashlib.sha256(wanted.template.encode()).hexdigest()[:8]
    request: dict[str, Any] = {
        "StackName": wanted.name,
        "ChangeSetName": f"powertune-{digest}-{clock.now_ms()}",
        "ChangeSetType": "CREATE" if creates else "UPDATE",
        "TemplateBody": wanted.template,
        "Parameters": _parameters(wanted, None if creates else state),
        # Its roles have no names of their own, so that the stronger CAPABILITY_NAMED_IAM is not needed.
        "Capabilities": ["CAPABILITY_IAM"],
    }
    if wanted.tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in wanted.tags.items()]
    with explained(f"making a change set for the stack {wanted.name}"):
        try:
            arn: str = client.create_change_set(**request)["Id"]
        except ClientError as error:
            if any(text in message_of(error).lower() for text in _NOTHING):
                return None
            raise
    answer = _described(client, wanted.name, arn, clock)
    if answer["Status"] == "FAILED":
        discard(client, ChangeSet(arn=arn, stack_name=wanted.name, creates=state is None, changes=()))
        reason = answer.get("StatusReason") or "no reason given"
        if any(text in reason.lower() for text in _NOTHING):
            return None
        raise AwsError(
            f"CloudFormation cannot make a change set for the stack {wanted.name}: {reason}. Nothing was changed.",
            next_step="Correct what it names and run again.",
        )
    changes = tuple(_changes(client, answer))
    return ChangeSet(arn=arn, stack_name=wanted.name, creates=state is None, changes=changes)


def discard(client: Any, change_set: ChangeSet) -> None:
    """Delete a change set, and the empty stack that came into being with it."""
    with explained(f"deleting a change set of the stack {change_set.stack_name}"):
        client.delete_change_set(ChangeSetName=change_set.arn)
    state = stack_state(client, change_set.stack_name) if change_set.creates else None
    if state is not None and state.is_empty:
        with explained(f"deleting the empty stack {change_set.stack_name}"):
            client.delete_stack(StackName=change_set.stack_name)


def _parameters(wanted: Wanted, state: StackState | None) -> list[dict[str, Any]]:
    """Values that were given, and those that the stack has for the others; the rest have their defaults."""
    given: list[dict[str, Any]] = [
        {"ParameterKey": name, "ParameterValue": value}
        for name, value in wanted.parameters.items()
        if value is not None
    ]
    kept = set() if state is None else {name for name, value in wanted.parameters.items() if value is None}
    if state is not None:
        given += [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(kept & state.parameters.keys())]
    return given


def _described(client: Any, stack: str, arn: str, clock: Clock) -> dict[str, Any]:
    deadline_ms = clock.now_ms() + _TIMEOUT_S * 1000
    while True:
        with explained(f"waiting for a change set of the stack {stack}"):
            answer: dict[str, Any] = client.describe_change_set(ChangeSetName=arn)
        if answer["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            return answer
        if clock.now_ms() > deadline_ms:
            raise AwsError(
                f"CloudFormation has not made the change set of the stack {stack} within {_TIMEOUT_S // 60} minutes.",
                next_step="Nothing was changed; run again later.",
            )
        clock.sleep(_POLL_S)


def _changes(client: Any, answer: dict[str, Any]) -> list[Change]:
    found = []
    while True:
        for item in answer.get("Changes", []):
            change = item.get("ResourceChange")
            if change is not None:
                action = change["Action"].lower()
                if action == "modify":
                    action = _REPLACEMENTS.get(change.get("Replacement", "False"), action)
                found.append(Change(action=action, logical_id=change["LogicalResourceId"], kind=change["ResourceType"]))
        token = answer.get("NextToken")
        if not token:
            return found
        with explained("reading a change set"):
            answer = client.describe_change_set(ChangeSetName=answer["ChangeSetId"], NextToken=token)
