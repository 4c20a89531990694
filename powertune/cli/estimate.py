"""``powertune estimate``: what a function costs in a month."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from powertune.cli.account_options import reaching_options, session_of
from powertune.cli.progress import ProgressLine
from powertune.domain.function import MAX_MEMORY_MB, MIN_MEMORY_MB, Architecture, FunctionArn
from powertune.errors import UsageError

_EPILOG = """\b
Examples:
  powertune estimate --invocations 3000000 --duration-ms 300 --memory-size 512 --region us-east-1
  powertune estimate --invocations 3000000 --duration-ms 300 --memory-size 512 --region us-east-1 \\
      --cold-start-share 0.02 --init-ms 450 --provisioned 5
  powertune estimate --result powertune-results/RUN/result.json --invocations 3000000
  powertune estimate --function-arn arn:aws:lambda:eu-west-1:123456789012:function:orders
  powertune estimate --function-arn ARN --json | jq -r .monthly_cost.rounded
"""
_LONGEST_MS = 900_000
_MOST_INVOCATIONS = 10**15
_FEWEST_EPHEMERAL_MB, _MOST_EPHEMERAL_MB = 512, 10_240
_BYTES_PER_GB = 10**9
_BY_HAND = ("invocations", "duration_ms", "memory_size", "region")
_DETAILS = ("architecture", "init_ms", "ephemeral_mb")


@click.command("estimate", epilog=_EPILOG)
@click.option("--invocations", metavar="N", help="Invocations in a month.")
@click.option("--duration-ms", metavar="MS", help="Mean duration of an invocation, without init.")
@click.option("--memory-size", metavar="MB", help="Memory size, 128 to 10240.")
@click.option("--region", metavar="REGION", help="Region whose prices count.")
@click.option("--architecture", metavar="x86_64|arm64", help="Instruction set; x86_64 by default.")
@click.option("--cold-start-share", metavar="0..1", help="Share of invocations that are cold starts; 0 by default.")
@click.option("--init-ms", metavar="MS", help="Duration of the init of a cold start.")
@click.option("--ephemeral-mb", metavar="MB", help="Ephemeral storage (/tmp), 512 to 10240; 512 by default.")
@click.option("--provisioned", metavar="N", help="Also: the cost on so many units of provisioned concurrency.")
@click.option(
    "--result",
    "result_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A result.json: every memory size that it measured, at --invocations a month, or at the traffic in it.",
)
@click.option("--function-arn", metavar="ARN", help="A function: its own traffic of the last 14 days.")
@reaching_options
@click.option(
    "--max-log-gb",
    metavar="GB",
    default="100",
    show_default=True,
    help="With --function-arn: most log data that the query may scan; AWS bills it.",
)
@click.option("--price", metavar="GB_SECOND,REQUEST[,CURRENCY]", help="Prices to use in place of the table's.")
@click.option("--json", "as_json", is_flag=True, help="Print the estimate as JSON.")
def command(**options: Any) -> int:
    """Estimate what a function costs in a month of 30 days.

    From figures of yours, from the result of a run, or from the function's own last 14 days: then its traffic is
    read from CloudWatch and its billed durations with one Logs Insights query over its log group. Nothing is
    invoked. Costs are list prices; the free tier, volume tiers, arm64 beside x86_64, provisioned concurrency and
    the same work on Fargate stand beside them.
    """
    given = {name for name, value in options.items() if value is not None and value is not False}
    chosen = given & {"result_path", "function_arn"}
    if len(chosen) > 1:
        raise UsageError("--result and --function-arn exclude each other.", next_step="Leave one of them out.")
    for name in ("profile", "role_arn"):
        if name in given and "function_arn" not in given:
            raise UsageError(f"--{name.replace('_', '-')} goes with --function-arn.", next_step="Leave it out.")
    if "function_arn" in chosen:
        _refuse(given, (*_BY_HAND, *_DETAILS, "cold_start_share"), "--function-arn")
        estimate = _from_traffic(options)
    elif "result_path" in chosen:
        _refuse(given, (*_BY_HAND[1:], *_DETAILS), "--result")
        estimate = _from_result(options)
    else:
        estimate = _from_options(options)
    _tell(estimate, as_json=options["as_json"])
    return 0


def _refuse(given: set[str], names: tuple[str, ...], option: str) -> None:
    for name in names:
        if name in given:
            raise UsageError(f"--{name.replace('_', '-')} does not go with {option}, which says it.",
                             next_step="Leave one of them out.")  # fmt: skip


def _from_options(options: dict[str, Any]) -> Any:
    from powertune.pricing.loads import billed_load

    missing = [f"--{name.replace('_', '-')}" for name in _BY_HAND if options[name] is None]
    if missing:
        raise UsageError(
            f"An estimate needs {', '.join(missing)} as well.",
            next_step="Or give --result FILE with --invocations, or --function-arn ARN.",
        )
    init = options["init_ms"]
    load = billed_load(
        invocations=_whole(options, "invocations", 1, _MOST_INVOCATIONS),
        memory_mb=_whole(options, "memory_size", MIN_MEMORY_MB, MAX_MEMORY_MB),
        duration_ms=_number(options, "duration_ms", _LONGEST_MS),
        init_ms=None if init is None else _number(options, "init_ms", _LONGEST_MS),
        cold_start_share=_share(options),
        ephemeral_mb=_ephemeral(options),
    )
    return _estimated(
        (load,), options["region"], _architecture(options), options, source="options", ephemeral_mb=load.ephemeral_mb
    )


def _from_result(options: dict[str, Any]) -> Any:
    from powertune.pricing.loads import result_loads
    from powertune.render import monthly
    from powertune.wire import read_result

    given = None if options["invocations"] is None else _whole(options, "invocations", 1, _MOST_INVOCATIONS)
    result = read_result(options["result_path"])
    invocations = given or (result.traffic.invocations if result.traffic is not None else 0)
    if not invocations:
        raise UsageError(
            f"{options['result_path']} says what an invocation costs, not how many there are.",
            next_step="Add --invocations.",
        )
    loads, notes = result_loads(result, invocations, _share(options))
    if given is None:
        notes = (f"The traffic is the result's: {monthly.traffic_words(result)}.", *notes)
    if result.environment.kind != "aws":
        notes = ("The durations were measured on the embedded endpoint on one machine, not on AWS.", *notes)
    if options["price"] is None and not result.price.as_of[:1].isdigit():
        notes = ("The run counted with prices of its own; these are list prices: give the same --price.", *notes)
    return replace(
        _estimated(
            loads,
            result.function.region,
            result.function.architecture,
            options,
            source="result",
            ephemeral_mb=result.function.ephemeral_mb,
            notes=notes,
        ),
        name=result.function.name,
        monthly_cost=None,
        present_memory_mb=result.function.original_memory_mb,
        recommended_memory_mb=result.recommendation.memory_mb if result.recommendation else None,
    )


def _from_traffic(options: dict[str, Any]) -> Any:
    arn = FunctionArn.parse(options["function_arn"])
    allowed = _number(options, "max_log_gb", 10**9)
    from powertune.aws.clock import SystemClock
    from powertune.measure.traffic import read_traffic
    from powertune.pricing.loads import MONTH_DAYS, traffic_load

    def confirm(scanned: float) -> None:
        if scanned > allowed * _BYTES_PER_GB:
            raise UsageError(
                f"The query over the logs of {arn.name} would scan about {scanned / _BYTES_PER_GB:,.0f} GB, more than "
                f"the {allowed:f} GB allowed. AWS bills it by what it scans, so it was not started.",
                next_step="Allow it with --max-log-gb, or give the figures yourself: --invocations, --duration-ms, "
                "--memory-size and --region.",
            )

    with ProgressLine() as line:
        line.say(f"reading the last days of {arn.name}")
        traffic = read_traffic(session_of(options, arn), arn, SystemClock(), confirm)
    load = traffic_load(traffic)
    spread = f"{traffic.days} days, in {traffic.hours_with_traffic} of {traffic.days * 24} hours"
    records = traffic.cold_records + traffic.warm_records
    notes = (
        f"{traffic.invocations:,} invocations in {spread}, are {load.invocations:,} in {MONTH_DAYS} days.",
        f"{traffic.cold_records:,} of {records:,} records in {traffic.log_group} are cold starts.",
        *traffic.notes,
    )
    estimate = _estimated(
        (load,),
        arn.region,
        traffic.architecture,
        options,
        source="traffic",
        ephemeral_mb=load.ephemeral_mb,
        notes=notes,
    )
    return _with_query_cost(estimate, traffic, arn, options)


def _with_query_cost(estimate: Any, traffic: Any, arn: FunctionArn, options: dict[str, Any]) -> Any:
    from powertune.pricing.bill import log_query_cost
    from powertune.pricing.month import amount_of
    from powertune.render import figures

    price = _price(arn.region, traffic.architecture, options)
    cost = None if traffic.bytes_scanned is None else log_query_cost(traffic.bytes_scanned, price)
    scanned = (
        "an unknown amount" if traffic.bytes_scanned is None else f"{traffic.bytes_scanned / _BYTES_PER_GB:.3g} GB"
    )
    note = f"Reading this scanned {scanned} of logs" + (
        f", {figures.money(cost)} at list price." if cost else f"; its price in {arn.region} is not known to powertune."
    )
    return replace(
        estimate,
        name=arn.name,
        traffic=replace(traffic, query_cost=None if cost is None else amount_of(cost.amount, cost.currency)),
        notes=(*estimate.notes, note),
    )


def _price(region: str, architecture: Architecture, options: dict[str, Any]) -> Any:
    from powertune.pricing.override import parse_price
    from powertune.pricing.table import price_for
    from powertune.pricing.user_table import user_table

    if options["price"] is not None:
        return parse_price(options["price"], region, architecture)
    return price_for(region, architecture, user_table())


def _estimated(
    loads: tuple[Any, ...], region: str, architecture: Architecture, options: dict[str, Any], *, source: str,
    ephemeral_mb: int, notes: tuple[str, ...] = (),
) -> Any:  # fmt: skip
    from powertune.pricing.estimate import estimate_month
    from powertune.pricing.table import stale_warning
    from powertune.pricing.user_table import user_table

    price = _price(region, architecture, options)
    table = None if options["price"] is not None else user_table()
    environments = None if options["provisioned"] is None else _whole(options, "provisioned", 1, 1_000_000)
    warning = stale_warning(price, datetime.now(tz=UTC).date())
    return estimate_month(
        loads,
        price,
        table,
        environments,
        source=source,
        ephemeral_mb=ephemeral_mb,
        compare=options["price"] is None,
        notes=(*((warning,) if warning else ()), *notes),
    )


def _tell(estimate: Any, *, as_json: bool) -> None:
    import shutil

    from powertune.render.text.estimate import render_estimate
    from powertune.wire import to_data

    if as_json:
        click.echo(json.dumps(to_data(estimate), indent=1))
        return
    click.echo(render_estimate(estimate, shutil.get_terminal_size((100, 24)).columns), nl=False)


def _whole(options: dict[str, Any], name: str, low: int, high: int) -> int:
    text = options[name].strip()
    if not re.fullmatch(r"[0-9]{1,18}", text) or not low <= int(text) <= high:
        option = f"--{name.replace('_', '-')}"
        raise UsageError(f"{option} is a whole number from {low:,} to {high:,}, not '{text}'.",
                         next_step=f"Correct {option}.")  # fmt: skip
    return int(text)


def _number(options: dict[str, Any], name: str, high: int) -> Decimal:
    text = options[name].strip()
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,12})?", text) or not 0 < Decimal(text) <= high:
        option = f"--{name.replace('_', '-')}"
        raise UsageError(f"{option} is a number above 0 and at most {high:,}, not '{text}'.",
                         next_step=f"Correct {option}.")  # fmt: skip
    return Decimal(text)


def _share(options: dict[str, Any]) -> Decimal:
    text = "0" if options["cold_start_share"] is None else options["cold_start_share"].strip()
    if not re.fullmatch(r"[0-9](\.[0-9]{1,12})?|\.[0-9]{1,12}", text) or Decimal(text) > 1:
        raise UsageError(f"--cold-start-share is a share from 0 to 1, not '{text}'.", next_step="Write 2 % as 0.02.")
    return Decimal(text)


def _ephemeral(options: dict[str, Any]) -> int:
    if options["ephemeral_mb"] is None:
        return _FEWEST_EPHEMERAL_MB
    return _whole(options, "ephemeral_mb", _FEWEST_EPHEMERAL_MB, _MOST_EPHEMERAL_MB)


def _architecture(options: dict[str, Any]) -> Architecture:
    text = options["architecture"] or Architecture.X86_64.value
    try:
        return Architecture(text)
    except ValueError:
        raise UsageError(f"'{text}' is no architecture.", next_step=f"There are: {', '.join(Architecture)}.") from None
