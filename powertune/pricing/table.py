"""List prices by region: the dated table that ships with powertune, or a newer one of the user's."""

import functools
from datetime import date, timedelta
from importlib import resources

from powertune.domain.function import Architecture
from powertune.domain.price import Price
from powertune.errors import UsageError
from powertune.pricing.rows import PriceTable, Row, parse_table

STALE_AFTER = timedelta(days=365)
"""Age from which prices are called old."""

_GROUP_NAMES = {
    "lambda": "Lambda",
    "snapstart": "SnapStart",
    "step_functions": "Step Functions",
    "logs": "Logs Insights",
    "xray": "X-Ray",
}


@functools.cache
def shipped_table() -> PriceTable:
    """The table that ships with powertune."""
    text = resources.files("powertune.pricing").joinpath("prices.json").read_text(encoding="utf-8")
    return parse_table(text, "that ships with powertune")


def regions(table: PriceTable | None = None) -> tuple[str, ...]:
    """The regions for which `price_for` has an answer, for at least one architecture."""
    names = {*shipped_table().rows, *(table.rows if table else ())}
    return tuple(sorted(name for name in names if _is_complete(row_for(name, table))))


def row_for(region: str, table: PriceTable | None = None) -> Row | None:
    """The newer of the region's rows in the user's table and in the shipped one; None where neither has it."""
    shipped, own = shipped_table().rows.get(region), table.rows.get(region) if table else None
    if shipped is None or own is None:
        return own or shipped
    return own if own.as_of >= shipped.as_of else shipped


def price_for(region: str, architecture: Architecture, table: PriceTable | None = None) -> Price:
    """List prices of one region and architecture, without the free tier.

    Args:
        region: such as ``eu-west-1``.
        architecture: the function's.
        table: the user's own table; its row counts where it is not older than the shipped one.

    Raises:
        UsageError: there is no price, or no request fee. Another region's is never used in its place.
    """
    row = row_for(region, table)
    rates = row.by_architecture.get(architecture) if row else None
    if row is None or rates is None:
        raise _no_price(f"powertune has no Lambda price for {architecture.value} in {region}", region, table)
    if "request" not in rates:
        raise _no_price(
            f"powertune knows what a GB-second of {architecture.value} costs in {region}, but not a request",
            region,
            table,
        )
    return Price(
        region=region,
        architecture=architecture,
        currency=row.currency,
        per_gb_second=rates["duration"],
        per_request=rates["request"],
        ephemeral_per_gb_second=rates.get("ephemeral"),
        per_state_transition=row.rates.get("transition"),
        as_of=row.as_of,
        source=_source(row),
        tiers=row.tiers.get(architecture),
        provisioned_per_gb_second=rates.get("provisioned"),
        provisioned_duration_per_gb_second=rates.get("provisioned_duration"),
        snapstart_cache_per_gb_second=row.rates.get("snapstart_cache"),
        snapstart_restore_per_gb=row.rates.get("snapstart_restore"),
        per_log_gb_scanned=row.rates.get("log_gb_scanned"),
        per_trace_recorded=row.rates.get("trace_recorded"),
        per_trace_retrieved=row.rates.get("trace_retrieved"),
    )


def is_stale(as_of: str, today: date) -> bool:
    """Whether prices read on ``as_of`` are more than a year old. A price that the user gave has no day, and no age."""
    try:
        return today - date.fromisoformat(as_of) > STALE_AFTER
    except ValueError:
        return False


def stale_warning(price: Price, today: date) -> str | None:
    """A sentence about prices that are more than a year old; None for younger ones."""
    if not is_stale(price.as_of, today):
        return None
    return (
        f"The prices for {price.region} were read on {price.as_of}, more than a year ago; "
        f"powertune prices update --region {price.region} fetches the present ones."
    )


def _is_complete(row: Row | None) -> bool:
    return row is not None and any("request" in rates for rates in row.by_architecture.values())


def _source(row: Row) -> str:
    texts: dict[str, list[str]] = {}
    for group, name in _GROUP_NAMES.items():
        if group in row.sources:
            texts.setdefault(row.sources[group].text, []).append(name)
    return ". ".join(f"{', '.join(names)}: {text}" for text, names in texts.items()) + "."


def _no_price(what: str, region: str, table: PriceTable | None) -> UsageError:
    return UsageError(
        f"{what}, and will not use another region's.",
        next_step=f"Fetch it with powertune prices update --region {region}, or give it with --price. "
        f"Regions with prices: {', '.join(regions(table))}.",
    )
