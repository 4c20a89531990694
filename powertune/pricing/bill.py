"""Money for invocations, exactly: one invocation at a time, from its billed milliseconds."""

from collections.abc import Iterable
from decimal import Decimal, localcontext
from fractions import Fraction

from powertune.domain.result import Money, Price
from powertune.errors import UsageError

FREE_EPHEMERAL_MB = 512
"""Ephemeral storage included in the price of every function (AWS Lambda pricing page)."""

_MS_MB_PER_GB_SECOND = 1000 * 1024


def invocation_cost(billed_ms: int, memory_mb: int, price: Price, *, ephemeral_mb: int = FREE_EPHEMERAL_MB) -> Money:
    """The list price of one invocation: duration, request, and ephemeral storage above 512 MB.

    ``billed_ms`` is Billed Duration as logged, which contains the init. The formula is the pricing page's:
    GB-seconds (GB = 1024 MB) times the rate, plus the request fee. Exact: nothing is rounded.

    Raises:
        UsageError: ephemeral storage is above 512 MB and the region's rate for it is unknown.
    """
    amount = per_gb_seconds(gb_seconds(billed_ms, memory_mb), price.per_gb_second) + price.per_request
    extra_mb = ephemeral_mb - FREE_EPHEMERAL_MB
    if extra_mb > 0:
        if price.ephemeral_per_gb_second is None:
            raise UsageError(
                f"The function has {ephemeral_mb} MB of ephemeral storage, and its price in {price.region} is "
                "not known to powertune.",
                next_step="Lower it to 512 MB, or measure in a region with a price.",
            )
        amount += per_gb_seconds(gb_seconds(billed_ms, extra_mb), price.ephemeral_per_gb_second)
    return Money(amount=amount, currency=price.currency)


def gb_seconds(billed_ms: int, memory_mb: int) -> Fraction:
    """Billed milliseconds at a memory size as GB-seconds, exactly."""
    return Fraction(billed_ms * memory_mb, _MS_MB_PER_GB_SECOND)


def per_gb_seconds(amount: Fraction, rate: Decimal) -> Decimal:
    """GB-seconds times a rate. 1024000 divides a power of ten, so the decimal is finite and exact."""
    with localcontext() as context:
        context.prec = 60
        return Decimal(amount.numerator) * rate / Decimal(amount.denominator)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts of one currency; zero for none.

    Raises:
        ValueError: an amount is in another currency.
    """
    with localcontext() as context:
        context.prec = 60
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
        context.prec = 60
        return Money(amount=money.amount * factor, currency=money.currency)


def transitions_cost(transitions: int, price: Price) -> Money:
    """What Step Functions bills for Standard state transitions; zero where the rate is unknown and none ran."""
    if transitions and price.per_state_transition is None:
        raise UsageError(f"powertune has no Step Functions price for {price.region}.", next_step="Use --direct.")
    return times(Money(amount=price.per_state_transition or Decimal(0), currency=price.currency), transitions)
