"""Which of very many values are drawn, so that the drawn ones look like all of them. Without chance."""

from collections.abc import Sequence

_ENDS_SHARE = 0.1
_MOST_AT_AN_END = 10


def allot(counts: Sequence[int], room: int) -> list[int]:
    """How many of each group there is room for: all of the small ones, and of the others equally many.

    What is left over when it is divided goes to the first of them.
    """
    given = [0] * len(counts)
    smallest_first = sorted(range(len(counts)), key=counts.__getitem__)
    for place, group in enumerate(smallest_first):
        waiting = len(counts) - place
        given[group] = min(counts[group], -(-room // waiting)) if room > 0 else 0
        room -= given[group]
    return given


def over_the_ranks(values: Sequence[float], wanted: int) -> list[int]:
    """The places, ascending, of so many values: the lowest and the highest, and the others evenly over the ranks.

    A tenth of them, and at most ten, lie at each end without a gap. Equal values are told apart by their places.
    """
    count = len(values)
    if wanted >= count:
        return list(range(count))
    if wanted <= 0:
        return []
    ranked = sorted(range(count), key=values.__getitem__)
    if wanted == 1:
        return [ranked[count // 2]]
    end = max(1, min(_MOST_AT_AN_END, int(wanted * _ENDS_SHARE)))
    between = wanted - 2 * end
    # The middle of each of as many equal parts of the ranks that are left.
    step = (count - 2 * end) / between if between else 0.0
    ranks = [*range(end), *(end + int((index + 0.5) * step) for index in range(between)), *range(count - end, count)]
    return sorted(ranked[rank] for rank in ranks)
