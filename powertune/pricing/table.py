"""The price table that ships with powertune, dated and with its sources."""

import functools
import json
from decimal import Decimal
from importlib import resources
from typing import Any

from powertune.domain.function import Architecture
from powertune.domain.result import Price
from powertune.errors import UsageError


@functools.cache
def _table() -> dict[str, Any]:
    text = resources.files("powertune.pricing").joinpath("prices.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def regions() -> tuple[str, ...]:
    """The regions that have prices."""
    return tuple(sorted(_table()["regions"]))


def price_for(region: str, architecture: Architecture) -> Price:
    """List prices of one region and architecture, first tier, without the free tier.

    Raises:
        UsageError: there is no price for it. Another region's is never used in its place.
    """
    row = _table()["regions"].get(region)
    if row is None or row[architecture.value] is None or row["request"] is None:
        raise UsageError(
            f"powertune has no Lambda price for {architecture.value} in {region}, and will not use another region's.",
            next_step=f"Regions with prices: {', '.join(regions())}.",
        )
    return Price(
        region=region,
        architecture=architecture,
        currency=row["currency"],
        per_gb_second=Decimal(row[architecture.value]),
        per_request=Decimal(row["request"]),
        ephemeral_per_gb_second=_decimal(row["ephemeral"]),
        per_state_transition=_decimal(row["transition"]),
        as_of=_table()["as_of"],
        source=_table()["source"],
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
