"""What a query may call: functions of one row, and aggregates of many.

AWS docs, AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions and CWL_QuerySyntax-Stats. A function
of a missing value is missing.
"""

import ipaddress
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from powertune.local.insights.values import Timestamp, Value, finite, sort_key, to_number, to_text

_UNITS_MS = {
    ("ms", "msec", "millisecond"): 1,
    ("s", "sec", "second"): 1_000,
    ("m", "min", "minute"): 60_000,
    ("h", "hr", "hour"): 3_600_000,
    ("d", "day"): 86_400_000,
    ("w", "week"): 604_800_000,
}
DURATION_MS = {
    spelling: length_ms
    for units, length_ms in _UNITS_MS.items()
    for unit in units
    for spelling in ((unit, f"{unit}s") if len(unit) > 1 else (unit,))
}
"""Units of time; those longer than a letter have a plural. Months and longer, which vary, are not supported."""

_MANY = 50


@dataclass(frozen=True, slots=True)
class Function:
    """A function of plain values.

    ``missing``: it is called with missing values too. ``period``: its last argument is a length of time.
    """

    arity: tuple[int, int]
    run: Callable[..., Value]
    missing: bool = False
    period: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A function of the values of a group that are not missing; None where there is no answer.

    ``numeric`` keeps numbers only. ``by_time`` has the values come oldest first, whatever the order of the rows.
    ``percent``: the second argument is a percentage.
    """

    arity: tuple[int, int]
    run: Callable[[Sequence[Value], float], Value] | None = None
    numeric: Callable[[Sequence[float], float], float | int | None] | None = None
    by_time: bool = False
    percent: bool = False


def _numeric(function: Callable[[float], float | int]) -> Callable[[Value], Value]:
    def run(value: Value) -> Value:
        number = to_number(value)
        if number is None:
            return None
        try:
            return finite(function(number))
        except (ValueError, OverflowError):
            return None

    return run


def _text(function: Callable[..., Value]) -> Callable[..., Value]:
    return lambda *values: function(*map(to_text, values))


def _substr(value: Value, start: Value, length: Value = None) -> Value:
    first, count = to_number(start), to_number(length)
    if first is None or first < 0 or (length is not None and (count is None or count < 0)):
        return None
    rest = to_text(value)[int(first) :]
    return rest if count is None else rest[: int(count)]


def _trim(*, left: bool, right: bool) -> Callable[..., Value]:
    def run(text: str, ends: str | None = None) -> str:
        if ends == "":
            return text
        text = text.lstrip(ends) if left else text
        return text.rstrip(ends) if right else text

    return _text(run)


def _extreme(choose: Callable[[Sequence[float]], float]) -> Callable[..., Value]:
    def run(*values: Value) -> Value:
        numbers = [number for number in map(to_number, values) if number is not None]
        return choose(numbers) if len(numbers) == len(values) else None

    return run


def _floored(value: Value, step_ms: Value) -> Value:
    moment, step = to_number(value), to_number(step_ms)
    return None if moment is None or step is None else Timestamp(int(moment // step * step))


def _ceiled(value: Value, step_ms: Value) -> Value:
    moment, step = to_number(value), to_number(step_ms)
    return None if moment is None or step is None else Timestamp(int(-(-moment // step) * step))


def _from_millis(value: Value) -> Value:
    number = to_number(value)
    return None if number is None else Timestamp(int(number))


def _is_ip(kind: Callable[[str], object]) -> Callable[[Value], Value]:
    def run(value: Value) -> Value:
        try:
            kind(to_text(value))
        except ValueError:
            return False
        return True

    return run


FUNCTIONS: dict[str, Function] = {
    "abs": Function((1, 1), _numeric(abs)),
    "ceil": Function((1, 1), _numeric(math.ceil)),
    "floor": Function((1, 1), _numeric(math.floor)),
    "log": Function((1, 1), _numeric(math.log)),
    "sqrt": Function((1, 1), _numeric(math.sqrt)),
    "greatest": Function((1, _MANY), _extreme(max)),
    "least": Function((1, _MANY), _extreme(min)),
    "strlen": Function((1, 1), _text(len)),
    "tolower": Function((1, 1), _text(str.lower)),
    "lower": Function((1, 1), _text(str.lower)),
    "toupper": Function((1, 1), _text(str.upper)),
    "upper": Function((1, 1), _text(str.upper)),
    "trim": Function((1, 2), _trim(left=True, right=True)),
    "ltrim": Function((1, 2), _trim(left=True, right=False)),
    "rtrim": Function((1, 2), _trim(left=False, right=True)),
    "concat": Function((1, _MANY), _text(lambda *texts: "".join(texts))),
    "substr": Function((2, 3), _substr),
    "replace": Function((3, 3), _text(str.replace)),
    "strcontains": Function((2, 2), _text(lambda text, part: part in text)),
    "coalesce": Function(
        (1, _MANY), lambda *values: next((value for value in values if value is not None), None), missing=True
    ),
    "ispresent": Function((1, 1), lambda value: value is not None, missing=True),
    "isempty": Function((1, 1), lambda value: value is None or value == "", missing=True),
    "isblank": Function((1, 1), lambda value: value is None or not to_text(value).strip(), missing=True),
    "isValidIp": Function((1, 1), _is_ip(ipaddress.ip_address)),
    "isValidIpv4": Function((1, 1), _is_ip(ipaddress.IPv4Address)),
    "isValidIpv6": Function((1, 1), _is_ip(ipaddress.IPv6Address)),
    "bin": Function((1, 1), _floored, period=True),  # of the event's time: the engine adds it
    "datefloor": Function((2, 2), _floored, period=True),
    "dateceil": Function((2, 2), _ceiled, period=True),
    "fromMillis": Function((1, 1), _from_millis),
    "toMillis": Function((1, 1), lambda value: int(value) if isinstance(value, Timestamp) else None),
}

PREDICATES = frozenset({"ispresent", "isempty", "isblank", "strcontains", "isValidIp", "isValidIpv4", "isValidIpv6"})
"""Functions that may stand as a condition."""


def _pct(values: Sequence[float], percent: float) -> float:
    """The nearest rank; AWS's own is approximate for large sets."""
    ordered = sorted(values)
    return ordered[max(math.ceil(percent / 100 * len(ordered)), 1) - 1]


def _ranked(place: int, *, numbers_first: bool) -> Callable[[Sequence[Value], float], Value]:
    """The first or last in the documented order; ``numbers_first`` looks at texts only if there is no number."""

    def run(values: Sequence[Value], _: float) -> Value:
        numbers = [number for number in map(to_number, values) if number is not None]
        if numbers_first and numbers:
            return sorted(numbers)[place]
        return sorted(values, key=sort_key)[place]

    return run


AGGREGATES: dict[str, Aggregate] = {
    "count": Aggregate((0, 1), lambda values, _: len(values)),
    "count_distinct": Aggregate((1, 1), lambda values, _: len(set(map(to_text, values)))),
    "sum": Aggregate((1, 1), numeric=lambda values, _: math.fsum(values)),
    "avg": Aggregate((1, 1), numeric=lambda values, _: math.fsum(values) / len(values)),
    "min": Aggregate((1, 1), _ranked(0, numbers_first=True)),
    "max": Aggregate((1, 1), _ranked(-1, numbers_first=True)),
    "median": Aggregate((1, 1), numeric=lambda values, _: statistics.median(values)),
    # AWS does not say which deviation it takes; this is that of a sample, unknown for a single value.
    "stddev": Aggregate((1, 1), numeric=lambda values, _: statistics.stdev(values) if len(values) > 1 else None),
    "pct": Aggregate((2, 2), numeric=_pct, percent=True),
    "percentile": Aggregate((2, 2), numeric=_pct, percent=True),
    "earliest": Aggregate((1, 1), lambda values, _: values[0], by_time=True),
    "latest": Aggregate((1, 1), lambda values, _: values[-1], by_time=True),
    "sortsFirst": Aggregate((1, 1), _ranked(0, numbers_first=False)),
    "sortsLast": Aggregate((1, 1), _ranked(-1, numbers_first=False)),
}


def aggregate(name: str, values: Sequence[Value], percent: float) -> Value:
    """What an aggregate says of the values of a group, None where it says nothing."""
    function = AGGREGATES[name]
    if function.run is not None:
        return function.run(values, percent) if values or name.startswith("count") else None
    assert function.numeric is not None
    numbers = [number for number in map(to_number, values) if number is not None]
    try:
        return finite(function.numeric(numbers, percent)) if numbers else None
    except (OverflowError, ValueError):
        return None
