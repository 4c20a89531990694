"""Events for the function, and which of them each invocation gets. Pure."""

import hashlib
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any, Self

from powertune.errors import UsageError

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""Largest synchronous payload (AWS docs, lambda/latest/dg/gettingstarted-limits)."""


class PayloadUse(StrEnum):
    """How several payloads are shared out."""

    IN_TURN = "in-turn"  # at each memory size from the first to the last, and round again
    WEIGHTED = "weighted"  # in proportion to their weights
    ONCE = "once"  # every payload for one invocation of the whole run


class PayloadForm(StrEnum):
    """How a text from S3 is read."""

    EVENT = "event"
    LIST = "list"  # a JSON array or JSON Lines, perhaps of {"payload", "weight"}
    POWER_TUNING = "power-tuning"  # aws-lambda-power-tuning's rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """One event.

    ``text`` is the event as JSON text; None where it was left out, as in results. ``weight`` counts only
    where payloads are weighted.
    """

    sha256: str
    size_bytes: int
    weight: float | None = None
    text: str | None = None

    @classmethod
    def of(cls, text: str, weight: float | None = None) -> Self:
        """A payload from JSON text.

        Raises:
            UsageError: it is not JSON, or larger than the 6 MB that Lambda accepts.
        """
        try:
            data = text.encode()
            json.loads(text, parse_constant=_not_json)
        except (ValueError, RecursionError) as error:
            raise UsageError(
                f"The payload is not JSON: {error}.",
                next_step="Give JSON text, or @FILE for a file that holds it.",
            ) from None
        if len(data) > MAX_PAYLOAD_BYTES:
            raise UsageError(
                "The payload is larger than the 6 MB that Lambda accepts.", next_step="Use a smaller event."
            )
        return cls(sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), weight=weight, text=text)

    @classmethod
    def of_value(cls, value: Any, weight: float | None = None) -> Self:
        """A payload from a decoded JSON value.

        Raises:
            UsageError: as `of` does.
        """
        try:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        except RecursionError:
            raise UsageError("The payload is nested too deeply.", next_step="Use a simpler event.") from None
        # Half a surrogate pair cannot be sent as UTF-8; its escape is JSON's as well.
        return cls.of(text.encode("utf-8", "backslashreplace").decode(), weight)

    def without_text(self) -> Self:
        """The same, without the event itself."""
        return replace(self, text=None)


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


EMPTY = Payload.of("{}")


def shares(weights: Iterable[float], invocations: int) -> tuple[int, ...]:
    """How many of so many invocations each weight gets, by largest remainder (Hamilton's method).

    A weight of zero gets none.

    Raises:
        UsageError: a weight is negative, all are zero, or an event with a weight would get no invocation.
    """
    exact = [Fraction(weight) for weight in weights]
    whole = sum(exact)
    if any(weight < 0 for weight in exact) or whole == 0:
        raise UsageError(
            "At least one payload weight must be above 0, and none below.", next_step="Correct the weights."
        )
    used = sum(1 for weight in exact if weight)
    if invocations < used:
        raise UsageError(
            f"There are {used} payloads, but only {invocations} invocations at each memory size.",
            next_step="Raise the invocations, or leave payloads out.",
        )
    quotas = [weight * invocations / whole for weight in exact]
    counts = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(quotas)), key=lambda index: (counts[index] - quotas[index], index))
    for index in by_remainder[: invocations - sum(counts)]:
        counts[index] += 1
    if any(weight and not count for weight, count in zip(exact, counts, strict=True)):
        raise UsageError(
            f"With {invocations} invocations at each memory size, a payload's weight is too small to be sent at all.",
            next_step="Raise the invocations, or the weight.",
        )
    return tuple(counts)


def turn_order(payloads: tuple[Payload, ...], use: PayloadUse, invocations: int, seed: int) -> tuple[int, ...]:
    """The index of the payload for each of the measured invocations at a memory size, the same at every size.

    Weighted payloads are shuffled, so that none is always early; a list used in turn keeps its order.

    Raises:
        UsageError: as `shares` does.
    """
    if use is not PayloadUse.WEIGHTED:
        return tuple(index % len(payloads) for index in range(invocations))
    counts = shares([1.0 if payload.weight is None else payload.weight for payload in payloads], invocations)
    order = [index for index, count in enumerate(counts) for _ in range(count)]
    random.Random(f"{seed} payloads").shuffle(order)
    return tuple(order)
