"""Duration and cost of a function's runs against time, as plotly's JSON; ``reports/time.js`` finishes them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from powertune.domain.compared import ComparedBy
from powertune.domain.history import RunSummary, SizeSummary
from powertune.domain.result import Interval
from powertune.render import figures, means
from powertune.render.history import words
from powertune.render.safe import chart_text

DURATION, COST = "past-duration", "past-cost"
"""The names of the two charts."""

Chart = dict[str, Any]

_SYMBOLS = {"present": "circle", "recommended": "diamond"}
_SIZES = {"present": 9, "recommended": 8}
_PAD_OF_ONE = timedelta(hours=6)
_LEAST_PAD = timedelta(seconds=10)
_SHORT = timedelta(hours=1)
_OVERLAPPING = 100
"""Points that are nearer than this part of the axis lie on each other."""
_FAR_FROM_EVEN = 4
_MOST_OVERLAPPING = 3
"""One gap in so many may be so small that two points lie on each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What a run found at one of the two sizes, in the unit of a chart."""

    run: RunSummary
    value: float
    interval: Interval | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawable:
    """The runs that are drawn, oldest first, and in words those that are not."""

    runs: tuple[RunSummary, ...]
    left_out: tuple[str, ...]
    compared: ComparedBy
    currency: str

    @property
    def is_crowded(self) -> bool:
        """Whether many of the points would lie on each other on an axis of time, and not if they were evenly spaced."""
        return is_crowded([_moment(run) for run in self.runs])

    @property
    def priced(self) -> tuple[RunSummary, ...]:
        """Those in the currency of the chart of costs."""
        return tuple(run for run in self.runs if run.cost.currency == self.currency)


def is_crowded(moments: Sequence[datetime]) -> bool:
    """Whether many of some moments, in their order, would lie on each other on an axis of time."""
    if not moments or moments[-1] == moments[0]:
        return len(moments) > 1
    span, gaps = moments[-1] - moments[0], [after - before for before, after in pairwise(moments)]
    small = min(span / _OVERLAPPING, span / len(gaps) / _FAR_FROM_EVEN)
    return span < _SHORT or _MOST_OVERLAPPING * sum(gap < small for gap in gaps) >= len(gaps)


def drawable(runs: Sequence[RunSummary]) -> Drawable:
    """What of a history can be drawn on one pair of axes: runs with a time, by warm invocations if there are any."""
    timed = words.oldest_first(runs)
    warm = any(run.compared is ComparedBy.WARM for run in timed)
    compared = ComparedBy.WARM if warm else ComparedBy.COLD
    shown = [run for run in timed if run.compared is compared]
    left_out = []
    if untimed := len(runs) - len(timed):
        left_out.append(f"{figures.plural(untimed, 'run')} without a date")
    if once := sum(run.compared is ComparedBy.ONCE for run in timed):
        left_out.append(figures.plural(once, "dry run"))
    if cold := sum(run.compared is ComparedBy.COLD for run in timed if warm):
        left_out.append(f"{figures.plural(cold, 'run')} of cold starts alone")
    currency = shown[-1].cost.currency if shown else "USD"
    return Drawable(runs=tuple(shown), left_out=tuple(left_out), compared=compared, currency=currency)


def history_charts(runs: Sequence[RunSummary]) -> dict[str, Chart]:
    """The charts by name, each where there is something to draw."""
    of = drawable(runs)
    changes = [change for change in words.deployments(runs) if change.run in of.runs]
    longest = [size.duration_ms.mean for run in of.runs for _, size in _sizes(run) if size.duration_ms is not None]
    scale, unit = figures.duration_unit(max(longest, default=1.0))
    what = "Mean cold start" if of.compared is ComparedBy.COLD else "Mean duration"
    per = "per million cold starts" if of.compared is ComparedBy.COLD else "per million"

    def duration(run: RunSummary, size: SizeSummary) -> Point | None:
        found = size.duration_ms
        if found is None:
            return None
        ends = _scaled(found.mean_interval, scale)
        text = f"{means.duration_estimate(found)}, {figures.plural(found.count, 'sample')}"
        return Point(run=run, value=found.mean / scale, interval=ends, text=text)

    def cost(run: RunSummary, size: SizeSummary) -> Point | None:
        if size.cost is None or size.cost.per_million.currency != of.currency:
            return None
        text = f"{means.cost_estimate(size.cost)} {per}"
        amount = float(size.cost.per_million.amount)
        return Point(run=run, value=amount, interval=size.cost.per_million_interval, text=text)

    drawn = {
        DURATION: _chart(of, changes, f"{what}, {unit}", duration, words.alike),
        COST: _chart(of, changes, f"Cost {per}, {chart_text(of.currency, 12)}", cost, _alike_in_cost),
    }
    return {name: chart for name, chart in drawn.items() if chart is not None}


def _alike_in_cost(run: RunSummary) -> tuple[object, ...]:
    # Where list prices changed, so did the cost, whatever the code.
    return (*words.alike(run), run.per_gb_second, run.per_request)


def _sizes(run: RunSummary) -> Iterator[tuple[str, SizeSummary]]:
    if run.present is not None:
        yield "present", run.present
    if run.recommended is not None:
        yield "recommended", run.recommended


def _chart(
    of: Drawable,
    changes: Sequence[words.Deployment],
    title: str,
    figure: Callable[[RunSummary, SizeSummary], Point | None],
    alike: Callable[[RunSummary], tuple[object, ...]],
) -> Chart | None:
    lines: dict[tuple[object, ...], list[Point]] = {}
    for run in of.runs:
        for role, size in _sizes(run):
            if (point := figure(run, size)) is not None:
                lines.setdefault((role, size.memory_mb, *alike(run)), []).append(point)
    if not lines:
        return None
    # The recommended size over the present one: the smaller mark over the larger.
    roles = sorted(lines, key=lambda line: str(line[0]))
    traces = [_trace(str(line[0]), lines[line]) for line in roles]
    if changes:
        traces.append(_deployments(changes))
    moments = [_moment(run) for run in of.runs]
    return {
        "data": traces,
        "layout": {
            "xaxis": {"title": {"text": "When the run began (UTC)"}},
            "yaxis": {"title": {"text": title}},
            "yaxis2": {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
            "shapes": [_line(change) for change in changes],
            "annotations": [_label(change) for change in changes],
        },
        "page": {
            "kind": "time",
            "range": padded(moments[0], moments[-1]),
            "order": list(dict.fromkeys(map(moment_text, moments))),
        },
    }


def _trace(role: str, points: Sequence[Point]) -> Chart:
    local = points[0].run.is_local
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "meta": role,
        "x": [_x(point.run) for point in points],
        "y": [point.value for point in points],
        "text": [_hover(role, point) for point in points],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [max(one.interval.high - one.value, 0.0) if one.interval else None for one in points],
            # Nothing takes less than no time, whatever an interval of two samples says.
            "arrayminus": [one.value - max(one.interval.low, 0.0) if one.interval else None for one in points],
        },
        "line": {"width": 1.5, "dash": "dot" if role == "present" else "solid"},
        "marker": {"symbol": _SYMBOLS[role] + ("-open" if local else ""), "size": _SIZES[role]},
        "hovertemplate": "%{text}<extra></extra>",
    }


def _hover(role: str, point: Point) -> str:
    run = point.run
    size = run.present if role == "present" else run.recommended
    at = figures.memory(size.memory_mb if size else None)
    which = "the size it had" if role == "present" else "recommended"
    where = [remark for remark in words.remarks(run) if remark]
    lines = [
        f"{words.date(run)} UTC",
        f"{at} ({which}): {point.text}",
        f"code {words.code(run)}, run {words.run_id(run)}",
        *([", ".join(where)] if where else []),
    ]
    return "<br>".join(chart_text(line) for line in lines)


def _deployments(changes: Sequence[words.Deployment]) -> Chart:
    return {
        "type": "scatter",
        "mode": "markers",
        "meta": "deployment",
        "yaxis": "y2",
        "x": [_x(change.run) for change in changes],
        "y": [1] * len(changes),
        "text": [
            chart_text(f"First run of the code {words.code(change.run)}, {words.date(change.run)} UTC")
            + "<br>"
            + chart_text(f"before: {words.code(change.before)}, {words.date(change.before)} UTC")
            for change in changes
        ],
        "marker": {"symbol": "triangle-down", "size": 11},
        "cliponaxis": False,
        "hovertemplate": "%{text}<extra></extra>",
    }


def _line(change: words.Deployment) -> Chart:
    at = _x(change.run)
    return {
        "type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "layer": "below",
        "name": "deployment", "line": {"width": 1.5, "dash": "dash"},
    }  # fmt: skip


def _label(change: words.Deployment) -> Chart:
    begun = _moment(change.run)
    text = f"{words.code(change.run)}, {begun.day} {begun:%b}"
    return {
        "name": "deployment", "xref": "x", "yref": "paper", "x": _x(change.run), "y": 1, "yanchor": "bottom",
        "yshift": 6, "text": chart_text(text), "showarrow": False,
    }  # fmt: skip


def _moment(run: RunSummary) -> datetime:
    found = figures.parse_moment(run.started_at)
    assert found is not None
    return found


def _x(run: RunSummary) -> str:
    return moment_text(_moment(run))


def padded(first: datetime, last: datetime) -> list[str]:
    """An axis of time with some room before its first point and after its last one."""
    pad = max((last - first) * 0.05, _LEAST_PAD) if last > first else _PAD_OF_ONE
    calendar = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    return [
        moment_text(first - min(pad, first - calendar[0])),
        moment_text(last + min(pad, calendar[1] - last)),
    ]


def moment_text(moment: datetime) -> str:
    """A moment as plotly reads it."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _scaled(interval: Interval | None, scale: float) -> Interval | None:
    return None if interval is None else Interval(low=interval.low / scale, high=interval.high / scale)
