"""``powertune status``: what is running on a function, or left over there."""

import json
from datetime import UTC, datetime
from typing import Any

import click

from powertune.cli.account_options import account_options, check_region, home_session_of, reaching, session_of
from powertune.cli.saying import say
from powertune.domain.function import FunctionArn

_EPILOG = """\b
Examples:
  powertune status --function-arn arn:aws:lambda:us-east-1:123456789012:function:orders
  powertune status --function-arn ARN --json | jq .held_by
  powertune status --region eu-west-1
"""


@click.command("status", epilog=_EPILOG)
@click.option(
    "--function-arn", metavar="ARN", help="The function, without version or alias; a whole region by default."
)
@account_options
@click.option("--json", "as_json", is_flag=True, help="Print what is there as JSON.")
def command(function_arn: str | None, as_json: bool, **options: Any) -> int:
    """Show whether a run holds a function, and what runs have left on it. Nothing is changed.

    Without a function: what the state machine of the region has under way, and the temporary clones there.
    """
    if function_arn is None:
        return _region(options, as_json=as_json)
    arn = FunctionArn.parse(function_arn)
    check_region(options["region"], arn)
    from powertune.aws.clock import SystemClock
    from powertune.target.status import status_of

    session = session_of(options, arn)
    found = status_of(session.client("lambda"), arn, SystemClock())
    behind = options["role_arn"] is not None
    running = _executions(home_session_of(options, arn.region) if behind else session, arn, through_role=behind)
    _tell(_data(found, running), _lines(found, running), as_json=as_json)
    return 0


def _tell(data: dict[str, Any], lines: list[str], *, as_json: bool) -> None:
    for line in [json.dumps(data, indent=1)] if as_json else lines:
        say(line)


def _region(options: dict[str, Any], *, as_json: bool) -> int:
    from powertune.aws.roles import account_of
    from powertune.target.clone import find_clones
    from powertune.workflow.executions import running
    from powertune.workflow.stack import find_stack

    session = reaching(options, options["region"])
    stack = find_stack(session, account_of(session), _partition(session.region or ""))
    under_way = None if stack is None else running(session, stack)
    clones = find_clones(session.client("lambda"))
    lines = [f"The state machine runs {one.run_id} on {one.function_arn} since {one.since}." for one in under_way or ()]
    lines += [
        f"Clone {one.arn.name} of {one.target.name}, by the run {one.run_id}{_until(one)}. Delete it, if that run "
        f"died, with: powertune cleanup --function-arn {one.target} --run-id {one.run_id}"
        for one in clones
    ]
    if not lines and under_way is not None:
        lines = [f"No execution is under way in {session.region}, and there is no clone."]
    elif not lines:
        lines = [f"There is no powertune state machine in {session.region}, and no clone."]
    data = {"region": session.region, "clones": _clones(clones), "executions": _running(under_way)}
    _tell(data, lines, as_json=as_json)
    return 0


def _partition(region: str) -> str:
    """AWS docs, IAM/latest/UserGuide/reference-arns."""
    return next(
        (name for start, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")) if region.startswith(start)), "aws"
    )


def _executions(session: Any, arn: FunctionArn, *, through_role: bool) -> Any:
    """The function's executions under way in the caller's account; None where that cannot be known.

    Behind a role the function is in another account than the state machine.
    """
    from powertune.aws.roles import account_of
    from powertune.errors import AwsError
    from powertune.workflow.executions import running
    from powertune.workflow.stack import find_stack

    try:
        stack = find_stack(session, account_of(session) if through_role else arn.account, arn.partition)
        return None if stack is None else tuple(one for one in running(session, stack) if one.function_arn == str(arn))
    except AwsError:
        return None


def _data(found: Any, running: Any) -> dict[str, Any]:
    lease = found.lease
    return {
        "function_arn": str(found.arn),
        "held_by": None
        if lease is None
        else {
            "run_id": lease.run_id,
            "by": lease.by or None,
            "since": _moment(lease.since_ms),
            "until": _moment(lease.until_ms),
            "expired": found.expired,
            "memory_mb": lease.memory_mb,
            "set_mb": list(lease.set_mb),
        },
        "foreign_lease_alias": found.unreadable,
        "runs": [
            {"run_id": one.run_id, "aliases": one.aliases, "versions": one.versions, "in_use": one.in_use}
            for one in found.runs
        ],
        "clones": _clones(found.clones),
        "executions": _running(running),
    }


def _clones(clones: Any) -> list[dict[str, Any]] | None:
    if clones is None:
        return None
    return [
        {
            "function_arn": str(one.arn),
            "target_arn": str(one.target),
            "run_id": one.run_id,
            "until": None if one.until_ms is None else _moment(one.until_ms),
        }
        for one in clones
    ]


def _running(executions: Any) -> list[dict[str, Any]] | None:
    if executions is None:
        return None
    return [
        {
            "run_id": one.run_id,
            "execution_arn": one.execution_arn,
            "since": one.since,
            "function_arn": one.function_arn,
        }
        for one in executions
    ]


def _until(clone: Any) -> str:
    return "" if clone.until_ms is None else f", in use until {_moment(clone.until_ms)} at the latest"


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, tz=UTC).isoformat(timespec="seconds")


def _lines(found: Any, running: Any) -> list[str]:
    name, lease = found.arn.name, found.lease
    lines = []
    if lease is not None:
        by = f" ({lease.by})" if lease.by else ""
        lines.append(f"{name} is held by the run {lease.run_id}{by} since {_moment(lease.since_ms)}.")
        if found.expired:
            lines.append(f"It should have ended by {_moment(lease.until_ms)}, so it has probably died.")
        else:
            lines.append(
                f"It is under way, or has died; if so, the next run undoes it after {_moment(lease.until_ms)}."
            )
        lines.append(f"Memory size before it: {lease.memory_mb} MB.")
        lines.append(f"Undo a dead run with: powertune cleanup --function-arn {found.arn}")
    elif found.unreadable:
        lines.append(f"{name} has an alias powertune-lease that powertune did not write; no run can begin.")
    else:
        lines.append(f"No run holds {name}.")
    for one in found.runs:
        lines.append(
            f"Of the run {one.run_id}: {_count(len(one.versions), 'version')} {', '.join(one.versions)}".rstrip()
            + (f"; {_count(len(one.aliases), 'alias', 'aliases')} {', '.join(one.aliases)}" if one.aliases else "")
            + "."
        )
        if one.in_use:
            lines.append(
                f"  Of these, an alias of yours uses {_count(len(one.in_use), 'version')} {', '.join(one.in_use)}."
            )
        if one.is_left_over and (lease is None or lease.run_id != one.run_id):
            lines.append(
                "  Delete what no alias of yours uses with: "
                f"powertune cleanup --function-arn {found.arn} --run-id {one.run_id}"
            )
    for clone in found.clones or ():
        lines.append(f"Clone {clone.arn.name} of the run {clone.run_id}{_until(clone)}.")
    if found.clones is None:
        lines.append("Whether there are clones of it is not known: the functions may not be listed.")
    for one in running or ():
        lines.append(f"The state machine runs {one.run_id} on it since {one.since}.")
    return lines


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
