"""The table of all memory sizes."""

from collections.abc import Callable
from dataclasses import dataclass

from powertune.domain.result import Distribution, SizeResult, TuningResult
from powertune.render import figures, means
from powertune.render.compared import (
    Compared,
    beginning,
    compared_by,
    equivalent_sizes,
    has_cost_intervals,
    has_intervals,
    is_measured,
    state_of,
)
from powertune.render.markup import Markup, note, safe, table, together
from powertune.render.page.pareto import pareto_sizes
from powertune.render.safe import escape
from powertune.render.sentence import is_present, present_word

_HALF = "± half of 95 % interval"
_VERSUS = "vs. recom&shy;mended"
"""Where the table is narrow it takes two lines."""
_LONGEST_REASON = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    title: str
    unit: str = ""
    text: Callable[[SizeResult], str]


def sizes_table(result: TuningResult) -> Markup:
    """All sizes, measured or not, with the recommended one marked; beside it, what drifted."""
    by = compared_by(result)
    columns, counts = _figures(result, by), _counts(result)
    heads = [("Memory, status", ""), *((column.title, column.unit) for column in (*columns, *counts))]
    front = pareto_sizes(result)
    rows = "".join(_row(result, size, columns, counts, front) for size in result.memory_sizes)
    return (
        '<section aria-labelledby="sizes"><h2 id="sizes" tabindex="-1">All memory sizes</h2>\n'
        f'<p class="lead">{_lead(result, by)}</p>\n{table("sizes", heads, rows)}{_drift(result, by)}</section>'
    )


def _lead(result: TuningResult, by: Compared) -> str:
    if by.once:
        return (
            "A dry run invokes the function once at each memory size, which says whether it works there. One "
            "invocation is no measurement, so nothing is compared."
        )
    apart = any(size.cold.samples for size in result.memory_sizes)
    warm = f"Durations, percentiles and cost are of warm invocations alone{'; cold starts follow below' * apart}."
    cold = (
        f"Durations and percentiles are of cold starts: {beginning(result)} and duration, which is what the caller "
        "waits. Cost is that of a cold start."
    )
    what = cold if by.cold else warm
    front = (
        " “Pareto” marks sizes of which no other measured one has the better means in both duration and cost."
        if pareto_sizes(result)
        else ""
    )
    return (
        f"{what}{front} With few samples p95 and p99 lie close to the slowest one. “vs. recommended” compares "
        "with the recommended size."
    )


def _figures(result: TuningResult, by: Compared) -> list[_Column]:
    best = result.recommendation

    def duration(of: Callable[[Distribution], float]) -> Callable[[SizeResult], str]:
        return lambda size: figures.duration(of(found) if (found := by.duration(size)) else None)

    def mean(size: SizeResult) -> str:
        return means.duration_estimate(by.duration(size))

    def slower(size: SizeResult) -> str:
        found = by.duration(size)
        if best is None or found is None or size.memory_mb == best.memory_mb or best.expected_duration_ms <= 0:
            return figures.UNKNOWN
        return figures.difference(found.mean / best.expected_duration_ms - 1)

    def cost(size: SizeResult) -> str:
        return means.cost_estimate(by.cost(size))

    def dearer(size: SizeResult) -> str:
        found = by.cost(size)
        if best is None or found is None or size.memory_mb == best.memory_mb or best.expected_cost.amount <= 0:
            return figures.UNKNOWN
        return figures.difference(float(found.per_invocation.amount / best.expected_cost.amount) - 1)

    used = _Column(title="Max memory used", text=lambda size: figures.memory(size.max_memory_used_mb))
    if by.once:
        return [
            _Column(title=by.column, unit="as its caller waited", text=mean),
            _Column(title="Cost per million", unit="such invocations", text=cost),
            used,
        ]
    return [
        _Column(title=by.column, unit=_HALF * has_intervals(result), text=mean),
        _Column(title=_VERSUS, unit="duration", text=slower),
        _Column(title="p50", text=duration(lambda found: found.p50)),
        _Column(title="p95", text=duration(lambda found: found.p95)),
        _Column(title="p99", text=duration(lambda found: found.p99)),
        _Column(title="Cost per million", unit=_HALF * has_cost_intervals(result), text=cost),
        _Column(title=_VERSUS, unit="cost", text=dearer),
        used,
    ]


def _counts(result: TuningResult) -> list[_Column]:
    counts = [
        _Column(title="Invoked", text=lambda size: figures.count(size.invocations)),
        _Column(title="Cold starts", text=lambda size: figures.count(size.cold_starts)),
        _Column(title="Errors", text=lambda size: figures.count(size.errors)),
    ]
    if any(size.set_aside for size in result.memory_sizes):
        counts.append(_Column(title="Set aside", text=lambda size: figures.count(size.set_aside)))
    return counts


def _row(
    result: TuningResult, size: SizeResult, columns: list[_Column], counts: list[_Column], front: frozenset[int]
) -> Markup:
    best = result.recommendation
    is_best, measured = best is not None and size.memory_mb == best.memory_mb, is_measured(result, size)
    tags = []
    if is_best:
        tags.append('<span class="tag recommended">recommended</span>')
    elif size.memory_mb in equivalent_sizes(result):
        tags.append('<span class="tag">equivalent</span>')
    if is_present(result, size.memory_mb):
        tags.append(f'<span class="tag">{present_word(result)}</span>')
    if size.memory_mb in front:
        tags.append('<span class="tag">Pareto</span>')
    if size.drift is not None and not compared_by(result).cold:
        tags.append('<span class="tag">drifting</span>')
    if not measured:
        tags.append(f'<span class="tag failed">{state_of(result, size)}</span>')
        reason = safe(size.reason, _LONGEST_REASON) if size.reason else figures.UNKNOWN
        numbers = f'<td class="reason" colspan="{len(columns)}">{reason}</td>'
    else:
        numbers = "".join(f"<td>{together(column.text(size))}</td>" for column in columns)
    numbers += "".join(f"<td>{column.text(size)}</td>" for column in counts)
    marked = ' class="best"' if is_best else ""
    return f'<tr{marked}><th scope="row">{figures.memory(size.memory_mb)} {" ".join(tags)}</th>{numbers}</tr>'


def _drift(result: TuningResult, by: Compared) -> Markup:
    """The sizes whose warm durations changed while they were measured, and what that means for their means."""
    drifting = [(size.memory_mb, size.drift) for size in result.memory_sizes if size.drift is not None]
    if not drifting or by.cold:
        return ""
    items = "".join(
        f"<li><b>{figures.memory(memory_mb)}</b>: {escape(figures.duration(drift.early_ms))} early, "
        f"{escape(figures.duration(drift.late_ms))} late ({escape(_changed(drift.early_ms, drift.late_ms))})</li>"
        for memory_mb, drift in drifting
    )
    means = (
        "Early and late are the means of the first and of the last third of the warm invocations. The mean in the "
        "table is of all of them, so it stands for neither a fresh environment nor a settled one. Just-in-time "
        "compilers and caches make durations fall; something that fills up makes them rise. More invocations would "
        "show where it settles."
    )
    return note(f"<h3>Durations drifted while they were measured</h3><ul>{items}</ul><p>{means}</p>")


def _changed(early_ms: float, late_ms: float) -> str:
    return figures.difference(late_ms / early_ms - 1) if early_ms > 0 else figures.UNKNOWN
