"""A month's cost is exact, grows with everything that it depends on, and is unknown where a rate is."""

from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.estimate import Amount
from powertune.domain.function import MB_PER_VCPU, Architecture
from powertune.errors import UsageError
from powertune.pricing.bill import per_gb_seconds
from powertune.pricing.estimate import estimate_month
from powertune.pricing.fargate import fargate_price_for, task_like
from powertune.pricing.loads import MONTH_S, billed_load, result_loads
from powertune.pricing.month import amount_of, estimate_size, plain, tiered_duration
from powertune.pricing.table import price_for

X86, ARM = Architecture.X86_64, Architecture.ARM64
US, US_ARM = price_for("us-east-1", X86), price_for("us-east-1", ARM)
FARGATE = fargate_price_for("us-east-1", X86)


def load(invocations=3_000_000, duration="300", memory_mb=512, **more):
    return billed_load(invocations=invocations, duration_ms=Decimal(duration), memory_mb=memory_mb, **more)


counts = st.integers(1, 10**12)
durations = st.decimals("0.01", "900000", places=2)
memory = st.integers(128, 10_240)
shares = st.decimals(0, 1, places=4)
prices = st.sampled_from([US, US_ARM, price_for("ap-east-1", X86), price_for("cn-northwest-1", X86)])


# --- the courses' figures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("invocations", "duration", "rounded", "exact"), [
    (3_000_000, "300", "8.10", "8.100015"), (90_000_000, "250", "205.50", "205.500375"),
])  # fmt: skip
def test_a_month_at_list_price(invocations, duration, rounded, exact):
    month = estimate_size(load(invocations, duration), US)
    assert month.list_price == Amount(rounded=rounded, exact=Decimal(exact), currency="USD")


def test_the_free_tier_takes_a_million_requests_and_400000_gb_seconds_off():
    assert estimate_size(load(), US).with_free_tier.exact == Decimal("0.833335") + Decimal("0.4")
    small = estimate_size(load(invocations=1_000_000, memory_mb=128), US)
    assert small.with_free_tier.exact == 0
    stored = estimate_size(load(invocations=1_000_000, memory_mb=128, ephemeral_mb=1536), US)
    assert stored.with_free_tier.exact == stored.storage.exact > 0


def test_where_the_free_tier_is_not_known_to_hold_its_cost_is_unknown():
    assert estimate_size(load(), price_for("cn-northwest-1", X86)).with_free_tier is None


# --- exact, and growing ------------------------------------------------------------------------------------------


@given(counts, durations, memory, shares, st.decimals("0.01", "10000", places=2), prices)
def test_the_list_price_is_exact(invocations, duration, memory_mb, share, init, price):
    one = load(invocations, duration, memory_mb, init_ms=init, cold_start_share=share)
    warm, cold = ceil(duration), ceil(duration + init)
    billed_ms = Fraction(warm) * (1 - Fraction(share)) + Fraction(cold) * Fraction(share)
    used = invocations * billed_ms / 1000 * Fraction(memory_mb, 1024)
    exact = used * Fraction(price.per_gb_second) + invocations * Fraction(price.per_request)
    month = estimate_size(one, price)
    assert Fraction(month.list_price.exact) == exact
    assert Fraction(month.duration.exact) + Fraction(month.requests.exact) == exact
    assert abs(Fraction(month.list_price.rounded) - exact) <= Fraction(1, 200)
    assert abs(Fraction(month.gb_seconds) - used) <= used / 10**29


@given(
    counts, st.integers(1, 800_000), memory, shares, st.integers(1, 9_000),
    st.sampled_from(["invocations", "duration", "memory_mb", "init_ms", "cold_start_share", "ephemeral_mb"]), prices,
)  # fmt: skip
def test_more_of_anything_never_costs_less(invocations, duration, memory_mb, share, init, what, price):
    if price.ephemeral_per_gb_second is None and what == "ephemeral_mb":
        price = US
    arguments = {
        "invocations": invocations, "duration": duration, "memory_mb": memory_mb, "init_ms": Decimal(init),
        "cold_start_share": share, "ephemeral_mb": 512,
    }  # fmt: skip
    more = {
        "invocations": invocations + 1, "duration": duration + 1, "memory_mb": min(memory_mb + 1, 10_240),
        "init_ms": Decimal(init + 1), "cold_start_share": min(share + Decimal("0.0001"), Decimal(1)),
        "ephemeral_mb": 513,
    }  # fmt: skip
    low = estimate_size(load(**arguments), price)
    high = estimate_size(load(**{**arguments, what: more[what]}), price)
    assert high.list_price.exact >= low.list_price.exact
    if what in ("invocations", "duration", "ephemeral_mb"):
        assert high.list_price.exact > low.list_price.exact
    for name in ("with_free_tier", "with_tiers"):
        if getattr(low, name) is not None and getattr(high, name) is not None:
            assert getattr(high, name).exact >= getattr(low, name).exact
            assert getattr(low, name).exact <= low.list_price.exact


@given(durations, st.none() | st.decimals("0.01", "900000", places=2))
def test_each_invocation_is_billed_for_duration_and_init_rounded_up_together(duration, init):
    one = load(duration=duration, init_ms=init)
    assert 0 <= one.warm_billed_ms - Fraction(duration) < 1
    if init is None:
        assert one.cold_billed_ms is None
    else:
        assert 0 <= one.cold_billed_ms - Fraction(duration) - Fraction(init) < 1


def test_the_documented_cold_start_is_billed_for_351_ms():
    """AWS Compute Blog: Duration 250.06 ms, Init Duration 100.77 ms, Billed Duration 351 ms."""
    assert load(duration="250.06", init_ms=Decimal("100.77")).cold_billed_ms == 351


def test_cold_starts_without_an_init_duration_are_refused():
    with pytest.raises(UsageError, match="without the duration of their init"):
        load(cold_start_share=Decimal("0.1"))


# --- tiers -------------------------------------------------------------------------------------------------------

BREAKPOINTS = {X86: (6_000_000_000, 15_000_000_000), ARM: (7_500_000_000, 18_750_000_000)}


@pytest.mark.parametrize("price", [US, US_ARM], ids=["x86_64", "arm64"])
def test_at_a_breakpoint_tiers_are_the_sum_of_their_parts(price):
    first, second = BREAKPOINTS[price.architecture]
    rates = [tier.per_gb_second for tier in price.tiers]
    assert tiered_duration(Fraction(first), price) == first * rates[0]
    assert tiered_duration(Fraction(first + 1), price) == first * rates[0] + rates[1]
    assert tiered_duration(Fraction(second), price) == first * rates[0] + (second - first) * rates[1]
    assert tiered_duration(Fraction(second + 1), price) == tiered_duration(Fraction(second), price) + rates[2]


@given(st.integers(0, 10**11), st.integers(0, 10**11), st.sampled_from([US, US_ARM]))
def test_tiers_are_marginal_they_grow_and_never_jump(some, more, price):
    low, high = tiered_duration(Fraction(some), price), tiered_duration(Fraction(some + more), price)
    dearest, cheapest = price.tiers[0].per_gb_second, price.tiers[-1].per_gb_second
    assert more * cheapest <= high - low <= more * dearest


def test_unknown_tiers_leave_the_cost_within_the_first_known_and_above_it_unknown():
    ireland = price_for("eu-west-1", X86)
    assert ireland.tiers is None
    assert tiered_duration(Fraction(6_000_000_000), ireland) == 6_000_000_000 * ireland.per_gb_second
    assert tiered_duration(Fraction(6_000_000_001), ireland) is None
    arm = price_for("eu-west-1", ARM)
    assert tiered_duration(Fraction(7_500_000_000), arm) == 7_500_000_000 * arm.per_gb_second
    month = estimate_month([load(10**12, "1000")], ireland, None, None, source="options", ephemeral_mb=512)
    assert month.sizes[0].with_tiers is None
    assert "The rates of the volume tiers above the first in eu-west-1 are not known to powertune." in month.notes


# --- provisioned concurrency -------------------------------------------------------------------------------------


def test_provisioned_concurrency_breaks_even_at_60_percent_in_us_east_1():
    assert estimate_size(load(), US).provisioned_break_even == plain(
        Fraction("0.0000041667") / Fraction("0.0000069445")
    )


@given(st.integers(1, 2_000), st.integers(1, 10**9), st.integers(1, 60_000), memory, st.sampled_from([US, US_ARM]))
def test_at_its_break_even_utilisation_provisioned_concurrency_costs_as_much_as_none(
    environments, invocations, duration, memory_mb, price
):
    month = estimate_size(load(invocations, duration, memory_mb), price, None, environments)
    provisioned, plainly = month.provisioned, month.list_price.exact
    cheaper = provisioned.total.exact < plainly
    if provisioned.utilisation <= 1:
        assert cheaper is (provisioned.utilisation > month.provisioned_break_even)
        assert provisioned.served_share == 1
        assert provisioned.on_demand.exact == 0
    else:
        assert cheaper  # always busy, above its break-even
        assert provisioned.served_share == pytest.approx(1 / provisioned.utilisation)
    parts = ("ready", "duration", "on_demand", "requests", "storage")
    assert sum(Fraction(getattr(provisioned, part).exact) for part in parts) == Fraction(provisioned.total.exact)


def test_provisioned_concurrency_serves_no_cold_start():
    cold = load(init_ms=Decimal(500), cold_start_share=Decimal("0.5"))
    month = estimate_size(cold, US, None, 10)
    assert month.provisioned.duration == estimate_size(load(), US, None, 10).provisioned.duration


def test_provisioned_concurrency_without_a_known_rate_is_unknown_and_said():
    arm = price_for("eu-west-1", ARM)
    month = estimate_size(load(), arm, None, 10)
    assert (month.provisioned, month.provisioned_break_even) == (None, None)
    whole = estimate_month([load()], arm, None, 10, source="options", ephemeral_mb=512)
    assert "The price of provisioned concurrency on arm64 in eu-west-1 is not known to powertune." in whole.notes


# --- Fargate -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("memory_mb", "vcpu", "task_mb"), [
    (128, "0.25", 512), (442, "0.25", 512), (443, "0.5", 1024), (884, "0.5", 1024), (885, "1", 2048),
    (1769, "1", 2048), (1770, "2", 4096), (3538, "2", 4096), (4097, "4", 8192), (7076, "4", 8192), (7077, "8", 16_384),
    (10_240, "8", 16_384),
])  # fmt: skip
def test_a_task_has_the_cpu_and_memory_of_the_memory_size(memory_mb, vcpu, task_mb):
    task = task_like(memory_mb)
    assert (task.vcpu, task.memory_mb) == (Fraction(vcpu), task_mb)


@given(memory)
def test_no_task_is_smaller_than_the_lambda_memory_size(memory_mb):
    task = task_like(memory_mb)
    assert task.memory_mb >= memory_mb
    assert task.vcpu * MB_PER_VCPU >= memory_mb


def test_one_vcpu_always_on_costs_as_much_as_lambda_busy_48_percent_of_the_time():
    """1,769 MB against 1 vCPU and 2 GB, without the request fee."""
    month = estimate_size(load(1_000, "3600000", 1769), replace(US, per_request=Decimal(0)), FARGATE).fargate
    assert month.break_even_concurrency == pytest.approx(Decimal("0.4763"), abs=Decimal("0.0001"))
    assert month.one_task.exact == (Decimal("0.04048") + 2 * Decimal("0.004445")) * 720


@given(st.integers(1, 10**10), st.integers(1, 100_000), memory)
def test_tasks_are_enough_for_the_mean_concurrency_at_half_their_time(invocations, duration, memory_mb):
    one = load(invocations, duration, memory_mb)
    fargate = estimate_size(one, US, FARGATE).fargate
    busy = Fraction(invocations * duration, MONTH_S * 1000)
    assert fargate.tasks >= 2 * busy
    assert fargate.tasks == 1 or fargate.tasks - 1 < 2 * busy
    assert fargate.total.exact == fargate.one_task.exact * fargate.tasks
    if fargate.break_even_invocations is not None:
        cost = estimate_size(replace(one, invocations=fargate.break_even_invocations + 1), US).list_price.exact
        assert cost > fargate.one_task.exact
        assert fargate.break_even_concurrency <= 1


def test_a_task_for_each_invocation_is_billed_for_a_minute_at_least():
    per_second = (Decimal("0.02024") + Decimal("0.004445")) / 3600
    short, long = (estimate_size(load(10, ms), US, FARGATE).fargate.task_for_each.exact for ms in ("1", "90000"))
    assert short == pytest.approx(per_second * 60 * 10)
    assert long == pytest.approx(per_second * 90 * 10)


def test_fargate_without_a_known_price_is_unknown_and_said():
    assert fargate_price_for("ap-east-1", X86) is None
    month = estimate_month([load()], price_for("ap-east-1", X86), None, None, source="options", ephemeral_mb=512)
    assert {size.fargate for size in month.sizes} == {None}
    assert "Fargate's price in ap-east-1 is not known to powertune." in month.notes


# --- the whole estimate ------------------------------------------------------------------------------------------


def test_both_architectures_stand_side_by_side_at_the_same_durations():
    month = estimate_month([load()], US, None, None, source="options", ephemeral_mb=512)
    assert [size.architecture for size in month.sizes] == [X86, ARM]
    assert month.sizes[1].list_price.exact == 450_000 * US_ARM.per_gb_second + Decimal("0.6")
    assert month.monthly_cost == month.sizes[0].list_price
    assert "arm64 is estimated with the same durations; only measuring there tells." in month.notes


def test_an_unknown_price_of_storage_is_refused():
    with pytest.raises(UsageError, match="ephemeral storage above 512 MB in cn-northwest-1 is not known"):
        estimate_size(load(ephemeral_mb=513), price_for("cn-northwest-1", X86))


def test_a_result_gives_the_mean_of_its_own_billed_durations(make_result):
    result = make_result()
    loads, notes = result_loads(result, 1_000)
    assert [one.memory_mb for one in loads] == [256, 512, 1024, 1769, 3008]
    for one in loads:
        warm = [sample for sample in result.samples if sample.memory_mb == one.memory_mb and sample.is_warm_measurement]
        assert one.warm_billed_ms == Fraction(sum(sample.billed_ms for sample in warm), len(warm))
        assert one.billed_ms == one.warm_billed_ms
    assert notes == ("128 MB has no warm measurement, so its cost is not known.",)
    month = estimate_size(loads[0], result.price)
    size = next(size for size in result.memory_sizes if size.memory_mb == 256)
    assert month.list_price.exact == pytest.approx(size.cost.per_invocation.amount * 1_000)


def test_cold_starts_that_a_run_did_not_measure_are_not_guessed(make_result):
    loads, notes = result_loads(make_result(), 1_000, Decimal("0.5"))
    assert all(one.billed_ms == (one.warm_billed_ms + one.cold_billed_ms) / 2 for one in loads)
    with pytest.raises(UsageError, match="256 MB has no measured cold start"):
        result_loads(make_result(cold=0), 1_000, Decimal("0.5"))
    assert len(notes) == 1


def test_sums_of_durations_do_not_depend_on_the_decimal_context_of_the_caller():
    with localcontext() as context:
        context.prec = 3
        month = estimate_size(load(), US, FARGATE, 3)
    assert month == estimate_size(load(), US, FARGATE, 3)


@given(st.fractions(0, 10**12, max_denominator=10**6))
def test_a_plain_number_has_no_exponent_and_no_trailing_zeros(value):
    text = str(plain(value))
    assert "E" not in text
    assert not ("." in text and text.endswith("0"))
    assert abs(Fraction(text) - value) <= value / 10**29


def test_an_amount_is_rounded_half_to_even_and_kept_exact():
    assert amount_of(Decimal("0.125"), "USD") == Amount(rounded="0.12", exact=Decimal("0.125"), currency="USD")
    assert amount_of(Decimal("1E+3"), "USD").rounded == "1000.00"
    assert str(amount_of(Decimal("1E+3"), "USD").exact) == "1000"
    assert per_gb_seconds(Fraction(1, 3), Decimal(3)) == pytest.approx(Decimal(1))
