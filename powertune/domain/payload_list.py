"""Reads a list of payloads: a JSON array or JSON Lines, perhaps with weights."""

import json
import sys
from typing import Any

from powertune.domain.payload import Payload, PayloadUse
from powertune.errors import UsageError

_KEYS = {"payload", "weight"}


def payloads_from_list(text: str) -> tuple[tuple[Payload, ...], PayloadUse]:
    """Read a JSON array of events, or JSON Lines with an event on each line.

    The payloads are weighted where every item is an object of just ``payload`` and ``weight``; otherwise each
    item is an event, and they are used in turn.

    Raises:
        UsageError: it is neither, it is empty, or a weight is not a number.
    """
    items = _items(text)
    if not items:
        raise UsageError("The list of payloads is empty.", next_step="Give at least one event.")
    if all(isinstance(item, dict) and item.keys() == _KEYS for item in items):
        return tuple(Payload.of_value(item["payload"], _weight(item["weight"])) for item in items), PayloadUse.WEIGHTED
    return tuple(Payload.of_value(item) for item in items), PayloadUse.IN_TURN


def _items(text: str) -> list[Any]:
    try:
        whole = json.loads(text)
    except ValueError:
        return [_line(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    except RecursionError:
        raise UsageError("The list of payloads is nested too deeply.", next_step="Give simpler events.") from None
    # One line of JSON Lines is JSON as a whole, too.
    return whole if isinstance(whole, list) else [whole]


def _line(number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"Line {number} of the payloads is not JSON: {error}.",
            next_step="Give a JSON array, or one event on each line.",
        ) from None


def _weight(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value <= sys.float_info.max:
        shown = type(value).__name__ if isinstance(value, list | dict) else json.dumps(value)[:40]
        raise UsageError(f"The weight {shown} is not a number from 0 up.", next_step="Correct the weight.")
    return float(value)
