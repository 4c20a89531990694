"""A result as one picture for a slide: the page that `powertune.chromium` opens to draw it.

Python says what stands in the picture; ``reports/slide.js`` lays it out as one SVG, with the report's own charts in it.
"""

from collections.abc import Collection
from dataclasses import replace

from powertune.domain.result import TuningResult
from powertune.render import figures, sentence
from powertune.render.certainty import how_sure
from powertune.render.compared import compared_by
from powertune.render.document import html_document
from powertune.render.markup import Markup
from powertune.render.page.charts import charts
from powertune.render.page.plots import key
from powertune.render.page.samples import chosen
from powertune.render.safe import escape

MOST_DRAWN = 1500
"""More samples than this only make a picture of a slide's size heavy; what is left out is chosen as in the report."""

_TITLES = {"duration": "Duration", "cost": "Cost"}
_LONGEST_NAME = 200


def slide_html(result: TuningResult) -> str:
    """A page made for one picture of 16:9: the answer, both charts against memory size, their key, the run.

    The page marks itself as drawn for `powertune.chromium.png` and `powertune.chromium.svg`.

    Raises:
        PowertuneError: a part of the page is missing from the installation.
        ValueError: a number of the result is NaN or infinite.
    """
    found = chosen(result.samples, MOST_DRAWN, mix=result.request.warm_mix())
    shown = result
    if found.drawn < found.drawable:
        shown = replace(result, samples=tuple(sample for some in found.by_kind.values() for sample in some))
    drawn = {name: chart for name, chart in charts(shown).items() if name in _TITLES}
    thinned = f"{figures.count(found.drawn)} of {figures.count(found.drawable)} samples are drawn"
    answer = sentence.answer(result)
    return html_document(
        version=result.powertune_version,
        title=f"{result.function.name}: {answer}",
        sentence=answer,
        body=_body(result, drawn, thinned if shown is not result else ""),
        charts=drawn,
        skip_to=("slide", "the picture"),
    )


def _body(result: TuningResult, drawn: Collection[str], thinned: str) -> Markup:
    """What the picture says, as text; its script takes the words from here."""
    function = result.function
    about = [
        escape(function.region),
        escape(function.architecture.value),
        escape(figures.moment(result.started_at)),
    ]
    made = [f"powertune {escape(result.powertune_version)}", f"run {escape(result.run_id, _LONGEST_NAME)}"]
    made += [thinned] if thinned else []
    headings = "".join(f'<h2 data-chart="{name}">{title}</h2>' for name, title in _TITLES.items() if name in drawn)
    nothing = "" if drawn else "<p data-part='nothing'>Nothing to draw: no memory size has a measurement.</p>"
    notes = "".join(f'<p data-part="note">{note}</p>' for note in _notes(result))
    return (
        '<main id="slide" class="slide">'
        f'<p data-part="name">{escape(function.name, _LONGEST_NAME)}</p>'
        f'<p data-part="about">{" · ".join(about)}</p>'
        f"<h1>{escape(sentence.answer(result))}</h1>{notes}{headings}{nothing}"
        f"{key(result, compared_by(result)) if drawn else ''}"
        f'<p data-part="made">{" · ".join(made)}</p></main>'
    )


def _notes(result: TuningResult) -> list[Markup]:
    """What a figure must not be passed on without."""
    said = [sentence.not_restored(result)]
    if result.environment.kind != "aws":
        prices = sentence.prices_of(result)
        said.append(f"Measured on one machine, not on AWS: costs are {prices} applied to local durations.")
    if (claimed := how_sure(result)) and result.search is not None and result.search.regret_bound is not None:
        said.append(f"{claimed[:1].upper()}{claimed[1:]}.")
    return [escape(one) for one in said if one]
