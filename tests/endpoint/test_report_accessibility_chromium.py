"""The report for readers who do not see it, or see it otherwise: axe-core's findings, and the keyboard."""

import itertools
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import chromium
from playwright.sync_api import Browser, Page
from searched_runs import searched
from shown_runs import dry_run, full_run

from powertune.domain.result import TuningResult
from powertune.render.html import render_html

pytestmark = pytest.mark.chromium

_RESULTS = Path(__file__).parents[1] / "unit" / "conftest.py"
_build: Callable[..., TuningResult] = runpy.run_path(str(_RESULTS))["build_result"]

RUNS: dict[str, Callable[[], TuningResult]] = {
    "usual": lambda: full_run(_build),
    "search": lambda: searched(_build),
    "failures": lambda: _build(failing_mb=(128, 256, 512, 1024, 1769, 3008), best_mb=None),
    "dry": lambda: dry_run(_build),
    "many sizes": lambda: _build(sizes_mb=tuple(range(128, 1472, 64)), best_mb=1024, equivalent_mb=()),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    contexts = []

    def start(result: TuningResult, **context: Any) -> Page:
        file = tmp_path / "report.html"
        file.write_text(render_html(result), encoding="utf-8")
        contexts.append(browser.new_context(viewport={"width": 1100, "height": 900}, **context))
        page = contexts[-1].new_page()
        page.goto(file.as_uri())
        page.wait_for_selector("#chart-duration .scatterlayer .point", state="attached")
        return page

    yield start
    for context in contexts:
        context.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds, whatever its weight."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:200]}" for one in found]


_SLOW = {"dry": pytest.mark.heavy, "many sizes": pytest.mark.heavy}


@pytest.mark.parametrize("run", [pytest.param(run, marks=_SLOW.get(run, ())) for run in RUNS])
def test_axe_finds_nothing_in_light_nor_in_dark(opened: Callable[..., Page], run: str) -> None:
    page = opened(RUNS[run](), color_scheme="light")
    page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 22, 29)"
    assert violations(page) == []


def test_axe_would_find_a_control_without_a_name(opened: Callable[..., Page]) -> None:
    page = opened(RUNS["usual"]())
    page.evaluate("document.querySelector('main').append(document.createElement('select'))")
    assert any("select-name" in one for one in violations(page))


def test_the_keyboard_reaches_the_table_first_and_every_control_shows_its_focus(opened: Callable[..., Page]) -> None:
    page = opened(RUNS["usual"]())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the table of all sizes"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "sizes"
    focused = """() => {
      const seen = [...document.querySelectorAll("a, button, input, select, summary, [tabindex='0']")];
      return seen.filter((one) => one.offsetParent !== null && !one.closest(".tools [hidden]")).map((one) => {
        one.focus({ focusVisible: true });
        const style = getComputedStyle(one);
        return one === document.activeElement && style.outlineStyle !== "none" && style.outlineWidth !== "0px";
      });
    }"""
    shown = page.evaluate(focused)
    assert len(shown) > 20
    assert all(shown)


def test_nothing_in_a_chart_takes_the_focus(opened: Callable[..., Page]) -> None:
    page = opened(RUNS["usual"]())
    inside = page.locator("[role=img] :is(a[href], button, input, [tabindex])")
    assert inside.count() == 0


def test_a_size_is_looked_at_closely_by_keyboard_and_said_aloud(opened: Callable[..., Page]) -> None:
    page = opened(RUNS["usual"]())
    said = page.locator("#closely-said[aria-live=polite]")
    assert said.inner_text().startswith("1,769 MB, 7 warm samples; p50 ")
    page.locator("[name=closely]").focus()
    page.keyboard.press("ArrowDown")
    assert said.inner_text().startswith("3,008 MB, 7 warm samples; p50 ")
    title = page.evaluate("document.getElementById('chart-closely').layout.xaxis.title.text")
    assert title == "Warm duration at 3,008 MB, ms"


def test_all_rows_are_drawn_where_the_reader_wants_them(opened: Callable[..., Page]) -> None:
    page = opened(RUNS["many sizes"]())
    rows = "document.getElementById('chart-used').layout.yaxis.categoryarray.length"
    height = "document.getElementById('chart-used').getBoundingClientRect().height"
    few, low = page.evaluate(rows), page.evaluate(height)
    assert few == 12
    page.locator("[name=rows]").select_option("all")
    assert page.evaluate(rows) == 21
    assert page.evaluate(height) > low + 200
    labels = page.evaluate("document.getElementById('chart-spread').layout.yaxis.ticktext.length")
    assert labels == 20


def test_a_chart_is_kept_as_a_picture(opened: Callable[..., Page]) -> None:
    page = opened(RUNS["usual"]())
    with page.expect_download() as kept:
        page.locator("[data-save=pareto]").click()
    assert kept.value.suggested_filename == "powertune-orders-api-20261124-113402-7f3a-pareto.png"
    assert Path(kept.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_zoom_is_undone_by_a_button_that_comes_with_it(opened: Callable[..., Page]) -> None:
    page = opened(RUNS["usual"]())
    whole = page.locator("[data-whole=pareto]")
    before = page.evaluate("document.getElementById('chart-pareto').layout.xaxis.range")
    assert not whole.is_visible()
    page.locator("#chart-pareto").scroll_into_view_if_needed()
    box = page.locator("#chart-pareto .nsewdrag").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 200, steps=4)
    page.mouse.up()
    whole.wait_for(state="visible")
    assert page.evaluate("document.getElementById('chart-pareto').layout.xaxis.range") != before
    whole.click()
    assert page.evaluate("document.getElementById('chart-pareto').layout.xaxis.range") == before
    assert not whole.is_visible()


def test_headings_go_down_one_level_at_a_time_and_tables_have_scopes(opened: Callable[..., Page]) -> None:
    page = opened(RUNS["usual"]())
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert page.locator("th:not([scope])").count() == 0


def test_whoever_wants_less_motion_gets_none(opened: Callable[..., Page]) -> None:
    page = opened(RUNS["usual"](), reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "smooth"
