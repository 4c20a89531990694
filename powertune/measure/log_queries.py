r"""Three questions that people ask a function's logs: the Logs Insights queries, and their answers as data. Pure.

Every number is parsed out of the record itself, in its text or its JSON form. So the queries also work in log
classes without field discovery, and memory comes in the MB in which Lambda counts; the discovered ``@memorySize``
and ``@maxMemoryUsed`` are bytes of an undocumented megabyte.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from powertune.domain.price import Money, Price
from powertune.measure.insights import BEGINNING, moment_ms, number, whole
from powertune.pricing.bill import FREE_EPHEMERAL_MB, invocation_cost

BIN_MINUTES = 5


class LogReport(StrEnum):
    """What can be asked of a function's logs."""

    OVERPROVISIONED = "overprovisioned"
    LATENCY = "latency"
    EXPENSIVE = "expensive"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """How much of one memory size was used.

    Max Memory Used is the high-water mark of an environment, over all its invocations so far. ``unused_mb`` is
    the memory size less the highest of them.
    """

    memory_mb: int
    invocations: int
    average_used_mb: float
    max_used_mb: int
    unused_mb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyBin:
    """Durations of the invocations that ended within five minutes: of the handler, without init."""

    starts_at: str  # ISO 8601
    invocations: int
    average_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpensiveRequest:
    """One invocation by what it was billed. ``cost`` is its list price, None where the rates are not known."""

    request_id: str | None
    log_stream: str | None
    at: str | None  # ISO 8601
    billed_ms: int
    memory_mb: int
    cost: Money | None


Rows = Iterable[Mapping[str, str]]
Found = tuple[MemoryUse, ...] | tuple[LatencyBin, ...] | tuple[ExpensiveRequest, ...]


def query_for(report: LogReport, function_name: str, log_group: str, limit: int) -> str:
    """The query for one report over a function's records, of all its versions, with at most ``limit`` rows.

    Records are told by how they begin, not by discovered fields: those also see one that stands within a line of
    the function's own.
    """
    streams = streams_of(function_name, log_group)
    records = f"filter @message like {BEGINNING}\n  and @logStream like {streams}"
    return "\n".join((records, *_COMMANDS[report], f"| limit {limit}"))


def found_in(report: LogReport, rows: Rows, price: Price | None, ephemeral_mb: int = FREE_EPHEMERAL_MB) -> Found:
    """The rows of a report's query as data, in their order. A row without the numbers that it is for is left out.

    Args:
        report: which report's.
        rows: what the query found.
        price: the rates for the costs; None where they are not known.
        ephemeral_mb: the function's ephemeral storage, which is billed above 512 MB.

    Raises:
        UsageError: the storage is above 512 MB, and the price has no rate for it.
    """
    if report is LogReport.OVERPROVISIONED:
        return tuple(use for use in map(_memory_use, rows) if use is not None)
    if report is LogReport.LATENCY:
        return tuple(one for one in map(_latency_bin, rows) if one is not None)
    requests = (_expensive_request(row, price, ephemeral_mb) for row in rows)
    return tuple(request for request in requests if request is not None)


def streams_of(function_name: str, log_group: str) -> str:
    r"""A regex for the log streams of this function, for other functions may write to the same log group.

    Streams are named ``YYYY/MM/DD/[version]…`` in the function's default group and ``YYYY/MM/DD/name[version]…`` in
    any other (AWS docs, lambda/latest/dg/monitoring-cloudwatchlogs-loggroups).
    """
    name = "" if log_group == f"/aws/lambda/{function_name}" else function_name
    return rf"/\/{name}\[/"


def _parsed(label: str, key: str, name: str) -> str:
    """Take a number out of a record: behind a label (a regex) in text, or under a key of the metrics in JSON.

    Behind ``metrics``, because spans have durations too.
    """
    return rf'| parse @message /(?:{label}: |"metrics": ?[{{][^}}]*"{key}": ?)(?<{name}>[0-9.]+)/'


_MEMORY = _parsed("Memory Size", "memorySizeMB", "memoryMb")
# Billed, init and restore durations have the same word in their labels.
_DURATION = _parsed(r"^REPORT RequestId: [0-9A-Za-z-]+\sDuration", "durationMs", "durationMs")
_COMMANDS = {
    LogReport.OVERPROVISIONED: (
        _MEMORY,
        _parsed("Max Memory Used", "maxMemoryUsedMB", "usedMb"),
        "| filter ispresent(memoryMb) and ispresent(usedMb)",
        "| stats count(*) as invocations, avg(usedMb) as averageUsedMb, max(usedMb) as maxUsedMb by memoryMb",
        "| sort memoryMb asc",
    ),
    LogReport.LATENCY: (
        _DURATION,
        "| filter ispresent(durationMs)",
        "| stats count(*) as invocations, avg(durationMs) as averageMs, pct(durationMs, 50) as p50Ms,",
        "  pct(durationMs, 95) as p95Ms, pct(durationMs, 99) as p99Ms, max(durationMs) as maxMs",
        f"  by bin({BIN_MINUTES}m) as startsAt",
        "| sort startsAt desc",
    ),
    LogReport.EXPENSIVE: (
        '| parse @message /(?:REPORT RequestId: |"requestId": ?")(?<requestId>[0-9A-Za-z-]+)/',
        _parsed("Billed Duration", "billedDurationMs", "billedMs"),
        _MEMORY,
        "| filter ispresent(billedMs) and ispresent(memoryMb)",
        "| fields @timestamp, @logStream, requestId, billedMs, memoryMb, billedMs * memoryMb as billedMsTimesMb",
        "| sort billedMsTimesMb desc",
        # A retry has its own record under the same request id and is billed too; an event delivered twice is not.
        "| dedup @message",
    ),
}


def _memory_use(row: Mapping[str, str]) -> MemoryUse | None:
    memory_mb, invocations = whole(row.get("memoryMb")), whole(row.get("invocations"))
    average_mb, most_mb = number(row.get("averageUsedMb")), whole(row.get("maxUsedMb"))
    if not memory_mb or invocations is None or average_mb is None or most_mb is None:
        return None
    return MemoryUse(
        memory_mb=memory_mb,
        invocations=invocations,
        average_used_mb=average_mb,
        max_used_mb=most_mb,
        unused_mb=memory_mb - most_mb,
    )


def _latency_bin(row: Mapping[str, str]) -> LatencyBin | None:
    starts_at, invocations = _moment(row.get("startsAt")), whole(row.get("invocations"))
    if starts_at is None or invocations is None:
        return None
    return LatencyBin(
        starts_at=starts_at,
        invocations=invocations,
        average_ms=number(row.get("averageMs")),
        p50_ms=number(row.get("p50Ms")),
        p95_ms=number(row.get("p95Ms")),
        p99_ms=number(row.get("p99Ms")),
        max_ms=number(row.get("maxMs")),
    )


def _expensive_request(row: Mapping[str, str], price: Price | None, ephemeral_mb: int) -> ExpensiveRequest | None:
    billed_ms, memory_mb = whole(row.get("billedMs")), whole(row.get("memoryMb"))
    if billed_ms is None or memory_mb is None:
        return None
    cost = None if price is None else invocation_cost(billed_ms, memory_mb, price, ephemeral_mb=ephemeral_mb)
    return ExpensiveRequest(
        request_id=row.get("requestId"),
        log_stream=row.get("@logStream"),
        at=_moment(row.get("@timestamp")),
        billed_ms=billed_ms,
        memory_mb=memory_mb,
        cost=cost,
    )


def _moment(text: str | None) -> str | None:
    at_ms = moment_ms(text)
    return None if at_ms is None else iso_utc(at_ms)


def iso_utc(at_ms: int) -> str:
    """Epoch milliseconds as ``2026-11-24T12:00:01.250Z``, without the fraction where it is none."""
    moment = datetime.fromtimestamp(at_ms // 1000, tz=UTC)
    fraction = f".{at_ms % 1000:03}" if at_ms % 1000 else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
