"""Every invocation's record out of Logs Insights: both log formats, both log classes, forged and doubled records."""

import re

import pytest
from fake_aws import FakeClock, refusal
from fake_logs import START_MS, EngineLogs, ScriptedLogs, event, json_report, request_id, text_report
from hypothesis import given
from hypothesis import strategies as st

from powertune.errors import AwsError
from powertune.local.insights import fields as engine_fields
from powertune.measure import insights
from powertune.measure.insights import fetch_rows, log_group_class, moment_ms, query_text

GROUP = "/aws/lambda/orders"


def fetch(logs, versions=("7",), start_ms=START_MS - 60_000, end_ms=START_MS + 60_000):
    return fetch_rows(logs, GROUP, versions, start_ms, end_ms, FakeClock())


@pytest.fixture(params=["fields are discovered", "no field is discovered"])
def discovery(request, monkeypatch):
    """The Standard class, and what the Infrequent Access class may be like."""
    if request.param == "no field is discovered":
        system = ("@timestamp", "@ingestionTime", "@message", "@logStream", "@log")
        discover = engine_fields._discover
        monkeypatch.setattr(
            engine_fields,
            "_discover",
            lambda one: {key: value for key, value in discover(one).items() if key in system},
        )
        monkeypatch.setattr(engine_fields, "_json_fields", lambda message: {})


@pytest.mark.usefixtures("discovery")
def test_text_records_are_read_whole():
    trace = "1-6a507b87-0cc4438344b48ef127ab1931"
    more = "Init Duration: 542.01 ms\tStatus: error\tError Type: Runtime.ExitError\t"
    more += f"\nXRAY TraceId: {trace}\tSampled: true\t"
    fetched = fetch(EngineLogs([event(text_report(1, 3.1, 546, 2048, 95, more)), event("hello"), event("START x")]))
    (row,) = fetched.rows.values()
    assert (row.request_id, row.log_stream, row.timestamp_ms) == (
        request_id(1), "2026/09/21/[7]0123456789abcdef", START_MS
    )  # fmt: skip
    assert (row.duration_ms, row.billed_ms, row.init_ms) == (3.1, 546, 542.01)
    assert (row.memory_mb, row.max_memory_used_mb) == (2048, 95)
    assert (row.status, row.error_type, row.trace_id) == ("error", "Runtime.ExitError", trace)
    assert row.restore_ms is None
    assert row.misfit is None


@pytest.mark.usefixtures("discovery")
def test_json_records_are_read_whole_and_a_span_is_not_taken_for_the_duration():
    fetched = fetch(EngineLogs([event(json_report(1, 693.92, 1092, 128, 84, initDurationMs=397.68)), event("{}")]))
    (row,) = fetched.rows.values()
    assert (row.duration_ms, row.billed_ms, row.init_ms) == (693.92, 1092, 397.68)
    assert (row.memory_mb, row.max_memory_used_mb) == (128, 84)


@pytest.mark.usefixtures("discovery")
def test_only_the_streams_of_the_versions_asked_for_are_read_in_default_and_custom_groups():
    streams = ["2026/09/21/[7]abc", "2026/09/21/orders[8][guid]", "2026/09/21/[78]abc", "2026/09/21/[$LATEST]abc"]
    logs = EngineLogs([event(text_report(n), stream=stream) for n, stream in enumerate(streams)])
    assert set(fetch(logs, ("7", "8")).rows) == {request_id(0), request_id(1)}
    assert set(fetch(logs, ("$LATEST",)).rows) == {request_id(3)}


@pytest.mark.usefixtures("discovery")
def test_a_message_that_only_contains_a_record_is_none():
    hidden = [
        f"as I said: {json_report(1)}",
        f"look:\n{text_report(2)}",
        '{"message": "REPORT RequestId: ' + request_id(3) + '"}',
    ]
    assert fetch(EngineLogs([event(text) for text in hidden])).rows == {}


def test_a_record_that_was_delivered_twice_counts_once_without_a_word():
    fetched = fetch(EngineLogs([event(text_report(1)), event(text_report(1), START_MS + 5)]))
    assert fetched.rows[request_id(1)].misfit is None


@pytest.mark.parametrize("forged_first", [True, False])
def test_of_two_different_records_the_newest_counts_and_the_row_says_so(forged_first):
    forged, genuine = event(text_report(1, billed=1)), event(text_report(1, billed=900), START_MS + 1)
    fetched = fetch(EngineLogs([forged, genuine] if forged_first else [genuine, forged]))
    row = fetched.rows[request_id(1)]
    assert row.billed_ms == 900
    assert "2 different records of this request" in row.misfit


def test_discovered_fields_stand_in_for_a_record_that_cannot_be_read():
    values = {
        "rid": "r1", "@message": "REPORT RequestId: ****\tDuration: 1.50 ms", "@logStream": "s",
        "@timestamp": "2026-09-21 14:13:20.000", "durationMs": "1.5", "billedMs": "2", "maxMemoryMb": "40",
        "status": "error",
    }  # fmt: skip
    row = fetch(ScriptedLogs([[values]])).rows["r1"]
    assert (row.duration_ms, row.billed_ms, row.init_ms, row.max_memory_used_mb) == (1.5, 2, None, 40)
    assert "could not be read" in row.misfit


def test_a_record_that_can_be_read_goes_before_discovered_fields():
    masked = {
        "rid": request_id(1),
        "@message": "REPORT RequestId: ****",
        "durationMs": "99",
        "@timestamp": "2026-09-21 15:00:00.000",
    }
    whole = {"rid": request_id(1), "@message": text_report(1), "@timestamp": "2026-09-21 14:13:20.000"}
    row = fetch(ScriptedLogs([[masked, whole]])).rows[request_id(1)]
    assert row.duration_ms == 10.5
    assert row.misfit is None


def test_discovered_fields_of_a_message_that_is_no_record_do_not_count():
    values = {"rid": "r1", "@message": f"as I said: {json_report(1)}", "durationMs": "1.5"}
    assert fetch(ScriptedLogs([[values]])).rows == {}


@given(
    st.dictionaries(
        st.sampled_from(["rid", "@message", "@timestamp", "durationMs", "billedMs", "maxMemoryMb"]), st.text()
    )
)
def test_no_value_of_a_row_is_a_crash_or_an_impossible_number(values):
    for row in fetch(ScriptedLogs([[values]])).rows.values():
        assert row.duration_ms is None or 0 <= row.duration_ms < float("inf")
        assert row.billed_ms is None or row.billed_ms >= 0


@pytest.mark.parametrize("value", ["NaN", "inf", "-3", "", "1e999", "many"])
def test_a_discovered_number_that_cannot_be_one_is_unknown(value):
    row = fetch(ScriptedLogs([[{"rid": "r1", "durationMs": value, "billedMs": value}]])).rows["r1"]
    assert (row.duration_ms, row.billed_ms) == (None, None)


# --- windows and versions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("spread_ms", [1, 300, 5000])
def test_a_full_query_is_asked_again_for_what_is_older(monkeypatch, spread_ms):
    monkeypatch.setattr(insights, "MAX_ROWS", 7)
    events = [event(text_report(number), START_MS + number * spread_ms) for number in range(40)]
    fetched = fetch(EngineLogs(events), end_ms=START_MS + 300_000)
    if spread_ms == 1:  # all within one second, of which one query gives seven
        assert len(fetched.rows) >= 7
    else:
        assert set(fetched.rows) == {request_id(number) for number in range(40)}


def test_a_second_that_alone_fills_a_query_does_not_keep_older_records_from_being_found(monkeypatch):
    monkeypatch.setattr(insights, "MAX_ROWS", 5)
    crowd = [event(text_report(number), START_MS + number) for number in range(20)]
    older = [event(text_report(number), START_MS - number * 1000) for number in range(20, 30)]
    found = fetch(EngineLogs([*crowd, *older])).rows
    assert {request_id(number) for number in range(20, 30)} <= set(found)


def test_bytes_of_all_queries_are_summed_and_unknown_where_one_is(monkeypatch):
    monkeypatch.setattr(insights, "MAX_ROWS", 1)
    one = {"@message": text_report(1), "@timestamp": "2026-09-21 14:13:20.000"}
    assert fetch(ScriptedLogs([[one]], [[]])).bytes_scanned == 200
    monkeypatch.setattr(insights, "MAX_ROWS", 10_000)
    assert fetch(ScriptedLogs([{"status": "Complete"}])).bytes_scanned is None


def test_the_seconds_asked_for_hold_both_ends():
    logs = ScriptedLogs([[]])
    fetch(logs, start_ms=10_900, end_ms=20_100)
    assert (logs.queries[0]["startTime"], logs.queries[0]["endTime"]) == (10, 21)


def test_many_versions_fit_into_queries_and_none_is_lost():
    versions = [str(10**17 + number) for number in range(1200)]
    logs = ScriptedLogs([[]])
    fetch(logs, versions)
    texts = [query["queryString"] for query in logs.queries]
    assert len(texts) > 1
    assert max(map(len, texts)) < 10_000
    assert [version for text in texts for version in re.findall(r"\d{18}", text)] == versions
    few = ScriptedLogs([[]])
    fetch(few, [str(number) for number in range(1, 161)])
    assert len(few.queries) == 1


def test_without_versions_nothing_is_asked():
    logs = ScriptedLogs([[]])
    assert (fetch(logs, ()).rows, logs.queries) == ({}, [])


def test_the_query_sorts_before_it_drops_duplicates_and_nothing_but_a_limit_follows():
    commands = [line.lstrip("| ").split()[0] for line in query_text(["1"]).split("\n") if not line.startswith("  ")]
    assert commands == ["filter", "filter", "fields", "sort", "dedup", "limit"]
    assert "sort @timestamp desc" in query_text(["1"])


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-09-21 14:13:20.000", START_MS),
        ("2026-09-21 14:13:20.125", START_MS + 125),
        ("2026-09-21 14:13:20", START_MS),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_times_are_utc_and_what_is_none_is_unknown(text, ms):
    assert moment_ms(text) == ms


# --- the log group ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS"])
def test_the_class_of_exactly_this_log_group_is_told(name):
    assert log_group_class(EngineLogs([], group_class=name), GROUP) == name


def test_the_class_of_a_group_that_is_not_there_is_unknown():
    assert log_group_class(EngineLogs([], group=GROUP + "-archive"), GROUP) is None


class Refusing:
    def __init__(self, code):
        self.code = code

    def describe_log_groups(self, **_):
        raise refusal("DescribeLogGroups", self.code, "no")


def test_the_class_is_unknown_where_the_caller_may_not_look():
    assert log_group_class(Refusing("AccessDeniedException"), GROUP) is None


def test_any_other_refusal_is_told():
    with pytest.raises(AwsError, match="describing the log group"):
        log_group_class(Refusing("ServiceUnavailableException"), GROUP)


def test_of_versions_that_others_invoke_too_only_the_requests_asked_for_are_read():
    logs = EngineLogs([event(text_report(number, 3.1, 4, 512, 40)) for number in range(600)])
    wanted = {request_id(number) for number in range(0, 600, 2)}
    asked = []
    start_query = logs.start_query

    def noted(**arguments):
        asked.append(arguments["queryString"])
        return start_query(**arguments)

    logs.start_query = noted
    fetched = fetch_rows(logs, GROUP, ("7",), START_MS - 60_000, START_MS + 60_000, FakeClock(), request_ids=wanted)
    assert set(fetched.rows) == wanted
    assert len(asked) == 2
    assert all(len(query) <= insights.MAX_QUERY_CHARS for query in asked)


def test_a_request_id_that_could_mean_something_else_in_a_query_is_not_put_into_one():
    logs = EngineLogs([event(text_report(1, 3.1, 4, 512, 40))])
    ids = {request_id(1), "/ or 1 = 1"}
    fetched = fetch_rows(logs, GROUP, ("7",), START_MS - 60_000, START_MS + 60_000, FakeClock(), request_ids=ids)
    assert set(fetched.rows) == {request_id(1)}
