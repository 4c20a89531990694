"""A check for the terminal."""

from collections.abc import Iterator

from powertune.domain.check import Verdict
from powertune.domain.result import TuningResult
from powertune.render import figures, sentence
from powertune.render.bill import spent
from powertune.render.checks import words
from powertune.render.checks.optimum import optimum_words
from powertune.render.checks.rows import Row, report_of, rows
from powertune.render.checks.trend import trend_lines
from powertune.render.paper import BOLD, DIM, LEAST_WIDTH, RED, YELLOW, Column, Paper, Table
from powertune.render.safe import one_line

_LONGEST_ANSWER = 2_000


def render_check_terminal(
    result: TuningResult, *, width: int = 80, colour: bool = False, ascii_only: bool = False
) -> str:
    """The verdict in capitals with its sentence, the table of metrics, notes, and what the check spent.

    No line is wider than ``width`` columns (at least 20); columns are left out, the least important first. With
    ``colour``, ANSI sequences are added, which say nothing that the words do not. ``ascii_only`` is for an encoding
    that has no more.
    """
    paper = Paper(width=max(width, LEAST_WIDTH), colour=colour, ascii_only=ascii_only)
    return "".join(f"{line}\n" for line in _lines(result, paper))


def _lines(result: TuningResult, paper: Paper) -> Iterator[str]:
    check = report_of(result)
    yield paper.paint(paper.line(_title(result)), BOLD)
    where = sentence.where(result)
    if where:
        yield from paper.wrapped(where)
    yield ""
    code = RED if check.verdict is Verdict.WORSE else YELLOW if check.verdict is Verdict.UNDECIDED else BOLD
    yield from paper.wrapped(f"{words.aside(check)}: {words.answer(result)}", code=code, longest=_LONGEST_ANSWER)
    found = list(rows(result))
    if found:
        yield ""
        yield from _table(found, paper)
        yield from paper.wrapped(words.what_counts(check))
    yield ""
    optimum = optimum_words(check.optimum)
    told = (*words.details(result), *([optimum] if optimum else ()))
    for text in (*told, *(trend_lines(check.trend, check.settings) if check.trend is not None else ())):
        yield from paper.wrapped(text, first="- ")
    lost = sentence.not_restored(result)
    if lost:
        yield from paper.wrapped(lost, code=RED)
    for text in (words.how_measured(result), spent(result)):
        yield from paper.wrapped(text)


def _title(result: TuningResult) -> str:
    subject = report_of(result).subject
    parts = [
        f"check of {words.called(subject)}",
        subject.region,
        subject.architecture.value,
        subject.runtime or "container image",
        figures.memory(subject.memory_mb),
    ]
    return one_line(" · ".join(parts))


def _table(found: list[Row], paper: Paper) -> Iterator[str]:
    columns = [
        _column(paper, "Metric", [f"{row.name}{'*' if row.deciding else ''}" for row in found], keep=9, left=True),
        _column(paper, "Before", [row.before for row in found], keep=6),
        _column(paper, "After", [row.after for row in found], keep=7),
        _column(paper, "Change", [row.change for row in found], keep=8),
        _column(paper, "Interval", [row.interval for row in found], keep=5),
        _column(paper, "Values", [row.counts for row in found], keep=1),
        _column(paper, "Verdict", [row.verdict for row in found], keep=9, left=True),
    ]
    table = Table.fitted(columns, paper.width, least=2)
    yield from table.head(paper)
    for at, row in enumerate(found):
        code = BOLD if row.found.verdict is Verdict.WORSE else DIM if row.missing else ""
        yield paper.paint(paper.line(table.row(at)), code)
    yield from paper.wrapped(_legend(found, table))


def _column(paper: Paper, title: str, texts: list[str], *, keep: int, left: bool = False) -> Column:
    return Column(title=title, texts=tuple(paper.text(one_line(text)) for text in texts), keep=keep, left=left)


def _legend(found: list[Row], table: Table) -> str:
    titles = {column.title for column in table.columns}
    parts = ["* decides when the check ends"] if any(row.deciding for row in found) else []
    parts += [f"{row.name}: {row.unit}" for row in found if row.unit]
    parts += ["values before / after"] if "Values" in titles else []
    return "; ".join(parts)
