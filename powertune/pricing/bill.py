"""Money for invocations, exactly: one invocation at a time, from its billed milliseconds."""

from collections.abc import Iterable
from decimal import Decimal, localcontext
from fractions import Fraction
from math import ceil

from powertune.domain.price import Money, Price
from powertune.errors import UsageError

FREE_EPHEMERAL_MB = 512
"""Ephemeral storage included in the price of every function (AWS Lambda pricing page)."""

MIN_SNAPSHOT_S = 3 * 3600
"""Shortest time for which the snapshot of a published version is billed (AWS Lambda pricing page)."""

PROVISIONED_STEP_S = 300
"""Provisioned concurrency is billed in steps of five minutes (AWS Lambda pricing page)."""

_MS_MB_PER_GB_SECOND = 1000 * 1024

_DIGITS = 60
"""Significant digits of every sum and product here, whatever the caller's decimal context: amounts stay exact."""


def invocation_cost(billed_ms: int, memory_mb: int, price: Price, *, ephemeral_mb: int = FREE_EPHEMERAL_MB) -> Money:
    """The list price of one invocation: duration, request, and ephemeral storage above 512 MB.

    ``billed_ms`` is Billed Duration as logged, which contains the init. The formula is the pricing page's:
    GB-seconds (GB = 1024 MB) times the rate, plus the request fee. Exact: nothing is rounded.

    Raises:
        UsageError: ephemeral storage is above 512 MB and the region's rate for it is unknown.
    """
    duration = per_gb_seconds(gb_seconds(billed_ms, memory_mb), price.per_gb_second)
    storage = Decimal(0)
    extra_mb = ephemeral_mb - FREE_EPHEMERAL_MB
    if extra_mb > 0:
        if price.ephemeral_per_gb_second is None:
            raise UsageError(
                f"The function has {ephemeral_mb} MB of ephemeral storage, and its price in {price.region} is "
                "not known to powertune.",
                next_step="Lower it to 512 MB, or measure in a region with a price.",
            )
        storage = per_gb_seconds(gb_seconds(billed_ms, extra_mb), price.ephemeral_per_gb_second)
    with localcontext() as context:
        context.prec = _DIGITS
        return Money(amount=duration + price.per_request + storage, currency=price.currency)


def gb_seconds(billed_ms: int, memory_mb: int) -> Fraction:
    """Billed milliseconds at a memory size as GB-seconds, exactly."""
    return Fraction(billed_ms * memory_mb, _MS_MB_PER_GB_SECOND)


def per_gb_seconds(amount: Fraction, rate: Decimal) -> Decimal:
    """GB-seconds times a rate, to 60 significant digits.

    For whole milliseconds and MB that is exact: 1024000 divides a power of ten.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        return Decimal(amount.numerator) * rate / Decimal(amount.denominator)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts of one currency; zero for none.

    Raises:
        ValueError: an amount is in another currency.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        result = Decimal(0)
        for money in amounts:
            if money.currency != currency:
                raise ValueError(f"cannot add {money.currency} to {currency}")
            result += money.amount
    return Money(amount=result, currency=currency)


def mean(amounts: list[Money], currency: str) -> Money:
    """The mean of amounts of one currency, to 40 significant digits.

    Raises:
        ValueError: there is no amount, or one in another currency.
    """
    if not amounts:
        raise ValueError("no amounts to average")
    with localcontext() as context:
        context.prec = 40
        return Money(amount=total(amounts, currency).amount / len(amounts), currency=currency)


def times(money: Money, factor: int) -> Money:
    """An amount, so many times."""
    with localcontext() as context:
        context.prec = _DIGITS
        return Money(amount=money.amount * factor, currency=money.currency)


def transitions_cost(transitions: int, price: Price) -> Money:
    """What Step Functions bills for Standard state transitions; zero for none.

    Raises:
        UsageError: there are some, and their rate is not known. `known_transitions_cost` does not raise.
    """
    cost = known_transitions_cost(transitions, price)
    if cost is None:
        raise UsageError(f"powertune has no Step Functions price for {price.region}.", next_step="Use --direct.")
    return cost


def known_transitions_cost(transitions: int, price: Price) -> Money | None:
    """What Step Functions bills for Standard state transitions; None where the rate is not known."""
    return _cost(Fraction(transitions), price.per_state_transition, price)


def log_query_cost(bytes_scanned: float, price: Price) -> Money | None:
    """What Logs Insights bills for the bytes that queries read; None where the rate is not known.

    A GB is taken as 10^9 bytes. AWS does not say which GB it means; were it 2^30, this would be 7 % too much.
    """
    return _cost(Fraction(bytes_scanned) / 10**9, price.per_log_gb_scanned, price)


def trace_cost(recorded: int, retrieved: int, price: Price) -> Money | None:
    """What X-Ray bills for traces recorded, and for traces read back; None where a rate is not known."""
    return _sum(
        _cost(Fraction(recorded), price.per_trace_recorded, price),
        _cost(Fraction(retrieved), price.per_trace_retrieved, price),
    )


def snapstart_restore_cost(memory_mb: int, restores: int, price: Price) -> Money | None:
    """What restoring snapshots costs, by GB of memory size each time; None where the rate is not known.

    Not for Java, where SnapStart is free (AWS Lambda pricing page).
    """
    return _cost(Fraction(memory_mb * restores, 1024), price.snapstart_restore_per_gb, price)


def snapstart_cache_cost(memory_mb: int, versions: int, seconds: float, price: Price) -> Money | None:
    """What keeping the snapshots of published versions costs; None where the rate is not known.

    Every version pays for three hours at least, however soon it is deleted (AWS Lambda pricing page). Not for
    Java.

    Args:
        memory_mb: the memory size of the versions.
        versions: how many were published.
        seconds: how long each of them was there.
        price: of the region.
    """
    kept_s = max(Fraction(seconds), Fraction(MIN_SNAPSHOT_S))
    return _cost(Fraction(memory_mb * versions, 1024) * kept_s, price.snapstart_cache_per_gb_second, price)


def provisioned_cost(memory_mb: int, environments: int, seconds: float, price: Price) -> Money | None:
    """What provisioned concurrency costs while it is configured, whether or not anything is invoked.

    Time is billed in whole five minutes (AWS Lambda pricing page). The invocations are billed on top, by
    `provisioned_duration_cost`.

    Args:
        memory_mb: the memory size.
        environments: how many are kept ready.
        seconds: how long, from the moment it is configured until it is removed.
        price: of the region and architecture.
    """
    billed_s = ceil(Fraction(seconds) / PROVISIONED_STEP_S) * PROVISIONED_STEP_S
    return _cost(Fraction(memory_mb * environments * billed_s, 1024), price.provisioned_per_gb_second, price)


def provisioned_duration_cost(used: Fraction, price: Price) -> Money | None:
    """What GB-seconds of invocations served by provisioned concurrency cost; None where the rate is not known."""
    return _cost(used, price.provisioned_duration_per_gb_second, price)


def _cost(quantity: Fraction, rate: Decimal | None, price: Price) -> Money | None:
    """A quantity at a rate. Nothing used costs nothing, whatever the rate."""
    if quantity < 0:
        raise ValueError("a quantity below zero has no cost")
    if quantity == 0:
        return Money(amount=Decimal(0), currency=price.currency)
    return None if rate is None else Money(amount=per_gb_seconds(quantity, rate), currency=price.currency)


def _sum(*amounts: Money | None) -> Money | None:
    known = [amount for amount in amounts if amount is not None]
    return total(known, known[0].currency) if len(known) == len(amounts) else None
