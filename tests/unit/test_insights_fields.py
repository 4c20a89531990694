"""The fields that are discovered in an event."""

import pytest

from powertune.local.facts import LogEvent
from powertune.local.insights.engine import run_query

ID = "6bc28136-xxxx".replace("xxxx", "2b3c-4d5e-8f90-123456789abc")
REPORT = (
    f"REPORT RequestId: {ID}\tDuration: 3.10 ms\tBilled Duration: 546 ms\tMemory Size: 2048 MB\t"
    "Max Memory Used: 95 MB\tInit Duration: 542.01 ms\t\n"
    "XRAY TraceId: 1-6a507b87-0cc4438344b48ef127ab1931\tSegmentId: d0025b207c551fde\tSampled: true\t\n"
)


def fields(message: str, *names: str) -> dict[str, str]:
    event = LogEvent(
        timestamp_ms=1_700_000_000_123,
        message=message,
        log_group="/aws/lambda/f",
        log_stream="s",
        ingestion_ms=1_700_000_001_000,
    )
    (row,) = run_query(f"fields {', '.join(names)}", [event]).rows
    return {name: value for name, value in row.items() if name != "@ptr"}


def test_every_event_has_its_times_its_message_and_where_it_comes_from() -> None:
    assert fields("hi", "@timestamp", "@ingestionTime", "@message", "@logStream", "@log") == {
        "@timestamp": "2023-11-14 22:13:20.123",
        "@ingestionTime": "2023-11-14 22:13:21.000",
        "@message": "hi",
        "@logStream": "s",
        "@log": "000000000000:/aws/lambda/f",
    }


def test_a_report_has_all_its_numbers_with_memory_in_bytes() -> None:
    names = ("@type", "@requestId", "@duration", "@billedDuration", "@initDuration", "@memorySize", "@maxMemoryUsed")
    assert fields(REPORT, *names, "@xrayTraceId", "@xraySegmentId") == {
        "@type": "REPORT",
        "@requestId": ID,
        "@duration": "3.1",
        "@billedDuration": "546",
        "@initDuration": "542.01",
        "@memorySize": "2048000000",
        "@maxMemoryUsed": "95000000",
        "@xrayTraceId": "1-6a507b87-0cc4438344b48ef127ab1931",
        "@xraySegmentId": "d0025b207c551fde",
    }


def test_a_trace_without_a_segment_id_still_has_its_trace_id() -> None:
    text = REPORT.replace("\tSegmentId: d0025b207c551fde", "")
    assert fields(text, "@xrayTraceId", "@xraySegmentId") == {"@xrayTraceId": "1-6a507b87-0cc4438344b48ef127ab1931"}


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (f"START RequestId: {ID} Version: 7\n", {"@type": "START", "@requestId": ID}),
        (f"END RequestId: {ID}", {"@type": "END", "@requestId": ID}),
        ("INIT_START Runtime Version: python:3.12.v27\tRuntime Version ARN: arn", {"@type": "INIT_START"}),
        (f"[INFO]\t2026-11-24T00:00:00.000Z\t{ID}\thello", {"@requestId": ID}),
        (f"he said REPORT RequestId: {ID}\tDuration: 1.00 ms", {}),
        (f" REPORT RequestId: {ID}\tDuration: 1.00 ms", {}),
        ("REPORT of the day", {}),
        ("STARTED", {}),
    ],
)
def test_only_what_lambda_writes_has_its_fields(message: str, found: dict[str, str]) -> None:
    assert fields(message, "@type", "@requestId", "@duration") == found


def test_a_number_in_the_second_line_of_a_report_is_not_its_own() -> None:
    text = f"REPORT RequestId: {ID}\tDuration: 1.00 ms\t\nx\tInit Duration: 9.00 ms\t"
    assert fields(text, "@duration", "@initDuration") == {"@duration": "1"}


def test_json_is_reached_by_dots_and_positions() -> None:
    message = '{"a": {"b": [10, {"c": "deep"}]}, "t": true, "n": null, "x": 1.50, "@m": 2, "k-l": 3}'
    names = ("a.b.0", "a.b.1.c", "t", "n", "x", "@@m", "`k-l`", "a.b.7", "a.b.0.c")
    assert fields(message, *names) == {
        "a.b.0": "10",
        "a.b.1.c": "deep",
        "t": "1",
        "x": "1.5",
        "@@m": "2",
        "k-l": "3",
    }


def test_the_first_json_object_of_a_message_is_read() -> None:
    message = f'[INFO]\t2026-11-24T00:00:00.000Z\t{ID}\tset {{x}} to {{"a": 1}} and {{"a": 2, "b": 3}}'
    assert fields(message, "a", "b", "@requestId") == {"a": "1", "@requestId": ID}


def test_json_reports_do_not_fill_the_fields_of_text_reports() -> None:
    message = '{"type":"platform.report","record":{"metrics":{"durationMs":1.5}}}'
    assert fields(message, "@duration", "@type", "record.metrics.durationMs") == {"record.metrics.durationMs": "1.5"}


def test_no_more_than_200_fields_are_taken_from_json() -> None:
    message = "{" + ",".join(f'"f{number}": {number}' for number in range(300)) + "}"
    assert fields(message, "f199", "f200") == {"f199": "199"}


@pytest.mark.parametrize("message", ["{" * 20_000, '{"a":' * 20_000, '{"a":[' * 5_000 + "1" + "]}" * 5_000])
def test_hostile_json_is_only_a_message(message: str) -> None:
    assert fields(message, "strlen(@message) as n") == {"n": str(len(message))}
