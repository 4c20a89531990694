"""Whether two means may be the same."""

from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.intervals import may_be_chance, overlap
from powertune.domain.result import Interval

ends = st.floats(min_value=-1e6, max_value=1e6)


def between(low, high):
    return Interval(low=low, high=high)


def test_intervals_overlap_where_they_have_a_point_in_common():
    assert overlap(between(1, 3), between(2, 5)) is True
    assert overlap(between(1, 2), between(2, 5)) is True
    assert overlap(between(1, 9), between(2, 5)) is True
    assert overlap(between(1, 2), between(2.1, 5)) is False


def test_without_an_interval_nobody_knows_and_the_difference_may_be_chance():
    for pair in ((None, between(1, 2)), (between(1, 2), None), (None, None)):
        assert overlap(*pair) is None
        assert may_be_chance(*pair)
    assert may_be_chance(between(1, 2), between(2, 3))
    assert not may_be_chance(between(1, 2), between(3, 4))


@given(ends, ends, ends, ends)
def test_it_is_the_same_whichever_comes_first(a, b, c, d):
    one, other = between(min(a, b), max(a, b)), between(min(c, d), max(c, d))
    assert overlap(one, other) is overlap(other, one)
