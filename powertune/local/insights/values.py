"""What a field can hold, and when it counts as a number."""

import math
import re
from datetime import UTC, datetime

_NUMBER = re.compile(r"[+-]?\d+(?P<rest>(?:\.\d+)?(?:[eE][+-]?\d+)?)", re.ASCII)
_CHUNK = re.compile(r"\d+|[^\d]+", re.ASCII)
_LONG = 2**63
_EXACT_DIGITS = 18


class Timestamp(int):
    """Epoch milliseconds that are shown as a date."""

    def __str__(self) -> str:
        try:
            moment = datetime.fromtimestamp(self // 1000, tz=UTC)
        except (OverflowError, ValueError, OSError):
            return str(int(self))
        return f"{moment:%Y-%m-%d %H:%M:%S}.{self % 1000:03}"


Value = str | int | float | bool | None


def to_number(value: Value) -> float | int | None:
    """A value as a finite number, None where it is none. Whole numbers of a long's size keep every digit."""
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value)
        if match is None:
            return None
        value = int(value) if not match["rest"] and len(value) <= _EXACT_DIGITS else float(value)
    elif value is None:
        return None
    elif isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if -_LONG < value < _LONG:
        return value
    try:
        return float(value)
    except OverflowError:
        return None


def to_text(value: Value) -> str:
    """A value as it is shown: whole numbers without decimals, truth as 1 or 0."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return str(value)


def finite(value: float | int | None) -> float | int | None:
    """The number, None for one that overflowed."""
    return value if value is None or isinstance(value, int) or math.isfinite(value) else None


def sort_key(value: Value) -> tuple[bool, float, tuple[tuple[int, int, str], ...], str]:
    """The documented order (AWS docs, CWL_QuerySyntax-Sort).

    Other values come before numbers; they are compared in chunks of digits (by length, then value) and of other
    characters (by code point).
    """
    number = to_number(value)
    text = to_text(value)
    if number is not None:
        return True, number, (), text
    return False, 0.0, tuple(_chunk_key(chunk) for chunk in _CHUNK.findall(text)), text


def _chunk_key(chunk: str) -> tuple[int, int, str]:
    # Against other characters digits stand where the characters 0 to 9 stand.
    if chunk[0] in "0123456789":
        return 1, len(chunk), chunk
    return (0 if chunk < "0" else 2), 0, chunk
