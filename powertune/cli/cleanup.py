"""``powertune cleanup``: finish an undo from the record on the function alone."""

import json

import click

from powertune.domain.function import FunctionArn

_EPILOG = """\b
Example:
  powertune cleanup --function-arn arn:aws:lambda:us-east-1:123456789012:function:orders
"""


@click.command("cleanup", epilog=_EPILOG)
@click.option("--function-arn", required=True, metavar="ARN", help="The function, without version or alias.")
@click.option("--profile", metavar="NAME", help="Profile of the AWS configuration.")
@click.option("--json", "as_json", is_flag=True, help="Print what was undone as JSON.")
def command(function_arn: str, profile: str | None, as_json: bool) -> int:
    """Undo what a run that died left on a function.

    The record of what must be undone is on the function itself. Only what a powertune run made is deleted, and the
    memory size is put back only where that run had set it. Safe to repeat. A run that is still under way loses its
    function: stop it first.
    """
    arn = FunctionArn.parse(function_arn)
    from powertune.aws.clock import SystemClock
    from powertune.aws.session import AwsSession
    from powertune.target.restore import restore

    undone = restore(AwsSession(region=arn.region, profile=profile).client("lambda"), arn, SystemClock())
    if as_json:
        fields = ("run_id", "memory_mb", "memory_put_back", "aliases_deleted", "versions_deleted", "left_alone")
        click.echo(json.dumps(None if undone is None else {name: getattr(undone, name) for name in fields}, indent=1))
    elif undone is None:
        click.echo(f"No powertune run has left anything on {arn.name}.")
    else:
        memory = f"put back to {undone.memory_mb} MB" if undone.memory_put_back else "was not changed"
        click.echo(
            f"Undid the run {undone.run_id} on {arn.name}: the memory size {memory}, "
            f"{len(undone.aliases_deleted)} aliases and {len(undone.versions_deleted)} versions were deleted."
        )
        for note in undone.left_alone:
            click.echo(note)
    return 0
