"""The charts of the report, as plotly's JSON.

Every trace, shape and annotation carries a role (``meta`` or ``name``); ``reports/*.js`` gives each role its
colour for the light or the dark page, chooses the axes and places the labels.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from powertune.domain.result import Distribution, Interval, TuningResult
from powertune.domain.sample import Sample
from powertune.render import figures, means, model
from powertune.render.compared import COLD, Compared, beginning, compared_by
from powertune.render.page import bars, samples, strips, target
from powertune.render.page.distribution import distribution_charts
from powertune.render.page.pareto import pareto_chart
from powertune.render.page.points import PointKind, Spread, cost_per_million
from powertune.render.page.reach import reach
from powertune.render.page.used import used_chart
from powertune.render.safe import chart_text

SYMBOLS = {
    PointKind.WARM: "circle",
    PointKind.COLD: "triangle-up-open",
    PointKind.SET_ASIDE: "square-open",
    PointKind.FAILED: "x-thin-open",
}
"""Shapes tell the kinds apart where colour does not."""

_LOG_FROM_RATIO = 12.0
"""Values that reach over more than about a decade are first drawn on a logarithmic axis."""
_FEW = 20
"""More sizes than this are drawn with smaller marks."""

_LEAST_SPREAD = 0.05
"""Octaves: a search may measure neighbours 64 MB apart, and their samples are to be seen beside their means."""
_ROUND_MB = (256, 512, 1024, 2048, 4096, 8192)

_UNFIT_FOR_A_FILE = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_FILE, _LONGEST_ABOUT = 150, 300

Chart = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What both charts stand on: the run, its memory sizes, where points lie beside them, and the samples drawn."""

    result: TuningResult
    sizes_mb: Sequence[int]
    spread: Spread
    found: samples.Chosen


def charts(result: TuningResult) -> dict[str, Chart]:
    """The charts by name, each where there is something to draw: ``duration``, ``cost`` and those of other modules.

    Each says what is written over a picture of it, and what the file is called.
    """
    drawn = _main_charts(result)
    if rows := bars.traced(result):
        drawn["parts"] = bars.stacked(result, rows, "Mean of traced warm invocations")
    if rows := bars.cold_parts(result):
        drawn["cold"] = bars.stacked(result, rows, "Mean of cold starts")
    drawn |= {"pareto": pareto_chart(result), **distribution_charts(result), "used": used_chart(result)}
    kept = {name: chart for name, chart in drawn.items() if chart["data"]}
    about = " · ".join(
        (result.function.name, result.function.region, f"run {result.run_id}", figures.moment(result.started_at))
    )
    for name, chart in kept.items():
        file = _UNFIT_FOR_A_FILE.sub("-", f"powertune-{result.function.name}-{result.run_id}-{name}")
        chart["page"]["picture"] = {"about": chart_text(about, _LONGEST_ABOUT), "file": file[:_LONGEST_FILE]}
    return kept


def _main_charts(result: TuningResult) -> dict[str, Chart]:
    """Duration and cost against memory size. What both say of a sample lies in the first that is drawn."""
    sizes_mb = sorted({size.memory_mb for size in result.memory_sizes} | {s.memory_mb for s in result.samples})
    spread = Spread(sizes_mb, least=_LEAST_SPREAD if model.points(result) else 0.0)
    found = samples.chosen(result.samples, mix=result.request.warm_mix())
    ground = _Ground(result=result, sizes_mb=sizes_mb, spread=spread, found=found)
    drawn = {"duration": _duration_chart(ground), "cost": _cost_chart(ground)}
    shared: Any = samples.columns(ground.found, spread, several=len(result.request.payloads) > 1)
    for name, chart in drawn.items():
        if chart["data"]:
            chart["page"]["samples"] = shared
            shared = name if isinstance(shared, dict) else shared
    return drawn


def _duration_chart(ground: _Ground) -> Chart:
    result, by = ground.result, compared_by(ground.result)
    found = {size.memory_mb: mean for size in result.memory_sizes if (mean := by.duration(size)) is not None}
    waits = (wait for members in ground.found.by_kind.values() for s in members if (wait := s.latency_ms))
    largest = max([mean.mean for mean in found.values()] or waits, default=1.0)
    scale, unit = figures.duration_unit(largest)

    def of_sample(sample: Sample) -> float | None:
        wait = sample.latency_ms
        return None if wait is None else wait / scale

    means_drawn = [
        (
            mb,
            mean.mean / scale,
            _ends(mean.mean_interval, scale),
            f"mean {means.duration_estimate(mean)}, {counted(mean, by)}",
        )
        for mb, mean in found.items()
    ]
    begins = beginning(result)
    title = f"Cold start ({begins} and duration)" if by is COLD else f"Duration (cold: with {begins})"
    modelled = model.durations(result, scale)
    ticks = [(mb, figure / scale, text) for mb, figure, text in target.marks(result)]
    chart = _against_memory(
        ground, f"{title}, {unit}", of_sample, [] if by.once else means_drawn, modelled, statistics=ticks
    )
    if (wanted := target.target_of(result)) is not None:
        chart["page"]["target"] = {"value": wanted.limit_ms / scale, "text": chart_text(target.label(wanted))}
    return chart


def _cost_chart(ground: _Ground) -> Chart:
    result, by = ground.result, compared_by(ground.result)
    sizes = {size.memory_mb: size for size in result.memory_sizes}

    def of_sample(sample: Sample) -> float | None:
        size = sizes.get(sample.memory_mb)
        return None if size is None else cost_per_million(sample, size, result.price)

    means_drawn = [
        (
            size.memory_mb,
            float(cost.per_million.amount),
            _ends(cost.per_million_interval),
            f"mean {means.cost_estimate(cost)} {by.per_million}",
        )
        for size in result.memory_sizes
        if (cost := by.cost(size)) is not None
    ]
    title = f"Cost {by.per_million}, {chart_text(result.price.currency)}"
    return _against_memory(ground, title, of_sample, [] if by.once else means_drawn, model.costs(result))


def counted(mean: Distribution, by: Compared) -> str:
    """How many invocations a mean is of: ``9 warm samples``."""
    return f"{figures.count(mean.count)} {by.sample if mean.count == 1 else by.samples}"


def _ends(interval: Interval | None, scale: float = 1.0) -> tuple[float, float] | None:
    # With two samples the interval may reach below nought, where no duration and no cost can be.
    return None if interval is None else (max(interval.low, 0.0) / scale, interval.high / scale)


def _against_memory(
    ground: _Ground,
    y_title: str,
    of_sample: Callable[[Sample], float | None],
    means: list[tuple[int, float, tuple[float, float] | None, str]],
    modelled: Sequence[model.Modelled],
    *,
    statistics: Sequence[tuple[int, float, str]] = (),
) -> Chart:
    import plotly.graph_objects as go

    result = ground.result
    figure = go.Figure(layout={"template": "none"})
    drawn: list[float] = []
    cold: list[float] = []
    _add_model(figure, modelled)
    for kind in (PointKind.FAILED, PointKind.SET_ASIDE, PointKind.COLD, PointKind.WARM):
        values = [_drawable(of_sample(sample)) for sample in ground.found.by_kind.get(kind, ())]
        if known := [y for y in values if y is not None]:
            (cold if kind is PointKind.COLD else drawn).extend(known)
            figure.add_scatter(
                y=values,
                mode="markers",
                meta=kind.value,
                marker={"symbol": SYMBOLS[kind], "size": 7 if kind is PointKind.WARM else 8},
                hovertemplate="%{text}<extra></extra>",
            )
    if means:
        drawn += [y for _, y, _, _ in means]
        figure.add_scatter(
            x=[mb for mb, _, _, _ in means],
            y=[y for _, y, _, _ in means],
            text=[f"{figures.memory(mb)}: {chart_text(text)}" for mb, _, _, text in means],
            error_y={
                "array": [ends[1] - y if ends else None for _, y, ends, _ in means],
                "arrayminus": [y - ends[0] if ends else None for _, y, ends, _ in means],
                "thickness": 2.5 if len(means) <= _FEW else 1.5,
                "width": 8 if len(means) <= _FEW else 3,
            },
            mode="markers" if modelled else "lines+markers",
            meta="mean",
            line={"shape": "linear", "width": 1, "dash": "dot"},
            marker={"symbol": "diamond", "size": 9 if len(means) <= _FEW else 5},
            hovertemplate="%{text}<extra></extra>",
        )
    if statistics:
        drawn += [y for _, y, _ in statistics]
        _add_statistics(figure, statistics)
    figure.update_layout(shapes=list(strips.shapes(result, ground.spread)), annotations=list(strips.labels(result)))
    figure.update_xaxes(title={"text": "Memory size, MB"})
    figure.update_yaxes(title={"text": y_title})
    chart: Chart = json.loads(figure.to_json())
    measured_mb = {sample.memory_mb for members in ground.found.by_kind.values() for sample in members}
    shown = reach([*drawn, *cold], modelled, measured_mb)
    positive = [y for y in (*drawn, *cold) if y > 0] if shown is None else [shown.low, shown.high]
    wide = bool(positive) and max(positive) / min(positive) > _LOG_FROM_RATIO
    chart["page"] = {
        "kind": "memory",
        "sizes": ground.sizes_mb,
        "reach": _reach(modelled),
        "first": strips.worth_a_tick(result),
        "decades": math.log10(max(positive) / min(positive)) if positive else 0.0,
        "log": wide,
        "low": min(positive, default=0.0),
        "high": max(positive, default=0.0),
    }
    if shown is not None:
        warm = reach(drawn, modelled, measured_mb) or shown
        chart["page"] |= {"ranges": [[shown.low, shown.high], [warm.low, warm.high]], "cut": shown.cut}
    return chart


def _drawable(value: float | None) -> float | None:
    return samples.short(value) if value is not None and math.isfinite(value) else None


def _add_statistics(figure: Any, statistics: Sequence[tuple[int, float, str]]) -> None:
    """A short line at each size: what is held against the latency target there."""
    few = len(statistics) <= _FEW
    figure.add_scatter(
        x=[mb for mb, _, _ in statistics],
        y=[y for _, y, _ in statistics],
        text=[chart_text(text) for _, _, text in statistics],
        mode="markers",
        meta="statistic",
        marker={"symbol": "line-ew-open", "size": 18 if few else 7, "line": {"width": 2.5 if few else 1.5}},
        hovertemplate="%{text}<extra></extra>",
    )


def _add_model(figure: Any, modelled: Sequence[model.Modelled]) -> None:
    """The curve over its band, below all else: the band is an outline, out along its top and back along its foot."""
    if not modelled:
        return
    there, back = list(modelled), list(reversed(modelled))
    figure.add_scatter(
        x=[one.memory_mb for one in (*there, *back)],
        y=[*(one.high for one in there), *(one.low for one in back)],
        mode="lines",
        fill="toself",
        meta="band",
        line={"width": 0},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[one.memory_mb for one in there],
        y=[one.value for one in there],
        text=[f"{figures.memory(one.memory_mb)}: {chart_text(one.text)}" for one in there],
        mode="lines",
        meta="curve",
        line={"width": 2},
        hovertemplate="%{text}<extra></extra>",
    )


def _reach(modelled: Sequence[model.Modelled]) -> list[int]:
    """The sizes between which the curve is drawn, and round ones between them for the axis; none without a curve."""
    if not modelled:
        return []
    low, high = modelled[0].memory_mb, modelled[-1].memory_mb
    return [low, high, *(size for size in _ROUND_MB if low < size < high)]
