"""Numbers come from genuine records only, and what is not there is None."""

import json

import pytest
from report_texts import ID, OTHER_ID, TRACE, json_record, text_record

from powertune.domain.sample import ReportLine
from powertune.measure.report_line import (
    find_report,
    read_message,
    read_reports,
    scan,
)

COLD = {"duration": "3.10", "billed": 546, "memory": 2048, "max_memory": 95, "init": "542.01"}
COLD_REPORT = ReportLine(
    request_id=ID, duration_ms=3.1, billed_ms=546, init_ms=542.01, memory_mb=2048, max_memory_used_mb=95
)
LINE = text_record(xray=True, **COLD)
WARM = {"duration": "5.20", "billed": 6}


def test_a_cold_start_with_its_trace_on_the_second_line():
    report = find_report(f"START RequestId: {ID} Version: 7\nEND RequestId: {ID}\n{LINE}", ID)
    assert (report.duration_ms, report.billed_ms, report.init_ms) == (3.1, 546, 542.01)
    assert (report.memory_mb, report.max_memory_used_mb) == (2048, 95)
    assert (report.trace_id, report.status, report.misfit) == (TRACE, None, None)


def test_a_warm_invocation_has_no_init():
    report = find_report(text_record(duration=5, billed=5), ID)
    assert report == ReportLine(request_id=ID, duration_ms=5.0, billed_ms=5)


def test_a_snapstart_restore_is_read_and_its_billed_part_is_not_taken_for_it():
    fields = {"duration": "127.10", "billed": 154, "restore": "325.93", "billed_restore": 26}
    for text in (text_record(**fields), json_record(**fields)):
        report = find_report(text, ID)
        assert (report.billed_ms, report.restore_ms, report.billed_restore_ms) == (154, 325.93, 26)
        assert (report.init_ms, report.misfit) == (None, None)


def test_a_failure_says_its_status_and_type():
    report = find_report(text_record(duration="1.00", status="error", error_type="Runtime.ExitError"), ID)
    assert (report.status, report.error_type) == ("error", "Runtime.ExitError")
    report = find_report(json_record(status="error", error_type="Runtime.ExitError"), ID)
    assert (report.status, report.error_type) == ("error", "Runtime.ExitError")


def test_a_json_record_says_the_same():
    report = find_report(json_record(status="success", xray=True, **COLD), ID)
    assert (report.duration_ms, report.billed_ms, report.init_ms) == (3.1, 546, 542.01)
    assert (report.memory_mb, report.max_memory_used_mb, report.status) == (2048, 95, "success")
    assert (report.trace_id, report.misfit) == (TRACE, None)


@pytest.mark.parametrize("make", [text_record, json_record])
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_any_line_end_and_none_is_read_the_same(make, end):
    assert find_report(make(end=end, **COLD), ID) == COLD_REPORT


def test_a_json_record_may_be_printed_over_several_lines():
    for end in ("\n", "\r\n", ""):
        assert find_report(f"START\n{json_record(indent=2, end=end, **COLD)}", ID) == COLD_REPORT
    twice = json_record(indent=4, **COLD) + "\n\n" + json_record(OTHER_ID, indent=4, **COLD)
    assert [report.request_id for report in read_reports(twice)] == [ID, OTHER_ID]


def test_a_json_object_that_never_ends_hides_no_later_record():
    assert find_report("{\n" + json_record(**COLD), ID) == COLD_REPORT
    assert find_report("{\n" + LINE, ID).duration_ms == 3.1
    assert find_report("{\n" * 3 + '"a": [\n' * 600 + json_record(indent=2, **COLD), ID) == COLD_REPORT


def test_managed_instances_say_only_their_duration():
    report = find_report(json_record(duration=3.1, status="success"), ID)
    assert report == ReportLine(request_id=ID, duration_ms=3.1, status="success")


def test_missing_and_malformed_numbers_are_none():
    assert find_report(json_record(duration='"12"', billed="null"), ID).duration_ms is None
    report = find_report(text_record(duration="fast", billed="1.5"), ID)
    assert (report.duration_ms, report.billed_ms) == (None, None)


@pytest.mark.parametrize(
    "number", ["-3.10", "+3", "3,10", "NaN", "Infinity", "1e3", "0x10", "1_0", "٣", "3.", ".3", "9" * 10, "9" * 400]
)
def test_a_number_that_lambda_would_not_write_is_none(number):
    report = find_report(text_record(duration=number, billed=4), ID)
    assert (report.duration_ms, report.billed_ms) == (None, 4)


@pytest.mark.parametrize(
    "number", ["-3.1", "NaN", "Infinity", "-Infinity", "1e999", "1" * 10, "1" * 400, "1" * 5000, "true", "[]", "{}"]
)
def test_a_json_number_that_lambda_would_not_write_is_none(number):
    text = json_record(duration=3.1, billed=4).replace("3.1", number)
    report = find_report(text, ID)
    assert (report.duration_ms, report.billed_ms) == (None, 4)


def test_a_number_with_another_unit_is_none():
    line = f"REPORT RequestId: {ID}\tDuration: 3.10 s\tBilled Duration: 4 MB\tMemory Size: 128 ms\t\n"
    assert find_report(line, ID) == ReportLine(request_id=ID)


def test_a_field_that_stands_twice_says_nothing():
    line = f"REPORT RequestId: {ID}\tDuration: 3.10 ms\tBilled Duration: 4 ms\tDuration: 9.00 ms\t\n"
    report = find_report(line, ID)
    assert (report.duration_ms, report.billed_ms, report.misfit) == (None, 4, None)


def test_the_space_before_a_tab_in_older_lines_is_no_part_of_the_number():
    line = f"REPORT RequestId: {ID}\tDuration: 99.10 ms\tBilled Duration: 100 ms \tMemory Size: 128 MB\t\n"
    report = find_report(line, ID)
    assert (report.duration_ms, report.billed_ms, report.memory_mb, report.misfit) == (99.1, 100, 128, None)


def test_fields_that_are_not_known_are_passed_over_in_any_order():
    line = f"REPORT RequestId: {ID}\tNew Thing: 7 ms\tBilled Duration: 4 ms\tno field\tDuration: 3.10 ms\t\n"
    assert find_report(line, ID) == ReportLine(request_id=ID, duration_ms=3.1, billed_ms=4)


def test_of_several_requests_only_the_one_asked_for_is_read():
    text = text_record(OTHER_ID, duration=9, billed=9) + LINE
    assert find_report(text, ID).duration_ms == 3.1
    assert find_report(text, OTHER_ID).duration_ms == 9.0
    assert find_report(text + json_record(OTHER_ID, duration=8, end=""), ID).duration_ms == 3.1


def test_every_record_of_a_text_is_read_in_order_whatever_its_form():
    text = (
        f"START RequestId: {ID} Version: 7\n{text_record(**WARM)}\n{json_record(OTHER_ID, **WARM)}"
        f"{LINE}{json_record(indent=2, **WARM)}{text_record(OTHER_ID, **COLD)}"
    )
    reports = read_reports(text)
    assert [report.request_id for report in reports] == [ID, OTHER_ID, ID, ID, OTHER_ID]
    assert [report.init_ms for report in reports] == [None, None, 542.01, None, 542.01]
    assert [report.trace_id for report in reports] == [None, None, TRACE, None, None]


def test_a_file_is_read_line_by_line(tmp_path):
    text = f"{LINE}noise\r{LINE}\r\n{json_record(**WARM)}{text_record(OTHER_ID, **COLD)}"
    path = tmp_path / "log"
    path.write_text(text, newline="")
    with path.open(newline="\n") as lines:
        assert tuple(scan(lines)) == read_reports(text)
    assert len(read_reports(text)) == 3  # what begins after a carriage return is no record


def test_a_tail_whose_start_was_cut_off_gives_nothing_rather_than_half_a_record():
    assert find_report(LINE[20:], ID) is None
    assert find_report(json_record(duration=1.0)[30:], ID) is None
    assert find_report("", ID) is None


def test_what_is_cut_off_at_the_end_is_none_and_never_a_shorter_number():
    line = text_record(**COLD)
    cut = find_report(line[: line.index("2.01 ms")], ID)
    assert (cut.duration_ms, cut.billed_ms, cut.max_memory_used_mb) == (3.1, 546, 95)
    assert (cut.init_ms, cut.misfit) == (None, None)
    assert find_report(line[: line.index("6 ms")], ID) == ReportLine(request_id=ID, duration_ms=3.1)
    assert find_report(line[: line.index("Duration")], ID) == ReportLine(request_id=ID)
    assert find_report(line[:30], ID) is None
    assert find_report(json_record(**COLD)[:-4], ID) is None


def test_an_error_type_that_may_be_cut_off_is_none():
    line = text_record(duration=1, status="error", error_type="Runtime.ExitError", end="").rstrip("\t")
    assert find_report(line, ID).error_type is None
    assert find_report(line, ID).status == "error"
    assert find_report(f"{line}\n", ID).error_type == "Runtime.ExitError"
    assert read_message(line).error_type == "Runtime.ExitError"  # one event is whole
    assert find_report(line[: line.index("ror\tError")], ID).status is None


# one log event


@pytest.mark.parametrize(
    "message",
    [
        text_record(**COLD),
        text_record(**COLD).rstrip(),
        text_record(end="\r\n", **COLD),
        json_record(**COLD),
        json_record(indent=2, **COLD),
        json_record(indent=2, end="", **COLD),
    ],
)
def test_a_log_event_that_is_a_record_is_read(message):
    assert read_message(message) == COLD_REPORT


def test_a_log_event_with_its_trace_is_read():
    assert read_message(LINE).trace_id == TRACE
    assert read_message(LINE.rstrip()).trace_id == TRACE


@pytest.mark.parametrize(
    "message",
    [
        "",
        "\n",
        "START RequestId: " + ID,
        f"a\n{LINE}",
        f" {LINE}",
        f"{LINE}more\n",
        text_record(**COLD) + "more",
        text_record(**COLD) * 2,
        json_record(**COLD) * 2,
        "\n" + json_record(**COLD),
        json_record(**COLD) + "more",
        json.dumps({"message": LINE}),
        json.dumps([json_record(**COLD)]),
    ],
)
def test_a_log_event_that_only_contains_a_record_is_none(message):
    assert read_message(message) is None


# timeouts of the older form


@pytest.mark.parametrize(
    "said",
    [
        f"2026-11-24T12:00:03.005Z {ID} Task timed out after 3.00 seconds",
        f"2026-11-24T12:00:03.005Z\t{ID}\tTask timed out after 3.00 seconds\r",
        f"RequestId: {ID} Error: Task timed out after 3.00 seconds",
        "2026-11-24T12:00:03.005Z Task timed out after 3.00 seconds",
        "Task timed out after 3.00 seconds",
    ],
)
def test_an_older_timeout_is_told_by_a_line_before_or_after_the_record(said):
    line = text_record(xray=True, duration="3003.17", billed=3000)
    for text in (f"{said}\n\nEND RequestId: {ID}\n{line}", f"{line}{said}\n\n", f"{line}\n{said}"):
        report = find_report(text, ID)
        assert (report.status, report.duration_ms, report.trace_id, report.misfit) == ("timeout", 3003.17, TRACE, None)


@pytest.mark.parametrize(
    "said",
    [
        f"{OTHER_ID} Task timed out after 3.00 seconds",
        f"I was told: {ID} Task timed out after 3.00 seconds",
        f"{ID} Task timed out after 3.00 seconds, or so",
        f"{ID} Task timed out after 30.00 seconds",
        '{"message": "Task timed out after 3.00 seconds"}',
    ],
)
def test_a_line_that_does_not_fit_the_record_makes_no_timeout(said):
    line = text_record(duration="3003.17", billed=3004)
    assert find_report(f"{said}\n{line}", ID).status is None
    assert find_report(f"{line}{said}\n", ID).status is None


def test_a_status_that_the_record_gives_is_kept():
    line = text_record(duration="3000.00", billed=3000, status="error", error_type="Runtime.ExitError")
    assert find_report(f"{ID} Task timed out after 3.00 seconds\n{line}", ID).status == "error"


def test_a_timeout_without_an_id_counts_for_the_next_record_only():
    line, later = (text_record(one, duration="3000.00", billed=3000) for one in (ID, OTHER_ID))
    reports = read_reports(f"Task timed out after 3.00 seconds\n{line}START\n{later}")
    assert [report.status for report in reports] == ["timeout", None]
