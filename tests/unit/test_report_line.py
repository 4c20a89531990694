"""What can stand in a log besides the platform's own record."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.measure.report_line import find_report

ID = "8f5c1e5a-0000-4000-8000-0123456789ab"
TRACE = "1-6a507b87-0cc4438344b48ef127ab1931"
TEXT = (
    f"REPORT RequestId: {ID}\tDuration: 3.10 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t"
)


def record(**changes):
    body = {"requestId": ID, "status": "success", "metrics": {"durationMs": 3.1, "billedDurationMs": 4}, **changes}
    return json.dumps({"time": "2026-11-24T12:00:00.000Z", "type": "platform.report", "record": body})


def forged_text(number):
    return f"REPORT RequestId: {ID}\tDuration: {number}.00 ms\tBilled Duration: {number} ms\tMemory Size: {number} MB\t"


def forged_record(number):
    return record(metrics=dict.fromkeys(["durationMs", "billedDurationMs", "initDurationMs"], number))


@pytest.mark.parametrize("genuine", [TEXT, record()], ids=["text", "json"])
@pytest.mark.parametrize("forged", [forged_text(9999), forged_record(9999)], ids=["text", "json"])
def test_whatever_form_a_forged_record_has_the_genuine_one_comes_last_and_counts(genuine, forged):
    report = find_report(f"{forged}\n{genuine}\n", ID)
    assert (report.duration_ms, report.billed_ms, report.init_ms) == (3.1, 4, None)


def test_a_record_nested_in_a_message_of_the_function_is_no_record():
    said = json.dumps({"level": "INFO", "message": record(), "requestId": ID})
    assert find_report(f"{said}\n", ID) is None
    assert find_report(f"  {TEXT}\n", ID) is None


@pytest.mark.parametrize("number", [10**400, "1e999", "NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_is_unknown(number):
    text = record().replace("3.1", str(number))
    report = find_report(text, ID)
    assert report.duration_ms is None
    assert report.billed_ms == 4


def test_a_number_of_hundreds_of_digits_is_unknown():
    report = find_report(TEXT.replace("3.10", "9" * 400), ID)
    assert (report.duration_ms, report.billed_ms) == (None, 4)


def test_a_record_too_deeply_nested_to_be_one_is_passed_over():
    assert find_report(f'{{"type": "platform.report", "record": {"[" * 100_000}\n{TEXT}', ID).duration_ms == 3.1


@pytest.mark.parametrize(
    "changes", [{"status": ["success"]}, {"errorType": {"a": 1}}, {"metrics": []}, {"metrics": None}, {"tracing": 3}]
)
def test_a_part_of_another_shape_is_not_taken_over(changes):
    report = find_report(record(**changes), ID)
    if report is not None:
        assert isinstance(report.status, str | None)
        assert isinstance(report.error_type, str | None)
        assert isinstance(report.trace_id, str | None)


def test_a_json_record_names_its_trace_status_and_error():
    tracing = {"spanId": "x", "type": "X-Amzn-Trace-Id", "value": f"Root={TRACE};Parent=1;Sampled=1"}
    report = find_report(record(status="error", errorType="Runtime.ExitError", tracing=tracing), ID)
    assert (report.status, report.error_type, report.trace_id) == ("error", "Runtime.ExitError", TRACE)


def test_the_trace_of_another_line_is_not_taken():
    apart = f"{TEXT}\nsomething else\nXRAY TraceId: {TRACE}\tSegmentId: 1\tSampled: true\t\n"
    assert find_report(apart, ID).trace_id is None
    assert find_report(f"{TEXT}\nXRAY TraceId: {TRACE}\tSegmentId: 1\tSampled: true\t\n", ID).trace_id == TRACE


@given(st.integers(1, len(TEXT)), st.text(alphabet="ab \n", max_size=20))
def test_a_tail_cut_off_inside_the_record_has_none(cut, before):
    assert find_report(TEXT[cut:], ID) is None
    assert find_report(before + "\n" + TEXT, ID).duration_ms == 3.1


@given(
    st.lists(
        st.sampled_from([forged_text(777), forged_record(777), f"XRAY TraceId: {TRACE}\t", "{", "REPORT "]) | st.text(),
        max_size=6,
    ),
    st.sampled_from([TEXT, record()]),
)
def test_no_number_printed_by_the_function_ever_passes_for_the_platforms(printed, genuine):
    report = find_report("\n".join([*printed, genuine, ""]), ID)
    assert (report.duration_ms, report.billed_ms, report.init_ms) == (3.1, 4, None)
    assert report.memory_mb in (128, None)
