"""Runs side by side as a person meets them: opened from disk in a real browser."""

import runpy
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import chromium
from playwright.sync_api import Browser, Page
from two_architectures import ARM, X86, result_on

from powertune.decide.side_by_side import side_by_side
from powertune.domain.result import TuningResult
from powertune.domain.side_by_side import SideBySide
from powertune.render import sentence
from powertune.render.sides import words
from powertune.render.sides.page import render_sides

pytestmark = pytest.mark.chromium

_RESULTS = Path(__file__).parents[1] / "unit" / "conftest.py"
_build: Callable[..., TuningResult] = runpy.run_path(str(_RESULTS))["build_result"]

HOSTILE = "</script><script>window.hit=1</script><img src=x onerror='window.hit=1'>\u202e" + "x" * 400


def compared(*results: TuningResult, labels: tuple[str, ...] = ()) -> SideBySide:
    return side_by_side(results, labels, [sentence.answer(result) for result in results])


def two() -> SideBySide:
    return compared(result_on(_build, ARM), result_on(_build, X86, factor="1.25", work_ms=440.0))


def eight() -> SideBySide:
    """Eight runs, with hostile text in them."""
    base = _build()
    hostile = replace(
        base,
        memory_sizes=tuple(replace(size, reason=HOSTILE) for size in base.memory_sizes),
        function=replace(base.function, name=HOSTILE, runtime=HOSTILE, region=HOSTILE, code_sha256=HOSTILE),
    )
    runs = [replace(hostile if at % 2 else base, run_id=f"{HOSTILE}{at}") for at in range(8)]
    return compared(*runs, labels=tuple(f"{HOSTILE[:30]}{at}" for at in range(8)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


class Visit:
    """An open page, with everything that it said or asked for."""

    def __init__(self, browser: Browser, folder: Path, found: SideBySide, **context: Any) -> None:
        file = folder / "words.html"
        file.write_text(render_sides(found), encoding="utf-8")
        self.context = browser.new_context(**{"viewport": {"width": 1100, "height": 900}, **context})
        self.page: Page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.said.append(request.url))
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("#chart-sides-cost .scatterlayer .point", state="attached")
        self.said.remove(file.as_uri())

    def drawn(self, chart: str, of: str) -> Any:
        return self.page.evaluate(f"document.getElementById('chart-{chart}').{of}")


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    open_visits: list[Visit] = []

    def start(found: SideBySide, **context: Any) -> Visit:
        open_visits.append(Visit(browser, tmp_path, found, **context))
        return open_visits[-1]

    yield start
    for one in open_visits:
        one.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_runs_are_drawn_apart_and_the_choices_work(visit: Callable[..., Visit], scheme: str) -> None:
    seen = visit(two(), color_scheme=scheme)
    assert seen.page.locator("h1").inner_text() == words.answer(two())
    assert seen.page.locator("section:has(#sizes) tbody tr").count() == 9
    for chart in ("sides-duration", "sides-cost"):
        assert seen.page.locator(f"#chart-{chart} .scatterlayer .point").count() == 6
        assert seen.page.locator(f"#chart-{chart} .errorbars path.yerror").count() == 6
        colours = seen.drawn(chart, "data.map(trace => trace.line.color)")
        assert len(set(colours)) == 2
        assert all(colours)
    for name, axis in (("memory", "xaxis"), ("values", "yaxis")):
        for kind in ("linear", "log"):
            seen.page.locator(f"[name={name}][value={kind}]").check()
            assert seen.drawn("sides-cost", f"_fullLayout.{axis}.type") == kind
    seen.page.locator("#chart-sides-duration").scroll_into_view_if_needed()
    marker = seen.page.locator("#chart-sides-duration .scatterlayer .trace").last.locator(".point").first
    box = marker.bounding_box()
    assert box is not None
    seen.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    hover = seen.page.locator("#chart-sides-duration .hoverlayer .hovertext")
    hover.wait_for(timeout=5_000)
    assert "x86_64, 512 MB: 1.55 ± 0.03 s" in (hover.text_content() or "")
    found = Axe().run(seen.page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert seen.said == []


@pytest.mark.parametrize("width", [320, 1100])
def test_eight_runs_with_hostile_words_fit_the_window_and_run_nothing(visit: Callable[..., Visit], width: int) -> None:
    seen = visit(eight(), viewport={"width": width, "height": 800})
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width
    assert len(set(seen.drawn("sides-cost", "data.map(trace => trace.line.color)"))) == 8
    assert len(set(seen.drawn("sides-cost", "data.map(trace => trace.marker.symbol)"))) == 8
    seen.page.wait_for_timeout(200)
    assert seen.page.evaluate("window.hit") is None
    assert seen.page.locator("img, [onerror]").count() == 0
    assert seen.said == []
