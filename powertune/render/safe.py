"""Text that somebody else wrote, made safe to show. Function names, error texts and log lines are hostile here."""

import html
import json
import re
import unicodedata
from typing import Any

_REPLACEMENT = "�"
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str, limit: int | None = None) -> str:
    """Text on one line, without anything that steers a terminal or turns the reading direction.

    Runs of white space become one space; control characters (escape sequences among them), lone surrogates and
    bidirectional controls become U+FFFD. ``limit`` cuts it to so many characters, the last of them an ellipsis.
    """
    flat = " ".join("".join(map(_shown, text)).split())
    return flat if limit is None or len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def lines(text: str) -> str:
    """Text on the lines and with the spaces that it has, but without anything that steers a terminal, as `one_line`."""
    return "\n".join("".join(map(_shown, line)).rstrip() for line in text.split("\n"))


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    if character in _BIDI_CONTROLS or unicodedata.category(character) in ("Cc", "Cs"):
        return _REPLACEMENT
    return character


def escape(text: str, limit: int | None = None) -> str:
    """Text for HTML, inside an element or a quoted attribute."""
    return html.escape(one_line(text, limit), quote=True)


def chart_text(text: str, limit: int | None = None) -> str:
    """Text for plotly, which reads a small part of HTML in labels and hovers and knows no ``&quot;``."""
    return html.escape(one_line(text, limit), quote=False)


def script_json(data: Any) -> str:
    """JSON that may stand inside a script element.

    ``<`` would let it close the element or open a comment; U+2028 and its like are written as escapes, because
    json.dumps leaves ASCII only.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def script_source(source: str) -> str:
    r"""JavaScript of our own or plotly's that may stand inside a script element, and be hashed as it stands.

    A browser reads line ends as ``\n`` before it computes the hash that the content security policy allows.
    """
    return re.sub(r"</(?=script)", r"<\\/", source.replace("\r\n", "\n"), flags=re.IGNORECASE)


def cells(text: str) -> int:
    """How many columns of a terminal the text takes: wide characters two, combining marks none."""
    return sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def fit(text: str, width: int) -> str:
    """The text cut to so many terminal columns, the last of them an ellipsis where it was cut."""
    if cells(text) <= width:
        return text
    kept, used = [], 0
    for character in text:
        used += _cell(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…" if width > 0 else ""
