"""What a month costs and what a change saves in one: exact, in few digits, and not claimed where it may be chance."""

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from searched_runs import searched
from shown_runs import cold_run, dry_run

from powertune.decide.architectures import combined
from powertune.domain.function import Architecture
from powertune.domain.price import Money
from powertune.domain.result import Interval
from powertune.domain.traffic import MonthlyTraffic, TrafficSource
from powertune.pricing.loads import result_loads
from powertune.pricing.month import estimate_size
from powertune.render import figures, monthly
from powertune.render.html import render_html
from powertune.render.text.terminal import render_terminal

SAVING = {"present_mb": 3008, "best_mb": 1024, "failing_mb": ()}


def seen(invocations):
    return MonthlyTraffic(invocations=invocations, source=TrafficSource.CLOUDWATCH, days=14)


def given_by_user(invocations):
    return MonthlyTraffic(invocations=invocations, source=TrafficSource.GIVEN)


def with_change(result, **changes):
    best = result.recommendation
    return replace(result, recommendation=replace(best, change=replace(best.change, **changes)))


def size_of(result, memory_mb):
    return next(size for size in result.memory_sizes if size.memory_mb == memory_mb)


def nothing_is_claimed(result):
    return monthly.saving_words(result) == "" and monthly.present_words(result) == ""


# --- the amount -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("invocations", [1, 999, 1_200_000, 10**15])
def test_the_saving_is_the_exact_difference_of_the_mean_costs_times_the_traffic(make_result, invocations):
    result = make_result(**SAVING, traffic=seen(invocations))
    now, then = (size_of(result, mb).cost.per_invocation.amount for mb in (3008, 1024))
    found = monthly.saving(result)
    assert (found.from_memory_mb, found.to_memory_mb, found.within_noise) == (3008, 1024, False)
    assert Fraction(found.amount.amount) == invocations * (Fraction(now) - Fraction(then))
    assert found.amount.currency == "USD"


@pytest.mark.parametrize("invocations", [1, 1_200_000, 987_654_321])
def test_a_month_at_a_size_is_the_list_price_that_an_estimate_gives(make_result, invocations):
    result = make_result(**SAVING, traffic=seen(invocations))
    loads, _ = result_loads(result, invocations)
    for load in loads:
        listed = Decimal(estimate_size(load, result.price).list_price.exact)
        assert monthly.monthly_cost(result, size_of(result, load.memory_mb)).amount == pytest.approx(
            listed, rel=Decimal("1e-30")
        )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(cheaper=st.integers(1, 10**9), dearer=st.integers(1, 10**9), invocations=st.integers(1, 10**15))
def test_what_is_saved_one_way_is_paid_the_other_way(make_result, cheaper, dearer, invocations):
    result = make_result(**SAVING, sizes_mb=(1024, 3008), invocations=3, traffic=seen(invocations))

    def priced(now, then):
        amounts = {3008: Decimal(now) / 10**12, 1024: Decimal(then) / 10**12}
        sizes = tuple(
            replace(
                size,
                cost=replace(size.cost, per_invocation=Money(amount=amounts[size.memory_mb], currency="USD")),
            )
            for size in result.memory_sizes
        )
        return monthly.saving(replace(result, memory_sizes=sizes)).amount.amount

    assert priced(cheaper, dearer) == -priced(dearer, cheaper) == Decimal(cheaper - dearer) * invocations / 10**12


# --- in words ---------------------------------------------------------------------------------------------------


def test_what_a_cheaper_size_saves_and_a_dearer_one_costs(make_result):
    cheaper = make_result(**SAVING, traffic=seen(4_200_000))
    assert monthly.saving_words(cheaper) == "saves $26 a month at your traffic"
    dearer = make_result(failing_mb=(), present_mb=1024, best_mb=3008, traffic=seen(4_200_000))
    assert monthly.saving_words(dearer) == "costs $26 a month more at your traffic"


def test_traffic_that_the_user_gave_is_not_called_the_functions_own(make_result):
    result = make_result(**SAVING, traffic=given_by_user(4_200_000))
    assert monthly.saving_words(result) == "saves $26 a month at the traffic given"
    assert monthly.traffic_words(result) == "4,200,000 invocations a month, as given"


def test_where_the_traffic_comes_from_is_said(make_result):
    assert monthly.traffic_words(make_result(traffic=seen(1_200_000))) == (
        "1,200,000 invocations a month, from the last 14 days"
    )
    assert monthly.traffic_words(make_result(traffic=seen(1))) == "1 invocation a month, from the last 14 days"
    assert monthly.traffic_words(make_result(traffic=seen(0))) == "none in the last 14 days"
    assert monthly.traffic_words(make_result()) == ""


def test_another_currency_is_named(make_result):
    yuan = replace(make_result().price, currency="CNY")
    result = make_result(**SAVING, price=yuan, traffic=seen(4_200_000))
    assert monthly.saving_words(result) == "saves CN¥26 a month at your traffic"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"), ("0.0049", "under $0.01"), ("0.005", "under $0.01"), ("0.0051", "$0.01"), ("0.4", "$0.40"),
        ("4.125", "$4.12"), ("9.994", "$9.99"), ("9.995", "$10"), ("41.49", "$41"), ("999.7", "$1,000"),
        ("1234.5", "$1,234"), ("41237", "$41,237"), ("-12.4", "−$12"), ("-0.001", "under $0.01"),
    ],
)  # fmt: skip
def test_an_amount_of_a_month_is_in_whole_units_from_ten_upwards_and_else_in_cents(amount, text):
    assert figures.monthly(Money(amount=Decimal(amount), currency="USD")) == text


def test_an_amount_of_a_month_has_no_more_digits_than_its_interval_allows():
    money = Money(amount=Decimal("41237"), currency="USD")
    assert figures.monthly(money, Interval(low=41_217, high=41_257)) == "$41,240"
    assert figures.monthly(money, Interval(low=36_000, high=46_500)) == "$41,000"
    assert figures.monthly(money, Interval(low=0, high=82_000)) == "$41,000"
    assert figures.monthly(Money(amount=Decimal("41.2"), currency="USD"), Interval(low=41.1, high=41.3)) == "$41.20"
    assert figures.monthly(Money(amount=Decimal("41.2"), currency="USD"), Interval(low=39.1, high=43.3)) == "$41"
    assert figures.monthly(Money(amount=Decimal("412.2"), currency="USD"), Interval(low=412.1, high=412.3)) == "$412"
    assert figures.monthly(None) == figures.UNKNOWN


def test_the_interval_of_a_saving_is_as_wide_as_those_of_both_costs_make_it(make_result):
    result = make_result(**SAVING, traffic=seen(2_000_000))
    intervals = [size_of(result, mb).cost.per_million_interval for mb in (1024, 3008)]
    halves = [(one.high - one.low) / 2 for one in intervals]
    found = monthly.saving(result).interval
    assert (found.high - found.low) / 2 == pytest.approx(2 * (halves[0] ** 2 + halves[1] ** 2) ** 0.5)
    assert (found.low + found.high) / 2 == pytest.approx(float(monthly.saving(result).amount.amount))


def test_without_an_interval_of_one_cost_there_is_none_of_the_saving(make_result):
    result = make_result(**SAVING, traffic=seen(2_000_000))
    sizes = tuple(replace(size, cost=replace(size.cost, per_million_interval=None)) for size in result.memory_sizes)
    assert monthly.saving(replace(result, memory_sizes=sizes)).interval is None


# --- where nothing is claimed -----------------------------------------------------------------------------------


def test_a_difference_that_may_be_chance_is_no_saving(make_result):
    result = with_change(make_result(**SAVING, traffic=seen(10**9)), cost_within_noise=True)
    assert monthly.saving(result).within_noise
    assert nothing_is_claimed(result)
    assert "3,008 MB" not in monthly.month_sentence(result)


def test_a_change_that_the_answer_calls_none_is_no_saving(make_result):
    result = with_change(make_result(**SAVING, traffic=seen(10**9)), cost=-0.004)
    assert monthly.saving(result).amount.amount > 0
    assert nothing_is_claimed(result)


def test_less_than_a_cent_is_no_saving(make_result):
    per_call = monthly.saving(make_result(**SAVING, traffic=seen(1))).amount.amount
    enough = int(Decimal("0.01") / per_call) + 1
    assert nothing_is_claimed(make_result(**SAVING, traffic=seen(enough - 1)))
    assert monthly.saving_words(make_result(**SAVING, traffic=seen(enough))) == "saves $0.01 a month at your traffic"


@pytest.mark.parametrize(
    "given",
    [
        {"traffic": None},
        {"traffic": seen(0)},
        {"best_mb": None},
        {"best_mb": 3008},
        {"sizes_mb": (256, 512, 1024)},
    ],
    ids=["traffic unknown", "no traffic", "nothing recommended", "the size stays", "the present size not measured"],
)
def test_without_traffic_or_without_a_change_there_is_no_saving(make_result, given):
    result = make_result(**{**SAVING, "traffic": seen(10**9), "equivalent_mb": (), **given})
    assert nothing_is_claimed(result)


def test_a_present_size_that_failed_is_compared_with_nothing(make_result):
    result = make_result(**{**SAVING, "failing_mb": (3008,)}, traffic=seen(10**9))
    assert monthly.saving(result) is None
    assert monthly.cost_words(result, size_of(result, 3008)) == figures.UNKNOWN


@pytest.mark.parametrize("make", [cold_run, dry_run])
def test_of_cold_starts_alone_and_of_a_dry_run_no_month_is_counted(make_result, make):
    result = replace(make(make_result), traffic=seen(10**9))
    assert monthly.saving(result) is None
    assert {monthly.monthly_cost(result, size) for size in result.memory_sizes} == {None}
    assert nothing_is_claimed(result)
    assert monthly.month_sentence(result) == ""


def test_on_another_instruction_set_than_the_functions_the_present_size_is_not_what_is_paid_now(make_result):
    result = make_result(**SAVING, traffic=seen(4_200_000))
    function = replace(result.function, own_architecture=Architecture.X86_64)
    moved = replace(result, function=function)
    assert monthly.saving(moved) is None
    assert nothing_is_claimed(moved)
    assert monthly.month_sentence(moved).startswith(
        "At 4,200,000 invocations a month, from the last 14 days: $39.54 a month at 1,024 MB; "
    )


def test_of_two_instruction_sets_the_traffic_is_kept(make_result):
    own = make_result(**SAVING, traffic=seen(5))
    both = combined({Architecture.ARM64: own}, {Architecture.X86_64: "it does not start"}, Architecture.ARM64)
    assert both.traffic == seen(5)


# --- where it is read -------------------------------------------------------------------------------------------


def text_of(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\N{NO-BREAK SPACE}", " ").split())


def test_page_and_terminal_say_the_same_of_a_month(make_result):
    result = make_result(**SAVING, traffic=seen(4_200_000))
    printed = " ".join(render_terminal(result, width=100).split())
    said = (
        f"$39.54 a month at 1,024 MB, {monthly.present_words(result)} at 3,008 MB; counted as warm ones, without the "
    )
    assert f"At 4,200,000 invocations a month, from the last 14 days: {said}free tier." in printed
    page = text_of(render_html(result))
    assert "Traffic 4,200,000 invocations a month, from the last 14 days" in page
    assert f"A month at your traffic $39.54 now {monthly.present_words(result)}" in page


def test_where_the_traffic_is_not_known_the_page_says_how_to_give_it(make_result):
    page = text_of(render_html(make_result()))
    assert "Traffic not known; give --monthly-invocations" in page
    assert "A month at" not in page
    assert "a month" not in render_terminal(make_result())


def test_a_present_size_that_costs_the_same_in_figures_is_not_put_beside(make_result):
    result = make_result(present_mb=256, best_mb=512, failing_mb=(), traffic=seen(1_200_000))
    assert (monthly.present_words(result), monthly.best_words(result)) == ("$10.76", "$11.00")
    rows = tuple(replace(size, cost=replace(size.cost, per_million_interval=None)) for size in result.memory_sizes)
    result = replace(result, memory_sizes=rows)
    assert monthly.present_words(result) == monthly.best_words(result) == "$11"
    assert "256 MB" not in monthly.month_sentence(result)


def test_what_few_measurements_say_of_a_month_is_the_models_and_a_range_where_that_is_wide(make_result):
    result = replace(searched(make_result, present_mb=3008), traffic=seen(900_000_000))
    assert result.search is not None
    best = result.recommendation.memory_mb
    rows = tuple(
        replace(size, cost=replace(size.cost, per_million_interval=None)) if size.cost else size
        for size in result.memory_sizes
    )
    few = replace(result, memory_sizes=rows)
    found = monthly.saving(few)
    assert found is not None
    assert found.modelled
    points = {point.memory_mb: point for point in few.search.curve}
    expected = (points[3008].per_million - points[best].per_million) * 900
    assert float(found.amount.amount) == pytest.approx(expected)
    wide = [
        replace(point, per_million_interval=Interval(low=point.per_million * 0.8, high=point.per_million * 1.2))
        for point in few.search.curve
    ]
    vague = replace(few, search=replace(few.search, curve=tuple(wide)))
    sure = replace(vague.recommendation.change, cost_within_noise=False)
    vague = replace(vague, recommendation=replace(vague.recommendation, change=sure))
    assert re.search(r"(saves|costs) (\$[\d,]+ to|up to) \$[\d,]+ a month", monthly.saving_words(vague))
