"""``powertune baseline``: the results that checks compare with."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from powertune.cli.account_options import account_options, check_region, home_session_of, role_of, stack_region_option
from powertune.cli.baseline_place import DEFAULT, BaselinePlace, open_place, parse_place, place_option
from powertune.cli.check_options import split_arn
from powertune.cli.report_source import find_text
from powertune.cli.saying import say
from powertune.domain.check import LATEST, Baseline
from powertune.domain.function import FunctionArn
from powertune.errors import UsageError

_EPILOG = """\b
Examples:
  powertune baseline set powertune-results/20261126T101500-ab12cd/result.json
  powertune baseline show --function-arn ARN --qualifier live
  powertune baseline list
"""

_SET_EPILOG = """\b
Examples:
  powertune baseline set 20261126T101500-ab12cd
  powertune baseline set result.json --qualifier live --to s3://my-bucket/perf
  powertune baseline set result.json --to perf/orders.json
  powertune baseline set powertune-baselines/baselines/123456789012/eu-west-1/orders@staging.json --qualifier live
"""

_SHOW_EPILOG = """\b
Examples:
  powertune baseline show --function-arn arn:aws:lambda:eu-west-1:123456789012:function:orders:live
  powertune baseline show --function-arn ARN --baseline stack --json > baseline.json
"""

_LIST_EPILOG = """\b
Examples:
  powertune baseline list
  powertune baseline list --baseline s3://my-bucket/perf --json | jq '.[].function_arn'
  powertune baseline list --baseline stack --region eu-west-1
"""

_WIDE = 200
_PLACES = "A folder, a .json file, s3://BUCKET/PREFIX, or stack for the bucket of the state machine."
_where = place_option("--baseline", default=DEFAULT, help_=f"Where baselines lie. {_PLACES}")


def _qualifier(help_: str) -> Callable[..., Any]:
    return click.option("--qualifier", metavar="ALIAS|VERSION", help=help_)


@click.group("baseline", epilog=_EPILOG)
def command() -> None:
    """Set, show or list the baselines that checks compare with, one for each function and alias.

    A baseline holds what was measured, with the code, the runtime, the instruction set and the payloads that it is of,
    so that unlike things are not compared by mistake.
    """


@command.command("set", epilog=_SET_EPILOG)
@click.argument("given", metavar="RESULT")
@_qualifier("The alias that it is the baseline of; by default the one that was checked, or none.")
@place_option("--to", default=DEFAULT, help_=f"Where to. {_PLACES}")
@click.option(
    "--results-dir",
    type=click.Path(path_type=Path),
    default=Path("powertune-results"),
    show_default=True,
    help="Where a run id is looked for.",
)
@account_options
@stack_region_option
@click.option("--json", "as_json", is_flag=True, help="Print where it lies as JSON.")
def set_(given: str, qualifier: str | None, to: str, results_dir: Path, as_json: bool, **options: Any) -> int:
    """Make a result the baseline of its function.

    RESULT is the result.json of a run or a check, the folder of one, a run id, a baseline, or - for standard input.
    It is the baseline of the function that was measured, and of no other.
    """
    from powertune.wire.baseline_file import baseline_from_text

    place = parse_place(to, "--to")
    found = find_text(given, results_dir)
    baseline = baseline_from_text(found.text, found.called)
    arn = _arn_of(baseline, found.called)
    check_region(options["region"], arn)
    if qualifier is not None:
        _, wanted = split_arn(f"{arn}:{qualifier}", None)
        baseline = replace(baseline, function=replace(baseline.function, qualifier=wanted))
    where = _opened(place, options, arn)
    where.refuse_unwritable(arn)
    kept = where.keep(arn, baseline.function.qualifier, baseline)
    if as_json:
        click.echo(json.dumps(_brief(kept, baseline), indent=1))
        return 0
    say(f"The run {baseline.run_id} is the baseline of {_name(baseline)} from now on: {kept}")
    return 0


@command.command("show", epilog=_SHOW_EPILOG)
@click.option("--function-arn", required=True, metavar="ARN[:ALIAS]", help="The function, or an alias of it.")
@_qualifier("The alias; none for the function itself.")
@_where
@account_options
@stack_region_option
@click.option("--json", "as_json", is_flag=True, help="Print the baseline itself, as a file of it has it.")
def show(function_arn: str, qualifier: str | None, baseline: str, as_json: bool, **options: Any) -> int:
    """Show what the baseline of a function, or of an alias of it, is of."""
    from powertune.cli.baseline_words import described
    from powertune.cli.report_output import to_stdout, to_terminal
    from powertune.wire import dumps

    arn, qualifier = split_arn(function_arn, qualifier)
    check_region(options["region"], arn)
    place = _opened(parse_place(baseline), options, arn)
    found, where = place.baseline(arn, qualifier), place.where(arn, qualifier)
    if found is None:
        raise UsageError(
            f"There is no baseline of {arn.name}{f':{qualifier}' if qualifier else ''} at {where}.",
            next_step="The first check sets it, or: powertune baseline set --help",
        )
    if as_json:
        to_stdout([dumps(found, indent=1), "\n"])
    else:
        to_terminal(described(found, where))
    return 0


@command.command("list", epilog=_LIST_EPILOG)
@_where
@account_options
@stack_region_option
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def list_(baseline: str, as_json: bool, **options: Any) -> int:
    """List the baselines that lie in a place."""
    from powertune.cli.baseline_words import listed
    from powertune.cli.report_formats import terminal_look
    from powertune.cli.report_output import to_terminal

    place = parse_place(baseline)
    found = list(_opened(place, options, None).all())
    good = [(where, one) for where, one in found if not isinstance(one, UsageError)]
    if as_json:
        bad = [{"place": where, "error": one.message} for where, one in found if isinstance(one, UsageError)]
        click.echo(json.dumps([*(_brief(where, one) for where, one in good), *bad], indent=1))
        return 0
    look = terminal_look()
    width = look.width if look.colour else _WIDE  # no terminal, and so nothing to fit into
    to_terminal(listed(good, width=width) if good else f"There is no baseline in {place.text}.\n")
    for _, one in found:
        if isinstance(one, UsageError):
            say(f"Left out: {one.message}", err=True)
    return 0


def _opened(place: Any, options: dict[str, Any], arn: FunctionArn | None) -> BaselinePlace:
    from powertune.aws.roles import account_of

    region = options["stack_region"] or (options["region"] if arn is None else arn.region)
    behind_role = role_of(options) is not None

    def account(session: Any) -> str:
        return account_of(session) if arn is None or behind_role else arn.account

    return open_place(place, home=lambda: home_session_of(options, region), account=account)


def _arn_of(baseline: Baseline, called: str) -> FunctionArn:
    try:
        return FunctionArn.parse(baseline.function.arn)
    except UsageError as error:
        raise UsageError(f"{called} is of no function: {error.message}", next_step="Give another result.") from None


def _name(baseline: Baseline) -> str:
    qualifier = baseline.function.qualifier
    return baseline.function.name if qualifier in (None, LATEST) else f"{baseline.function.name}:{qualifier}"


def _brief(where: str, baseline: Baseline) -> dict[str, Any]:
    function = baseline.function
    return {
        "place": where,
        "function_arn": function.arn,
        "qualifier": function.qualifier,
        "version": function.version,
        "code_sha256": function.code_sha256,
        "architecture": function.architecture.value,
        "runtime": function.runtime,
        "memory_sizes_mb": [size.memory_mb for size in baseline.sizes],
        "environment": baseline.environment,
        "run_id": baseline.run_id,
        "measured_at": baseline.measured_at,
    }
