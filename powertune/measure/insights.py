"""CloudWatch Logs Insights: the record of every invocation, one query for a whole run.

Query language: AWS docs, AmazonCloudWatch/latest/logs/CWL_QuerySyntax. Text-format logs carry discovered fields
(``@duration`` …), JSON-format logs dotted ones, so both are asked for. Max memory used and status are read from
the message: the discovered memory fields are bytes of an undocumented megabyte.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import explained
from powertune.errors import AwsError

MAX_ROWS = 10_000
"""Most rows one query returns (AWS docs, CWL_QuerySyntax-Limit)."""

_QUERY_TIMEOUT_S = 60
_FIELDS = {
    "rid": "coalesce(@requestId, record.requestId)",
    "durationMs": "coalesce(@duration, record.metrics.durationMs)",
    "billedMs": "coalesce(@billedDuration, record.metrics.billedDurationMs)",
    "initMs": "coalesce(@initDuration, record.metrics.initDurationMs)",
    "restoreMs": "coalesce(restoreText, record.metrics.restoreDurationMs)",
    "maxMemoryMb": "coalesce(maxMemoryText, record.metrics.maxMemoryUsedMB)",
    "status": "coalesce(statusText, record.status)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightsRow:
    """The report of one invocation as Logs Insights gives it; what it does not say is None."""

    request_id: str
    log_stream: str | None
    timestamp_ms: int | None
    duration_ms: float | None
    billed_ms: int | None
    init_ms: float | None
    restore_ms: float | None
    max_memory_used_mb: int | None
    status: str | None


def query_text(versions: Sequence[str]) -> str:
    """The query for the reports of these versions.

    The version stands in brackets in every log stream's name, in default and custom log groups alike.
    """
    fields = ",\n  ".join(f"{expression} as {name}" for name, expression in _FIELDS.items())
    return (
        'filter @type = "REPORT" or type = "platform.report"\n'
        f"| filter @logStream like /\\[({'|'.join(versions)})\\]/\n"
        "| parse @message /Restore Duration: (?<restoreText>[0-9.]+) ms/\n"
        "| parse @message /Max Memory Used: (?<maxMemoryText>[0-9]+) MB/\n"
        "| parse @message /Status: (?<statusText>[a-z]+)/\n"
        f"| fields {fields}, @logStream, @timestamp\n"
        f"| sort @timestamp asc\n| limit {MAX_ROWS}"
    )


def fetch_rows(
    client: Any, log_group: str, versions: Sequence[str], start_ms: int, end_ms: int, clock: Clock
) -> dict[str, InsightsRow]:
    """The reports of these versions between two moments, by request id.

    A repeated record of a request counts once. When a query is full, it is asked again from its last moment on.

    Raises:
        AwsError: the query was refused, failed, or took longer than a minute.
    """
    rows: dict[str, InsightsRow] = {}
    start_s, end_s = start_ms // 1000, end_ms // 1000 + 1
    while True:
        page = list(_run_query(client, log_group, query_text(versions), start_s, end_s, clock))
        rows.update((row.request_id, row) for row in page)
        last_ms = max((row.timestamp_ms for row in page if row.timestamp_ms is not None), default=None)
        if len(page) < MAX_ROWS or last_ms is None or last_ms // 1000 == start_s:
            return rows
        start_s = last_ms // 1000


def _run_query(
    client: Any, log_group: str, query: str, start_s: int, end_s: int, clock: Clock
) -> Iterator[InsightsRow]:
    with explained("asking Logs Insights"):
        query_id = client.start_query(
            logGroupName=log_group, startTime=start_s, endTime=end_s, queryString=query, limit=MAX_ROWS
        )["queryId"]
    deadline_ms = clock.now_ms() + _QUERY_TIMEOUT_S * 1000
    pause_s = 0.05
    while True:
        with explained("asking Logs Insights"):
            answer = client.get_query_results(queryId=query_id)
        if answer["status"] == "Complete":
            break
        if answer["status"] not in ("Scheduled", "Running", "Unknown") or clock.now_ms() > deadline_ms:
            raise AwsError(
                f"The Logs Insights query over {log_group} ended as {answer['status']}.",
                next_step="Run again; if it persists, look at the query in the CloudWatch console.",
            )
        clock.sleep(pause_s)
        pause_s = min(pause_s * 2, 2.0)
    for result in answer["results"]:
        row = _row({field["field"]: field["value"] for field in result})
        if row is not None:
            yield row


def _row(values: dict[str, str]) -> InsightsRow | None:
    request_id = values.get("rid")
    if not request_id:
        return None
    return InsightsRow(
        request_id=request_id,
        log_stream=values.get("@logStream"),
        timestamp_ms=_epoch_ms(values.get("@timestamp")),
        duration_ms=_number(values.get("durationMs")),
        billed_ms=_whole(values.get("billedMs")),
        init_ms=_number(values.get("initMs")),
        restore_ms=_number(values.get("restoreMs")),
        max_memory_used_mb=_whole(values.get("maxMemoryMb")),
        status=values.get("status"),
    )


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _whole(text: str | None) -> int | None:
    number = _number(text)
    return int(number) if number is not None and number.is_integer() else None


def _epoch_ms(text: str | None) -> int | None:
    try:
        moment = datetime.strptime(text or "", "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
    except ValueError:
        return None
    return round(moment.timestamp() * 1000)
