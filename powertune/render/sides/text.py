"""Runs side by side for the terminal."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from powertune.domain.side_by_side import DifferenceKind, SideBySide
from powertune.render import figures
from powertune.render.safe import cells, fit, one_line
from powertune.render.sides import words
from powertune.render.text.plain import ascii_text

_BOLD, _YELLOW, _RESET = "\x1b[1m", "\x1b[33m", "\x1b[0m"
_GAP = "  "
_LONGEST_TEXT = 600
_LEAST_WIDTH = 20
_LONGEST_VALUE = 120
_MEMORY, _RUN = 0, 1
_DROPPED = (6, 8, 7, 9)
"""The columns that are left out where the table is too wide, in this order: p95, memory used, cold starts, errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paper:
    """What is written on: its columns, and whether it shows nothing but ASCII."""

    width: int
    ascii_only: bool

    def text(self, text: str) -> str:
        return ascii_text(text) if self.ascii_only else text

    def line(self, text: str) -> str:
        """A finished text, cut to the width."""
        cut = fit(text, self.width).rstrip()
        return cut.replace("…", ".") if self.ascii_only else cut

    def wrapped(self, text: str, *, indent: str = "", hanging: str = "") -> list[str]:
        """A text on as many lines as it needs; ``indent`` begins the first, ``hanging`` all others."""
        flat = self.text(one_line(text, _LONGEST_TEXT))
        lines = textwrap.wrap(
            flat, self.width, initial_indent=indent, subsequent_indent=hanging, break_on_hyphens=False
        )
        return [part for line in lines for part in _halved(line, self.width)]


def sides_text(compared: SideBySide, *, width: int = 80, colour: bool = False, ascii_only: bool = False) -> str:
    """The answer, the runs, what differs between them, and a table of the memory sizes that they share.

    No line is wider than ``width`` columns (at least 20). ``*`` marks the size that a run recommends.
    """
    paper = _Paper(width=max(width, _LEAST_WIDTH), ascii_only=ascii_only)
    lines = _lines(compared, paper)
    return "".join(f"{code}{text}{_RESET}\n" if code and colour else f"{text}\n" for text, code in lines)


def _lines(compared: SideBySide, paper: _Paper) -> Iterator[tuple[str, str]]:
    """Lines with the code of their colour."""
    for text in paper.wrapped(words.answer(compared)):
        yield text, _BOLD
    yield "", ""
    for run in compared.runs:
        for text in paper.wrapped(f"{run.label}: {' · '.join(words.about(run))}"):
            yield text, ""
        for text in paper.wrapped(run.sentence, indent="  ", hanging="  "):
            yield text, ""
    for difference in compared.differences:
        unlike = difference.kind is DifferenceKind.CONDITION
        values = (
            value if labels == value else f"{labels}: {one_line(value, _LONGEST_VALUE)}"
            for labels, value in words.grouped(compared, difference)
        )
        told = f"{'Warning: not alike in' if unlike else 'Differs:'} {difference.what}. {'; '.join(values)}"
        for text in paper.wrapped(told, hanging="  "):
            yield text, _YELLOW if unlike else ""
    yield "", ""
    if compared.sizes_mb:
        for text in _table(compared, paper):
            yield paper.line(text), ""
    for told in (*words.alone(compared), words.WHAT_IT_IS):
        for text in paper.wrapped(told):
            yield text, ""


def _table(compared: SideBySide, paper: _Paper) -> Iterator[str]:
    rows = list(words.rows(compared))
    titles = ["Memory", "Run", *words.titles(compared)]
    lines = [[paper.text(text) for text in _texts(compared, row)] for row in rows]
    measured = [line for line, row in zip(lines, rows, strict=True) if not row.state]
    shown, widths = list(range(len(titles))), dict[int, int]()
    for dropped in (None, *_DROPPED):
        shown = [at for at in shown if at != dropped]
        widths = {
            at: max(cells(text[at]) for text in (titles, *(lines if at in (_MEMORY, _RUN) else measured)))
            for at in shown
        }
        if _width(widths) <= paper.width:
            break
    yield _laid_out(titles, shown, widths)
    yield paper.text("─" * min(paper.width, _width(widths)))
    for row, line in zip(rows, lines, strict=True):
        if row.state:
            state = paper.text(one_line(row.state))
            yield f"{_laid_out(line, (_MEMORY, _RUN), widths)}{_GAP}{state}"
        else:
            yield _laid_out(line, shown, widths)
    star = "* recommended by that run; " if any(row.recommended for row in rows) else ""
    yield paper.text(f"{star}± half of the mean’s 95 % interval")


def _texts(compared: SideBySide, row: words.Row) -> tuple[str, ...]:
    memory = figures.memory(row.memory_mb) if row.run == 0 else ""
    return (memory, f"{'*' if row.recommended else ' '}{one_line(compared.runs[row.run].label)}", *row.texts)


def _width(widths: dict[int, int]) -> int:
    return sum(widths.values()) + len(_GAP) * (len(widths) - 1)


def _laid_out(texts: Sequence[str], shown: Sequence[int], widths: dict[int, int]) -> str:
    parts = []
    for at in shown:
        space = " " * (widths[at] - cells(texts[at]))
        parts.append(texts[at] + space if at == _RUN else space + texts[at])
    return _GAP.join(parts)


def _halved(line: str, width: int) -> Iterator[str]:
    """Lines of wide characters, which textwrap counts as one column each."""
    while cells(line) > width:
        cut = len(fit(line, width)) - 1
        yield line[:cut]
        line = line[cut:]
    yield line
