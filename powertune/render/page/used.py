"""Memory used against memory configured: what is left where, and where little is left."""

import json
from collections.abc import Collection
from typing import Any

from powertune.domain.result import SizeResult, TuningResult
from powertune.render import figures
from powertune.render.markup import Markup, figure, note, together
from powertune.render.page.rows import named, page_rows

TIGHT = 0.9
"""From this share on a size is nearly full: a larger event, or a leak, may end an invocation for want of memory."""


def is_tight(size: SizeResult) -> bool:
    """Whether the most memory that was used there leaves little; False where it is not known."""
    used = size.max_memory_used_mb
    return used is not None and used >= TIGHT * size.memory_mb


def used_words(size: SizeResult) -> str:
    """``141 MB of 512 MB, 28 %``."""
    used = size.max_memory_used_mb
    if used is None:
        return "not known"
    share = figures.percent(used / size.memory_mb)
    return f"{figures.memory(used)} of {figures.memory(size.memory_mb)}, {share}"


def _short(size: SizeResult) -> str:
    """What stands at a bar, whose row says the memory size."""
    used = size.max_memory_used_mb
    return "not known" if used is None else f"{figures.memory(used)}, {figures.percent(used / size.memory_mb)}"


def used_chart(result: TuningResult) -> dict[str, Any]:
    """A bar for each size: the share of the memory that was used at most, in its whole."""
    import plotly.graph_objects as go

    sizes = sorted(result.memory_sizes, key=lambda one: one.memory_mb)
    if not any(size.max_memory_used_mb is not None for size in sizes):
        return {"data": []}
    chart = go.Figure(layout={"template": "none", "barmode": "overlay"})
    labels = [figures.memory(size.memory_mb) for size in sizes]
    chart.add_bar(orientation="h", y=labels, x=[100.0] * len(sizes), meta="configured", hoverinfo="skip")
    for meta, wanted in (("used", False), ("tight", True)):
        shown = [size for size in sizes if size.max_memory_used_mb is not None and is_tight(size) is wanted]
        if shown:
            chart.add_bar(
                orientation="h",
                y=[figures.memory(size.memory_mb) for size in shown],
                x=[100.0 * (size.max_memory_used_mb or 0) / size.memory_mb for size in shown],
                hovertext=[f"{figures.memory(size.memory_mb)}<br>used {used_words(size)}" for size in shown],
                meta=meta,
                hovertemplate="%{hovertext}<extra></extra>",
            )
    chart.add_scatter(
        x=[
            0.0 if size.max_memory_used_mb is None else 100.0 * size.max_memory_used_mb / size.memory_mb
            for size in sizes
        ],
        y=labels,
        text=[_short(size) for size in sizes],
        mode="text",
        meta="said",
        hoverinfo="skip",
    )
    chart.update_xaxes(title={"text": "Memory used at most"})
    chart.update_yaxes(type="category")
    drawn: dict[str, Any] = json.loads(chart.to_json())
    spare = result.request.min_headroom
    drawn["page"] = {
        "kind": "used",
        "most": None if spare is None else 100.0 * (1 - spare),
        **page_rows(result, [size.memory_mb for size in sizes]),
    }
    return drawn


def used_section(result: TuningResult, drawn: Collection[str]) -> Markup:
    """The section on memory used; nothing where no record says it."""
    if "used" not in drawn:
        return ""
    sizes = sorted(result.memory_sizes, key=lambda one: one.memory_mb)
    tight = [size for size in sizes if is_tight(size)]
    unknown = [size for size in sizes if size.max_memory_used_mb is None]
    lead = (
        "The most that an invocation used at each memory size, as its REPORT record says (Max Memory Used). It holds "
        "for the events of this run: a larger one may need more."
    )
    warned = ""
    if tight:
        items = "".join(f"<li>{together(used_words(size))}</li>" for size in tight)
        warned = note(f"<h3>Little memory left</h3><ul>{items}</ul>")
    caption = "The whole bar is the memory size."
    if result.request.min_headroom is not None:
        caption += (
            f" The line is what may be used at most: {figures.percent(result.request.min_headroom)} was to stay unused."
        )
    if unknown:
        caption += f" Not known at {named([size.memory_mb for size in unknown])}."
    words = [f"{figures.memory(size.memory_mb)}: {used_words(size)}." for size in sizes]
    return (
        '<section aria-labelledby="used"><h2 id="used">Memory used</h2>'
        f'<p class="lead">{lead}</p>{warned}{figure("used", "Used of what is configured", caption, words)}</section>'
    )
