"""Hostile text in every place of a result: the page shows it and does nothing else with it."""

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromium import chromium
from hostile import HOSTILE, NEEDED, hostile_check, hostile_result, places_of_text, places_reached
from playwright.sync_api import Browser

from powertune.domain.result import TuningResult
from powertune.render.html import render_html

pytestmark = pytest.mark.chromium

_RESULTS = Path(__file__).parents[1] / "unit" / "conftest.py"
_build: Callable[..., TuningResult] = runpy.run_path(str(_RESULTS))["build_result"]
_AS_ON_AWS = frozenset({("Environment", "kind")})
_AS_LISTED = frozenset({("Price", "as_of"), ("FunctionFacts", "arn"), ("Price", "currency"), ("Money", "currency")})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def test_the_hostile_result_has_every_place_of_text_that_a_result_has() -> None:
    wanted = places_of_text() - NEEDED
    assert places_reached(hostile_result(_build)) | places_reached(hostile_check()) == wanted
    assert len(wanted) > 50


@pytest.mark.parametrize("keep", [frozenset(), _AS_ON_AWS, _AS_ON_AWS | _AS_LISTED], ids=["all", "aws", "listed"])
def test_hostile_text_in_every_place_runs_nothing_asks_for_nothing_and_keeps_the_layout(
    browser: Browser, tmp_path: Path, keep: frozenset[tuple[str, str]]
) -> None:
    file = tmp_path / "report.html"
    source = render_html(hostile_result(_build, keep=keep))
    file.write_text(source, encoding="utf-8")
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_selector("#chart-duration .scatterlayer .point", state="attached")
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    for name in ("duration", "pareto"):
        place = page.locator(f"#chart-{name}")
        place.scroll_into_view_if_needed()
        point = place.locator(".scatterlayer .point").last.bounding_box()
        assert point is not None
        page.mouse.move(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
        place.locator(".hoverlayer .hovertext").first.wait_for(state="attached")
    page.locator("[name=closely]").select_option(index=1)
    assert page.evaluate("window.hit") is None
    assert complaints == []
    assert requests == [file.as_uri()]
    made_of_it = "[onerror], [onload], [onfocus], [autofocus], a[href^=javascript], main img, svg a, body style"
    assert page.locator(made_of_it).count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    text = page.evaluate("document.body.innerText")
    assert "window.hit=1</script>" in text
    assert "مرحبا" in text
    assert not {"\u202e", "\u2067", "\x1b"} & set(text)
    assert page.evaluate("getComputedStyle(document.querySelector('main')).direction") == "ltr"
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).display") == "block"
    context.close()


def test_hostile_text_is_long_and_of_every_sort() -> None:
    assert len(HOSTILE) > 400
