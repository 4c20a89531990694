"""INIT_REPORT, RESTORE_REPORT and their JSON forms."""

import pytest
from report_texts import text_record

from powertune.measure.report_line import InitReport, read_init_report


@pytest.mark.parametrize(
    ("message", "report"),
    [
        (
            "INIT_REPORT Init Duration: 1236.04 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n",
            InitReport(init_ms=1236.04, phase="init", status="error", error_type="Runtime.ExitError"),
        ),
        (
            "INIT_REPORT Init Duration: 9999.47 ms\tPhase: invoke\tStatus: timeout",
            InitReport(init_ms=9999.47, phase="invoke", status="timeout"),
        ),
        ("INIT_REPORT Init Duration: 13316.04 ms\r\n", InitReport(init_ms=13316.04)),
        ("RESTORE_REPORT Restore Duration: 518.37 ms\n", InitReport(restore_ms=518.37, restore=True)),
        ("INIT_REPORT Init Duration: fast\tPhase: init\n", InitReport(phase="init")),
        (
            '{"type":"platform.initReport","record":{"phase":"init","status":"error","metrics":{"durationMs":9}}}',
            InitReport(init_ms=9.0, phase="init", status="error"),
        ),
        (
            '{"type": "platform.restoreReport", "record": {"status": "success", "metrics": {"durationMs": 70.87}}}\n',
            InitReport(restore_ms=70.87, status="success", restore=True),
        ),
        ('{"type": "platform.initReport", "record": {"metrics": {"durationMs": -1}}}', InitReport()),
        (" INIT_REPORT Init Duration: 1.00 ms", None),
        ("INIT_REPORT Init Duration: 1.00 ms\nmore", None),
        ("INIT_START Runtime Version: python:3.13.v1", None),
        ('{"type": "platform.initReport"}', None),
        ('{"type": "platform.start", "record": {}}', None),
        (text_record(duration=3, billed=3), None),
        ("", None),
    ],
)
def test_init_and_restore_reports_are_read(message, report):
    assert read_init_report(message) == report
