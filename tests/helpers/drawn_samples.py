"""The samples of the main charts as a browser puts them together from the page's columns: reports/memory.js."""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

Charts = Mapping[str, Any]


def columns(charts: Charts) -> dict[str, Any]:
    """What both charts share, wherever it lies."""
    owners = [c["page"]["samples"] for c in charts.values() if isinstance(c["page"].get("samples"), dict)]
    assert len(owners) == 1
    found: dict[str, Any] = owners[0]
    return found


def hovers(charts: Charts, kind: str) -> list[str]:
    """What each sample of a kind says when it is pointed at, lines apart by ``<br>``."""
    shared = columns(charts)
    mine = shared["kinds"][kind]
    return ["<br>".join(_lines(shared["texts"], mine, row, words)) for row, words in enumerate(_of_sizes(mine))]


def _of_sizes(mine: dict[str, Any]) -> Iterator[str]:
    row = 0
    for words, count, _, _ in mine["runs"]:
        for number in accumulate(mine["no"][row : row + count]):
            yield f"{words} (no. {number})"
        row += count


def _lines(texts: list[str], mine: dict[str, Any], row: int, words: str) -> Iterator[str]:
    yield words
    for before, said in mine["lines"]:
        if said[row] is not None:
            yield before + texts[said[row]]
