"""The page of a check as a person meets it: opened from disk in a real browser."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import checks
import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import chromium
from hostile import hostile_check
from playwright.sync_api import Browser, Page

from powertune.domain.check import Verdict
from powertune.domain.result import TuningResult
from powertune.render.html import render_html

pytestmark = pytest.mark.chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


class Visit:
    """An open page, with everything that it said or asked for."""

    def __init__(self, browser: Browser, folder: Path, result: TuningResult, **context: Any) -> None:
        file = folder / "report.html"
        file.write_text(render_html(result), encoding="utf-8")
        self.context = browser.new_context(**{"viewport": {"width": 1100, "height": 900}, **context})
        self.page: Page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.said.append(request.url))
        self.page.goto(file.as_uri())
        self.page.wait_for_function("document.readyState === 'complete'")
        self.said.remove(file.as_uri())


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    open_visits: list[Visit] = []

    def start(result: TuningResult, **context: Any) -> Visit:
        open_visits.append(Visit(browser, tmp_path, result, **context))
        return open_visits[-1]

    yield start
    for one in open_visits:
        one.context.close()


def with_every_verdict() -> TuningResult:
    result = checks.whole()
    assert result.check is not None
    verdicts = itertools.cycle((*Verdict, None))
    metrics = tuple(replace(one, verdict=verdict) for one, verdict in zip(result.check.metrics, verdicts, strict=False))
    return replace(result, check=replace(result.check, metrics=metrics))


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:200]}" for one in found]


def test_every_change_and_both_sides_are_drawn_and_the_page_asks_for_nothing(visit: Callable[..., Visit]) -> None:
    seen = visit(checks.whole())
    changes = seen.page.locator("#chart-check-changes")
    assert changes.locator(".scatterlayer .point").count() == 5
    assert changes.locator("g.ytick").all_text_contents() == [
        *("mean duration", "p50 duration", "cost", "init duration", "memory used")
    ]
    assert changes.locator(".annotation-text").all_text_contents() == ["worse: over +5 %"]
    assert seen.page.locator("#chart-check-durations .scatterlayer .js-line").count() == 2
    seen.page.evaluate("Plotly.Fx.hover('chart-check-changes', [{curveNumber: 0, pointNumber: 0}])")
    told = changes.locator(".hoverlayer").text_content() or ""
    assert "mean duration: +19 % (worse)" in told
    assert "119.8 ms before, 142.9 ms after" in told
    assert seen.said == []


@pytest.mark.parametrize("name", ["whole", "undecided", "first"])
def test_a_phone_need_not_scroll_the_page_sideways(visit: Callable[..., Visit], name: str) -> None:
    seen = visit(checks.MADE[name](), viewport={"width": 320, "height": 800})
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 320
    assert seen.said == []


def test_a_checker_of_accessibility_finds_nothing_in_light_nor_in_dark(visit: Callable[..., Visit]) -> None:
    page = visit(with_every_verdict(), color_scheme="light").page
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 22, 29)"
    assert violations(page) == []


def test_hostile_text_runs_nothing_asks_for_nothing_and_keeps_the_layout(visit: Callable[..., Visit]) -> None:
    seen = visit(hostile_check(), viewport={"width": 390, "height": 800})
    page = seen.page
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    page.evaluate("Plotly.Fx.hover('chart-check-changes', [{curveNumber: 0, pointNumber: 0}])")
    page.evaluate("Plotly.Fx.hover('chart-check-durations', [{curveNumber: 1, pointNumber: 0}])")
    assert page.evaluate("window.hit") is None
    assert seen.said == []
    made_of_it = "[onerror], [onload], [onfocus], [autofocus], a[href^=javascript], main img, svg a, body style"
    assert page.locator(made_of_it).count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    text = page.evaluate("document.body.innerText")
    assert "window.hit=1</script>" in text
    assert not {"\u202e", "\u2067", "\x1b"} & set(text)
