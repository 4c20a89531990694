"""What holds in every round of an adaptive search, whatever the function does."""

import math
import random
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import (
    ALL,
    FEW,
    SMOOTH,
    Course,
    Curve,
    answered,
    failed,
    mixed,
    planner,
    search,
    spoiled,
)

from powertune.domain.sample import Outcome, Sample
from powertune.domain.search import (
    MOST_INVOCATIONS,
    NO_LIMITS,
    LatencyStatistic,
    LatencyTarget,
    Limits,
    Objective,
    StopReason,
    Strategy,
)

generous = settings(deadline=None, suppress_health_check=list(HealthCheck))

SHAPES: dict[str, Curve] = {
    **SMOOTH,
    "slower with more": lambda memory_mb: 100 * (memory_mb / 128) ** 0.4,
    "steps": lambda memory_mb: 900.0 if memory_mb < 700 else 90.0,
    "rough": spoiled(mixed, 0.5, 7),
    "nothing": lambda memory_mb: 0.0,
    "hours": lambda memory_mb: 9e5,
}


@dataclass(frozen=True)
class Odd:
    """A function with a noise, and with some invocations that are not what a model hopes for."""

    shape: str
    spread: float
    cold: int
    """The first so many at each size start cold."""
    silent: bool
    """No source says what started cold."""
    slow_mode: float
    outliers: float
    failing: float
    """Shares of invocations."""
    failure: Outcome
    fails_below_mb: int
    used_mb: int | None
    seed: int

    def __call__(self, memory_mb: int, order: int) -> Sample:
        chance = random.Random(f"{self.seed}-{memory_mb}-{order}")
        if memory_mb < self.fails_below_mb or chance.random() < self.failing:
            return failed(memory_mb, order, self.failure, None if self.failure is Outcome.LOST else 50.0)
        duration_ms = SHAPES[self.shape](memory_mb) * math.exp(chance.gauss(0, self.spread))
        duration_ms *= 4.0 if chance.random() < self.slow_mode else 1.0
        duration_ms *= 1e4 if chance.random() < self.outliers else 1.0
        cold = order < self.cold
        init = {"init_ms": 400.0} if cold and not self.silent else {}
        known = None if self.silent else cold
        return answered(memory_mb, order, duration_ms, cold=known, max_memory_used_mb=self.used_mb, **init)


odd = st.builds(
    Odd,
    shape=st.sampled_from(sorted(SHAPES)),
    spread=st.sampled_from([0.0, 0.02, 0.1, 0.4, 1.3]),
    cold=st.integers(0, 3),
    silent=st.booleans(),
    slow_mode=st.sampled_from([0.0, 0.0, 0.5]),
    outliers=st.sampled_from([0.0, 0.0, 0.1]),
    failing=st.sampled_from([0.0, 0.0, 0.05, 0.3, 1.0]),
    failure=st.sampled_from([Outcome.ERROR, Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY, Outcome.LOST]),
    fails_below_mb=st.sampled_from([0, 0, 0, 400, 2000]),
    used_mb=st.sampled_from([None, 60, 300]),
    seed=st.integers(0, 999),
)
targets = st.builds(
    LatencyTarget,
    statistic=st.sampled_from(LatencyStatistic),
    limit_ms=st.sampled_from([5.0, 200.0, 500.0, 5_000.0]),
    cold_share=st.sampled_from([0.0, 0.0, 0.01, 0.05, 0.5]),
)
objectives = st.builds(
    Objective,
    strategy=st.sampled_from(Strategy),
    balanced_weight=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
    latency_target=st.none() | targets,
    min_headroom=st.sampled_from([None, None, 0.2, 0.6]),
)
several = st.lists(st.sampled_from(ALL), min_size=1, max_size=30, unique=True).map(tuple)
sizes = st.one_of(several, several, st.just(FEW), st.just(ALL))
options = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 50),
        "present_memory_mb": st.sampled_from([None, 128, 640, 1769]),
        "parallel": st.integers(1, 3),
        "at_once": st.integers(1, 4),
        "recorded": st.booleans(),
    }
)
limits = st.one_of(
    st.just(NO_LIMITS),
    st.builds(Limits, max_invocations=st.integers(1, 30)),
    st.builds(Limits, max_invocations=st.just(40), max_spend=st.sampled_from([Decimal("1e-7"), Decimal("1e-4")])),
    st.builds(Limits, max_time_ms=st.sampled_from([1.0, 3_000.0, 60_000.0])),
)


def check_question(course: Course, among: tuple[int, ...], most: int) -> None:
    """What every question keeps, given what was answered before."""
    batches = course.rounds[-1]
    asked = [batch.memory_mb for batch in batches]
    assert len(set(asked)) == len(asked)
    assert set(asked) <= set(among)
    assert all(batch.count >= 1 for batch in batches)
    assert len(course.samples) + sum(batch.count for batch in batches) <= most
    good, bad = course.warm, Counter(one.memory_mb for one in course.samples if one.outcome is not Outcome.OK)
    assert not [size for size in asked if bad[size] >= 3 and not good[size] and not course_cold(course, size)]
    check_verdict(course, among)


def course_cold(course: Course, memory_mb: int) -> int:
    return sum(1 for one in course.samples if one.memory_mb == memory_mb and one.cold is True)


def check_verdict(course: Course, among: tuple[int, ...]) -> None:
    verdict = course.planner.verdict()
    assert (verdict.stop_reason is None) == bool(course.rounds[-1])
    if verdict.memory_mb is None:
        assert verdict.regret_bound is None
        assert not verdict.equivalent_mb
        return
    assert verdict.memory_mb in verdict.equivalent_mb
    assert all(course.warm[size] >= 2 for size in verdict.equivalent_mb)
    assert set(verdict.equivalent_mb) <= set(among)
    assert verdict.risk is not None
    assert 0 <= verdict.risk <= 1
    assert verdict.regret_bound is None or 0.05 <= verdict.regret_bound < math.inf


@settings(generous, max_examples=35)
@given(odd, sizes, objectives, limits, options)
def test_every_search_ends_and_asks_only_for_what_it_may(behaviour, among, objective, limit, more):
    most = limit.max_invocations or MOST_INVOCATIONS
    made = planner(among, objective, limit, **more)
    for course in search(made, behaviour):
        assert len(course.rounds[-1]) <= more["at_once"]
        check_question(course, among, most)
    again = planner(among, objective, limit, **more)
    again.tell(reversed(course.samples))
    assert again.ask() == ()
    assert again.verdict() == made.verdict()
    knowledge = again.knowledge()
    assert knowledge == made.knowledge()
    assert all(point.duration_interval.low <= point.duration_ms <= point.duration_interval.high
               for point in knowledge.curve)  # fmt: skip
    assert all(answer.memory_mb is None or course.warm[answer.memory_mb] >= 2 for answer in knowledge.answers)


@settings(generous, max_examples=20)
@given(odd, sizes, objectives, options, st.data())
def test_what_is_ruled_out_on_the_way_is_neither_asked_for_again_nor_recommended(
    behaviour, among, objective, more, data
):
    made = planner(among, objective, Limits(max_invocations=30), **more)
    out: set[int] = set()
    for course in search(made, behaviour):
        assert not out & {batch.memory_mb for batch in course.rounds[-1]}
        asked = {batch.memory_mb for batch in course.rounds[-1]}
        if asked and len(out) < 3:
            now = data.draw(st.sampled_from(among))
            if now not in asked:
                out.add(now)
                made.rule_out([now])
    assert made.ask() == ()
    assert not out & {made.verdict().memory_mb, *made.verdict().equivalent_mb}


@settings(generous, max_examples=20)
@given(odd, several, options, st.integers(0, 5))
def test_where_everything_is_ruled_out_nothing_works(behaviour, among, more, rounds):
    made = planner(among, **more)
    for number, _ in enumerate(search(made, behaviour)):
        if number == rounds:
            break
    made.rule_out(among)
    assert made.ask() == ()
    assert made.verdict().stop_reason is StopReason.NOTHING_WORKS
    assert made.verdict().memory_mb is None
