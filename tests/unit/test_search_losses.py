"""How much worse than the best a memory size is, and what one search answers for other goals."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import special
from synthetic import (
    FEW,
    PER_GB_SECOND,
    PER_REQUEST,
    answered,
    many_cores,
    mixed,
    noisy,
    on_cpu,
    planner,
    scarce,
    searched,
    waiting,
)  # fmt: skip

from powertune.decide.adaptive_answers import goal_of, surely_differ
from powertune.decide.losses import MISSED, Judge, billed_ms
from powertune.decide.posterior import Draws
from powertune.domain.result import Answer, Goal
from powertune.domain.search import LatencyStatistic, LatencyTarget, Limits, Objective, Strategy

generous = settings(deadline=None, suppress_health_check=list(HealthCheck))
SIZES = (256, 512, 1024)
DURATIONS = ((400.0, 200.0, 150.0), (400.0, 390.0, 380.0))
EVERY = np.ones(3, dtype=bool)


def drawn(rows: Sequence[Sequence[float]] = DURATIONS, spread: float = 0.1) -> Draws:
    count = len(rows)
    return Draws(
        log_mean=np.log(np.asarray(rows)),
        spread=np.full(count, spread),
        strength=np.zeros(count),
        luck=np.zeros(count),
    )


def judge(objective: Objective | None = None) -> Judge:
    return Judge(SIZES, objective or Objective(), per_gb_second=PER_GB_SECOND, per_request=PER_REQUEST)


def under(statistic: str, limit_ms: float, cold_share: float = 0.0) -> Objective:
    return Objective(
        latency_target=LatencyTarget(statistic=LatencyStatistic(statistic), limit_ms=limit_ms, cold_share=cold_share)
    )


def losses(objective: Objective, draws: Draws | None = None, allowed: np.ndarray = EVERY, **more) -> np.ndarray:
    draws, made = draws or drawn(), judge(objective)
    return made.losses(draws, made.costs(draws), allowed, **more)


def test_a_cost_is_memory_times_billed_time_and_the_fee():
    found = judge().costs(drawn())
    assert found[0, 1] == pytest.approx(0.5 * 0.2005 * PER_GB_SECOND + PER_REQUEST)


@settings(generous, max_examples=60)
@given(st.floats(0.05, 3_000), st.floats(0.01, 1.5))
def test_the_mean_billed_duration_of_skewed_noise_is_its_sum_over_whole_milliseconds(mean_ms, spread):
    found = float(billed_ms(np.array([[math.log(mean_ms)]]), np.array([spread]))[0, 0])
    # One at least, and one more for each whole millisecond that is exceeded.
    whole = np.log(np.arange(1, 200_000))
    expected = 1 + special.ndtr((math.log(mean_ms) - spread**2 / 2 - whole) / spread).sum()
    assert found == pytest.approx(expected, rel=0.04)


def test_billed_durations_are_the_same_for_a_row_alone_and_among_others():
    rows = np.log([[0.2, 5.0], [30.0, 70.0], [100.0, 4_000.0]])
    spread = np.array([0.05, 0.5, 0.05])
    together = billed_ms(rows, spread)
    for at in range(3):
        assert billed_ms(rows[at : at + 1], spread[at : at + 1])[0] == pytest.approx(together[at])


def test_the_cheapest_size_of_each_draw_has_no_loss_and_the_others_their_share_above_it():
    found = losses(Objective())
    prices = judge().costs(drawn())
    assert found.min(axis=1) == pytest.approx([0, 0])
    assert found[1] == pytest.approx(prices[1] / prices[1].min() - 1)
    assert found[1].argmin() == 0


def test_the_fastest_size_of_each_draw_has_no_loss():
    found = losses(Objective(strategy=Strategy.SPEED))
    assert found[0] == pytest.approx([400 / 150 - 1, 200 / 150 - 1, 0])


def test_a_balance_of_cost_alone_or_of_speed_alone_is_that():
    for weight, strategy in ((1.0, Strategy.COST), (0.0, Strategy.SPEED)):
        balanced = losses(Objective(strategy=Strategy.BALANCED, balanced_weight=weight))
        assert balanced == pytest.approx(losses(Objective(strategy=strategy)))


def test_what_is_not_allowed_is_infinitely_bad_and_no_measure_for_the_others():
    allowed = np.array([False, True, True])
    for objective in (Objective(), Objective(strategy=Strategy.SPEED), Objective(strategy=Strategy.BALANCED),
                      under("mean", 250.0)):  # fmt: skip
        found = losses(objective, allowed=allowed)
        assert np.isinf(found[:, 0]).all()
        assert found[:, 1:].min(axis=1) == pytest.approx([0, 0])


def test_under_a_target_the_cheapest_that_keeps_it_has_no_loss_and_missing_it_counts_heavily():
    found = losses(under("mean", 250.0))
    prices = judge().costs(drawn())
    assert found[0, 1] == pytest.approx(0)
    assert found[0, 2] == pytest.approx(prices[0, 2] / prices[0, 1] - 1)
    assert found[0, 0] == pytest.approx(MISSED + 400 / 250 - 1)


def test_where_no_size_keeps_the_target_the_nearest_has_no_loss():
    assert losses(under("mean", 100.0))[0] == pytest.approx([400 / 150 - 1, 200 / 150 - 1, 0])


def test_quantiles_lie_in_their_order_and_around_the_mean_of_the_noise():
    draws = drawn(spread=0.5)
    found = [judge(under(name, 500.0)).latencies(draws)[0, 0] for name in ("p50", "p90", "p95", "p99")]
    assert found == sorted(found)
    assert found[0] == pytest.approx(400 * math.exp(-0.125))
    assert found[2] == pytest.approx(400 * math.exp(-0.125 + 1.6449 * 0.5), rel=1e-3)
    assert judge(under("mean", 500.0)).latencies(draws)[0, 0] == pytest.approx(400)


def test_cold_starts_count_by_their_share_in_a_mean():
    found = judge(under("mean", 500.0, 0.1)).latencies(drawn(), {0: 1_000.0, 2: 500.0})
    assert found[0] == pytest.approx([500, 300, 200])


@pytest.mark.parametrize(("name", "share"), [("p99", 0.01), ("p95", 0.05), ("p90", 0.1), ("p50", 0.5)])
def test_cold_starts_decide_a_quantile_from_exactly_their_share_on(name, share):
    for more in (0.0, 0.001, 0.2):
        found = judge(under(name, 500.0, share + more)).latencies(drawn(), {0: 1_000.0})
        assert found[0] == pytest.approx([1_400, 1_200, 1_150])
    less = judge(under(name, 500.0, share * 0.9)).latencies(drawn(), {0: 1_000.0})
    assert np.isfinite(less).all()
    assert less[0, 0] < 600


def test_cold_starts_that_nobody_saw_count_nothing():
    for extra in (None, {}):
        assert judge(under("p99", 500.0, 0.5)).latencies(drawn(), extra) == pytest.approx(
            judge(under("p99", 500.0)).latencies(drawn())
        )


def test_among_sizes_of_the_same_cost_the_faster_is_preferred_and_among_as_fast_ones_the_cheaper():
    draws = drawn()
    prices = judge().costs(draws)
    for_cost = judge().preferences(draws, prices)
    assert for_cost[0].argmin() == 2
    for_speed = judge(Objective(strategy=Strategy.SPEED)).preferences(draws, prices)
    assert (for_speed.argmin(axis=1) == prices.argmin(axis=1)).all()
    assert not judge(Objective(strategy=Strategy.BALANCED)).preferences(draws, prices).any()


rows = st.lists(st.lists(st.floats(0.01, 1e6), min_size=3, max_size=3), min_size=1, max_size=6)
goals = st.one_of(
    st.builds(Objective, strategy=st.sampled_from(Strategy), balanced_weight=st.floats(0, 1)),
    st.builds(
        under,
        st.sampled_from([one.value for one in LatencyStatistic]),
        st.floats(0.1, 1e5),
        st.sampled_from([0.0, 0.01, 0.05, 0.1, 0.5, 0.999]),
    ),
)


@settings(generous, max_examples=150)
@given(rows, st.sampled_from([0.008, 0.3, 2.0]), goals, st.lists(st.booleans(), min_size=3, max_size=3).filter(any),
       st.dictionaries(st.integers(0, 2), st.floats(0, 1e4)))  # fmt: skip
def test_in_every_draw_some_allowed_size_has_no_loss_and_none_has_less(durations, spread, objective, allowed, cold):
    draws, flags = drawn(durations, spread), np.array(allowed)
    found = losses(objective, draws, flags, cold_extra_ms=cold)
    assert not np.isnan(found).any()
    assert np.isinf(found[:, ~flags]).all()
    assert np.isfinite(found[:, flags]).all()
    assert found.min(axis=1) == pytest.approx(np.zeros(len(durations)), abs=1e-9)


# Other goals


def test_a_search_is_made_for_its_target_or_its_strategy():
    assert goal_of(Objective(strategy=Strategy.SPEED)) is Goal.SPEED
    assert goal_of(under("p95", 100.0)) is Goal.LATENCY_TARGET


def answers(objective: Objective, curve=mixed, **more) -> tuple[Answer, ...]:
    made = planner(FEW, objective, **more)
    searched(made, noisy(curve, 0.05))
    return made.knowledge().answers


def test_every_goal_is_answered_once_and_the_one_asked_for_as_the_verdict_has_it():
    for objective, goals in (
        (Objective(), [Goal.COST, Goal.SPEED, Goal.BALANCED]),
        (under("p95", 600.0), [Goal.COST, Goal.SPEED, Goal.BALANCED, Goal.LATENCY_TARGET]),
    ):
        made = planner(FEW, objective)
        searched(made, noisy(mixed, 0.05))
        found = {answer.goal: answer for answer in made.knowledge().answers}
        assert list(found) == goals
        asked, verdict = found[goal_of(objective)], made.verdict()
        assert (asked.memory_mb, asked.regret_bound, asked.risk) == (
            verdict.memory_mb, verdict.regret_bound, verdict.risk,
        )  # fmt: skip
        assert asked.note is None


def test_another_goal_is_claimed_only_within_the_risk_and_otherwise_says_that_it_is_unsure():
    found = [
        answer
        for curve in (waiting, on_cpu, mixed, scarce, many_cores)
        for answer in answers(Objective(), curve)
        if answer.goal is not Goal.COST
    ]
    sure = [answer for answer in found if answer.regret_bound is not None]
    unsure = [answer for answer in found if answer.regret_bound is None]
    assert unsure
    assert all(answer.risk < 0.05 and answer.regret_bound == 0.05 and answer.note is None for answer in sure)
    assert all(answer.note.startswith("This run was not made to find it") for answer in unsure)


def test_a_goal_whose_best_size_was_not_measured_says_where_it_may_lie():
    made = planner((128, 4096), limits=Limits(max_invocations=3), present_memory_mb=128)
    searched(made, noisy(on_cpu, 0.01, cold=0))
    speed = next(answer for answer in made.knowledge().answers if answer.goal is Goal.SPEED)
    assert speed.memory_mb == 128
    assert speed.note.replace(",", "").endswith("It may lie near 4096 MB.")


def test_before_a_size_was_measured_twice_no_goal_is_answered():
    made = planner(FEW, limits=Limits(max_invocations=1))
    searched(made, noisy(mixed, 0.05, cold=0))
    found = made.knowledge().answers
    assert {answer.memory_mb for answer in found} == {None}
    assert found[1].note == "No memory size was measured often enough."


def test_two_figures_surely_differ_where_one_is_the_larger_in_nearly_all_draws():
    rng = np.random.default_rng(1)
    figures = np.column_stack([rng.normal(mean, 1, 2_000) for mean in (0, 0, 1, 4)])
    assert surely_differ(figures, 0, 3)
    assert surely_differ(figures, 3, 0)
    assert not surely_differ(figures, 0, 1)
    assert not surely_differ(figures, 0, 2)
    assert not surely_differ(figures, 2, 2)


def test_a_run_says_whether_the_recommended_size_differs_from_the_present_one():
    for curve, duration, price in ((on_cpu, True, False), (waiting, False, True)):
        made = planner(FEW, present_memory_mb=256)
        searched(made, noisy(curve, 0.02))
        known = made.knowledge()
        assert made.verdict().memory_mb != 256
        assert (known.duration_differs, known.cost_differs) == (duration, price), curve


def test_cold_starts_that_were_faster_than_a_slow_warm_invocation_take_nothing_off_other_sizes():
    made = planner((128, 256), under("p50", 200.0, 0.6))
    slow = [answered(128, 0, 400.0, cold=True, init_ms=100.0), answered(128, 1, 30_000.0)]
    made.tell([*slow, *(answered(256, order, 400.0) for order in range(3))])
    assert any("the nearest is 256 MB" in note for note in made.verdict().notes)
