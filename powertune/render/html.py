"""A result as the report page."""

from powertune.domain.result import TuningResult
from powertune.render import sentence
from powertune.render.checks.page import render_check_page
from powertune.render.document import html_document
from powertune.render.page.body import body
from powertune.render.page.charts import charts


def render_html(result: TuningResult) -> str:
    """The report page, one file; of a check a page of its own kind.

    Raises:
        PowertuneError: a part of the page is missing from the installation.
        ValueError: a number of the result is NaN or infinite.
    """
    if result.check is not None:
        return render_check_page(result)
    answer, drawn = sentence.answer(result), charts(result)
    return html_document(
        version=result.powertune_version,
        title=f"{result.function.name}: {answer}",
        sentence=answer,
        body=body(result, drawn),
        charts=drawn,
        skip_to=("sizes", "the table of all sizes"),
    )
