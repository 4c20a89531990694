"""The estimate of a month: every load, on both architectures, and what the figures rest on. Pure."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from powertune.domain.estimate import Estimate, SizeEstimate
from powertune.domain.function import Architecture
from powertune.domain.price import Price
from powertune.errors import UsageError
from powertune.pricing.fargate import fargate_price_for
from powertune.pricing.loads import MONTH_DAYS, Load
from powertune.pricing.month import FREE_GB_SECONDS, FREE_REQUESTS, estimate_size, has_known_free_tier, plain
from powertune.pricing.rows import PriceTable
from powertune.pricing.table import price_for


def estimate_month(
    loads: Sequence[Load],
    price: Price,
    table: PriceTable | None,
    environments: int | None,
    *,
    source: str,
    ephemeral_mb: int,
    compare: bool = True,
    notes: tuple[str, ...] = (),
) -> Estimate:
    """The month of each load, on both architectures where both have a price.

    Args:
        loads: one for each memory size.
        price: of the region and architecture of the loads.
        table: the user's own price table.
        environments: provisioned concurrency, where it is asked for.
        source: where the loads come from.
        ephemeral_mb: the function's ephemeral storage.
        compare: whether to put the other architecture and Fargate beside; not at a price that the user gave.
        notes: sentences that belong before the assumptions.

    Raises:
        UsageError: a rate that is needed is not known.
    """
    prices = [price]
    if compare:
        prices += _others(price, table)
    sizes = tuple(
        estimate_size(
            load, one, fargate_price_for(one.region, one.architecture, table) if compare else None, environments
        )
        for load in loads
        for one in prices
    )
    return Estimate(
        source=source,
        name=None,
        region=price.region,
        architecture=price.architecture,
        currency=price.currency,
        month_days=MONTH_DAYS,
        invocations=loads[0].invocations,
        cold_start_share=plain(loads[0].cold_start_share),
        ephemeral_mb=ephemeral_mb,
        price_as_of=price.as_of,
        price_source=price.source,
        monthly_cost=sizes[0].list_price if len(loads) == 1 else None,
        sizes=sizes,
        notes=(*notes, *_assumptions(sizes, prices, environments, compare=compare)),
    )


def _others(price: Price, table: PriceTable | None) -> list[Price]:
    others = []
    for architecture in Architecture:
        if architecture is not price.architecture:
            with suppress(UsageError):
                others.append(price_for(price.region, architecture, table))
    return others


def _assumptions(
    sizes: Sequence[SizeEstimate], prices: Sequence[Price], environments: int | None, *, compare: bool
) -> Iterator[str]:
    """What the figures rest on, and what could not be known, in sentences."""
    price = prices[0]
    if not compare:
        yield f"At a price given with --price nothing is put beside {price.architecture.value} on Lambda."
    elif len(prices) > 1:
        yield f"{prices[1].architecture.value} is estimated with the same durations; only measuring there tells."
    else:
        yield f"No price of the other architecture in {price.region} is known to powertune."
    if has_known_free_tier(price.region):
        yield (
            f"The free tier ({FREE_REQUESTS:,} requests and {FREE_GB_SECONDS:,} GB-seconds a month) and the volume "
            "tiers are the whole account's: this takes them as if nothing else ran."
        )
    else:
        yield f"Whether a free tier holds in {price.region} is not known to powertune."
    if any(size.with_tiers is None for size in sizes):
        yield f"The rates of the volume tiers above the first in {price.region} are not known to powertune."
    if environments is not None and any(size.provisioned is None for size in sizes):
        without = sorted({size.architecture.value for size in sizes if size.provisioned is None})
        of = f"provisioned concurrency on {', '.join(without)} in {price.region}"
        yield f"The price of {of} is not known to powertune."
    if compare and all(size.fargate is None for size in sizes):
        yield f"Fargate's price in {price.region} is not known to powertune."
