"""``powertune run``: the main job."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click

from powertune.cli.account_options import account_options, check_region, refuse_aws_options, stack_region_option
from powertune.cli.apply_options import apply_options, check_apply, check_template, write_down
from powertune.cli.ending import check_ending
from powertune.cli.isolation_options import drive_all, isolation_options
from powertune.cli.keep_runs import keep_newest, keep_option
from powertune.cli.opening import show_file
from powertune.cli.plan_options import confirm, plan_options, show_plan
from powertune.cli.run_drive import Place, aws_place, local_place
from powertune.cli.run_options import read_input, request_of, request_options
from powertune.cli.run_writing import REPORT, RESULT, check_output_dir, written_to
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult
from powertune.errors import UsageError

_EPILOG = """\b
Examples:
  powertune run --local examples/primes
  powertune run --local my-function:app.handler --payload '{"size": 3}' --open
  powertune run --function-arn arn:aws:lambda:eu-west-1:123456789012:function:orders --direct
  powertune run --function-arn ARN --plan
  powertune run --function-arn ARN --memory-sizes 256,512,1024 --invocations 30 --strategy speed
  powertune run --function-arn ARN --latency-target p95=800ms --max-spend 0.05
  powertune run --function-arn ARN --payload @event.json --json | jq .recommendation
  powertune run --function-arn ARN --payloads events.jsonl --cold-starts 20 --apply
  powertune run --function-arn ARN --apply --alias live --canary 10%/10m --write-template template.yaml
  powertune run --input power-tuning-input.json --output-format power-tuning
"""


@click.command("run", epilog=_EPILOG)
@click.option("--function-arn", metavar="ARN", help="The function to tune, without version or alias.")
@click.option(
    "--local",
    "local_spec",
    metavar="PATH[:HANDLER]",
    help="Tune the Python handler in this folder on the embedded endpoint; no AWS account is needed.",
)
@request_options
@apply_options
@isolation_options
@plan_options
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("powertune-results"),
    show_default=True,
    help="Folder for result.json and report.html; each run gets a folder of its own in it.",
)
@keep_option
@click.option(
    "--output-format",
    type=click.Choice(["table", "json", "power-tuning"]),
    default="table",
    show_default=True,
    help="What to print: a table, the result, or the output that aws-lambda-power-tuning gives.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --output-format json.")
@click.option("--open", "open_report", is_flag=True, help="Open the report in a browser.")
@click.option("--direct", is_flag=True, help="Run the steps from this terminal instead of the state machine.")
@account_options
@stack_region_option
@click.option(
    "--python",
    "python",
    type=click.Path(path_type=Path),
    metavar="INTERPRETER",
    help="With --local: the interpreter for the handler, such as its virtual environment's.",
)
def command(**options: Any) -> int:
    """Measure a function at several memory sizes and recommend one.

    The function is published at the memory sizes that tell most, invoked there, and put back as it was. What each
    invocation was billed comes from CloudWatch Logs; X-Ray adds where the time went. The answer is a table and a
    sentence here, and result.json and report.html in the output folder.
    """
    check_output_dir(options["output_dir"])
    check_apply(options)
    with _place(**options) as (place, request):
        check_template(place, request.function_arn, options)
        if options["plan"]:
            return show_plan(place, request, options)
        confirm(place, request, options)
        result = drive_all(place, request, options)
    folder = options["output_dir"] / result.run_id
    written = written_to(folder, result)
    if RESULT in written:
        keep_newest(result, options["output_dir"], options["keep_runs"])
    _tell(result, folder, written, "json" if options["as_json"] else options["output_format"])
    write_down(result, options)
    if options["open_report"] and REPORT in written:
        show_file(folder / REPORT)
    check_ending(result, f"Details: {folder / RESULT}" if RESULT in written else "Nothing of it was written.")
    # That it was not written has been said, and the answer is shown.
    return 0 if RESULT in written else UsageError.exit_code


def _place(
    *,
    function_arn: str | None,
    local_spec: str | None,
    region: str | None,
    python: Path | None,
    direct: bool,
    **options: Any,
) -> AbstractContextManager[tuple[Place, TuningRequest]]:
    """Where the run takes place, and the request, both checked."""
    given = None if options["input_file"] is None else read_input(options["input_file"])
    options["given_input"] = given
    if local_spec is None and function_arn is None and given is not None:
        function_arn = str(given["lambdaARN"])
    if (function_arn is None) == (local_spec is None):
        raise UsageError(
            "Give either --function-arn or --local.",
            next_step="Try: powertune run --local examples/primes",
        )
    if local_spec is not None:
        refuse_aws_options(options)
        return local_place(local_spec, region or "us-east-1", python, options, direct=direct)
    assert function_arn is not None
    if python is not None:
        raise UsageError("--python goes with --local.", next_step="Leave it out.")
    if direct and options["stack_region"] is not None:
        raise UsageError("--direct uses no state machine.", next_step="Leave --direct or --stack-region out.")
    arn = FunctionArn.parse(function_arn)
    check_region(region, arn)
    return aws_place(request_of(arn, options), options, direct=direct, stack_needed=not options["plan"])


def _tell(result: TuningResult, folder: Path, written: frozenset[str], output_format: str) -> None:
    import shutil
    import sys

    from powertune.peer import peer_output
    from powertune.render.text.terminal import render_terminal
    from powertune.wire import to_data

    if output_format == "json":
        report = {"report": str(folder / REPORT)} if REPORT in written else {}
        click.echo(json.dumps({**to_data(result), **report}, indent=1))
    elif output_format == "power-tuning":
        if result.recommendation is not None or result.request.dry_run:
            click.echo(json.dumps(peer_output(result), indent=1))
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        click.echo(render_terminal(result, width=width, colour=sys.stdout.isatty()), nl=False)
        places = [
            f"{what}: {folder / name}" for what, name in (("Report", REPORT), ("Result", RESULT)) if name in written
        ]
        click.echo("".join(f"\n{place}" for place in places))
