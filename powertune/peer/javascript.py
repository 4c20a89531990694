"""How JavaScript reads a JSON value as a truth or a number: the rules that inputs were written against.

Source: ECMAScript's ToBoolean, ToNumber and parseInt, for the values that JSON can hold. Lists and objects are no
numbers here, although JavaScript makes some of them into one.
"""

import math
import re
from typing import Any

_WHOLE = re.compile(r"\s*([+-]?[0-9]{1,15})")
_NUMBER = re.compile(r"\s*([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)\s*")


def is_true(value: Any) -> bool:
    """Whether a JSON value counts as true: an empty list and the text "false" do."""
    return value is not None and value is not False and value != "" and value != 0


def number(value: Any) -> float | None:
    """A JSON value as a number, null as 0 and true as 1; None where it is not one."""
    if value is None:
        return 0.0
    if isinstance(value, bool | int | float):
        return _finite(value)
    if not isinstance(value, str):
        return None
    if not value.strip():
        return 0.0
    match = _NUMBER.fullmatch(value)
    return _finite(match[1]) if match else None


def whole_number(value: Any) -> int | None:
    """What parseInt makes of a JSON value: "10" and 10.7 are 10; None where it makes nothing of it."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    match = _WHOLE.match(value) if isinstance(value, str) else None
    return int(match[1]) if match else None


def _finite(value: float | str) -> float | None:
    try:
        found = float(value)
    except OverflowError:  # an integer beyond the range of a float
        return None
    return found if math.isfinite(found) else None
