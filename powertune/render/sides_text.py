"""Runs side by side for the terminal."""

import textwrap
from collections.abc import Iterator, Sequence

from powertune.domain.side_by_side import DifferenceKind, SideBySide
from powertune.render import figures, sides
from powertune.render.plain import ascii_text
from powertune.render.safe import cells, fit, one_line

_BOLD, _YELLOW, _RESET = "\x1b[1m", "\x1b[33m", "\x1b[0m"
_GAP = "  "
_LONGEST_TEXT = 600
_LEAST_WIDTH = 20
_LONGEST_VALUE = 120
_MEMORY, _RUN = 0, 1
_DROPPED = (6, 8, 7, 9)
"""The columns that are left out where the table is too wide, in this order: p95, memory used, cold starts, errors."""


def sides_text(compared: SideBySide, *, width: int = 80, colour: bool = False, ascii_only: bool = False) -> str:
    """The answer, the runs, what differs between them, and a table of the memory sizes that they share.

    No line is wider than ``width`` columns (at least 20). ``*`` marks the size that a run recommends.
    """
    width = max(width, _LEAST_WIDTH)
    lines = list(_lines(compared, width))
    texts = [ascii_text(text) if ascii_only else text for text, _ in lines]
    if colour:
        texts = [f"{code}{text}{_RESET}" if code else text for text, (_, code) in zip(texts, lines, strict=True)]
    return "\n".join(text.rstrip() for text in texts) + "\n"


def _lines(compared: SideBySide, width: int) -> Iterator[tuple[str, str]]:
    """Lines with the code of their colour."""
    for text in _wrapped(sides.answer(compared), width):
        yield text, _BOLD
    yield "", ""
    for run in compared.runs:
        for text in _wrapped(f"{run.label}: {' · '.join(sides.about(run))}", width):
            yield text, ""
        for text in _wrapped(run.sentence, width, indent="  "):
            yield text, ""
    for difference in compared.differences:
        words = "Warning: not alike in" if difference.kind is DifferenceKind.CONDITION else "Differs:"
        values = (
            value if labels == value else f"{labels}: {one_line(value, _LONGEST_VALUE)}"
            for labels, value in sides.grouped(compared, difference)
        )
        code = _YELLOW if difference.kind is DifferenceKind.CONDITION else ""
        for text in _wrapped(f"{words} {difference.what}. {'; '.join(values)}", width, hanging="  "):
            yield text, code
    yield "", ""
    if compared.sizes_mb:
        for text in _table(compared, width):
            yield text, ""
    for line in (*sides.alone(compared), sides.WHAT_IT_IS):
        for text in _wrapped(line, width):
            yield text, ""


def _table(compared: SideBySide, width: int) -> Iterator[str]:
    titles = ["Memory", "Run", *sides.titles(compared)]
    lines = [
        [_memory(row), f"{'*' if row.recommended else ' '}{_label(compared, row)}", *row.texts]
        for row in _rows(compared)
    ]
    shown = list(range(len(titles)))
    for dropped in (None, *_DROPPED):
        shown = [at for at in shown if at != dropped]
        widths = _widths(compared, titles, lines, shown)
        if sum(widths.values()) + len(_GAP) * (len(shown) - 1) <= width:
            break
    yield fit(_laid_out(titles, shown, widths), width)
    yield "─" * min(width, sum(widths.values()) + len(_GAP) * (len(shown) - 1))
    for row, line in zip(_rows(compared), lines, strict=True):
        if row.state:
            first = _laid_out(line, [_MEMORY, _RUN], widths)
            yield fit(f"{first}{_GAP}{one_line(row.state)}", width)
        else:
            yield fit(_laid_out(line, shown, widths), width)
    if any(row.recommended for row in _rows(compared)):
        yield fit("* recommended by that run; ± half of the mean's 95 % interval", width)


def _rows(compared: SideBySide) -> list[sides.Row]:
    return list(sides.rows(compared))


def _memory(row: sides.Row) -> str:
    return figures.memory(row.memory_mb) if row.run == 0 else ""


def _label(compared: SideBySide, row: sides.Row) -> str:
    return one_line(compared.runs[row.run].label)


def _widths(
    compared: SideBySide, titles: Sequence[str], lines: Sequence[Sequence[str]], shown: Sequence[int]
) -> dict[int, int]:
    measured = [line for line, row in zip(lines, _rows(compared), strict=True) if not row.state]
    return {
        at: max(cells(titles[at]), *(cells(line[at]) for line in (lines if at in (_MEMORY, _RUN) else measured)), 0)
        for at in shown
    }


def _laid_out(texts: Sequence[str], shown: Sequence[int], widths: dict[int, int]) -> str:
    parts = []
    for at in shown:
        space = " " * (widths[at] - cells(texts[at]))
        parts.append(texts[at] + space if at == _RUN else space + texts[at])
    return _GAP.join(parts)


def _wrapped(text: str, width: int, *, indent: str = "", hanging: str | None = None) -> list[str]:
    later = indent if hanging is None else hanging
    flat = one_line(text, _LONGEST_TEXT)
    wrapped = textwrap.wrap(flat, width, initial_indent=indent, subsequent_indent=later, break_on_hyphens=False)
    return [part for line in wrapped for part in _halved(line, width)]


def _halved(line: str, width: int) -> Iterator[str]:
    """Lines of wide characters, which textwrap counts as one column each."""
    while cells(line) > width:
        cut = len(fit(line, width)) - 1
        yield line[:cut]
        line = line[cut:]
    yield line
