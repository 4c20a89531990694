"""A history as a person meets it: opened from disk in a real browser."""

import dataclasses
import runpy
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import chromium
from kept_runs import run_on
from playwright.sync_api import Browser, Page

from powertune.domain.history import RunSummary, summary_of
from powertune.domain.result import TuningResult
from powertune.render.history.page import render_history_page

pytestmark = pytest.mark.chromium

_RESULTS = Path(__file__).parents[1] / "unit" / "conftest.py"
_build: Callable[..., TuningResult] = runpy.run_path(str(_RESULTS))["build_result"]

HOSTILE = "</script><script>window.hit=1</script><img src=x onerror='window.hit=1'>\u202e" + "x" * 400
CHARTS = ("past-duration", "past-cost")


def some_runs() -> list[RunSummary]:
    """Eight runs, the newest first, with other code from the fifth on, and a local one among them."""
    made = [summary_of(run_on(_build, day, code=int(day > 3))) for day in range(8)]
    return [dataclasses.replace(run, environment="local") if at == 2 else run for at, run in enumerate(made)][::-1]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


class Visit:
    """An open page, with everything that it said or asked for."""

    def __init__(self, browser: Browser, folder: Path, runs: Sequence[RunSummary], **context: Any) -> None:
        file = folder / "history.html"
        file.write_text(render_history_page(runs, version="0.1.0"), encoding="utf-8")
        self.context = browser.new_context(**{"viewport": {"width": 1100, "height": 900}, **context})
        self.page: Page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.said.append(request.url))
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("#chart-past-duration .scatterlayer .point", state="attached")
        self.said.remove(file.as_uri())


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    open_visits: list[Visit] = []

    def start(runs: Sequence[RunSummary], **context: Any) -> Visit:
        open_visits.append(Visit(browser, tmp_path, runs, **context))
        return open_visits[-1]

    yield start
    for one in open_visits:
        one.context.close()


def test_both_charts_have_every_run_and_the_change_of_code_and_the_page_asks_for_nothing(
    visit: Callable[..., Visit],
) -> None:
    seen = visit(some_runs())
    for name in CHARTS:
        assert seen.page.locator(f"#chart-{name} .scatterlayer .point").count() == 8 + 8 + 1
        assert "Zk1+Aa9c, 5 Sep" in seen.page.locator(f"#chart-{name} .annotation-text").all_text_contents()
    assert seen.said == []


def test_a_point_tells_its_figures_its_code_and_its_run(visit: Callable[..., Visit]) -> None:
    seen = visit(some_runs())
    seen.page.evaluate("Plotly.Fx.hover('chart-past-duration', [{curveNumber: 0, pointNumber: 0}])")
    told = seen.page.locator("#chart-past-duration .hoverlayer").text_content() or ""
    for word in ("512 MB (the size it had)", "± ", "code q0S4vE8c", "run 20260901T"):
        assert word in told


def test_runs_may_be_spaced_evenly_and_by_date_again(visit: Callable[..., Visit]) -> None:
    seen = visit(some_runs())
    kind = "document.getElementById('chart-past-cost').layout.xaxis.type"
    first = "document.getElementById('chart-past-cost').data[0].x[0]"
    assert (seen.page.evaluate(kind), seen.page.evaluate(first)) == ("date", "2026-09-01 08:00:00")
    seen.page.get_by_label("evenly spaced runs").check()
    assert (seen.page.evaluate(kind), seen.page.evaluate(first)) == ("linear", 0)
    seen.page.get_by_label("by date").check()
    assert seen.page.evaluate(kind) == "date"
    assert seen.said == []


_TICKS = "document.querySelectorAll('#chart-past-duration g.xtick').length"


@pytest.mark.parametrize("width", [320, 390, 1200])
def test_runs_of_one_minute_stand_apart_and_every_axis_of_time_has_ticks(
    visit: Callable[..., Visit], width: int
) -> None:
    minute = [summary_of(run_on(_build, at / 4320)) for at in range(3)][::-1]
    seen = visit(minute, viewport={"width": width, "height": 800})
    places = "[...document.querySelectorAll('#chart-past-duration .scatterlayer .trace .point')]"
    left = seen.page.evaluate(f"{places}.slice(0, 3).map((one) => one.getBoundingClientRect().x)")
    assert min(abs(left[at] - left[at + 1]) for at in range(2)) > 30
    assert seen.page.evaluate(_TICKS) == 3
    texts = seen.page.locator("#chart-past-duration g.xtick").all_text_contents()
    assert sorted(texts) == ["08:00:001 Sep", "08:00:201 Sep", "08:00:401 Sep"]
    for runs in (some_runs(), minute):
        seen = visit(runs, viewport={"width": width, "height": 800})
        seen.page.get_by_label("by date").check()
        assert seen.page.evaluate(_TICKS) >= 2
        assert seen.said == []


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_need_not_scroll_the_page_sideways(visit: Callable[..., Visit], width: int) -> None:
    seen = visit(some_runs(), viewport={"width": width, "height": 800})
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_checker_of_accessibility_finds_nothing(visit: Callable[..., Visit], scheme: str) -> None:
    seen = visit(some_runs(), color_scheme=scheme)
    found = Axe().run(seen.page).response["violations"]
    assert [f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:200]}" for one in found] == []


def test_hostile_words_execute_nothing(visit: Callable[..., Visit]) -> None:
    odd = [
        dataclasses.replace(
            run, run_id=f"{at}{HOSTILE}", code_sha256=f"{at // 4}{HOSTILE}", runtime=HOSTILE, environment=HOSTILE
        )
        for at, run in enumerate(some_runs())
    ]
    seen = visit(odd)
    seen.page.evaluate("Plotly.Fx.hover('chart-past-duration', [{curveNumber: 0, pointNumber: 0}])")
    assert seen.page.evaluate("window.hit") is None
    assert seen.page.locator("img").count() == 0
    assert seen.said == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 1100
