"""Runs side by side for the terminal."""

from collections.abc import Iterator

from powertune.domain.side_by_side import DifferenceKind, SideBySide
from powertune.render import figures
from powertune.render.paper import BOLD, GAP, LEAST_WIDTH, YELLOW, Column, Paper, Table
from powertune.render.safe import one_line
from powertune.render.sides import words

_LONGEST_VALUE = 120
_LONGEST_ANSWER = 4_000
"""Eight runs with labels as long as they may be are told in half of it."""
_KEEP = {"p95": 1, "Max used": 2, "Cold starts": 3, "Errors": 4}
"""The columns that are left out where the table is too wide, from the first one on; all others stay."""
_ALWAYS = 9


def sides_text(compared: SideBySide, *, width: int = 80, colour: bool = False, ascii_only: bool = False) -> str:
    """The answer, the runs, what differs between them, and a table of the memory sizes that they share.

    No line is wider than ``width`` columns (at least 20). ``*`` marks the size that a run recommends.
    """
    paper = Paper(width=max(width, LEAST_WIDTH), colour=colour, ascii_only=ascii_only)
    return "".join(f"{line}\n" for line in _lines(compared, paper))


def _lines(compared: SideBySide, paper: Paper) -> Iterator[str]:
    yield from paper.wrapped(words.answer(compared), code=BOLD, longest=_LONGEST_ANSWER)
    for text in words.places(compared):
        yield from paper.wrapped(text, code=YELLOW)
    for text in words.details(compared):
        yield from paper.wrapped(text, first="- ", rest="  ")
    yield ""
    for run in compared.runs:
        yield from paper.wrapped(f"{run.label}: {' · '.join(words.about(run))}")
        yield from paper.wrapped(run.sentence, first="  ")
    for difference in compared.differences:
        unlike = difference.kind is DifferenceKind.CONDITION
        values = (
            value if labels == value else f"{labels}: {one_line(value, _LONGEST_VALUE)}"
            for labels, value in words.grouped(compared, difference)
        )
        told = f"{'Warning: not alike in' if unlike else 'Differs:'} {difference.what}. {'; '.join(values)}"
        yield from paper.wrapped(told, rest="  ", code=YELLOW if unlike else "")
    yield ""
    if compared.sizes_mb:
        yield from _table(compared, paper)
    for told in (*words.alone(compared), words.WHAT_IT_IS):
        yield from paper.wrapped(told)


def _table(compared: SideBySide, paper: Paper) -> Iterator[str]:
    rows = list(words.rows(compared))
    memory = tuple(figures.memory(row.memory_mb) if row.run == 0 else "" for row in rows)
    runs = (f"{'*' if row.recommended else ' '}{one_line(compared.runs[row.run].label)}" for row in rows)
    columns = [
        Column(title="Memory", texts=memory, keep=_ALWAYS),
        Column(title="Run", texts=tuple(map(paper.text, runs)), keep=_ALWAYS, left=True),
    ]
    for at, title in enumerate(words.titles(compared)):
        texts = tuple("" if row.state else paper.text(row.texts[at]) for row in rows)
        columns.append(Column(title=title, texts=texts, keep=_KEEP.get(title, _ALWAYS)))
    table = Table.fitted(columns, paper.width, least=sum(one.keep == _ALWAYS for one in columns))
    yield from table.head(paper)
    for at, row in enumerate(rows):
        missing = f"{table.row(at, columns=2)}{GAP}{one_line(row.state)}"
        yield paper.line(missing if row.state else table.row(at))
    star = "* recommended by that run; " if any(row.recommended for row in rows) else ""
    yield paper.line(f"{star}± half of the mean’s 95 % interval")
