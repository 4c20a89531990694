"""``powertune deploy``: create or update the stack."""

import json
from pathlib import Path
from typing import Any

import click

from powertune.cli.deploy_options import (
    agreed,
    check_names,
    deploy_options,
    pairs,
    parameters_of,
    place_options,
    somebody_is_there,
)
from powertune.cli.progress import ProgressLine
from powertune.domain.function import Architecture
from powertune.errors import Stopped, UsageError

_EPILOG = """\b
Examples:
  powertune deploy --region eu-west-1
  powertune deploy --function-scope arn:aws:lambda:eu-west-1:123456789012:function:orders --architecture arm64
  powertune deploy --kms-key-arn ARN --permissions-boundary ARN --tag team=payments --yes
  powertune deploy --emit packaged    # the template and its code, to deploy with other tools; no AWS is needed
"""

_MARKS = {"add": "+", "remove": "-", "replace": "!", "may replace": "?", "modify": "~"}


@click.command("deploy", epilog=_EPILOG)
@place_options
@deploy_options
@click.option("--yes", is_flag=True, help="Do not ask before changing the stack.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@click.option(
    "--emit",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the packaged template and its code there, and touch nothing on AWS.",
)
def command(**options: Any) -> int:
    """Set up the powertune state machine in a region, or bring it up to date.

    Builds the code of the task functions from wheels, uploads it, and shows what CloudFormation would change before
    anything is changed. Safe to repeat: what an option does not name stays as it is, and no change is a success.
    """
    stack_name = check_names(options["name_prefix"], options["stack_name"])
    parameters, tags = parameters_of(options), pairs(options["tags"], "--tag")
    if options["emit"] is not None:
        return _emit(options["emit"], options)
    if not options["yes"] and not somebody_is_there():
        raise UsageError(
            "Nobody can be asked here, so nothing was started.", next_step="Add --yes to change the stack unasked."
        )
    from powertune.aws.clock import SystemClock
    from powertune.aws.session import AwsSession
    from powertune.workflow import deployment
    from powertune.workflow.change_set import discard
    from powertune.workflow.wheels import install_wheels

    session, clock = AwsSession(region=options["region"], profile=options["profile"]), SystemClock()
    wanted = deployment.Deployment(
        stack_name=stack_name,
        prefix=options["name_prefix"],
        architecture=Architecture(options["architecture"]) if options["architecture"] else None,
        parameters=parameters,
        tags=tags,
        artifact_bucket=options["artifact_bucket"],
    )
    with ProgressLine() as line:
        line.say("looking at the stack")
        state = deployment.look(session, stack_name)
        architecture = deployment.architecture_of(wanted, state)
        line.say(f"building the code of the task functions for {architecture}")
        packages = deployment.build_packages(architecture, install_wheels)
        line.say("uploading, and asking CloudFormation what would change")
        prepared = deployment.prepare(session, wanted, packages, architecture, state, clock)
    for note in prepared.notes:
        click.echo(note, err=True)
    if prepared.change_set is None:
        assert state is not None
        return _done("unchanged", state, prepared, options)
    _show(prepared, parameters, state, stack_name)
    if not options["yes"] and not agreed("Change the stack so?"):
        discard(session.client("cloudformation"), prepared.change_set)
        raise Stopped(
            f"Nothing was changed in the stack {stack_name}. The code stays in the bucket {prepared.bucket}.",
            next_step="powertune destroy removes that bucket again, if powertune made it.",
        )
    try:
        with ProgressLine() as line:
            after = deployment.execute(
                session, prepared, clock, lambda event: line.say(f"{event.logical_id}: {event.status}")
            )
    except KeyboardInterrupt:
        raise Stopped(
            f"powertune no longer watches the stack {stack_name}; CloudFormation goes on changing it.",
            next_step="Run powertune deploy again to see how it ended.",
        ) from None
    return _done("created" if prepared.change_set.creates else "updated", after, prepared, options)


def _emit(folder: Path, options: dict[str, Any]) -> int:
    """Write the packaged template, the code, and how to deploy them."""
    from powertune.workflow.emitting import emit
    from powertune.workflow.wheels import install_wheels

    with ProgressLine() as line:
        line.say("building the code of the task functions")
        written = emit(folder, Architecture(options["architecture"] or "x86_64"), install_wheels)
    if options["as_json"]:
        click.echo(json.dumps({"status": "emitted", "files": [str(path) for path in written]}, indent=1))
    else:
        for path in written:
            click.echo(str(path))
    return 0


def _show(prepared: Any, parameters: dict[str, str], state: Any, stack_name: str) -> None:
    """What would change, and what deserves a second look."""
    changes = prepared.change_set.changes
    click.echo(f"The stack {stack_name} in {prepared.place.region}, account {prepared.place.account}:", err=True)
    for change in changes:
        click.echo(
            f"  {_MARKS.get(change.action, '~')} {change.action:11} {change.logical_id} ({change.kind})", err=True
        )
    if any(change.loses_results for change in changes):
        click.echo(
            "Warning: the results bucket is replaced. Earlier results stay in the old bucket, where powertune no "
            "longer looks.",
            err=True,
        )
    present = "" if state is None else state.parameters.get("FunctionScope", "")
    if not parameters.get("FunctionScope", present):
        click.echo(
            "It may tune, and for that invoke, every function of this account and region; --function-scope names "
            "those that it may.",
            err=True,
        )


def _done(status: str, state: Any, prepared: Any, options: dict[str, Any]) -> int:
    """The answer."""
    arn, bucket = state.outputs.get("StateMachineArn"), state.outputs.get("ResultsBucket")
    if options["as_json"]:
        changes = () if prepared.change_set is None else prepared.change_set.changes
        answer = {
            "status": status,
            "stack": state.name,
            "state_machine_arn": arn,
            "results_bucket": bucket,
            "artifact_bucket": prepared.bucket,
            "changes": [{"action": c.action, "resource": c.logical_id, "type": c.kind} for c in changes],
        }
        click.echo(json.dumps(answer, indent=1))
        return 0
    click.echo(f"The stack {state.name} is {'up to date: nothing was changed' if status == 'unchanged' else status}.")
    click.echo(f"State machine: {arn}")
    click.echo(f"Results: s3://{bucket}")
    if options["name_prefix"] != "powertune":
        click.echo(f"powertune finds it with: export POWERTUNE_NAME_PREFIX={options['name_prefix']}")
    return 0
