"""The adaptive planner against functions whose durations are known."""

import math
import random
from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest

from powertune.decide.adaptive import AdaptivePlanner
from powertune.domain.sample import Outcome, Sample
from powertune.domain.search import LatencyStatistic, LatencyTarget, Limits, Objective, StopReason, Strategy

SIZES = tuple(range(128, 10241, 64))
FEW = (128, 256, 512, 1024, 1769, 3008)
PER_GB_SECOND, PER_REQUEST = 1.66667e-5, 2e-7


def planner(
    sizes: Sequence[int] = FEW, objective: Objective | None = None, limits: Limits | None = None, seed: int = 1
) -> AdaptivePlanner:
    return AdaptivePlanner(
        sizes,
        objective or Objective(),
        limits or Limits(),
        per_gb_second=PER_GB_SECOND,
        per_request=PER_REQUEST,
        seed=seed,
    )


def sample(memory_mb: int, order: int, duration_ms: float, *, cold: bool = False) -> Sample:
    return Sample(
        memory_mb=memory_mb,
        version="1",
        order=order,
        request_id=f"{memory_mb}-{order}",
        trace_id=None,
        outcome=Outcome.OK,
        cold=cold,
        duration_ms=duration_ms,
        billed_ms=max(1, math.ceil(duration_ms)),
    )


def broken(memory_mb: int, order: int, outcome: Outcome) -> Sample:
    return Sample(
        memory_mb=memory_mb, version="1", order=order, request_id=None, trace_id=None, outcome=outcome, cold=True,
        duration_ms=100.0, billed_ms=100,
    )  # fmt: skip


def search(made: AdaptivePlanner, behaviour: Callable[[int, int], Sample], rounds: int = 100) -> list[Sample]:
    """Run it to its end; the samples in order."""
    told: list[Sample] = []
    for _ in range(rounds):
        batches = made.ask()
        if not batches:
            return told
        for batch in batches:
            assert batch.count > 0
            before = sum(1 for one in told if one.memory_mb == batch.memory_mb)
            new = [behaviour(batch.memory_mb, before + number) for number in range(batch.count)]
            told += new
            made.tell(new)
    pytest.fail("the search did not end")


def noisy(duration: Callable[[int], float], spread: float, seed: int = 3) -> Callable[[int, int], Sample]:
    def answer(memory_mb: int, order: int) -> Sample:
        luck = random.Random(f"{seed}-{memory_mb}-{order}").gauss(0, spread)
        return sample(memory_mb, order, duration(memory_mb) * math.exp(luck), cold=order == 0)

    return answer


def on_cpu(memory_mb: int) -> float:
    return 100 + 400_000 / min(memory_mb, 1769)


def waiting(memory_mb: int) -> float:
    return 300.0


def test_a_function_that_only_waits_gets_the_smallest_size_for_few_invocations():
    made = planner(SIZES)
    told = search(made, noisy(waiting, 0.05))
    verdict = made.verdict()
    assert verdict.memory_mb == 128
    assert verdict.stop_reason is StopReason.SURE
    assert verdict.regret_bound == pytest.approx(0.05)
    assert len(told) <= 20


def test_the_fastest_size_of_a_cpu_bound_function_is_at_or_beyond_one_core():
    made = planner(FEW, Objective(strategy=Strategy.SPEED))
    search(made, noisy(on_cpu, 0.03))
    assert made.verdict().memory_mb in {1769, 3008}


def test_only_a_size_with_two_measurements_of_its_own_is_recommended():
    made = planner(FEW)
    told = search(made, noisy(on_cpu, 0.05))
    chosen = made.verdict().memory_mb
    assert sum(1 for one in told if one.memory_mb == chosen and one.cold is False) >= 2


def test_a_planner_made_anew_and_told_the_same_asks_the_same():
    first = planner(SIZES)
    behaviour = noisy(on_cpu, 0.2)
    told: list[Sample] = []
    for _ in range(4):
        for batch in first.ask():
            new = [behaviour(batch.memory_mb, len(told) + number) for number in range(batch.count)]
            first.tell(new)
            told += new
    second = planner(SIZES)
    second.tell(reversed(told))
    assert second.ask() == first.ask()
    assert second.verdict() == first.verdict()


def test_another_seed_changes_draws_but_not_the_answer_to_an_easy_question():
    answers = set()
    for seed in range(5):
        made = planner(FEW, seed=seed)
        search(made, noisy(waiting, 0.03))
        answers.add(made.verdict().memory_mb)
    assert answers == {128}


def test_no_more_invocations_than_the_limit_are_asked_for():
    made = planner(FEW, limits=Limits(max_invocations=5))
    told = search(made, noisy(on_cpu, 0.8))
    assert len(told) <= 5
    assert made.verdict().stop_reason is StopReason.MAX_INVOCATIONS


def test_money_stays_below_the_limit():
    made = planner(FEW, limits=Limits(max_spend=Decimal("0.0001")))
    told = search(made, noisy(on_cpu, 0.3))
    spent = sum(one.memory_mb / 1024 * (one.billed_ms or 0) / 1000 * PER_GB_SECOND + PER_REQUEST for one in told)
    assert told
    assert spent <= 0.0001


def test_time_stays_below_the_limit():
    made = planner(FEW, limits=Limits(max_time_ms=9_000))
    told = search(made, noisy(on_cpu, 0.3))
    assert sum(one.duration_ms or 0 for one in told) <= 9_000
    assert made.verdict().stop_reason in {StopReason.MAX_TIME, StopReason.SURE}


def test_a_function_that_fails_everywhere_ends_the_search_without_a_recommendation():
    made = planner(SIZES)
    told = search(made, lambda memory, order: broken(memory, order, Outcome.ERROR))
    assert made.verdict().stop_reason is StopReason.NOTHING_WORKS
    assert made.verdict().memory_mb is None
    assert len(told) <= 10


def test_sizes_below_one_that_ran_out_of_memory_are_not_tried():
    def behaviour(memory_mb: int, order: int) -> Sample:
        if memory_mb < 1500:
            return broken(memory_mb, order, Outcome.OUT_OF_MEMORY)
        return sample(memory_mb, order, 100.0)

    made = planner(FEW)
    told = search(made, behaviour)
    assert made.verdict().memory_mb == 1769
    assert all(one.memory_mb >= 512 for one in told)


def test_a_size_ruled_out_is_neither_asked_for_nor_recommended():
    made = planner(FEW)
    made.rule_out([128])
    told = search(made, noisy(waiting, 0.02))
    assert 128 not in {one.memory_mb for one in told}
    assert made.verdict().memory_mb == 256


def test_durations_of_zero_and_equal_ones_are_no_trouble():
    made = planner(FEW)
    search(made, lambda memory, order: sample(memory, order, 0.0))
    # A millisecond at 512 MB costs a thirtieth of the request's fee: with 128 MB these are within the tolerance.
    assert made.verdict().memory_mb in {128, 256, 512}


def test_a_function_slower_with_more_memory_is_fastest_at_the_smallest():
    made = planner(FEW, Objective(strategy=Strategy.SPEED))
    search(made, noisy(lambda memory: 100 * (memory / 128) ** 0.3, 0.02))
    assert made.verdict().memory_mb == 128


def test_a_target_that_no_size_meets_is_said_with_the_nearest():
    target = LatencyTarget(statistic=LatencyStatistic.P95, limit_ms=10.0)
    made = planner(FEW, Objective(latency_target=target))
    search(made, noisy(on_cpu, 0.05))
    assert any("keeps p95 within 10 ms; the nearest is" in note for note in made.verdict().notes)
    assert made.verdict().memory_mb in {1769, 3008}


def test_a_target_is_met_by_the_cheapest_size_that_keeps_it():
    target = LatencyTarget(statistic=LatencyStatistic.MEAN, limit_ms=600.0)
    made = planner(FEW, Objective(latency_target=target))
    search(made, noisy(on_cpu, 0.03))
    assert made.verdict().memory_mb == 1024


def test_two_interleaved_behaviours_are_said():
    def behaviour(memory_mb: int, order: int) -> Sample:
        return sample(memory_mb, order, 100.0 + order % 3 if order % 2 else 900.0 + order % 3)

    made = planner((128,), limits=Limits(max_invocations=40))
    made.tell([behaviour(128, order) for order in range(12)])
    assert any("two groups" in note for note in made.verdict().notes)


def test_one_sample_is_no_recommendation():
    made = planner(FEW)
    made.tell([sample(512, 0, 100.0)])
    assert made.verdict().memory_mb is None
    assert made.ask()


def test_thousands_of_samples_are_taken():
    made = planner(FEW)
    behaviour = noisy(on_cpu, 0.1)
    made.tell([behaviour(memory, order) for memory in FEW for order in range(1, 1000)])
    assert made.ask() == ()
    assert made.verdict().memory_mb is not None


def test_headroom_excludes_sizes_whose_memory_is_nearly_used():
    from dataclasses import replace

    made = planner(FEW, Objective(min_headroom=0.3))
    search(made, lambda memory, order: replace(sample(memory, order, 200.0), max_memory_used_mb=120))
    assert made.verdict().memory_mb == 256


def test_an_earlier_run_saves_invocations_and_confirms_nothing():
    behaviour = noisy(on_cpu, 0.03)
    prior = [behaviour(memory, order) for memory in FEW for order in range(1, 6)]
    made = AdaptivePlanner(
        FEW, Objective(), Limits(), per_gb_second=PER_GB_SECOND, per_request=PER_REQUEST, seed=1, prior=prior
    )
    assert made.verdict().memory_mb is None
    warm = search(made, behaviour)
    fresh = search(planner(FEW), behaviour)
    assert made.verdict().memory_mb is not None
    assert len(warm) <= len(fresh)


def test_the_curve_gives_an_interval_for_sizes_that_were_not_measured():
    made = planner(SIZES)
    assert made.knowledge().curve == ()
    search(made, noisy(on_cpu, 0.03))
    point = min(made.knowledge().curve, key=lambda point: abs(point.memory_mb - 800))
    assert point.duration_interval.low < point.duration_ms < point.duration_interval.high
    assert point.duration_ms == pytest.approx(on_cpu(point.memory_mb), rel=0.25)
