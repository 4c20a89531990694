"""Comparing two sets of measurements: intervals, tests, environments."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.decide.compare import (
    exceedance_p,
    fewest_for_permutations,
    mean_effect,
    order_bounds,
    permutation_p,
    quantile_effect,
    shares_effect,
)
from powertune.decide.environments import side, spread_of

DURATIONS = st.lists(st.floats(1, 1000), min_size=12, max_size=30)


def mean(before, after, **options):
    return mean_effect(before, after, **{"alpha": 0.001, "threshold": 0.05, "seed": 1} | options)


def normal(count, centre, noise, seed):
    return np.random.default_rng(seed).normal(centre, noise * centre, count)


def test_a_mean_that_grew_by_a_fifth_has_an_interval_around_a_fifth():
    effect = mean(side(normal(100, 100, 0.03, 1)), side(normal(100, 120, 0.03, 2)))
    assert effect.low < 0.2 < effect.high
    assert effect.high - effect.low < 0.05
    assert effect.p_value < 0.001


def test_the_true_growth_lies_below_the_low_end_about_as_often_as_it_may():
    outside = 0
    for seed in range(400):
        draw = np.random.default_rng(seed)
        before, after = draw.lognormal(0, 0.3, 40), draw.lognormal(0, 0.3, 40)
        outside += mean(side(before), side(after), alpha=0.025).low > 0
    assert 2 <= outside <= 22  # 10 are expected


@given(DURATIONS, DURATIONS, st.floats(0.01, 100))
def test_the_unit_of_the_durations_does_not_matter(before, after, factor):
    plain = mean(side(before), side(after))
    scaled = mean(side([factor * one for one in before]), side([factor * one for one in after]))
    assert scaled.change == pytest.approx(plain.change, abs=1e-9)
    assert scaled.low == pytest.approx(plain.low, abs=1e-6)


@given(DURATIONS, DURATIONS)
def test_seen_from_the_other_side_the_interval_is_its_own_mirror(before, after):
    there, back = mean(side(before), side(after)), mean(side(after), side(before))
    if there.high is not None and back.high is not None:
        assert (1 + there.low) * (1 + back.high) == pytest.approx(1, rel=1e-6)


def test_values_that_are_all_the_same_make_an_exact_comparison():
    effect = mean(side([80.0] * 20), side([100.0] * 20))
    assert (effect.low, effect.high) == (pytest.approx(0.25), pytest.approx(0.25))


def test_too_few_values_are_not_compared_and_say_how_many_are_needed():
    effect = mean(side([100.0, 101.0, 99.0]), side([200.0, 201.0, 199.0]))
    assert (effect.low, effect.high, effect.p_value) == (None, None, None)
    assert effect.needed == fewest_for_permutations(0.001) == 7


def test_a_figure_of_nothing_has_no_share_to_grow_by():
    effect = mean(side([0.0] * 20), side([5.0] * 20))
    assert (effect.change, effect.low) == (None, None)


def test_a_permutation_test_counts_the_ways_to_deal_the_values_out():
    before, after = np.array([1.0, 2.0, 3.0, 5.0]), np.array([4.0, 6.0, 7.0, 8.0])
    ways = list(itertools.combinations(range(8), 4))
    pooled = np.concatenate([before, after])
    exact = sum(pooled[list(way)].sum() >= after.sum() for way in ways) / len(ways)
    found = permutation_p(before, after, alpha=0.0005, seed=3)
    assert found == pytest.approx(exact, rel=0.35)


def test_a_permutation_test_gives_the_same_answer_for_the_same_seed():
    before, after = normal(30, 100, 0.1, 1), normal(30, 104, 0.1, 2)
    assert permutation_p(before, after, alpha=0.01, seed=5) == permutation_p(before, after, alpha=0.01, seed=5)


def test_a_permutation_test_of_the_same_values_never_claims_a_growth():
    values = normal(40, 100, 0.1, 1)
    assert permutation_p(values, values, alpha=0.001, seed=1) > 0.3


def test_the_test_of_a_quantile_counts_how_many_lie_above_the_joint_one():
    before, after = np.array([1.0, 2.0, 3.0, 4.0]), np.array([5.0, 6.0, 7.0, 8.0])
    # Of 8 values 4 lie above the joint median, all of them on the second side: one way of 70.
    assert exceedance_p(before, after, 0.5) == pytest.approx(1 / 70)


@given(st.integers(1, 60), st.sampled_from([0.5, 0.95, 0.99]), st.sampled_from([0.05, 0.01, 0.001]))
def test_bounds_of_a_quantile_are_the_order_statistics_that_the_binomial_allows(count, share, alpha):
    values = np.arange(1.0, count + 1)
    low, high = order_bounds(values, share, alpha, count)

    def at_most(k):
        return sum(math.comb(count, i) * share**i * (1 - share) ** (count - i) for i in range(k + 1))

    lows = [rank for rank in range(1, count + 1) if at_most(rank - 1) <= alpha]
    highs = [rank for rank in range(1, count + 1) if 1 - at_most(rank - 1) <= alpha + 1e-12]
    assert low == (max(lows) if lows else None)
    assert high == (min(highs) if highs else None)


def test_fewer_effective_values_widen_the_bounds_of_a_quantile():
    values = np.arange(1.0, 201)
    narrow, wide = order_bounds(values, 0.5, 0.01, 200), order_bounds(values, 0.5, 0.01, 20)
    assert wide[0] < narrow[0] < 100.5 < narrow[1] < wide[1]


def test_a_quantile_with_too_few_values_has_an_end_where_it_can_have_one_and_says_what_is_missing():
    effect = quantile_effect(
        side(normal(60, 100, 0.05, 1)), side(normal(60, 150, 0.05, 2)), 0.95, alpha=0.001, threshold=0.05
    )
    assert effect.high is None
    assert effect.low is None  # the reference has no upper bound
    assert effect.needed == 135


def test_a_median_that_grew_is_seen_through_a_heavy_tail():
    draw = np.random.default_rng(4)
    before = np.where(draw.random(200) < 0.05, 3000, draw.normal(100, 4, 200))
    after = np.where(draw.random(200) < 0.05, 3000, draw.normal(120, 4, 200))
    effect = quantile_effect(side(before), side(after), 0.5, alpha=0.001, threshold=0.05)
    assert effect.low > 0.15
    assert mean(side(before), side(after)).low < 0  # the mean cannot tell


def test_shares_have_the_interval_of_newcombes_tenth_method():
    effect = shares_effect(48, 80, 56, 70, alpha=0.025)  # the example of his paper
    assert (effect.low, effect.high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))


def test_the_test_of_shares_is_fishers():
    effect = shares_effect(1, 10, 8, 10, alpha=0.01)
    exact = sum(math.comb(9, k) * math.comb(11, 10 - k) for k in (8, 9)) / math.comb(20, 10)
    assert effect.p_value == pytest.approx(exact)


def lucky(count, environments, luck, seed, prefix):
    draw = np.random.default_rng(seed)
    speeds = np.exp(draw.normal(0, luck, environments))
    values = 100 * speeds[np.arange(count) % environments] * draw.normal(1, 0.01, count)
    return side(list(values), [f"{prefix}{number % environments}" for number in range(count)])


def test_many_invocations_in_few_lucky_environments_tell_little():
    before, after = lucky(200, 5, 0.05, 1, "a"), lucky(200, 5, 0.05, 2, "b")
    seen = mean(before, after)
    blind = mean(side(list(before.values)), side(list(after.values)))
    assert seen.high - seen.low > 5 * (blind.high - blind.low)


def test_environments_that_do_not_differ_cost_only_their_degrees_of_freedom():
    before, after = lucky(200, 20, 0.0, 1, "a"), lucky(200, 20, 0.0, 3, "b")
    assert not any(spread_of(one).lucky for one in (before, after))
    seen, blind = mean(before, after), mean(side(list(before.values)), side(list(after.values)))
    assert (seen.high - seen.low) / (blind.high - blind.low) < 1.6


def test_an_invocation_whose_environment_is_unknown_does_not_make_the_others_independent():
    known = lucky(100, 5, 0.1, 1, "a")
    unknown = side(list(known.values), [None, *known.environments[1:]])
    assert spread_of(unknown).variance == pytest.approx(spread_of(known).variance, rel=0.05)


def test_where_no_environment_is_known_they_are_taken_to_differ():
    values = list(normal(400, 100, 0.01, 1))
    few, many = (side(values, [None] * 400, started=count) for count in (1, 20))
    assert spread_of(few).variance == pytest.approx(9, rel=0.01)  # 3 % of 100, squared
    assert spread_of(many).variance == pytest.approx(9 / 20, rel=0.02)
    assert spread_of(few).lucky


def test_all_invocations_in_one_environment_make_nothing_worse_by_ten_percent():
    before, after = (side(list(normal(100, ms, 0.01, ms)), [f"one at {ms}"] * 100) for ms in (100, 110))
    effect = mean(before, after)
    assert effect.low < 0.05 < effect.change


@pytest.mark.parametrize(
    ("environments", "each", "luck", "noise"),
    [(2, 25, 0.03, 0.05), (5, 5, 0.03, 0.05), (4, 25, 0.02, 0.05), (20, 3, 0.05, 0.03)],
)
def test_the_luck_of_few_environments_is_allowed_for_as_often_as_is_said(environments, each, luck, noise):
    """At a chance of one in a hundred, 4 in 400 are expected."""

    def drawn(seed):
        draw = np.random.default_rng(seed)
        places = np.arange(environments * each) % environments
        values = 100 * np.exp(draw.normal(0, luck, environments))[places] * draw.normal(1, noise, len(places))
        return side(list(values), [str(place) for place in places])

    false = sum(mean(drawn(seed), drawn(seed + 10_000), alpha=0.01).low > 0 for seed in range(400))
    assert false <= 10


def test_a_baseline_that_saw_none_of_the_slow_invocations_makes_nothing_worse():
    """One invocation in fifty takes thirty times as long; the baseline is small, and happened to have none of them."""
    false = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        slow = np.where(draw.random(400) < 0.03, 3000.0, 100.0) * draw.normal(1, 0.02, 400)
        before = side(list(100 * draw.normal(1, 0.02, 50)), [f"a{number % 20}" for number in range(50)])
        effect = mean(before, side(list(slow), [f"b{number % 20}" for number in range(400)]), alpha=0.0004)
        false += effect.low > 0.05 and effect.p_value <= 0.0004
    assert false <= 1


def test_the_luck_of_environments_is_allowed_for_in_the_median_where_the_tail_is_heavy():
    false = 0
    for seed in range(40):
        sides = []
        for name in "ab":
            draw = np.random.default_rng([seed, ord(name)])
            places = np.arange(400) % 4
            speeds = np.exp(draw.normal(0, 0.1, 4))[places]
            values = 100 * speeds * np.where(draw.random(400) < 0.1, 10, 1) * draw.normal(1, 0.01, 400)
            sides.append(side(list(values), [f"{name}{place}" for place in places]))
        effect = quantile_effect(*sides, 0.5, alpha=0.0004, threshold=0.05)
        false += effect.low is not None and effect.low > 0.05
    assert false == 0


def test_figures_that_are_no_numbers_are_not_compared():
    effect = mean(side([float("nan")] * 20), side([5.0] * 20))
    assert (effect.before, effect.change, effect.low, effect.needed) == (None, None, None, None)


def test_nothing_before_and_nothing_now_is_no_change():
    effect = mean(side([0.0] * 20), side([0.0] * 20))
    assert (effect.change, effect.low, effect.high) == (0.0, 0.0, 0.0)
