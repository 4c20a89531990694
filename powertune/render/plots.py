"""The sections of the report around its charts: controls, key, captions and every chart in words."""

from collections import Counter
from collections.abc import Collection, Iterable

from powertune.domain.result import SizeResult, SizeStatus, TuningResult
from powertune.render import figures, sentence
from powertune.render.charts import PART_NAMES, traced
from powertune.render.markup import Markup, bullets, details
from powertune.render.points import PointKind, kind_of, waited_ms

_SHAPES = {
    "warm": '<circle cx="11" cy="8" r="4" fill="var(--warm)" fill-opacity=".6"/>',
    "cold": '<path d="M11 3.5 15.5 12h-9z" fill="none" stroke="var(--cold)" stroke-width="1.6"/>',
    "set-aside": '<rect x="7" y="4" width="8" height="8" fill="none" stroke="var(--set-aside)" stroke-width="1.6"/>',
    "failed": '<path d="M7 4l8 8M15 4l-8 8" stroke="var(--failed)" stroke-width="1.8"/>',
    "mean": '<path d="M11 1v14M8 1h6M8 15h6" stroke="var(--mean)" stroke-width="1.6"/>'
    '<path d="M11 3.5 15.5 8 11 12.5 6.5 8z" fill="var(--mean)"/>',
    "recommended": '<path d="M11 0v16" stroke="var(--recommended)" stroke-width="2.4"/>',
    "present": '<path d="M11 0v16" stroke="var(--present)" stroke-width="2.2" stroke-dasharray="4 3"/>',
    "equivalent": '<rect width="22" height="16" fill="var(--equivalent)"/>',
    "missing": '<rect width="22" height="16" fill="var(--missing)"/>',
}


def _key(result: TuningResult) -> Markup:
    measured = any(size.warm.duration_ms is not None for size in result.memory_sizes)
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
        ("mean", "mean of the warm samples with its 95 % interval", measured),
        ("recommended", "recommended", result.recommendation is not None),
        ("present", "present", sentence.present_size(result) is not None),
        (
            "equivalent",
            "equivalent sizes",
            bool(result.recommendation and result.recommendation.equivalent_sizes_mb),
        ),
        (
            "missing",
            "failed or not measured",
            any(s.status is not SizeStatus.MEASURED for s in result.memory_sizes),
        ),
    ]
    items = "".join(
        f'<li><svg viewBox="0 0 22 16" aria-hidden="true">{_SHAPES[name]}</svg>{text}</li>'
        for name, text, shown in rows
        if shown
    )
    return f'<ul class="key">{items}</ul>'


_CONTROLS = """<form id="controls" class="controls" hidden aria-label="Chart options">
<fieldset><legend>Memory axis</legend><label><input type="radio" name="memory" value="log" checked>log</label>
<label><input type="radio" name="memory" value="linear">linear</label></fieldset>
<fieldset><legend>Value axes</legend><label><input type="radio" name="values" value="auto" checked>automatic</label>
<label><input type="radio" name="values" value="linear">linear</label>
<label><input type="radio" name="values" value="log">log</label></fieldset>
<fieldset><label><input type="checkbox" name="cold" checked>Show cold starts</label></fieldset>
</form>"""


def curves(result: TuningResult, drawn: Collection[str]) -> Markup:
    """Duration and cost against memory size, with their key and their controls; ``drawn`` names the charts."""
    duration = [
        f"{figures.memory(size.memory_mb)}: {_duration_words(size)}{_cold_words(size, result)}."
        for size in result.memory_sizes
    ]
    cost = [f"{figures.memory(size.memory_mb)}: {_cost_words(size)}." for size in result.memory_sizes]
    undrawn = sum(1 for sample in result.samples if waited_ms(sample) is None)
    missing = f" {figures.count(undrawn)} invocations without a known duration cannot be drawn." if undrawn else ""
    return f"""<section aria-labelledby="curves"><h2 id="curves">Duration and cost against memory size</h2>
<p class="lead">Two charts, because one has no meaning in the other: where lines of duration and cost would cross says
nothing. Every sample is drawn, spread a little sideways. The dotted straight line only
joins the means; nothing was measured between the sizes.</p>
{_CONTROLS}{_key(result)}
{
        _figure(
            "duration",
            "Duration",
            "Warm samples show their duration; cold starts show init plus duration, which is what the caller waits. "
            "Lower is better." + missing,
            duration,
            drawn="duration" in drawn,
        )
    }
{
        _figure(
            "cost",
            "Cost",
            "Each sample shows what a million invocations like it would cost at its billed duration; a cold start's "
            "billed duration includes its init. Sizes without a measurement have no cost. Lower is better.",
            cost,
            drawn="cost" in drawn,
        )
    }
</section>"""


def _figure(name: str, title: str, caption: str, words: Iterable[str], *, drawn: bool = True) -> Markup:
    heading = f'<h3 id="title-{name}">{title}</h3>'
    if not drawn:
        nothing = "Nothing to draw: no memory size has a measurement for it."
        return f'<figure>{heading}<p class="lead">{nothing}</p></figure>'
    in_words = details("This chart in words", f'<div id="words-{name}">{bullets(words)}</div>')
    return (
        f'<figure>{heading}<div class="chart {name}" id="chart-{name}" role="img" aria-labelledby="title-{name}" '
        f'aria-describedby="words-{name}"></div><figcaption>{caption}</figcaption>{in_words}</figure>'
    )


def _duration_words(size: SizeResult) -> str:
    warm = size.warm.duration_ms
    if size.status is not SizeStatus.MEASURED or warm is None:
        return f"{'failed' if size.status is SizeStatus.FAILED else 'not measured'}"
    return (
        f"mean {figures.duration_estimate(warm.mean, warm.mean_interval)}, "
        f"from {figures.duration(warm.minimum)} to {figures.duration(warm.maximum)} in {figures.count(warm.count)} "
        f"warm {'sample' if warm.count == 1 else 'samples'}"
    )


def _cold_words(size: SizeResult, result: TuningResult) -> str:
    waits = [
        wait
        for sample in result.samples
        if sample.memory_mb == size.memory_mb and kind_of(sample) is PointKind.COLD
        if (wait := waited_ms(sample)) is not None
    ]
    if not waits:
        return ""
    shortest, longest = figures.duration(min(waits)), figures.duration(max(waits))
    reach = longest if shortest == longest else f"{shortest} to {longest}"
    return f"; {figures.count(len(waits))} cold, {reach}"


def _cost_words(size: SizeResult) -> str:
    if size.cost is None:
        return "no cost"
    return f"{figures.money_estimate(size.cost.per_million, size.cost.per_million_interval)} per million invocations"


_PART_STRIPES = {
    "service_ms": "M0 4h22M0 12h22",
    "init_ms": "M2 16 10 0M12 16 20 0",
    "overhead_ms": "M5 5h0M5 11h0M11 5h0M11 11h0M17 5h0M17 11h0",
    "invocation_ms": "",
}
"""As plotly draws them in `powertune.render.charts`."""


def parts(result: TuningResult) -> Markup:
    """Where the time went by memory size; nothing without traces."""
    rows = traced(result)
    if not rows:
        return ""
    words = [
        f"{figures.memory(size.memory_mb)}: "
        + ", ".join(
            f"{title} {figures.duration(value)}"
            for name, title in PART_NAMES.items()
            if (value := getattr(parts, name)) is not None
        )
        + "."
        for size, parts in rows
    ]
    key = "".join(
        f'<li><svg viewBox="0 0 22 16" aria-hidden="true"><rect width="22" height="16" fill="var(--{name})"/>'
        f'<path d="{_PART_STRIPES[name]}" stroke="var(--paper)" stroke-width="2" stroke-linecap="round"/></svg>'
        f"{title}</li>"
        for name, title in PART_NAMES.items()
        if any(getattr(parts, name) is not None for _, parts in rows)
    )
    return (
        '<section aria-labelledby="where"><h2 id="where">Where the time went</h2>'
        f'<p class="lead">Means of the warm invocations that X-Ray traced.</p><ul class="key">{key}</ul>'
        + _figure("parts", "Parts of the time", "What Lambda itself took around the function is not billed.", words)
        + "</section>"
    )
