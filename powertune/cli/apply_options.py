"""Options that put a recommendation into effect."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from powertune.domain.canary import CanaryOutcome, parse_canary
from powertune.domain.function import FunctionArn
from powertune.domain.result import TuningResult
from powertune.errors import AwsError, CanaryRolledBack, PowertuneError, Stopped, UsageError

if TYPE_CHECKING:
    from powertune.cli.run_drive import Place

Command = Callable[..., Any]

LOGICAL_ID_TAG = "aws:cloudformation:logical-id"
"""CloudFormation tags what it makes with the name that the template has for it (AWS docs,
AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags)."""

_OPTIONS = (
    click.option(
        "--apply", is_flag=True, help="Set the function to the recommended memory size, where that is a gain."
    ),
    click.option(
        "--alias",
        "--apply-alias",
        "apply_alias",
        metavar="NAME",
        help="With --apply: publish it, and point this alias at the version.",
    ),
    click.option(
        "--canary",
        metavar="SHARE%/TIME",
        help="With --alias: first give the new version this share of the alias's invocations for that time, such as "
        "10%/10m, and put the alias back where errors or durations get worse.",
    ),
    click.option(
        "--write-template",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Write the recommended memory size into this SAM or CloudFormation template; nothing else in it changes.",
    ),
    click.option(
        "--template-resource",
        metavar="LOGICAL_ID",
        help="With --write-template: the function's name in the template, where it cannot be told.",
    ),
)


def apply_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def apply_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """What the options say of the request.

    Raises:
        UsageError: the canary cannot be meant.
    """
    canary = options["canary"]
    return {
        "apply": options["apply"],
        "apply_alias": options["apply_alias"],
        "canary": None if canary is None else parse_canary(canary),
    }


def check_apply(options: dict[str, Any]) -> None:
    """Refuse what could only fail once the run is paid for.

    Raises:
        UsageError: what, and why.
    """
    if options["canary"] is not None and options["local_spec"] is not None:
        raise UsageError(
            "A canary needs real traffic and CloudWatch's metrics, and --local has neither.",
            next_step="Leave --canary out.",
        )
    if options["write_template"] is None:
        if options["template_resource"] is not None:
            raise UsageError("--template-resource goes with --write-template.", next_step="Leave it out.")
        return
    if options["dry_run"]:
        raise UsageError(
            "A dry run recommends nothing, so there is nothing to write.", next_step="Leave --write-template out."
        )
    if options["architectures"] is not None:
        raise UsageError(
            "A template is given the memory size for the instruction set that it has, and --architectures may find "
            "another one better.",
            next_step="Leave --write-template or --architectures out.",
        )
    from powertune.iac.files import read_template
    from powertune.iac.nodes import Tree

    Tree(read_template(options["write_template"]))


def check_template(place: "Place", arn: FunctionArn, options: dict[str, Any]) -> None:
    """Find where the template says the memory size, before anything is spent.

    Raises:
        UsageError: it does not say it in a way that could be changed.
    """
    if options["write_template"] is None:
        return
    from powertune.iac.files import read_template
    from powertune.iac.memory_size import find_place

    named = options["template_resource"]
    options["deployed_as"] = None if named or place.is_local else _logical_id(place.session, arn)
    text = read_template(options["write_template"])
    found = find_place(text, arn.name, resource=named, deployed_as=options["deployed_as"])
    place.line.say(f"{options['write_template']}: {found.what}")


def _logical_id(session: Any, arn: FunctionArn) -> str | None:
    """The name that the function's template has for it; None where its tags do not say, or may not be read."""
    from powertune.aws.errors import explained

    try:
        with explained("reading the tags", arn.name):
            tags = session.client("lambda").list_tags(Resource=str(arn)).get("Tags") or {}
    except AwsError:
        return None
    name = tags.get(LOGICAL_ID_TAG)
    return None if name is None else str(name)


def write_down(result: TuningResult, options: dict[str, Any]) -> None:
    """Put the recommendation where the function's template says its memory size, or say how to.

    Nothing is written where the recommendation would not be applied either.
    """
    from powertune.render.text.template_lines import template_lines
    from powertune.workflow.steps.ending import why_not_applied

    table = not options["as_json"] and options["output_format"] == "table"
    reason = why_not_applied(result)
    if options["write_template"] is not None:
        done = _not_written(options, reason) if reason is not None else _written(result, options)
        click.echo(done, err=not table)
    elif table and reason is None and result.environment.kind == "aws" and result.request.architecture is None:
        for line in template_lines(result):
            click.echo(line)


def _not_written(options: dict[str, Any], reason: str) -> str:
    return f"{options['write_template']} was not changed: {reason}."


def _written(result: TuningResult, options: dict[str, Any]) -> str:
    from powertune.iac.files import read_template, write_template
    from powertune.iac.memory_size import edited, find_place

    assert result.recommendation is not None
    path, memory_mb = options["write_template"], result.recommendation.memory_mb
    name = {"resource": options["template_resource"], "deployed_as": options.get("deployed_as")}
    try:
        # Read again: the run took its time, and the file may be another one by now.
        text = read_template(path)
        place = find_place(text, result.function.name, **name)
        if place.present_mb == memory_mb:
            return f"{path} has {memory_mb} already: {place.what}."
        new = edited(text, place, memory_mb)
        if find_place(new, result.function.name, **name).present_mb != memory_mb:
            raise UsageError("the number could not be placed.", next_step="Change it by hand.")
        write_template(path, new)
    except (UsageError, OSError) as error:
        told = f"{error.message} {error.next_step}" if isinstance(error, UsageError) else f"{error}."
        return f"{path} was not changed: {told}"
    before = "" if place.present_mb is None else f" instead of {place.present_mb}"
    return f"Wrote {memory_mb}{before} to {path}: {place.what}." + (f" {place.note}" if place.note else "")


def applying_failure(result: TuningResult) -> PowertuneError | None:
    """How a command ends that did not apply what it was to; None where it did, was not to, or saw no gain in it."""
    from powertune.workflow.steps.ending import is_stopped_before_applying

    if is_stopped_before_applying(result):
        return Stopped(
            f"The run was stopped before its recommendation was applied; {result.function.name} was put back as it "
            "was. The result is kept."
        )
    report = result.canary
    if report is None or report.outcome is CanaryOutcome.PASSED:
        return None
    where = f"The alias {report.alias} of {result.function.name}"
    if report.outcome is CanaryOutcome.STOPPED:
        return Stopped(f"The canary was stopped. {where} points at version {report.old_version} alone again.")
    if report.outcome is CanaryOutcome.CHANGED:
        return CanaryRolledBack(
            f"The canary was ended: {report.reason}.",
            next_step=f"Look where {report.alias} points: what this run had done to it was undone, and nothing else.",
        )
    return CanaryRolledBack(
        f"The canary was rolled back: {report.reason}. {where} points at version {report.old_version} alone again.",
        next_step="See the result for the figures. A quiet function needs a larger share or a longer time, as in "
        "--canary 50%/1h.",
    )
