"""What is recommended, and what is never."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.decide.score import recommend
from powertune.decide.search import GridPlanner
from powertune.decide.statistics import describe, mean_interval
from powertune.decide.summary import size_result
from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.sample import Outcome, Sample
from powertune.domain.search import Objective, Strategy
from powertune.pricing.bill import invocation_cost
from powertune.pricing.table import price_for

PRICE = price_for("us-east-1", Architecture.X86_64)


def cost_of(billed_ms, memory_mb):
    return invocation_cost(billed_ms, memory_mb, PRICE)


def sample(memory_mb, duration_ms, order=1, **more):
    details = {"outcome": Outcome.OK, "cold": False, "billed_ms": int(-(-duration_ms // 1)), **more}
    return Sample(
        memory_mb=memory_mb, version="1", order=order, request_id=f"r{order}", trace_id=None,
        duration_ms=duration_ms, **details,
    )  # fmt: skip


def sizes(durations):
    return [size_result(mb, [sample(mb, ms, n) for n in range(3)], cost_of) for mb, ms in durations.items()]


def choose(durations, strategy=Strategy.COST, *, weight=0.5, tolerance=0.05, present=512):
    wanted = Objective(strategy=strategy, balanced_weight=weight, tolerance=tolerance)
    return recommend(sizes(durations), wanted, present_memory_mb=present)


WORK = {128: 1280.0, 256: 640.0, 512: 320.0, 1024: 160.0, 2048: 158.0}


def test_of_equally_cheap_sizes_the_fastest_is_taken():
    answer = choose(WORK)
    assert answer.equivalent_sizes_mb == (128, 256, 512, 1024)
    assert answer.memory_mb == 1024


def test_of_equally_fast_sizes_the_cheapest_is_taken():
    answer = choose(WORK, Strategy.SPEED)
    assert answer.equivalent_sizes_mb == (1024, 2048)
    assert answer.memory_mb == 1024


def test_without_tolerance_the_best_measured_size_is_taken():
    assert choose(WORK, Strategy.SPEED, tolerance=0).memory_mb == 2048


def test_a_function_that_waits_gets_the_smallest_size():
    assert choose(dict.fromkeys(WORK, 400.0)).memory_mb == 128
    assert choose(dict.fromkeys(WORK, 400.0), Strategy.SPEED).memory_mb == 128


@pytest.mark.parametrize(("weight", "same_as"), [(1.0, Strategy.COST), (0.0, Strategy.SPEED)])
def test_balanced_at_its_ends_is_cost_or_speed_alone(weight, same_as):
    steep = {128: 900.0, 512: 300.0, 1024: 250.0, 3008: 200.0}
    balanced = choose(steep, Strategy.BALANCED, weight=weight, tolerance=0)
    assert balanced.memory_mb == choose(steep, same_as, tolerance=0).memory_mb


def test_the_change_is_given_against_the_present_size():
    change = choose({512: 400.0, 1024: 100.0}).change
    assert (change.from_memory_mb, change.to_memory_mb) == (512, 1024)
    assert change.duration == pytest.approx(-0.75)
    assert change.cost == pytest.approx(-0.49, abs=0.02)


def test_without_a_measurement_of_the_present_size_there_is_no_change_to_tell():
    assert choose(WORK, present=640).change is None


def test_a_difference_within_the_noise_is_called_so():
    noisy = [
        size_result(mb, [sample(mb, ms * factor, n) for n, factor in enumerate((0.5, 1.0, 1.6))], cost_of)
        for mb, ms in {512: 320.0, 1024: 150.0}.items()
    ]
    answer = recommend(noisy, Objective(), present_memory_mb=512)
    assert (answer.change.duration_within_noise, answer.change.cost_within_noise) == (True, True)
    assert any("within this run's noise" in reason for reason in answer.reasons)


def test_a_clear_difference_is_not_called_noise():
    change = choose({512: 400.0, 1024: 100.0}).change
    assert not change.duration_within_noise
    assert not change.cost_within_noise


def test_nothing_measured_gives_no_recommendation():
    failed = size_result(128, [sample(128, 5.0, outcome=Outcome.TIMEOUT)], cost_of)
    assert recommend([failed], Objective(tolerance=0), present_memory_mb=128) is None


@given(
    st.dictionaries(st.integers(128, 10_240), st.floats(0.01, 900_000), min_size=1, max_size=8),
    st.sampled_from(Strategy),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sets(st.integers(0, 7)),
)
def test_only_a_measured_size_is_ever_recommended(durations, strategy, weight, tolerance, failing):
    results = []
    for place, (mb, ms) in enumerate(sorted(durations.items())):
        outcome = Outcome.ERROR if place in failing else Outcome.OK
        results.append(size_result(mb, [sample(mb, ms, outcome=outcome)], cost_of))
    wanted = Objective(strategy=strategy, balanced_weight=weight, tolerance=tolerance)
    answer = recommend(results, wanted, present_memory_mb=128)
    measured = {size.memory_mb for size in results if size.status == "measured"}
    assert (answer is None) == (not measured)
    if answer is not None:
        assert answer.memory_mb in measured
        assert answer.memory_mb in answer.equivalent_sizes_mb
        assert set(answer.equivalent_sizes_mb) <= measured


def test_warm_statistics_hold_no_cold_start_no_failure_and_no_suppressed_init():
    samples = [
        sample(512, 100.0, 0),
        sample(512, 100.0, 1),
        sample(512, 900.0, 2, cold=True, init_ms=300.0),
        sample(512, 700.0, 3, suppressed_init=True),
        sample(512, 5000.0, 4, outcome=Outcome.TIMEOUT),
        sample(512, 1.0, 5, cold=None, billed_ms=None),
    ]
    result = size_result(512, samples, cost_of)
    assert (result.warm.samples, result.warm.duration_ms.mean) == (2, 100.0)
    assert (result.cold.samples, result.cold.init_ms.mean) == (1, 300.0)
    assert (result.cold_starts, result.errors, result.set_aside, result.invocations) == (1, 1, 2, 6)


def test_the_cost_of_a_size_is_the_mean_of_each_invocations_own():
    result = size_result(128, [sample(128, ms, n) for n, ms in enumerate((1.0, 1.0, 1.0, 2.0, 2.0))], cost_of)
    exact = sum((cost_of(ms, 128).amount for ms in (1, 1, 1, 2, 2)), Decimal(0)) / 5
    assert result.cost.per_invocation.amount == exact


def test_a_failed_size_says_why_in_the_functions_own_words():
    broken = [sample(128, 1.0, n, outcome=Outcome.ERROR, error_type="KeyError", error_message="'id'") for n in (1, 2)]
    assert size_result(128, broken, cost_of).reason == "failed in 2 of 2 invocations (KeyError: 'id')"
    assert size_result(128, [], cost_of, failure="refused by AWS").reason == "refused by AWS"
    assert size_result(128, [], cost_of).status == "not-measured"


def test_an_interval_needs_two_values_and_narrows_with_more():
    assert mean_interval([5.0]) is None
    few, many = mean_interval([1.0, 2.0, 3.0]), mean_interval([1.0, 2.0, 3.0] * 10)
    assert few.low < many.low < 2.0 < many.high < few.high
    assert few.low == pytest.approx(2 - 4.302652729911275 / 3**0.5)  # Student's t table, 2 degrees of freedom


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40))
def test_a_summary_lies_within_its_values(values):
    summary = describe(values)
    slack = 1e-9 * summary.maximum
    assert summary.minimum - slack <= summary.p50 <= summary.p90 + slack
    assert summary.p95 <= summary.p99 + slack <= summary.maximum + 2 * slack
    assert summary.minimum - slack <= summary.mean <= summary.maximum + slack


def request(**more):
    arn = FunctionArn(partition="aws", region="us-east-1", account="1" * 12, name="f")
    return TuningRequest(function_arn=arn, memory_sizes_mb=(256, 128), invocations=4, **more)


def test_the_grid_asks_once_for_every_size_and_not_again_for_what_it_was_told_or_what_failed():
    planner = GridPlanner(request())
    assert [(batch.memory_mb, batch.count) for batch in planner.ask()] == [(128, 4), (256, 4)]
    planner.tell([sample(128, 1.0)])
    assert [batch.memory_mb for batch in planner.ask()] == [256]
    planner.rule_out([256])
    assert planner.ask() == ()
