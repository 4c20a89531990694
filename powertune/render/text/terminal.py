"""A result for the terminal."""

from collections.abc import Iterator

from powertune.domain.result import TuningResult
from powertune.render import figures, sentence
from powertune.render.architectures import architecture_lines, clone_note, spent_beside, verdict
from powertune.render.bill import spent
from powertune.render.certainty import goal_words, other_goals_line
from powertune.render.compared import is_measured, state_of
from powertune.render.failures import failures
from powertune.render.monthly import month_sentence
from powertune.render.paper import BOLD, DIM, GAP, LEAST_WIDTH, RED, YELLOW, Column, Paper, Table
from powertune.render.safe import one_line
from powertune.render.text.size_columns import legend, size_columns
from powertune.render.text.size_word import is_recommended, mark
from powertune.render.text.terminal_chart import chart_lines


def render_terminal(
    result: TuningResult, *, width: int = 80, colour: bool = False, chart: bool = False, ascii_only: bool = False
) -> str:
    """The table of all sizes, then the answer, reasons, warnings and what the run spent.

    No line is wider than ``width`` columns (at least 20); columns are left out, the least important first,
    where the table would be. ``*`` marks the recommended size. With ``colour``, ANSI sequences are added; with
    ``chart``, bars of duration and cost below the table. ``ascii_only`` is for an encoding that has no more.
    """
    paper = Paper(width=max(width, LEAST_WIDTH), colour=colour, ascii_only=ascii_only)
    lines = [paper.paint(paper.line(_title(result)), BOLD)]
    for text in filter(None, (sentence.where(result), clone_note(result))):
        lines += paper.wrapped(text)
    lines += ["", *_table(result, paper), ""] if result.memory_sizes else [""]
    drawn = chart_lines(result, paper.width, ascii_only=ascii_only) if chart else []
    if drawn:
        lines += [*drawn, ""]
    lines += paper.wrapped(sentence.answer(result), code=BOLD)
    beside = architecture_lines(result, paper)
    if beside:
        lines += paper.wrapped(verdict(result)) if verdict(result) else []
        lines += ["", *beside, ""]
    done = sentence.applied(result)
    if done:
        lines += paper.wrapped(done)
    for text in (*sentence.reasons(result), *(result.search.notes if result.search is not None else ())):
        lines += paper.wrapped(text, first="- ")
    for sizes, state, reason in failures(result):
        if reason is not None:
            lines += paper.wrapped(f"{sizes} {state}: {reason}", first="- ")
    for text in filter(None, (other_goals_line(result), month_sentence(result))):
        lines += paper.wrapped(text)
    lost = sentence.not_restored(result)
    if lost:
        lines += paper.wrapped(lost, code=RED)
    for warning in result.warnings:
        lines += paper.wrapped(f"Warning: {warning}", code=YELLOW)
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


def _table(result: TuningResult, paper: Paper) -> list[str]:
    columns = _columns(result, paper)
    table = Table.fitted(columns, paper.width)
    wordless = columns[-1] not in table.columns
    if wordless:
        table = Table.fitted(_columns(result, paper, present="o"), paper.width)
    lines = table.head(paper)
    for row, size in enumerate(result.memory_sizes):
        measured = is_measured(result, size)
        if measured:
            text = table.row(row)
        else:
            reason = f": {one_line(size.reason)}" if size.reason else ""
            text = f"{table.row(row, columns=1)}{GAP}{state_of(result, size)}{reason}"
        code = BOLD if is_recommended(result, size.memory_mb) else "" if measured else DIM
        lines.append(paper.paint(paper.line(text), code))
    said = "; ".join([*_marks(result, wordless=wordless), legend(result)])
    return [*lines, *paper.wrapped(said)]


def _marks(result: TuningResult, *, wordless: bool) -> Iterator[str]:
    """What the marks before the memory sizes mean; that of the present size, where there is no room for words."""
    best, present = result.recommendation, sentence.present_size(result) if wordless else None
    both = best is not None and present is not None and best.memory_mb == present.memory_mb
    if best is not None:
        yield f"* recommended{f' and {sentence.present_word(result)}' * both}"
    if present is not None and not both:
        yield f"o {sentence.present_word(result)}"


def _columns(result: TuningResult, paper: Paper, *, present: str = " ") -> list[Column]:
    """All columns, the words last; ``present`` is a mark of the present size."""
    sizes = result.memory_sizes
    widest = max((len(figures.memory(size.memory_mb)) for size in sizes), default=0)
    memory = tuple(
        f"{'*' if is_recommended(result, mb) else present if sentence.is_present(result, mb) else ' '}"
        f"{figures.memory(mb):>{widest}}"
        for mb in (size.memory_mb for size in sizes)
    )
    words = tuple(mark(result, size.memory_mb) if is_measured(result, size) else "" for size in sizes)
    middle = (
        Column(
            title=column.title,
            texts=tuple(paper.text(column.of(size)) if is_measured(result, size) else "" for size in sizes),
            keep=column.keep,
        )
        for column in size_columns(result)
    )
    return [
        Column(title="Memory", texts=memory, keep=9),
        *middle,
        Column(title="", texts=words, keep=4, left=True),
    ]
