"""``powertune cleanup``: finish an undo from the record on the function alone."""

import json
from typing import Any

import click

from powertune.cli.account_options import account_options, check_region, session_of
from powertune.cli.saying import say
from powertune.domain.function import FunctionArn
from powertune.errors import AwsError, FunctionNotFound, NotRestored

_EPILOG = """\b
Examples:
  powertune cleanup --function-arn arn:aws:lambda:us-east-1:123456789012:function:orders
  powertune cleanup --function-arn ARN --run-id 20261126T101500-ab12cd
"""


@click.command("cleanup", epilog=_EPILOG)
@click.option("--function-arn", required=True, metavar="ARN", help="The function, without version or alias.")
@click.option("--run-id", metavar="ID", help="Undo this run only, and delete its clone even if it may be in use.")
@account_options
@click.option("--json", "as_json", is_flag=True, help="Print what was undone as JSON.")
def command(function_arn: str, run_id: str | None, as_json: bool, **options: Any) -> int:
    """Undo what a run that died left on a function.

    The record of what must be undone is on the function itself. Only what a powertune run made is deleted, and the
    memory size is put back only where that run had set it. Temporary clones go too, once their run's time is over.
    Safe to repeat. A run that is still under way loses its function, stops with an error, and leaves nothing.
    """
    arn = FunctionArn.parse(function_arn)
    check_region(options["region"], arn)
    from powertune.aws.clock import SystemClock
    from powertune.target.restore import restore
    from powertune.target.snapshot import require_function

    client, clock = session_of(options, arn).client("lambda"), SystemClock()
    try:
        require_function(client, arn)
        undone = restore(client, arn, clock, run_id=run_id)
    except FunctionNotFound:
        raise
    except AwsError as error:
        raise NotRestored(
            f"What a run may have left on {arn.name} was not undone to the end: {error.message}",
            next_step=f"{error.next_step} Then repeat: powertune cleanup --function-arn {arn}",
        ) from error
    deleted, in_use, unknown = _clones(client, arn, clock, run_id)
    if as_json:
        click.echo(json.dumps(_data(undone, deleted) if undone is not None or deleted else None, indent=1))
        return 0
    if undone is None and not deleted:
        for line in _nothing(client, arn, clock, run_id):
            say(line)
    if undone is not None:
        for line in _lines(undone, arn):
            say(line)
    for name in deleted:
        say(f"Deleted the clone {name}.")
    for note in in_use:
        say(note)
    if unknown is not None:
        say(f"Whether there are clones of it is not known: {unknown}", err=True)
    return 0


def _nothing(client: Any, arn: FunctionArn, clock: Any, run_id: str | None) -> list[str]:
    """What to say where no run holds the function: there may be things of runs all the same."""
    if run_id is not None:
        return [f"The run {run_id} left nothing on {arn.name}."]
    from powertune.target.status import status_of

    runs = [one for one in status_of(client, arn, clock).runs if one.is_left_over]
    if not runs:
        return [f"No powertune run has left anything on {arn.name}."]
    return [
        f"No run holds {arn.name}, so nothing was done.",
        *(
            f"Of the run {one.run_id} there are {_count(one.versions, 'version')} and "
            f"{_count(one.aliases, 'alias', 'aliases')}. Delete what no alias of "
            f"yours uses with: powertune cleanup --function-arn {arn} --run-id {one.run_id}"
            for one in runs
        ),
    ]


def _data(undone: Any, clones_deleted: list[str]) -> dict[str, Any]:
    """What was undone; where no run held the function, clones alone."""
    names = ("run_id", "memory_mb", "memory_put_back", "aliases_deleted", "versions_deleted", "left_alone")
    fields = {name: getattr(undone, name, None) for name in (*names, "applied_stays")}
    return {**fields, "clones_deleted": clones_deleted}


def _lines(undone: Any, arn: FunctionArn) -> list[str]:
    deleted = f"{_count(undone.aliases_deleted, 'alias', 'aliases')} and {_count(undone.versions_deleted, 'version')}"
    if undone.applied_stays:
        said = f"The run {undone.run_id} on {arn.name} was over, and what it applied stays; {deleted} were deleted."
    else:
        memory = f"put back to {undone.memory_mb} MB" if undone.memory_put_back else "was not changed"
        said = f"Undid the run {undone.run_id} on {arn.name}: the memory size {memory}, {deleted} were deleted."
    return [said, *undone.left_alone]


def _count(things: tuple[str, ...], one: str, many: str | None = None) -> str:
    return f"{len(things)} {one if len(things) == 1 else many or one + 's'}"


def _clones(client: Any, arn: FunctionArn, clock: Any, run_id: str | None) -> tuple[list[str], list[str], str | None]:
    """Delete the clones of dead runs: what was deleted, what is in use, and why that is not known, if so."""
    from powertune.target.clone import delete_clone, find_clones

    try:
        found = find_clones(client, arn)
    except AwsError as error:
        return [], [], error.message
    deleted, in_use = [], []
    for clone in found:
        if clone.run_id == run_id or (run_id is None and clone.is_expired(clock.now_ms())):
            delete_clone(client, clone, clock)
            deleted.append(clone.arn.name)
        elif run_id is None:
            in_use.append(
                f"The clone {clone.arn.name} may be in use by the run {clone.run_id}; if that died, delete it with: "
                f"powertune cleanup --function-arn {arn} --run-id {clone.run_id}"
            )
    return deleted, in_use, None
