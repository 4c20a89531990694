"""Whether two means may be the same."""

from powertune.domain.result import Interval


def overlap(a: Interval | None, b: Interval | None) -> bool | None:
    """Whether two means may be the same: their intervals have a point in common.

    None where one of them has no interval: then nobody knows.
    """
    return None if a is None or b is None else a.low <= b.high and b.low <= a.high


def may_be_chance(a: Interval | None, b: Interval | None) -> bool:
    """Whether the difference of two means may be chance; so it may where one of them has no interval."""
    return overlap(a, b) is not False
