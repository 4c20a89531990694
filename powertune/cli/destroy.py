"""``powertune destroy``: remove the stack and all that ``powertune deploy`` made."""

import json
from typing import Any

import click

from powertune.cli.deploy_options import agreed, check_names, place_options, somebody_is_there
from powertune.cli.progress import ProgressLine
from powertune.errors import Stopped, UsageError

_EPILOG = """\b
Examples:
  powertune destroy --region eu-west-1
  powertune destroy --keep-results --yes
"""


@click.command("destroy", epilog=_EPILOG)
@place_options
@click.option("--keep-results", is_flag=True, help="Leave the results bucket; a later stack uses it again.")
@click.option("--force", is_flag=True, help="Also while runs are under way; their functions are then not put back.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print what was deleted as JSON.")
def command(**options: Any) -> int:
    """Delete the stack, the results and the code of the task functions.

    Functions that were tuned are not touched. While a run is under way nothing is deleted, because the stack is what
    puts its function back.
    """
    stack_name = check_names(options["name_prefix"], options["stack_name"])
    if not options["yes"] and not somebody_is_there():
        raise UsageError("Nobody can be asked here, so nothing was started.", next_step="Add --yes to delete unasked.")
    from powertune.aws.clock import SystemClock
    from powertune.aws.session import AwsSession
    from powertune.workflow.teardown import check_idle, destroy, leftovers

    session = AwsSession(region=options["region"], profile=options["profile"])
    found = leftovers(session, stack_name, options["name_prefix"])
    if found.is_nothing:
        return _done(found, [], options)
    if not options["force"]:
        check_idle(found)
    going = _going(found, keep_results=options["keep_results"])
    click.echo(f"In {found.place.region}, account {found.place.account}, this is deleted:", err=True)
    for text in going:
        click.echo(f"  - {text}", err=True)
    if not options["yes"] and not agreed("Delete it?"):
        raise Stopped("Nothing was deleted.")
    try:
        with ProgressLine() as line:
            destroy(
                session,
                found,
                SystemClock(),
                lambda event: line.say(f"{event.logical_id}: {event.status}"),
                keep_results=options["keep_results"],
            )
    except KeyboardInterrupt:
        raise Stopped(
            f"powertune no longer watches; CloudFormation goes on deleting the stack {stack_name}.",
            next_step="Run powertune destroy again to delete the rest.",
        ) from None
    return _done(found, going, options)


def _going(found: Any, *, keep_results: bool) -> list[str]:
    """What is deleted, in words."""
    going = []
    if found.state is not None:
        going.append(f"the stack {found.state.name}: state machine, task functions, roles, rule and logs")
    if found.results is not None and not keep_results:
        objects = "1 object" if found.results == 1 else f"{found.results:,} objects"
        going.append(f"the results bucket {found.results_bucket} with {objects} in it")
    if found.artifacts_bucket is not None:
        going.append(f"the bucket {found.artifacts_bucket} with the code of the task functions")
    return going


def _done(found: Any, going: list[str], options: dict[str, Any]) -> int:
    kept = found.results_bucket if options["keep_results"] and found.results is not None else None
    if options["as_json"]:
        click.echo(json.dumps({"deleted": going, "kept": [] if kept is None else [kept]}, indent=1))
        return 0
    if not going:
        click.echo(f"There is nothing of powertune to delete in {found.place.region}.")
    for text in going:
        click.echo(f"Deleted {text}.")
    if kept is not None:
        click.echo(f"Kept the results bucket {kept}.")
    return 0
