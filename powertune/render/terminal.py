"""A result for the terminal."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from powertune.domain.result import SizeResult, SizeStatus, TuningResult
from powertune.render import figures, sentence
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
    lines += ["", *_table(result, width, colour), ""]
    lines += [paint(line, _BOLD) for line in _wrapped(one_line(sentence.answer(result)), width)]
    if result.recommendation is not None:
        for reason in result.recommendation.reasons:
            lines += _wrapped(reason, width, bullet="- ")
    for size in result.memory_sizes:
        if size.status is not SizeStatus.MEASURED and size.reason is not None:
            lines += _wrapped(f"{figures.memory(size.memory_mb)} {_status(size)}: {size.reason}", width, bullet="- ")
    if not result.restored:
        lost = f"The function was NOT put back to {figures.memory(result.function.original_memory_mb)}."
        lines += [paint(line, _RED) for line in _wrapped(lost, width)]
    for warning in result.warnings:
        lines += [paint(line, _YELLOW) for line in _wrapped(f"Warning: {warning}", width)]
    lines += _wrapped(spent(result), width)
    return "\n".join(lines) + "\n"


def spent(result: TuningResult) -> str:
    """What the run cost, in one sentence; a local run says that nobody bills it."""
    spend = result.spend
    ran = f"{figures.count(spend.invocations)} invocations, {figures.gb_seconds(spend.gb_seconds)}"
    parts = f"the function {figures.money(spend.lambda_cost)}, all else {figures.money(spend.workflow_cost)}"
    unpriced = [line.what for line in spend.lines if line.cost is None]
    if unpriced:
        parts += f"; without a known price: {', '.join(unpriced)}"
    if result.environment.kind == "aws":
        return f"The run spent {figures.money(spend.total_cost)} at list prices ({ran}; {parts})."
    return f"The run was not billed; on AWS it would list at {figures.money(spend.total_cost)} ({ran}; {parts})."


def _title(result: TuningResult) -> str:
    function = result.function
    parts = [
        function.name,
        function.region,
        function.architecture.value,
        function.runtime or "container image",
    ]
    return one_line(" · ".join([*parts, f"strategy {result.request.strategy.value}"]))


def _table(result: TuningResult, width: int, colour: bool) -> list[str]:
    columns = _columns(result)
    while len(columns) > 2 and _table_width(columns) > width:
        columns.remove(min(columns, key=lambda column: column.keep))
    titles = _GAP.join(_cell(column.title, column) for column in columns)
    lines = [titles.rstrip(), "─" * min(width, max(_table_width(columns), cells(titles)))]
    recommended = result.recommendation.memory_mb if result.recommendation else None
    for row, size in enumerate(result.memory_sizes):
        if size.status is SizeStatus.MEASURED:
            text = _GAP.join(_cell(column.texts[row], column) for column in columns).rstrip()
        else:
            reason = f": {one_line(size.reason)}" if size.reason else ""
            text = f"{_cell(columns[0].texts[row], columns[0])}{_GAP}{_status(size)}{reason}"
        text = fit(text, width)
        if colour and size.memory_mb == recommended:
            text = f"{_BOLD}{text}{_RESET}"
        elif colour and size.status is not SizeStatus.MEASURED:
            text = f"{_DIM}{text}{_RESET}"
        lines.append(text)
    lines.append(fit("* recommended; warm mean ± half its 95 % interval; cold starts apart", width))
    return [fit(line, width) if "\x1b" not in line else line for line in lines]


def _table_width(columns: list[_Column]) -> int:
    return sum(column.width for column in columns) + len(_GAP) * (len(columns) - 1)


def _cell(text: str, column: _Column) -> str:
    padding = " " * (column.width - cells(text))
    return text + padding if column.left else padding + text


def _columns(result: TuningResult) -> list[_Column]:
    best = result.recommendation
    widest = max((len(figures.memory(size.memory_mb)) for size in result.memory_sizes), default=0)
    memory: list[str] = []
    mean: list[str] = []
    p95: list[str] = []
    cost: list[str] = []
    init: list[str] = []
    used: list[str] = []
    note: list[str] = []
    for size in result.memory_sizes:
        warm, cold = size.warm.duration_ms, size.cold.init_ms
        mark = "*" if best is not None and size.memory_mb == best.memory_mb else " "
        memory.append(f"{mark}{figures.memory(size.memory_mb):>{widest}}")
        if size.status is not SizeStatus.MEASURED:
            for texts in (mean, p95, cost, init, used, note):
                texts.append("")
            continue
        mean.append(figures.duration_estimate(warm.mean, warm.mean_interval) if warm else figures.UNKNOWN)
        p95.append(figures.duration(warm.p95 if warm else None))
        cost.append(figures.money(size.cost.per_million if size.cost else None))
        init.append(figures.duration(cold.mean if cold else None))
        used.append(figures.memory(size.max_memory_used_mb))
        note.append(_note(result, size.memory_mb))
    return [
        _Column(title="Memory", texts=tuple(memory), keep=9),
        _Column(title="Warm mean", texts=tuple(mean), keep=8),
        _Column(title="p95", texts=tuple(p95), keep=3),
        _Column(title="Per million", texts=tuple(cost), keep=7),
        _Column(title="Cold init", texts=tuple(init), keep=2),
        _Column(title="Max used", texts=tuple(used), keep=1),
        _Column(title="", texts=tuple(note), keep=4, left=True),
    ]


def _note(result: TuningResult, memory_mb: int) -> str:
    best, present = result.recommendation, memory_mb == result.function.original_memory_mb
    if best is not None and memory_mb == best.memory_mb:
        return "already best" if present else "recommended"
    if present:
        return "present"
    return "equivalent" if best is not None and memory_mb in best.equivalent_sizes_mb else ""


def _status(size: SizeResult) -> str:
    return "not measured" if size.status is SizeStatus.NOT_MEASURED else size.status.value


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
