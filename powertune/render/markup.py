"""Small pieces of HTML that the sections of the report are made of."""

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from powertune.render.safe import escape

Markup: TypeAlias = str
"""Finished HTML, as opposed to text that still has to be escaped."""


_FIGURE = re.compile(
    r"[$¥€]?\d[\d,.]*(?: ± [\d,.]+)? (?:MB|GB|%|ms|µs|s)(?![\w])[.,:;]?|(?:CN¥|[$¥€])?\d[\d,.]* ± \d[\d,.]*"
)


def safe(text: str, limit: int | None = None) -> Markup:
    """Text that somebody else wrote, in an element that keeps its reading direction to itself."""
    return f"<bdi>{escape(text, limit)}</bdi>"


def together(text: str) -> Markup:
    """Text whose figures stay on one line with their units."""
    return _FIGURE.sub(lambda found: f'<span class="together">{found[0]}</span>', escape(text))


def bullets(items: Iterable[str]) -> Markup:
    """A list of texts, none for no items."""
    lines = "".join(f"<li>{safe(item)}</li>" for item in items)
    return f"<ul>{lines}</ul>" if lines else ""


def facts(rows: Sequence[tuple[str, Markup]], *, long: Sequence[tuple[str, Markup]] = ()) -> Markup:
    """Terms of our own with values that are markup; ``long`` ones have a line to themselves."""
    cells = [f"<div><dt>{term}</dt><dd>{value}</dd></div>" for term, value in rows]
    cells += [f'<div class="long"><dt>{term}</dt><dd>{value}</dd></div>' for term, value in long]
    return f'<dl class="facts">{"".join(cells)}</dl>'


def details(summary: str, content: Markup) -> Markup:
    """Something that opens on demand (and in print)."""
    return f"<details><summary>{summary}</summary>{content}</details>"


def note(content: Markup, *, danger: bool = False, good: bool = False) -> Markup:
    """A paragraph that must not be overlooked."""
    kind = " danger" if danger else " good" if good else ""
    return f'<div class="note{kind}" role="note">{content}</div>'


def figure(name: str, title: str, caption: str, words: Iterable[str], *, drawn: bool = True) -> Markup:
    """A chart's place with its caption and the same in words; ``drawn`` says whether there is anything in it."""
    heading = f'<h3 id="title-{name}">{title}</h3>'
    if not drawn:
        nothing = "Nothing to draw: no memory size has a measurement for it."
        return f'<figure>{heading}<p class="lead">{nothing}</p></figure>'
    in_words = details("This chart in words", f'<div id="words-{name}">{bullets(words)}</div>')
    tools = (
        f'<p class="tools" hidden><button type="button" data-save="{name}">Save as picture</button>'
        f'<button type="button" data-whole="{name}" hidden>Show all of it again</button></p>'
    )
    return (
        f'<figure>{heading}<div class="chart {name}" id="chart-{name}" role="img" aria-labelledby="title-{name}" '
        f'aria-describedby="words-{name}"></div><figcaption>{caption}</figcaption>{tools}{in_words}</figure>'
    )


def table(heading_id: str, heads: Iterable[tuple[str, str]], rows: Markup) -> Markup:
    """A table with a column for each title and unit, that scrolls sideways in its own frame."""
    columns = "".join(f'<th scope="col">{title}{_unit(unit)}</th>' for title, unit in heads)
    return (
        f'<div class="scroll" role="group" tabindex="0" aria-labelledby="{heading_id}"><table>'
        f"<thead><tr>{columns}</tr></thead>\n<tbody>{rows}</tbody></table></div>"
    )


def _unit(unit: str) -> Markup:
    return f' <span class="unit">{unit}</span>' if unit else ""
