"""A result as PNG and SVG, drawn by a real browser."""

import runpy
import struct
import xml.etree.ElementTree as ET
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from shown_runs import full_run

from powertune import chromium
from powertune.chromium import process
from powertune.render import sentence
from powertune.render.slide import slide_html

pytestmark = pytest.mark.chromium

_RESULTS = Path(__file__).parents[1] / "unit" / "conftest.py"
HOSTILE = "</script><script>document.title='hit'</script><img src=x onerror='hit'> \" data-drawn=\"PHN2Zy8+\" שלום 🎉"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def page() -> str:
    return slide_html(runpy.run_path(str(_RESULTS))["build_result"](cold=2))


@pytest.fixture(scope="module")
def hostile_page() -> str:
    result = full_run(runpy.run_path(str(_RESULTS))["build_result"])
    function = replace(result.function, name=HOSTILE + "x" * 400, region=HOSTILE)
    return slide_html(replace(result, run_id=HOSTILE, function=function))


def pixels(picture: bytes) -> tuple[int, int, bytes]:
    """Width, height and the bytes of a PNG's rows, as filtered."""
    width, height = struct.unpack(">II", picture[16:24])
    data, at = b"", 8
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        if picture[at + 4 : at + 8] == b"IDAT":
            data += picture[at + 8 : at + 8 + length]
        at += 12 + length
    return width, height, zlib.decompress(data)


def drawn_at(root: ET.Element) -> list[tuple[float, float, float, float]]:
    """The places of the pictures in the picture."""
    return [
        (float(one.get("x")), float(one.get("y")), float(one.get("width")), float(one.get("height")))
        for one in root.iter(f"{SVG}svg")
        if one is not root
    ]


def test_a_slide_as_png_has_its_size_and_is_not_blank(page: str) -> None:
    width, height, rows = pixels(chromium.png(page, scale=1))
    assert (width, height) == (1600, 900)
    assert len({rows[i : i + 4801] for i in range(0, len(rows), 4801)}) > 200


def test_a_slide_as_svg_is_xml_with_the_answer_and_both_charts_and_runs_nothing(page: str) -> None:
    root = ET.fromstring(chromium.svg(page))
    result = runpy.run_path(str(_RESULTS))["build_result"](cold=2)
    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") == "0 0 1600 900"
    assert root.findtext(f"{SVG}title") == sentence.answer(result)
    lines = " ".join(one.text or "" for one in root.findall(f"{SVG}text")).replace("\u00a0", " ")
    assert sentence.answer(result) in lines
    assert "warm sample (40)" in lines
    charts = [box for box in drawn_at(root) if box[2] > 100]
    assert len(charts) == 2
    assert all(x >= 0 and x + wide <= 1600 and y + high <= 900 for x, y, wide, high in drawn_at(root))
    ticks = [text for one in root.iter(f"{SVG}text") if (text := "".join(one.itertext()))]
    assert ticks.count("1,769") == 2
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
        *("svg", "g", "path", "rect", "circle", "text", "tspan", "title", "desc", "defs", "clipPath"),
    }
    assert "var(--" not in ET.tostring(root, encoding="unicode")


def test_a_hostile_name_is_words_in_the_picture_and_fits_it(hostile_page: str) -> None:
    text = chromium.svg(hostile_page)
    root = ET.fromstring(text)
    assert not [one for one in root.iter() if one.tag.removeprefix(SVG) in ("script", "img", "image", "a")]
    assert not [name for one in root.iter() for name in one.attrib if name.startswith("on") or name.endswith("href")]
    names = [one.text for one in root.findall(f"{SVG}text") if one.text and one.text.startswith("</script>")]
    assert len(names) == 2
    assert all(name.endswith("…") for name in names)


def test_a_slide_is_light_where_the_browser_prefers_dark(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dark = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")
    monkeypatch.setattr(process, "OPTIONS", (*process.OPTIONS, *dark))
    ground = ET.fromstring(chromium.svg(page)).find(f"{SVG}rect")
    assert ground is not None
    assert ground.get("fill") == "#fff"
