"""Where time went, as bars that add up: the parts of traced invocations, and those of cold starts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from powertune.domain.result import SizeResult, TuningResult
from powertune.domain.sample import TraceParts
from powertune.render import figures
from powertune.render.page.rows import page_rows

PART_NAMES = {
    "service_ms": "Lambda service (not billed)",
    "init_ms": "Init",
    "restore_ms": "Restore",
    "overhead_ms": "Overhead",
    "invocation_ms": "Function",
}
_PATTERNS = {"service_ms": "-", "init_ms": "/", "restore_ms": "x", "overhead_ms": ".", "invocation_ms": ""}

Row = tuple[SizeResult, Mapping[str, float]]
"""A memory size with its parts in milliseconds, in the order of `PART_NAMES`; what is not known is not there."""


def traced(result: TuningResult) -> list[Row]:
    """The memory sizes with trace parts, in their order."""
    return [(size, _known(size.trace_parts)) for size in result.memory_sizes if size.trace_parts is not None]


def cold_parts(result: TuningResult) -> list[Row]:
    """The means of what a cold start consists of, where cold starts were asked for; from the REPORT records."""
    if not result.request.cold_starts_wanted or result.request.dry_run:
        return []
    rows: list[Row] = []
    for size in result.memory_sizes:
        cold = size.cold
        means = {"init_ms": cold.init_ms, "restore_ms": cold.restore_ms, "invocation_ms": cold.duration_ms}
        parts = {name: found.mean for name, found in means.items() if found is not None}
        if cold.duration_ms is not None:
            rows.append((size, parts))
    return rows


def used_parts(rows: Sequence[Row]) -> list[str]:
    """The names of the parts that any of the sizes has."""
    return [name for name in PART_NAMES if any(name in parts for _, parts in rows)]


def stacked(result: TuningResult, rows: Sequence[Row], title: str) -> dict[str, Any]:
    """A bar for each size, its parts end to end; ``title`` says whose means they are."""
    import plotly.graph_objects as go

    largest = max([value for _, parts in rows for value in parts.values()] or [1.0])
    scale, unit = figures.duration_unit(largest)
    chart = go.Figure(layout={"template": "none", "barmode": "stack"})
    for name in used_parts(rows):
        values = [parts.get(name) for _, parts in rows]
        shares = [
            None if value is None or not total else value / total
            for value, total in zip(values, (sum(parts.values()) for _, parts in rows), strict=True)
        ]
        chart.add_bar(
            orientation="h",
            y=[figures.memory(size.memory_mb) for size, _ in rows],
            x=[None if value is None else value / scale for value in values],
            text=[
                f"{PART_NAMES[name]}: {figures.duration(value)}, {figures.percent(share)}"
                for value, share in zip(values, shares, strict=True)
            ],
            textposition="none",
            meta=name,
            marker={"pattern": {"shape": _PATTERNS[name], "size": 7, "solidity": 0.3}},
            hovertemplate="%{y}<br>%{text}<extra></extra>",
        )
    chart.update_xaxes(title={"text": f"{title}, {unit}"})
    chart.update_yaxes(autorange="reversed", type="category")
    drawn: dict[str, Any] = json.loads(chart.to_json())
    drawn["page"] = {"kind": "parts", **page_rows(result, [size.memory_mb for size, _ in rows])}
    return drawn


def in_words(rows: Sequence[Row]) -> list[str]:
    """Every bar in words."""
    return [
        f"{figures.memory(size.memory_mb)}: "
        + ", ".join(f"{PART_NAMES[name]} {figures.duration(parts[name])}" for name in PART_NAMES if name in parts)
        + "."
        for size, parts in rows
    ]


def _known(parts: TraceParts) -> dict[str, float]:
    return {name: value for name in PART_NAMES if (value := getattr(parts, name)) is not None}
