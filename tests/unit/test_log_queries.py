"""The three questions to a function's logs: queries that need no field discovery, and answers as data."""

from decimal import Decimal

import pytest
from fake_logs import START_MS, event, json_report, request_id, text_report
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.function import Architecture
from powertune.errors import UsageError
from powertune.local.insights import fields as engine_fields
from powertune.local.insights.engine import run_query
from powertune.measure.log_queries import LogReport, found_in, iso_utc, query_for
from powertune.pricing.table import price_for

GROUP = "/aws/lambda/orders"
PRICE = price_for("us-east-1", Architecture.X86_64)


@pytest.fixture(params=["fields are discovered", "no field is discovered"], autouse=True)
def discovery(request, monkeypatch):
    if request.param == "no field is discovered":
        system = ("@timestamp", "@ingestionTime", "@message", "@logStream", "@log")
        found = engine_fields._discover
        monkeypatch.setattr(
            engine_fields, "_discover", lambda one: {key: value for key, value in found(one).items() if key in system}
        )
        monkeypatch.setattr(engine_fields, "_json_fields", lambda message: {})


def ask(report, *events, group=GROUP, limit=20, price=PRICE):
    rows = run_query(query_for(report, "orders", group, limit), events).rows
    return found_in(report, rows, price)


def test_memory_is_grouped_by_the_size_that_each_invocation_had_in_both_formats():
    found = ask(
        LogReport.OVERPROVISIONED,
        event(text_report(1, memory=1024, used=100)),
        event(json_report(2, memory=1024, used=300)),
        event(text_report(3, memory=512, used=90)),
        event("Memory Size: 7 MB\tMax Memory Used: 1 MB"),
    )
    assert [(use.memory_mb, use.invocations, use.average_used_mb, use.max_used_mb, use.unused_mb) for use in found] == [
        (512, 1, 90, 90, 422), (1024, 2, 200, 300, 724),
    ]  # fmt: skip


def test_latency_is_the_duration_and_neither_billed_nor_init_nor_a_span():
    slow = text_report(1, duration=900, billed=1200, more="Init Duration: 299.00 ms\t")
    (found,) = ask(LogReport.LATENCY, event(slow), event(json_report(2, duration=100, initDurationMs=500)))
    assert (found.invocations, found.average_ms, found.p50_ms, found.max_ms) == (2, 500, 100, 900)
    assert found.starts_at == "2026-09-21T14:10:00Z"


def test_latency_has_a_bin_for_each_five_minutes_the_newest_first():
    events = [event(text_report(number, duration=number), START_MS + number * 60_000) for number in range(1, 13)]
    found = ask(LogReport.LATENCY, *events)
    assert [(one.starts_at[11:16], one.invocations) for one in found] == [
        ("14:25", 1),
        ("14:20", 5),
        ("14:15", 5),
        ("14:10", 1),
    ]
    assert [one.p99_ms for one in found] == [12, 11, 6, 1]


def test_requests_are_ordered_by_billed_duration_times_memory_and_priced():
    found = ask(
        LogReport.EXPENSIVE,
        event(text_report(1, billed=1000, memory=128)),
        event(json_report(2, billed=100, memory=2048)),
        event(text_report(3, billed=1, memory=128), START_MS + 5, "2026/09/21/[8]abc"),
    )
    assert [(one.request_id, one.billed_ms, one.memory_mb) for one in found] == [
        (request_id(2), 100, 2048), (request_id(1), 1000, 128), (request_id(3), 1, 128),
    ]  # fmt: skip
    assert found[0].cost.amount == Decimal("0.0000166667") * 2 / 10 + Decimal("0.0000002")
    assert (found[2].at, found[2].log_stream) == ("2026-09-21T14:13:20.005Z", "2026/09/21/[8]abc")


def test_a_retry_is_a_row_of_its_own_and_an_event_delivered_twice_is_not():
    found = ask(
        LogReport.EXPENSIVE,
        event(text_report(1, billed=50)),
        event(text_report(1, billed=50), START_MS + 7),
        event(text_report(1, billed=60), START_MS + 60_000),
    )
    assert [one.billed_ms for one in found] == [60, 50]


@pytest.mark.parametrize("report", LogReport)
def test_a_record_within_a_line_of_the_function_counts_nowhere(report):
    lines = [f"as I said: {json_report(1)}", f"look:\n{text_report(2)}", f'{{"message": {json_report(3)}}}']
    assert ask(report, *map(event, lines)) == ()


@pytest.mark.parametrize("report", LogReport)
def test_other_functions_of_a_shared_log_group_count_nowhere(report):
    streams = ["2026/09/21/orders-archive[1][a]", "2026/09/21/my-orders[1][a]", "2026/09/21/[1]a", "other"]
    events = [event(text_report(number), stream=stream) for number, stream in enumerate(streams)]
    assert ask(report, *events, group="/shared") == ()
    assert len(ask(report, event(text_report(1), stream="2026/09/21/orders[1][a]"), group="/shared")) == 1
    assert ask(report, event(text_report(1), stream="2026/09/21/stock[1][a]")) == ()


@pytest.mark.parametrize("report", LogReport)
def test_the_limit_is_part_of_the_query(report):
    events = [event(text_report(number, memory=128 + number), START_MS + number * 300_000) for number in range(5)]
    assert len(ask(report, *events, limit=3)) == 3


def test_a_record_with_a_duration_alone_is_in_the_latency_and_in_no_cost():
    record = '{"requestId":"a","metrics":{"durationMs":5.5},"status":"success"}'
    only = f'{{"time":"x","type":"platform.report","record":{record}}}'
    assert [ask(report, event(only)) != () for report in LogReport] == [False, True, False]


def test_without_a_price_the_cost_is_unknown():
    (found,) = ask(LogReport.EXPENSIVE, event(text_report(1)), price=None)
    assert found.cost is None


def test_storage_without_a_rate_is_refused_and_not_left_out_of_the_cost():
    from dataclasses import replace

    rows = run_query(query_for(LogReport.EXPENSIVE, "orders", GROUP, 5), [event(text_report(1))]).rows
    with pytest.raises(UsageError, match="ephemeral storage"):
        found_in(LogReport.EXPENSIVE, rows, replace(PRICE, ephemeral_per_gb_second=None), 1024)


columns = st.sampled_from([
    "memoryMb", "usedMb", "invocations", "averageUsedMb", "maxUsedMb", "startsAt", "p50Ms", "billedMs", "@timestamp",
])  # fmt: skip


@given(st.sampled_from(LogReport), st.lists(st.dictionaries(columns, st.text() | st.just("1"))))
def test_rows_of_any_kind_are_no_crash(report, rows):
    assert len(found_in(report, rows, PRICE)) <= len(rows)


def test_times_are_written_in_utc_with_their_milliseconds():
    assert iso_utc(START_MS) == "2026-09-21T14:13:20Z"
    assert iso_utc(START_MS + 7) == "2026-09-21T14:13:20.007Z"
