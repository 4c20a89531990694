"""The sections of the report around its charts: controls, key, captions and every chart in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from powertune.domain.result import SizeResult, TuningResult
from powertune.render import figures, means, model, sentence
from powertune.render.certainty import keeping, limit_of
from powertune.render.compared import (
    COLD,
    Compared,
    beginning,
    compared_by,
    equivalent_sizes,
    has_intervals,
    is_measured,
    state_of,
)
from powertune.render.markup import Markup, figure
from powertune.render.page import target
from powertune.render.page.charts import counted
from powertune.render.page.points import PointKind
from powertune.render.page.samples import MOST_DRAWN, Tally, tally
from powertune.render.page.strips import marks_present
from powertune.render.safe import escape

_SHAPES = {
    "warm": '<circle cx="11" cy="8" r="4" fill="var(--warm)" fill-opacity=".6"/>',
    "cold": '<path d="M11 3.5 15.5 12h-9z" fill="none" stroke="var(--cold)" stroke-width="1.6"/>',
    "set-aside": '<rect x="7" y="4" width="8" height="8" fill="none" stroke="var(--set-aside)" stroke-width="1.6"/>',
    "failed": '<path d="M7 4l8 8M15 4l-8 8" stroke="var(--failed)" stroke-width="1.8"/>',
    "mean": '<path d="M11 1v14M8 1h6M8 15h6" stroke="var(--mean)" stroke-width="1.6"/>'
    '<path d="M11 3.5 15.5 8 11 12.5 6.5 8z" fill="var(--mean)"/>',
    "mean-alone": '<path d="M11 3.5 15.5 8 11 12.5 6.5 8z" fill="var(--mean)"/>',
    "curve": '<rect y="3" width="22" height="10" fill="var(--band)"/>'
    '<path d="M0 8h22" stroke="var(--curve)" stroke-width="2"/>',
    "statistic": '<path d="M2 8h18" stroke="var(--statistic)" stroke-width="2.6"/>',
    "target": '<path d="M0 8h22" stroke="var(--target)" stroke-width="2" stroke-dasharray="8 3 2 3"/>',
    "recommended": '<path d="M11 0v16" stroke="var(--recommended)" stroke-width="2.4"/>',
    "present": '<path d="M11 0v16" stroke="var(--present)" stroke-width="2.2" stroke-dasharray="4 3"/>',
    "equivalent": '<rect width="22" height="16" fill="var(--equivalent)"/>',
    "missing": '<rect width="22" height="16" fill="var(--missing)"/>',
}


def key(result: TuningResult, by: Compared, found: Tally | None = None) -> Markup:
    """What each shape and colour of the charts against memory size means, with how many there are of each."""
    measured = not by.once and any(by.duration(size) is not None for size in result.memory_sizes)
    kinds, wanted = (found or tally(result.samples, result.request.warm_mix())).kinds, target.target_of(result)
    rows = [
        ("warm", f"warm sample ({figures.count(kinds[PointKind.WARM])})", PointKind.WARM in kinds),
        ("cold", f"cold start ({figures.count(kinds[PointKind.COLD])})", PointKind.COLD in kinds),
        (
            "set-aside",
            f"set aside ({figures.count(kinds[PointKind.SET_ASIDE])})",
            PointKind.SET_ASIDE in kinds,
        ),
        (
            "failed",
            f"failed invocation ({figures.count(kinds[PointKind.FAILED])})",
            PointKind.FAILED in kinds,
        ),
        ("mean", f"mean of the {by.samples} with its 95 % interval", measured and has_intervals(result)),
        ("mean-alone", f"mean of the {by.samples}", measured and not has_intervals(result)),
        ("curve", "the model’s mean with its 95 % band", bool(model.points(result))),
        ("statistic", f"{wanted.statistic.value if wanted else ''} of the {by.samples}", target.has_own_marks(result)),
        ("target", f"latency target: {escape(limit_of(wanted)) if wanted else ''}", wanted is not None),
        ("recommended", "recommended", result.recommendation is not None),
        ("present", sentence.present_word(result), marks_present(result)),
        ("equivalent", "equivalent sizes", bool(equivalent_sizes(result))),
        ("missing", "failed or not measured", any(not is_measured(result, s) for s in result.memory_sizes)),
    ]
    items = "".join(
        f'<li><svg viewBox="0 0 22 16" aria-hidden="true">{_SHAPES[name]}</svg>{text}</li>'
        for name, text, shown in rows
        if shown
    )
    return f'<ul class="key">{items}</ul>'


_AXES = """<fieldset><legend>Memory axis</legend>
<label><input type="radio" name="memory" value="log" checked>log</label>
<label><input type="radio" name="memory" value="linear">linear</label></fieldset>
<fieldset><legend>Value axes</legend><label><input type="radio" name="values" value="auto" checked>automatic</label>
<label><input type="radio" name="values" value="linear">linear</label>
<label><input type="radio" name="values" value="log">log</label></fieldset>"""
_COLD_CHOICE = '<fieldset><label><input type="checkbox" name="cold" checked>Show cold starts</label></fieldset>'


def _controls(by: Compared) -> Markup:
    choices = _AXES if by.cold else f"{_AXES}\n{_COLD_CHOICE}"
    return f'<form id="controls" class="controls" hidden aria-label="Chart options">\n{choices}\n</form>'


def curves(result: TuningResult, drawn: Mapping[str, Any]) -> Markup:
    """Duration and cost against memory size, with their key and their controls; ``drawn`` has the charts by name."""
    by, found = compared_by(result), tally(result.samples, result.request.warm_mix())
    duration = [f"{line}." for line in _durations_in_words(result, by, found)]
    cost = [f"{figures.memory(size.memory_mb)}: {_cost_words(size, by)}." for size in result.memory_sizes]
    joined = not by.once and sum(by.duration(size) is not None for size in result.memory_sizes) > 1
    line = (
        "" if not joined else " The dotted straight line only joins the means; nothing was measured between the sizes."
    )
    if modelled := model.points(result):
        line = (
            f" The line is the search’s model at {figures.count(len(modelled))} memory sizes, from all measurements "
            "together; where there is no mean, nothing was measured and the line is an estimate."
        )
        duration += model.in_words(result, model.durations(result, 1.0))
        cost += model.in_words(result, model.costs(result))
    if wanted := target.target_of(result):
        duration.insert(0, f"The latency target is {keeping(wanted)}.")
    captions = (
        _duration_caption(result, by, found) + _cut(drawn, "duration"),
        _cost_caption(result, by) + _cut(drawn, "cost"),
    )
    return f"""<section aria-labelledby="curves"><h2 id="curves">Duration and cost against memory size</h2>
<p class="lead">Two charts, because one has no meaning in the other: where lines of duration and cost would cross says
nothing. {_how_many(len(result.samples), found.drawable)}{line}</p>
{_controls(by)}{key(result, by, found)}
{figure("duration", "Duration", captions[0], duration, drawn="duration" in drawn)}
{figure("cost", "Cost", captions[1], cost, drawn="cost" in drawn)}
</section>"""


def _cut(drawn: Mapping[str, Any], name: str) -> str:
    """Where the chart ends before the model does: that."""
    if not drawn.get(name, {"page": {}})["page"].get("cut"):
        return ""
    return " Far from what was measured the model’s line or its band goes on beyond the edge of the chart."


def _how_many(samples: int, drawable: int) -> str:
    if not drawable:
        return "There are no samples to draw."
    if drawable <= MOST_DRAWN:
        return "Every sample is drawn, spread a little sideways."
    return (
        f"{figures.count(MOST_DRAWN)} of {figures.count(samples)} samples are drawn, spread a little sideways: cold "
        "starts and failures before others, and of each memory size the ends of its range and an even choice between "
        "them. Every figure is of all samples."
    )


def _duration_caption(result: TuningResult, by: Compared, found: Tally) -> str:
    plural = figures.plural(found.waitless, "invocation")
    missing = f" {plural} without a known duration cannot be drawn." if found.waitless else ""
    who = "Cold starts show" if by.cold else "Warm samples show their duration; cold starts show"
    if _all_warm_once(result, by):
        waits = "Each sample shows its duration, which is what the caller waits: none was a cold start."
    else:
        waits = f"{who} {beginning(result)} plus duration, which is what the caller waits."
    return f"{waits} Lower is better.{_target_caption(result)}{missing}"


def _target_caption(result: TuningResult) -> str:
    wanted = target.target_of(result)
    if wanted is None:
        return ""
    statistic = wanted.statistic.value
    if target.is_mixed(result, wanted):
        compared = (
            f"its {statistic} counts cold starts among the warm invocations, so neither the points nor the means alone "
            "say whether a size keeps it"
        )
    elif target.has_own_marks(result):
        compared = f"the short lines are the {statistic} of each size, and those at or below the target keep it"
    else:
        compared = f"a size whose {statistic} lies at or below it keeps it"
    return f" The latency target is {escape(keeping(wanted))}: {compared}."


def _all_warm_once(result: TuningResult, by: Compared) -> bool:
    """Whether this is a dry run whose invocations all met environments that had started before."""
    return by.once and not any(size.cold.samples for size in result.memory_sizes)


def _cost_caption(result: TuningResult, by: Compared) -> str:
    million = "cold starts" if by is COLD else "invocations"
    begins = "the billed part of its restore" if beginning(result) == "restore" else "its init"
    cold = "" if _all_warm_once(result, by) else f"; a cold start's billed duration includes {begins}"
    return (
        f"Each sample shows what a million {million} like it would cost at its billed duration{cold}. "
        f"{'' if by.once else 'Sizes without a measurement have no mean. '}Lower is better."
    )


def _durations_in_words(result: TuningResult, by: Compared, found: Tally) -> Iterable[str]:
    for size in result.memory_sizes:
        cold = "" if by.cold else _cold_words(found, size.memory_mb)
        yield f"{figures.memory(size.memory_mb)}: {_duration_words(result, size, by)}{cold}"


def _duration_words(result: TuningResult, size: SizeResult, by: Compared) -> str:
    found = by.duration(size)
    if found is None or not is_measured(result, size):
        return state_of(result, size)
    if by.once:
        return figures.duration(found.mean)
    held = target.figure_words(result, size)
    return (
        f"mean {means.duration_estimate(found)}, "
        f"from {figures.duration(found.minimum)} to {figures.duration(found.maximum)} in {counted(found, by)}"
        f"{'; ' if held else ''}{held}"
    )


def _cold_words(found: Tally, memory_mb: int) -> str:
    if memory_mb not in found.cold_ms:
        return ""
    count, low, high = found.cold_ms[memory_mb]
    shortest, longest = figures.duration(low), figures.duration(high)
    reach = longest if shortest == longest else f"{shortest} to {longest}"
    return f"; {figures.count(count)} cold, {reach}"


def _cost_words(size: SizeResult, by: Compared) -> str:
    cost = by.cost(size)
    return "no cost" if cost is None else f"{means.cost_estimate(cost)} {by.per_million}"
