r"""CloudWatch Logs Insights: the record of every invocation, one query for a whole round.

The query brings the records themselves (``@message``), and `powertune.measure.report_line` reads the numbers, as it
does in a log tail. So the answer is the same for logs in text and in JSON format, and in the Standard and the
Infrequent Access class: AWS's pages disagree on whether fields are discovered in the latter (older copies of
CWL_AnalyzeLogData-discoverable-fields say that they are not). Discovered fields stand in only for a record whose
text cannot be read.

Query language: AWS docs, AmazonCloudWatch/latest/logs/CWL_QuerySyntax.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import code_of, explained
from powertune.domain.sample import ReportLine
from powertune.errors import AwsError
from powertune.measure.insights_query import MAX_QUERY_CHARS, run_query
from powertune.measure.report_line import read_message

MAX_ROWS = 10_000
"""Rows that one query is asked for: the default and, before 2026, the most (AWS docs, CWL_QuerySyntax-Limit)."""

BEGINNING = r"""/^(REPORT RequestId: |[{][^{}]*"type": ?"platform.report")/"""
"""How the platform's records begin, as a regex of the query language. Holds without field discovery."""

_FIELDS = {
    "rid": "coalesce(@requestId, record.requestId)",
    "durationMs": "coalesce(@duration, record.metrics.durationMs)",
    "billedMs": "coalesce(@billedDuration, record.metrics.billedDurationMs)",
    "initMs": "coalesce(@initDuration, record.metrics.initDurationMs)",
    "restoreMs": "record.metrics.restoreDurationMs",
    "billedRestoreMs": "record.metrics.billedRestoreDurationMs",
    # Not @memorySize and @maxMemoryUsed, which are bytes of an undocumented megabyte.
    "memoryMb": "record.metrics.memorySizeMB",
    "maxMemoryMb": "record.metrics.maxMemoryUsedMB",
    "status": "record.status",
    "errorType": "record.errorType",
    "traceId": "@xrayTraceId",
}
_BEGINNINGS = ("REPORT RequestId: ", "{")
_REQUEST_ID = re.compile("[0-9A-Za-z-]{1,36}")
_REQUEST_ID_CHARS = 37
_VERSIONS_CHARS = 7_000
"""Room for the version numbers in one query, well below what the rest of it leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightsRow:
    """The report of one invocation as Logs Insights gives it; what it does not say is None.

    ``billed_ms`` contains the init and the billed part of the restore. ``misfit`` says in words what is doubtful
    about the record: arithmetic that does not fit, several different records of one request, or a text that could
    not be read, so that the numbers are discovered fields.
    """

    request_id: str
    log_stream: str | None
    timestamp_ms: int | None
    duration_ms: float | None
    billed_ms: int | None
    init_ms: float | None
    restore_ms: float | None
    max_memory_used_mb: int | None
    status: str | None
    billed_restore_ms: int | None = None
    memory_mb: int | None = None
    error_type: str | None = None
    trace_id: str | None = None
    misfit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """Reports by request id, and what AWS scanned to find them, None where it does not say."""

    rows: dict[str, InsightsRow]
    bytes_scanned: int | None


def streams_regex(versions: Sequence[str], log_group: str = "", function_name: str | None = None) -> str:
    r"""A regex for the log streams of these versions of a function; of any function where none is named.

    Streams are named ``YYYY/MM/DD/[version]…`` in the function's default group and ``YYYY/MM/DD/name[version]…`` in
    any other (AWS docs, lambda/latest/dg/monitoring-cloudwatchlogs-loggroups). A group that is not the function's own
    holds others' records too, and their version numbers are the same small numbers: those of a clone's target, say.
    """
    numbers = "|".join(re.escape(version) for version in versions)
    if function_name is None:
        return rf"\[({numbers})\]"
    name = f"({function_name})?" if log_group == f"/aws/lambda/{function_name}" else function_name
    return rf"\/{name}\[({numbers})\]"


def query_text(
    versions: Sequence[str], log_group: str = "", function_name: str | None = None, request_ids: Sequence[str] = ()
) -> str:
    """The query for the reports of these versions, or of these requests of them, the newest first.

    See `streams_regex`. A request's id stands in its record, in text and in JSON.
    ``dedup`` keeps the first of equal rows in the order of the sort, and nothing but limit may follow it (AWS docs,
    CWL_QuerySyntax-Dedup). Only equal texts are duplicates here, such as an event that was delivered twice: of
    different records of one request the newest counts, and that there were several must not go unseen.
    """
    fields = ",\n  ".join(f"{expression} as {name}" for name, expression in _FIELDS.items())
    streams = streams_regex(versions, log_group, function_name)
    requests = f"| filter @message like /{'|'.join(request_ids)}/\n" if request_ids else ""
    return (
        f'filter @type = "REPORT" or type = "platform.report" or @message like {BEGINNING}\n'
        f"| filter @logStream like /{streams}/\n{requests}"
        f"| fields @timestamp, @logStream, @message,\n  {fields}\n"
        f"| sort @timestamp desc\n| dedup @message\n| limit {MAX_ROWS}"
    )


def fetch_rows(
    client: Any,
    log_group: str,
    versions: Sequence[str],
    start_ms: int,
    end_ms: int,
    clock: Clock,
    *,
    function_name: str | None = None,
    request_ids: Collection[str] = (),
) -> Fetched:
    """The reports of these versions of a function between two moments, by request id.

    Where others invoke the versions too, maybe thousands of times a minute, ``request_ids`` names those that are asked
    for. There are then few versions.

    Of several records of one request the newest counts: the platform writes after the function has ended, so one
    that the function printed itself is older. A full query is asked again for what is older than its last row.

    Raises:
        AwsError: or one of its kinds in `powertune.measure.insights_query`.
    """
    records = _Records()
    scanned: int | None = 0
    for batch, ids in _questions(versions, log_group, function_name, request_ids):
        # Once more here: a record of another function would be taken for that of a call whose answer was lost.
        own = re.compile("" if function_name is None else streams_regex(batch, log_group, function_name))
        start_s, end_s = start_ms // 1000, end_ms // 1000 + 1
        while start_s <= end_s:
            answer = run_query(
                client,
                log_group,
                query_text(batch, log_group, function_name, ids),
                start_s=start_s,
                end_s=end_s,
                limit=MAX_ROWS,
                clock=clock,
            )
            scanned = None if scanned is None or answer.bytes_scanned is None else scanned + answer.bytes_scanned
            for values in answer.rows:
                if own.search(values.get("@logStream", "")) or "@logStream" not in values:
                    records.add(values)
            moments = [at_ms for at_ms in map(_moment, answer.rows) if at_ms is not None]
            if len(answer.rows) < MAX_ROWS or not moments:
                break
            # The second that was cut is asked for again. Where it alone fills a query, the rest of it is given up.
            before_s = min(moments) // 1000 + 1
            end_s = before_s if before_s < end_s else end_s - 1
    return Fetched(rows=records.newest(), bytes_scanned=scanned)


def log_group_class(client: Any, log_group: str) -> str | None:
    """The class of a log group: ``STANDARD``, ``INFREQUENT_ACCESS``, ``DELIVERY`` (no queries), or a newer one.

    None where the group does not exist yet, the caller may not look, or AWS does not say.

    Raises:
        AwsError: AWS did not answer, or refused for another reason than a permission.
    """
    try:
        with explained("describing the log group"):
            answer = client.describe_log_groups(logGroupNamePrefix=log_group)
    except AwsError as error:
        if isinstance(error.__cause__, Exception) and code_of(error.__cause__).startswith("AccessDenied"):
            return None
        raise
    # In the order of names a name comes before all that begin with it, so the first page is enough.
    for group in answer.get("logGroups") or ():
        if group.get("logGroupName") == log_group:
            return str(group["logGroupClass"]) if group.get("logGroupClass") else None
    return None


def moment_ms(text: str | None) -> int | None:
    """``2026-11-24 12:00:01.250``, as Logs Insights writes UTC, as epoch milliseconds; None where it is none."""
    try:
        moment = datetime.fromisoformat(text or "")
        return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def number(text: str | None) -> float | None:
    """A value of a result as a finite number, not negative; None where it is none."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def whole(text: str | None) -> int | None:
    """A value of a result as a whole number, not negative; None where it is none."""
    value = number(text)
    return int(value) if value is not None and value.is_integer() else None


def _questions(
    versions: Sequence[str], log_group: str, function_name: str | None, request_ids: Collection[str]
) -> Iterator[tuple[list[str], list[str]]]:
    """Versions, and requests of them, in groups whose query is short enough."""
    for batch in _batches(versions):
        ids = sorted(one for one in request_ids if _REQUEST_ID.fullmatch(one))
        room = MAX_QUERY_CHARS - len(query_text(batch, log_group, function_name, ["x"]))
        each = max(1, room // _REQUEST_ID_CHARS)
        yield from ((batch, ids[start : start + each]) for start in range(0, len(ids), each))
        if len(ids) < len(request_ids) or not ids:
            yield batch, []


def _batches(versions: Sequence[str]) -> Iterator[list[str]]:
    """The versions in groups whose query is short enough."""
    assert _VERSIONS_CHARS < MAX_QUERY_CHARS
    batch: list[str] = []
    used = 0
    for version in dict.fromkeys(versions):
        length = len(re.escape(version)) + 1
        if batch and used + length > _VERSIONS_CHARS:
            yield batch
            batch, used = [], 0
        batch.append(version)
        used += length
    if batch:
        yield batch


def _moment(values: Mapping[str, str]) -> int | None:
    return moment_ms(values.get("@timestamp"))


class _Records:
    """All records that were found, each text once."""

    def __init__(self) -> None:
        self._read: dict[str, dict[str, InsightsRow]] = {}
        self._discovered: dict[str, InsightsRow] = {}

    def add(self, values: Mapping[str, str]) -> None:
        message = values.get("@message", "")
        report = read_message(message)
        if report is not None:
            row = _from_report(report, values)
            self._read.setdefault(row.request_id, {})[message.strip()] = row
        elif not message or message.startswith(_BEGINNINGS):
            # A message that merely contains a record is none: its discovered fields would say otherwise.
            found = _from_fields(values)
            if found is not None:
                self._discovered.setdefault(found.request_id, found)

    def newest(self) -> dict[str, InsightsRow]:
        chosen = dict(self._discovered)
        for request_id, texts in self._read.items():
            rows = list(texts.values())
            row = max(rows, key=lambda row: row.timestamp_ms or 0)
            if len(rows) > 1:
                several = f"there are {len(rows)} different records of this request, of which the newest was taken"
                row = replace(row, misfit="; ".join(filter(None, (row.misfit, several))))
            chosen[request_id] = row
        return chosen


def _from_report(report: ReportLine, values: Mapping[str, str]) -> InsightsRow:
    return InsightsRow(
        request_id=report.request_id,
        log_stream=values.get("@logStream"),
        timestamp_ms=_moment(values),
        duration_ms=report.duration_ms,
        billed_ms=report.billed_ms,
        init_ms=report.init_ms,
        restore_ms=report.restore_ms,
        max_memory_used_mb=report.max_memory_used_mb,
        status=report.status,
        billed_restore_ms=report.billed_restore_ms,
        memory_mb=report.memory_mb,
        error_type=report.error_type,
        trace_id=report.trace_id,
        misfit=report.misfit,
    )


def _from_fields(values: Mapping[str, str]) -> InsightsRow | None:
    request_id = values.get("rid")
    if not request_id:
        return None
    return InsightsRow(
        request_id=request_id,
        log_stream=values.get("@logStream"),
        timestamp_ms=_moment(values),
        duration_ms=number(values.get("durationMs")),
        billed_ms=whole(values.get("billedMs")),
        init_ms=number(values.get("initMs")),
        restore_ms=number(values.get("restoreMs")),
        max_memory_used_mb=whole(values.get("maxMemoryMb")),
        status=values.get("status"),
        billed_restore_ms=whole(values.get("billedRestoreMs")),
        memory_mb=whole(values.get("memoryMb")),
        error_type=values.get("errorType"),
        trace_id=values.get("traceId"),
        misfit="the text of its record could not be read; the numbers are the fields that Logs Insights discovered",
    )
