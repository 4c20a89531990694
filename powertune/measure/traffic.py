"""What a function did in the last days: its invocations from CloudWatch, its billed durations from its own logs.

Reads only; nothing is invoked or changed. Metrics: AWS docs, lambda/latest/dg/monitoring-metrics-types
(``Invocations`` of the function, all versions and aliases together; throttled ones do not count) and
AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics (``IncomingBytes`` of a log group,
uncompressed: what a query over that time scans).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import explained
from powertune.domain.estimate import Traffic
from powertune.domain.function import CLONE_PREFIX, Architecture, FunctionArn
from powertune.errors import AwsError, FunctionRefused
from powertune.measure.insights_query import run_query

DAYS = 14
_HOUR_S = 3600
_QUERY_TIMEOUT_S = 300
_TRUE, _FALSE = frozenset({"1", "true"}), frozenset({"0", "false"})

Confirm = Callable[[float], None]
"""Told how many bytes the query will scan, before it is started; raises where that is too much."""


def query_text(arn: FunctionArn, log_group: str) -> str:
    """One query for counts and sums of billed milliseconds, cold starts apart from warm ones.

    A log group of its own choice may hold other functions' records: their streams carry the function's name. Its
    default group may hold those of its temporary clones, which are no traffic.
    """
    own = f"| filter @logStream like /\\/{arn.name}\\[/\n"
    if log_group == f"/aws/lambda/{arn.name}":
        own = f"| filter @logStream not like /\\/{CLONE_PREFIX}/\n"
    return (
        'filter @type = "REPORT" or type = "platform.report"\n'
        f"{own}"
        "| parse @message /Restore Duration: (?<restoreText>[0-9.]+) ms/\n"
        "| fields coalesce(@billedDuration, record.metrics.billedDurationMs) as billedMs,\n"
        "  coalesce(@memorySize, record.metrics.memorySizeMB) as memorySize,\n"
        "  ispresent(coalesce(@initDuration, record.metrics.initDurationMs, restoreText,"
        " record.metrics.restoreDurationMs)) as cold\n"
        "| filter ispresent(billedMs)\n"
        "| stats count(*) as records, sum(billedMs) as totalMs, min(memorySize) as leastMemory,"
        " max(memorySize) as mostMemory by cold"
    )


def read_traffic(session: Any, arn: FunctionArn, clock: Clock, confirm: Confirm | None = None) -> Traffic:
    """Read the last 14 days of a function.

    Args:
        session: makes the clients for CloudWatch, Logs and Lambda.
        arn: the function.
        clock: time.
        confirm: may refuse the query for what it scans.

    Raises:
        FunctionNotFound: there is no such function.
        FunctionRefused: its costs do not follow from its durations.
        AwsError: a call was refused, or the query came to nothing.
    """
    with explained("reading the configuration", arn.name):
        configuration = session.client("lambda").get_function_configuration(FunctionName=str(arn))
    if configuration.get("CapacityProviderConfig"):
        raise FunctionRefused(
            f"{arn.name} runs on Managed Instances, which have no price per GB-second.",
            next_step="Look at what its instances cost.",
        )
    logging = configuration.get("LoggingConfig") or {}
    log_group = logging.get("LogGroup") or f"/aws/lambda/{arn.name}"
    end_s = clock.now_ms() // 1000
    start_s = end_s - DAYS * 86_400
    cloudwatch = session.client("cloudwatch")
    hours = hourly_invocations(cloudwatch, arn, end_s)
    groups: dict[bool, dict[str, float]] = {}
    scanned: int | None = 0
    if hours:
        if confirm is not None:
            confirm(sum(_hourly(cloudwatch, "AWS/Logs", "IncomingBytes", ("LogGroupName", log_group), start_s, end_s)))
        answer = run_query(
            session.client("logs"), log_group, query_text(arn, log_group),
            start_s=start_s, end_s=end_s, limit=10, clock=clock, timeout_s=_QUERY_TIMEOUT_S,
        )  # fmt: skip
        groups, scanned = (
            {_is_cold(row, log_group): _numbers(row, log_group) for row in answer.rows},
            answer.bytes_scanned,
        )
    warm, cold = groups.get(False, {}), groups.get(True, {})
    invocations = round(sum(hours))
    records = round(warm.get("records", 0) + cold.get("records", 0))
    return Traffic(
        function_arn=str(arn),
        memory_mb=configuration["MemorySize"],
        architecture=Architecture((configuration.get("Architectures") or ["x86_64"])[0]),
        ephemeral_mb=(configuration.get("EphemeralStorage") or {}).get("Size", 512),
        days=DAYS,
        invocations=invocations,
        hours_with_traffic=len(hours),
        warm_records=round(warm.get("records", 0)),
        cold_records=round(cold.get("records", 0)),
        warm_billed_total_ms=round(warm.get("totalMs", 0)),
        cold_billed_total_ms=round(cold.get("totalMs", 0)),
        log_group=log_group,
        bytes_scanned=scanned,
        notes=_notes(arn, configuration, invocations, records, [*groups.values()]),
    )


def hourly_invocations(client: Any, arn: FunctionArn, end_s: int) -> list[float]:
    """Invocations of a function in each hour of the last 14 days in which there was any.

    Args:
        client: of CloudWatch.
        arn: the function; all its versions and aliases count.
        end_s: when the days end, in epoch seconds.

    Raises:
        AwsError: the call was refused.
    """
    start_s = end_s - DAYS * 86_400
    return _hourly(client, "AWS/Lambda", "Invocations", ("FunctionName", arn.name), start_s, end_s)


def _hourly(
    client: Any, namespace: str, metric: str, dimension: tuple[str, str], start_s: int, end_s: int
) -> list[float]:
    """The sums of the hours in which there was any."""
    with explained(f"reading the metric {metric} of {dimension[1]}"):
        answer = client.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": dimension[0], "Value": dimension[1]}],
            StartTime=datetime.fromtimestamp(start_s, tz=UTC),
            EndTime=datetime.fromtimestamp(end_s, tz=UTC),
            Period=_HOUR_S,
            Statistics=["Sum"],
        )
    return [float(point["Sum"]) for point in answer.get("Datapoints", ()) if point.get("Sum")]


def _is_cold(row: dict[str, str], log_group: str) -> bool:
    text = row.get("cold", "").lower()
    if text not in _TRUE | _FALSE:
        raise _unreadable(log_group, f"cold is {text!r}")
    return text in _TRUE


def _numbers(row: dict[str, str], log_group: str) -> dict[str, float]:
    numbers = {}
    for name in ("records", "totalMs", "leastMemory", "mostMemory"):
        try:
            numbers[name] = float(row[name])
        except KeyError:
            continue
        except ValueError:
            raise _unreadable(log_group, f"{name} is {row[name]!r}") from None
    if "records" not in numbers or "totalMs" not in numbers:
        raise _unreadable(log_group, "a column is missing")
    return numbers


def _unreadable(log_group: str, why: str) -> AwsError:
    return AwsError(
        f"The answer of Logs Insights over {log_group} is not understood: {why}.",
        next_step="Give --invocations, --duration-ms, --memory-size and --region instead.",
    )


def _notes(
    arn: FunctionArn, configuration: dict[str, Any], invocations: int, records: int, groups: list[dict[str, float]]
) -> tuple[str, ...]:
    notes = []
    if (configuration.get("LoggingConfig") or {}).get("SystemLogLevel") == "WARN":
        notes.append(
            f"{arn.name} logs with SystemLogLevel WARN: only failed invocations leave a record of what they were "
            "billed, and the mean is of those alone."
        )
    if records and abs(records - invocations) > 0.05 * invocations:
        notes.append(
            f"The logs hold the records of {records:,} invocations, and the metric counts {invocations:,}; the mean "
            "billed duration is of the former."
        )
    memory = {size for group in groups for size in (group.get("leastMemory"), group.get("mostMemory")) if size}
    if len(memory) > 1:
        notes.append(
            f"The memory size of {arn.name} changed in these days: the billed durations are of several sizes, the "
            "cost of the present one."
        )
    if (configuration.get("SnapStart") or {}).get("ApplyOn", "None") != "None":
        notes.append("SnapStart is on: its cache and restores are not in the estimate, and only Java has them free.")
    return tuple(notes)
