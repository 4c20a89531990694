"""Whether a record's numbers fit together; they are remarked on, never corrected."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_texts import ID, json_record, text_record

from powertune.measure.report_arithmetic import misfit
from powertune.measure.report_line import find_report


@pytest.mark.parametrize(
    ("duration", "billed", "init", "restore", "billed_restore", "status"),
    [
        (3.10, 546, 542.01, None, None, None),
        (1655.10, 1978, 322.04, None, None, None),
        (250.06, 351, 100.77, None, None, None),
        (0.5, 1, None, None, None, None),
        (3.0, 3, None, None, None, None),
        (3.0, 4, None, None, None, None),  # it may have been 3.004
        (3.01, 3, 0.0, None, None, None),  # and this 3.00
        (127.10, 154, None, 325.93, 26, None),
        (147.156, 201, None, 500.795, 53, None),
        (3000.0, 3000, None, None, None, "timeout"),
        (3000.0, 3000, 120.5, None, None, "timeout"),
        (3000.0, 3121, 120.5, None, None, "timeout"),
        (18018.26, 18000, None, None, None, "timeout"),
        # a part is missing: no verdict
        (None, 4, None, None, None, None),
        (3.1, None, None, None, None, None),
        (127.10, 999, None, 325.93, None, None),
    ],
)
def test_numbers_that_fit_or_are_missing_are_not_remarked_on(duration, billed, init, restore, billed_restore, status):
    assert misfit(duration, billed, init, restore, billed_restore, status) is None


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((693.92, 2000, 397.68), "billed 2000 ms, but duration and init come to 1091.60 ms"),
        (
            (693.92, 694, 397.68),
            "billed 694 ms is the duration alone, without the init of 397.68 ms, as before August 2025",
        ),
        ((3.1, 100), "billed 100 ms, but the duration is 3.10 ms"),
        ((3.02, 3), "billed 3 ms, but the duration is 3.02 ms"),
        ((3.98, 5), "billed 5 ms, but the duration is 3.98 ms"),
        ((0.5, 0), "billed 0 ms, but the duration is 0.50 ms"),
        ((127.1, 180, None, 325.93, 26), "billed 180 ms, but duration and billed restore come to 127.10 ms and 26 ms"),
        ((2999.5, 4000, None, None, None, "timeout"), "billed 4000 ms, but the duration is 2999.50 ms"),
    ],
)
def test_numbers_that_do_not_fit_are_told_in_words(parts, words):
    assert misfit(*parts) == words


@given(st.integers(1, 10**8), st.none() | st.integers(1, 10**8), st.integers(2, 10**6))
def test_what_lambda_prints_of_true_times_always_fits_and_two_milliseconds_more_never_do(duration_us, init_us, more):
    billed = max(1, math.ceil((duration_us + (init_us or 0)) / 1000))
    printed = round(duration_us / 1000, 2), None if init_us is None else round(init_us / 1000, 2)
    assert misfit(printed[0], billed, printed[1]) is None
    assert misfit(printed[0], billed + more, printed[1]) is not None


def test_every_form_of_record_carries_its_misfit_and_keeps_its_numbers():
    fields = {"duration": "693.92", "billed": 694, "memory": 128, "max_memory": 84, "init": "397.68"}
    for text in (text_record(**fields), text_record(status="error", **fields), json_record(**fields)):
        report = find_report(text, ID)
        assert (report.duration_ms, report.billed_ms, report.init_ms) == (693.92, 694, 397.68)
        assert report.misfit.startswith("billed 694 ms is the duration alone")
