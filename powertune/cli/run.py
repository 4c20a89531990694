"""``powertune run``: the main job."""

import json
import os
import secrets
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from powertune.cli.progress import ProgressLine
from powertune.cli.run_options import read_input, request_of, request_options
from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.price import Price
from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult
from powertune.domain.sample import Outcome
from powertune.errors import AwsError, FunctionFails, NothingToRecommend, NotRestored, UsageError

_EPILOG = """\b
Examples:
  powertune run --local examples/primes
  powertune run --local my-function:app.handler --payload '{"size": 3}' --open
  powertune run --function-arn arn:aws:lambda:eu-west-1:123456789012:function:orders --direct
  powertune run --function-arn ARN --memory-sizes 256,512,1024 --invocations 30 --strategy speed
  powertune run --function-arn ARN --latency-target p95=800ms --max-spend 0.05
  powertune run --function-arn ARN --payload @event.json --json | jq .recommendation
  powertune run --function-arn ARN --payloads events.jsonl --cold-starts 20 --apply
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
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("powertune-results"),
    show_default=True,
    help="Folder for result.json and report.html; each run gets a folder of its own in it.",
)
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
@click.option("--region", metavar="REGION", help="AWS region; that of the ARN by default.")
@click.option("--profile", metavar="NAME", help="Profile of the AWS configuration.")
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
    _check_output_dir(options["output_dir"])
    result = _tuned(**options)
    folder = _write(result, options["output_dir"])
    _tell(result, folder, "json" if options["as_json"] else options["output_format"])
    if options["open_report"]:
        click.launch(str(folder / "report.html"))
    if not result.restored:
        raise NotRestored(
            f"{result.function.name} was not put back as it was.",
            next_step=f"Finish the undo with: powertune cleanup --function-arn {result.function.arn}",
        )
    if result.recommendation is None and not _dry_run_worked(result):
        raise _without_recommendation(result, f"The function was put back as it was. Details: {folder / 'result.json'}")
    return 0


def _without_recommendation(result: TuningResult, next_step: str) -> FunctionFails:
    if any(sample.outcome is Outcome.OK for sample in result.samples):
        notes = result.search.notes if result.search is not None else ()
        why = " ".join(notes) or "No memory size was measured often enough."
        return NothingToRecommend(
            f"No memory size can be recommended for {result.function.name}. {why}", next_step=next_step
        )
    reason = next((size.reason for size in result.memory_sizes if size.reason), "no invocation succeeded")
    return FunctionFails(f"{result.function.name} worked at none of the memory sizes: {reason}.", next_step=next_step)


def _dry_run_worked(result: TuningResult) -> bool:
    return result.request.dry_run and any(sample.outcome is Outcome.OK for sample in result.samples)


def _tuned(
    *,
    function_arn: str | None,
    local_spec: str | None,
    region: str | None,
    profile: str | None,
    python: Path | None,
    direct: bool,
    **options: Any,
) -> TuningResult:
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
        if profile is not None:
            raise UsageError("--profile is for AWS; --local uses none.", next_step="Leave one of them out.")
        return _tune_locally(local_spec, region or "us-east-1", python, options, direct=direct)
    assert function_arn is not None
    if python is not None:
        raise UsageError("--python goes with --local.", next_step="Leave it out.")
    arn = FunctionArn.parse(function_arn)
    if region not in (None, arn.region):
        raise UsageError(
            f"The function is in {arn.region}, not in {region}.", next_step="Leave --region out: the ARN says it."
        )
    return _tune_on_aws(request_of(arn, options), options["price"], profile, direct=direct)


def _run_id() -> str:
    return f"{datetime.now(tz=UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def _tune_locally(
    spec: str, region: str, python: Path | None, options: dict[str, Any], *, direct: bool
) -> TuningResult:
    from powertune.local.endpoint import ACCOUNT, EndpointSettings, LocalEndpoint, require_extra
    from powertune.local.function import create_function, install_requirements, interpreter
    from powertune.local.project import find_project

    require_extra()
    project = find_project(spec)
    arn = FunctionArn(partition="aws", region=region, account=ACCOUNT, name=project.name)
    request = request_of(arn, options, default_payload=project.payload)
    request = replace(request, price=_price(options["price"], region, _machine()))
    handler_python, runtime = interpreter(python)
    with ExitStack() as stack:
        line = stack.enter_context(ProgressLine())
        path: tuple[Path, ...] = ()
        if project.requirements is not None and python is None:
            line.say("installing the handler's requirements")
            path = (install_requirements(project.requirements, handler_python, runtime),)
        line.say("starting the embedded endpoint")
        settings = EndpointSettings(region=region, handler_python=handler_python, handler_path=path)
        endpoint = stack.enter_context(LocalEndpoint(settings))
        create_function(endpoint.session, ACCOUNT, project, runtime)
        return _drive(endpoint.new_session(), None if direct else endpoint.stack, endpoint.environment, request, line)


def _machine() -> Architecture:
    import platform

    return Architecture.ARM64 if platform.machine() in ("arm64", "aarch64") else Architecture.X86_64


def _price(given: str | None, region: str, architecture: Architecture) -> Price | None:
    """Prices that the run is to use in place of the shipped table's; None where that has the newest.

    Raises:
        UsageError: there is no price, and none was given.
    """
    from powertune.pricing.override import parse_price
    from powertune.pricing.table import price_for
    from powertune.pricing.user_table import user_table

    if given is not None:
        return parse_price(given, region, architecture)
    table = user_table()
    price = price_for(region, architecture, table)
    return None if table is None else price


def _tune_on_aws(request: TuningRequest, price: str | None, profile: str | None, *, direct: bool) -> TuningResult:
    from powertune.aws.session import AwsSession
    from powertune.target.snapshot import architecture_of
    from powertune.workflow.stack import environment_of, find_stack

    arn = request.function_arn
    session = AwsSession(region=arn.region, profile=profile)
    with ProgressLine() as line:
        stack = None if direct else find_stack(session, arn.account, arn.partition)
        if stack is None and not direct:
            raise AwsError(
                f"The powertune state machine is not there in {arn.region}, so nothing was started.",
                next_step="Run the same steps from this terminal by adding --direct.",
            )
        # The prices go along, so that the state machine computes with the same as this machine would.
        architecture = architecture_of(session.client("lambda"), arn)
        request = replace(request, price=_price(price, arn.region, architecture))
        return _drive(session, stack, environment_of(session), request, line)


def _drive(session: Any, stack: Any, environment: Any, request: TuningRequest, line: ProgressLine) -> TuningResult:
    from powertune.aws.clock import SystemClock
    from powertune.cli.interrupt import StopWish
    from powertune.store import MemoryStore
    from powertune.workflow.direct import run_direct
    from powertune.workflow.execution import run_execution
    from powertune.workflow.services import Services

    clock = SystemClock()
    with StopWish() as wish:
        if stack is not None:
            return run_execution(session, stack, request, _run_id(), clock, progress=line.show, stop_requested=wish)
        services = Services(
            session=session,
            store=MemoryStore(),
            clock=clock,
            environment=environment,
            progress=line.show,
            stop_requested=wish,
        )
        return run_direct(services, request, _run_id())


def _check_output_dir(output_dir: Path) -> None:
    """Refuse a folder that the result could not be written to, before anything is spent."""
    there = output_dir.absolute()
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise UsageError(f"Nothing can be written to {output_dir}.", next_step="Give another --output-dir.")


def _write(result: TuningResult, output_dir: Path) -> Path:
    from powertune.store import FolderStore
    from powertune.wire import dumps

    folder = output_dir / result.run_id
    try:
        store = FolderStore(folder)
        # First of all: it was paid for, and everything else can be made from it.
        store.put("result.json", dumps(result, indent=1) + "\n")
        from powertune.render.html import render_html

        store.put("report.html", render_html(result))
    except OSError as error:
        raise UsageError(
            f"The result could not be written to {folder}: {error}.", next_step="Give another --output-dir."
        ) from None
    return folder


def _tell(result: TuningResult, folder: Path, output_format: str) -> None:
    import shutil
    import sys

    from powertune.peer import peer_output
    from powertune.render.terminal import render_terminal
    from powertune.wire import to_data

    if output_format == "json":
        click.echo(json.dumps({**to_data(result), "report": str(folder / "report.html")}, indent=1))
    elif output_format == "power-tuning":
        if result.recommendation is not None or result.request.dry_run:
            click.echo(json.dumps(peer_output(result), indent=1))
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        click.echo(render_terminal(result, width=width, colour=sys.stdout.isatty()))
        click.echo(f"\nReport: {folder / 'report.html'}\nResult: {folder / 'result.json'}")
