"""Lines and tables of a terminal: what does not fit is wrapped, cut or left out."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

from powertune.render.safe import cells, fit, one_line
from powertune.render.text.plain import ascii_text

BOLD, DIM, YELLOW, RED = "\x1b[1m", "\x1b[2m", "\x1b[33m", "\x1b[31m"
GAP = "  "
"""Between the columns of a table."""
LEAST_WIDTH = 20
LONGEST_TEXT = 600
_RESET = "\x1b[0m"
_IN_A_FIGURE = re.compile(r" (?=±|\+/-)|(?<=\d) (?=%|(?:[MGK]B|ms|[µu]s|s)\b)|(?<=±) (?=\d)|(?<=\+/-) (?=\d)")
_TOGETHER = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What is written on: how many columns of a terminal it has, and what it can show."""

    width: int
    colour: bool = False
    ascii_only: bool = False

    def text(self, text: str) -> str:
        """A text as it can be shown."""
        return ascii_text(text) if self.ascii_only else text

    def line(self, text: str) -> str:
        """A line cut to the width."""
        cut = fit(self.text(text), self.width).rstrip()
        return cut.replace("…", ".") if self.ascii_only else cut

    def paint(self, text: str, code: str) -> str:
        """A line in a colour, if there is one and the paper shows any."""
        return f"{code}{text}{_RESET}" if code and self.colour else text

    def wrapped(
        self, text: str, *, first: str = "", rest: str | None = None, code: str = "", longest: int = LONGEST_TEXT
    ) -> list[str]:
        """A text of others on as many lines as it needs; a figure and its unit stay together.

        Args:
            text: the text.
            first: what the first line begins with.
            rest: what the others do; as much space as ``first`` takes, by default.
            code: of its colour.
            longest: as many characters of the text are shown.
        """
        flat = _IN_A_FIGURE.sub(_TOGETHER, self.text(one_line(text, longest)))
        lines = textwrap.wrap(
            flat,
            self.width,
            initial_indent=first,
            subsequent_indent=" " * len(first) if rest is None else rest,
            break_on_hyphens=False,
        )
        return [self.paint(part.replace(_TOGETHER, " "), code) for line in lines for part in _parts(line, self.width)]


def _parts(line: str, width: int) -> Iterator[str]:
    """A line of wide characters, which textwrap counts as one column each, in parts that fit."""
    while cells(line) > width:
        cut = len(fit(line, width)) - 1
        yield line[:cut]
        line = line[cut:]
    yield line


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table, with a text for each row.

    ``keep`` orders the columns: the one with the lowest goes first where the table is too wide. ``width`` is in columns
    of a terminal.
    """

    title: str
    texts: tuple[str, ...]
    keep: int = 0
    left: bool = False
    width: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", max(map(cells, (self.title, *self.texts))))

    def padded(self, text: str) -> str:
        """A text of this column, as wide as the column."""
        padding = " " * (self.width - cells(text))
        return text + padding if self.left else padding + text


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns side by side."""

    columns: tuple[Column, ...]

    @classmethod
    def fitted(cls, columns: Sequence[Column], width: int, *, least: int = 2) -> Self:
        """The columns that fit into so much width: the most dispensable ones are left out, down to ``least``."""
        left = list(columns)
        while len(left) > least and cls(columns=tuple(left)).width > width:
            left.remove(min(left, key=lambda column: column.keep))
        return cls(columns=tuple(left))

    @property
    def width(self) -> int:
        """In columns of a terminal."""
        return sum(column.width for column in self.columns) + len(GAP) * (len(self.columns) - 1)

    @property
    def titles(self) -> str:
        """The titles of the columns."""
        return GAP.join(column.padded(column.title) for column in self.columns)

    def head(self, paper: Paper) -> list[str]:
        """The titles, and the line below them, as they can be shown."""
        return [paper.line(self.titles), paper.line("─" * min(self.width, paper.width))]

    def row(self, at: int, *, columns: int | None = None) -> str:
        """A row, or of it so many first columns, to be cut to the width."""
        return GAP.join(column.padded(column.texts[at]) for column in self.columns[:columns])
