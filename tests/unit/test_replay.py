"""Replaying a search: what is drawn, what is counted, where it ends."""

from collections import Counter
from decimal import Decimal

import pytest
from recorded import SIZES, made, recording

from powertune.decide.replay import Draws, Recording, grid_gb_seconds, planner_seed, replay
from powertune.decide.replay_grid import GridSearch, nearest_sizes
from powertune.domain.search import LatencyStatistic, LatencyTarget, Limits, Objective, StopReason, Strategy, Verdict
from powertune.domain.work import Batch

NOISY = {size: tuple(float(value) for value in range(100, 140)) for size in SIZES}


class Rounds:
    """Asks what it is given, round by round, and remembers what it is told."""

    def __init__(self, *rounds, verdict=None):
        self.rounds, self.told = list(rounds), []
        self.found = verdict or Verdict(memory_mb=512, regret_bound=0.05, risk=0.01, stop_reason=StopReason.SURE)

    def ask(self):
        return self.rounds.pop(0) if self.rounds else ()

    def tell(self, samples):
        self.told.append(list(samples))

    def rule_out(self, memory_sizes_mb):
        raise AssertionError("nothing here cannot be measured")

    def verdict(self):
        return self.found


def batch(size, count, **more):
    return Batch(memory_mb=size, count=count, **more)


CHEAPEST = Objective()


def grid(sizes=SIZES, objective=CHEAPEST, rate=1.6e-5, fee=2e-7, **more):
    return GridSearch(sizes, objective, per_gb_second=rate, per_request=fee, **more)


# --- draws -------------------------------------------------------------------------------------------------------


def test_the_first_draw_at_a_size_is_a_cold_start_and_the_later_ones_are_warm():
    drawn = Draws(recording({512: 100.0, 1024: 50.0}, cold_ms=900.0), 0)
    first = [sample.cold for sample in drawn.of(batch(512, 4))]
    second = [sample.cold for sample in drawn.of(batch(512, 3))]
    other = [sample.cold for sample in drawn.of(batch(1024, 2))]
    assert first == [True, False, False, False]
    assert second == [False, False, False]
    assert other == [True, False]


def test_without_a_recorded_cold_start_every_draw_is_warm():
    assert [sample.cold for sample in Draws(recording({512: 100.0}), 0).of(batch(512, 3))] == [False] * 3


def test_cold_starts_on_purpose_and_a_new_version_are_drawn_cold():
    drawn = Draws(recording({512: 100.0}, cold_ms=900.0), 0)
    assert [sample.cold for sample in drawn.of(batch(512, 4, cold=3))] == [True, True, True, False]
    assert [sample.cold for sample in drawn.of(batch(512, 2, anew=True))] == [True, False]


def test_draws_are_made_with_replacement_and_reach_everything_recorded():
    drawn = [sample.duration_ms for sample in Draws(recording(NOISY), 3).of(batch(512, 1000))]
    assert set(drawn) == set(NOISY[512])
    assert [sample.order for sample in Draws(recording(NOISY), 3).of(batch(512, 3))] == [0, 1, 2]


def test_the_same_seed_draws_the_same_and_another_seed_draws_otherwise():
    def drawn(seed):
        return [sample.duration_ms for sample in Draws(recording(NOISY), seed).of(batch(512, 20))]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_what_is_drawn_at_a_size_does_not_depend_on_the_draws_at_others():
    alone = Draws(recording(NOISY), 1)
    after = Draws(recording(NOISY), 1)
    list(after.of(batch(128, 17)))
    assert list(alone.of(batch(512, 20))) == list(after.of(batch(512, 20)))


def test_every_function_and_every_source_has_luck_of_its_own():
    def drawn(**names):
        return [sample.duration_ms for sample in Draws(recording(NOISY, **names), 1).of(batch(512, 20))]

    assert drawn(function="orders") != drawn(function="stock")
    assert drawn(source="a") != drawn(source="b")
    # The names are kept apart: "ab" of "c" is not "a" of "bc".
    assert drawn(source="ab", function="c") != drawn(source="a", function="bc")
    seeds = {planner_seed(recording(NOISY, function=name), seed) for name in ("orders", "stock") for seed in range(5)}
    assert len(seeds) == 10


def test_a_size_with_cold_starts_only_is_no_size_to_search():
    mixed = Recording(source="made", function="orders", samples=(made(128, 900.0, cold=True), made(512, 100.0)))
    assert mixed.memory_sizes_mb == (512,)
    assert mixed.only_cold_mb == (128,)


# --- the loop ----------------------------------------------------------------------------------------------------


def test_the_outcome_counts_every_invocation_by_size_cold_starts_too():
    planner = Rounds((batch(512, 2), batch(128, 1)), (batch(512, 1),))
    outcome = replay(recording({128: 400.0, 512: 100.0}, cold_ms=1000.0), planner, seed=0)
    assert outcome.memory_sizes == {128: 1, 512: 3}
    assert outcome.invocations == 4
    assert outcome.gb_seconds == pytest.approx((1000 * 128 + (1000 + 100 + 100) * 512) / 1_024_000)
    assert [len(told) for told in planner.told] == [3, 1]
    assert (outcome.recommended_memory_mb, outcome.claimed_regret_bound) == (512, 0.05)
    assert outcome.stop_reason is StopReason.SURE


def test_a_planner_that_asks_for_a_size_that_was_not_recorded_is_a_fault():
    with pytest.raises(ValueError, match="640 MB was not recorded"):
        replay(recording({512: 100.0}), Rounds((batch(640, 1),)), seed=0)


def test_no_more_invocations_are_drawn_than_allowed_whatever_the_planner_asks():
    planner = Rounds(*[(batch(512, 7),)] * 9)
    outcome = replay(recording({512: 100.0}), planner, seed=0, limits=Limits(max_invocations=10))
    assert outcome.invocations == 10
    assert outcome.stop_reason is StopReason.MAX_INVOCATIONS
    assert [len(told) for told in planner.told] == [7, 3]


def test_no_more_is_spent_than_allowed():
    # 100 ms at 1024 MB are 0.1 GB-seconds; at 1 the GB-second and 0.5 the request each costs 0.6.
    outcome = replay(
        recording({1024: 100.0}), Rounds((batch(1024, 50),)), seed=0,
        limits=Limits(max_spend=Decimal(3)), per_gb_second=Decimal(1), per_request=Decimal("0.5"),
    )  # fmt: skip
    assert outcome.invocations == 5
    assert outcome.stop_reason is StopReason.MAX_SPEND


def test_no_more_time_is_spent_than_allowed():
    outcome = replay(recording({1024: 100.0}), Rounds((batch(1024, 50),)), seed=0, limits=Limits(max_time_ms=350.0))
    assert (outcome.invocations, outcome.stop_reason) == (3, StopReason.MAX_TIME)


def test_a_planner_that_asks_for_nothing_again_and_again_comes_to_an_end():
    class Idle(Rounds):
        def ask(self):
            return (batch(512, 0),)

    still_searching = Verdict(memory_mb=None, regret_bound=None, risk=None, stop_reason=None)
    outcome = replay(recording({512: 100.0}), Idle(verdict=still_searching), seed=0)
    assert (outcome.invocations, outcome.stop_reason) == (0, StopReason.NOTHING_LEFT)


def test_the_full_grid_is_so_many_draws_at_every_recorded_size():
    flat = recording({512: 100.0, 1024: 50.0})
    assert grid_gb_seconds(flat, 0, 10) == pytest.approx(10 * (100 * 512 + 50 * 1024) / 1_024_000)


# --- the grid ----------------------------------------------------------------------------------------------------


def test_a_grid_measures_each_size_as_often_as_told_and_claims_nothing():
    outcome = replay(recording(NOISY), grid(invocations=5), seed=0)
    assert outcome.memory_sizes == dict.fromkeys(SIZES, 5)
    assert outcome.stop_reason is StopReason.COMPLETE
    assert outcome.claimed_regret_bound is None


@pytest.mark.parametrize(("strategy", "best"), [(Strategy.COST, 256), (Strategy.SPEED, 1024), (Strategy.BALANCED, 512)])
def test_a_grid_recommends_by_its_strategy(strategy, best):
    curve = {128: 900.0, 256: 400.0, 512: 260.0, 1024: 200.0}
    assert replay(recording(curve), grid(curve, Objective(strategy=strategy)), seed=0).recommended_memory_mb == best


def test_of_sizes_that_cost_the_same_the_fastest_is_recommended_and_of_equally_fast_ones_the_cheapest():
    curve = {128: 400.0, 256: 200.0, 512: 100.0, 1024: 98.0}
    by_cost = replay(recording(curve), grid(curve), seed=0)
    assert by_cost.recommended_memory_mb == 512
    assert by_cost.verdict.equivalent_mb == (128, 256, 512)
    by_speed = replay(recording(curve), grid(curve, Objective(strategy=Strategy.SPEED)), seed=0)
    assert by_speed.recommended_memory_mb == 512


def test_a_grid_keeps_a_latency_target_and_says_where_no_size_does():
    curve = {128: 900.0, 256: 400.0, 512: 260.0, 1024: 200.0}

    def found(limit_ms):
        target = LatencyTarget(statistic=LatencyStatistic.P95, limit_ms=limit_ms)
        return replay(recording(curve), grid(curve, Objective(latency_target=target)), seed=0)

    assert found(300).recommended_memory_mb == 512
    hopeless = found(150)
    assert hopeless.recommended_memory_mb == 1024
    assert hopeless.verdict.notes == (
        "No measured memory size keeps p95 within 150 ms; the nearest is 1,024 MB with 200 ms.",
    )


def test_cold_starts_do_not_count_in_what_a_grid_compares():
    curve = {128: 500.0, 1024: 100.0}
    outcome = replay(recording(curve, cold_ms=9000.0), grid(curve, fee=0.0), seed=0)
    assert outcome.recommended_memory_mb == 128


def test_a_grid_that_is_cut_short_recommends_of_what_it_measured():
    curve = {128: 900.0, 256: 400.0, 512: 260.0, 1024: 200.0}
    outcome = replay(recording(curve), grid(curve), seed=0, limits=Limits(max_invocations=20))
    assert outcome.memory_sizes == {128: 10, 256: 10}
    assert outcome.recommended_memory_mb == 256
    nothing = replay(
        recording(curve), grid(curve), seed=0, limits=Limits(max_spend=Decimal("1e-9")), per_request=Decimal(1)
    )
    assert (nothing.recommended_memory_mb, nothing.invocations) == (None, 0)


def test_nearest_sizes_are_recorded_ones_and_each_comes_once():
    assert nearest_sizes((100, 300, 320), (128, 256, 310, 3008)) == (100, 300, 320)
    assert nearest_sizes((192, 320), (256,)) == (192,)


def test_a_search_of_real_planner_objects_asks_only_for_recorded_sizes():
    from powertune.decide.adaptive import AdaptivePlanner

    curve = {size: tuple(100 + 400_000 / size * (1 + spread / 20) for spread in range(5)) for size in (192, 640, 1280)}
    for seed in range(3):
        planner = AdaptivePlanner(
            tuple(curve), Objective(), Limits(max_invocations=40), per_gb_second=1.6e-5, per_request=2e-7, seed=seed
        )
        outcome = replay(recording(curve), planner, seed=seed, limits=Limits(max_invocations=40))
        assert Counter(outcome.memory_sizes).keys() <= curve.keys()
        assert outcome.recommended_memory_mb in outcome.memory_sizes
        assert outcome.invocations <= 40
