"""The columns of the table of memory sizes where the answer is text: terminal and Markdown."""

from collections.abc import Callable
from dataclasses import dataclass

from powertune.domain.result import SizeResult, TuningResult
from powertune.render import figures, means
from powertune.render.compared import beginning, compared_by, has_intervals, is_measured
from powertune.render.safe import one_line
from powertune.render.text.size_word import is_recommended

_LONGEST_FIGURE = 80
"""A currency is a text of the result's, and so of anybody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeColumn:
    """A figure of each memory size; ``keep`` orders the columns, the one with the lowest is dispensable first."""

    title: str
    of: Callable[[SizeResult], str]
    keep: int


def size_columns(result: TuningResult, *, cost_intervals: bool = False) -> list[SizeColumn]:
    """What a table says of a measured memory size, in this order; costs with their intervals if asked."""
    by, cost_of = compared_by(result), means.cost_estimate if cost_intervals else means.cost
    counted = result.request.cold_starts_wanted > 0 and not by.once
    restores = beginning(result) == "restore"

    def p95(size: SizeResult) -> str:
        found = by.duration(size)
        return figures.duration(found.p95 if found else None)

    def cold(size: SizeResult) -> str:
        text = means.duration(size.cold.restore_ms if restores else size.cold.init_ms)
        return f"{text} ({figures.count(size.cold.samples)})" if counted else text

    columns = [
        SizeColumn(title=by.column, of=lambda size: means.duration_estimate(by.duration(size)), keep=8),
        SizeColumn(title="p95", of=p95, keep=3),
        SizeColumn(title="Per million", of=lambda size: one_line(cost_of(by.cost(size)), _LONGEST_FIGURE), keep=7),
        SizeColumn(title=f"Cold {'restore' if restores else 'init'}{' (n)' if counted else ''}", of=cold, keep=2),
        SizeColumn(title="Max used", of=lambda size: figures.memory(size.max_memory_used_mb), keep=1),
    ]
    # Of one invocation there is no p95.
    return [column for column in columns if not (by.once and column.title == "p95")]


def legend(result: TuningResult) -> str:
    """What the figures of the table are, as words that follow one another; the mark of the recommended size apart."""
    by, half = compared_by(result), " ± half its 95 % interval" if has_intervals(result) else ""
    if by.once:
        return f"what the caller waited for one invocation{_started(result)}"
    if by.cold:
        return f"cold start: {beginning(result)} and duration{',' if half else ''}{half}"
    return f"warm mean{half}; cold starts apart"


def _started(result: TuningResult) -> str:
    """Whether the single invocations of a dry run had to wait for their environments to start."""
    worked = [size for size in result.memory_sizes if is_measured(result, size)]
    started = sum(size.cold.latency_ms is not None for size in worked)
    if not started:
        return "; none of them was a cold start" if len(worked) > 1 else "; it was no cold start" if worked else ""
    return f", {beginning(result)} included{'' if started == len(worked) else ' where it was a cold start'}"


def marked_sizes(result: TuningResult, most: int) -> tuple[SizeResult, ...]:
    """All sizes, or where there are more than ``most`` the recommended, the present and others at even steps."""
    sizes = result.memory_sizes
    if len(sizes) <= most:
        return sizes
    present = result.function.original_memory_mb
    rows = range(len(sizes))
    chosen = {row for row in rows if is_recommended(result, sizes[row].memory_mb) or sizes[row].memory_mb == present}
    steps = most - len(chosen)
    chosen.update(round(step * (len(sizes) - 1) / (steps - 1)) for step in range(steps))
    return tuple(sizes[row] for row in sorted(chosen))
