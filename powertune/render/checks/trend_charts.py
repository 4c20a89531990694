"""Figures of a function's checks against time, as plotly's JSON; ``reports/trend.js`` finishes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from powertune.domain.check import CheckSettings, Metric, Verdict
from powertune.domain.check_history import figure_of, last_stretch, stretches
from powertune.domain.price import Money
from powertune.domain.result import ChangePoint, CheckEntry, Trend
from powertune.render import changes, figures
from powertune.render.checks.rows import NAMES
from powertune.render.history.charts import is_crowded, moment_text, padded
from powertune.render.safe import chart_text, one_line

Chart = dict[str, Any]

SYMBOLS = {
    Verdict.SAME: "circle",
    Verdict.BETTER: "triangle-down",
    Verdict.WORSE: "triangle-up",
    Verdict.UNDECIDED: "diamond-open",
    None: "square-open",
}
"""The mark of a check by what it said, so that it can be told without colour."""

_ALWAYS = (Metric.DURATION_MEAN, Metric.COST)
_LIKE_MEAN = (Metric.DURATION_P50, Metric.DURATION_P95)
_CODE_CHARACTERS = 8
_LONGEST_NAME = 60
_ROOM = 0.15
"""Of what the axis shows, above and below all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A check whose time is known, with its figure in the unit of the chart."""

    entry: CheckEntry
    moment: datetime
    value: float

    @property
    def x(self) -> str:
        """Where it lies on the axis."""
        return moment_text(self.moment)


def chart_name(metric: Metric) -> str:
    """What the page calls the chart of a metric."""
    return f"trend-{metric.value}"


def charted(trend: Trend) -> tuple[Metric, ...]:
    """The metrics that have a chart: mean duration and cost where there is a figure, and what changed without them."""
    changed = {change.metric for change in trend.changes}
    wanted = {*_ALWAYS, *changed} - set(_LIKE_MEAN if Metric.DURATION_MEAN in changed else ())
    return tuple(metric for metric in Metric if metric in wanted and _dated(trend, metric, 1.0))


def trend_charts(trend: Trend, settings: CheckSettings) -> dict[str, Chart]:
    """The charts by name."""
    return {chart_name(metric): _chart(trend, metric, settings) for metric in charted(trend)}


def figure_text(metric: Metric, value: float | None, currency: str) -> str:
    """A figure of a check in its unit."""
    if value is None:
        return figures.UNKNOWN
    if metric is Metric.COST:
        return figures.money(Money(amount=Decimal(repr(value)), currency=one_line(currency, 12)))
    if metric is Metric.MEMORY_USED:
        return f"{figures.quantity(value)} MB"
    return figures.duration(value)


def date_text(text: str) -> str:
    """``2026-11-24 11:34``, in UTC; as it stands where it is no time."""
    moment = figures.parse_moment(text)
    return one_line(text, 20) if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def code_text(entry: CheckEntry) -> str:
    """The beginning of the CodeSha256."""
    return one_line(entry.code_sha256[:_CODE_CHARACTERS]) or figures.UNKNOWN


def run_text(run_id: str) -> str:
    """A run's id on one line."""
    return one_line(run_id, _LONGEST_NAME)


def verdict_text(verdict: Verdict | None) -> str:
    """What a check said, in a word or two."""
    return "nothing to compare with" if verdict is None else verdict.value


def _dated(trend: Trend, metric: Metric, scale: float) -> list[Dated]:
    currency = trend.entries[-1].currency if trend.entries else ""
    return [
        Dated(entry=entry, moment=moment, value=value / scale)
        for entry in trend.entries
        if (value := figure_of(entry, metric, currency)) is not None
        and (moment := figures.parse_moment(entry.at)) is not None
    ]


def _chart(trend: Trend, metric: Metric, settings: CheckSettings) -> Chart:
    scale, title = _unit(trend, metric)
    dated = _dated(trend, metric, scale)
    found = [change for change in trend.changes if change.metric is metric]
    moments = [point.moment for point in dated]
    last = {entry.run_id for entry in last_stretch(trend.entries)}
    compared = [point for point in dated if point.entry.run_id in last]
    shapes, shown = _levels(compared, found, scale, settings.threshold)
    values = [*(point.value for point in dated), *shown]
    room = _ROOM * (max(values) - min(values) or max(values))
    since = [*_memory_sizes(dated), *_since(found, dated)]
    return {
        "data": [*_joined(dated), *_marks(metric, dated)],
        "layout": {
            "xaxis": {"title": {"text": "When the check ended (UTC)"}},
            # Not from zero: a creep of a few per cent would not be seen.
            "yaxis": {"title": {"text": title}, "range": [max(0.0, min(values) - room), max(values) + room]},
            "shapes": [*shapes, *(_line(x, dash) for x, dash, _ in since)],
            "annotations": [_label(x, text) for x, _, text in since],
        },
        "page": {
            "kind": "trend",
            "range": padded(moments[0], moments[-1]),
            "order": list(dict.fromkeys(map(moment_text, moments))),
            "spacing": "even" if is_crowded(moments) else "time",
        },
    }


def _unit(trend: Trend, metric: Metric) -> tuple[float, str]:
    """How many of a figure's own units the chart's unit has, and the title of the axis."""
    name = NAMES[metric][:1].upper() + NAMES[metric][1:]
    if metric is Metric.COST:
        return 1.0, f"{name} per million, {chart_text(trend.entries[-1].currency, 12)}"
    if metric is Metric.MEMORY_USED:
        return 1.0, f"{name}, MB"
    scale, unit = figures.duration_unit(max(point.value for point in _dated(trend, metric, 1.0)))
    return scale, f"{name}, {unit}"


def _joined(dated: Sequence[Dated]) -> list[Chart]:
    """A line through the checks of each memory size in turn."""
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "meta": "joined",
            "x": [point.x for point in part],
            "y": [point.value for point in part],
            "line": {"width": 1},
            "hoverinfo": "skip",
        }
        for part in (list(group) for _, group in groupby(dated, lambda point: point.entry.memory_mb))
    ]


def _marks(metric: Metric, dated: Sequence[Dated]) -> list[Chart]:
    marks = []
    for verdict, symbol in SYMBOLS.items():
        points = [point for point in dated if point.entry.verdict is verdict]
        if points:
            marks.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "meta": "none" if verdict is None else verdict.value,
                    "x": [point.x for point in points],
                    "y": [point.value for point in points],
                    "text": [_hover(metric, point.entry) for point in points],
                    "marker": {"symbol": symbol, "size": 11 if verdict in (Verdict.WORSE, Verdict.BETTER) else 8},
                    "hovertemplate": "%{text}<extra></extra>",
                }
            )
    return marks


def _hover(metric: Metric, entry: CheckEntry) -> str:
    value = figure_text(metric, figure_of(entry, metric, entry.currency), entry.currency)
    version = one_line(entry.version or figures.UNKNOWN, 20)
    lines = [
        f"{date_text(entry.at)} UTC: {verdict_text(entry.verdict)}",
        f"{NAMES[metric]} {value} at {figures.memory(entry.memory_mb)}, {figures.plural(entry.samples, 'sample')}",
        f"version {version}, code {code_text(entry)}, run {run_text(entry.run_id)}",
    ]
    return "<br>".join(map(chart_text, lines))


def _levels(
    compared: Sequence[Dated], found: Sequence[ChangePoint], scale: float, threshold: float
) -> tuple[list[Chart], list[float]]:
    """The median between changes, the threshold about the one before the last change, and all their figures."""
    if not compared:
        return [], []
    ends = {point.entry.run_id: point.x for point in compared}
    starts = [compared[0].x, *(ends[change.run_id] for change in found if change.run_id in ends)]
    stops = [*starts[1:], compared[-1].x]
    if found:
        medians = [found[0].before / scale, *(change.after / scale for change in found)]
        centre = found[-1].before / scale
    else:
        ordered = sorted(point.value for point in compared)
        centre = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
        medians = [centre]
    low, high = centre * (1 - threshold), centre * (1 + threshold)
    band = {
        "type": "rect", "name": "band", "xref": "x", "yref": "y", "x0": starts[0], "x1": stops[-1],
        "y0": low, "y1": high, "layer": "below", "line": {"width": 0},
    }  # fmt: skip
    lines = [
        {
            "type": "line", "name": "level", "xref": "x", "yref": "y", "x0": start, "x1": stop, "y0": at, "y1": at,
            "layer": "below", "line": {"width": 2},
        }
        for start, stop, at in zip(starts, stops, medians, strict=False)
    ]  # fmt: skip
    return [band, *lines], [low, high, *medians]


def _memory_sizes(dated: Sequence[Dated]) -> list[tuple[str, str, str]]:
    where = {point.entry.run_id: point for point in dated}
    begins = [part[0] for part in stretches([point.entry for point in dated])[1:]]
    return [
        (where[entry.run_id].x, "dot", f"{figures.memory(entry.memory_mb)}, {_day(where[entry.run_id].moment)}")
        for entry in begins
    ]


def _since(found: Sequence[ChangePoint], dated: Sequence[Dated]) -> list[tuple[str, str, str]]:
    where = {point.entry.run_id: point for point in dated}
    return [
        (where[one.run_id].x, "dash", f"{changes.growth(one.change)}, {_day(where[one.run_id].moment)}")
        for one in found
        if one.run_id in where
    ]


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b}"


def _line(x: str, dash: str) -> Chart:
    return {
        "type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1, "layer": "below",
        "name": "since", "line": {"width": 1.5, "dash": dash},
    }  # fmt: skip


def _label(x: str, text: str) -> Chart:
    return {
        "name": "since", "xref": "x", "yref": "paper", "x": x, "y": 1, "yanchor": "bottom", "yshift": 6,
        "text": chart_text(text), "showarrow": False,
    }  # fmt: skip
