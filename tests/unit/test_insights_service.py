"""StartQuery, GetQueryResults, StopQuery and DescribeQueries."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from powertune.local import logs_service
from powertune.local.facts import LogEvent
from powertune.local.logs_service import InsightsService

Call = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]
START = {"logGroupName": "/g", "startTime": 100, "endTime": 200, "queryString": "fields @message"}


def event(index: int, group: str = "/g") -> LogEvent:
    return LogEvent(timestamp_ms=index, message=f"m{index}", log_group=group, log_stream="s", ingestion_ms=index)


def run(test: Callable[[Call, list[tuple[str, int, int]]], Awaitable[None]], count: int = 3) -> None:
    asked: list[tuple[str, int, int]] = []

    async def fetch(group: str, start_ms: int, end_ms: int) -> list[LogEvent] | None:
        asked.append((group, start_ms, end_ms))
        return [event(index, group) for index in range(count)] if group.startswith("/") else None

    async def main() -> None:
        service = InsightsService(fetch)

        async def call(operation: str, **request: Any) -> tuple[int, dict[str, Any]]:
            return await service.handle(operation, request)

        await test(call, asked)

    asyncio.run(main())


async def results(call: Call, **more: Any) -> dict[str, Any]:
    _, started = await call("StartQuery", **{**START, **more})
    status, answer = await call("GetQueryResults", queryId=started["queryId"])
    assert status == 200
    return answer


def messages(answer: dict[str, Any]) -> list[str]:
    return [field["value"] for row in answer["results"] for field in row if field["field"] == "@message"]


def test_a_query_is_answered_with_rows_and_statistics() -> None:
    async def test(call: Call, asked: list[tuple[str, int, int]]) -> None:
        answer = await results(call)
        assert answer["status"] == "Complete"
        assert messages(answer) == ["m2", "m1", "m0"]
        assert [field["field"] for field in answer["results"][0]] == ["@message", "@ptr"]
        assert answer["statistics"] == {"recordsMatched": 3.0, "recordsScanned": 3.0, "bytesScanned": 6.0}
        assert asked == [("/g", 100_000, 200_999)]

    run(test)


def test_groups_are_given_by_name_or_by_arn_and_asked_once_each() -> None:
    async def test(call: Call, asked: list[tuple[str, int, int]]) -> None:
        arn = "arn:aws:logs:us-east-1:000000000000:log-group:/a"
        await results(call, logGroupName=None, logGroupIdentifiers=[arn, "/b", "/a"])
        await results(call, logGroupName=None, logGroupNames=["/c"])
        assert [group for group, _, _ in asked] == ["/a", "/b", "/c"]

    run(test)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"logGroupName": None}, "InvalidParameterException"),
        ({"logGroupNames": ["/g"]}, "InvalidParameterException"),
        ({"logGroupName": None, "logGroupNames": "/g"}, "InvalidParameterException"),
        ({"logGroupName": None, "logGroupNames": ["/g"] * 51}, "InvalidParameterException"),
        ({"logGroupName": "arn:aws:logs:r:a:log-group:/g"}, "InvalidParameterException"),
        (
            {"logGroupName": None, "logGroupIdentifiers": ["arn:aws:logs:r:a:log-group:/g:*"]},
            "InvalidParameterException",
        ),
        ({"logGroupName": "unknown"}, "ResourceNotFoundException"),
        ({"startTime": 201}, "InvalidParameterException"),
        ({"startTime": None}, "InvalidParameterException"),
        ({"startTime": "100"}, "InvalidParameterException"),
        ({"startTime": -1}, "InvalidParameterException"),
        ({"limit": 0}, "InvalidParameterException"),
        ({"limit": 100_001}, "InvalidParameterException"),
        ({"queryString": None}, "InvalidParameterException"),
        ({"queryLanguage": "SQL"}, "InvalidParameterException"),
        ({"queryString": "filter count(*) > 1"}, "MalformedQueryException"),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused_at_its_start(change: dict[str, Any], kind: str) -> None:
    async def test(call: Call, asked: list[tuple[str, int, int]]) -> None:
        status, answer = await call("StartQuery", **{**START, **change})
        assert (status, answer["__type"]) == (400, kind)
        assert answer["message"]

    run(test)


def test_a_malformed_query_says_where() -> None:
    async def test(call: Call, asked: list[tuple[str, int, int]]) -> None:
        _, answer = await call("StartQuery", **{**START, "queryString": "fields a ~"})
        assert answer["queryCompileError"]["location"] == {"startCharOffset": 9, "endCharOffset": 10}
        assert "'~'" in answer["queryCompileError"]["message"]

    run(test)


@pytest.mark.parametrize("name", ["maxItems", "maxResults"])
def test_results_come_in_pages(name: str) -> None:
    async def test(call: Call, asked: list[tuple[str, int, int]]) -> None:
        _, started = await call("StartQuery", **START)
        _, first = await call("GetQueryResults", queryId=started["queryId"], **{name: 2})
        _, second = await call("GetQueryResults", queryId=started["queryId"], nextToken=first["nextToken"])
        assert messages(first) == ["m2", "m1"]
        assert messages(second) == ["m0"]
        assert "nextToken" not in second

    run(test)


def test_a_long_result_comes_in_pages_unasked() -> None:
    async def test(call: Call, asked: list[tuple[str, int, int]]) -> None:
        _, started = await call("StartQuery", **START, limit=20_000)
        answer: dict[str, Any] = {"status": "Running"}
        while answer["status"] == "Running":
            _, answer = await call("GetQueryResults", queryId=started["queryId"])
        _, rest = await call("GetQueryResults", queryId=started["queryId"], nextToken=answer["nextToken"])
        assert (len(answer["results"]), len(rest["results"])) == (10_000, 2_345)

    run(test, count=12_345)


@pytest.mark.parametrize("more", [{"nextToken": "x"}, {"nextToken": "²"}, {"maxItems": -1}, {"maxItems": 10_001}])
def test_a_page_that_cannot_be_is_refused(more: dict[str, Any]) -> None:
    async def test(call: Call, asked: list[tuple[str, int, int]]) -> None:
        _, started = await call("StartQuery", **START)
        status, answer = await call("GetQueryResults", queryId=started["queryId"], **more)
        assert (status, answer["__type"]) == (400, "InvalidParameterException")

    run(test)


@pytest.mark.parametrize("operation", ["GetQueryResults", "StopQuery"])
@pytest.mark.parametrize("request_", [{}, {"queryId": "none"}])
def test_an_unknown_query_is_not_found(operation: str, request_: dict[str, Any]) -> None:
    async def test(call: Call, asked: list[tuple[str, int, int]]) -> None:
        status, answer = await call(operation, **request_)
        assert (status, answer["__type"]) == (400, "ResourceNotFoundException")

    run(test)


def test_a_query_that_has_ended_cannot_be_stopped() -> None:
    async def test(call: Call, asked: list[tuple[str, int, int]]) -> None:
        _, started = await call("StartQuery", **START)
        await call("GetQueryResults", queryId=started["queryId"])
        status, answer = await call("StopQuery", queryId=started["queryId"])
        assert (status, answer["__type"]) == (400, "InvalidParameterException")

    run(test)


def test_a_running_query_says_so_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(logs_service, "run_query", lambda *_, **__: go_on.wait(30))

    async def test(call: Call, asked: list[tuple[str, int, int]]) -> None:
        _, started = await call("StartQuery", **START)
        query = {"queryId": started["queryId"]}
        try:
            assert (await call("GetQueryResults", **query))[1]["status"] == "Running"
            assert await call("StopQuery", **query) == (200, {"success": True})
            assert (await call("GetQueryResults", **query))[1]["status"] == "Cancelled"
        finally:
            go_on.set()

    run(test)


def test_queries_are_described_newest_first_and_in_pages() -> None:
    async def test(call: Call, asked: list[tuple[str, int, int]]) -> None:
        ids = []
        for group in ("/a", "/b", "/a"):
            _, started = await call("StartQuery", **{**START, "logGroupName": group})
            await call("GetQueryResults", queryId=started["queryId"])
            ids.append(started["queryId"])
        _, some = await call("DescribeQueries", logGroupName="/a", status="Complete")
        assert [query["queryId"] for query in some["queries"]] == [ids[2], ids[0]]
        _, first = await call("DescribeQueries", maxResults=2)
        _, second = await call("DescribeQueries", maxResults=2, nextToken=first["nextToken"])
        assert [query["queryId"] for query in (*first["queries"], *second["queries"])] == ids[::-1]
        assert (await call("DescribeQueries", status="Failed"))[1] == {"queries": []}

    run(test)


def test_an_operation_that_is_not_ours_is_refused_by_name() -> None:
    async def test(call: Call, asked: list[tuple[str, int, int]]) -> None:
        status, answer = await call("GetLogRecord")
        assert status == 400
        assert "GetLogRecord" in answer["message"]

    run(test)
