"""The charts beside the two main ones, as a browser draws them."""

import itertools
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import chromium
from playwright.sync_api import Browser, Page
from shown_runs import cold_run

from powertune.domain.result import TuningResult
from powertune.render import means
from powertune.render.html import render_html

pytestmark = pytest.mark.chromium

_RESULTS = Path(__file__).parents[1] / "unit" / "conftest.py"
_build: Callable[..., TuningResult] = runpy.run_path(str(_RESULTS))["build_result"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    contexts, complaints = [], []

    def start(result: TuningResult, **context: Any) -> Page:
        file = tmp_path / "report.html"
        file.write_text(render_html(result), encoding="utf-8")
        contexts.append(browser.new_context(**{"viewport": {"width": 1100, "height": 900}, **context}))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(file.as_uri())
        page.wait_for_selector("#chart-used .barlayer .point", state="attached")
        return page

    yield start
    for context in contexts:
        context.close()
    assert complaints == []


def test_pointing_at_a_size_shows_both_its_means(opened: Callable[..., Page]) -> None:
    result = _build()
    page = opened(result)
    place = page.locator("#chart-pareto")
    place.scroll_into_view_if_needed()
    box = place.locator(".scatterlayer .trace").last.locator(".point").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    hover = place.locator(".hoverlayer .hovertext")
    hover.wait_for()
    best = means.recommended(result)
    assert best is not None
    text = hover.text_content() or ""
    assert "1,769 MB, recommended" in text
    assert means.duration_estimate(best.warm.duration_ms) in text
    assert means.cost_estimate(best.cost) in text


def test_the_choice_of_axes_holds_for_these_charts_too(opened: Callable[..., Page]) -> None:
    page = opened(_build(cold=2))
    axes = """() => [["pareto", "xaxis"], ["pareto", "yaxis"], ["spread", "xaxis"]]
        .map(([name, axis]) => document.getElementById(`chart-${name}`)._fullLayout[axis].type)"""
    for kind in ("log", "linear"):
        page.locator(f"[name=values][value={kind}]").check()
        assert page.evaluate(axes) == [kind] * 3


def test_cold_starts_can_be_hidden_from_the_strips_but_not_where_there_is_nothing_else(
    opened: Callable[..., Page],
) -> None:
    page = opened(_build(cold=3))
    shown = "document.getElementById('chart-spread').data.filter((t) => t.visible !== false).map((t) => t.meta)"
    assert any(meta.endswith("-cold") for meta in page.evaluate(shown))
    page.locator("[name=cold]").uncheck()
    assert all(meta.endswith("-warm") for meta in page.evaluate(shown))
    alone = opened(cold_run(_build))
    assert all(meta.endswith("-cold") for meta in alone.evaluate(shown))


@pytest.mark.parametrize("width", [320, 390, 1100])
def test_names_of_sizes_lie_on_no_other_name_and_inside_the_chart(opened: Callable[..., Page], width: int) -> None:
    page = opened(_build(failing_mb=()), viewport={"width": width, "height": 800})
    boxes = page.evaluate(
        """() => [...document.querySelectorAll("#chart-pareto .annotation-text")].map((one) => {
          const box = one.getBoundingClientRect();
          return [box.left, box.top, box.right, box.bottom, one.textContent];
        })"""
    )
    names = [box[4] for box in boxes]
    assert "1,769 MB recommended" in names
    assert "512 MB present" in names
    for a, b in itertools.combinations(boxes, 2):
        apart = a[2] <= b[0] + 2 or b[2] <= a[0] + 2 or a[3] <= b[1] + 2 or b[3] <= a[1] + 2
        assert apart, (a, b)
    assert all(box[0] >= 0 and box[2] <= width for box in boxes)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_histogram_is_drawn_of_each_kind_of_series(opened: Callable[..., Page]) -> None:
    page = opened(_build(invocations=40, cold=12))
    bars = page.locator("#chart-closely .barlayer .point")
    counts = "document.getElementById('chart-closely').data[0].y.reduce((a, b) => a + b, 0)"
    assert page.evaluate(counts) == 28
    assert bars.count() >= 6
    page.locator("[name=closely]").select_option("512-cold")
    assert page.evaluate(counts) == 12
    assert page.evaluate("document.getElementById('chart-closely').data[0].marker.pattern.shape") == "/"
    labels = page.locator("#chart-closely .annotation-text").all_text_contents()
    assert [label.split()[0] for label in labels] == ["p50", "p95", "p99"]


def test_a_page_of_all_memory_sizes_fits_a_phone(opened: Callable[..., Page]) -> None:
    sizes = tuple(range(128, 128 + 64 * 128, 64))
    many = _build(sizes_mb=sizes, best_mb=1792, present_mb=512, equivalent_mb=(1856,), invocations=4)
    page = opened(many, viewport={"width": 390, "height": 800}, color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    heights = "['spread', 'used', 'parts'].map((n) => document.getElementById(`chart-${n}`).clientHeight)"
    assert max(page.evaluate(heights)) < 800
    page.locator("[name=rows]").select_option("all")
    assert min(page.evaluate(heights)) > 3000
    assert page.evaluate("document.documentElement.scrollWidth") == 390
