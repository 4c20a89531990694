"""What a query may call: functions of one row, and aggregates of many.

AWS docs, AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions and CWL_QuerySyntax-Stats. A function
of a missing value is missing.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from powertune.local.insights.fields import Timestamp, Value

DURATION_MS = {
    "ms": 1,
    "msec": 1,
    "s": 1_000,
    "sec": 1_000,
    "m": 60_000,
    "min": 60_000,
    "h": 3_600_000,
    "hr": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
}
_MANY = 50


@dataclass(frozen=True, slots=True)
class Function:
    """A function of plain values. ``missing``: it is called with missing values too."""

    arity: tuple[int, int]
    run: Callable[..., Value]
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A function of the values of a group; missing ones are left out, ``numeric`` keeps numbers only."""

    arity: tuple[int, int]
    run: Callable[[Sequence[Any], float | None], Value]
    numeric: bool = True


def to_number(value: Value) -> float | int | None:
    """A value as a number, None where it is none."""
    if isinstance(value, int | float):
        return value
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def to_text(value: Value) -> str:
    """A value as it is shown: whole numbers without decimals."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(int(value)) if isinstance(value, bool) else str(value)


def _numeric(function: Callable[[float], float | int]) -> Callable[[Value], Value]:
    def run(value: Value) -> Value:
        number = to_number(value)
        if number is None:
            return None
        try:
            return function(number)
        except (ValueError, OverflowError):
            return None

    return run


def _text(function: Callable[[str], Value]) -> Callable[[Value], Value]:
    return lambda value: function(to_text(value))


def _substr(value: Value, start: Value, length: Value = None) -> Value:
    first, count = to_number(start), to_number(length)
    if first is None or first < 0 or (length is not None and (count is None or count < 0)):
        return None
    rest = to_text(value)[int(first) :]
    return rest if count is None else rest[: int(count)]


def _extreme(choose: Callable[[Sequence[float]], float]) -> Callable[..., Value]:
    def run(*values: Value) -> Value:
        numbers = [number for number in map(to_number, values) if number is not None]
        return choose(numbers) if len(numbers) == len(values) else None

    return run


def _floored(value: Value, step_ms: Value) -> Value:
    moment, step = to_number(value), to_number(step_ms)
    if moment is None or step is None:
        return None
    return Timestamp(int(moment // step * step))


def _ceiled(value: Value, step_ms: Value) -> Value:
    moment, step = to_number(value), to_number(step_ms)
    if moment is None or step is None:
        return None
    return Timestamp(int(-(-moment // step) * step))


def _from_millis(value: Value) -> Value:
    number = to_number(value)
    return None if number is None else Timestamp(int(number))


def _to_millis(value: Value) -> Value:
    return int(value) if isinstance(value, Timestamp) else None


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
    "trim": Function((1, 1), _text(str.strip)),
    "ltrim": Function((1, 1), _text(str.lstrip)),
    "rtrim": Function((1, 1), _text(str.rstrip)),
    "concat": Function((1, _MANY), lambda *values: "".join(map(to_text, values))),
    "substr": Function((2, 3), _substr),
    "replace": Function((3, 3), lambda text, old, new: to_text(text).replace(to_text(old), to_text(new))),
    "strcontains": Function((2, 2), lambda text, part: int(to_text(part) in to_text(text))),
    "coalesce": Function(
        (1, _MANY), lambda *values: next((value for value in values if value is not None), None), missing=True
    ),
    "ispresent": Function((1, 1), lambda value: value is not None, missing=True),
    "isempty": Function((1, 1), lambda value: value is None or value == "", missing=True),
    "isblank": Function((1, 1), lambda value: value is None or not to_text(value).strip(), missing=True),
    "bin": Function((1, 1), _floored),  # of the event's time: the engine adds it
    "datefloor": Function((2, 2), _floored),
    "dateceil": Function((2, 2), _ceiled),
    "fromMillis": Function((1, 1), _from_millis),
    "toMillis": Function((1, 1), _to_millis),
}

PREDICATES = frozenset({"ispresent", "isempty", "isblank", "strcontains"})
"""Functions that may stand as a condition."""


def _pct(values: Sequence[Any], percent: float | None) -> Value:
    """The nearest rank; AWS's own is approximate for large sets."""
    ordered = sorted(values)
    rank = math.ceil((percent or 0) / 100 * len(ordered))
    number: float = ordered[min(max(rank, 1), len(ordered)) - 1]
    return number


AGGREGATES: dict[str, Aggregate] = {
    "count": Aggregate((0, 1), lambda values, _: len(values), numeric=False),
    "count_distinct": Aggregate((1, 1), lambda values, _: len({to_text(value) for value in values}), numeric=False),
    "sum": Aggregate((1, 1), lambda values, _: math.fsum(values)),
    "avg": Aggregate((1, 1), lambda values, _: math.fsum(values) / len(values)),
    "min": Aggregate((1, 1), lambda values, _: min(values)),
    "max": Aggregate((1, 1), lambda values, _: max(values)),
    "median": Aggregate((1, 1), lambda values, _: statistics.median(values)),
    "pct": Aggregate((2, 2), _pct),
    "earliest": Aggregate((1, 1), lambda values, _: values[-1], numeric=False),  # rows come newest first
    "latest": Aggregate((1, 1), lambda values, _: values[0], numeric=False),
}
