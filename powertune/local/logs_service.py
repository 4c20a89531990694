"""Logs Insights' part of the CloudWatch Logs API: queries are started, asked for, and stopped."""

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
from powertune.local.insights.parser import parse_query

Fetch = Callable[[str, int, int], Awaitable[list[LogEvent] | None]]
Json = dict[str, Any]

MAX_LIMIT = 10_000
_KEPT = 1_000
_GROUP_KEYS = ("logGroupName", "logGroupNames", "logGroupIdentifiers")


class _Refused(Exception):
    def __init__(self, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.answer: Json = {"__type": kind, "message": message, **more}


@dataclass(slots=True)
class _Query:
    """A started query and, once it has run, its result."""

    text: str
    group: str
    created_ms: int
    task: asyncio.Task[QueryResult]

    @property
    def status(self) -> str:
        if not self.task.done():
            return "Running"
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
            return 200, self._describe(request)
        except _Refused as error:
            return 400, error.answer

    async def _start(self, request: Json) -> Json:
        if request.get("queryLanguage", "CWLI") != "CWLI":
            raise _Refused("InvalidParameterException", "The embedded endpoint knows the CWLI query language only.")
        groups = _groups(request)
        try:
            start_ms, end_ms = int(request["startTime"]) * 1000, int(request["endTime"]) * 1000 + 999
        except (KeyError, TypeError, ValueError):
            raise _Refused("InvalidParameterException", "startTime and endTime are epoch seconds.") from None
        if end_ms < start_ms:
            raise _Refused("InvalidParameterException", "endTime is before startTime.")
        limit = request.get("limit", MAX_LIMIT)
        if type(limit) is not int or not 1 <= limit <= MAX_LIMIT:
            raise _Refused("InvalidParameterException", f"limit must be a whole number from 1 to {MAX_LIMIT}.")
        text = str(request.get("queryString", ""))
        try:
            parse_query(text)
        except MalformedQuery as error:
            place = {"startCharOffset": error.position, "endCharOffset": error.position + 1}
            detail = {"location": place, "message": error.message}
            raise _Refused("MalformedQueryException", error.message, queryCompileError=detail) from None
        events: list[LogEvent] = []
        for group in groups:
            found = await self._fetch(group, start_ms, end_ms)
            if found is None:
                raise _Refused("ResourceNotFoundException", f"Log group '{group}' does not exist.")
            events.extend(found)
        query_id = str(uuid.uuid4())
        self._queries[query_id] = _Query(
            text=text,
            group=groups[0],
            created_ms=time.time_ns() // 1_000_000,
            # In a thread: a long query must not keep other requests waiting.
            task=asyncio.create_task(asyncio.to_thread(run_query, text, events, limit=limit)),
        )
        while len(self._queries) > _KEPT:
            self._queries.popitem(last=False)
        return {"queryId": query_id}

    async def _results(self, request: Json) -> Json:
        query = self._query(request)
        # Most queries are over in a moment: give this one a moment, and save its caller a second question.
        await asyncio.wait([query.task], timeout=0.2)
        if query.status != "Complete":
            return {"status": query.status, "results": [], "statistics": _statistics(None)}
        result = query.task.result()
        rows = [[{"field": name, "value": value} for name, value in row.items()] for row in result.rows]
        answer: Json = {"queryLanguage": "CWLI", "status": "Complete", "statistics": _statistics(result)}
        page = request.get("maxResults")
        if page is None:
            return {**answer, "results": rows}
        token = str(request.get("nextToken") or 0)
        if type(page) is not int or page < 1 or not token.isdigit():
            raise _Refused("InvalidParameterException", "maxResults or nextToken is invalid.")
        first = int(token)
        if first + page < len(rows):
            answer["nextToken"] = str(first + page)
        return {**answer, "results": rows[first : first + page]}

    def _stop(self, request: Json) -> Json:
        query = self._query(request)
        if query.status != "Running":
            raise _Refused("InvalidParameterException", f"The query has already ended: {query.status}.")
        query.task.cancel()
        return {"success": True}

    def _describe(self, request: Json) -> Json:
        group, status = request.get("logGroupName"), request.get("status")
        return {
            "queries": [
                {
                    "queryId": query_id,
                    "queryString": query.text,
                    "status": query.status,
                    "createTime": query.created_ms,
                    "logGroupName": query.group,
                }
                for query_id, query in reversed(self._queries.items())
                if group in (None, query.group) and status in (None, query.status)
            ]
        }

    def _query(self, request: Json) -> _Query:
        query = self._queries.get(str(request.get("queryId")))
        if query is None:
            raise _Refused("ResourceNotFoundException", f"There is no query {request.get('queryId')}.")
        return query


def _groups(request: Json) -> list[str]:
    given = [key for key in _GROUP_KEYS if request.get(key)]
    if len(given) != 1:
        raise _Refused("InvalidParameterException", f"Give exactly one of {', '.join(_GROUP_KEYS)}.")
    value = request[given[0]]
    names = [value] if isinstance(value, str) else [str(name) for name in value]
    return [name.removesuffix(":*").rpartition(":log-group:")[2] for name in names]


def _statistics(result: QueryResult | None) -> Json:
    return {
        "recordsMatched": result.records_matched if result else 0.0,
        "recordsScanned": result.records_scanned if result else 0.0,
        "bytesScanned": result.bytes_scanned if result else 0.0,
    }
