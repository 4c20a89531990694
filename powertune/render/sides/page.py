"""Runs side by side as a page of its own."""

from collections.abc import Collection

from powertune import __version__
from powertune.domain.side_by_side import DifferenceKind, SideBySide
from powertune.render import figures
from powertune.render.document import html_document
from powertune.render.markup import Markup, bullets, figure, note, safe, table, together
from powertune.render.safe import escape, one_line
from powertune.render.sides import words
from powertune.render.sides.charts import DASHES, charts, in_words, priced
from powertune.render.sides.many import FIGURES

_SHAPES = (
    '<circle cx="15" cy="8" r="4.5"/>',
    '<rect x="10.5" y="3.5" width="9" height="9"/>',
    '<path d="M15 2.5 20.5 8 15 13.5 9.5 8z"/>',
    '<path d="M15 3 20.5 12.5h-11z"/>',
    '<path d="M10.5 5.5 12.5 3.5 15 6l2.5-2.5 2 2L17 8l2.5 2.5-2 2L15 10l-2.5 2.5-2-2L13 8z"/>',
    '<path d="m15 2 1.5 4.3h4.5l-3.600 2.700 1.300 4.400-3.700-2.600-3.700 2.600 1.300-4.400L9 6.300h4.500z"/>',
    '<path d="M15 2.500 20 5.300v5.500L15 13.500 10 10.800V5.300z"/>',
    '<path d="M15 13 20.5 3.500h-11z"/>',
)
"""In the order of `sides_charts.SYMBOLS`."""
_STROKES = {
    "solid": "",
    "dash": "6 4",
    "dot": "1.5 3",
    "dashdot": "6 3 1.5 3",
    "longdash": "9 4",
    "longdashdot": "9 3 2 3",
}

_LONG_ANSWER = 160
_NAMED, _LONG_TITLE = 2, 60

_MARKS = (
    '<p class="lead">What is marked as not alike may have changed the figures, beside what the runs are compared '
    "for.</p>"
)
_CODE_SHOWN = 8

_CONTROLS = """<form id="controls" class="controls" hidden aria-label="Chart options">
<fieldset><legend>Memory axis</legend>
<label><input type="radio" name="memory" value="log" checked>log</label>
<label><input type="radio" name="memory" value="linear">linear</label></fieldset>
<fieldset><legend>Value axes</legend><label><input type="radio" name="values" value="auto" checked>automatic</label>
<label><input type="radio" name="values" value="linear">linear</label>
<label><input type="radio" name="values" value="log">log</label></fieldset>
</form>"""


def render_sides(compared: SideBySide) -> str:
    """The page, one file.

    Raises:
        PowertuneError: a part of the page is missing from the installation.
        ValueError: a number of a result is NaN or infinite.
    """
    drawn, answer = charts(compared), words.answer(compared)
    return html_document(
        version=__version__,
        title=_title(compared),
        sentence=answer,
        body=_body(compared, drawn, answer),
        charts=drawn,
        skip_to=("sizes", "the table of memory sizes") if compared.sizes_mb else ("runs", "the runs"),
    )


def _title(compared: SideBySide) -> str:
    """What the tab says, in a few words."""
    labels = " and ".join(run.label for run in compared.runs)
    if len(compared.runs) <= _NAMED and len(labels) <= _LONG_TITLE:
        return f"{labels} side by side"
    names = {run.function_name for run in compared.runs}
    of = f"{one_line(names.pop(), _LONG_TITLE)}: " if len(names) == 1 else ""
    return f"{of}{len(compared.runs)} runs side by side"


def _body(compared: SideBySide, drawn: Collection[str], answer: str) -> Markup:
    kept = [
        dict.fromkeys(values)
        for values in (
            [run.function_name for run in compared.runs],
            [run.region for run in compared.runs],
            [run.architecture.value for run in compared.runs],
            [run.runtime or "container image" for run in compared.runs],
        )
    ]
    names = f"<b>{', '.join(map(safe, kept[0]))}</b>"
    alike = [safe(next(iter(values))) for values in kept[1:] if len(values) == 1]
    eyebrow = " · ".join(["powertune", names, *alike, f"{len(compared.runs)} runs side by side"])
    shared = _curves(compared, drawn) + _sizes(compared) if compared.sizes_mb else ""
    long = ' class="long"' if len(answer) > _LONG_ANSWER else ""
    heading = f"<h1{long}>{together(answer)}</h1>"
    return (
        f'<header><p class="eyebrow">{eyebrow}</p>{heading}{_places(compared)}{_warning(compared)}</header>\n'
        f"<main>{_runs(compared)}{_differences(compared)}{shared}</main>\n"
        f"<footer><p>Made by powertune {escape(__version__)} · this file works offline and sends nothing anywhere.</p>"
        "</footer>"
    )


def _places(compared: SideBySide) -> Markup:
    told = "".join(f"<p>{safe(text, 600)}</p>" for text in words.places(compared))
    return note(told) if told else ""


def _warning(compared: SideBySide) -> Markup:
    found = words.conditions(compared)
    if not found:
        return ""
    listed = ", ".join(difference.what[:1].lower() + difference.what[1:] for difference in found)
    return note(
        f"<p><b>The runs are not alike</b> in {escape(listed)}. Differences may come from there.</p>", danger=True
    )


def _runs(compared: SideBySide) -> Markup:
    rows = ""
    for index, run in enumerate(compared.runs):
        cells = (
            f'<td class="text">{escape(figures.memory(run.recommended_mb))}</td>',
            f'<td class="text said">{safe(run.sentence)}</td>',
            f'<td class="text">{escape(figures.moment(run.started_at))}</td>',
            f'<td class="text"><code>{safe(run.code_sha256[:_CODE_SHOWN])}</code></td>',
            f'<td class="text"><code>{safe(run.run_id)}</code></td>',
        )
        rows += f'<tr><th scope="row">{_swatch(index)} {safe(run.label)}</th>{"".join(cells)}</tr>'
    titles = ("Run", "Recommends", "Its own answer", "Measured", "Code", "Run id")
    heads = [(title, "") for title in titles]
    return (
        '<section class="sides texts" aria-labelledby="runs"><h2 id="runs" tabindex="-1">The runs</h2>'
        f"{table('runs', heads, rows)}{_each(compared)}</section>"
    )


def _each(compared: SideBySide) -> Markup:
    told = list(words.details(compared))
    first = safe(compared.runs[0].label)
    return (
        f'<p class="lead">Each run beside {first}, at the memory size that says most:</p>{bullets(told)}'
        if told
        else ""
    )


def _differences(compared: SideBySide) -> Markup:
    if not compared.differences:
        said = '<p class="lead">Code, settings, payloads, prices and place are the same, as far as the results say.</p>'
        return f'<section aria-labelledby="differences"><h2 id="differences">What differs</h2>{said}</section>'
    rows, marks = "", ""
    for difference in compared.differences:
        warned = difference.kind is DifferenceKind.CONDITION
        tag = ' <span class="tag failed">not alike</span>' if warned else ""
        marks = _MARKS if warned else marks
        values = "".join(f'<td class="text said">{safe(value, 200)}</td>' for value in difference.values)
        rows += f'<tr><th scope="row">{escape(difference.what)}{tag}</th>{values}</tr>'
    heads = [("", ""), *((safe(run.label), "") for run in compared.runs)]
    return (
        '<section class="sides texts" aria-labelledby="differences"><h2 id="differences">What differs</h2>\n'
        f"{marks}{table('differences', heads, rows)}</section>"
    )


def _curves(compared: SideBySide, drawn: Collection[str]) -> Markup:
    mixed = len({run.figure for run in compared.runs}) > 1
    key = "".join(
        f"<li>{_swatch(index)}<span>{safe(run.label)}{f' ({FIGURES[run.figure]})' if mixed else ''}</span></li>"
        for index, run in enumerate(compared.runs)
    )
    missing = [run.label for run in compared.runs if run not in priced(compared)]
    apart = f" {safe(', '.join(missing))} cannot be drawn here: another currency." if missing else ""
    bars = "A bar is the 95 % interval of a mean. Lower is better."
    duration = figure(
        "sides-duration", "Duration", bars, in_words(compared, cost=False), drawn="sides-duration" in drawn
    )
    cost = figure("sides-cost", "Cost", f"{bars}{apart}", in_words(compared, cost=True), drawn="sides-cost" in drawn)
    return (
        '<section aria-labelledby="curves"><h2 id="curves">Duration and cost against memory size</h2>\n'
        '<p class="lead">The means of each run, a little apart so that none hides another. Lines only join them; '
        f"nothing was measured between the sizes.</p>{_CONTROLS}"
        f'<ul class="key sides-key">{key}</ul>{duration}{cost}</section>'
    )


def _swatch(index: int) -> Markup:
    at = index % len(_SHAPES)
    stroke = _STROKES[DASHES[at]]
    dashes = f' stroke-dasharray="{stroke}"' if stroke else ""
    return (
        '<svg class="swatch" viewBox="0 0 30 16" aria-hidden="true">'
        f'<path d="M0 8h30" stroke="var(--side-{at})" stroke-width="1.6"{dashes}/>'
        f'<g fill="var(--side-{at})">{_SHAPES[at]}</g></svg>'
    )


def _sizes(compared: SideBySide) -> Markup:
    titles = words.titles(compared)
    units = {0: "± half of 95 % interval", 1: "duration", 2: "± half of 95 % interval", 3: "cost", 5: "mean init"}
    heads = [("Memory, run", ""), *((title, units.get(at, "")) for at, title in enumerate(titles))]
    rows = ""
    for row in words.rows(compared):
        if row.run == 0:
            group = f'<th scope="rowgroup" colspan="{len(heads)}">{figures.memory(row.memory_mb)}</th>'
            rows += f'{"</tbody><tbody>" if rows else ""}<tr class="group">{group}</tr>'
        tag = ' <span class="tag recommended">recommended</span>' if row.recommended else ""
        if row.state:
            cells = f'<td class="reason" colspan="{len(titles)}">{safe(row.state, 400)}</td>'
        else:
            cells = "".join(f"<td>{escape(text)}</td>" for text in row.texts)
        rows += f'<tr><th scope="row">{_swatch(row.run)} {safe(compared.runs[row.run].label)}{tag}</th>{cells}</tr>'
    return (
        '<section class="sides" aria-labelledby="sizes">'
        '<h2 id="sizes" tabindex="-1">Every memory size that the runs share</h2>\n'
        f'<p class="lead">“vs. first” compares with {safe(compared.runs[0].label)}. {escape(words.WHAT_IT_IS)}</p>\n'
        f"{table('sizes', heads, rows)}{bullets(words.alone(compared))}</section>"
    )
