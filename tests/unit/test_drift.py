"""Durations that change while a size is measured are noticed; noise is not taken for that."""

import random

from hypothesis import given
from hypothesis import strategies as st

from powertune.decide.drift import drift_of


def test_a_just_in_time_compiler_shows_as_falling_durations():
    durations = [300, 210, 160, 140, 130, 126, 124, 122, 121, 120.5, 120.2, 120.1]
    drift = drift_of(durations)
    assert drift.early_ms > drift.late_ms
    assert drift.p_value < 0.01


def test_a_resource_that_slows_down_shows_as_rising_durations():
    drift = drift_of([100 + 3 * n for n in range(12)])
    assert drift.late_ms > drift.early_ms


def test_noise_is_taken_for_a_drift_in_fewer_than_two_runs_of_a_hundred():
    chance = random.Random(3)
    found = sum(drift_of([chance.lognormvariate(0, 0.3) for _ in range(20)]) is not None for _ in range(2_000))
    assert found < 40


def test_among_many_sizes_a_trend_has_to_be_clearer():
    durations = [120.0, 118.0, 119.0, 112.0, 113.0, 108.0, 109.0, 104.0]
    assert drift_of(durations) is not None
    assert drift_of(durations, among=100) is None


def test_a_single_outlier_is_no_drift():
    assert drift_of([900.0, *[100.0 + n % 3 for n in range(15)]]) is None


def test_a_trend_too_small_to_matter_is_not_spoken_of():
    assert drift_of([100 + 0.01 * n for n in range(20)]) is None


def test_few_or_equal_durations_have_no_trend():
    assert drift_of([5.0, 4.0, 3.0, 2.0, 1.0]) is None
    assert drift_of([7.0] * 50) is None


@given(st.lists(st.floats(0, 1e7), max_size=40))
def test_any_durations_give_an_answer(durations):
    drift = drift_of(durations)
    assert drift is None or 0 <= drift.p_value < 0.01


def test_a_hundred_thousand_durations_are_looked_at_evenly():
    assert drift_of([200.0 - n / 1_000 for n in range(100_000)]).late_ms < 135
