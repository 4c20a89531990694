"""Pictures of our own pages, drawn by whatever Chromium there is: a headless process of its own, gone when it is done.

A page says that it is finished by the attribute ``data-drawn`` of its ``html`` element; its value is the page's picture
as SVG, in base64. A page that cannot be drawn says so in ``data-failed`` instead.
"""

import base64
import binascii
import re
from html.parser import HTMLParser

from powertune.chromium.finding import VARIABLE, find
from powertune.chromium.process import SHOWN_CHARACTERS, opened, own_folder
from powertune.errors import PowertuneError

__all__ = ["TIMEOUT_S", "VARIABLE", "find", "png", "svg"]

TIMEOUT_S = 120.0
"""How long a picture may take; it usually takes two seconds."""
_PNG = b"\x89PNG\r\n\x1a\n"


def png(page: str, *, width: int = 1600, height: int = 900, scale: float = 2, timeout_s: float = TIMEOUT_S) -> bytes:
    """A page as a PNG.

    Args:
        page: HTML that marks itself as drawn, as the module says.
        width: of the picture, in the page's own pixels.
        height: the same.
        scale: how many pixels of the picture each of them becomes, across and down.
        timeout_s: how long it may take, in seconds.

    Raises:
        UsageError: no browser was found.
        PowertuneError: the browser broke down, took too long or made no picture.
    """
    size = (f"--window-size={width},{height}", f"--force-device-scale-factor={scale:g}")
    with own_folder(browser := find()) as folder:
        picture = folder / "picture.png"
        _drawn(opened(browser, folder, page, [*size, f"--screenshot={picture}"], timeout_s))
        made = picture.read_bytes() if picture.is_file() else b""
    if not made.startswith(_PNG):
        raise PowertuneError("Chromium ended without a picture.", next_step="It has to be version 112 or later.")
    return made


def svg(page: str, *, timeout_s: float = TIMEOUT_S) -> str:
    """The SVG that a page has drawn of itself.

    Args:
        page: HTML that marks itself as drawn, as the module says.
        timeout_s: how long it may take, in seconds.

    Raises:
        UsageError: no browser was found.
        PowertuneError: the browser broke down or took too long, or the page drew nothing.
    """
    with own_folder(browser := find()) as folder:
        drawn = _drawn(opened(browser, folder, page, ["--window-size=1600,900"], timeout_s))
    try:
        text = base64.b64decode(drawn, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    if not text:
        raise PowertuneError("The page was opened, but it drew no SVG.", next_step="Ask for PNG instead.")
    return text


class _Root(HTMLParser):
    """The attributes of a document's first element: what stands further on may be somebody else's text."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.attributes is None:
            self.attributes = {name: value or "" for name, value in attrs} if tag == "html" else {}


def _drawn(document: str) -> str:
    """What the page says in ``data-drawn``."""
    root = _Root()
    # The parser is for the first tag alone; with that the pattern need not be trusted with quotes.
    root.feed(document[: document.find(">", document.lower().find("<html")) + 1])
    found = root.attributes or {}
    if "data-drawn" in found:
        return found["data-drawn"]
    why = found.get("data-failed", "")
    why = re.sub(r"[^\x20-\x7e]", "?", why)[:SHOWN_CHARACTERS]
    raise PowertuneError(
        "Chromium opened the page, but the page did not draw itself" + (f": {why}" if why else "."),
        next_step="If it happens again, it is a fault of powertune: please report it with the result.json.",
    )
