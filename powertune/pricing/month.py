"""A month of invocations at list price, exactly. Pure.

Free tier: AWS Lambda pricing page: a million requests and 400,000 GB-seconds a month for each account, x86_64 and
arm64 together, not for invocations that provisioned concurrency serves. Tiers: AWS Compute Blog, "Introducing tiered
pricing for AWS Lambda": they add up a month's GB-seconds by architecture and region.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from math import ceil, floor

from powertune.domain.estimate import Amount, FargateEstimate, ProvisionedEstimate, SizeEstimate
from powertune.domain.function import Architecture
from powertune.domain.price import Price
from powertune.errors import UsageError
from powertune.pricing.bill import (
    FREE_EPHEMERAL_MB,
    gb_seconds,
    per_gb_seconds,
    provisioned_cost,
    provisioned_duration_cost,
)
from powertune.pricing.fargate import SHORTEST_TASK_S, FargatePrice, task_like
from powertune.pricing.loads import MONTH_S, Load

FREE_REQUESTS = 1_000_000
FREE_GB_SECONDS = 400_000
FIRST_TIER_GB_SECONDS = {Architecture.X86_64: 6_000_000_000, Architecture.ARM64: 7_500_000_000}
"""Where the first tier ends, in every region that has tiers; the rates above differ by region."""

FARGATE_UTILISATION = Fraction(1, 2)
"""Assumed share of its time that a Fargate task works: a service needs room for peaks."""

_LONGEST_DECIMAL = 30


def tiered_duration(used: Fraction, price: Price) -> Decimal | None:
    """What a month's GB-seconds cost by tiers, each rate for the part within its tier.

    None where they reach into a tier whose rate is not known.
    """
    if price.tiers is None:
        within = used <= FIRST_TIER_GB_SECONDS[price.architecture]
        return per_gb_seconds(used, price.per_gb_second) if within else None
    parts, start = [], Fraction(0)
    for tier in price.tiers:
        end = used if tier.up_to_gb_seconds is None else min(used, Fraction(tier.up_to_gb_seconds))
        if end > start:
            parts.append(per_gb_seconds(end - start, tier.per_gb_second))
            start = end
    return _sum(parts)


def has_known_free_tier(region: str) -> bool:
    """Whether the free tier surely holds in a region: AWS China and GovCloud have terms of their own."""
    return not region.startswith(("cn-", "us-gov-", "us-iso"))


def estimate_size(
    load: Load, price: Price, fargate: FargatePrice | None = None, environments: int | None = None
) -> SizeEstimate:
    """The month of one load.

    Args:
        load: what is invoked.
        price: of the region and architecture.
        fargate: Fargate's price; None where it is not known.
        environments: provisioned concurrency, where it is asked for.

    Raises:
        UsageError: ephemeral storage is above 512 MB, and its rate is not known.
    """
    duration = per_gb_seconds(load.gb_seconds, price.per_gb_second)
    requests = per_gb_seconds(Fraction(load.invocations), price.per_request)
    storage = _storage(load, load.invocations * load.billed_ms, price)
    fees = _sum((requests, storage))
    tiered = tiered_duration(load.gb_seconds, price)

    def amount(exact: Decimal) -> Amount:
        return amount_of(exact, price.currency)

    return SizeEstimate(
        memory_mb=load.memory_mb,
        architecture=price.architecture,
        warm_billed_ms=plain(load.warm_billed_ms),
        cold_billed_ms=None if load.cold_billed_ms is None else plain(load.cold_billed_ms),
        billed_ms=plain(load.billed_ms),
        gb_seconds=plain(load.gb_seconds),
        duration=amount(duration),
        requests=amount(requests),
        storage=amount(storage),
        list_price=amount(_sum((duration, fees))),
        with_free_tier=amount(_sum((_after_free_tier(load, price), storage)))
        if has_known_free_tier(price.region)
        else None,
        with_tiers=None if tiered is None else amount(_sum((tiered, fees))),
        provisioned_break_even=_break_even(price),
        provisioned=None if environments is None else _provisioned(load, price, environments),
        fargate=None if fargate is None else _fargate(load, price, fargate),
    )


def _storage(load: Load, billed_ms: Fraction, price: Price) -> Decimal:
    extra_mb = load.ephemeral_mb - FREE_EPHEMERAL_MB
    if extra_mb <= 0:
        return Decimal(0)
    if price.ephemeral_per_gb_second is None:
        raise UsageError(
            f"The price of ephemeral storage above 512 MB in {price.region} is not known to powertune.",
            next_step="Estimate without --ephemeral-mb, or fetch the price with powertune prices update.",
        )
    return per_gb_seconds(billed_ms * gb_seconds(1, extra_mb), price.ephemeral_per_gb_second)


def _after_free_tier(load: Load, price: Price) -> Decimal:
    return _sum(
        (
            per_gb_seconds(max(load.gb_seconds - FREE_GB_SECONDS, Fraction(0)), price.per_gb_second),
            per_gb_seconds(Fraction(max(load.invocations - FREE_REQUESTS, 0)), price.per_request),
        )
    )


def _break_even(price: Price) -> Decimal | None:
    ready, duration = price.provisioned_per_gb_second, price.provisioned_duration_per_gb_second
    if ready is None or duration is None or duration >= price.per_gb_second:
        return None
    return plain(Fraction(ready) / (Fraction(price.per_gb_second) - Fraction(duration)))


def _provisioned(load: Load, price: Price, environments: int) -> ProvisionedEstimate | None:
    # It serves no cold start, and as many invocations as fit into its time if they come evenly.
    busy_ms = load.invocations * load.warm_billed_ms
    utilisation = busy_ms / (environments * MONTH_S * 1000)
    served = min(Fraction(1), 1 / utilisation) if utilisation else Fraction(1)
    ready = provisioned_cost(load.memory_mb, environments, MONTH_S, price)
    duration = provisioned_duration_cost(busy_ms * served * gb_seconds(1, load.memory_mb), price)
    if ready is None or duration is None:
        return None
    on_demand = per_gb_seconds(load.gb_seconds * (1 - served), price.per_gb_second)
    requests = per_gb_seconds(Fraction(load.invocations), price.per_request)
    storage = _storage(load, busy_ms * served + load.invocations * load.billed_ms * (1 - served), price)

    def amount(exact: Decimal) -> Amount:
        return amount_of(exact, price.currency)

    return ProvisionedEstimate(
        environments=environments,
        utilisation=plain(utilisation),
        served_share=plain(served),
        ready=amount(ready.amount),
        duration=amount(duration.amount),
        on_demand=amount(on_demand),
        requests=amount(requests),
        storage=amount(storage),
        total=amount(_sum((ready.amount, duration.amount, on_demand, requests, storage))),
    )


def _fargate(load: Load, price: Price, fargate: FargatePrice) -> FargateEstimate:
    task = task_like(load.memory_mb)
    concurrency = load.invocations * load.warm_billed_ms / (MONTH_S * 1000)
    tasks = max(1, ceil(concurrency / FARGATE_UTILISATION))
    each_s = max(load.warm_billed_ms / 1000, Fraction(SHORTEST_TASK_S))
    one_task = fargate.per_second(task) * MONTH_S
    storage = Fraction(_storage(load, load.billed_ms, price))
    an_invocation = Fraction(price.per_request) + storage
    an_invocation += load.billed_ms * gb_seconds(1, load.memory_mb) * Fraction(price.per_gb_second)
    break_even = one_task / an_invocation
    at_once = break_even * load.warm_billed_ms / (MONTH_S * 1000)

    def amount(exact: Fraction) -> Amount:
        return amount_of(per_gb_seconds(exact, Decimal(1)), fargate.currency)

    return FargateEstimate(
        vcpu=plain(task.vcpu),
        memory_mb=task.memory_mb,
        tasks=tasks,
        assumed_utilisation=plain(FARGATE_UTILISATION),
        one_task=amount(one_task),
        total=amount(one_task * tasks),
        task_for_each=amount(fargate.per_second(task) * each_s * load.invocations),
        break_even_concurrency=plain(at_once),
        break_even_invocations=floor(break_even) if at_once <= 1 else None,
    )


def amount_of(exact: Decimal, currency: str) -> Amount:
    """An amount with its rounded form."""
    with localcontext() as context:
        context.prec = 60
        rounded = exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
        return Amount(rounded=f"{rounded:f}", exact=_trimmed(exact), currency=currency)


def plain(value: Fraction) -> Decimal:
    """A fraction as a decimal: exact where it ends within 30 digits, else rounded to so many."""
    with localcontext() as context:
        context.prec = _LONGEST_DECIMAL
        return _trimmed(Decimal(value.numerator) / Decimal(value.denominator))


def _trimmed(value: Decimal) -> Decimal:
    """Without trailing zeros and without an exponent."""
    return Decimal(f"{value:f}".rstrip("0").rstrip(".") or "0") if value % 1 else Decimal(f"{value:.0f}")


def _sum(parts: Iterable[Decimal]) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        return sum(parts, Decimal(0))
