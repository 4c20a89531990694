"""The section on how single durations spread: all memory sizes side by side, and each of them closely."""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from powertune.domain.result import TuningResult
from powertune.render import figures
from powertune.render.compared import beginning, compared_by
from powertune.render.markup import Markup, figure
from powertune.render.page.durations import Durations, durations_by_size
from powertune.render.page.rows import page_rows, rows_choice

_LANE = 0.2
"""How far warm and cold lie from the middle of their row, where there are both."""
_LOG_FROM_RATIO = 4.0
"""On a logarithmic axis strips of the same relative width are as wide, wherever they lie."""
_MARKS = {"p50": "line-ns-open", "p95": "diamond-tall", "p99": "x-thin-open"}
_VALUE = '<circle cx="11" cy="8" r="3.5" fill="none" stroke="var(--{})" stroke-width="1.6"/>'
_SHAPES = {
    "half-warm": '<rect y="4" width="22" height="8" fill="var(--warm)" fill-opacity=".45"/>',
    "half-cold": '<rect x=".7" y="4.7" width="20.6" height="6.6" fill="none" stroke="var(--cold)" stroke-width="1.4"/>'
    '<path d="M2 8h18" stroke="var(--cold)" stroke-width="1.4" stroke-dasharray="3 2"/>',
    "value-warm": _VALUE.format("warm"),
    "value-cold": _VALUE.format("cold"),
    "row-warm": '<path d="M11 1v7" stroke="var(--mean)" stroke-width="2.4"/>',
    "row-cold": '<path d="M11 8v7" stroke="var(--mean)" stroke-width="2.4"/>',
    "ends": '<path d="M1 8h20" stroke="var(--soft)" stroke-width="1.5"/>',
    "p50": '<path d="M11 1v14" stroke="var(--mean)" stroke-width="2.4"/>',
    "p95": '<path d="M11 2 14.5 8 11 14 7.5 8z" fill="var(--mean)"/>',
    "p99": '<path d="M7 4l8 8M15 4l-8 8" stroke="var(--mean)" stroke-width="1.8"/>',
}
_KINDS = {"warm": ("warm durations", "the upper row"), "cold": ("cold starts", "the lower row")}
_KEY = {"ends": "from the shortest to the longest", "p50": "p50, the median", "p95": "p95", "p99": "p99"}


def spread_chart(result: TuningResult, found: Sequence[Durations]) -> dict[str, Any]:
    """A strip for each size and kind: the middle half as a bar, the whole as a line, and three percentiles."""
    import plotly.graph_objects as go

    if not found:
        return {"data": []}
    sizes_mb = sorted({one.memory_mb for one in found})
    row = {mb: index for index, mb in enumerate(sizes_mb)}
    scale, unit = figures.duration_unit(max(one.found.p50 for one in found))
    apart = len({one.cold for one in found}) > 1
    chart = go.Figure(layout={"template": "none"})

    def place(one: Durations) -> float:
        return row[one.memory_mb] + (0.0 if not apart else _LANE if one.cold else -_LANE)

    for cold in (False, True):
        shown = [one for one in found if one.cold is cold]
        kind = "cold" if cold else "warm"
        for role, ends in (
            ("ends", [(one, (one.found.minimum, one.found.maximum)) for one in shown]),
            ("half", [(one, one.quartiles) for one in shown if one.quartiles is not None]),
        ):
            if ends:
                chart.add_scatter(
                    x=[None if end is None else end / scale for _, both in ends for end in (*both, None)],
                    y=[place(one) for one, _ in ends for _ in range(3)],
                    mode="lines",
                    meta=f"{role}-{kind}",
                    line={"width": 12 if role == "half" else 1.5},
                    hoverinfo="skip",
                )
        few = [(one, value) for one in shown if one.found.count > 1 for value in one.values]
        if few:
            chart.add_scatter(
                x=[_shown(value / scale) for _, value in few],
                y=[place(one) for one, _ in few],
                hovertext=[f"{_name(one)}: {figures.duration(value)}" for one, value in few],
                mode="markers",
                meta=f"value-{kind}",
                marker={"symbol": "circle-open", "size": 7, "line": {"width": 1.5}},
                hovertemplate="%{hovertext}<extra></extra>",
            )
        for name, symbol in _MARKS.items():
            marked = [one for one in shown if name == "p50" or not one.values]
            if not marked:
                continue
            chart.add_scatter(
                x=[getattr(one.found, name) / scale for one in marked],
                y=[place(one) for one in marked],
                hovertext=["<br>".join(_said(one)) if name == "p50" else _percentile(one, name) for one in marked],
                mode="markers",
                meta=f"{name}-{kind}",
                marker={"symbol": symbol, "size": {"p50": 16, "p95": 10, "p99": 8}[name], "line": {"width": 2.2}},
                hovertemplate="%{hovertext}<extra></extra>",
            )
    chart.update_xaxes(title={"text": f"Duration{_cold_title(result, found)}, {unit}"})
    drawn: dict[str, Any] = json.loads(chart.to_json())
    low, high = min(one.found.minimum for one in found), max(one.found.maximum for one in found)
    wide = low > 0 and high / low > _LOG_FROM_RATIO
    drawn["page"] = {"kind": "spread", "log": wide, "apart": apart, **page_rows(result, sizes_mb)}
    return drawn


def closely_chart(result: TuningResult, found: Sequence[Durations]) -> dict[str, Any]:
    """One size and kind at a time: a histogram, or the values themselves where they are few.

    ``page.series`` has every one of them, of which the reader chooses; the first is drawn at first.
    """
    if not found:
        return {"data": []}
    series = {one.key: _series(one) for one in found}
    first = _first(result, found).key
    return {
        "data": [{"type": "bar", "x": [], "y": [], "meta": "closely", "hovertemplate": "%{hovertext}<extra></extra>"}],
        "layout": {"xaxis": {"title": {"text": ""}}, "yaxis": {"title": {"text": "Samples"}}},
        "page": {"kind": "closely", "series": series, "at": first},
    }


def _series(one: Durations) -> dict[str, Any]:
    scale, unit = figures.duration_unit(one.found.p50)
    # A few values stand for themselves.
    names = ("p50",) if one.values else tuple(_MARKS)
    bins = one.bins
    return {
        "name": _name(one),
        "cold": one.cold,
        "axis": f"{'Cold start' if one.cold else 'Warm duration'} at {figures.memory(one.memory_mb)}, {unit}",
        "marks": [[_shown(getattr(one.found, name) / scale), f"{name} {_figure(one, name)}"] for name in names],
        "edges": [_shown(edge / scale) for edge in bins.edges] if bins else [],
        "names": [figures.duration(edge) for edge in bins.edges] if bins else [],
        "counts": list(bins.counts) if bins else [],
        "log": bins.log if bins else False,
        "values": [_shown(value / scale) for value in one.values],
        "texts": [figures.duration(value) for value in one.values],
        "said": f"{'; '.join(_said(one))}.",
    }


def _name(one: Durations) -> str:
    return f"{figures.memory(one.memory_mb)}, {'cold' if one.cold else 'warm'}"


def _figure(one: Durations, name: str) -> str:
    return figures.duration(getattr(one.found, name))


def _percentile(one: Durations, name: str) -> str:
    return f"{_name(one)}: {name} {_figure(one, name)}"


def _shown(value: float) -> float:
    """As many digits as a screen has room for."""
    return float(f"{value:.6g}")


def _said(one: Durations) -> list[str]:
    found = one.found
    sample = figures.plural(found.count, "cold start" if one.cold else "warm sample")
    said = [f"{figures.memory(one.memory_mb)}, {sample}"]
    if found.count == 1:
        return [*said, figures.duration(found.p50)]
    said.append(", ".join(f"{name} {_figure(one, name)}" for name in _MARKS if name == "p50" or not one.values))
    if one.quartiles is not None:
        low, high = map(figures.duration, one.quartiles)
        said.append(f"the middle half from {low} to {high}")
    said.append(f"all from {figures.duration(found.minimum)} to {figures.duration(found.maximum)}")
    return said


def distribution_section(result: TuningResult, drawn: Mapping[str, Any]) -> Markup:
    """The section with both charts, as they were drawn; nothing of a dry run or where nothing was measured."""
    if "spread" not in drawn:
        return ""
    series, at = drawn["closely"]["page"]["series"], drawn["closely"]["page"]["at"]
    colds = {one["cold"] for one in series.values()}
    roles = {trace["meta"] for trace in drawn["spread"]["data"]}
    key = "".join(
        f'<li><svg viewBox="0 0 22 16" aria-hidden="true">{_SHAPES[name]}</svg>{text}</li>'
        for name, text in _key(roles, apart=drawn["spread"]["page"]["apart"])
    )
    cold = f" Cold starts, {beginning(result)} included, lie below the warm durations of their size."
    lead = f"A mean hides how far single invocations lie apart.{cold if len(colds) > 1 else ''}"
    caption = "Each p50 is as in the table."
    if "p95-warm" in roles or "p95-cold" in roles:
        few = "Of fewer than about 20 samples p95, of fewer than 100 p99, is little more than the longest."
        caption = f"Percentiles as the result has them. {few}"
    return (
        '<section aria-labelledby="durations"><h2 id="durations">How durations spread</h2>'
        f'<p class="lead">{lead}</p>{rows_choice(result)}<ul class="key">{key}</ul>'
        f"{figure('spread', 'Every memory size', caption, [one['said'] for one in series.values()])}"
        f"{_closely(series, at)}</section>"
    )


def _key(roles: Set[str], *, apart: bool) -> Iterator[tuple[str, str]]:
    """What each shape means; where a size has a row for each kind, which one is whose."""
    for kind, (name, place) in _KINDS.items():
        row = f" ({place})" if apart else ""
        said = {"half": f"middle half of the {name}{row}", "value": f"single {name}, where they are few{row}"}
        shown = {f"{role}-{kind}": text for role, text in said.items() if f"{role}-{kind}" in roles}
        yield from shown.items()
        if apart and not shown:
            yield f"row-{kind}", f"{name}{row}"
    for role, text in _KEY.items():
        if roles & {f"{role}-warm", f"{role}-cold"}:
            yield role, text


def _closely(series: Mapping[str, Any], at: str) -> Markup:
    groups = ""
    for cold, label in ((False, "Warm invocations"), (True, "Cold starts")):
        options = "".join(
            f'<option value="{key}"{" selected" * (key == at)}>{one["name"]}</option>'
            for key, one in series.items()
            if one["cold"] is cold
        )
        groups += f'<optgroup label="{label}">{options}</optgroup>' if options else ""
    choice = (
        '<form class="controls choice" hidden aria-label="Memory size of the next chart"><label>Memory size '
        f'<select name="closely">{groups}</select></label></form>'
    )
    caption = f'<span id="closely-said" aria-live="polite">{series[at]["said"]}</span>'
    words = [f"{one['name']}: {_values(one)}." for one in series.values()]
    # The choice stands between the heading and the chart, so that both are read in that order.
    return figure("closely", "One memory size closely", caption, words).replace("</h3>", f"</h3>{choice}", 1)


def _values(one: Mapping[str, Any]) -> str:
    """The values where they are few; else where most of them lie."""
    counts, names = one["counts"], one["names"]
    if not counts:
        return ", ".join(one["texts"]) or "only its percentiles are known"
    most = max(range(len(counts)), key=lambda index: counts[index])
    share = f"{figures.count(counts[most])} of {figures.count(sum(counts))}"
    return f"most often from {names[most]} to {names[most + 1]} ({share})"


def _first(result: TuningResult, found: Sequence[Durations]) -> Durations:
    """The recommended size, by what the run compares; else the first that there is."""
    best, cold = result.recommendation, compared_by(result).cold
    return next((one for one in found if best and one.memory_mb == best.memory_mb and one.cold is cold), found[0])


def _cold_title(result: TuningResult, found: Sequence[Durations]) -> str:
    kinds = {one.cold for one in found}
    if True not in kinds:
        return ""
    return f" ({'cold: with ' if len(kinds) > 1 else 'with '}{beginning(result)})"


def distribution_charts(result: TuningResult) -> dict[str, dict[str, Any]]:
    """Both charts by name."""
    found = durations_by_size(result)
    return {"spread": spread_chart(result, found), "closely": closely_chart(result, found)}
