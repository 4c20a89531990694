"""Cost against duration: which memory sizes have no other that is better in both means (V. Pareto's front)."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from powertune.domain.result import Interval, TuningResult
from powertune.render import figures, means
from powertune.render.compared import (
    COLD,
    Compared,
    beginning,
    compared_by,
    has_cost_intervals,
    has_intervals,
    is_measured,
)
from powertune.render.markup import Markup, figure
from powertune.render.page.rows import named
from powertune.render.safe import chart_text
from powertune.render.sentence import is_present, present_word

_LOG_FROM_RATIO = 12.0
_SYMBOLS = {"recommended": "star", "present": "square", "pareto": "diamond", "beaten": "circle-open"}
_SHAPES = {
    "recommended": '<path d="M11 1l1.9 4.6 5 .4-3.8 3.2 1.2 4.8L11 11.4 6.7 14l1.2-4.8L4.1 6l5-.4z" '
    'fill="var(--recommended)"/>',
    "present": '<rect x="6.5" y="3.5" width="9" height="9" fill="var(--present)"/>',
    "pareto": '<path d="M11 3 16 8 11 13 6 8z" fill="var(--curve)"/>',
    "beaten": '<circle cx="11" cy="8" r="4" fill="none" stroke="var(--soft)" stroke-width="1.8"/>',
    "front": '<path d="M1 3h10v10h10" fill="none" stroke="var(--curve)" stroke-width="2"/>',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A measured memory size by its mean duration in milliseconds and its mean cost per million.

    ``role`` is ``recommended``, ``present``, ``pareto`` (another one on the front) or ``beaten`` (any other). Of means
    without intervals, which one or two invocations made, neither a front nor a better size is claimed.
    """

    memory_mb: int
    duration_ms: float
    per_million: float
    role: str
    on_front: bool
    beaten_by_mb: int | None


def spots(result: TuningResult) -> list[Spot]:
    """Every measured size with both figures, ascending; none of a dry run, which measures nothing."""
    by = compared_by(result)
    if by.once:
        return []
    known = [
        (size.memory_mb, duration.mean, float(cost.per_million.amount))
        for size in sorted(result.memory_sizes, key=lambda one: one.memory_mb)
        if is_measured(result, size)
        and (duration := by.duration(size)) is not None
        and (cost := by.cost(size)) is not None
    ]
    sure = {size.memory_mb for size in result.memory_sizes if (mean := by.duration(size)) and mean.mean_interval}
    reliable = [one for one in known if one[0] in sure]
    named_front = _front(result, known)
    on_front = named_front if sure.issuperset(named_front) else frozenset()
    best = result.recommendation.memory_mb if result.recommendation else None
    made = []
    for memory_mb, duration_ms, per_million in known:
        is_on = memory_mb in on_front
        role = "pareto" if is_on else "beaten"
        if is_present(result, memory_mb):
            role = "present"
        if memory_mb == best:
            role = "recommended"
        better = None if is_on or memory_mb not in sure else _better(reliable, duration_ms, per_million)
        made.append(
            Spot(
                memory_mb=memory_mb,
                duration_ms=duration_ms,
                per_million=per_million,
                role=role,
                on_front=is_on,
                beaten_by_mb=better,
            )
        )
    return made


def _front(result: TuningResult, known: Sequence[tuple[int, float, float]]) -> Collection[int]:
    """As the result says it; of an older result, which does not, by the means."""
    if result.search is not None and result.search.pareto_mb:
        return frozenset(result.search.pareto_mb)
    return frozenset(mb for mb, duration, cost in known if _better(known, duration, cost) is None)


def pareto_sizes(result: TuningResult) -> frozenset[int]:
    """The front that a result names, where each mean of it has an interval; else nothing."""
    if result.search is None or not result.search.pareto_mb:
        return frozenset()
    return frozenset(spot.memory_mb for spot in spots(result) if spot.on_front)


def _better(known: Sequence[tuple[int, float, float]], duration: float, cost: float) -> int | None:
    """The fastest of the sizes that are at least as good in both means, and better in one."""
    found = [
        (its_duration, its_cost, mb)
        for mb, its_duration, its_cost in known
        if its_duration <= duration and its_cost <= cost and (its_duration, its_cost) != (duration, cost)
    ]
    return min(found)[2] if found else None


def pareto_chart(result: TuningResult) -> dict[str, Any]:
    """A point for each measured size with the intervals of both means, and the front as a stepped line."""
    import plotly.graph_objects as go

    by, found = compared_by(result), spots(result)
    if len(found) < 2:
        return {"data": []}
    sizes = {size.memory_mb: size for size in result.memory_sizes}
    scale, unit = figures.duration_unit(max(spot.duration_ms for spot in found))
    chart = go.Figure(layout={"template": "none"})
    front = sorted((spot.duration_ms, spot.per_million) for spot in found if spot.on_front)
    if len(front) > 1:
        chart.add_scatter(
            x=[duration / scale for duration, _ in front],
            y=[cost for _, cost in front],
            mode="lines",
            meta="front",
            line={"shape": "hv", "width": 2},
            hoverinfo="skip",
        )
    for role in ("beaten", "pareto", "present", "recommended"):
        shown = [spot for spot in found if spot.role == role]
        if not shown:
            continue
        across, up = [], []
        for spot in shown:
            duration, cost = by.duration(sizes[spot.memory_mb]), by.cost(sizes[spot.memory_mb])
            across.append(_reach(spot.duration_ms, duration.mean_interval if duration else None, scale))
            up.append(_reach(spot.per_million, cost.per_million_interval if cost else None, 1.0))
        chart.add_scatter(
            x=[spot.duration_ms / scale for spot in shown],
            y=[spot.per_million for spot in shown],
            text=[chart_text(_label(result, spot)) for spot in shown],
            hovertext=["<br>".join(map(chart_text, _said(result, spot, by))) for spot in shown],
            error_x={"arrayminus": [low for low, _ in across], "array": [high for _, high in across]},
            error_y={"arrayminus": [low for low, _ in up], "array": [high for _, high in up]},
            mode="markers",
            meta=role,
            marker={"symbol": _SYMBOLS[role], "size": 15 if role == "recommended" else 10},
            hovertemplate="%{hovertext}<extra></extra>",
        )
    what = f"Mean cold start ({beginning(result)} and duration)" if by is COLD else "Mean warm duration"
    chart.update_xaxes(title={"text": f"{what}, {unit}"})
    chart.update_yaxes(title={"text": f"Cost {by.per_million}, {chart_text(result.price.currency)}"})
    drawn: dict[str, Any] = json.loads(chart.to_json())
    drawn["page"] = {
        "kind": "pareto",
        "log": [_is_wide([spot.duration_ms for spot in found]), _is_wide([spot.per_million for spot in found])],
    }
    return drawn


def _reach(mean: float, interval: Interval | None, scale: float) -> tuple[float | None, float | None]:
    """How far the interval goes below and above the mean; no duration and no cost lies below nought."""
    if interval is None:
        return None, None
    return (mean - max(interval.low, 0.0)) / scale, (interval.high - mean) / scale


def _is_wide(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) / min(values) > _LOG_FROM_RATIO


def _label(result: TuningResult, spot: Spot) -> str:
    names = {"recommended": " recommended", "present": f" {present_word(result)}"}
    return f"{figures.memory(spot.memory_mb)}{names.get(spot.role, '')}"


def _said(result: TuningResult, spot: Spot, by: Compared) -> list[str]:
    size = next(one for one in result.memory_sizes if one.memory_mb == spot.memory_mb)
    parts = [_label(result, spot).replace(" MB ", " MB, "), means.duration_estimate(by.duration(size))]
    parts.append(f"{means.cost_estimate(by.cost(size))} {by.per_million}")
    if spot.on_front:
        parts.append("no other one has better means in both")
    elif spot.beaten_by_mb is not None:
        parts.append(f"{figures.memory(spot.beaten_by_mb)} has the better means in both")
    return parts


def _worth_a_thought(front: Sequence[Spot]) -> str:
    if not front:
        return (
            "No size is called better than another here: some of these means were made by one or two invocations, and "
            "chance may order them otherwise."
        )
    return (
        "A size is worth a thought where no other measured one is both faster and cheaper by its mean: "
        f"{named([spot.memory_mb for spot in front])}."
    )


def pareto_section(result: TuningResult, drawn: Collection[str]) -> Markup:
    """The section on cost against duration; nothing where there are not two sizes to compare."""
    if "pareto" not in drawn:
        return ""
    by, found = compared_by(result), spots(result)
    front = [spot for spot in found if spot.on_front]
    kinds = {spot.role for spot in found} | ({"front"} if len(front) > 1 else set())
    names = {
        "recommended": "recommended",
        "present": present_word(result),
        "pareto": "no other one is better",
        "beaten": "another one is better" if all(s.beaten_by_mb or s.on_front for s in found) else "another size",
        "front": "the least cost within a duration",
    }
    key = "".join(
        f'<li><svg viewBox="0 0 22 16" aria-hidden="true">{_SHAPES[kind]}</svg>{names[kind]}</li>'
        for kind in names
        if kind in kinds
    )
    lead = f"Better lies to the left and below. {_worth_a_thought(front)}"
    across, up = has_intervals(result), has_cost_intervals(result)
    ways = " and ".join(["across"] * across + ["up"] * up)
    chance = (
        f"The bars {ways} are the 95 % intervals of the means; where those of two sizes overlap, which of them is "
        "better may be chance."
        if ways
        else "These means have no intervals, so which of two sizes is better may be chance."
    )
    steps = " The steps join means that were measured: between them is no size." if "front" in kinds else ""
    caption = f"{chance}{steps}"
    words = [f"{'; '.join(_said(result, spot, by))}." for spot in found]
    return (
        '<section aria-labelledby="pareto"><h2 id="pareto">Cost against duration</h2>'
        f'<p class="lead">{lead}</p><ul class="key">{key}</ul>'
        f"{figure('pareto', 'Cost and duration of each memory size', caption, words)}</section>"
    )
