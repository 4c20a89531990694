"""The two charts of runs side by side, as plotly's JSON: a line for each run against memory size."""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from powertune.domain.result import Interval
from powertune.domain.side_by_side import Figure, Side, SideBySide, SideSize
from powertune.render import figures
from powertune.render.safe import chart_text

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star", "hexagon", "triangle-down")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid", "dash")
"""Shape and dash tell the runs apart where colour does not."""

_OCTAVES_APART = 0.035
_MOST_OCTAVES = 0.16
_SHARE_OF_GAP = 0.4
"""All runs together reach over so much at a memory size: at most, and of the gap to the next size."""
_WIDE_RATIO = 12.0
"""Values that reach over more than about a decade are first drawn on a logarithmic axis."""

Chart = dict[str, Any]
Point = tuple[int, float, Interval | None, str]


def charts(compared: SideBySide) -> dict[str, Chart]:
    """``sides-duration`` and ``sides-cost``, each where there is something to draw."""
    drawn = {"sides-duration": _duration_chart(compared), "sides-cost": _cost_chart(compared)}
    return {name: chart for name, chart in drawn.items() if chart["data"]}


def priced(compared: SideBySide) -> list[Side]:
    """The runs whose costs share an axis: those in the first run's currency."""
    return [run for run in compared.runs if run.currency == compared.runs[0].currency]


def _duration_chart(compared: SideBySide) -> Chart:
    means = [size.duration_ms for run in compared.runs for size in run.sizes if size.duration_ms is not None]
    scale, unit = figures.duration_unit(max(means, default=1.0))

    def points(run: Side) -> Iterable[Point]:
        for size in run.sizes:
            if size.duration_ms is not None:
                text = figures.duration_estimate(size.duration_ms, size.duration_interval)
                yield size.memory_mb, size.duration_ms / scale, _scaled(size.duration_interval, scale), text

    title = "Cold start" if {run.figure for run in compared.runs} == {Figure.COLD} else "Mean duration"
    return _chart(compared, [(run, list(points(run))) for run in compared.runs], f"{title}, {unit}")


def _cost_chart(compared: SideBySide) -> Chart:
    def points(run: Side) -> Iterable[Point]:
        for size in run.sizes:
            if size.per_million is not None:
                text = f"{figures.money_estimate(size.per_million, size.per_million_interval)} per million"
                yield size.memory_mb, float(size.per_million.amount), size.per_million_interval, text

    title = f"Cost per million, {chart_text(compared.runs[0].currency)}"
    return _chart(compared, [(run, list(points(run))) for run in priced(compared)], title)


def _scaled(interval: Interval | None, scale: float) -> Interval | None:
    return None if interval is None else Interval(low=interval.low / scale, high=interval.high / scale)


def _chart(compared: SideBySide, series: Sequence[tuple[Side, list[Point]]], y_title: str) -> Chart:
    import plotly.graph_objects as go

    figure = go.Figure(layout={"template": "none"})
    values = []
    places = _places(compared.sizes_mb, len(compared.runs))
    for index, run in enumerate(compared.runs):
        points = next((points for one, points in series if one is run), [])
        if not points:
            continue
        values += [value for _, value, _, _ in points if value > 0]
        figure.add_scatter(
            x=[places[memory_mb][index] for memory_mb, _, _, _ in points],
            y=[value for _, value, _, _ in points],
            text=[f"{chart_text(run.label)}, {figures.memory(mb)}: {chart_text(text)}" for mb, _, _, text in points],
            error_y={
                "array": [interval.high - value if interval else None for _, value, interval, _ in points],
                "arrayminus": [
                    value - max(interval.low, 0.0) if interval else None for _, value, interval, _ in points
                ],
                "thickness": 1.8,
                "width": 5,
            },
            mode="lines+markers",
            meta=f"side-{index}",
            line={"width": 1.3, "dash": DASHES[index % len(DASHES)]},
            marker={"symbol": SYMBOLS[index % len(SYMBOLS)], "size": 10},
            hovertemplate="%{text}<extra></extra>",
        )
    figure.update_xaxes(title={"text": "Memory size, MB"})
    figure.update_yaxes(title={"text": y_title})
    chart: Chart = json.loads(figure.to_json())
    ratio = max(values) / min(values) if values else 1.0
    best = [run.recommended_mb for run in compared.runs if run.recommended_mb in compared.sizes_mb]
    chart["page"] = {
        "kind": "sides",
        "sizes": list(compared.sizes_mb),
        "first": list(dict.fromkeys([*best, *compared.sizes_mb[:1], *compared.sizes_mb[-1:]])),
        "log": ratio > _WIDE_RATIO,
    }
    return chart


def _places(sizes_mb: Sequence[int], runs: int) -> dict[int, list[float]]:
    """Where each run's point stands at each memory size: side by side, so that no interval hides another."""
    found = {}
    for memory_mb in sizes_mb:
        gaps = [abs(math.log2(memory_mb / other)) for other in sizes_mb if other != memory_mb]
        reach = min([_MOST_OCTAVES, *(gap * _SHARE_OF_GAP for gap in gaps)])
        apart = min(_OCTAVES_APART, reach / max(runs - 1, 1))
        found[memory_mb] = [memory_mb * 2 ** (apart * (index - (runs - 1) / 2)) for index in range(runs)]
    return found


def in_words(compared: SideBySide, *, cost: bool) -> Iterable[str]:
    """A chart as sentences, one for each memory size."""
    for at, memory_mb in enumerate(compared.sizes_mb):
        said = [f"{run.label} {_words(run.sizes[at], cost=cost)}" for run in compared.runs]
        yield f"{figures.memory(memory_mb)}: {'; '.join(said)}."


def _words(size: SideSize, *, cost: bool) -> str:
    if not size.measured:
        return "has no measurement"
    if cost:
        return f"{figures.money_estimate(size.per_million, size.per_million_interval)} per million"
    return figures.duration_estimate(size.duration_ms, size.duration_interval)
