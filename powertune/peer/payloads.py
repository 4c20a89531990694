"""The rules by which a payload of aws-lambda-power-tuning's input becomes events."""

import json
from typing import Any

from powertune.domain.payload import Payload, PayloadUse
from powertune.errors import UsageError
from powertune.peer import javascript


def payloads_of(value: Any) -> tuple[tuple[Payload, ...], PayloadUse]:
    """The events in a decoded ``payload``.

    A list is weighted where it is not empty and every item is an object with the keys ``payload`` and
    ``weight``, whatever they hold; a weight of 0 means never. Any other value is the event itself.

    Raises:
        UsageError: a weight is not a number from 0 up, or an event is larger than Lambda accepts.
    """
    if _is_weighted(value):
        return tuple(_event(item["payload"], _weight(item["weight"])) for item in value), PayloadUse.WEIGHTED
    return (_event(value),), PayloadUse.IN_TURN


def payloads_from_text(text: str) -> tuple[tuple[Payload, ...], PayloadUse]:
    """The events in a text from S3: decoded where it is JSON, one string where it is not.

    Raises:
        UsageError: as `payloads_of` does.
    """
    try:
        value = json.loads(text, parse_constant=_not_json)
    except (ValueError, RecursionError):
        value = text
    return payloads_of(value)


def payload_of_input(data: dict[str, Any]) -> tuple[tuple[Payload, ...], PayloadUse]:
    """The events of an input's ``payload``. What JavaScript takes for false is sent as ``null``.

    Raises:
        UsageError: as `payloads_of` does.
    """
    value = data.get("payload")
    return payloads_of(value if javascript.is_true(value) else None)


def _is_weighted(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and {"payload", "weight"} <= item.keys() for item in value)
    )


def _weight(value: Any) -> float:
    # A number may be written as a text; null, true and a blank text are numbers to JavaScript only.
    known = value if type(value) in (int, float) or (isinstance(value, str) and value.strip()) else False
    found = None if known is False else javascript.number(known)
    if found is None or found < 0:
        raise UsageError(
            f"A payload has the weight {json.dumps(value)}, which is not a number from 0 up.",
            next_step="Correct the weights; only their proportions count.",
        )
    return found


def _event(value: Any, weight: float | None = None) -> Payload:
    if isinstance(value, str) and _is_json(value):
        text = value
    else:
        try:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        except RecursionError:
            raise UsageError("The payload is nested too deeply.", next_step="Use a simpler event.") from None
    # Half a surrogate pair cannot be sent as UTF-8; its escape is JSON's as well.
    return Payload.of(text.encode("utf-8", "backslashreplace").decode(), weight)


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_not_json, parse_int=str)
    except RecursionError:
        return True  # and is refused for its depth, rather than sent as a string
    except ValueError:
        return False
    return True


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")
