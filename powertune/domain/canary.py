"""How a new version is tried on a share of the real traffic before it gets all of it."""

import re
from dataclasses import dataclass
from decimal import Decimal

from powertune.errors import UsageError

_TEXT = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,3})?)%/([0-9]{1,5})(s|m|h)")
_UNIT_S = {"s": 1, "m": 60, "h": 3600}
LONGEST_S = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """``share`` of an alias's traffic, above 0 and below 1, for ``watch_s`` seconds."""

    share: float
    watch_s: int


def parse_canary(text: str) -> Canary:
    """Read ``10%/10m``.

    Raises:
        UsageError: it is not of this form, or the share or the time cannot be meant.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None or not Decimal(match[1]):
        raise UsageError(
            f"'{text}' is not a canary.", next_step="Write a share of the traffic and a time, such as 10%/10m."
        )
    watch_s = int(match[2]) * _UNIT_S[match[3]]
    if not 60 <= watch_s <= LONGEST_S:
        raise UsageError(
            f"A canary of {match[2]}{match[3]} cannot be watched: CloudWatch counts by the minute, and powertune waits "
            "a day at most.",
            next_step="Give from 1m to 24h.",
        )
    return Canary(share=float(Decimal(match[1]) / 100), watch_s=watch_s)
