"""Runs one CloudWatch Logs Insights query: starts it, waits, reads every page, and says how it ended.

Calls and limits: botocore's logs model, and AWS docs, AmazonCloudWatchLogs/latest/APIReference/API_StartQuery and
API_GetQueryResults. Every value of a result is text; a field that an event does not have is missing from its row.
"""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import code_of, explained
from powertune.errors import AwsError, FunctionNotFound

MAX_QUERY_CHARS = 10_000
"""Longest query text that StartQuery takes (botocore's logs model)."""

QUERY_TIMEOUT_S = 60
"""How long a query may run before it is stopped. AWS itself stops it after an hour."""

QUOTA_PATIENCE_S = 30
"""How long a query that may not be started is tried again, on top of botocore's own retries."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 2.0
_FIRST_QUOTA_PAUSE_S, _LONGEST_QUOTA_PAUSE_S = 0.5, 8.0
_ATTEMPTS = 2
_QUOTA_CODES = frozenset({"LimitExceededException", "ThrottlingException", "Throttling", "TooManyRequestsException"})
_DENIED_CODES = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_REFUSED_CODES = frozenset({"MalformedQueryException", "InvalidParameterException"})


class LogGroupMissing(FunctionNotFound):
    """The log group is not there: Lambda makes it with the first record, which may be late."""


class LogsDenied(AwsError):
    """The caller may not query this log group."""


class QueryRefused(AwsError):
    """AWS does not take the query as it stands, or not for this log group."""


class QueryQuotaUsedUp(AwsError):
    """The account has as many queries under way, or starts as many a second, as it may, and went on doing so."""


class QueryFailed(AwsError):
    """The query was started, and came to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query found. ``bytes_scanned`` is what AWS bills by, None where it does not say."""

    rows: tuple[dict[str, str], ...]
    bytes_scanned: int | None


def run_query(
    client: Any,
    log_group: str,
    query: str,
    *,
    start_s: int,
    end_s: int,
    limit: int,
    clock: Clock,
    timeout_s: float = QUERY_TIMEOUT_S,
) -> Answer:
    """Run a query over one log group between two moments, in epoch seconds, both included.

    A query that ends as failed, cancelled or timed out is started once more; what both scanned counts. One that
    goes on longer than ``timeout_s`` is stopped, for it costs by what it scans.

    Raises:
        LogGroupMissing: there is no such log group (yet).
        LogsDenied: a permission is missing.
        QueryRefused: the query is malformed, or the log group's class has no queries.
        QueryQuotaUsedUp: no query could be started for half a minute.
        QueryFailed: it failed twice, or took too long.
        AwsError: anything else that AWS answers.
    """
    arguments = {
        "logGroupName": log_group, "startTime": start_s, "endTime": end_s, "queryString": query, "limit": limit,
    }  # fmt: skip
    scanned: int | None = 0
    status = ""
    for _ in range(_ATTEMPTS):
        query_id = _started(client, log_group, arguments, clock)
        try:
            answer = _ended(client, log_group, query_id, clock, timeout_s)
            status = str(answer.get("status"))
            scanned = _sum(scanned, _bytes_scanned(answer))
            if status == "Complete":
                return Answer(rows=tuple(_rows(client, log_group, query_id, answer)), bytes_scanned=scanned)
        except BaseException:
            _stop(client, query_id)
            raise
    raise QueryFailed(
        f"The Logs Insights query over {log_group} ended as {status}, twice.",
        next_step="Run again; if it persists, run the query over a shorter time in the CloudWatch console.",
    )


def _sum(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left + right


def _started(client: Any, log_group: str, arguments: dict[str, Any], clock: Clock) -> str:
    deadline_ms = clock.now_ms() + QUOTA_PATIENCE_S * 1000
    pause_s = _FIRST_QUOTA_PAUSE_S
    while True:
        try:
            with _told(log_group):
                return str(client.start_query(**arguments)["queryId"])
        except QueryQuotaUsedUp:
            if clock.now_ms() + pause_s * 1000 > deadline_ms:
                raise
        clock.sleep(pause_s)
        pause_s = min(pause_s * 2, _LONGEST_QUOTA_PAUSE_S)


def _ended(client: Any, log_group: str, query_id: str, clock: Clock, timeout_s: float) -> dict[str, Any]:
    """The first page of a query that is over, however it ended."""
    deadline_ms = clock.now_ms() + timeout_s * 1000
    pause_s = _FIRST_PAUSE_S
    while True:
        answer: dict[str, Any] = {}
        # Being asked too often says nothing about the query: it is asked again until its time is up.
        with contextlib.suppress(QueryQuotaUsedUp):
            answer = _page(client, log_group, query_id)
        if answer.get("status", "Unknown") not in ("Scheduled", "Running", "Unknown"):
            return answer
        if clock.now_ms() > deadline_ms:
            raise QueryFailed(
                f"The Logs Insights query over {log_group} took longer than {timeout_s:.0f} s and was stopped.",
                next_step="Ask for a shorter time: a query scans everything that the log group has in it.",
            )
        clock.sleep(pause_s)
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


def _rows(client: Any, log_group: str, query_id: str, answer: dict[str, Any]) -> Iterator[dict[str, str]]:
    seen: set[str] = set()
    while True:
        for result in answer.get("results") or ():
            yield {
                str(field["field"]): str(field["value"]) for field in result if "field" in field and "value" in field
            }
        token = answer.get("nextToken")
        if not token or token in seen:
            return
        seen.add(token)
        answer = _page(client, log_group, query_id, nextToken=token)


def _page(client: Any, log_group: str, query_id: str, **more: str) -> dict[str, Any]:
    try:
        with _told(log_group):
            answer: dict[str, Any] = client.get_query_results(queryId=query_id, **more)
    except LogGroupMissing as error:
        raise QueryFailed(
            f"The Logs Insights query over {log_group} was lost: {error.message}", next_step="Run again."
        ) from error
    return answer


def _stop(client: Any, query_id: str) -> None:
    # The query may have ended by itself, and stopping may be denied: neither changes what is told.
    with contextlib.suppress(Exception):
        client.stop_query(queryId=query_id)


def _bytes_scanned(answer: dict[str, Any]) -> int | None:
    statistics: dict[str, Any] = answer.get("statistics") or {}
    value: Any = statistics.get("bytesScanned")
    if type(value) not in (int, float) or not math.isfinite(value) or value < 0:
        return None
    return int(value)


@contextlib.contextmanager
def _told(log_group: str) -> Iterator[None]:
    """Errors as the kinds that a caller tells apart."""
    try:
        with explained("asking Logs Insights"):
            yield
    except AwsError as error:
        code = code_of(error.__cause__) if isinstance(error.__cause__, Exception) else ""
        if isinstance(error, FunctionNotFound):
            raise LogGroupMissing(
                f"The log group {log_group} is not there.",
                next_step="Lambda makes it with the function's first record, if the function's role may create it.",
            ) from error
        if code in _DENIED_CODES:
            raise LogsDenied(
                error.message,
                next_step=f"Give the caller logs:StartQuery, logs:GetQueryResults and logs:StopQuery on {log_group}.",
            ) from error
        if code in _QUOTA_CODES:
            raise QueryQuotaUsedUp(
                "The quota of Logs Insights queries is used up: all queries of the account in this region count, "
                "those of dashboards too.",
                next_step="Run again when other queries have ended, or have the quota raised.",
            ) from error
        if code in _REFUSED_CODES:
            raise QueryRefused(error.message, next_step=error.next_step) from error
        raise
