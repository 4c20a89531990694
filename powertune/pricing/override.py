"""A price that the user gives, in place of the table's."""

import re
from decimal import Decimal

from powertune.domain.function import Architecture
from powertune.domain.price import Price
from powertune.errors import UsageError

GIVEN = "as given"
"""Stands for the day of a price that the user gave: it has none."""

_NUMBER = re.compile(r"[0-9]{0,9}\.?[0-9]{1,30}([eE]-?[0-9]{1,2})?")
_HIGHEST = Decimal("0.01")
"""Six hundred times what AWS asks for a GB-second: more is a price per hour or per million."""

_FORM = "--price GB_SECOND,REQUEST[,CURRENCY]"
_EXAMPLE = f"The form is {_FORM}, such as --price 0.0000166667,0.0000002,USD."


def parse_price(text: str, region: str, architecture: Architecture) -> Price:
    """Read the option ``--price GB_SECOND[,REQUEST[,CURRENCY]]``.

    The request fee must be there: left out, it would silently count as nothing. It may be given as 0, where there
    is none. The currency is that in which AWS bills the region, where it is not given: CNY in China, EUR in the
    European Sovereign Cloud, else USD. All other rates (storage, provisioned concurrency …) are unknown.

    Raises:
        UsageError: it is not that, or the numbers cannot be meant.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1:
        raise UsageError(
            f"--price {text} has no request fee, and without one every cost would be too low.",
            next_step="Add it after a comma; write 0 where there is none. " + _EXAMPLE,
        )
    if len(parts) > 3:
        raise UsageError(f"--price {text} has too many parts.", next_step=_EXAMPLE)
    currency = parts[2] if len(parts) == 3 else _currency(region)
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise UsageError(f"'{currency}' in --price is not a currency.", next_step=_EXAMPLE)
    per_gb_second = _number(parts[0], "price of a GB-second")
    if per_gb_second == 0:
        raise UsageError("The price of a GB-second in --price is 0.", next_step=_EXAMPLE)
    return Price(
        region=region,
        architecture=architecture,
        currency=currency,
        per_gb_second=per_gb_second,
        per_request=_number(parts[1], "request fee"),
        ephemeral_per_gb_second=None,
        per_state_transition=None,
        as_of=GIVEN,
        source="given with --price",
    )


def _number(text: str, what: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise UsageError(f"'{text}' in --price is not a {what}: it is a number above zero.", next_step=_EXAMPLE)
    number = Decimal(text)
    if number > _HIGHEST:
        raise UsageError(
            f"A {what} of {text} in --price is far above any of AWS's.",
            next_step="It is for one GB-second and one request, not for an hour or a million. " + _EXAMPLE,
        )
    return number


def _currency(region: str) -> str:
    if region.startswith("cn-"):
        return "CNY"
    return "EUR" if region.startswith("eusc-") else "USD"
