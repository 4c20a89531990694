"""``powertune logs``: what a function's real logs say, without invoking it."""

import json
import re
from typing import Any

import click

from powertune.cli.account_options import reaching, reaching_options
from powertune.cli.logs_answer import Report, Source, as_data, as_text
from powertune.cli.progress import ProgressLine
from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.price import Price
from powertune.errors import AwsError, UsageError
from powertune.measure.log_queries import LogReport, found_in, query_for

_EPILOG = """\b
Examples:
  powertune logs orders
  powertune logs orders --query expensive --since 7d --limit 5
  powertune logs arn:aws:lambda:eu-west-1:123456789012:function:orders --json | jq .overprovisioned.rows
"""

_UNITS_S = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST_S = 3653 * 86_400
_TIMEOUT_S = 600


@click.command("logs", epilog=_EPILOG)
@click.argument("function")
@click.option(
    "--query",
    "only",
    type=click.Choice([report.value for report in LogReport]),
    help="One of the three reports; all of them by default.",
)
@click.option("--since", default="24h", show_default=True, metavar="TIME", help="How far back: 90m, 24h, 7d, 4w.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Rows of each report.")
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON.")
@click.option("--region", metavar="REGION", help="AWS region; that of an ARN, or of the configuration, by default.")
@reaching_options
def command(
    function: str, only: str | None, since: str, limit: int, as_json: bool, region: str | None, **options: Any
) -> int:
    """Ask a function's logs three questions, without invoking it.

    FUNCTION is a name or an ARN. How much of its memory is used, how long it takes over time, and which invocations
    cost the most: each is one Logs Insights query over the function's own log group, for all its versions. The
    query is printed with its answer, and so is what it scanned, for that is what AWS bills.
    """
    name, region = named_function(function, region)
    span_s = length_s(since)
    from powertune.aws.clock import SystemClock
    from powertune.measure.insights_query import run_query

    session = reaching(options, region)
    source = source_of(session, name, function)
    client = session.client("logs")
    clock = SystemClock()
    end_s = clock.now_ms() // 1000
    start_s = end_s - span_s
    reports = []
    with ProgressLine() as line:
        for report in [LogReport(only)] if only else LogReport:
            line.say(f"asking Logs Insights: {report.value}")
            query = query_for(report, source.arn.name, source.log_group, limit)
            answer = run_query(
                client, source.log_group, query,
                start_s=start_s, end_s=end_s, limit=limit, clock=clock, timeout_s=_TIMEOUT_S,
            )  # fmt: skip
            found = found_in(report, answer.rows, source.price, source.ephemeral_mb)
            reports.append(Report(report=report, query=query, found=found, bytes_scanned=answer.bytes_scanned))
    if as_json:
        click.echo(json.dumps(as_data(source, reports, start_s, end_s), indent=1))
    else:
        click.echo("\n".join(as_text(source, reports, since, limit)))
    return 0


def named_function(text: str, region: str | None) -> tuple[str, str | None]:
    """What to ask Lambda for, and where."""
    if not text.startswith("arn:"):
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
            raise UsageError(
                f"'{text}' is neither a function's name nor its ARN.",
                next_step="Give the function alone, without version or alias: all versions are read together.",
            )
        return text, region
    arn = FunctionArn.parse(text)
    if region not in (None, arn.region):
        raise UsageError(
            f"The function is in {arn.region}, not in {region}.", next_step="Leave --region out: the ARN says it."
        )
    return str(arn), arn.region


def length_s(text: str) -> int:
    """Seconds of a length of time such as ``24h``."""
    match = re.fullmatch(r"([0-9]{1,6})([mhdw])", text.strip())
    seconds = int(match[1]) * _UNITS_S[match[2]] if match else 0
    if not 0 < seconds <= _LONGEST_S:
        raise UsageError(f"'{text}' is no length of time.", next_step="Write --since as 90m, 24h, 7d or 4w.")
    return seconds


def source_of(session: Any, name: str, shown: str) -> Source:
    """The function and its log group, as they are now."""
    from powertune.aws.errors import explained
    from powertune.measure.insights import log_group_class
    from powertune.workflow.stack import environment_of

    with explained("reading the configuration", shown):
        configuration = session.client("lambda").get_function_configuration(FunctionName=name)
    arn = FunctionArn.parse(configuration["FunctionArn"])
    logging = configuration.get("LoggingConfig") or {}
    log_group = logging.get("LogGroup") or f"/aws/lambda/{arn.name}"
    kind = log_group_class(session.client("logs"), log_group)
    if kind == "DELIVERY":
        raise AwsError(
            f"The log group {log_group} of {arn.name} is of class DELIVERY: it only hands logs on to S3 or Firehose, "
            "and has no queries.",
            next_step="Read the logs where they are delivered to, or give the function a log group of class STANDARD.",
        )
    ephemeral_mb = (configuration.get("EphemeralStorage") or {}).get("Size", 512)
    price, notes = _price(arn, configuration, ephemeral_mb)
    if logging.get("SystemLogLevel") == "WARN":
        notes.append("The function logs with SystemLogLevel WARN: only failed invocations leave a record.")
    if environment_of(session).kind != "aws":
        notes.append("These logs are an endpoint's in place of AWS: nothing was billed, and costs are what AWS lists.")
    if configuration.get("CapacityProviderConfig"):
        notes.append("The function runs on Managed Instances, whose records have a duration and nothing else.")
    return Source(
        arn=arn,
        log_group=log_group,
        log_group_class=kind,
        log_format=logging.get("LogFormat") or "Text",
        ephemeral_mb=ephemeral_mb,
        price=price,
        notes=tuple(notes),
    )


def _price(arn: FunctionArn, configuration: dict[str, Any], ephemeral_mb: int) -> tuple[Price | None, list[str]]:
    from powertune.pricing.bill import invocation_cost
    from powertune.pricing.table import price_for

    try:
        price = price_for(arn.region, Architecture((configuration.get("Architectures") or ["x86_64"])[0]))
        invocation_cost(1, 128, price, ephemeral_mb=ephemeral_mb)
    except (UsageError, ValueError) as error:
        return None, [f"Costs are left out: {getattr(error, 'message', error)}"]
    return price, []
