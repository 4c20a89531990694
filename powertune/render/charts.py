"""The charts of the report, as plotly's JSON.

Every trace, shape and annotation carries a role (``meta`` or ``name``); ``reports/*.js`` gives each role its
colour for the light or the dark page, chooses the axes and places the labels.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from powertune.domain.result import Distribution, Interval, TuningResult
from powertune.domain.sample import Outcome, Sample
from powertune.render import bars, figures, means, model
from powertune.render.compared import COLD, Compared, beginning, compared_by, equivalent_sizes, is_measured, state_of
from powertune.render.points import PointKind, Spread, cost_per_million, kind_of
from powertune.render.safe import chart_text
from powertune.render.sentence import present_size, present_word

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

Chart = dict[str, Any]


def charts(result: TuningResult) -> dict[str, Chart]:
    """The charts by name: ``duration``, ``cost``, ``parts`` and ``cold``, each where there is something to draw."""
    drawn = {"duration": _duration_chart(result), "cost": _cost_chart(result)}
    if rows := bars.traced(result):
        drawn["parts"] = bars.stacked(rows, "Mean time of the traced warm invocations")
    if rows := bars.cold_parts(result):
        drawn["cold"] = bars.stacked(rows, "Mean time of the cold starts")
    return {name: chart for name, chart in drawn.items() if chart["data"]}


def _duration_chart(result: TuningResult) -> Chart:
    by = compared_by(result)
    found = {size.memory_mb: mean for size in result.memory_sizes if (mean := by.duration(size)) is not None}
    largest = max(
        [mean.mean for mean in found.values()] or [wait for s in result.samples if (wait := s.latency_ms)] or [1.0]
    )
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
    return _against_memory(result, f"{title}, {unit}", of_sample, [] if by.once else means_drawn, modelled)


def _cost_chart(result: TuningResult) -> Chart:
    by = compared_by(result)
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
    return _against_memory(result, title, of_sample, [] if by.once else means_drawn, model.costs(result))


def counted(mean: Distribution, by: Compared) -> str:
    """How many invocations a mean is of: ``9 warm samples``."""
    return f"{figures.count(mean.count)} {by.sample if mean.count == 1 else by.samples}"


def _ends(interval: Interval | None, scale: float = 1.0) -> tuple[float, float] | None:
    # With two samples the interval may reach below nought, where no duration and no cost can be.
    return None if interval is None else (max(interval.low, 0.0) / scale, interval.high / scale)


def _against_memory(
    result: TuningResult,
    y_title: str,
    of_sample: Callable[[Sample], float | None],
    means: list[tuple[int, float, tuple[float, float] | None, str]],
    modelled: Sequence[model.Modelled],
) -> Chart:
    import plotly.graph_objects as go

    sizes_mb = sorted({size.memory_mb for size in result.memory_sizes} | {s.memory_mb for s in result.samples})
    spread = Spread(sizes_mb, least=_LEAST_SPREAD if modelled else 0.0)
    figure = go.Figure(layout={"template": "none"})
    drawn: list[float] = [one.value for one in modelled]
    _add_model(figure, modelled)
    for kind in (PointKind.FAILED, PointKind.SET_ASIDE, PointKind.COLD, PointKind.WARM):
        points = list(_points(result, kind, of_sample, spread))
        if points:
            drawn += [y for _, y, _ in points]
            figure.add_scatter(
                x=[x for x, _, _ in points],
                y=[y for _, y, _ in points],
                text=[text for _, _, text in points],
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
    figure.update_layout(shapes=list(_shapes(result, spread)), annotations=list(_labels(result)))
    figure.update_xaxes(title={"text": "Memory size, MB"})
    figure.update_yaxes(title={"text": y_title})
    chart: Chart = json.loads(figure.to_json())
    positive = [y for y in drawn if y > 0]
    wide = bool(positive) and max(positive) / min(positive) > _LOG_FROM_RATIO
    chart["page"] = {
        "kind": "memory",
        "sizes": sizes_mb,
        "reach": _reach(modelled),
        "first": _worth_a_tick(result),
        "decades": math.log10(max(positive) / min(positive)) if positive else 0.0,
        "log": wide,
        "unshown": sum(1 for sample in result.samples if of_sample(sample) is None),
    }
    return chart


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


def _points(
    result: TuningResult, kind: PointKind, of_sample: Callable[[Sample], float | None], spread: Spread
) -> Iterable[tuple[float, float, str]]:
    seen: dict[int, int] = {}
    several = len(result.request.payloads) > 1
    for sample in result.samples:
        y = of_sample(sample) if kind_of(sample) is kind else None
        if y is not None and math.isfinite(y):
            index = seen.get(sample.memory_mb, 0)
            seen[sample.memory_mb] = index + 1
            yield spread.place(kind, sample.memory_mb, index), y, _hover(sample, kind, several=several)


def _hover(sample: Sample, kind: PointKind, *, several: bool) -> str:
    lines = [f"{figures.memory(sample.memory_mb)}, {kind.value.replace('-', ' ')} (no. {sample.order + 1})"]
    lines.append(f"duration {figures.duration(sample.duration_ms)}")
    if sample.init_ms is not None:
        lines.append(f"init {figures.duration(sample.init_ms)}")
    if sample.restore_ms is not None:
        lines.append(f"restore {figures.duration(sample.restore_ms)}")
    if sample.billed_ms is not None:
        lines.append(f"billed {figures.count(sample.billed_ms)} ms")
    if several:
        lines.append(f"payload no. {sample.payload + 1}")
    if kind is PointKind.FAILED:
        lines.append(chart_text(sample.error_type or sample.outcome.value, 80))
    elif sample.outcome is Outcome.OK and sample.error_type is not None:
        lines.append(f"allowed exception: {chart_text(sample.error_type, 80)}")
    return "<br>".join(lines)


def _shapes(result: TuningResult, spread: Spread) -> Iterable[dict[str, Any]]:
    alike = equivalent_sizes(result)
    for size in result.memory_sizes:
        low, high = spread.band(size.memory_mb)
        strip = {"type": "rect", "xref": "x", "yref": "paper", "x0": low, "x1": high, "y0": 0, "y1": 1}
        strip |= {"layer": "below", "line": {"width": 0}}
        if not is_measured(result, size):
            yield strip | {"name": "missing"}
        elif size.memory_mb in alike:
            yield strip | {"name": "equivalent"}
    for role, mb, top in _marked(result):
        line = {"type": "line", "xref": "x", "yref": "paper", "x0": mb, "x1": mb, "y0": 0, "y1": top}
        dash = "dash" if role == "present" else "solid"
        yield line | {"name": role, "layer": "between", "line": {"width": 2, "dash": dash}}


def _labels(result: TuningResult) -> Iterable[dict[str, Any]]:
    for role, mb, top in _marked(result):
        text = "recommended" if role == "recommended" else present_word(result)
        if role == "recommended" and mb == result.function.original_memory_mb:
            text = "present and recommended"
        yield _label(role, mb, text) | {"y": top, "yanchor": "bottom"}
    for size in result.memory_sizes:
        if not is_measured(result, size):
            yield _label("missing", size.memory_mb, state_of(result, size)) | {
                "y": 0.03,
                "yanchor": "bottom",
                "xshift": -12,
                "textangle": -90,
            }


def _label(role: str, mb: int, text: str) -> dict[str, Any]:
    return {"name": role, "xref": "x", "yref": "paper", "x": mb, "text": text, "showarrow": False}


def _marked(result: TuningResult) -> Iterable[tuple[str, int, float]]:
    if result.recommendation is not None:
        yield "recommended", result.recommendation.memory_mb, 1.0
    if marks_present(result):
        yield "present", result.function.original_memory_mb, 1.07


def marks_present(result: TuningResult) -> bool:
    """Whether the memory size that the function had has a line of its own: it was measured, and is not the best."""
    present, best = result.function.original_memory_mb, result.recommendation
    return (best is None or best.memory_mb != present) and present_size(result) is not None


def _worth_a_tick(result: TuningResult) -> list[int]:
    sizes = {size.memory_mb for size in result.memory_sizes}
    best = [result.recommendation.memory_mb] if result.recommendation else []
    wanted = [*best, result.function.original_memory_mb, *([min(sizes), max(sizes)] if sizes else [])]
    return [mb for mb in dict.fromkeys(wanted) if mb in sizes]
