"""What the model makes of durations: estimates, intervals, outlying sizes; and what a further batch is worth to it."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import ALL, PER_GB_SECOND, SMOOTH, SOME, Curve, mixed, noisy, on_cpu, planner, scarce, searched, waiting

from powertune.decide.acquire import Option, gains
from powertune.decide.adaptive_signs import drifting, remarks, two_kinds
from powertune.decide.adaptive_view import MOST_MODELLED, modelled
from powertune.decide.curve import noise
from powertune.decide.curve_prior import library
from powertune.decide.losses import Judge
from powertune.decide.posterior import CurveModel, Draws
from powertune.domain.search import Objective

INDEX = {memory_mb: at for at, memory_mb in enumerate(SOME)}
PLENTY = (256, 512, 768, 1024, 1536, 2048, 3008)
generous = settings(deadline=None, suppress_health_check=list(HealthCheck))


def measured(
    curve: Curve, count: int = 30, spread: float = 0.05, sizes: Sequence[int] = PLENTY, seed: int = 1, **factors: float
) -> dict[int, list[float]]:
    """Durations by index; ``factors`` by name of the size, such as at_768."""
    rng = np.random.default_rng(seed)
    return {
        INDEX[size]: [
            float(value)
            for value in curve(size) * factors.get(f"at_{size}", 1.0) * np.exp(rng.normal(0, spread, count))
        ]
        for size in sizes
    }


def estimate(draws: Draws, memory_mb: int) -> float:
    return float(np.exp(np.median(draws.log_mean[:, INDEX[memory_mb]])))


def interval(draws: Draws, memory_mb: int) -> tuple[float, float]:
    low, high = np.exp(np.quantile(draws.log_mean[:, INDEX[memory_mb]], [0.025, 0.975]))
    return float(low), float(high)


@pytest.mark.parametrize("curve", [mixed, on_cpu, waiting])
def test_in_a_run_a_spoiled_size_moves_its_neighbours_by_less_than_a_third_and_widens_what_is_plausible(curve):
    model = CurveModel(SOME, seed=1)
    clean, spoilt = model.posterior(measured(curve)), model.posterior(measured(curve, at_768=1.4))
    for size in (512, 1024, 1536):
        assert abs(math.log(estimate(spoilt, size) / estimate(clean, size))) < math.log(1.4) / 3
        low, high = interval(spoilt, size)
        assert low < curve(size) < high
        before = interval(clean, size)
        assert math.log(high / low) > 2 * math.log(before[1] / before[0])
    assert estimate(spoilt, 768) < 1.2 * curve(768)
    assert np.median(spoilt.luck) > 2 * np.median(clean.luck)


@pytest.mark.parametrize("curve", [mixed, on_cpu, waiting, scarce])
def test_in_a_recording_a_spoiled_size_is_followed_and_its_neighbours_are_left_where_they_are(curve):
    draws = CurveModel(SOME, seed=1, lasting=True).posterior(measured(curve, at_768=1.4))
    assert estimate(draws, 768) == pytest.approx(1.4 * curve(768), rel=0.03)
    for size in (512, 1024, 1536):
        assert estimate(draws, size) == pytest.approx(curve(size), rel=0.03)
    assert not draws.luck.any()


def test_after_a_spoiled_size_of_a_recording_a_size_that_was_never_measured_may_be_one_too():
    model = CurveModel(SOME, seed=1, lasting=True)
    clean, spoilt = model.posterior(measured(mixed)), model.posterior(measured(mixed, at_768=1.4))
    before, after = interval(clean, 1280), interval(spoilt, 1280)
    assert math.log(after[1] / after[0]) > 2 * math.log(before[1] / before[0])


def test_among_uneven_sizes_of_a_recording_one_that_was_never_measured_may_be_far_off():
    model = CurveModel(SOME, seed=1, lasting=True)
    uneven = {f"at_{size}": 1.2 if number % 2 else 0.83 for number, size in enumerate(PLENTY)}
    for data, least, most in ((measured(mixed, **uneven), 0.008, 0.1), (measured(mixed), 0.0, 0.002)):
        log_mean = model.posterior(data).log_mean
        off = np.abs(log_mean[:, INDEX[1280]] - math.log(mixed(1280))) > math.log(3)
        assert least <= off.mean() <= most
        assert not (np.abs(log_mean[:, INDEX[1024]] - math.log(mixed(1024))) > math.log(3)).any()


@pytest.mark.parametrize(("lasting", "spread"), [(False, 0.05), (True, 0.15)])
def test_intervals_of_sizes_that_were_not_measured_contain_the_truth(lasting, spread):
    kinds = list(SMOOTH.values())
    contained = []
    for seed in range(40):
        curve = kinds[seed % len(kinds)]
        draws = CurveModel(SOME, seed=seed, lasting=lasting).posterior(
            measured(curve, 4, spread, (256, 512, 1024, 1769, 3008), seed)
        )
        for size in (384, 768, 1536, 4096):
            low, high = interval(draws, size)
            contained.append(low <= curve(size) * math.exp(spread**2 / 2) <= high)
    assert np.mean(contained) >= 0.85


def test_intervals_of_a_size_far_from_all_that_was_measured_are_wide():
    draws = CurveModel(SOME, seed=1).posterior(measured(mixed, 4, 0.05, (256, 384)))
    near, far = interval(draws, 384), interval(draws, 10240)
    assert math.log(far[1] / far[0]) > 3 * math.log(near[1] / near[0])
    assert far[0] < mixed(10240) < far[1]


@pytest.mark.parametrize("spread", [0.3, 0.6])
def test_the_mean_of_skewed_noise_is_estimated_and_not_its_median(spread):
    model = CurveModel(SOME, seed=1)
    found = [
        estimate(model.posterior(measured(mixed, 40, spread, seed=seed)), 1024) / mixed(1024) for seed in range(12)
    ]
    assert np.mean(found) == pytest.approx(math.exp(spread**2 / 2), rel=0.04)


def test_the_noise_is_estimated():
    for spread in (0.03, 0.12, 0.55):
        draws = CurveModel(SOME, seed=1).posterior(measured(mixed, 12, spread))
        assert noise(draws.spread) == pytest.approx(math.sqrt(math.expm1(spread**2)), rel=0.35)


def test_draws_follow_from_the_seed_and_another_seed_gives_others():
    first, again, other = (CurveModel(SOME, seed=seed).posterior(measured(mixed, 3)) for seed in (5, 5, 6))
    assert np.array_equal(first.log_mean, again.log_mean)
    assert np.array_equal(first.spread, again.spread)
    assert not np.array_equal(first.log_mean, other.log_mean)
    assert estimate(first, 1280) == pytest.approx(estimate(other, 1280), rel=0.03)


def test_a_model_that_was_asked_before_answers_like_a_new_one():
    used = CurveModel(SOME, seed=5)
    used.posterior(measured(scarce, 2))
    fresh = CurveModel(SOME, seed=5)
    assert np.array_equal(used.posterior(measured(mixed, 3)).log_mean, fresh.posterior(measured(mixed, 3)).log_mean)


durations = st.floats(0.0, 1e6) | st.sampled_from([0.0, 1e-9, 900_000.0])
samples = st.dictionaries(st.integers(0, len(SOME) - 1), st.lists(durations, min_size=1, max_size=30), min_size=1)


@settings(generous, max_examples=40)
@given(samples, st.booleans(), st.floats(1e-3, 1e3))
def test_any_durations_give_finite_draws_and_a_change_of_unit_scales_them(data: Mapping[int, list[float]], lasting, by):
    model = CurveModel(SOME, seed=1, lasting=lasting)
    draws = model.posterior(data)
    assert draws.log_mean.shape == (model.draws, len(SOME))
    for figures in (draws.log_mean, draws.spread, draws.strength, draws.luck):
        assert np.isfinite(figures).all()
    assert (draws.spread > 0).all()
    assert (draws.luck >= 0).all()
    if min(min(values) for values in data.values()) * min(by, 1) > 0.01:
        scaled = model.posterior({at: [value * by for value in values] for at, values in data.items()})
        shift = np.median(scaled.log_mean - draws.log_mean)
        assert shift == pytest.approx(math.log(by), abs=0.02)


def test_a_single_size_can_be_modelled():
    draws = CurveModel((512,), seed=1).posterior({0: [100.0, 110.0, 90.0]})
    assert float(np.exp(np.median(draws.log_mean))) == pytest.approx(100, rel=0.05)


def test_plausible_curves_lose_nothing_with_more_memory_but_for_a_small_tilt():
    curves = library(SOME, 1)
    assert np.isfinite(curves).all()
    steps = np.diff(curves, axis=1) / np.diff(np.log(SOME))
    assert steps.max() < 0.1
    # Little memory may cost more than its share of a core; from one core on nothing falls faster than the share.
    assert steps[:, SOME.index(1769) :].min() > -1.2


def test_of_many_sizes_some_are_modelled_and_those_that_are_needed():
    sizes = modelled(ALL, {8000, 10176})
    assert len(sizes) <= MOST_MODELLED + 2
    assert {128, 8000, 10176, 10240} <= set(sizes)
    assert list(sizes) == sorted(set(sizes))
    assert modelled(SOME, set()) == SOME


def test_the_curve_is_summarised_by_medians_between_their_bounds():
    made = planner(SOME)
    searched(made, noisy(mixed, 0.05))
    points = made.knowledge().curve
    assert [point.memory_mb for point in points] == list(SOME)
    for point in points:
        assert point.duration_interval.low < point.duration_ms < point.duration_interval.high
        assert point.per_million_interval.low < point.per_million < point.per_million_interval.high
    at = points[INDEX[1024]]
    assert at.per_million == pytest.approx(PER_GB_SECOND * (at.duration_ms + 0.5) / 1000 * 1e6 + 0.2, rel=0.01)


# What a batch is worth


def worth(draws: Draws, losses: np.ndarray, *options: Option) -> list[float]:
    return [float(value) for value in gains(draws, losses, options, np.zeros(len(SOME)))]


def batch(memory_mb: int, informs: int, known: int) -> Option:
    return Option(index=INDEX[memory_mb], count=informs, informs=informs, known=known, price=0.0, left=0.0)


@pytest.fixture(scope="module")
def early() -> tuple[Draws, np.ndarray]:
    """Two sizes of a run were measured twice each; where the cheapest lies is open."""
    draws = CurveModel(SOME, seed=1).posterior(measured(on_cpu, 2, 0.05, (512, 3008)))
    judge = Judge(SOME, Objective(), per_gb_second=1.66667e-5, per_request=2e-7)
    return draws, judge.losses(draws, judge.costs(draws), np.ones(len(SOME), dtype=bool))


def test_a_fresh_size_between_two_known_ones_is_worth_more_than_repeating_either(early):
    fresh, low, high = worth(*early, batch(1536, 1, 0), batch(512, 1, 2), batch(3008, 1, 2))
    assert fresh > 0
    assert fresh > low
    assert fresh > high


def test_repeating_a_size_is_worth_less_the_more_it_was_measured_and_in_the_end_nothing(early):
    found = worth(*early, *(batch(1536, 1, known) for known in (0, 1, 3, 10, 100)))
    assert all(later <= earlier + 1e-6 for earlier, later in pairwise(found))
    assert found[-1] < 0.05 * found[0]


def test_more_invocations_of_a_batch_are_worth_more_but_never_that_many_times_as_much(early):
    one, two, four = worth(*early, *(batch(1536, count, 0) for count in (1, 2, 4)))
    assert 0.98 * one <= two <= 2 * one
    assert 0.98 * two <= four <= 2 * two


def test_nothing_is_worth_anything_where_the_best_size_is_certain():
    draws = CurveModel(SOME, seed=1).posterior(measured(waiting, 30, 0.02, SOME))
    judge = Judge(SOME, Objective(), per_gb_second=1.66667e-5, per_request=2e-7)
    losses = judge.losses(draws, judge.costs(draws), np.ones(len(SOME), dtype=bool))
    assert max(worth(draws, losses, *(batch(size, 4, 0) for size in SOME))) < 1e-6


# Signs


def test_a_slow_first_measurement_at_most_sizes_is_a_drift_and_chance_is_not():
    assert drifting({at: [150.0, 100.0 + at, 101.0, 99.0] for at in range(4)})
    assert not drifting({at: [100.0 + at, 100.0, 103.0, 99.0] for at in range(4)})
    assert not drifting({0: [150.0, 100.0, 101.0], 1: [150.0, 100.0, 101.0]})


def test_two_kinds_of_durations_take_several_of_each():
    assert two_kinds([100, 101, 102, 103, 900, 905, 910, 908])
    assert not two_kinds([100, 101, 102, 103, 104, 105, 106, 900])
    assert not two_kinds([100, 900])
    assert not two_kinds([50, 60, 75, 90, 110, 130, 160, 190])
    assert not two_kinds([0.0] * 10)


def test_a_rough_curve_is_said_only_where_it_is_rough():
    for lasting in (False, True):
        model = CurveModel(SOME, seed=1, lasting=lasting)
        rough = measured(mixed, 10, at_512=2.0, at_1024=0.5, at_2048=2.2)
        found = remarks(SOME, rough, model.posterior(rough))
        assert any("do not follow a smooth curve" in note for note in found)
        smooth = measured(mixed, 10)
        assert remarks(SOME, smooth, model.posterior(smooth)) == ()
