"""The forms of a report by name, and the functions that make them."""

import json
import shutil
import struct
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from powertune import __version__
from powertune.cli.report_output import Content
from powertune.domain.result import TuningResult
from powertune.domain.side_by_side import SideBySide
from powertune.errors import UsageError

_PNG_HEADER = 33
"""Bytes of the signature and of the first chunk, IHDR, which nothing may come before (PNG specification, 5.6)."""
_WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a text for people is laid out: columns, ANSI colours, and whether there is nothing but ASCII to draw with."""

    width: int = _WIDTH
    colour: bool = False
    ascii_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A form of the report.

    Attributes:
        one: makes it of one result.
        several: makes it of several results side by side; None where there is no such form, and ``instead`` says what
            to use.
        check: makes it of the result of a check; None where there is no such form, and ``instead_of_check`` says what
            to use.
        file: it goes to a file unless told otherwise: ``report`` with this ending.
        binary: it is of no use on a terminal.
        opens: a browser can show it.
    """

    one: Callable[[TuningResult, Look], Content]
    several: Callable[[SideBySide, Look], Content] | None = None
    check: Callable[[TuningResult, Look], Content] | None = None
    instead: str = ""
    instead_of_check: str = ""
    file: str | None = None
    binary: bool = False
    opens: bool = False


def terminal_look() -> Look:
    """The look for the terminal that standard output is, or for a file or pipe in its place."""
    shown = sys.stdout is not None and sys.stdout.isatty()  # None where it was closed
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        "─±█▏µ−".encode(encoding)
    except UnicodeEncodeError:
        plain = True
    else:
        plain = False
    width = shutil.get_terminal_size((_WIDTH, 24)).columns
    return Look(width=width, colour=shown, ascii_only=plain)


def _table(result: TuningResult, look: Look) -> Content:
    from powertune.render.text.terminal import render_terminal

    return [render_terminal(result, width=look.width, colour=look.colour, chart=True, ascii_only=look.ascii_only)]


def _markdown(result: TuningResult, _: Look) -> Content:
    from powertune.render.text.markdown import render_markdown

    return [render_markdown(result)]


def _csv(result: TuningResult, _: Look) -> Content:
    from powertune.render.text.csv_tables import sizes_csv

    return [sizes_csv(result)]


def _csv_samples(result: TuningResult, _: Look) -> Content:
    from powertune.render.text.csv_tables import samples_csv

    return samples_csv(result)


def _junit(result: TuningResult, _: Look) -> Content:
    from powertune.render.text.junit import render_junit

    return [render_junit(result)]


def _json(result: TuningResult, _: Look) -> Content:
    from powertune.wire import dumps

    return [dumps(result, indent=1), "\n"]


def _power_tuning_url(result: TuningResult, _: Look) -> Content:
    from powertune.peer import chart_url

    return [chart_url(result), "\n"]


def _html(result: TuningResult, _: Look) -> Content:
    from powertune.render.html import render_html

    return [render_html(result)]


def _png(result: TuningResult, _: Look) -> Content:
    from powertune.chromium import png
    from powertune.render.slide import slide_html

    return signed_png(png(slide_html(result)))


def _svg(result: TuningResult, _: Look) -> Content:
    from powertune.chromium import svg
    from powertune.render.slide import slide_html

    return [signed_svg(svg(slide_html(result)))]


def signed_png(picture: bytes) -> bytes:
    """A PNG that says in a text chunk what made it, so that it may be replaced without asking."""
    text = b"Software\0powertune " + __version__.encode()
    kind = b"tEXt"
    chunk = struct.pack(">I", len(text)) + kind + text + struct.pack(">I", zlib.crc32(kind + text))
    return picture[:_PNG_HEADER] + chunk + picture[_PNG_HEADER:]


def signed_svg(picture: str) -> str:
    """An SVG that says the same, after its XML declaration where it has one."""
    comment = f"<!-- Made by powertune {__version__} -->\n"
    if not picture.startswith("<?xml"):
        return comment + picture
    declaration, end, rest = picture.partition("?>")
    return f"{declaration}{end}\n{comment}{rest.lstrip()}"


def _check_table(result: TuningResult, look: Look) -> Content:
    from powertune.render.checks.text import render_check_terminal

    return [render_check_terminal(result, width=look.width, colour=look.colour, ascii_only=look.ascii_only)]


def _check_markdown(result: TuningResult, _: Look) -> Content:
    from powertune.render.checks.markdown import render_check_markdown

    return [render_check_markdown(result)]


def _check_csv(result: TuningResult, _: Look) -> Content:
    from powertune.render.checks.csv_table import check_csv

    return [check_csv(result)]


def _check_csv_samples(result: TuningResult, _: Look) -> Content:
    from powertune.render.checks.csv_table import check_samples_csv

    return check_samples_csv(result)


def _check_junit(result: TuningResult, _: Look) -> Content:
    from powertune.render.checks.junit import render_check_junit

    return [render_check_junit(result)]


def _sides_table(compared: SideBySide, look: Look) -> Content:
    from powertune.render.sides.text import sides_text

    return [sides_text(compared, width=look.width, colour=look.colour, ascii_only=look.ascii_only)]


def _sides_markdown(compared: SideBySide, _: Look) -> Content:
    from powertune.render.sides.markdown import sides_markdown

    return [sides_markdown(compared)]


def _sides_csv(compared: SideBySide, _: Look) -> Content:
    from powertune.render.sides.csv_table import sides_csv

    return [sides_csv(compared)]


def _sides_json(compared: SideBySide, _: Look) -> Content:
    from powertune.render.sides.words import answer
    from powertune.wire import to_data

    data = {"powertune_version": __version__, "answer": answer(compared), **to_data(compared)}
    return [json.dumps(data, indent=1, allow_nan=False), "\n"]


def _sides_html(compared: SideBySide, _: Look) -> Content:
    from powertune.render.sides.page import render_sides

    return [render_sides(compared)]


_PICTURES = "Open the html form of it in a browser, whose charts can be saved as pictures."
_ONE_SIZE = "That chart is of memory sizes, and a check measures one. Use html, markdown or json."

FORMATS = {
    "table": Format(one=_table, several=_sides_table, check=_check_table),
    "html": Format(one=_html, several=_sides_html, check=_html, file="html", opens=True),
    "markdown": Format(one=_markdown, several=_sides_markdown, check=_check_markdown),
    "csv": Format(one=_csv, several=_sides_csv, check=_check_csv),
    "csv-samples": Format(
        one=_csv_samples, check=_check_csv_samples, instead="Make the samples of each run by itself."
    ),
    "junit": Format(
        one=_junit,
        check=_check_junit,
        instead="A comparison passes no judgement that a test could fail by; make the report of each run by itself.",
    ),
    "json": Format(one=_json, several=_sides_json, check=_json),
    "power-tuning-url": Format(
        one=_power_tuning_url,
        instead="That chart shows one run; make the link of each by itself.",
        instead_of_check=_ONE_SIZE,
        opens=True,
    ),
    "png": Format(one=_png, instead=_PICTURES, instead_of_check=_PICTURES, file="png", binary=True, opens=True),
    "svg": Format(one=_svg, instead=_PICTURES, instead_of_check=_PICTURES, file="svg", opens=True),
}
"""By the name that ``--format`` takes."""


def made(results: Sequence[TuningResult], labels: Sequence[str], name: str, look: Look) -> Content:
    """A report of one result, or of several side by side.

    Raises:
        UsageError: there is no such form of several, they cannot be compared, or there is nothing to make it of.
    """
    form = FORMATS[name]
    if len(results) == 1:
        return _complete(_one(results[0], form, name, look))
    if form.several is None:
        raise UsageError(f"Runs side by side have no {name} form.", next_step=form.instead)
    from powertune.decide.side_by_side import side_by_side
    from powertune.render import sentence

    answers, places = [sentence.answer(result) for result in results], [sentence.where(result) for result in results]
    compared = side_by_side(results, labels, answers, places)
    return _complete(form.several(compared, look))


def _one(result: TuningResult, form: Format, name: str, look: Look) -> Content:
    if result.check is None:
        return form.one(result, look)
    if form.check is None:
        raise UsageError(f"A check has no {name} form.", next_step=form.instead_of_check)
    return form.check(result, look)


def _complete(content: Content) -> Content:
    """Content of which at least the first piece is made, so that what can be refused is refused before it is sent."""
    if isinstance(content, bytes | list):
        return content
    pieces = iter(content)
    first = next(pieces, "")

    def all_pieces() -> Iterator[str]:
        yield first
        yield from pieces

    return all_pieces()
