"""Logs Insights' part of the CloudWatch Logs API: queries are started, asked for, and stopped.

Shapes and limits: botocore's logs model, and AWS docs, AmazonCloudWatchLogs/latest/APIReference/API_StartQuery and
API_GetQueryResults.
"""

import asyncio
import time
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from powertune.local.facts import LogEvent
from powertune.local.insights.engine import QueryResult, run_query
from powertune.local.insights.errors import MalformedQuery
from powertune.local.insights.parser import MAX_LIMIT, parse_query

Fetch = Callable[[str, int, int], Awaitable[list[LogEvent] | None]]
Json = dict[str, Any]

DEFAULT_LIMIT = 10_000
PAGE_ROWS = 10_000
MAX_GROUPS = 50
_MAX_DESCRIBED = 1_000
_KEPT = 1_000
_FIRST_LOOK_S = 0.2
_GROUP_KEYS = ("logGroupName", "logGroupNames", "logGroupIdentifiers")


class _Refused(Exception):
    def __init__(self, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.answer: Json = {"__type": kind, "message": message, **more}


@dataclass(slots=True)
class _Query:
    """A started query and, once it has run, its result."""

    text: str
    groups: tuple[str, ...]
    created_ms: int
    task: asyncio.Task[QueryResult]

    @property
    def status(self) -> str:
        if not self.task.done():
            return "Cancelled" if self.task.cancelling() else "Running"
        if self.task.cancelled():
            return "Cancelled"
        return "Failed" if self.task.exception() else "Complete"


class InsightsService:
    """Answers StartQuery, GetQueryResults, StopQuery and DescribeQueries.

    ``fetch`` gives the events of a log group between two moments in epoch milliseconds, ends included, None for
    a group that does not exist.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._queries: OrderedDict[str, _Query] = OrderedDict()

    async def handle(self, operation: str, request: Json) -> tuple[int, Json]:
        """Answer one request: HTTP status and body."""
        try:
            if operation == "StartQuery":
                return 200, await self._start(request)
            if operation == "GetQueryResults":
                return 200, await self._results(request)
            if operation == "StopQuery":
                return 200, self._stop(request)
            if operation == "DescribeQueries":
                return 200, self._describe(request)
            raise _invalid(f"The embedded endpoint's Logs Insights does not know {operation}.")
        except _Refused as error:
            return 400, error.answer

    async def _start(self, request: Json) -> Json:
        if request.get("queryLanguage", "CWLI") != "CWLI":
            raise _invalid("The embedded endpoint knows the CWLI query language only.")
        groups = _groups(request)
        start_s, end_s = (_whole(request, key, least=0, most=None) for key in ("startTime", "endTime"))
        if end_s < start_s:
            raise _invalid("endTime is before startTime.")
        limit = _whole({"limit": DEFAULT_LIMIT, **request}, "limit", least=1, most=MAX_LIMIT)
        text = request.get("queryString")
        if not isinstance(text, str):
            raise _invalid("queryString is missing.")
        try:
            parse_query(text)
        except MalformedQuery as error:
            place = {"startCharOffset": error.position, "endCharOffset": min(error.position + 1, len(text))}
            detail = {"location": place, "message": error.message}
            raise _Refused("MalformedQueryException", error.message, queryCompileError=detail) from None
        events: list[LogEvent] = []
        for group in groups:
            found = await self._fetch(group, start_s * 1000, end_s * 1000 + 999)
            if found is None:
                raise _not_found(f"Log group '{group}' does not exist.")
            events.extend(found)
        query_id = str(uuid.uuid4())
        self._queries[query_id] = _Query(
            text=text,
            groups=groups,
            created_ms=time.time_ns() // 1_000_000,
            # In a thread: a long query must not keep other requests waiting.
            task=asyncio.create_task(asyncio.to_thread(run_query, text, events, limit=limit)),
        )
        ended = [one for one, query in self._queries.items() if query.task.done()]
        for one in ended[: max(0, len(self._queries) - _KEPT)]:
            del self._queries[one]
        return {"queryId": query_id}

    async def _results(self, request: Json) -> Json:
        query = self._query(request)
        first = _place(request)
        # 0 stands for «not given» in botocore's model, which has called this maxResults and maxItems.
        asked = {"maxItems": request.get("maxItems", request.get("maxResults", 0))}
        page = _whole(asked, "maxItems", least=0, most=PAGE_ROWS) or PAGE_ROWS
        # Most queries are over in a moment: give this one a moment, and save its caller a second question.
        await asyncio.wait([query.task], timeout=_FIRST_LOOK_S)
        if query.status != "Complete":
            return {"queryLanguage": "CWLI", "status": query.status, "results": [], "statistics": _statistics(None)}
        result = query.task.result()
        answer: Json = {
            "queryLanguage": "CWLI",
            "status": "Complete",
            "statistics": _statistics(result),
            "results": [
                [{"field": name, "value": value} for name, value in row.items()]
                for row in result.rows[first : first + page]
            ],
        }
        if first + page < len(result.rows):
            answer["nextToken"] = str(first + page)
        return answer

    def _stop(self, request: Json) -> Json:
        query = self._query(request)
        if query.status != "Running":
            raise _invalid(f"The query has already ended: {query.status}.")
        query.task.cancel()
        return {"success": True}

    def _describe(self, request: Json) -> Json:
        group, status = request.get("logGroupName"), request.get("status")
        if request.get("queryLanguage", "CWLI") != "CWLI":
            return {"queries": []}
        first = _place(request)
        page = _whole({"maxResults": _MAX_DESCRIBED, **request}, "maxResults", least=1, most=_MAX_DESCRIBED)
        found = [
            {
                "queryLanguage": "CWLI",
                "queryId": query_id,
                "queryString": query.text,
                "status": query.status,
                "createTime": query.created_ms,
                "logGroupName": group or query.groups[0],
            }
            for query_id, query in reversed(self._queries.items())
            if (group is None or group in query.groups) and status in (None, query.status)
        ]
        more = {"nextToken": str(first + page)} if first + page < len(found) else {}
        return {"queries": found[first : first + page], **more}

    def _query(self, request: Json) -> _Query:
        query = self._queries.get(str(request.get("queryId")))
        if query is None:
            raise _not_found(f"There is no query {request.get('queryId')}.")
        return query


def _invalid(message: str) -> _Refused:
    return _Refused("InvalidParameterException", message)


def _not_found(message: str) -> _Refused:
    return _Refused("ResourceNotFoundException", message)


def _groups(request: Json) -> tuple[str, ...]:
    given = [key for key in _GROUP_KEYS if request.get(key)]
    if len(given) != 1:
        raise _invalid(f"Give exactly one of {', '.join(_GROUP_KEYS)}.")
    key, value = given[0], request[given[0]]
    names = [value] if key == "logGroupName" else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise _invalid(f"{key} does not name log groups.")
    if len(names) > MAX_GROUPS:
        raise _invalid(f"{key} names more than {MAX_GROUPS} log groups.")
    if key == "logGroupIdentifiers":
        if any(name.endswith("*") for name in names):
            raise _invalid("The ARN of a log group stands without * at its end here.")
        names = [name.rpartition(":log-group:")[2] for name in names]
    if any(":" in name for name in names):
        raise _invalid(f"{key} holds an ARN; those stand in logGroupIdentifiers, as arn:…:log-group:name.")
    return tuple(dict.fromkeys(names))


def _whole(request: Json, key: str, *, least: int, most: int | None) -> int:
    value = request.get(key)
    if type(value) is not int or value < least or (most is not None and value > most):
        raise _invalid(f"{key} must be a whole number from {least}{f' to {most}' if most is not None else ''}.")
    return value


def _place(request: Json) -> int:
    token = request.get("nextToken")
    if token is None:
        return 0
    if not isinstance(token, str) or not token.isascii() or not token.isdigit() or len(token) > len(str(MAX_LIMIT)):
        raise _invalid("nextToken is not one of ours.")
    return int(token)


def _statistics(result: QueryResult | None) -> Json:
    return {
        "recordsMatched": result.records_matched if result else 0.0,
        "recordsScanned": result.records_scanned if result else 0.0,
        "bytesScanned": result.bytes_scanned if result else 0.0,
    }
