"""The sections of the report on what time consists of: cold starts, and what traces say."""

from collections.abc import Callable, Sequence

from powertune.domain.result import Distribution, SizeResult, TuningResult
from powertune.render import figures, means
from powertune.render.compared import beginning
from powertune.render.markup import Markup, figure, table, together
from powertune.render.page.bars import PART_NAMES, Row, cold_parts, in_words, traced, used_parts
from powertune.render.page.rows import named

_STRIPES = {
    "service_ms": "M0 4h22M0 12h22",
    "init_ms": "M2 16 10 0M12 16 20 0",
    "restore_ms": "M0 10 10 0M4 16 20 0M12 16 22 6M0 6 10 16M2 0 18 16M12 0 22 10",
    "overhead_ms": "M5 5h0M5 11h0M11 5h0M11 11h0M17 5h0M17 11h0",
    "invocation_ms": "",
}
"""As plotly draws them in `powertune.render.page.bars`."""

_COLD_COLUMNS: Sequence[tuple[str, str, Callable[[SizeResult], str]]] = (
    ("Cold starts", "measured", lambda size: figures.count(size.cold.samples)),
    ("Init", "mean", lambda size: means.duration_estimate(size.cold.init_ms)),
    ("Restore", "mean", lambda size: means.duration_estimate(size.cold.restore_ms)),
    ("First duration", "mean", lambda size: means.duration_estimate(size.cold.duration_ms)),
    ("The caller waited", "mean", lambda size: means.duration_estimate(size.cold.latency_ms)),
    ("The caller waited", "p95", lambda size: figures.duration(_p95(size.cold.latency_ms))),
    (
        "Cost per million",
        "cold starts",
        lambda size: means.cost_estimate(size.cold_cost),
    ),
)


def cold_starts(result: TuningResult) -> Markup:
    """What cold starts took and cost; nothing where there were none."""
    sizes = [size for size in result.memory_sizes if size.cold.samples]
    if not sizes:
        return ""
    texts = [[of(size) for size in sizes] for _, _, of in _COLD_COLUMNS]
    shown = [index for index, column in enumerate(texts) if any(text != figures.UNKNOWN for text in column)]
    heads = [("Memory", ""), *((_COLD_COLUMNS[index][0], _COLD_COLUMNS[index][1]) for index in shown)]
    best = result.recommendation.memory_mb if result.recommendation else None
    rows = "".join(
        ('<tr class="best">' if size.memory_mb == best else "<tr>")
        + f'<th scope="row">{figures.memory(size.memory_mb)}</th>'
        + "".join(f"<td>{together(texts[index][row])}</td>" for index in shown)
        + "</tr>"
        for row, size in enumerate(sizes)
    )
    bars = cold_parts(result)
    chart = ""
    if bars:
        chart = _key(bars) + figure(
            "cold", "Parts of a cold start", "Means of the cold starts, from their REPORT records.", in_words(bars)
        )
    return (
        '<section aria-labelledby="cold"><h2 id="cold">Cold starts</h2>'
        f'<p class="lead">{_cold_lead(result)}</p>{table("cold", heads, rows)}{chart}</section>'
    )


def _cold_lead(result: TuningResult) -> str:
    wanted = 0 if result.request.dry_run else result.request.cold_starts_wanted
    begins = beginning(result)
    asked = (
        f"{figures.plural(wanted, 'cold start')} at each memory size {'was' if wanted == 1 else 'were'} asked for. "
        if wanted
        else "None were asked for: these came about by themselves. "
    )
    billed = {
        "init": "The init is billed like the duration.",
        "restore": "A part of the restore is billed.",
        "init or restore": "The init is billed like the duration, and so is a part of a restore.",
    }
    return (
        f"{asked}The caller of a cold start waits for the {begins} and for the first duration, which is often longer "
        f"than a warm one. {billed[begins]}"
    )


def parts(result: TuningResult) -> Markup:
    """Where the time went by memory size; nothing without traces."""
    rows = traced(result)
    if not rows:
        return ""
    untraced = [size.memory_mb for size in result.memory_sizes if size.invocations and size.trace_parts is None]
    caption = "What Lambda itself took around the function is not billed."
    if untraced:
        caption += f" No warm invocation was traced at {named(untraced)}."
    return (
        '<section aria-labelledby="where"><h2 id="where">Where the time went</h2>'
        f'<p class="lead">Means of the warm invocations that X-Ray traced.</p>{_key(rows)}'
        f"{figure('parts', 'Parts of the time', caption, in_words(rows))}</section>"
    )


def _key(rows: Sequence[Row]) -> Markup:
    items = "".join(
        f'<li><svg viewBox="0 0 22 16" aria-hidden="true"><rect width="22" height="16" fill="var(--{name})"/>'
        f'<path d="{_STRIPES[name]}" stroke="var(--paper)" stroke-width="2" stroke-linecap="round"/></svg>'
        f"{PART_NAMES[name]}</li>"
        for name in used_parts(rows)
    )
    return f'<ul class="key">{items}</ul>'


def _p95(found: Distribution | None) -> float | None:
    """Of a single one there is no percentile to speak of."""
    return None if found is None or found.count < 2 else found.p95
