"""Schedules are read as EventBridge reads them, and refused in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain import schedule
from powertune.domain.schedule import check_schedule, check_timezone
from powertune.errors import UsageError

GOOD = [
    "cron(0 3 * * ? *)", "cron(30 2 ? * MON-FRI *)", "cron(0/15 * * * ? *)", "cron(0 8 1 * ? *)",
    "cron(0 18 ? * 2-6 *)",
    "cron(15 12 * * ? 2026-2028)", "cron(0 0 L * ? *)", "cron(0 0 15W * ? *)", "cron(0 9 ? JAN,JUL 2#1 *)",
    "cron(0 9 ? * FRI#5 *)", "cron(*/5 8-17 ? * mon *)", "rate(1 day)", "rate(12 hours)", "rate(5 minutes)",
    "cron(0 9 ? * 6L *)", "cron(0 9 ? * L *)",
]  # fmt: skip
BAD = {
    "": "not a schedule",
    "every night": "not a schedule",
    "0 3 * * *": "not a schedule",
    "cron(0 3 * * *)": "5 fields",
    "cron(0 3 * * ? * *)": "7 fields",
    "cron(0 3 * * * *)": "question mark",
    "cron(0 3 ? * ? *)": "question mark",
    "cron(60 3 * * ? *)": "'60' is no minutes",
    "cron(0 24 * * ? *)": "'24' is no hours",
    "cron(0 3 0 * ? *)": "'0' is no day of month",
    "cron(0 3 * 13 ? *)": "'13' is no month",
    "cron(0 3 ? * 8 *)": "'8' is no day of week",
    "cron(0 3 ? * MON#6 *)": "'MON#6' is no day of week",
    "cron(0 3 * * ? 1969)": "'1969' is no year",
    "cron(0 5-3 * * ? *)": "'5-3' is no hours",
    "cron(0/0 3 * * ? *)": "'0/0' is no minutes",
    "cron(0, 3 * * ? *)": "'0,' is no minutes",
    "cron(? 3 * * ? *)": "'?' is no minutes",
    "cron(²0 3 * * ? *)": "is no minutes",
    "rate(0 days)": "not a schedule",
    "rate(1.5 hours)": "not a schedule",
    "rate(3 weeks)": "not a schedule",
    "at(2026-12-01T03:00:00)": "single point in time",
    "cron(0 3 * * ? *); rm -rf /": "not a schedule",
}


@pytest.mark.parametrize("text", GOOD)
def test_a_schedule_that_eventbridge_takes_is_taken(text):
    assert check_schedule(f" {text} ") == text


@pytest.mark.parametrize(("text", "why"), BAD.items())
def test_a_schedule_that_cannot_be_meant_is_refused_with_what_is_wrong(text, why):
    with pytest.raises(UsageError) as refused:
        check_schedule(text)
    assert why in refused.value.message
    assert "cron(0 3 * * ? *)" in refused.value.next_step


@given(st.text(max_size=40))
def test_any_text_is_a_schedule_or_refused(text):
    try:
        kept = check_schedule(text)
    except UsageError:
        return
    assert kept.startswith(("cron(", "rate("))


@given(st.lists(st.text(alphabet="0123456789*?,-/LW#MONJAN ", max_size=6), min_size=6, max_size=6))
def test_any_six_fields_are_a_schedule_or_refused(fields):
    try:
        kept = check_schedule(f"cron({' '.join(fields)})")
    except UsageError:
        return
    assert len(kept[5:-1].split()) == 6


@pytest.mark.parametrize("name", ["UTC", "Europe/Vienna", "America/Argentina/Buenos_Aires", "Etc/GMT+3"])
def test_a_time_zone_that_there_is_is_taken(name):
    assert check_timezone(name) == name


@pytest.mark.parametrize(
    "name", ["Mars/Base", "UTC+1", "localtime", "posix/Europe/Vienna", "../etc/passwd", "Wien", ""]
)
def test_a_time_zone_that_there_is_not_is_refused_and_the_way_out_is_said(name):
    with pytest.raises(UsageError, match="not a time zone") as error:
        check_timezone(name)
    assert "Europe/Vienna" in error.value.next_step


def test_a_time_zone_in_other_letters_is_refused_with_the_right_ones():
    with pytest.raises(UsageError) as error:
        check_timezone("europe/vienna")
    assert error.value.next_step == "Write Europe/Vienna."


def test_a_time_zone_newer_than_the_data_of_this_machine_is_told_how_to_get_in(monkeypatch):
    monkeypatch.setattr(schedule, "available_timezones", lambda: {"UTC"})
    with pytest.raises(UsageError) as error:
        check_timezone("America/Coyhaique")
    assert "ScheduleTimezone" in error.value.next_step


def test_where_no_time_zones_are_known_only_the_letters_are_looked_at(monkeypatch):
    monkeypatch.setattr(schedule, "available_timezones", set)
    assert check_timezone("Mars/Base") == "Mars/Base"
    with pytest.raises(UsageError, match="not a time zone"):
        check_timezone("Europe/Vienna; rm")
