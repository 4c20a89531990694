"""Money is exact, one invocation at a time, and never another region's."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.function import Architecture
from powertune.domain.price import Money
from powertune.errors import UsageError
from powertune.pricing.bill import invocation_cost, mean, total, transitions_cost
from powertune.pricing.table import price_for, regions

US = price_for("us-east-1", Architecture.X86_64)


@given(st.integers(1, 900_000), st.integers(128, 10_240))
def test_an_invocation_costs_duration_plus_request_to_the_last_digit(billed_ms, memory_mb):
    cost = invocation_cost(billed_ms, memory_mb, US)
    exact = Fraction(billed_ms, 1000) * Fraction(memory_mb, 1024) * Fraction("0.0000166667") + Fraction("0.0000002")
    assert Fraction(cost.amount) == exact
    assert cost.currency == "USD"


def test_a_mean_of_costs_is_not_the_cost_of_a_rounded_mean():
    """aws-lambda-power-tuning's ceiling of a mean makes this 43 % dearer than it is."""
    costs = [invocation_cost(ms, 128, US) for ms in (1, 1, 1, 2, 2)]
    per_ms = invocation_cost(2, 128, US).amount - invocation_cost(1, 128, US).amount
    assert mean(costs, "USD").amount == pytest.approx(per_ms * Decimal("1.4") + US.per_request, rel=Decimal("1e-30"))


def test_ephemeral_storage_above_512_mb_is_billed_for_the_duration():
    extra = invocation_cost(1000, 128, US, ephemeral_mb=1536).amount - invocation_cost(1000, 128, US).amount
    assert extra == Decimal("0.0000000309")


def test_ephemeral_storage_without_a_known_price_is_refused():
    china = price_for("cn-northwest-1", Architecture.X86_64)
    assert china.currency == "CNY"
    if china.ephemeral_per_gb_second is None:
        with pytest.raises(UsageError, match="ephemeral"):
            invocation_cost(1, 128, china, ephemeral_mb=1024)


@pytest.mark.parametrize("region", ["ap-southeast-7", "us-east-9", ""])
def test_a_region_without_a_price_is_refused_and_never_gets_another_ones(region):
    with pytest.raises(UsageError, match="will not use another region's"):
        price_for(region, Architecture.X86_64)


def test_an_architecture_without_a_price_is_refused():
    with pytest.raises(UsageError):
        price_for("us-gov-west-1", Architecture.ARM64)


def known(region, architecture):
    try:
        return price_for(region, architecture)
    except UsageError:
        return None


def test_every_price_is_positive_and_arm_is_never_dearer():
    complete = 0
    for region in regions():
        x86, arm = (known(region, architecture) for architecture in Architecture)
        if x86 is not None:
            complete += 1
            assert 0 < x86.per_request < x86.per_gb_second < Decimal("0.001")
            assert arm is None or arm.per_gb_second < x86.per_gb_second
    assert complete >= 30


def test_currencies_are_never_added():
    with pytest.raises(ValueError, match="cannot add CNY to USD"):
        total([Money(amount=Decimal(1), currency="CNY")], "USD")


def test_a_mean_of_nothing_is_an_error_and_a_sum_of_nothing_is_zero():
    assert total([], "USD").amount == 0
    with pytest.raises(ValueError, match="no amounts"):
        mean([], "USD")


def test_state_transitions_have_the_regions_price():
    assert transitions_cost(23, US).amount == Decimal("0.000575")
