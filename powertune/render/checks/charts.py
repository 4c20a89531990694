"""The charts of a check, as plotly's JSON; ``reports/check.js`` finishes them."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from powertune.domain.check import CheckSample, Verdict, check_samples
from powertune.domain.result import MetricResult, TuningResult
from powertune.render import changes, figures
from powertune.render.checks import words
from powertune.render.checks.rows import Row, is_in_points, report_of, rows
from powertune.render.page.thinning import over_the_ranks
from powertune.render.safe import chart_text

CHANGES, DURATIONS = "check-changes", "check-durations"
"""The names of the charts."""

SIDES = {"before": "square", "after": "circle"}
SYMBOLS = {
    Verdict.WORSE: "diamond",
    Verdict.SAME: "circle",
    Verdict.BETTER: "square",
    Verdict.UNDECIDED: "circle-open",
}
"""Shapes tell verdicts apart where colour does not."""

_MARKS = (("p50", 0.5), ("p95", 0.95))
_MOST_DRAWN = 400
_LEAST_REACH = 2.0
"""So many thresholds to both sides are in the chart of changes at least."""
_MOST_REACH = 4.0
"""So many times the largest change: what reaches further is cut, or an interval of a few values would hide the rest."""
_PAD = 0.08
_LOG_FROM_RATIO = 12.0
_UNFIT_FOR_A_FILE = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_FILE, _LONGEST_ABOUT, _LONGEST_NAME = 150, 300, 60

Chart = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The warm durations of one side, ascending, in milliseconds."""

    role: str
    name: str
    values_ms: tuple[float, ...]

    def at(self, share: float) -> float:
        """The quantile that so large a share of them does not exceed; it interpolates like every other here."""
        place = share * (len(self.values_ms) - 1)
        low = math.floor(place)
        high = min(low + 1, len(self.values_ms) - 1)
        return self.values_ms[low] + (place - low) * (self.values_ms[high] - self.values_ms[low])


def check_charts(result: TuningResult) -> dict[str, Chart]:
    """The charts by name, each where there is something to draw."""
    drawn = {CHANGES: _changes(result), DURATIONS: _durations(result)}
    kept = {name: chart for name, chart in drawn.items() if chart is not None}
    called, began = words.called(report_of(result).subject), figures.moment(result.started_at)
    about = " · ".join((called, result.function.region, f"run {result.run_id}", began))
    for name, chart in kept.items():
        file = _UNFIT_FOR_A_FILE.sub("-", f"powertune-{result.function.name}-{result.run_id}-{name}")
        chart["page"]["picture"] = {"about": chart_text(about, _LONGEST_ABOUT), "file": file[:_LONGEST_FILE]}
    return kept


def shares(result: TuningResult) -> list[Row]:
    """The metrics that were compared and whose change is a share, and so has a place on the axis of changes."""
    compared = (row for row in rows(result) if row.found.verdict is not None and row.found.change is not None)
    return [row for row in compared if not is_in_points(row.found)]


def verdicts(shown: Sequence[Row]) -> list[Verdict]:
    """The verdicts that some metrics have, each once."""
    return list(dict.fromkeys(row.found.verdict for row in shown if row.found.verdict is not None))


def sides(result: TuningResult) -> list[Side]:
    """The warm durations of both sides, as far as there are any."""
    check = report_of(result)
    found = []
    if check.reference is not None:
        found.append(("before", words.reference_called(check), check.reference.samples))
    found.append(("after", words.called(check.subject), check_samples(result.samples)))
    made = (Side(role=role, name=name, values_ms=warm_ms(samples)) for role, name, samples in found)
    return [side for side in made if side.values_ms]


def warm_ms(samples: Sequence[CheckSample]) -> tuple[float, ...]:
    """The durations of the warm invocations, ascending."""
    return tuple(sorted(one.duration_ms for one in samples if one.is_warm and one.duration_ms is not None))


def _changes(result: TuningResult) -> Chart | None:
    shown = shares(result)
    if not shown:
        return None
    threshold = report_of(result).settings.threshold
    low, high = _reach([row.found for row in shown], threshold)
    traces = []
    for verdict in verdicts(shown):
        mine = [(place, row) for place, row in enumerate(shown) if row.found.verdict is verdict]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "meta": verdict.value,
                "x": [100 * _change(row.found) for _, row in mine],
                "y": [place for place, _ in mine],
                "text": [_hover(row) for _, row in mine],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [_arm(row.found.high, row.found, high) for _, row in mine],
                    "arrayminus": [_arm(row.found.low, row.found, low) for _, row in mine],
                },
                "marker": {"symbol": SYMBOLS[verdict], "size": 11},
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    return {
        "data": traces,
        "layout": {"xaxis": {"title": {"text": "Change, %"}}},
        "page": {
            "kind": "changes",
            "labels": [row.name for row in shown],
            "range": [100 * low, 100 * high],
            "threshold": 100 * threshold,
            "limit": f"worse: over +{changes.exact_percent(threshold)}",
        },
    }


def _change(one: MetricResult) -> float:
    assert one.change is not None
    return one.change


def _arm(end: float | None, one: MetricResult, limit: float) -> float | None:
    """How far an interval reaches from its change, in per cent; to beyond the chart where it has no end."""
    if one.low is None and one.high is None:
        return None
    reached = 2 * limit - _change(one) if end is None or not math.isfinite(end) else end
    return 100 * abs(reached - _change(one))


def _reach(found: Sequence[MetricResult], threshold: float) -> tuple[float, float]:
    """Both ends of the axis, as shares."""
    moved = max([threshold, *(abs(_change(one)) for one in found)])
    most = _MOST_REACH * moved
    ends = [end for one in found for end in (one.low, one.high, one.change) if end is not None and math.isfinite(end)]
    low = max(min([-_LEAST_REACH * threshold, *ends]), -most, -1.0)
    high = min(max([_LEAST_REACH * threshold, *ends]), most)
    pad = _PAD * (high - low)
    return low - pad, high + pad


def _hover(row: Row) -> str:
    lines = [
        f"{row.name}: {row.change} ({row.verdict})",
        f"interval: {row.interval}",
        f"{row.before} before, {row.after} after",
    ]
    return "<br>".join(map(chart_text, lines))


def _durations(result: TuningResult) -> Chart | None:
    found = sides(result)
    if not found:
        return None
    scale, unit = figures.duration_unit(max(side.at(0.5) for side in found))
    traces = [trace for side in found for trace in _curve(side, scale)]
    low, high = min(side.values_ms[0] for side in found), max(side.values_ms[-1] for side in found)
    return {
        "data": traces,
        "layout": {
            "xaxis": {"title": {"text": f"Warm duration, {unit}"}},
            "yaxis": {"title": {"text": "Took at most so long, %"}},
        },
        "page": {
            "kind": "shares",
            "range": [low / scale, high / scale],
            "log": low > 0 and high / low > _LOG_FROM_RATIO,
        },
    }


def _curve(side: Side, scale: float) -> Iterator[Chart]:
    """The steps of one side, and its percentiles on them."""
    count = len(side.values_ms)
    drawn = over_the_ranks(side.values_ms, _MOST_DRAWN)
    yield {
        "type": "scatter",
        "mode": "lines",
        "meta": side.role,
        "x": [_short(side.values_ms[place] / scale) for place in [drawn[0], *drawn]],
        "y": [0.0, *(_short(100 * (place + 1) / count) for place in drawn)],
        "line": {"shape": "hv", "width": 2.2, "dash": "dash" if side.role == "before" else "solid"},
        "hoverinfo": "skip",
    }
    yield {
        "type": "scatter",
        "mode": "markers",
        "meta": side.role,
        "x": [_short(side.at(share) / scale) for _, share in _MARKS],
        "y": [100 * share for _, share in _MARKS],
        "text": [
            f"{chart_text(side.name, _LONGEST_NAME)}<br>{name}: {figures.duration(side.at(share))}"
            for name, share in _MARKS
        ],
        "marker": {"symbol": SIDES[side.role], "size": 10},
        "hovertemplate": "%{text}<extra></extra>",
    }


def changes_in_words(result: TuningResult) -> Iterator[str]:
    """The chart of changes as sentences."""
    for row in shares(result):
        between = "no interval" if row.interval == figures.UNKNOWN else f"interval {row.interval}"
        yield f"{row.name}: {row.change}, {between}: {row.verdict}."


def durations_in_words(result: TuningResult) -> Iterator[str]:
    """The chart of durations as sentences."""
    found = sides(result)
    for side in found:
        parts = [f"{name} {figures.duration(side.at(share))}" for name, share in _MARKS]
        ends = f"from {figures.duration(side.values_ms[0])} to {figures.duration(side.values_ms[-1])}"
        number = figures.plural(len(side.values_ms), "warm invocation")
        when = "" if len(found) == 1 else "Before, " if side.role == "before" else "After, "
        yield f"{when}{side.name}: {number}, {', '.join(parts)}, {ends}."


def _short(value: float) -> float:
    return float(f"{value:.6g}")
