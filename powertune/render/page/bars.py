"""Where time went, as bars that add up: the parts of traced invocations, and those of cold starts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from powertune.domain.result import Distribution, SizeResult, TuningResult
from powertune.domain.sample import TraceParts
from powertune.render import figures, means
from powertune.render.page.rows import page_rows

PART_NAMES = {
    "service_ms": "Lambda service (not billed)",
    "init_ms": "Init",
    "restore_ms": "Restore",
    "overhead_ms": "Overhead",
    "invocation_ms": "Function",
}
_PATTERNS = {"service_ms": "-", "init_ms": "/", "restore_ms": "x", "overhead_ms": ".", "invocation_ms": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The mean of one part of the time, in milliseconds, and as it is written wherever it stands."""

    mean_ms: float
    said: str


Row = tuple[SizeResult, Mapping[str, Part]]
"""A memory size with its parts, in the order of `PART_NAMES`; what is not known is not there."""


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
        known = {"init_ms": cold.init_ms, "restore_ms": cold.restore_ms, "invocation_ms": cold.duration_ms}
        if cold.duration_ms is not None:
            rows.append((size, {name: _measured(found) for name, found in known.items() if found is not None}))
    return rows


def used_parts(rows: Sequence[Row]) -> list[str]:
    """The names of the parts that any of the sizes has."""
    return [name for name in PART_NAMES if any(name in parts for _, parts in rows)]


def stacked(result: TuningResult, rows: Sequence[Row], title: str) -> dict[str, Any]:
    """A bar for each size, its parts end to end; ``title`` says whose means they are."""
    import plotly.graph_objects as go

    largest = max([part.mean_ms for _, parts in rows for part in parts.values()] or [1.0])
    scale, unit = figures.duration_unit(largest)
    chart = go.Figure(layout={"template": "none", "barmode": "stack"})
    for name in used_parts(rows):
        column = [parts.get(name) for _, parts in rows]
        totals = [sum(part.mean_ms for part in parts.values()) for _, parts in rows]
        chart.add_bar(
            orientation="h",
            y=[figures.memory(size.memory_mb) for size, _ in rows],
            x=[None if part is None else part.mean_ms / scale for part in column],
            text=[
                "" if part is None else f"{PART_NAMES[name]}: {part.said}, {_share(part, total)}"
                for part, total in zip(column, totals, strict=True)
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
        + ", ".join(f"{PART_NAMES[name]} {parts[name].said}" for name in PART_NAMES if name in parts)
        + "."
        for size, parts in rows
    ]


def _measured(found: Distribution) -> Part:
    return Part(mean_ms=found.mean, said=means.duration(found))


def _share(part: Part, total_ms: float) -> str:
    return figures.percent(part.mean_ms / total_ms if total_ms else None)


def _known(parts: TraceParts) -> dict[str, Part]:
    """Means of traces, of which no interval is known."""
    known = {name: getattr(parts, name) for name in PART_NAMES}
    return {name: Part(mean_ms=ms, said=figures.duration(ms)) for name, ms in known.items() if ms is not None}
