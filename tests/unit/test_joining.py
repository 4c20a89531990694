"""Three sources become one sample, and disagreements are said."""

import json

import pytest

from powertune.aws.clock import SystemClock
from powertune.domain.sample import Invocation, Outcome, ReportLine, Source, TraceParts
from powertune.errors import AwsError
from powertune.measure import insights
from powertune.measure.insights import InsightsRow, fetch_rows
from powertune.measure.join import join
from powertune.measure.traces import fetch_parts


def call(order=0, **more):
    details = {"outcome": Outcome.OK, "trace_id": f"t{order}", **more}
    return Invocation(memory_mb=512, version="1", order=order, request_id=f"r{order}", sent_at_ms=order, **details)


def row(order=0, **more):
    details = {
        "log_stream": "2026/11/24/[1]a", "timestamp_ms": order, "duration_ms": 10.0, "billed_ms": 10, "init_ms": None,
        "restore_ms": None, "max_memory_used_mb": 40, "status": None, **more,
    }  # fmt: skip
    return InsightsRow(request_id=f"r{order}", **details)


def test_all_three_sources_are_named_and_insights_is_the_record():
    tail = ReportLine(request_id="r0", duration_ms=10.4, billed_ms=11)
    (sample,) = join([call(report=tail)], {"r0": row()}, {"t0": TraceParts(invocation_ms=10.0)})
    assert sample.sources == (Source.TAIL, Source.INSIGHTS, Source.XRAY)
    assert sample.duration_ms == 10.0
    assert sample.cold is False
    assert sample.disagreements == ()


def test_a_difference_of_more_than_a_millisecond_is_said():
    tail = ReportLine(request_id="r0", duration_ms=12.0, billed_ms=10)
    (sample,) = join([call(report=tail)], {"r0": row()}, {})
    assert sample.disagreements == ("duration: the log tail says 12.0 ms, Logs Insights 10.0 ms",)


def test_the_tail_fills_in_where_insights_has_nothing():
    (sample,) = join([call(report=ReportLine(request_id="r0", duration_ms=7.0, billed_ms=8, init_ms=1.0))], {}, {})
    assert (sample.duration_ms, sample.billed_ms, sample.cold, sample.sources) == (7.0, 8, True, (Source.TAIL,))


def test_without_any_source_nothing_is_known_and_nothing_is_zero():
    (sample,) = join([call()], {}, {})
    assert (sample.duration_ms, sample.billed_ms, sample.cold, sample.sources) == (None, None, None, ())
    assert not sample.is_warm_measurement


@pytest.mark.parametrize(
    "crash",
    [
        {"outcome": Outcome.TIMEOUT},
        {"outcome": Outcome.OUT_OF_MEMORY},
        {"outcome": Outcome.ERROR, "error_type": "Runtime.ExitError"},
    ],
)
def test_the_invocation_after_a_crash_in_the_same_environment_is_set_aside(crash):
    calls = [call(0), call(1, **crash), call(2), call(3), call(4)]
    rows = {f"r{n}": row(n) for n in range(4)} | {"r4": row(4, log_stream="2026/11/24/[1]b")}
    assert [sample.suppressed_init for sample in join(calls, rows, {})] == [False, False, True, False, False]


def test_an_error_of_the_handler_is_no_crash():
    calls = [call(0, outcome=Outcome.ERROR, error_type="ValueError"), call(1)]
    assert not join(calls, {"r0": row(0), "r1": row(1)}, {})[1].suppressed_init


class Logs:
    """Answers queries from pages of rows."""

    def __init__(self, *pages, status="Complete"):
        self.pages, self.status, self.asked = list(pages), status, []

    def start_query(self, **query):
        self.asked.append(query)
        return {"queryId": str(len(self.asked))}

    def get_query_results(self, queryId):
        rows = self.pages[int(queryId) - 1] if self.pages else []
        return {"status": self.status, "results": [[{"field": k, "value": v} for k, v in row.items()] for row in rows]}


def values(number, second=0, **more):
    return {"rid": f"r{number}", "@timestamp": f"2026-11-24 12:00:{second:02}.000", "durationMs": "1.5", **more}


def test_rows_are_read_by_request_id_and_absent_fields_are_none():
    rows = fetch_rows(
        Logs([values(1, billedMs="2", maxMemoryMb="40", status="error")]), "g", ["7"], 0, 1000, SystemClock()
    )
    assert (rows["r1"].duration_ms, rows["r1"].billed_ms, rows["r1"].init_ms) == (1.5, 2, None)
    assert (rows["r1"].max_memory_used_mb, rows["r1"].status) == (40, "error")


def test_a_full_answer_is_asked_again_from_its_last_moment_and_repeats_count_once(monkeypatch):
    monkeypatch.setattr(insights, "MAX_ROWS", 2)
    logs = Logs([values(1, 1), values(2, 2)], [values(2, 2), values(3, 3)], [values(3, 3)])
    rows = fetch_rows(logs, "g", ["7"], 0, 10_000, SystemClock())
    assert sorted(rows) == ["r1", "r2", "r3"]
    assert [query["startTime"] for query in logs.asked][1:] == sorted(query["startTime"] for query in logs.asked)[1:]


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Timeout"])
def test_a_query_that_fails_says_how_it_ended(status):
    with pytest.raises(AwsError, match=status):
        fetch_rows(Logs(status=status), "g", ["7"], 0, 1000, SystemClock())


def traces(*documents):
    segments = [{"Id": "s", "Document": json.dumps(document)} for document in documents]

    class XRay:
        def __init__(self):
            self.asked = []

        def batch_get_traces(self, TraceIds):
            self.asked.append(TraceIds)
            return {"Traces": [{"Id": trace, "Segments": segments} for trace in TraceIds]}

    return XRay()


SERVICE = {"origin": "AWS::Lambda", "start_time": 0.9, "end_time": 2.1}
FUNCTION = {"origin": "AWS::Lambda::Function", "start_time": 1.0, "end_time": 2.0}


def test_the_older_style_of_segments_has_initialization_invocation_and_overhead():
    parts = [("Initialization", 1.0, 1.2), ("Invocation", 1.2, 1.9), ("Overhead", 1.9, 2.0)]
    older = {
        **FUNCTION,
        "subsegments": [dict(zip(("name", "start_time", "end_time"), part, strict=True)) for part in parts],
    }
    found = fetch_parts(traces(SERVICE, older), ["t"])["t"]
    assert found.init_ms == pytest.approx(200)
    assert found.invocation_ms == pytest.approx(700)
    assert found.overhead_ms == pytest.approx(100)
    assert found.service_ms == pytest.approx(200)


def test_the_newer_style_has_init_and_no_invocation():
    newer = {**FUNCTION, "subsegments": [{"name": "Init", "start_time": 1.0, "end_time": 1.1}]}
    found = fetch_parts(traces(newer), ["t"])["t"]
    assert found.init_ms == pytest.approx(100)
    assert found.invocation_ms == pytest.approx(1000)
    assert found.service_ms is None


def test_a_trace_still_under_way_is_left_out():
    assert fetch_parts(traces({**FUNCTION, "in_progress": True}), ["t"]) == {}


def test_traces_are_asked_for_in_fives():
    client = traces(FUNCTION)
    fetch_parts(client, [str(number) for number in range(12)])
    assert [len(ids) for ids in client.asked] == [5, 5, 2]
