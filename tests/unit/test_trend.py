"""The trend of checks: what became slower little by little, and what only looks so."""

import dataclasses
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nights import night, nights

from powertune.decide.trend import MOST_ENTRIES, trend_of
from powertune.domain.check import CheckSettings, Metric
from powertune.domain.check_history import fewest_figures, last_stretch, oldest_first, stretches
from powertune.domain.result import CheckEntry, Trend

SETTINGS = CheckSettings()
MEAN_ALONE = CheckSettings(metrics=(Metric.DURATION_MEAN,))


def of_mean(trend: Trend):
    return [change for change in trend.changes if change.metric is Metric.DURATION_MEAN]


def noisy(levels, noise, seed):
    chance = random.Random(seed)
    return [level * (1 + noise * chance.gauss(0, 1)) for level in levels]


# --- what is seen -------------------------------------------------------------------------------------------------


def test_a_step_is_found_at_the_check_where_it_came_with_the_medians_on_both_sides():
    trend = trend_of(nights(noisy([50.0] * 20 + [60.0] * 10, 0.01, 1)), SETTINGS)
    (change,) = of_mean(trend)
    assert change.run_id == trend.entries[20].run_id
    assert change.at == trend.entries[20].at
    assert change.before == pytest.approx(50, rel=0.01)
    assert change.after == pytest.approx(60, rel=0.01)
    assert change.change == pytest.approx(change.after / change.before - 1)
    assert change.p_value < 0.01 / 6
    assert not change.gradual
    assert change.beyond
    assert change in trend.growths


def test_a_step_of_six_nights_ago_is_seen_among_fifty():
    (change,) = of_mean(trend_of(nights(noisy([50.0] * 44 + [55.0] * 6, 0.01, 3)), SETTINGS))
    assert change.run_id == "20260901T000000Z-00044"


def test_a_creep_of_one_percent_a_night_is_seen_though_every_step_is_below_the_threshold():
    (change,) = of_mean(trend_of(nights([50 * 1.01**at for at in range(30)]), SETTINGS))
    assert change.gradual
    assert change.change == pytest.approx(1.01**15 - 1, rel=0.02)


@pytest.mark.parametrize(("nights_", "least"), [(14, 0.4), (20, 0.97), (30, 1.0)])
def test_creeps_are_caught_as_often_as_the_length_of_the_series_allows(nights_, least):
    caught = sum(
        bool(of_mean(trend_of(nights(noisy([50 * 1.01**at for at in range(nights_)], 0.02, seed)), MEAN_ALONE)))
        for seed in range(60)
    )
    assert caught >= least * 60


def test_shuffled_figures_are_a_change_in_fewer_than_one_of_a_hundred_trials():
    # Noise far above the threshold, so that only the test of ranks keeps it from crying wolf.
    trials = 400
    alarms = sum(bool(trend_of(nights(noisy([50.0] * 16, 0.15, seed)), MEAN_ALONE).changes) for seed in range(trials))
    assert alarms < 0.02 * trials  # at a true rate below 1 %, more than 7 of 400 come in one of 50 seeds
    assert sum(bool(trend_of(nights(noisy([50.0] * 16, 0.15, seed)), SETTINGS).changes) for seed in range(100)) <= 3


def test_nights_that_are_like_the_night_before_are_a_small_change_in_fewer_than_one_of_ten_trials():
    alarms, trials = 0, 60
    for seed in range(trials):
        chance, lasting, levels = random.Random(f"spells {seed}"), 0.0, []
        for _ in range(50):
            lasting = 0.5 * lasting + 0.75**0.5 * chance.gauss(0, 1)
            levels.append(50 * (1 + 0.02 * lasting))
        alarms += bool(trend_of(nights(levels), MEAN_ALONE).changes)
    assert alarms < trials / 10


def test_what_goes_up_and_down_for_weeks_and_ends_higher_is_no_noise_that_stays():
    levels = [50.0] * 10 + [56.0] * 10 + [50.0] * 10 + [56.0] * 10 + [62.0] * 10
    for seed in range(5):
        assert Metric.DURATION_MEAN in [
            one.metric for one in trend_of(nights(noisy(levels, 0.01, seed)), SETTINGS).growths
        ]


def test_up_and_down_again_are_two_changes_and_nothing_that_grew():
    trend = trend_of(nights(noisy([50.0] * 10 + [60.0] * 20 + [50.0] * 20, 0.01, 3)), SETTINGS)
    up, down = of_mean(trend)
    assert (up.run_id, down.run_id) == (trend.entries[10].run_id, trend.entries[30].run_id)
    assert up.change > 0 > down.change
    assert Metric.DURATION_MEAN not in [change.metric for change in trend.growths]


def test_a_staircase_of_steps_below_the_threshold_is_seen_as_a_whole():
    levels = [50.0] * 12 + [52.0] * 12 + [54.0] * 12
    changes = of_mean(trend_of(nights(noisy(levels, 0.002, 4)), SETTINGS))
    assert changes
    assert all(change.change > 0.05 and change.beyond for change in changes)
    assert trend_of(nights(noisy(levels, 0.002, 4)), SETTINGS).growths


def test_a_lasting_change_below_the_threshold_is_told_and_is_no_growth_to_fail_for():
    trend = trend_of(nights(noisy([50.0] * 20 + [51.5] * 20, 0.001, 5)), SETTINGS)
    (change,) = of_mean(trend)
    assert change.run_id == trend.entries[20].run_id
    assert change.change == pytest.approx(0.03, abs=0.001)
    assert not change.beyond
    assert not trend.growths


def test_a_change_below_a_fifth_of_the_threshold_is_none():
    levels = noisy([50.0] * 20 + [50.4] * 20, 0.0005, 5)
    assert not trend_of(nights(levels), SETTINGS).changes
    (change,) = of_mean(trend_of(nights(levels), CheckSettings(threshold=0.03)))
    assert not change.beyond


def test_a_creep_whose_halves_differ_by_less_than_the_threshold_is_told_as_one():
    (change,) = of_mean(trend_of(nights(noisy([50 * 1.0015**at for at in range(40)], 0.002, 2)), SETTINGS))
    assert (change.gradual, change.beyond) == (True, False)
    assert 0.01 < change.change < 0.05


def test_a_small_change_after_a_great_one_is_told_beside_it_and_mends_nothing():
    trend = trend_of(nights(noisy([50.0] * 15 + [60.0] * 15 + [58.5] * 15, 0.002, 4)), SETTINGS)
    great, small = of_mean(trend)
    assert (great.beyond, small.beyond) == (True, False)
    assert small.change < 0
    assert great in trend.growths


def test_a_great_change_beside_a_small_one_that_shows_more_is_beyond_the_threshold():
    levels = [50.0] * 20 + [52.0] * 34 + [57.0] * 6
    (small, great) = of_mean(trend_of(nights(noisy(levels, 0.001, 4)), SETTINGS))
    assert (small.beyond, great.beyond) == (False, True)
    assert great.change > 0.05 > small.change


def test_each_metric_is_looked_at_by_itself():
    heavier = [
        dataclasses.replace(one, max_memory_used_mb=80 + 40 * (at > 11)) for at, one in enumerate(nights([50.0] * 24))
    ]
    (change,) = trend_of(heavier, SETTINGS).changes
    assert change.metric is Metric.MEMORY_USED
    assert (change.before, change.after) == (80, 120)
    assert not trend_of(heavier, MEAN_ALONE).changes


# --- what is not compared -----------------------------------------------------------------------------------------


def test_another_memory_size_is_no_creep_and_what_came_before_it_is_not_compared():
    moved = [*nights([50.0] * 20), *nights([80.0] * 20, memory_mb=256, first=20)]
    trend = trend_of(moved, SETTINGS)
    assert not trend.changes
    assert [len(part) for part in stretches(trend.entries)] == [20, 20]


def test_costs_in_another_currency_are_left_out():
    priced = [
        dataclasses.replace(one, currency="CNY" if at < 20 else "USD", cost_per_million=3.0 if at < 20 else 0.4)
        for at, one in enumerate(nights([50.0] * 40))
    ]
    assert not trend_of(priced, SETTINGS).changes
    same = [dataclasses.replace(one, currency="USD") for one in priced]
    assert [change.metric for change in trend_of(same, SETTINGS).changes] == [Metric.COST]


def test_a_check_that_is_there_twice_counts_once():
    few = nights([50.0] * 5 + [60.0] * 5)
    assert not trend_of(few * 4, SETTINGS).changes
    assert trend_of(few * 4, SETTINGS).entries == tuple(few)


def test_order_is_by_time_whatever_the_zone_and_the_order_given():
    made = nights(noisy([50.0] * 15 + [60.0] * 15, 0.01, 6))
    zoned = [dataclasses.replace(one, at=one.at.replace("T03:00:00+00:00", "T05:00:00+02:00")) for one in made]
    shuffled = random.Random(1).sample(zoned, len(zoned))
    assert of_mean(trend_of(shuffled, SETTINGS))[0].run_id == made[15].run_id
    assert trend_of(shuffled, SETTINGS) == trend_of(zoned, SETTINGS)


def test_a_time_that_is_none_comes_first_and_breaks_nothing():
    odd = dataclasses.replace(night(3, 50.0), at="yesterday \x1b[2J")
    assert oldest_first([night(1, 50.0), odd])[0] is odd
    late = dataclasses.replace(night(4, 50.0), at="0001-01-01T00:00:00+14:00")
    assert oldest_first([night(1, 50.0), late])[0] is late


@pytest.mark.parametrize("count", [0, 1, 2, 3, 12])
def test_a_few_checks_say_nothing(count):
    levels = [50.0] * (count // 2) + [500.0] * (count - count // 2)
    trend = trend_of(nights(levels), SETTINGS)
    assert len(trend.entries) == count
    assert not trend.changes


def test_from_how_many_checks_on_a_change_can_be_seen():
    assert fewest_figures(0.01 / 6) == 13
    assert fewest_figures(0.01) == 10
    assert trend_of(nights([50.0] * 7 + [60.0] * 7), SETTINGS).changes


def test_unknown_and_impossible_figures_are_left_out_and_the_rest_is_seen():
    made = nights(noisy([50.0] * 20 + [60.0] * 20, 0.01, 7))
    holes = [
        dataclasses.replace(one, duration_mean_ms=[None, 0.0, -1.0, float("nan"), float("inf")][at % 5])
        if at % 3
        else one
        for at, one in enumerate(made)
    ]
    assert not of_mean(trend_of(holes, SETTINGS))[1:]
    none = [dataclasses.replace(one, duration_mean_ms=None, init_ms=None) for one in made]
    assert of_mean(trend_of(none, SETTINGS)) == []


def test_constant_figures_are_no_change():
    assert not trend_of(nights([50.0] * 60), SETTINGS).changes


def test_ten_thousand_checks_are_quick_and_only_the_last_ones_are_looked_at():
    made = nights(noisy([50.0] * 10_000, 0.02, 8))
    begun = time.perf_counter()
    trend = trend_of(made, SETTINGS)
    assert time.perf_counter() - begun < 5
    assert trend.entries == tuple(made[-MOST_ENTRIES:])


figures = st.none() | st.floats(allow_nan=True, allow_infinity=True) | st.floats(1e-300, 1e300)
some_entries = st.lists(
    st.builds(
        night,
        st.integers(0, 40),
        figures,
        memory_mb=st.sampled_from([128, 512]),
        max_memory_used_mb=st.none() | st.integers(-1, 10_240),
        currency=st.sampled_from(["USD", "CNY", ""]),
        cost_per_million=figures,
        init_ms=figures,
        at=st.sampled_from(["", "2026-11-24T03:00:00+00:00", "2026-11-24", "9999-12-31T23:59:59-14:00"])
        | st.text(max_size=30),
    ),
    max_size=40,
)


@given(some_entries)
def test_whatever_the_entries_a_trend_is_finite_and_names_entries_of_its_own(entries: list[CheckEntry]):
    trend = trend_of(entries, CheckSettings(confidence=0.6, threshold=0.04))
    named = {entry.run_id for entry in last_stretch(trend.entries)}
    for change in trend.changes:
        assert change.beyond == (abs(change.change) > 0.04)
        assert abs(change.change) > 0.008
        assert change.run_id in named
        assert change.before > 0
        assert change.after > 0
        assert 0 < change.p_value <= 0.4


def test_the_same_entries_have_the_same_trend():
    made = nights(noisy([50.0] * 15 + [60.0] * 15, 0.03, 9))
    assert trend_of(made, SETTINGS) == trend_of(list(made), SETTINGS)
