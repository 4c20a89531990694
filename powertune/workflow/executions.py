"""Which runs the state machine has under way."""

import json
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from powertune.aws.errors import explained
from powertune.aws.session import AwsSession
from powertune.workflow.stack import Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An execution under way. ``function_arn`` is None where its input does not say it."""

    run_id: str
    execution_arn: str
    since: str  # ISO 8601, UTC
    function_arn: str | None


def running(session: AwsSession, stack: Stack) -> tuple[Running, ...]:
    """The executions under way, the latest first.

    Raises:
        AwsError: AWS does not let the caller look.
    """
    states = session.client("stepfunctions")
    found = []
    with explained("listing the executions"):
        pages = states.get_paginator("list_executions").paginate(
            stateMachineArn=stack.state_machine_arn, statusFilter="RUNNING"
        )
        for execution in (one for page in pages for one in page["executions"]):
            arn = execution["executionArn"]
            described = states.describe_execution(executionArn=arn)
            found.append(
                Running(
                    run_id=execution["name"],
                    execution_arn=arn,
                    since=execution["startDate"].astimezone(UTC).isoformat(timespec="seconds"),
                    function_arn=function_in(described.get("input")),
                )
            )
    return tuple(found)


def function_in(text: Any) -> str | None:
    """The ARN of the function in an execution's input; None where that does not say it."""
    try:
        data = json.loads(text)
        arn = data["lambdaARN"] if "lambdaARN" in data else data["request"]["function_arn"]
    except (ValueError, KeyError, TypeError):
        return None
    return str(arn)
