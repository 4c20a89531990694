"""Charts with a row for each memory size: which rows are drawn first where there are too many for one look."""

from collections.abc import Iterable, Sequence

from powertune.domain.result import TuningResult
from powertune.render import figures
from powertune.render.compared import equivalent_sizes
from powertune.render.markup import Markup

MOST_AT_FIRST = 12
"""Rows that a reader takes in at one look; the page offers the others."""


_NAMED = 8


def named(sizes_mb: Sequence[int]) -> str:
    """Memory sizes as they stand in a sentence: ``256 MB and 512 MB``; the first of many, and how many more."""
    shown = [figures.memory(mb) for mb in sizes_mb[:_NAMED]]
    if len(sizes_mb) > _NAMED:
        return f"{', '.join(shown)} and {figures.count(len(sizes_mb) - _NAMED)} more"
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)


def first_rows(result: TuningResult, sizes_mb: Iterable[int]) -> list[int]:
    """The sizes that are drawn first, ascending: all where they are few.

    Otherwise the recommended size, the present one, the smallest and the largest, equivalents, and others at even
    distances.
    """
    given = sorted(set(sizes_mb))
    if len(given) <= MOST_AT_FIRST:
        return given
    best = [result.recommendation.memory_mb] if result.recommendation else []
    alike = sorted(equivalent_sizes(result))[: MOST_AT_FIRST // 3]
    wanted = [*best, result.function.original_memory_mb, given[0], given[-1], *alike]
    even = [given[round(index * (len(given) - 1) / (MOST_AT_FIRST - 1))] for index in range(MOST_AT_FIRST)]
    known = [mb for mb in dict.fromkeys([*wanted, *even]) if mb in set(given)]
    return sorted(known[:MOST_AT_FIRST])


def page_rows(result: TuningResult, sizes_mb: Sequence[int]) -> dict[str, list[str]]:
    """What a chart says to its script of its rows: the label of each, and of those that are drawn first.

    Those are the same sizes in every chart, as far as it has them.
    """
    first = set(first_rows(result, (size.memory_mb for size in result.memory_sizes))).intersection(sizes_mb)
    return {
        "labels": [figures.memory(mb) for mb in sizes_mb],
        "first": [figures.memory(mb) for mb in sorted(first)],
    }


def rows_choice(result: TuningResult) -> Markup:
    """A choice between the rows that are drawn first and all of them; nothing where those are the same."""
    sizes_mb = [size.memory_mb for size in result.memory_sizes]
    first = first_rows(result, sizes_mb)
    if len(first) == len(sizes_mb):
        return ""
    some, every = figures.plural(len(first), "size"), figures.count(len(sizes_mb))
    return (
        '<form class="controls choice" hidden aria-label="Rows of the charts below"><label>Memory sizes in the charts '
        f'from here on <select name="rows"><option value="first">{some} of {every}</option>'
        f'<option value="all">all {every}</option></select></label></form>'
    )
