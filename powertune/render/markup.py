"""Small pieces of HTML that the sections of the report are made of."""

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from powertune.render.safe import escape

Markup: TypeAlias = str
"""Finished HTML, as opposed to text that still has to be escaped."""


_FIGURE = re.compile(r"[$¥€]?\d[\d,.]*(?: ± [\d,.]+)? (?:MB|GB|%|ms|µs|s)(?![\w])[.,:;]?")


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


def note(content: Markup, *, danger: bool = False) -> Markup:
    """A paragraph that must not be overlooked."""
    return f'<div class="note{" danger" if danger else ""}" role="note">{content}</div>'
