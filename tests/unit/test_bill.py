"""What surrounds the invocations of a run has a price too, or is said to have none."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.function import Architecture
from powertune.domain.price import Money
from powertune.pricing.bill import (
    known_transitions_cost,
    log_query_cost,
    provisioned_cost,
    provisioned_duration_cost,
    snapstart_cache_cost,
    snapstart_restore_cost,
    trace_cost,
)
from powertune.pricing.table import price_for

US = price_for("us-east-1", Architecture.X86_64)
BARE = replace(
    US, per_state_transition=None, per_log_gb_scanned=None, per_trace_recorded=None, per_trace_retrieved=None,
    snapstart_cache_per_gb_second=None, snapstart_restore_per_gb=None, provisioned_per_gb_second=None,
    provisioned_duration_per_gb_second=None,
)  # fmt: skip


def usd(text):
    return Money(amount=Decimal(text), currency="USD")


def test_a_log_query_is_billed_by_what_it_scans():
    assert log_query_cost(3_000_000_000, US) == usd("0.015")
    assert log_query_cost(250, US) == usd("0.00000000125")


def test_traces_are_billed_when_recorded_and_when_read():
    assert trace_cost(1_000_000, 1_000_000, US) == usd("5.5")
    assert trace_cost(0, 3, US) == usd("0.0000015")
    assert trace_cost(2, 0, replace(BARE, per_trace_recorded=Decimal("0.000005"))) == usd("0.00001")
    assert trace_cost(2, 1, replace(BARE, per_trace_recorded=Decimal("0.000005"))) is None


def test_a_sweep_of_eight_versions_pays_for_eight_snapshots_for_three_hours():
    three_hours = snapstart_cache_cost(1024, 8, 10_800, US)
    assert three_hours == usd("0.12999744")
    assert snapstart_cache_cost(1024, 8, 1, US) == three_hours
    assert snapstart_cache_cost(1024, 8, 10_801, US).amount > three_hours.amount


def test_a_restore_is_billed_by_memory_size():
    """The pricing page's example: 74,400 restores of 1 GB in us-east-1."""
    assert snapstart_restore_cost(1024, 74_400, US).amount.quantize(Decimal("0.1")) == Decimal("10.4")
    assert snapstart_restore_cost(512, 2, US) == snapstart_restore_cost(1024, 1, US)


def test_a_month_of_a_cached_snapshot_costs_what_the_pricing_page_says():
    assert snapstart_cache_cost(1024, 1, 31 * 86_400, US).amount.quantize(Decimal("0.01")) == Decimal("4.03")


def test_provisioned_concurrency_is_billed_in_steps_of_five_minutes():
    five = provisioned_cost(1024, 100, 300, US)
    assert five == usd("0.125001")
    assert provisioned_cost(1024, 100, 1, US) == five
    assert provisioned_cost(1024, 100, 301, US) == provisioned_cost(1024, 100, 600, US) == usd("0.250002")
    assert provisioned_duration_cost(Fraction(1000), US) == usd("0.0097222")


def costs(amount, price):
    return {
        "transitions": known_transitions_cost(amount, price),
        "logs": log_query_cost(amount, price),
        "traces recorded": trace_cost(amount, 0, price),
        "traces retrieved": trace_cost(0, amount, price),
        "restores": snapstart_restore_cost(512, amount, price),
        "cache": snapstart_cache_cost(512, amount, 60, price),
        "provisioned": provisioned_cost(512, amount, 60, price),
        "provisioned duration": provisioned_duration_cost(Fraction(amount), price),
    }


def test_without_a_known_rate_the_cost_is_unknown_and_never_zero():
    assert set(costs(1, BARE).values()) == {None}


def test_nothing_used_costs_nothing_whether_or_not_the_rate_is_known():
    for price in (US, BARE):
        assert {cost.amount for cost in costs(0, price).values()} == {Decimal(0)}


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_more_of_anything_costs_more(some, more):
    low, high = costs(some, US), costs(some + more, US)
    for name in low:
        assert low[name].amount < high[name].amount, name


def test_less_than_nothing_is_an_error_of_the_caller():
    with pytest.raises(ValueError, match="below zero"):
        log_query_cost(-1, US)
