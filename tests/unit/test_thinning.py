"""Which of many samples a chart draws."""

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.sample import Outcome, Sample
from powertune.render.page.points import PointKind
from powertune.render.page.samples import chosen, tally
from powertune.render.page.thinning import allot, over_the_ranks

COUNTS = st.lists(st.integers(0, 500), max_size=12)


def made(
    memory_mb: int, count: int, *, cold: int = 0, failed: int = 0, of_ms: Sequence[float] | None = None
) -> list[Sample]:
    chance = random.Random(memory_mb)
    return [
        Sample(
            memory_mb=memory_mb,
            version="1",
            order=order,
            request_id=f"{memory_mb}-{order}",
            trace_id=None,
            outcome=Outcome.ERROR if order < failed else Outcome.OK,
            cold=failed <= order < failed + cold,
            duration_ms=of_ms[order] if of_ms else chance.lognormvariate(4, 0.5),
            billed_ms=100,
        )
        for order in range(count)
    ]


@given(COUNTS, st.integers(0, 2000))
def test_room_is_used_up_and_small_groups_are_whole(counts: list[int], room: int) -> None:
    given_each = allot(counts, room)
    assert sum(given_each) == min(room, sum(counts))
    assert all(0 <= one <= count for one, count in zip(given_each, counts, strict=True))
    thinned = [one for one, count in zip(given_each, counts, strict=True) if one < count]
    assert not thinned or max(given_each) <= min(thinned) + 1


@given(st.lists(st.floats(0, 1e6), max_size=300), st.integers(0, 350))
def test_so_many_places_as_wanted_are_chosen_each_once(values: list[float], wanted: int) -> None:
    places = over_the_ranks(values, wanted)
    assert len(places) == min(wanted, len(values))
    assert places == sorted(set(places))
    assert all(0 <= place < len(values) for place in places)


@given(st.lists(st.floats(0, 1e6), min_size=3, max_size=300), st.integers(2, 100))
def test_the_lowest_and_the_highest_are_among_them(values: list[float], wanted: int) -> None:
    kept = [values[place] for place in over_the_ranks(values, wanted)]
    assert (min(kept), max(kept)) == (min(values), max(values))


def test_what_is_drawn_has_the_quantiles_of_the_whole() -> None:
    chance = random.Random(3)
    values = [chance.choice((1.0, 3.0)) * chance.lognormvariate(4, 0.4) for _ in range(50_000)]
    kept = sorted(values[place] for place in over_the_ranks(values, 1000))
    ordered = sorted(values)
    for share in (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95):
        # The ten at each end without gaps shift the others by no more than a hundredth of the ranks.
        low, high = ordered[int((share - 0.01) * 50_000)], ordered[int((share + 0.01) * 50_000)]
        assert low <= kept[int(share * 1000)] <= high


def test_all_are_drawn_where_there_is_room() -> None:
    samples = made(128, 40, cold=3, failed=2) + made(256, 60)
    found = chosen(samples, 100)
    assert (found.drawn, found.drawable) == (100, 100)
    assert {kind: len(members) for kind, members in found.by_kind.items()} == {
        PointKind.WARM: 95,
        PointKind.COLD: 3,
        PointKind.FAILED: 2,
    }


def test_cold_starts_and_failures_are_whole_while_warm_ones_are_thinned() -> None:
    found = chosen(made(128, 900, cold=30, failed=20) + made(256, 100), 300)
    assert found.drawn == 300
    assert len(found.by_kind[PointKind.COLD]) == 30
    assert len(found.by_kind[PointKind.FAILED]) == 20
    assert sum(sample.memory_mb == 256 for sample in found.by_kind[PointKind.WARM]) == 100


def test_cold_starts_leave_half_the_room_to_warm_ones() -> None:
    found = chosen(made(128, 2000, cold=1000), 300)
    assert {kind: len(members) for kind, members in found.by_kind.items()} == {
        PointKind.WARM: 150,
        PointKind.COLD: 150,
    }


def test_cold_starts_take_what_warm_ones_do_not_need() -> None:
    found = chosen(made(128, 1000, cold=990), 300)
    assert len(found.by_kind[PointKind.WARM]) == 10
    assert len(found.by_kind[PointKind.COLD]) == 290


def test_the_same_samples_are_drawn_each_time_and_in_the_order_of_their_size_and_number() -> None:
    samples = made(512, 700, cold=5) + made(128, 700)
    found, again = chosen(samples, 200), chosen(list(samples), 200)
    assert found.by_kind == again.by_kind
    for members in found.by_kind.values():
        keys = [(sample.memory_mb, sample.order) for sample in members]
        assert keys == sorted(keys)


def test_the_slowest_of_a_hundred_thousand_is_drawn() -> None:
    of_ms = [100.0] * 100_000
    of_ms[77_777] = 9000.0
    found = chosen(made(128, 100_000, of_ms=of_ms), 1000)
    assert max(sample.duration_ms or 0 for sample in found.by_kind[PointKind.WARM]) == 9000.0


def test_what_has_no_duration_is_counted_apart_and_takes_no_room() -> None:
    samples = made(128, 10)
    lost = [
        Sample(memory_mb=128, version="1", order=n, request_id=None, trace_id=None, outcome=Outcome.LOST)
        for n in range(10, 60)
    ]
    assert (found := chosen([*samples, *lost], 20)).drawn == found.drawable == 10
    done = tally([*samples, *lost])
    assert (done.drawable, done.waitless, done.kinds[PointKind.FAILED], done.kinds[PointKind.WARM]) == (10, 50, 50, 10)
