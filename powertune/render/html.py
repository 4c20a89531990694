"""A result as one HTML file that needs nothing else: no network, no server, no other file."""

import base64
import hashlib
import string

from powertune import resources
from powertune.domain.result import TuningResult
from powertune.render import sentence
from powertune.render.charts import charts
from powertune.render.page import body
from powertune.render.safe import escape, script_json, script_source


def render_html(result: TuningResult) -> str:
    """The report page: plotly, style, script and data inlined.

    Everything that comes from the result is escaped; beyond that the page's content security policy runs only the
    two scripts whose hashes it names and loads nothing. It is UTF-8 text without lone surrogates.

    Raises:
        PowertuneError: the page's template, style or script is missing from the installation.
        ValueError: a number of the result is NaN or infinite.
    """
    from plotly.offline import get_plotlyjs

    plotly = script_source(get_plotlyjs())
    script = script_source(resources.read("reports", "report.js"))
    answer = escape(sentence.answer(result))
    drawn = charts(result)
    page = string.Template(resources.read("reports", "page.html"))
    return page.substitute(
        policy=_policy(plotly, script),
        generator=f"powertune {escape(result.powertune_version)}",
        sentence=answer,
        title=f"{escape(result.function.name)}: {answer}",
        style=resources.read("reports", "style.css"),
        body=body(result, drawn),
        charts=script_json(drawn),
        plotly=plotly,
        script=script,
    )


def _policy(*scripts: str) -> str:
    """Nothing but the given scripts, inline styles (plotly sets them) and pictures made in the page."""
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
