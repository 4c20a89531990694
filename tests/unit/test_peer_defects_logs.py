"""Defects that users of the other power tuner met in its log reading. Each is told by its number in our list."""

import pytest
from report_fuzz import forged_json, forged_text
from report_texts import ID, json_record, text_record

from powertune.measure.report_line import find_report

COLD = {"duration": "3.10", "billed": 546, "memory": 2048, "max_memory": 95, "init": "542.01"}
WARM = {"duration": "5.20", "billed": 6, "memory": 2048, "max_memory": 95}
RESTORED = {"duration": "127.10", "billed": 154, "restore": "325.93", "billed_restore": 26}


def test_defect_01_json_logs_of_warm_invocations_are_read():
    report = find_report(json_record(status="success", **WARM), ID)
    assert (report.duration_ms, report.billed_ms, report.memory_mb, report.max_memory_used_mb) == (5.2, 6, 2048, 95)
    assert (report.init_ms, report.restore_ms, report.misfit) == (None, None, None)


@pytest.mark.parametrize("fields", [COLD, RESTORED], ids=["cold", "restored"])
def test_defect_01_json_logs_of_cold_starts_and_restores_are_read_like_text(fields):
    assert find_report(json_record(**fields), ID) == find_report(text_record(**fields), ID)


def test_defect_01_json_logs_with_empty_lines_and_lines_of_other_programs_are_read():
    extension = "[Some Extension] 2026/03/02 08:15:44 level is info.\n"
    application = '{"level":"INFO","message":"{not json","requestId":"' + ID + '"}\n'
    report = find_report(f"\n{extension}\n{application}\r\n{{braces}}\n{json_record(**WARM)}\n", ID)
    assert (report.duration_ms, report.billed_ms) == (5.2, 6)


@pytest.mark.parametrize(
    "log",
    [
        "",
        "\n",
        "x" * 4096,
        f"START RequestId: {ID} Version: 7\nEND RequestId: {ID}\n",
        text_record(**COLD)[25:],
        json_record(**COLD)[40:],
        json_record(**COLD)[:-20],
        json_record(indent=2, **COLD)[:-20],
    ],
)
def test_defect_08_a_missing_or_truncated_record_is_unknown_and_never_zero(log):
    assert find_report(log, ID) is None


def test_defect_08_a_part_that_is_missing_or_cut_off_is_unknown_and_never_zero():
    report = find_report(text_record(**COLD)[: text_record(**COLD).index(" ms\tBilled")], ID)
    assert (report.duration_ms, report.billed_ms, report.init_ms, report.memory_mb) == (None, None, None, None)
    report = find_report(json_record(status="success"), ID)
    assert (report.duration_ms, report.billed_ms, report.init_ms, report.memory_mb) == (None, None, None, None)


@pytest.mark.parametrize(
    "said",
    [
        "job done\tDuration: 9999.00 ms\tBilled Duration: 9999 ms\n",
        forged_text(),
        forged_json(),
        forged_json(indent=2),
        forged_text(end="\r"),
        f"again: {forged_text()}",
    ],
)
@pytest.mark.parametrize("make", [text_record, json_record])
def test_defect_09_user_text_cannot_pass_for_a_report(said, make):
    report = find_report(f"{said}\n{make(**WARM)}", ID)
    assert (report.duration_ms, report.billed_ms, report.init_ms) == (5.2, 6, None)


def test_defect_09_integers_are_read():
    for make in (text_record, json_record):
        report = find_report(make(duration="5", billed=5, memory=128, max_memory=40, init="0"), ID)
        assert (report.duration_ms, report.billed_ms, report.init_ms) == (5.0, 5, 0.0)


def test_billed_restore_is_in_the_billed_duration_and_is_not_added_to_it():
    """Not in our list of defects by number: the other tuner adds the two."""
    for make in (text_record, json_record):
        report = find_report(make(**RESTORED), ID)
        assert (report.billed_ms, report.billed_restore_ms, report.misfit) == (154, 26, None)
