"""X-Ray's API, asked directly and by boto3."""

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from powertune.local.xray_service import handle
from powertune.local.xray_store import TraceStore


def trace_id(number: int) -> str:
    return f"1-6a507b87-{number:024x}"


def document(number: int, start_s: float = 1000.0, **more: Any) -> str:
    known = {"id": f"{number:016x}", "trace_id": trace_id(number), "name": "n", "start_time": start_s}
    return json.dumps({**known, "end_time": start_s + 1, **more})


def ask(store: TraceStore, path: str, request: Any = None, method: str = "POST") -> tuple[int, dict[str, Any]]:
    body = request if isinstance(request, bytes) else json.dumps(request or {}).encode()
    status, headers, answer = asyncio.run(handle(store)(method, path, {}, body, {}))
    assert headers["Content-Type"] == "application/json"
    if status != 200:
        assert headers["x-amzn-errortype"] == "InvalidRequestException"
    return status, json.loads(answer)


def filled(count: int, **more: Any) -> TraceStore:
    store = TraceStore()
    for number in range(count):
        store.put_document(document(number, 1000.0 + number, **more))
    return store


def test_documents_that_are_refused_come_back_with_their_reason() -> None:
    store = TraceStore()
    documents = [document(1), "{", document(2, name=""), 5]
    _, answer = ask(store, "/TraceSegments", {"TraceSegmentDocuments": documents})
    assert [one["Id"] for one in answer["UnprocessedTraceSegments"]] == [None, f"{2:016x}", None]
    assert all(one["ErrorCode"] == "ParseError" and one["Message"] for one in answer["UnprocessedTraceSegments"])
    assert len(store.traces()) == 1


def test_a_trace_is_given_back_and_an_unknown_one_is_unprocessed() -> None:
    _, answer = ask(filled(1), "/Traces", {"TraceIds": [trace_id(0), trace_id(9), trace_id(0)]})
    (trace,) = answer["Traces"]
    assert (trace["Id"], trace["Duration"], trace["LimitExceeded"]) == (trace_id(0), 1.0, False)
    assert json.loads(trace["Segments"][0]["Document"])["name"] == "n"
    assert answer["UnprocessedTraceIds"] == [trace_id(9)]


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("/Traces", {"TraceIds": [trace_id(number) for number in range(6)]}),
        ("/Traces", {"TraceIds": []}),
        ("/Traces", {"TraceIds": trace_id(1)}),
        ("/Traces", {}),
        ("/Traces", b"{"),
        ("/Traces", b"[]"),
        ("/TraceSegments", {}),
        ("/TraceSummaries", {"StartTime": 0}),
        ("/TraceSummaries", {"StartTime": "2026-11-24", "EndTime": 5}),
        ("/TraceSummaries", {"StartTime": 9, "EndTime": 5}),
        ("/TraceSummaries", {"StartTime": 0, "EndTime": 6 * 3600 + 1}),
        ("/TraceSummaries", {"StartTime": 0, "EndTime": 5, "FilterExpression": "fault"}),
        ("/TraceSummaries", {"StartTime": 0, "EndTime": 5, "Sampling": True}),
        ("/TraceSummaries", {"StartTime": 0, "EndTime": 5, "TimeRangeType": "Moon"}),
        ("/TraceSummaries", {"StartTime": 0, "EndTime": 5, "NextToken": "²"}),
    ],
)
def test_an_invalid_request_is_refused_with_a_reason(path: str, request_: Any) -> None:
    status, answer = ask(filled(1), path, request_)
    assert status == 400
    assert answer["Message"]


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/GetGroup", "GetGroup"),
        ("/ServiceGraph", "GetServiceGraph"),
        ("/TelemetryRecords", "PutTelemetryRecords"),
        ("/StartTraceRetrieval", "StartTraceRetrieval"),
    ],
)
def test_an_operation_that_is_not_supported_is_named(path: str, operation: str) -> None:
    status, answer = ask(TraceStore(), path)
    assert status == 400
    assert operation in answer["Message"]


def test_only_post_is_spoken() -> None:
    assert ask(TraceStore(), "/Traces", method="GET")[0] == 400


def test_summaries_come_newest_first_and_in_pages() -> None:
    store = filled(150)
    request: dict[str, Any] = {"StartTime": 1000, "EndTime": 1148}
    _, first = ask(store, "/TraceSummaries", request)
    _, second = ask(store, "/TraceSummaries", {**request, "NextToken": first["NextToken"]})
    ids = [one["Id"] for one in (*first["TraceSummaries"], *second["TraceSummaries"])]
    assert ids == [trace_id(number) for number in range(148, -1, -1)]
    assert first["TracesProcessedCount"] == 149
    assert "NextToken" not in second


@pytest.mark.parametrize(
    ("kind", "start_s", "found"), [("TraceId", 1000, 1), ("Service", 1001, 1), ("Event", 5000, 1), ("Event", 1000, 0)]
)
def test_the_range_is_one_of_starts_of_ends_or_of_changes(kind: str, start_s: int, found: int) -> None:
    store = TraceStore(now_s=lambda: 5000.0)
    store.put_document(document(1, 1000.0))
    request = {"StartTime": start_s, "EndTime": start_s + 0.5, "TimeRangeType": kind}
    assert len(ask(store, "/TraceSummaries", request)[1]["TraceSummaries"]) == found


def test_a_summary_tells_the_fault_of_the_root_and_not_of_what_it_called() -> None:
    store = TraceStore()
    store.put_document(document(1))
    store.put_document(document(2, 1000.5, trace_id=trace_id(1), parent_id=f"{1:016x}", fault=True))
    (summary,) = ask(store, "/TraceSummaries", {"StartTime": 0, "EndTime": 2000})[1]["TraceSummaries"]
    assert summary["HasFault"] is False
    assert (summary["Duration"], summary["ResponseTime"]) == (1.5, 1.0)


@pytest.fixture
def client() -> Iterator[Any]:
    answer = handle(TraceStore())

    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, payload = asyncio.run(answer("POST", self.path, dict(self.headers), body, {}))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(payload))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    config = Config(retries={"total_max_attempts": 1}, proxies={})
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    url = f"http://127.0.0.1:{server.server_port}"
    yield boto3.client("xray", region_name="us-east-1", endpoint_url=url, config=config, **keys)
    server.shutdown()
    thread.join()
    server.server_close()


def test_boto3_reads_what_it_wrote(client: Any) -> None:
    assert client.put_trace_segments(TraceSegmentDocuments=[document(1)])["UnprocessedTraceSegments"] == []
    (trace,) = client.batch_get_traces(TraceIds=[trace_id(1), trace_id(2)])["Traces"]
    assert json.loads(trace["Segments"][0]["Document"])["id"] == f"{1:016x}"
    pages = client.get_paginator("get_trace_summaries").paginate(
        StartTime=datetime.fromtimestamp(990, UTC), EndTime=datetime.fromtimestamp(1010, UTC)
    )
    assert [one["Id"] for page in pages for one in page["TraceSummaries"]] == [trace_id(1)]
    assert client.get_trace_segment_destination()["Destination"] == "XRay"


def test_boto3_sees_a_modelled_error(client: Any) -> None:
    with pytest.raises(ClientError) as refused:
        client.get_service_graph(StartTime=0, EndTime=1)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    assert "GetServiceGraph" in refused.value.response["Error"]["Message"]
