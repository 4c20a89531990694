"""Sizes are invoked interleaved and shuffled, so that no drift of anything favours one of them."""

import threading
import time
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.work import SizeWork
from powertune.measure.interleave import work_through
from powertune.measure.schedule import Slot, slots


def work(memory_mb, count, **more):
    more = {"version": f"of {memory_mb} MB", "alias": "a", "first_order": more.pop("first", 0), **more}
    return SizeWork(memory_mb=memory_mb, count=count, **more)


def planned(*works, parallel=1, seed=7, round_=1):
    return slots(works, parallel=parallel, seed=seed, round_=round_)


works = st.lists(
    st.tuples(st.sampled_from([128, 256, 512, 1024, 3008]), st.integers(1, 30), st.integers(0, 5), st.integers(0, 20)),
    min_size=1,
    max_size=5,
    unique_by=lambda one: one[0],
)


@given(works, st.integers(1, 7), st.integers(0, 99))
def test_every_invocation_is_planned_exactly_once_and_in_order_at_its_size(given_works, parallel, seed):
    made = [work(memory_mb, count, first=first, done=min(done, count)) for memory_mb, count, first, done in given_works]
    orders = defaultdict(list)
    for slot in planned(*made, parallel=parallel, seed=seed):
        orders[slot.memory_mb] += slot.orders
    for one in made:
        assert orders[one.memory_mb] == list(range(one.first_order + one.done, one.first_order + one.count))


@given(works, st.integers(1, 7), st.integers(0, 99))
def test_no_size_comes_twice_in_a_sweep_and_sweeps_follow_each_other(given_works, parallel, seed):
    made = [work(memory_mb, count) for memory_mb, count, *_ in given_works]
    plan = planned(*made, parallel=parallel, seed=seed)
    assert [slot.sweep for slot in plan] == sorted(slot.sweep for slot in plan)
    assert max(Counter((slot.sweep, slot.memory_mb) for slot in plan).values()) == 1


def test_every_size_is_at_the_front_of_a_sweep_about_as_often_as_another():
    plan = planned(*(work(memory_mb, 600) for memory_mb in (128, 256, 512)))
    first = Counter(next(s.memory_mb for s in plan if s.sweep == sweep) for sweep in range(600))
    assert all(150 < first[memory_mb] < 250 for memory_mb in (128, 256, 512))


def test_the_same_seed_gives_the_same_order_and_another_seed_another():
    sizes = [work(memory_mb, 10) for memory_mb in (128, 256, 512, 1024)]
    assert planned(*sizes, seed=1) == planned(*sizes, seed=1)
    assert planned(*sizes, seed=1) != planned(*sizes, seed=2)


@given(st.integers(0, 40))
def test_work_that_is_continued_goes_on_where_it_stopped(stopped_after):
    sizes = {memory_mb: work(memory_mb, 10) for memory_mb in (128, 256, 512, 1024)}
    whole = planned(*sizes.values())
    done = Counter(slot.memory_mb for slot in whole[:stopped_after])
    rest = planned(*(work(memory_mb, 10, done=done[memory_mb]) for memory_mb in sizes))
    assert rest == whole[stopped_after:]


def test_the_cold_starts_of_a_batch_are_sent_together_and_first():
    plan = planned(work(128, 10, cold=4), parallel=2)
    assert [slot.orders for slot in plan] == [(0, 1, 2, 3), (4, 5), (6, 7), (8, 9)]


def test_a_size_that_was_given_up_is_not_planned():
    assert {slot.memory_mb for slot in planned(work(128, 10, failure="refused"), work(256, 2))} == {256}


# --- working through ----------------------------------------------------------------------------------------


def a_plan(sizes=(128, 256, 512, 1024), sweeps=5):
    return [
        Slot(memory_mb=size, version=str(size), sweep=sweep, orders=(sweep,))
        for sweep in range(sweeps)
        for size in sizes
    ]


class Watch:
    """Notes what runs at the same time."""

    def __init__(self, seconds=lambda slot: 0.002):
        self.seconds, self.lock = seconds, threading.Lock()
        self.busy, self.most, self.twice, self.ran, self.ahead = Counter(), 0, False, [], 0
        self.done = Counter()

    def __call__(self, slot):
        with self.lock:
            self.busy[slot.memory_mb] += 1
            self.most = max(self.most, sum(self.busy.values()))
            self.twice = self.twice or self.busy[slot.memory_mb] > 1
            self.ahead = max(self.ahead, slot.sweep - min(self.done[size] for size in (128, 256, 512, 1024)))
        time.sleep(self.seconds(slot))
        with self.lock:
            self.busy[slot.memory_mb] -= 1
            self.done[slot.memory_mb] = slot.sweep + 1
            self.ran.append(slot)


@pytest.mark.parametrize("lanes", [1, 2, 3, 9])
def test_all_slots_run_and_never_two_of_one_size_at_the_same_time(lanes):
    watch = Watch()
    work_through(a_plan(), lanes, may_start=lambda slot: True, run=watch)
    assert sorted(watch.ran, key=repr) == sorted(a_plan(), key=repr)
    assert not watch.twice
    assert watch.most <= min(lanes, 4)


def test_a_slow_size_is_never_left_behind_by_more_than_a_sweep():
    watch = Watch(lambda slot: 0.02 if slot.memory_mb == 128 else 0.0)
    work_through(a_plan(), 3, may_start=lambda slot: True, run=watch)
    assert watch.ahead <= 1


@pytest.mark.parametrize("lanes", [1, 3])
def test_nothing_starts_once_it_may_not_and_what_runs_is_waited_for(lanes):
    watch, allowed = Watch(), iter([True] * 7 + [False] * 100)
    work_through(a_plan(), lanes, may_start=lambda slot: next(allowed), run=watch)
    assert len(watch.ran) == 7


@pytest.mark.parametrize("lanes", [1, 3])
def test_a_size_that_is_dropped_does_not_hold_the_others_up(lanes):
    watch = Watch()
    work_through(a_plan(), lanes, may_start=lambda slot: None if slot.memory_mb == 128 else True, run=watch)
    assert Counter(slot.memory_mb for slot in watch.ran) == {256: 5, 512: 5, 1024: 5}


@pytest.mark.parametrize("lanes", [1, 3])
def test_an_error_in_one_slot_ends_the_others_and_is_raised(lanes):
    watch = Watch()

    def run(slot):
        if (slot.memory_mb, slot.sweep) == (512, 2):
            raise RuntimeError("broken")
        watch(slot)

    with pytest.raises(RuntimeError, match="broken"):
        work_through(a_plan(sweeps=50), lanes, may_start=lambda slot: True, run=run)
    assert len(watch.ran) < 50


@pytest.mark.parametrize("lanes", [1, 3])
def test_an_error_in_the_question_whether_to_start_is_raised_too(lanes):
    def ask(slot):
        raise KeyError("store")

    with pytest.raises(KeyError):
        work_through(a_plan(), lanes, may_start=ask, run=lambda slot: None)


def test_two_versions_of_one_size_take_turns_each_with_no_more_at_once_than_its_batch_says():
    sides = [work(512, 12, version=version, parallel=3) for version in ("1", "2")]
    plan = planned(*sides, parallel=5)
    assert [slot.sweep for slot in plan] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert all({slot.version for slot in plan[pair : pair + 2]} == {"1", "2"} for pair in range(0, 8, 2))
    assert {len(slot.orders) for slot in plan} == {3}
