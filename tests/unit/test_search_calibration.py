"""Over many functions whose truth is known: claims are kept, recommendations are good, a misfit widens the search."""

import math
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from synthetic import CORE_MB, SOME, Curve, mean_cost, mixed, noisy, on_cpu, planner, searched, spoiled

from powertune.decide.adaptive_claim import verdict_of
from powertune.decide.adaptive_view import View
from powertune.decide.posterior import Draws
from powertune.domain.search import Objective, Strategy, Verdict

KINDS = ("waiting", "on CPU", "mixed", "many cores", "scarce")
LUCK = 0.03
"""Of the execution environments of a version: what all measurements at a size share, and the truth does not."""


def function(kind: str, number: int) -> Curve:
    """One of a kind, with everything that is free chosen by its number."""
    chance = random.Random(f"{kind}-{number}")
    scale_ms, wait = math.exp(chance.uniform(math.log(20), math.log(3_000))), chance.uniform(0, 1)
    knee_mb, parallel, needed_mb = chance.uniform(1_700, 2_000), chance.uniform(0.3, 0.9), chance.uniform(60, 400)

    def one_thread(memory_mb: int) -> float:
        return CORE_MB / min(memory_mb, knee_mb)

    def duration_ms(memory_mb: int) -> float:
        if kind == "waiting":
            return scale_ms
        if kind == "on CPU":
            return scale_ms * one_thread(memory_mb)
        if kind == "many cores":
            work = (1 - parallel) * one_thread(memory_mb) + parallel * CORE_MB / min(memory_mb, 5 * knee_mb)
            return scale_ms * (wait / 2 + (1 - wait / 2) * work)
        extra = 1 + (needed_mb / memory_mb) ** 2 if kind == "scarce" else 1
        return scale_ms * (wait + (1 - wait) * one_thread(memory_mb)) * extra

    return duration_ms


def regret(figures: dict[int, float], verdict: Verdict) -> float:
    assert verdict.memory_mb is not None
    return figures[verdict.memory_mb] / min(figures.values()) - 1


def outcomes(strategy: Strategy, each: int) -> Iterator[tuple[float, Verdict]]:
    """Of so many functions of each kind, the true regret and what was said."""
    for kind in KINDS:
        for number in range(each):
            curve, spread = function(kind, number), (0.03, 0.06, 0.1, 0.15)[number % 4]
            measured = noisy(spoiled(curve, LUCK, number), spread, seed=number)
            made = planner(SOME, Objective(strategy=strategy), seed=number, at_once=1 + number % 3)
            verdict = searched(made, measured).planner.verdict()
            speed = strategy is Strategy.SPEED
            truth = {size: curve(size) if speed else mean_cost(curve, size, spread) for size in SOME}
            yield regret(truth, verdict), verdict


@pytest.mark.parametrize("strategy", [Strategy.COST, Strategy.SPEED])
def test_claims_are_broken_no_more_often_than_said_and_recommendations_are_nearly_always_good(strategy):
    found = list(outcomes(strategy, 6))
    claimed = [(lost, verdict.regret_bound) for lost, verdict in found if verdict.regret_bound is not None]
    assert len(claimed) >= len(found) / 3
    broken = sum(1 for lost, bound in claimed if lost > bound)
    # One in twenty, and two standard deviations of chance.
    assert broken <= 0.05 * len(claimed) + 2 * math.sqrt(0.05 * 0.95 * len(claimed))
    losses = [lost for lost, _ in found]
    assert np.mean([lost <= 0.10 for lost in losses]) >= 0.9
    assert np.mean(losses) < 0.03


def test_a_recording_whose_sizes_do_not_follow_a_curve_is_searched_more_widely_and_little_is_claimed_of_it():
    smooth = [
        len(searched(planner(SOME, seed=seed, recorded=True), noisy(mixed, 0.05, seed=seed, cold=0)).warm)
        for seed in range(4)
    ]
    rough_sizes, kept, bounds = [], [], []
    for seed in range(10):
        rough = spoiled(mixed, 0.3, seed)
        made = planner(SOME, seed=seed, recorded=True)
        course = searched(made, noisy(rough, 0.05, seed=seed, cold=0))
        rough_sizes.append(len(course.warm))
        verdict = made.verdict()
        lost = regret({size: mean_cost(rough, size, 0.05) for size in SOME}, verdict)
        bounds.append(verdict.regret_bound)
        kept.append(verdict.regret_bound is None or lost <= verdict.regret_bound)
    assert np.mean(rough_sizes) > 1.4 * np.mean(smooth)
    assert min(rough_sizes) >= min(smooth)
    assert np.mean(kept) >= 0.9
    assert None in bounds


def test_a_rough_recording_is_called_rough_and_a_smooth_one_is_not():
    notes = []
    for curve in (spoiled(mixed, 0.5, 3), mixed):
        made = planner(SOME, recorded=True)
        searched(made, noisy(curve, 0.05, cold=0))
        notes.append(any("do not follow a smooth curve" in note for note in made.verdict().notes))
    assert notes == [True, False]


def claim(losses: list[float], strength: float = 0.02, known: int = 2, **objective: Any) -> tuple[float | None, bool]:
    """What is claimed of a size with these losses under as many draws, beside one that is never better."""
    count = len(losses)
    columns = np.column_stack([losses, np.full(count, 9.0), np.full(count, 0.0)])
    draws = Draws(
        log_mean=np.zeros((count, 3)),
        spread=np.full(count, 0.05),
        strength=np.full(count, strength),
        luck=np.full(count, 0.03),
    )
    data = {at: [1.0, 1.0] for at in range(known)}
    own = np.array([2, 2, 0]) if known == 2 else np.array([2, 0, 0])
    view = View(
        sizes_mb=(256, 512, 1024), allowed=np.ones(3, dtype=bool), data=data, own=own, draws=draws,
        costs=columns, losses=columns, wanted=columns, cold_calls=0, latencies=None,
    )  # fmt: skip
    verdict, sure = verdict_of(view, Objective(**objective), [0])
    assert verdict.memory_mb == 256
    assert verdict.risk == pytest.approx(np.mean(np.array(losses) > 0.05))
    return verdict.regret_bound, sure


def test_the_tolerance_is_claimed_only_well_below_the_risk_and_a_wider_bound_covers_more_than_the_risk():
    assert claim([0.0] * 98 + [0.5] * 2) == (0.05, True)
    bound, sure = claim([0.0] * 96 + [0.2] * 4)
    assert not sure
    assert bound == pytest.approx(0.25)
    bound, _ = claim([0.0] * 60 + [0.06] * 37 + [0.4] * 3)
    assert bound is not None
    assert bound >= 0.4
    assert claim([0.0] * 96 + [0.2] * 4, risk=0.2) == (0.05, True)


def test_nothing_is_claimed_of_one_size_alone_nor_more_than_the_tolerance_of_a_curve_that_may_be_rough():
    assert claim([0.0] * 100, known=1) == (None, False)
    assert claim([0.0] * 96 + [0.2] * 4, strength=0.3) == (None, False)
    assert claim([0.0] * 100, strength=0.3) == (0.05, True)


def recommended(objective: Objective) -> list[int]:
    found = []
    for seed in range(10):
        made = planner(SOME, objective, seed=seed, present_memory_mb=128)
        found.append(searched(made, noisy(on_cpu, 0.05, seed=seed)).planner.verdict().memory_mb)
    return found


def test_of_sizes_that_cost_the_same_a_faster_one_is_recommended():
    found = recommended(Objective())
    assert np.mean([512 <= size <= CORE_MB for size in found]) >= 0.8


def test_of_sizes_that_are_as_fast_one_beyond_the_last_gain_is_recommended_but_not_the_dearest():
    found = recommended(Objective(strategy=Strategy.SPEED))
    assert all(size >= CORE_MB for size in found)
    assert np.mean([size < SOME[-1] for size in found]) >= 0.9
