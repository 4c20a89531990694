"""The sections of the report around its charts: controls, key, captions and every chart in words."""

from collections import Counter
from collections.abc import Collection, Iterable

from powertune.domain.result import SizeResult, TuningResult
from powertune.render import figures, means, model, sentence
from powertune.render.charts import counted, marks_present
from powertune.render.compared import COLD, Compared, beginning, compared_by, equivalent_sizes, is_measured, state_of
from powertune.render.markup import Markup, figure
from powertune.render.points import PointKind, kind_of

_SHAPES = {
    "warm": '<circle cx="11" cy="8" r="4" fill="var(--warm)" fill-opacity=".6"/>',
    "cold": '<path d="M11 3.5 15.5 12h-9z" fill="none" stroke="var(--cold)" stroke-width="1.6"/>',
    "set-aside": '<rect x="7" y="4" width="8" height="8" fill="none" stroke="var(--set-aside)" stroke-width="1.6"/>',
    "failed": '<path d="M7 4l8 8M15 4l-8 8" stroke="var(--failed)" stroke-width="1.8"/>',
    "mean": '<path d="M11 1v14M8 1h6M8 15h6" stroke="var(--mean)" stroke-width="1.6"/>'
    '<path d="M11 3.5 15.5 8 11 12.5 6.5 8z" fill="var(--mean)"/>',
    "curve": '<rect y="3" width="22" height="10" fill="var(--band)"/>'
    '<path d="M0 8h22" stroke="var(--curve)" stroke-width="2"/>',
    "recommended": '<path d="M11 0v16" stroke="var(--recommended)" stroke-width="2.4"/>',
    "present": '<path d="M11 0v16" stroke="var(--present)" stroke-width="2.2" stroke-dasharray="4 3"/>',
    "equivalent": '<rect width="22" height="16" fill="var(--equivalent)"/>',
    "missing": '<rect width="22" height="16" fill="var(--missing)"/>',
}


def _key(result: TuningResult, by: Compared) -> Markup:
    measured = not by.once and any(by.duration(size) is not None for size in result.memory_sizes)
    kinds = Counter(kind_of(sample) for sample in result.samples)
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
        ("mean", f"mean of the {by.samples} with its 95 % interval", measured),
        ("curve", "the model’s mean with its 95 % band", bool(model.points(result))),
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


def curves(result: TuningResult, drawn: Collection[str]) -> Markup:
    """Duration and cost against memory size, with their key and their controls; ``drawn`` names the charts."""
    by = compared_by(result)
    duration = [f"{line}." for line in _durations_in_words(result, by)]
    cost = [f"{figures.memory(size.memory_mb)}: {_cost_words(size, by)}." for size in result.memory_sizes]
    line = "" if by.once else " The dotted straight line only joins the means; nothing was measured between the sizes."
    if modelled := model.points(result):
        line = (
            f" The line is the search’s model at {figures.count(len(modelled))} memory sizes, from all measurements "
            "together; where there is no mean, nothing was measured and the line is an estimate."
        )
        duration += model.in_words(result, model.durations(result, 1.0))
        cost += model.in_words(result, model.costs(result))
    return f"""<section aria-labelledby="curves"><h2 id="curves">Duration and cost against memory size</h2>
<p class="lead">Two charts, because one has no meaning in the other: where lines of duration and cost would cross says
nothing. Every sample is drawn, spread a little sideways.{line}</p>
{_controls(by)}{_key(result, by)}
{figure("duration", "Duration", _duration_caption(result, by), duration, drawn="duration" in drawn)}
{figure("cost", "Cost", _cost_caption(result, by), cost, drawn="cost" in drawn)}
</section>"""


def _duration_caption(result: TuningResult, by: Compared) -> str:
    undrawn = sum(1 for sample in result.samples if sample.latency_ms is None)
    plural = figures.plural(undrawn, "invocation")
    missing = f" {plural} without a known duration cannot be drawn." if undrawn else ""
    who = "Cold starts show" if by.cold else "Warm samples show their duration; cold starts show"
    return f"{who} {beginning(result)} plus duration, which is what the caller waits. Lower is better.{missing}"


def _cost_caption(result: TuningResult, by: Compared) -> str:
    million = "cold starts" if by is COLD else "invocations"
    return (
        f"Each sample shows what a million {million} like it would cost at its billed duration; a cold start's billed "
        f"duration includes {'the billed part of its restore' if beginning(result) == 'restore' else 'its init'}. "
        f"{'' if by.once else 'Sizes without a measurement have no mean. '}Lower is better."
    )


def _durations_in_words(result: TuningResult, by: Compared) -> Iterable[str]:
    waits: dict[int, list[float]] = {}
    for sample in result.samples:
        wait = sample.latency_ms
        if wait is not None and kind_of(sample) is PointKind.COLD:
            waits.setdefault(sample.memory_mb, []).append(wait)
    for size in result.memory_sizes:
        cold = "" if by.cold else _cold_words(waits.get(size.memory_mb, []))
        yield f"{figures.memory(size.memory_mb)}: {_duration_words(result, size, by)}{cold}"


def _duration_words(result: TuningResult, size: SizeResult, by: Compared) -> str:
    found = by.duration(size)
    if found is None or not is_measured(result, size):
        return state_of(result, size)
    if by.once:
        return figures.duration(found.mean)
    return (
        f"mean {means.duration_estimate(found)}, "
        f"from {figures.duration(found.minimum)} to {figures.duration(found.maximum)} in {counted(found, by)}"
    )


def _cold_words(waits: Collection[float]) -> str:
    if not waits:
        return ""
    shortest, longest = figures.duration(min(waits)), figures.duration(max(waits))
    reach = longest if shortest == longest else f"{shortest} to {longest}"
    return f"; {figures.count(len(waits))} cold, {reach}"


def _cost_words(size: SizeResult, by: Compared) -> str:
    cost = by.cost(size)
    return "no cost" if cost is None else f"{means.cost_estimate(cost)} {by.per_million}"
