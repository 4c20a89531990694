"""One HTML file that needs nothing else: no network, no server, no other file. The frame of every page we write."""

import base64
import hashlib
import string
from collections.abc import Mapping
from typing import Any

from powertune import resources
from powertune.render.markup import Markup
from powertune.render.safe import escape, script_json, script_source

PLOTLY = "plotly-basic.min.js"
"""plotly's script with scatter and bar charts alone: a quarter of the size of the one in the Python package."""

STYLES = ("style.css", "memory.css", "sections.css", "slide.css", "time.css", "sides.css", "check.css")
SCRIPTS = (
    "begin.js",
    "memory.js",
    "bars.js",
    "rows.js",
    "pareto.js",
    "distribution.js",
    "used.js",
    "tools.js",
    "slide.js",
    "time.js",
    "trend.js",
    "sides.js",
    "check.js",
    "draw.js",
)
"""Pieces of one script; the first has what all use, the last draws."""


def html_document(
    *, version: str, title: str, sentence: str, body: Markup, charts: Mapping[str, Any], skip_to: tuple[str, str]
) -> str:
    """A page with plotly, style, script and data inlined.

    Beyond what is escaped here and in the body, the page's content security policy runs only the two scripts whose
    hashes it names and loads nothing. It is UTF-8 text without lone surrogates.

    Args:
        version: powertune's.
        title: text of the tab.
        sentence: what the page says, in one sentence of text.
        body: finished HTML.
        charts: plotly's JSON by name, each drawn where the body has an element ``chart-NAME``; ``page.kind`` of each
            names how ``reports/*.js`` treats it.
        skip_to: id and name of what a keyboard user may skip to.

    Raises:
        PowertuneError: a template, style or script is missing from the installation.
        ValueError: a number of the charts is NaN or infinite.
    """
    plotly = script_source(resources.read("reports", PLOTLY))
    pieces = "\n".join(resources.read("reports", name) for name in SCRIPTS)
    script = script_source(f'(() => {{\n"use strict";\n{pieces}}})();\n')
    page = string.Template(resources.read("reports", "page.html"))
    place, called = skip_to
    return page.substitute(
        policy=_policy(plotly, script),
        generator=f"powertune {escape(version)}",
        sentence=escape(sentence),
        title=escape(title),
        style="".join(resources.read("reports", name) for name in STYLES),
        skip=f'<a class="skip" href="#{place}">Skip to {escape(called)}</a>',
        body=body,
        charts=script_json(charts),
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
