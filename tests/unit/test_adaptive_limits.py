"""An adaptive search keeps its limits, also where little or nothing is known of the function."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import (
    ALL,
    FEW,
    SMOOTH,
    SOME,
    answered,
    cost,
    failed,
    mixed,
    noisy,
    on_cpu,
    planner,
    search,
    searched,
    waiting,
)

from powertune.domain.sample import Outcome
from powertune.domain.search import MOST_INVOCATIONS, LatencyStatistic, LatencyTarget, Limits, Objective, StopReason

generous = settings(deadline=None, suppress_health_check=list(HealthCheck))
several = st.lists(st.sampled_from(ALL), min_size=1, max_size=20, unique=True).map(tuple)
shapes = st.sampled_from(sorted(SMOOTH))
options = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 50),
        "present_memory_mb": st.sampled_from([None, 128, 1769]),
        "parallel": st.integers(1, 3),
        "at_once": st.integers(1, 4),
        "recorded": st.booleans(),
    }
)


@settings(generous, max_examples=25)
@given(shapes, several | st.just(SOME), st.floats(1.0, 60.0), options)
def test_money_for_a_steady_function_stays_within_the_limit_once_its_first_invocation_is_known(
    shape, among, times, more
):
    curve = SMOOTH[shape]
    limit = Decimal(str(times * cost(1024, curve(1024))))
    course = searched(planner(among, limits=Limits(max_spend=limit), **more), noisy(curve, 0.0, cold=0))
    assert course.samples
    assert len(course.samples) == 1 or course.spent <= float(limit)


@settings(generous, max_examples=25)
@given(shapes, several | st.just(SOME), st.floats(1.0, 60.0), options)
def test_time_of_a_steady_function_stays_within_the_limit_once_its_first_invocation_is_known(shape, among, times, more):
    curve = SMOOTH[shape]
    limit_ms = times * curve(1024)
    course = searched(planner(among, limits=Limits(max_time_ms=limit_ms), **more), noisy(curve, 0.0, cold=0))
    assert course.samples
    assert len(course.samples) == 1 or course.time_ms <= limit_ms


@settings(generous, max_examples=15)
@given(shapes, st.integers(1, 25), st.sampled_from([0.05, 0.4, 1.3]), options)
def test_no_round_asks_for_more_invocations_than_are_left(shape, most, spread, more):
    made = planner(SOME, limits=Limits(max_invocations=most), **more)
    for course in search(made, noisy(SMOOTH[shape], spread)):
        assert len(course.samples) + sum(batch.count for batch in course.rounds[-1]) <= most


@pytest.mark.parametrize("limit", ["1e-5", "2e-5", "6e-5"])
@pytest.mark.parametrize("works_from_mb", [400, 1000, 2000, 20_000])
@pytest.mark.parametrize("work_ms", [100.0, 1_500.0])
def test_only_the_first_time_out_of_all_can_pass_the_limit_and_nothing_is_asked_for_after_it(
    limit, works_from_mb, work_ms
):
    def behaviour(memory_mb, order):
        if memory_mb < works_from_mb:
            return failed(memory_mb, order, Outcome.TIMEOUT, 3_000.0)
        return answered(memory_mb, order, work_ms)

    course = searched(planner(SOME, limits=Limits(max_spend=Decimal(limit))), behaviour)
    failures = [one for one in course.samples if one.outcome is Outcome.TIMEOUT]
    if failures != course.samples[-1:] and len(course.samples) > 1:
        assert course.spent <= float(limit)


def test_under_a_limit_of_money_or_time_the_first_question_is_for_one_invocation():
    for limits in (Limits(max_spend=Decimal(1)), Limits(max_time_ms=1e6)):
        assert [batch.count for batch in planner(FEW, limits=limits, parallel=3, at_once=3).ask()] == [1]


def test_a_cold_start_alone_is_followed_by_another_only_where_twice_its_money_is_left():
    slow = answered(512, 0, 1_000.0, cold=True, init_ms=500.0)
    paid = cost(512, 1_500.0)
    for left, asked in ((2.1 * paid, 1), (1.9 * paid, 0)):
        opening = planner((512,), limits=Limits(max_spend=Decimal(str(paid + left))))
        opening.tell([slow])
        assert len(opening.ask()) == asked
    assert opening.verdict().stop_reason is StopReason.MAX_SPEND


def test_a_cold_start_alone_is_followed_by_another_only_where_twice_its_time_is_left():
    for limit_ms, asked in ((4_600.0, 1), (4_400.0, 0)):
        opening = planner((512,), limits=Limits(max_time_ms=limit_ms))
        opening.tell([answered(512, 0, 1_000.0, cold=True, init_ms=500.0)])
        assert len(opening.ask()) == asked
    assert opening.verdict().stop_reason is StopReason.MAX_TIME


def test_a_limit_that_the_first_invocation_uses_up_leaves_no_recommendation():
    made = planner(FEW, limits=Limits(max_spend=Decimal("1e-9")))
    assert len(searched(made, noisy(waiting, 0.0, cold=0)).samples) == 1
    verdict = made.verdict()
    assert verdict.memory_mb is None
    assert verdict.stop_reason is StopReason.MAX_SPEND


@pytest.mark.parametrize("curve", [on_cpu, waiting, mixed])
def test_money_for_a_few_invocations_is_enough_for_a_recommendation(curve):
    limit = Decimal(str(6 * cost(512, curve(512))))
    made = planner(SOME, limits=Limits(max_spend=limit))
    course = searched(made, noisy(curve, 0.02, cold=0))
    assert made.verdict().memory_mb is not None
    assert made.verdict().stop_reason is StopReason.MAX_SPEND
    assert course.spent <= float(limit)


@pytest.mark.parametrize("curve", [on_cpu, waiting, mixed])
def test_time_for_a_few_invocations_is_enough_for_a_recommendation(curve):
    made = planner(SOME, limits=Limits(max_time_ms=6 * curve(512)))
    course = searched(made, noisy(curve, 0.02, cold=0))
    assert made.verdict().memory_mb is not None
    assert course.time_ms <= 6 * curve(512)


def test_under_a_limit_a_search_ends_unsure_where_no_size_but_the_known_one_can_be_paid():
    made = planner((512, 10240), limits=Limits(max_spend=Decimal(str(9 * cost(512, on_cpu(512))))))
    course = searched(made, noisy(on_cpu, 0.02, cold=0))
    verdict = made.verdict()
    assert {one.memory_mb for one in course.samples} == {512}
    assert verdict.memory_mb == 512
    assert verdict.regret_bound is None
    assert verdict.stop_reason is StopReason.MAX_SPEND


def test_a_wide_limit_changes_nothing_but_the_first_question():
    free = searched(planner(FEW), noisy(mixed, 0.05)).planner.verdict()
    wide = searched(planner(FEW, limits=Limits(max_spend=Decimal(100))), noisy(mixed, 0.05)).planner.verdict()
    assert wide.memory_mb == free.memory_mb
    assert wide.stop_reason is not StopReason.MAX_SPEND


def test_a_function_that_always_starts_cold_is_given_up_after_some_cold_starts():
    for parallel, most in ((1, 12), (3, 33)):
        course = searched(planner(SOME, parallel=parallel), noisy(mixed, 0.05, cold=10**6))
        assert len(course.samples) <= most
        verdict = course.planner.verdict()
        assert verdict.memory_mb is None
        assert verdict.stop_reason is StopReason.NOTHING_LEFT
        assert verdict.notes == ("Every invocation started cold, and nothing warm was measured.",)


def test_what_is_throttled_again_and_again_comes_to_an_end():
    made = planner((512,))
    made.tell([answered(512, 0, 200.0), *(failed(512, order, Outcome.THROTTLED, None) for order in range(1, 150))])
    assert made.ask()
    made.tell(failed(512, order, Outcome.THROTTLED, None) for order in range(150, MOST_INVOCATIONS))
    assert made.ask() == ()
    assert made.verdict().stop_reason is StopReason.MAX_INVOCATIONS


def test_throttled_invocations_cost_nothing_and_leave_the_limit_to_those_that_ran():
    def behaviour(memory_mb, order):
        return failed(memory_mb, order, Outcome.THROTTLED, None) if order % 2 else answered(memory_mb, order, 200.0)

    course = searched(planner(FEW, limits=Limits(max_invocations=8)), behaviour)
    ran = [one for one in course.samples if one.outcome is not Outcome.THROTTLED]
    assert len(ran) <= 8
    assert course.planner.verdict().memory_mb is not None


@pytest.mark.parametrize("statistic", LatencyStatistic)
@pytest.mark.parametrize("cold_share", [0.01, 0.05, 0.1, 0.5])
def test_a_target_with_any_share_of_cold_starts_can_be_searched(statistic, cold_share):
    target = LatencyTarget(statistic=statistic, limit_ms=900.0, cold_share=cold_share)
    made = planner(FEW, Objective(latency_target=target), Limits(max_invocations=15))
    searched(made, noisy(mixed, 0.05))
    assert made.verdict().memory_mb is not None


def test_sizes_below_one_that_timed_out_are_left_alone_but_not_those_below_an_error():
    for outcome, asked in ((Outcome.TIMEOUT, False), (Outcome.OUT_OF_MEMORY, False), (Outcome.ERROR, True)):
        made = planner((128, 256, 512), at_once=3)
        made.tell([failed(512, 0, outcome)])
        assert bool(made.ask()) is asked, outcome


def test_three_sizes_that_fail_by_an_error_of_the_function_end_the_search_before_all_are_tried():
    course = searched(planner(ALL), lambda memory_mb, order: failed(memory_mb, order, Outcome.ERROR))
    assert len({one.memory_mb for one in course.samples}) == 3
    assert course.planner.verdict().stop_reason is StopReason.NOTHING_WORKS


def test_headroom_leaves_out_sizes_before_they_are_tried():
    def behaviour(memory_mb, order):
        return answered(memory_mb, order, 300.0, max_memory_used_mb=400)

    made = planner(SOME, Objective(min_headroom=0.2), present_memory_mb=512)
    course = searched(made, behaviour)
    assert min(one.memory_mb for one in course.samples) == 512
    assert made.verdict().memory_mb in {512, 768}


def test_a_function_that_works_but_leaves_no_headroom_anywhere_has_not_failed():
    def behaviour(memory_mb, order):
        return answered(memory_mb, order, 300.0, max_memory_used_mb=memory_mb)

    course = searched(planner(FEW, Objective(min_headroom=0.2)), behaviour)
    verdict = course.planner.verdict()
    assert len(course.samples) <= len(FEW) * 2
    assert verdict.memory_mb is None
    assert verdict.stop_reason is StopReason.NOTHING_LEFT
