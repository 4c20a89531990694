"""A result for the terminal."""

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from powertune.domain.result import SizeResult, TuningResult
from powertune.render import figures, means, sentence
from powertune.render.architectures import architecture_lines, clone_note, spent_beside, verdict
from powertune.render.bill import spent
from powertune.render.certainty import goal_words, knows_best, misses_target, other_goals_line, stays
from powertune.render.compared import beginning, compared_by, is_measured, state_of
from powertune.render.safe import cells, fit, one_line

_BOLD, _DIM, _YELLOW, _RED, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[33m", "\x1b[31m", "\x1b[0m"
_GAP = "  "
_LONGEST_TEXT = 600
_MIN_WIDTH = 20


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


def render_terminal(result: TuningResult, *, width: int = 80, colour: bool = False) -> str:
    """The table of all sizes, then the answer, reasons, warnings and what the run spent.

    No line is wider than ``width`` columns (at least 20); columns are left out, the least important first,
    where the table would be. ``*`` marks the recommended size. With ``colour``, ANSI sequences are added.
    """
    width = max(width, _MIN_WIDTH)
    paint = _painted if colour else _unpainted
    lines = [paint(fit(_title(result), width), _BOLD)]
    where = sentence.where(result)
    if where:
        lines += _wrapped(where, width)
    clone = clone_note(result)
    if clone:
        lines += _wrapped(clone, width)
    lines += ["", *_table(result, width, colour), ""]
    lines += [paint(line, _BOLD) for line in _wrapped(one_line(sentence.answer(result)), width)]
    beside = architecture_lines(result, width)
    if beside:
        lines += _wrapped(verdict(result), width) if verdict(result) else []
        lines += ["", *beside, ""]
    done = sentence.applied(result)
    if done:
        lines += _wrapped(done, width)
    for text in (*sentence.reasons(result), *(result.search.notes if result.search is not None else ())):
        lines += _wrapped(text, width, bullet="- ")
    for size in result.memory_sizes:
        if not is_measured(result, size) and size.reason is not None:
            state = state_of(result, size)
            lines += _wrapped(f"{figures.memory(size.memory_mb)} {state}: {size.reason}", width, bullet="- ")
    others = other_goals_line(result)
    if others:
        lines += _wrapped(others, width)
    lost = sentence.not_restored(result)
    if lost:
        lines += [paint(line, _RED) for line in _wrapped(lost, width)]
    for warning in result.warnings:
        lines += [paint(line, _YELLOW) for line in _wrapped(f"Warning: {warning}", width)]
    for text in filter(None, (spent(result), spent_beside(result))):
        lines += _wrapped(text, width)
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


def _table(result: TuningResult, width: int, colour: bool) -> list[str]:
    columns = _columns(result)
    while len(columns) > 2 and _table_width(columns) > width:
        columns.remove(min(columns, key=lambda column: column.keep))
    titles = _GAP.join(_cell(column.title, column) for column in columns)
    lines = [titles.rstrip(), "─" * min(width, max(_table_width(columns), cells(titles)))]
    recommended = result.recommendation.memory_mb if result.recommendation else None
    for row, size in enumerate(result.memory_sizes):
        if is_measured(result, size):
            text = _GAP.join(_cell(column.texts[row], column) for column in columns).rstrip()
        else:
            reason = f": {one_line(size.reason)}" if size.reason else ""
            text = f"{_cell(columns[0].texts[row], columns[0])}{_GAP}{state_of(result, size)}{reason}"
        text = fit(text, width)
        if colour and size.memory_mb == recommended:
            text = f"{_BOLD}{text}{_RESET}"
        elif colour and not is_measured(result, size):
            text = f"{_DIM}{text}{_RESET}"
        lines.append(text)
    lines.append(fit(_footnote(result), width))
    return [fit(line, width) if "\x1b" not in line else line for line in lines]


def _table_width(columns: list[_Column]) -> int:
    return sum(column.width for column in columns) + len(_GAP) * (len(columns) - 1)


def _cell(text: str, column: _Column) -> str:
    padding = " " * (column.width - cells(text))
    return text + padding if column.left else padding + text


def _footnote(result: TuningResult) -> str:
    by = compared_by(result)
    notes = ["* recommended"] if result.recommendation is not None else []
    if by.once:
        notes.append(f"what the caller waited for one invocation, {beginning(result)} included")
    elif by.cold:
        notes.append(f"cold start: {beginning(result)} and duration, ± half its 95 % interval")
    else:
        notes += ["warm mean ± half its 95 % interval", "cold starts apart"]
    return "; ".join(notes)


def _columns(result: TuningResult) -> list[_Column]:
    by, best = compared_by(result), result.recommendation
    widest = max((len(figures.memory(size.memory_mb)) for size in result.memory_sizes), default=0)
    counted = result.request.cold_starts_wanted > 0 and not by.once
    restores = beginning(result) == "restore"

    def memory(size: SizeResult) -> str:
        mark = "*" if best is not None and size.memory_mb == best.memory_mb else " "
        return f"{mark}{figures.memory(size.memory_mb):>{widest}}"

    def mean(size: SizeResult) -> str:
        return means.duration_estimate(by.duration(size))

    def p95(size: SizeResult) -> str:
        found = by.duration(size)
        return figures.duration(found.p95 if found else None)

    def cost(size: SizeResult) -> str:
        return means.cost(by.cost(size))

    def cold(size: SizeResult) -> str:
        found = size.cold.restore_ms if restores else size.cold.init_ms
        text = means.duration(found)
        return f"{text} ({figures.count(size.cold.samples)})" if counted else text

    def used(size: SizeResult) -> str:
        return figures.memory(size.max_memory_used_mb)

    def note(size: SizeResult) -> str:
        return _note(result, size.memory_mb)

    def column(title: str, of: Callable[[SizeResult], str], keep: int, *, left: bool = False) -> _Column:
        texts = (of(size) if is_measured(result, size) or of is memory else "" for size in result.memory_sizes)
        return _Column(title=title, texts=tuple(texts), keep=keep, left=left)

    columns = [
        column("Memory", memory, 9),
        column(by.column, mean, 8),
        column("p95", p95, 3),
        column("Per million", cost, 7),
        column(f"Cold {'restore' if restores else 'init'}{' (n)' if counted else ''}", cold, 2),
        column("Max used", used, 1),
        column("", note, 4, left=True),
    ]
    return [one for one in columns if not (by.once and one.title == "p95")]


def _note(result: TuningResult, memory_mb: int) -> str:
    best, present = result.recommendation, memory_mb == result.function.original_memory_mb
    if best is not None and memory_mb == best.memory_mb:
        if not present:
            return "recommended"
        if misses_target(result) is not None:
            return "nearest"
        if sum(is_measured(result, size) for size in result.memory_sizes) == 1:
            return sentence.present_word(result)
        return "keep" if stays(result) or not knows_best(result) else "already best"
    if present:
        return sentence.present_word(result)
    return "equivalent" if best is not None and memory_mb in best.equivalent_sizes_mb else ""


def _wrapped(text: str, width: int, *, bullet: str = "") -> list[str]:
    flat = one_line(text, _LONGEST_TEXT)
    wrapped = textwrap.wrap(flat, width, initial_indent=bullet, subsequent_indent=" " * len(bullet))
    return [part for line in wrapped for part in _halved(line, width)]


def _halved(line: str, width: int) -> Iterator[str]:
    """Lines of wide characters, which textwrap counts as one column each."""
    while cells(line) > width:
        cut = len(fit(line, width)) - 1
        yield line[:cut]
        line = line[cut:]
    yield line


def _painted(text: str, code: str) -> str:
    return f"{code}{text}{_RESET}"


def _unpainted(text: str, _code: str) -> str:
    return text
