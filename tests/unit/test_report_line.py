"""What can stand in a log besides the platform's own record: a function prints what it likes."""

import json
import math
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from report_fuzz import every_sort, forged_json, forged_records, forged_text, genuine_records, tokens
from report_texts import ID, OTHER_ID, TRACE, text_record

from powertune.domain.sample import ReportLine
from powertune.measure.report_line import find_report, read_init_report, read_message, read_reports, scan
from powertune.measure.report_text import _read_fields, read_text

TEXT = text_record(duration="3.10", billed=4, memory=128, max_memory=40, end="")


def record(**changes):
    body = {"requestId": ID, "status": "success", "metrics": {"durationMs": 3.1, "billedDurationMs": 4}, **changes}
    return json.dumps({"time": "2026-11-24T12:00:00.000Z", "type": "platform.report", "record": body})


@pytest.mark.parametrize("genuine", [TEXT, record()], ids=["text", "json"])
@pytest.mark.parametrize(
    "forged", [forged_text(), forged_json(), forged_json(indent=2), forged_json(indent=0)], ids=range(4)
)
def test_whatever_form_a_forged_record_has_the_genuine_one_comes_last_and_counts(genuine, forged):
    report = find_report(f"{forged}\n{genuine}\n", ID)
    assert (report.duration_ms, report.billed_ms, report.init_ms) == (3.1, 4, None)


def test_a_record_nested_in_a_message_of_the_function_is_no_record():
    said = json.dumps({"level": "INFO", "message": record(), "requestId": ID})
    assert find_report(f"{said}\n", ID) is None
    assert find_report(f"  {TEXT}\n", ID) is None
    nested = json.dumps({"level": "INFO", "was": json.loads(record())}, indent=2)
    assert find_report(f"{nested}\n", ID) is None
    assert find_report(f"[{record()}]\n", ID) is None
    assert find_report(f"{record()} {record()}\n", ID) is None


@pytest.mark.parametrize("separator", ["\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x00", " ", "\\n"])
@pytest.mark.parametrize("forged", [forged_text(end=""), forged_json(end="")], ids=["text", "json"])
def test_only_a_line_feed_begins_a_line(separator, forged):
    assert find_report(f"said{separator}{forged}\n", ID) is None
    assert find_report(f"said{separator}{forged}\n{TEXT}\n", ID).duration_ms == 3.1
    assert read_reports(f"said{separator}{forged}\n") == ()


@pytest.mark.parametrize("forged", [forged_text(), forged_json()], ids=["text", "json"])
@pytest.mark.parametrize("genuine", [TEXT, record()], ids=["text", "json"])
@pytest.mark.parametrize(
    "said", ["no line feed", "{", '{"a": "', forged_text(end=""), forged_json(end=""), f"XRAY TraceId: {TRACE}\t"]
)
def test_a_record_that_was_pushed_off_its_line_leaves_no_forged_one_to_be_read(forged, genuine, said):
    assert find_report(f"{forged}{said}{genuine}\n", ID) is None


@pytest.mark.parametrize("genuine", [TEXT, record()], ids=["text", "json"])
def test_a_record_that_was_cut_off_at_its_end_leaves_no_forged_one_to_be_read(genuine):
    for end in range(1, len(genuine)):
        report = find_report(f"{forged_text()}{genuine[:end]}", ID)
        if report is not None:
            assert report.duration_ms in (None, 3.1)
            assert report.billed_ms in (None, 4)
            assert report.memory_mb in (None, 128)


def test_the_record_of_another_request_is_not_taken():
    assert find_report(f"{TEXT.replace(ID, OTHER_ID)}\n{record(requestId=OTHER_ID)}\n", ID) is None


@pytest.mark.parametrize("request_id", [ID[:-1], ID + "0", ID.replace("-", ""), "", f"{ID} ", None, 7, [ID]])
def test_what_is_no_request_id_makes_no_record(request_id):
    assert read_reports(f"REPORT RequestId: {request_id}\tDuration: 3.10 ms\t\n") == ()
    assert read_reports(f"{record(requestId=request_id)}\n") == ()


def test_what_is_left_between_records_changes_nothing():
    noise = f"REPORT\nXRAY TraceId: {TRACE}\t\nREPORT RequestId: \n{{\n}}\n{{}}\n[]\n\n\r\n"
    assert find_report(f"{noise}{TEXT}\n{noise}", ID).duration_ms == 3.1
    assert find_report(f"{noise}{TEXT}\n{noise}", ID).trace_id is None


def test_a_record_too_deeply_nested_to_be_one_is_passed_over():
    assert find_report(f'{{"type": "platform.report", "record": {"[" * 100_000}\n{TEXT}', ID).duration_ms == 3.1


@pytest.mark.parametrize(
    "changes",
    [
        {"status": ["success"]},
        {"status": "a b"},
        {"errorType": {"a": 1}},
        {"errorType": "a\nb"},
        {"errorType": "x" * 1000},
        {"metrics": []},
        {"metrics": None},
        {"tracing": 3},
        {"tracing": {"value": 3}},
        {"tracing": {"value": "Root=1"}},
    ],
)
def test_a_part_of_another_shape_is_not_taken_over(changes):
    report = find_report(record(**changes), ID)
    assert report.status in ("success", None)
    assert (report.error_type, report.trace_id) == (None, None)
    assert report.duration_ms in (3.1, None)


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "platform.report"}',
        '{"type": "platform.report", "record": []}',
        '{"type": "platform.report", "record": null}',
        '{"type": ["platform.report"], "record": {}}',
        '["platform.report"]',
        record().replace("platform.report", "platform.runtimeDone"),
        record()[:-1],
    ],
)
def test_json_that_is_no_report_is_none(text):
    assert read_reports(text) == ()
    assert read_message(text) is None


def test_the_trace_of_another_line_is_not_taken():
    apart = f"{TEXT}\nsomething else\nXRAY TraceId: {TRACE}\tSegmentId: 1\tSampled: true\t\n"
    assert find_report(apart, ID).trace_id is None
    assert find_report(f"{TEXT}\nXRAY TraceId: {TRACE}\tSegmentId: 1\tSampled: true\t\n", ID).trace_id == TRACE
    assert find_report(f"{TEXT}\nXRAY TraceId: {TRACE[:-1]}", ID).trace_id is None
    assert find_report(f"{TEXT}\n XRAY TraceId: {TRACE}\t\n", ID).trace_id is None


def numbers_of(report):
    values = [report.duration_ms, report.billed_ms, report.init_ms, report.restore_ms]
    values += [report.billed_restore_ms, report.memory_mb, report.max_memory_used_mb]
    return [value for value in values if value is not None]


def without_misfit(report):
    return {name: getattr(report, name) for name in ReportLine.__slots__ if name != "misfit"}


def check_that_the_genuine_record_is_read(before, genuine, after):
    """A record that begins its line is read as it is; one that was pushed off its line is read as nothing."""
    text, expected = genuine
    report = find_report(before + text + after, ID)
    if before and not before.endswith("\n"):
        assert report is None
        return
    found, wanted = without_misfit(report), without_misfit(expected)
    if wanted["status"] is None and "Task timed out" in before + after:
        wanted["status"] = found["status"]
        assert found["status"] in (None, "timeout")
    assert found == wanted


def check_that_a_cut_record_gives_its_own_numbers_or_none(before, genuine, begin, end):
    text, expected = genuine
    whole = before + "\n" + text
    # Where nothing of the record is left, nobody can tell that it is missing: at least one character stays.
    end = len(before) + 2 + end % len(text)
    report = find_report(whole[begin % (len(before) + 2) : end], ID)
    if report is not None:
        found, wanted = without_misfit(report), without_misfit(expected)
        for name, value in found.items():
            assert value in (None, wanted[name]) or (name, value) == ("status", "timeout")


NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def check_that_any_text_is_survived(text):
    reports = [*read_reports(text), *scan(text.splitlines(keepends=True))]
    reports += [find_report(text, ID), read_message(text)]
    values = [value for report in reports if report is not None for value in numbers_of(report)]
    init = read_init_report(text)
    values += [value for value in (init and init.init_ms, init and init.restore_ms) if value is not None]
    said = {float(token) for token in NUMBER.findall(text)}
    for value in values:
        assert math.isfinite(value)
        assert 0 <= value < 1e9
        assert value in said  # whole as it stands there: not cut, not added up, not made up


def check(before, genuine, compact, after, begin, end):
    check_that_the_genuine_record_is_read(before, compact, after)
    check_that_the_genuine_record_is_read(before + "\n", genuine, after)
    check_that_a_cut_record_gives_its_own_numbers_or_none(before, compact, begin, end)
    check_that_any_text_is_survived(before)
    check_that_any_text_is_survived(before + genuine[0] + after)


@given(**every_sort)
@settings(max_examples=150, deadline=None)
def test_no_log_crashes_the_reader_or_gives_a_number_that_is_in_no_genuine_record(**drawn):
    check(**drawn)


@pytest.mark.heavy
@pytest.mark.timeout(7200)
@given(**every_sort)
@settings(max_examples=100_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_hundred_thousand_logs_give_no_number_that_is_in_no_genuine_record(**drawn):
    check(**drawn)


@given(st.lists(tokens | forged_records | st.text(max_size=5), max_size=5).map("".join))
@example(TEXT)
@example(text_record(duration="3.10", billed=546, memory=2048, max_memory=95, init="542.01"))
@example(text_record(duration="693.92", billed=694, memory=128, max_memory=84, init="397.68"))
@example(text_record(duration="0.00", billed=0, memory=128, max_memory=84, init="0.00"))
def test_the_quick_way_of_reading_a_line_reads_the_same_as_the_careful_one(text):
    for line in text.split("\n"):
        for ended in (line, f"{line}\n"):
            assert read_text(ended) == _read_fields(ended, None)


@given(
    st.integers(0, 10**7), st.integers(0, 10**7), st.none() | st.integers(0, 10**7), st.sampled_from(["", "\n", "\r\n"])
)
def test_the_quick_way_judges_the_arithmetic_as_the_careful_one_does(duration, billed, init, end):
    for billed_ms in (billed, -(-(duration + (init or 0)) // 100), -(-duration // 100)):
        init_text = None if init is None else f"{init / 100:.2f}"
        line = text_record(
            duration=f"{duration / 100:.2f}", billed=billed_ms, memory=128, max_memory=40, init=init_text, end=end
        )
        assert read_text(line) == _read_fields(line, None)


@given(genuine_records())
def test_one_event_a_tail_and_a_scan_of_lines_read_the_same(genuine):
    text, expected = genuine
    reports = [find_report(text, ID), *read_reports(text), *scan(text.splitlines(keepends=True)), read_message(text)]
    assert len(reports) == 4
    assert len(set(reports)) == 1
    assert without_misfit(reports[0]) == without_misfit(expected)
