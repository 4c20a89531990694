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


def lost(order, version="1"):
    return Invocation(
        memory_mb=512, version=version, order=order, request_id=None, trace_id=None, outcome=Outcome.LOST,
        sent_at_ms=order,
    )  # fmt: skip


def test_the_record_of_a_call_whose_answer_was_lost_says_what_it_was_billed():
    first, second, third = join([call(0), lost(1), lost(2)], {"r0": row(0), "r7": row(7, billed_ms=70)}, {}, {"1"})
    assert (second.request_id, second.billed_ms, second.outcome) == ("r7", 70, Outcome.LOST)
    assert not second.is_warm_measurement
    assert (first.billed_ms, third.billed_ms) == (10, None)


def test_a_record_of_an_earlier_round_is_not_that_of_a_lost_call():
    (earlier,) = join([call(7)], {"r7": row(7)}, {})
    (sample,) = join([lost(0)], {"r7": row(7)}, {}, {"1"}, [earlier])
    assert sample.request_id is None


def test_a_crash_at_the_end_of_a_round_sets_the_first_call_of_the_next_one_aside():
    (crashed,) = join([call(0, outcome=Outcome.TIMEOUT)], {"r0": row(0)}, {})
    after, later = join([call(1), call(2)], {"r1": row(1), "r2": row(2)}, {}, earlier=[crashed])
    assert (after.suppressed_init, later.suppressed_init) == (True, False)


def test_on_a_version_that_others_invoke_too_a_record_is_nobodys_in_particular():
    (sample,) = join([lost(0)], {"r7": row(7)}, {}, own_versions=())
    assert (sample.request_id, sample.billed_ms) == (None, None)


def test_a_record_of_another_memory_size_than_was_invoked_is_said():
    (sample,) = join([call()], {"r0": row(memory_mb=1024)}, {})
    assert sample.disagreements == ("memory size: 512 MB was invoked, the record says 1024 MB",)


def test_a_trace_that_shows_another_duration_is_said():
    (sample,) = join([call()], {"r0": row()}, {"t0": TraceParts(invocation_ms=14.0)})
    assert sample.disagreements == ("duration: the record says 10.0 ms, X-Ray 14.00 ms",)


def test_the_overhead_after_the_run_may_or_may_not_be_in_the_duration():
    parts = TraceParts(invocation_ms=6.0, overhead_ms=4.0)
    assert join([call()], {"r0": row()}, {"t0": parts})[0].disagreements == ()


def test_a_record_without_a_duration_does_not_say_whether_it_was_cold():
    (sample,) = join([call(report=ReportLine(request_id="r0", memory_mb=512))], {}, {})
    assert sample.cold is None


def test_without_log_streams_the_call_after_a_crash_at_the_same_version_is_set_aside():
    calls = [call(0, outcome=Outcome.TIMEOUT), call(1), call(2)]
    assert [sample.suppressed_init for sample in join(calls, {}, {})] == [False, True, False]
