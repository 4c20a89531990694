"""A history of runs for the terminal."""

import textwrap
from collections.abc import Callable, Sequence

from powertune.domain.compared import ComparedBy
from powertune.domain.history import RunSummary
from powertune.render import figures
from powertune.render.history import words
from powertune.render.paper import GAP, LEAST_WIDTH, Column, Table
from powertune.render.safe import cells, fit, one_line

_BLOCKS, _ASCII_BLOCKS = "▁▂▃▄▅▆▇█", "_.-=+*%#"
_LEAST_POINTS = 3
_NARROWEST_RULE = 1
_REMARKS_WIDTH = 14
"""Columns of a terminal that remarks have at least beside the rest of a row, where they need so many."""
_KEPT_FROM = 7
"""Columns that are kept so much do not make room for remarks, which then stand below the row."""
_INDENT = "  "


def render_history(runs: Sequence[RunSummary], *, width: int = 100, plain: bool = False) -> str:
    """The runs of one function, the newest first, in a table; then how the duration went.

    No line is wider than ``width`` columns (at least 20); columns are left out, the least important first. What sets
    a run apart is never left out. A ``*`` marks code that the run before did not have. With ``plain`` there is nothing
    but ASCII in the drawing.
    """
    width = max(width, LEAST_WIDTH)
    changed = {change.run.run_id for change in words.deployments(runs)}

    def column(title: str, of: Callable[[RunSummary], str], keep: int, *, left: bool = True) -> Column:
        return Column(title=title, texts=tuple(map(of, runs)), keep=keep, left=left)

    def code(run: RunSummary) -> str:
        return f"{'*' if run.run_id in changed else ' '}{words.code(run)}"

    def durations(run: RunSummary) -> str:
        return words.from_to(run, words.duration(run.present), words.duration(run.recommended))

    def costs(run: RunSummary) -> str:
        return words.from_to(run, words.cost(run.present), words.cost(run.recommended))

    columns = [
        column("Date (UTC)", words.date, 9),
        column("Run", words.run_id, 5),
        column(" Code", code, 7),
        column("Memory", words.memory, 8, left=False),
        column("Mean duration", durations, 6, left=False),
        column("Per million", costs, 4, left=False),
        column("How sure", words.sure, 1),
        column("Run cost", lambda run: figures.money(run.cost), 2, left=False),
    ]
    rows = table(columns, width, [words.remarks(run) for run in runs])
    lines = [fit(words.headline(runs), width), "", *rows, ""]
    lines += [fit(line, width) for line in _notes(changed)]
    lines += [fit(line, width) for line in _sparks(runs, width, plain=plain)]
    return "\n".join(lines) + "\n"


def render_functions(runs: Sequence[RunSummary], *, width: int = 100) -> str:
    """Every function that has runs, with their number and the latest; ``runs`` has the newest first."""
    width = max(width, LEAST_WIDTH)
    by_function = words.functions(runs)
    of = list(by_function.values())
    columns = [
        Column(title="Function", texts=tuple(by_function), keep=9, left=True),
        Column(title="Runs", texts=tuple(figures.count(len(one)) for one in of), keep=8),
        Column(title="Last run (UTC)", texts=tuple(words.date(one[0]) for one in of), keep=7, left=True),
        Column(title="Memory", texts=tuple(words.memory(one[0]) for one in of), keep=6),
    ]
    return "\n".join(table(columns, width, [words.remarks(one[0]) for one in of])) + "\n"


def table(columns: list[Column], width: int, remarks: Sequence[Sequence[str]]) -> list[str]:
    """Titles, a rule and the rows, none wider than ``width``.

    The remarks of each row stand at its end, and go on below it; where there is no room, all of them stand below it.
    """
    columns = [one for one in columns if one.title.strip() or any(one.texts)]
    least = min(_REMARKS_WIDTH, max((cells(", ".join(one)) for one in remarks), default=0))
    beside = least + len(GAP) if least else 0
    while len(columns) > 2 and _width(columns) + beside > width:
        least_kept = min(columns, key=lambda column: column.keep)
        if least_kept.keep >= _KEPT_FROM:
            beside = 0
        if _width(columns) + beside > width:
            columns.remove(least_kept)
    room = width - _width(columns) - len(GAP)
    has_room = room >= least > 0
    shown = Table(columns=tuple(columns))
    titles = f"{shown.titles}{GAP}Remarks" if has_room else shown.titles.rstrip()
    texts = []
    for row, said in enumerate(remarks):
        text = shown.row(row)
        if has_room:
            first, *more = _wrapped(said, room) or [""]
            texts += [f"{text}{GAP}{first}".rstrip(), *(" " * (width - room) + line for line in more)]
        else:
            texts += [text.rstrip(), *(_INDENT + line for line in _wrapped(said, width - len(_INDENT)))]
    rule = "─" * min(width, max([_NARROWEST_RULE, cells(titles), *map(cells, texts)]))
    return [fit(titles, width), rule, *(fit(text, width) for text in texts)]


def _wrapped(remarks: Sequence[str], width: int) -> list[str]:
    """Remarks on lines of so many columns: each on one line where that goes."""
    lines: list[str] = []
    for number, remark in enumerate(remarks, 1):
        text = remark + "," * (number < len(remarks))
        if lines and cells(lines[-1]) + 1 + cells(text) <= width:
            lines[-1] += f" {text}"
        else:
            lines += textwrap.wrap(text, width)
    return lines


def _width(columns: Sequence[Column]) -> int:
    return Table(columns=tuple(columns)).width


def _notes(changed: set[str]) -> list[str]:
    notes = ["a → b: at the size that the function had, and at the recommended one"]
    if changed:
        notes.append("* other code than in the run before")
    return notes


def _sparks(runs: Sequence[RunSummary], width: int, *, plain: bool) -> list[str]:
    """How the mean at the size that the function has went, over the runs that are like the newest; oldest first."""
    usual = [run for run in words.oldest_first(runs) if run.compared is not ComparedBy.ONCE]
    if not usual:
        return []
    like, memory_mb = words.alike(usual[-1]), usual[-1].present_mb
    drawn = [
        (size, size.duration_ms.mean)
        for run in usual
        for size in (words.at_size(run, memory_mb),)
        if words.alike(run) == like and size is not None and size.duration_ms is not None
    ]
    if len(drawn) < _LEAST_POINTS:
        return []
    title = f"Duration at {figures.memory(memory_mb)}, oldest first: "
    drawn = drawn[-max(_LEAST_POINTS, width - cells(title) - 30) :]
    means = [mean for _, mean in drawn]
    low, high = min(means), max(means)
    blocks = _ASCII_BLOCKS if plain else _BLOCKS
    # From nought, as in the report: what is twice as long is twice as high.
    bars = "".join(blocks[min(int(mean / high * len(blocks)), len(blocks) - 1) if high else 0] for mean in means)
    lowest, highest = (next(size for size, mean in drawn if mean == one) for one in (low, high))
    ends = f"{words.duration(lowest)} to {words.duration(highest)}"
    return [f"{title}{bars}  {one_line(ends)}"]
