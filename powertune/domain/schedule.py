"""Schedules as EventBridge writes them, read strictly.

Source: AWS docs, scheduler/latest/UserGuide/schedule-types.
"""

import re
from zoneinfo import available_timezones

from powertune.errors import UsageError

_RATE = re.compile(r"rate\((?P<value>[1-9][0-9]{0,3}) (?P<unit>minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((?P<fields>[^()]*)\)")
_ZONE = re.compile(r"[A-Za-z0-9_/+-]{1,50}")
_NO_NAMES = frozenset(("localtime", "Factory"))
"""Files beside the time zones that are none of IANA's names for a place."""
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minutes", 0, 59, ()),
    ("hours", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 1, 7, _DAYS),
    ("year", 1970, 2199, ()),
)
_EXAMPLE = "Write cron(0 3 * * ? *) for every night at three, or rate(1 day)."


def check_schedule(text: str) -> str:
    """A schedule that EventBridge takes, and that comes again.

    Returns:
        It, without space around it.

    Raises:
        UsageError: it is none, with the field that is wrong.
    """
    text = text.strip()
    if _RATE.fullmatch(text):
        return text
    found = _CRON.fullmatch(text)
    if found is None:
        once = " A single point in time is no schedule here." if text.startswith("at(") else ""
        raise UsageError(f"'{text}' is not a schedule.{once}", next_step=_EXAMPLE)
    fields = found["fields"].split()
    if len(fields) != len(_FIELDS):
        raise UsageError(
            f"'{text}' has {len(fields)} fields; a schedule of EventBridge has six: minutes, hours, day of month, "
            "month, day of week, year.",
            next_step=_EXAMPLE,
        )
    if (fields[2] == "?") == (fields[4] == "?"):
        raise UsageError(
            f"'{text}' cannot be meant: one of day of month and day of week is a question mark, and the other is not.",
            next_step=_EXAMPLE,
        )
    for field, (name, low, high, names) in zip(fields, _FIELDS, strict=True):
        if field == "?" and name in ("day of month", "day of week"):
            continue
        if not all(_fits(part, name, low, high, names) for part in field.split(",")):
            raise UsageError(
                f"'{field}' is no {name} in '{text}': it lies from {low} to {high}"
                f"{', or is a name such as ' + names[0] if names else ''}.",
                next_step=_EXAMPLE,
            )
    return text


def check_timezone(text: str) -> str:
    """A time zone by IANA's name, as EventBridge Scheduler takes it.

    Where the machine has no time zone data (a slim container, or Windows), only its letters are looked at.

    Returns:
        It, as given.

    Raises:
        UsageError: the machine's time zone data does not have it.
    """
    known = available_timezones() - _NO_NAMES
    if _ZONE.fullmatch(text) and (not known or text in known):
        return text
    alike = next((name for name in sorted(known) if name.casefold() == text.casefold()), None)
    if alike is not None:
        next_step = f"Write {alike}."
    else:
        next_step = (
            "Write UTC or Europe/Vienna, for instance. One that this machine does not know yet can be written into "
            "parameters.json, as ScheduleTimezone."
        )
    raise UsageError(f"'{text}' is not a time zone (--timezone).", next_step=next_step)


def _fits(part: str, name: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    """Whether a part of a field, between commas, is one that EventBridge knows."""
    if name == "day of month" and (part == "L" or re.fullmatch(r"(?:[1-9]|[12][0-9]|3[01])W", part)):
        return True
    if name == "day of week" and re.fullmatch(r"L|[1-7]L|(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)#[1-5]", part.upper()):
        return True
    found = re.fullmatch(r"(\*|\w+)(?:-(\w+))?(?:/(\d{1,4}))?", part, re.ASCII)
    if found is None:
        return False
    first, last, step = found.groups()
    if step is not None and int(step) == 0:
        return False
    if first == "*":
        return last is None
    begin = _number(first, low, names)
    end = begin if last is None else _number(last, low, names)
    return begin is not None and end is not None and low <= begin <= end <= high


def _number(text: str, low: int, names: tuple[str, ...]) -> int | None:
    if text.upper() in names:
        return names.index(text.upper()) + low
    return int(text) if text.isdigit() and len(text) <= 4 else None
