"""Numbers come from genuine records only, and what is not there is None."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from powertune.measure.report_line import find_report

ID, OTHER = "8f5c1e5a-0000-4000-8000-0123456789ab", "8f5c1e5a-1111-4000-8000-0123456789ab"
LINE = (
    f"REPORT RequestId: {ID}\tDuration: 3.10 ms\tBilled Duration: 546 ms\tMemory Size: 2048 MB\t"
    "Max Memory Used: 95 MB\tInit Duration: 542.01 ms\t\n"
    "XRAY TraceId: 1-6a507b87-0cc4438344b48ef127ab1931\tSegmentId: d0025b207c551fde\tSampled: true\t\n"
)


def record(request_id=ID, **metrics):
    body = {"requestId": request_id, "status": "success", "metrics": metrics}
    return json.dumps({"time": "2026-11-24T12:00:00Z", "type": "platform.report", "record": body})


def test_a_cold_start_with_its_trace_on_the_second_line():
    report = find_report(f"START RequestId: {ID} Version: 7\nEND RequestId: {ID}\n{LINE}", ID)
    assert (report.duration_ms, report.billed_ms, report.init_ms) == (3.1, 546, 542.01)
    assert (report.memory_mb, report.max_memory_used_mb) == (2048, 95)
    assert report.trace_id == "1-6a507b87-0cc4438344b48ef127ab1931"
    assert report.status is None


def test_a_warm_invocation_has_no_init():
    report = find_report(f"REPORT RequestId: {ID}\tDuration: 5 ms\tBilled Duration: 5 ms\t", ID)
    assert (report.duration_ms, report.billed_ms, report.init_ms, report.memory_mb) == (5.0, 5, None, None)


def test_a_snapstart_restore_is_read_and_its_billed_part_is_not_taken_for_it():
    line = (
        f"REPORT RequestId: {ID}\tDuration: 127.10 ms\tBilled Duration: 154 ms\tMemory Size: 512 MB\t"
        "Max Memory Used: 90 MB\tRestore Duration: 325.93 ms\tBilled Restore Duration: 26 ms\t\n"
    )
    report = find_report(line, ID)
    assert (report.billed_ms, report.restore_ms) == (154, 325.93)


def test_a_failure_says_its_status_and_type():
    line = f"REPORT RequestId: {ID}\tDuration: 1.00 ms\tStatus: error\tError Type: Runtime.ExitError\t"
    report = find_report(line, ID)
    assert (report.status, report.error_type) == ("error", "Runtime.ExitError")


def test_a_json_record_says_the_same():
    text = record(durationMs=693.92, billedDurationMs=694, memorySizeMB=128, maxMemoryUsedMB=84, initDurationMs=397.68)
    report = find_report(text, ID)
    assert (report.duration_ms, report.billed_ms, report.init_ms) == (693.92, 694, 397.68)
    assert (report.memory_mb, report.max_memory_used_mb, report.status) == (128, 84, "success")


def test_missing_and_malformed_numbers_are_none():
    assert find_report(record(durationMs="12", billedDurationMs=None), ID).duration_ms is None
    report = find_report(f"REPORT RequestId: {ID}\tDuration: fast\tBilled Duration: 1.5 ms\t", ID)
    assert (report.duration_ms, report.billed_ms) == (None, None)


def test_of_several_requests_only_the_one_asked_for_is_read():
    text = f"REPORT RequestId: {OTHER}\tDuration: 9.00 ms\tBilled Duration: 9 ms\t\n{LINE}"
    assert find_report(text, ID).duration_ms == 3.1
    assert find_report(text, OTHER).duration_ms == 9.0


def test_a_tail_whose_start_was_cut_off_gives_nothing_rather_than_half_a_record():
    assert find_report(LINE[20:], ID) is None
    assert find_report(record(durationMs=1.0)[30:], ID) is None
    assert find_report("", ID) is None


def test_what_the_function_prints_before_does_not_pass_for_the_record():
    forged = f"REPORT RequestId: {ID}\tDuration: 9999.00 ms\tBilled Duration: 9999 ms\t\n"
    assert find_report(f"order {forged}{LINE}", ID).duration_ms == 3.1
    assert find_report(forged + LINE, ID).duration_ms == 3.1


def test_a_line_separator_inside_a_json_string_begins_no_record():
    said = json.dumps({"message": "\u2028" + record(durationMs=9999.0)}, ensure_ascii=False)
    assert find_report(f"{said}\n{record(durationMs=1.0)}", ID).duration_ms == 1.0


@given(
    st.lists(
        st.sampled_from([LINE, record(durationMs=3.1), "\t", "\n", "Duration: 77.00 ms", ID, "{", "}"]) | st.text()
    )
)
def test_no_text_crashes_the_reader_or_gives_a_number_that_is_in_no_record(parts):
    text = "".join(parts)
    report = find_report(text, ID)
    if report is not None and report.duration_ms not in (None, 3.1):
        line = next(line for line in reversed(text.split("\n")) if f"REPORT RequestId: {ID}\t" in line or ID in line)
        assert re.search(rf"{report.duration_ms:.2f}|{report.duration_ms}", line)
