"""Which numbers of a result no run could have written."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from powertune.domain.canary import Canary
from powertune.domain.function import MAX_MEMORY_MB, MIN_MEMORY_MB
from powertune.domain.request import TuningRequest
from powertune.domain.result import Distribution, Interval
from powertune.domain.sample import TraceParts

MOST_MS = 10**9
"""Eleven days: an invocation lasts a quarter of an hour at most."""
MOST = 10**15
MILLION = 1_000_000
_LAST_DIGITS = 1e-9
_SMALLEST = 1e-30
"""Of times, amounts and tolerances above 0: what is less makes others infinite that are divided by it."""
_LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    """What a number may be; ``words`` say it after "is not"."""

    least: float
    most: float
    words: str


_MEMORY = _Range(
    least=MIN_MEMORY_MB,
    most=MAX_MEMORY_MB,
    words=f"a memory size that Lambda allows, from {MIN_MEMORY_MB} to {MAX_MEMORY_MB:,} MB",
)
_DURATION = _Range(least=0, most=MOST_MS, words="a time from 0 to 10^9 ms")
_TRACED = _Range(least=-MOST_MS, most=MOST_MS, words="a time up to 10^9 ms")
_SHARE = _Range(least=0, most=1, words="a share from 0 to 1")
_CHANGE = _Range(least=-1, most=MOST, words="a change, as a share of at least -1 and at most 10^15")
_END = _Range(least=-MOST, most=MOST, words="the end of an interval between -10^15 and 10^15")
_REST = _Range(least=0, most=MOST, words="a number from 0 to 10^15")

_MEMORY_SIZES = frozenset(
    (
        *("memory_mb", "original_memory_mb", "from_memory_mb", "to_memory_mb", "own_memory_mb", "other_memory_mb"),
        *("equivalent_sizes_mb", "pareto_mb"),
    )
)
_SHARES = frozenset({"risk", "p_value", "error_p_value", "cold_start_share", "share", "confidence"})
_CHANGES = frozenset({"duration", "cost", "change", "cost_change", "duration_change"})
_ENDS = frozenset({"low", "high"})
_DIVIDING = frozenset({"per_million", "tolerance"})
_OF_A_REQUEST = frozenset({"prior", "price", "tolerance"})
"""All else of a request is refused where it is made."""
_APART = frozenset({"samples"})


def impossible_numbers(value: Any, place: str) -> Iterator[str]:
    """The numbers of a result that no run could have written, each with its place; its samples are not looked at."""
    yield from _of(value, place, "", type(None))


def _of(value: Any, place: str, name: str, owner: type) -> Iterator[str]:
    if value is None or isinstance(value, str | bool | Enum):
        return
    if is_dataclass(value):
        for one in fields(value):
            if _is_looked_at(type(value), one.name):
                yield from _of(getattr(value, one.name), f"{place}.{one.name}", one.name, type(value))
    elif isinstance(value, tuple):
        for index, one in enumerate(value):
            yield from _of(one, f"{place}[{index}]", name, owner)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _of(one, f"{place}[{shown(key)!r}]", name, owner)
    elif isinstance(value, int | float | Decimal):
        allowed = _range(name, owner)
        if not allowed.least <= value <= allowed.most:
            yield f"{place}: {shown(value)} is not {allowed.words}"
        elif 0 < value < _SMALLEST and (isinstance(value, Decimal) or allowed is _DURATION or name in _DIVIDING):
            yield f"{place}: {shown(value)} is less than anything is, and more than nothing"


def _is_looked_at(owner: type, name: str) -> bool:
    if owner is TuningRequest:
        return name in _OF_A_REQUEST
    return name not in _APART and owner is not Canary


def _range(name: str, owner: type) -> _Range:
    if owner is Interval:
        return _SHARE if name == "confidence" else _END
    if owner is TraceParts:
        return _TRACED
    if owner is Distribution:
        return _REST if name == "count" else _DURATION
    if name in _MEMORY_SIZES:
        return _MEMORY
    if name in _SHARES:
        return _SHARE
    if name in _CHANGES:
        return _CHANGE
    if name in _ENDS:
        return _END
    return _DURATION if name.endswith("_ms") else _REST


def shown(value: Any) -> str:
    """A number, or a text, as it stands there, cut where it is long."""
    try:
        text = f"{value:g}" if isinstance(value, float) else str(value)
    except ValueError:  # more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def wrong_interval(interval: Interval | None, mean: float | None, place: str) -> Iterator[str]:
    """What is wrong with an interval, and whether the mean that it is for lies in it."""
    if interval is None:
        return
    if interval.low > interval.high:
        yield f"{place}: its low end, {interval.low:g}, is above its high one, {interval.high:g}"
    elif mean is not None and not _within(mean, interval):
        yield f"{place}: from {interval.low:g} to {interval.high:g}, without the mean of {mean:g}"
    if not 0 < interval.confidence < 1:
        yield f"{place}.confidence: {interval.confidence:g} does not lie between 0 and 1"


def _within(mean: float, interval: Interval) -> bool:
    slack = slack_of(mean, interval.low, interval.high)
    return interval.low - slack <= mean <= interval.high + slack


def slack_of(*values: float) -> float:
    """How far such values may differ by what floats make of their last digits."""
    return _LAST_DIGITS * max(map(abs, values))


def same(one: float, other: float) -> bool:
    """Whether two figures are the same but for the last digits of floats."""
    return abs(one - other) <= slack_of(one, other)
