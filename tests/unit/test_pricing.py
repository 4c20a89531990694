"""Exactness at the edges, and the table that prices come from."""

import datetime
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.function import Architecture
from powertune.domain.price import Money
from powertune.errors import UsageError
from powertune.pricing.bill import gb_seconds, invocation_cost, mean, per_gb_seconds, times, total, transitions_cost
from powertune.pricing.table import price_for, regions

US = price_for("us-east-1", Architecture.X86_64)


def all_prices():
    for region in regions():
        for architecture in Architecture:
            try:
                yield price_for(region, architecture)
            except UsageError:
                continue


PRICES = tuple(all_prices())


@given(
    st.integers(0, 10**9),
    st.integers(128, 10_240),
    st.integers(512, 10_240),
    st.sampled_from(PRICES),
    st.integers(1, 50),
)
def test_a_cost_is_exact_in_every_region_and_whatever_the_callers_precision(billed, memory, ephemeral, price, digits):
    if price.ephemeral_per_gb_second is None:
        ephemeral = 512
    with localcontext() as context:
        context.prec = digits
        cost = invocation_cost(billed, memory, price, ephemeral_mb=ephemeral)
    seconds = Fraction(billed, 1000)
    exact = seconds * Fraction(memory, 1024) * Fraction(price.per_gb_second) + Fraction(price.per_request)
    exact += seconds * Fraction(ephemeral - 512, 1024) * Fraction(price.ephemeral_per_gb_second or 0)
    assert Fraction(cost.amount) == exact
    assert cost.currency == price.currency


amounts = st.lists(st.integers(0, 10**9), min_size=1, max_size=50)


@given(amounts, st.integers(128, 10_240))
def test_a_sum_is_exact_and_a_mean_is_it_to_forty_digits(billed, memory):
    costs = [invocation_cost(ms, memory, US) for ms in billed]
    exact = sum((Fraction(cost.amount) for cost in costs), Fraction(0))
    assert Fraction(total(costs, "USD").amount) == exact
    assert abs(Fraction(mean(costs, "USD").amount) - exact / len(costs)) <= exact / 10**39
    assert Fraction(times(total(costs, "USD"), 10**6).amount) == exact * 10**6


@pytest.mark.parametrize(
    ("billed_ms", "memory_mb", "monthly"),
    [(Decimal("56137.35"), 128, "0.35"), (Decimal("26438.06"), 256, "0.33"), (Decimal("12682.50"), 512, "0.32"),
     (Decimal("6289.47"), 1024, "0.31")],
)  # fmt: skip
def test_the_courses_monthly_costs_without_request_fee_come_out_to_the_cent(billed_ms, memory_mb, monthly):
    used = gb_seconds(1, memory_mb) * Fraction(billed_ms) * 3_000
    assert per_gb_seconds(used, Decimal("0.0000166667")).quantize(Decimal("0.01")) == Decimal(monthly)


def test_512_mb_of_ephemeral_storage_cost_nothing_even_where_its_price_is_unknown():
    unknown = [price for price in PRICES if price.ephemeral_per_gb_second is None]
    for price in (US, *unknown):
        assert invocation_cost(1000, 128, price, ephemeral_mb=512) == invocation_cost(1000, 128, price)
    for price in unknown:
        with pytest.raises(UsageError, match=f"513 MB of ephemeral storage, and its price in {price.region}"):
            invocation_cost(1, 128, price, ephemeral_mb=513)


def test_a_mean_of_two_currencies_is_refused():
    with pytest.raises(ValueError, match="cannot add CNY to USD"):
        mean([Money(amount=Decimal(1), currency="USD"), Money(amount=Decimal(1), currency="CNY")], "USD")


def test_every_price_in_the_table_is_positive_and_china_pays_in_its_own_currency():
    assert {price.region for price in PRICES} == set(regions())
    for price in PRICES:
        rates = (price.per_gb_second, price.per_request, price.ephemeral_per_gb_second, price.per_state_transition)
        assert all(rate is None or rate > 0 for rate in rates)
        assert price.currency == ("CNY" if price.region.startswith("cn-") else "USD")


def test_the_table_says_when_and_from_where():
    assert datetime.date(2026, 1, 1) <= datetime.date.fromisoformat(US.as_of) <= datetime.date(2026, 12, 31)
    assert US.source


def test_a_refusal_of_a_region_names_it_and_those_that_have_prices():
    with pytest.raises(UsageError, match="x86_64 in us-east-9") as caught:
        price_for("us-east-9", Architecture.X86_64)
    assert "eu-central-1" in caught.value.next_step


def test_transitions_without_a_known_price_are_refused_but_none_cost_nothing():
    for price in PRICES:
        if price.per_state_transition is None:
            assert transitions_cost(0, price).amount == 0
            with pytest.raises(UsageError, match=price.region):
                transitions_cost(1, price)
