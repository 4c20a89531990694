"""A result for the terminal."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from powertune.domain.result import TuningResult
from powertune.render import figures, sentence
from powertune.render.architectures import architecture_lines, clone_note, spent_beside, verdict
from powertune.render.bill import spent
from powertune.render.certainty import goal_words, other_goals_line
from powertune.render.compared import is_measured, state_of
from powertune.render.monthly import month_sentence
from powertune.render.safe import cells, fit, one_line
from powertune.render.text.plain import ascii_text
from powertune.render.text.size_columns import legend, size_columns
from powertune.render.text.size_word import is_recommended, mark
from powertune.render.text.terminal_chart import chart_lines

_BOLD, _DIM, _YELLOW, _RED, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[33m", "\x1b[31m", "\x1b[0m"
_GAP = "  "
_LONGEST_TEXT = 600
_MIN_WIDTH = 20
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=%|±|\+/-|(?:[MGK]B|ms|[µu]s|s)\b)")
_TOGETHER = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """``keep`` orders the columns: the one with the lowest goes first where the table is too wide."""

    title: str
    texts: tuple[str, ...]
    keep: int
    left: bool = False

    @property
    def width(self) -> int:
        return max(map(cells, (self.title, *self.texts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paper:
    """What is written on: how wide it is, and what it can show."""

    width: int
    colour: bool
    ascii_only: bool

    def text(self, text: str) -> str:
        """A text as it can be shown."""
        return ascii_text(text) if self.ascii_only else text

    def line(self, text: str) -> str:
        """A line cut to the width."""
        cut = fit(self.text(text), self.width)
        return cut.replace("…", ".") if self.ascii_only else cut

    def paint(self, text: str, code: str) -> str:
        """A line in a colour, if there are any."""
        return f"{code}{text}{_RESET}" if self.colour else text

    def wrapped(self, text: str, *, bullet: str = "", code: str = "") -> list[str]:
        """A text on as many lines as it needs."""
        flat = _BEFORE_UNIT.sub(_TOGETHER, self.text(one_line(text, _LONGEST_TEXT)))
        indent = " " * len(bullet)
        lines = textwrap.wrap(flat, self.width, initial_indent=bullet, subsequent_indent=indent, break_on_hyphens=False)
        halved = (part.replace(_TOGETHER, " ") for line in lines for part in _halved(line, self.width))
        return [self.paint(part, code) if code else part for part in halved]


def render_terminal(
    result: TuningResult, *, width: int = 80, colour: bool = False, chart: bool = False, ascii_only: bool = False
) -> str:
    """The table of all sizes, then the answer, reasons, warnings and what the run spent.

    No line is wider than ``width`` columns (at least 20); columns are left out, the least important first,
    where the table would be. ``*`` marks the recommended size. With ``colour``, ANSI sequences are added; with
    ``chart``, bars of duration and cost below the table. ``ascii_only`` is for an encoding that has no more.
    """
    paper = _Paper(width=max(width, _MIN_WIDTH), colour=colour, ascii_only=ascii_only)
    lines = [paper.paint(paper.line(_title(result)), _BOLD)]
    for text in filter(None, (sentence.where(result), clone_note(result))):
        lines += paper.wrapped(text)
    lines += ["", *_table(result, paper), ""] if result.memory_sizes else [""]
    drawn = chart_lines(result, paper.width, ascii_only=ascii_only) if chart else []
    if drawn:
        lines += [*drawn, ""]
    lines += paper.wrapped(sentence.answer(result), code=_BOLD)
    beside = architecture_lines(result, paper.width)
    if beside:
        lines += paper.wrapped(verdict(result)) if verdict(result) else []
        lines += ["", *map(paper.line, beside), ""]
    done = sentence.applied(result)
    if done:
        lines += paper.wrapped(done)
    for text in (*sentence.reasons(result), *(result.search.notes if result.search is not None else ())):
        lines += paper.wrapped(text, bullet="- ")
    for size in result.memory_sizes:
        if not is_measured(result, size) and size.reason is not None:
            state = state_of(result, size)
            lines += paper.wrapped(f"{figures.memory(size.memory_mb)} {state}: {size.reason}", bullet="- ")
    for text in filter(None, (other_goals_line(result), month_sentence(result))):
        lines += paper.wrapped(text)
    lost = sentence.not_restored(result)
    if lost:
        lines += paper.wrapped(lost, code=_RED)
    for warning in result.warnings:
        lines += paper.wrapped(f"Warning: {warning}", code=_YELLOW)
    for text in filter(None, (spent(result), spent_beside(result))):
        lines += paper.wrapped(text)
    return "\n".join(lines) + "\n"


def _title(result: TuningResult) -> str:
    function = result.function
    parts = [
        function.name,
        function.region,
        function.architecture.value,
        function.runtime or "container image",
    ]
    if result.request.dry_run:
        parts.append("dry run")
    else:
        parts.append(f"strategy {goal_words(result)}")
    if result.request.only_cold_starts:
        parts.append("cold starts")
    return one_line(" · ".join(parts))


def _table(result: TuningResult, paper: _Paper) -> list[str]:
    columns = _columns(result, paper)
    while len(columns) > 2 and _table_width(columns) > paper.width:
        columns.remove(min(columns, key=lambda column: column.keep))
    titles = _GAP.join(_cell(column.title, column) for column in columns)
    lines = [titles.rstrip(), "─" * min(paper.width, max(_table_width(columns), cells(titles)))]
    lines = [paper.line(line) for line in lines]
    for row, size in enumerate(result.memory_sizes):
        measured = is_measured(result, size)
        if measured:
            text = _GAP.join(_cell(column.texts[row], column) for column in columns).rstrip()
        else:
            reason = f": {one_line(size.reason)}" if size.reason else ""
            text = f"{_cell(columns[0].texts[row], columns[0])}{_GAP}{state_of(result, size)}{reason}"
        text = paper.line(text)
        if is_recommended(result, size.memory_mb):
            text = paper.paint(text, _BOLD)
        elif not measured:
            text = paper.paint(text, _DIM)
        lines.append(text)
    recommended = "* recommended; " if result.recommendation is not None else ""
    return [*lines, paper.line(f"{recommended}{legend(result)}")]


def _table_width(columns: list[_Column]) -> int:
    return sum(column.width for column in columns) + len(_GAP) * (len(columns) - 1)


def _cell(text: str, column: _Column) -> str:
    padding = " " * (column.width - cells(text))
    return text + padding if column.left else padding + text


def _columns(result: TuningResult, paper: _Paper) -> list[_Column]:
    sizes = result.memory_sizes
    widest = max((len(figures.memory(size.memory_mb)) for size in sizes), default=0)
    memory = tuple(
        f"{'*' if is_recommended(result, size.memory_mb) else ' '}{figures.memory(size.memory_mb):>{widest}}"
        for size in sizes
    )
    words = tuple(mark(result, size.memory_mb) if is_measured(result, size) else "" for size in sizes)
    middle = (
        _Column(
            title=column.title,
            texts=tuple(paper.text(column.of(size)) if is_measured(result, size) else "" for size in sizes),
            keep=column.keep,
        )
        for column in size_columns(result)
    )
    return [
        _Column(title="Memory", texts=memory, keep=9),
        *middle,
        _Column(title="", texts=words, keep=4, left=True),
    ]


def _halved(line: str, width: int) -> Iterator[str]:
    """Lines of wide characters, which textwrap counts as one column each."""
    while cells(line) > width:
        cut = len(fit(line, width)) - 1
        yield line[:cut]
        line = line[cut:]
    yield line
