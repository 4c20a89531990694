"""The table of all memory sizes."""

from powertune.domain.result import SizeResult, SizeStatus, TuningResult
from powertune.render import figures
from powertune.render.markup import Markup, safe
from powertune.render.safe import escape

_FIGURES = (
    ("Warm mean", "± half of 95 % interval"),
    ("vs. best", "duration"),
    ("p50", ""),
    ("p95", ""),
    ("p99", ""),
    ("Cost per million", "± half of 95 % interval"),
    ("vs. best", "cost"),
    ("Cold init", "mean"),
    ("Max memory used", ""),
)
_COUNTS = (("Invoked", ""), ("Cold starts", ""), ("Errors", ""))
_LONGEST_REASON = 400


def sizes_table(result: TuningResult) -> Markup:
    """All sizes, measured or not, with the recommended one marked."""
    set_aside = any(size.set_aside for size in result.memory_sizes)
    counts = (*_COUNTS, ("Set aside", "")) if set_aside else _COUNTS
    heads = "".join(_head(title, under) for title, under in (*_FIGURES, *counts))
    rows = "".join(_row(result, size, set_aside=set_aside) for size in result.memory_sizes)
    return f"""<section aria-labelledby="sizes"><h2 id="sizes" tabindex="-1">All memory sizes</h2>
<p class="lead">Durations, percentiles and cost are of warm invocations alone; cold starts have their own init. With few
samples p95 and p99 lie close to the slowest one. “vs. best” compares with the recommended size.</p>
<div class="scroll" role="region" tabindex="0" aria-labelledby="sizes"><table>
<thead><tr><th scope="col">Memory, status</th>{heads}</tr></thead>
<tbody>{rows}</tbody></table></div></section>"""


def _head(title: str, under: str) -> Markup:
    unit = f' <span class="unit">{under}</span>' if under else ""
    return f'<th scope="col">{title}{unit}</th>'


def _row(result: TuningResult, size: SizeResult, *, set_aside: bool) -> Markup:
    best = result.recommendation
    is_best = best is not None and size.memory_mb == best.memory_mb
    tags = []
    if is_best:
        tags.append('<span class="tag recommended">recommended</span>')
    elif best is not None and size.memory_mb in best.equivalent_sizes_mb:
        tags.append('<span class="tag">equivalent</span>')
    if size.memory_mb == result.function.original_memory_mb:
        tags.append('<span class="tag">present</span>')
    if size.status is not SizeStatus.MEASURED:
        tags.append(f'<span class="tag failed">{size.status.value.replace("-", " ")}</span>')
    if size.status is SizeStatus.MEASURED:
        numbers = "".join(f"<td>{escape(cell)}</td>" for cell in _figures(result, size, is_best=is_best))
    else:
        reason = safe(size.reason, _LONGEST_REASON) if size.reason else figures.UNKNOWN
        numbers = f'<td class="reason" colspan="{len(_FIGURES)}">{reason}</td>'
    numbers += "".join(f"<td>{figures.count(n)}</td>" for n in (size.invocations, size.cold_starts, size.errors))
    numbers += f"<td>{figures.count(size.set_aside)}</td>" if set_aside else ""
    marked = ' class="best"' if is_best else ""
    return f'<tr{marked}><th scope="row">{figures.memory(size.memory_mb)} {" ".join(tags)}</th>{numbers}</tr>'


def _figures(result: TuningResult, size: SizeResult, *, is_best: bool) -> list[str]:
    warm, init, best = size.warm.duration_ms, size.cold.init_ms, result.recommendation
    duration = cost = figures.UNKNOWN
    if best is not None and not is_best:
        if warm is not None and best.expected_duration_ms > 0:
            duration = figures.difference(warm.mean / best.expected_duration_ms - 1)
        if size.cost is not None and best.expected_cost.amount > 0:
            cost = figures.difference(float(size.cost.per_invocation.amount / best.expected_cost.amount) - 1)
    return [
        figures.duration_estimate(warm.mean, warm.mean_interval) if warm else figures.UNKNOWN,
        duration,
        figures.duration(warm.p50 if warm else None),
        figures.duration(warm.p95 if warm else None),
        figures.duration(warm.p99 if warm else None),
        figures.money_estimate(
            size.cost.per_million if size.cost else None,
            size.cost.per_million_interval if size.cost else None,
        ),
        cost,
        figures.duration(init.mean if init else None),
        figures.memory(size.max_memory_used_mb),
    ]
