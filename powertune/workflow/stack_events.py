"""Follows a stack while CloudFormation changes it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import explained
from powertune.workflow.change_set import StackState, stack_state

_POLL_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StackEvent:
    """Something that happened to a resource."""

    logical_id: str
    kind: str
    status: str
    reason: str

    @property
    def is_failure(self) -> bool:
        """Whether it went wrong by itself, and not because something else had."""
        return self.status.endswith("_FAILED") and "cancelled" not in self.reason.lower()


Tell = Callable[[StackEvent], None]


def last_event(client: Any, stack: str) -> str | None:
    """The id of the newest event, which everything that follows comes after; None where there is none."""
    with explained(f"reading the events of the stack {stack}"):
        events = client.describe_stack_events(StackName=stack)["StackEvents"]
    return str(events[0]["EventId"]) if events else None


def follow(
    client: Any, stack: StackState, since: str | None, clock: Clock, tell: Tell
) -> tuple[StackState | None, StackEvent | None]:
    """Wait until a stack is no longer being changed.

    Args:
        client: a CloudFormation client.
        stack: the stack. It is followed by its id, under which a stack that is deleted can still be looked at.
        since: the id of the last event before the change.
        clock: for waiting.
        tell: told every event.

    Returns:
        The stack then, None where it is gone, and the first failure if there was one.
    """
    first: StackEvent | None = None
    while True:
        state = stack_state(client, stack.stack_id)
        for event_id, event in _events_after(client, stack.stack_id, since):
            since = event_id
            tell(event)
            if first is None and event.is_failure and event.logical_id != stack.name:
                first = event
        if state is None or state.status == "DELETE_COMPLETE":
            return None, first
        if not state.is_moving:
            return state, first
        clock.sleep(_POLL_S)


def _events_after(client: Any, stack_id: str, since: str | None) -> Iterator[tuple[str, StackEvent]]:
    """The events since, the oldest first; CloudFormation tells the newest first."""
    found: list[tuple[str, StackEvent]] = []
    with explained("reading the events of the stack"):
        for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
            for event in page["StackEvents"]:
                if event["EventId"] == since:
                    return iter(reversed(found))
                found.append((str(event["EventId"]), _event(event)))
    return iter(reversed(found))


def _event(data: dict[str, Any]) -> StackEvent:
    return StackEvent(
        logical_id=data["LogicalResourceId"],
        kind=data["ResourceType"],
        status=data["ResourceStatus"],
        reason=data.get("ResourceStatusReason") or "",
    )
