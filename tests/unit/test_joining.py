"""Three sources become one sample, and disagreements are said."""

import pytest

from powertune.domain.sample import Invocation, Outcome, ReportLine, Source, TraceParts
from powertune.measure.insights import InsightsRow
from powertune.measure.join import join


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
