"""The report as a person meets it: opened from disk in a real browser."""

import runpy
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from searched_runs import searched
from shown_runs import cold_run, dry_run, full_run

from powertune.domain.result import Answer, Applied, Goal, SpendLine, TuningResult
from powertune.domain.search import LatencyStatistic, LatencyTarget
from powertune.render import figures, sentence
from powertune.render.html import render_html

pytestmark = pytest.mark.chromium

_RESULTS = Path(__file__).parents[1] / "unit" / "conftest.py"
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOSTILE = "</script><script>window.hit=1</script><img src=x onerror='window.hit=1'><a href='javascript:hit=1'>"


@pytest.fixture(scope="module")
def build_result() -> Callable[..., TuningResult]:
    """The builder that the unit tests use."""
    build: Callable[..., TuningResult] = runpy.run_path(str(_RESULTS))["build_result"]
    return build


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(f"No Chromium is installed (looked for {', '.join(names)}): apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=_ARGUMENTS)
        yield chromium
        chromium.close()


class Visit:
    """An open report, with everything that it said or asked for."""

    def __init__(self, browser: Browser, source: str, folder: Path, **context: Any) -> None:
        file = folder / "report.html"
        file.write_text(source, encoding="utf-8")
        self.context = browser.new_context(**context)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.url = file.as_uri()
        self.page.goto(self.url)
        self.page.wait_for_selector("#chart-duration .scatterlayer .point", state="attached")

    def becomes(self, expression: str, value: object) -> None:
        """Waits until an expression has a value. Playwright's own wait uses eval, which the page forbids."""
        deadline = time.monotonic() + 10
        while (found := self.page.evaluate(expression)) != value:
            assert time.monotonic() < deadline, f"{expression} is {found!r}, not {value!r}"
            self.page.wait_for_timeout(50)

    def points(self, role: str) -> int:
        """How many points of a role the duration chart shows."""
        count: int = self.page.evaluate(
            """role => {
              const chart = document.getElementById("chart-duration");
              const traces = chart.querySelectorAll(".scatterlayer .trace");
              const shown = chart.data.filter(trace => trace.visible !== false);
              return [...traces].filter((_, i) => shown[i].meta === role)
                .reduce((sum, trace) => sum + trace.querySelectorAll(".point").length, 0);
            }""",
            role,
        )
        return count


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    open_visits: list[Visit] = []

    def start(result: TuningResult, **context: Any) -> Visit:
        open_visits.append(Visit(browser, render_html(result), tmp_path, **context))
        return open_visits[-1]

    yield start
    for one in open_visits:
        one.context.close()


def test_the_report_opens_without_a_complaint_or_a_request(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit]
) -> None:
    result = build_result(cold=2)
    seen = visit(result)
    assert seen.page.locator("h1").inner_text() == sentence.answer(result)
    table = seen.page.locator("section:has(#sizes) table")
    assert table.locator("tbody tr").count() == 6
    assert "1,769 MB" in table.locator("tr.best").inner_text()
    assert (seen.points("warm"), seen.points("cold"), seen.points("failed"), seen.points("mean")) == (
        40,
        10,
        10,
        5,
    )
    assert seen.page.locator("#chart-parts .barlayer .point").count() > 0
    assert seen.complaints == []
    assert seen.requests == [seen.url]


def test_pointing_at_a_mean_shows_its_numbers(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit]
) -> None:
    seen = visit(build_result())
    seen.page.locator("#chart-duration").scroll_into_view_if_needed()
    marker = seen.page.locator("#chart-duration .scatterlayer .trace").last.locator(".point").nth(1)
    box = marker.bounding_box()
    assert box is not None
    seen.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    hover = seen.page.locator("#chart-duration .hoverlayer .hovertext")
    hover.wait_for()
    text = hover.text_content() or ""
    assert "512 MB: mean 1.3" in text
    assert "± 0.0" in text


def pointed_at(seen: Visit, chart: str, role: str, index: int) -> str:
    """What a point of a role says when the mouse is over it."""
    seen.page.locator(f"#chart-{chart}").scroll_into_view_if_needed()
    trace = seen.page.evaluate(
        "([chart, role]) => document.getElementById(`chart-${chart}`).data.findIndex(trace => trace.meta === role)",
        [chart, role],
    )
    marker = seen.page.locator(f"#chart-{chart} .scatterlayer .trace").nth(trace).locator(".point").nth(index)
    box = marker.bounding_box()
    assert box is not None
    seen.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    hover = seen.page.locator(f"#chart-{chart} .hoverlayer .hovertext")
    hover.wait_for()
    text = hover.text_content() or ""
    seen.page.mouse.move(0, 0)
    hover.wait_for(state="detached")
    return text


def test_a_sample_says_the_same_in_both_charts_and_a_mark_says_its_figure(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit]
) -> None:
    result = build_result()
    target = LatencyTarget(statistic=LatencyStatistic.P95, limit_ms=800.0)
    seen = visit(replace(result, request=replace(result.request, latency_target=target)))
    cold = next(sample for sample in result.samples if sample.memory_mb == 3008)
    wanted = (
        f"3,008 MB, cold (no. 1)duration {figures.duration(cold.duration_ms)}init {figures.duration(cold.init_ms)}"
        f"billed {figures.count(cold.billed_ms)} ms"
    )
    # The failed size has no mean, so five sizes have cold starts: the last is that of 3,008 MB.
    assert [pointed_at(seen, name, "cold", 4) for name in ("duration", "cost")] == [wanted, wanted]
    assert pointed_at(seen, "duration", "statistic", 4).startswith("3,008 MB: p95 ")
    assert seen.complaints == []


def test_a_target_is_a_line_where_samples_are_near_and_a_word_at_the_edge_where_they_are_not(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit]
) -> None:
    drawn = """() => {
      const { shapes, annotations } = document.getElementById("chart-duration").layout;
      return [shapes.filter(shape => shape.name === "target").length,
              annotations.filter(label => label.name === "target").map(label => label.text)];
    }"""
    result = build_result(failing_mb=())
    for limit_ms, shown in (
        (800.0, [1, ["target: p99 within 800 ms"]]),
        (90_000.0, [0, ["↑ target: p99 within 90,000 ms, above what is shown"]]),
        (2.0, [0, ["↓ target: p99 within 2 ms, below what is shown"]]),
    ):
        target = LatencyTarget(statistic=LatencyStatistic.P99, limit_ms=limit_ms)
        seen = visit(replace(result, request=replace(result.request, latency_target=target)))
        seen.page.locator("[name=values][value=log]").check()
        assert seen.page.evaluate(drawn) == shown
    seen.page.locator("[name=values][value=linear]").check()
    assert seen.page.evaluate(drawn) == [1, ["target: p99 within 2 ms"]]
    assert seen.complaints == []


def test_thousands_of_samples_are_drawn_and_redrawn(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit]
) -> None:
    result = build_result()
    many = tuple(replace(sample, order=sample.order + 10 * n) for n in range(70) for sample in result.samples)
    seen = visit(replace(result, samples=many), viewport={"width": 390, "height": 800})
    assert (seen.points("warm"), seen.points("cold"), seen.points("failed")) == (45 * 70, 5 * 70, 10 * 70)
    seen.page.locator("[name=memory][value=linear]").check()
    assert seen.points("warm") == 45 * 70
    assert seen.complaints == []


def test_the_choices_change_the_axes_and_hide_cold_starts(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit]
) -> None:
    seen = visit(build_result())
    axis = "axis => document.getElementById('chart-duration')._fullLayout[axis].type"
    assert seen.page.evaluate(axis, "xaxis") == "log"
    seen.page.locator("[name=memory][value=linear]").check()
    assert seen.page.evaluate(axis, "xaxis") == "linear"
    for kind in ("linear", "log"):
        seen.page.locator(f"[name=values][value={kind}]").check()
        assert seen.page.evaluate(axis, "yaxis") == kind
    seen.page.locator("[name=cold]").focus()
    seen.page.keyboard.press("Space")
    assert seen.points("cold") == 0
    assert seen.points("warm") == 45
    assert seen.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_charts_take_the_colours_of_the_page(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit], scheme: str
) -> None:
    seen = visit(build_result(), color_scheme=scheme)
    drawn = "getComputedStyle(document.querySelector('#chart-duration .xtick text')).fill"
    paper = "getComputedStyle(document.body).backgroundColor"
    soft = {"light": "rgb(86, 99, 113)", "dark": "rgb(163, 176, 189)"}
    assert seen.page.evaluate(drawn) == soft[scheme]
    seen.page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    seen.becomes(drawn, soft["dark" if scheme == "light" else "light"])
    assert seen.page.evaluate(paper) == ("rgb(16, 22, 29)" if scheme == "light" else "rgb(255, 255, 255)")


def test_a_run_of_cold_starts_alone_shows_every_one_of_them(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit]
) -> None:
    seen = visit(cold_run(build_result))
    assert (seen.points("cold"), seen.points("mean"), seen.points("warm")) == (36, 6, 0)
    assert seen.page.locator("[name=cold]").count() == 0
    assert seen.page.locator("section:has(#cold) tbody tr").count() == 6
    bars = seen.page.locator("#chart-cold .barlayer .point")
    assert bars.count() == 12
    seen.page.locator("[name=values][value=log]").check()
    assert seen.points("cold") == 36
    assert seen.complaints == []
    assert seen.requests == [seen.url]


def test_a_dry_run_makes_a_page_of_single_points(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit]
) -> None:
    seen = visit(dry_run(build_result))
    assert seen.page.locator("h1").inner_text() == "A dry run: the function worked at 5 of 6 memory sizes."
    assert (seen.points("cold"), seen.points("failed"), seen.points("mean")) == (5, 1, 0)
    assert seen.complaints == []


def test_the_table_of_sizes_fits_a_desktop_whatever_there_is_to_say(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit]
) -> None:
    seen = visit(full_run(build_result), viewport={"width": 1100, "height": 900})
    frames = "[...document.querySelectorAll('.scroll')].map(frame => frame.scrollWidth - frame.clientWidth)"
    assert seen.page.evaluate(frames) == [0, 0, 0]
    assert seen.complaints == []


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_never_scrolls_the_page_sideways(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit], width: int
) -> None:
    long = replace(full_run(build_result), warnings=("x" * 400,))
    seen = visit(long, viewport={"width": width, "height": 800}, has_touch=True)
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width
    chart = seen.page.locator("#chart-duration .main-svg").first.bounding_box()
    assert chart is not None
    assert 0 < chart["width"] <= width


def test_hostile_text_in_every_place_runs_nothing(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit]
) -> None:
    result = full_run(build_result)
    unknown = SpendLine(what=HOSTILE, quantity=1.5, unit=HOSTILE, cost=None)
    result = replace(
        result,
        run_id=HOSTILE,
        function=replace(result.function, name=HOSTILE, arn=HOSTILE, runtime=HOSTILE),
        memory_sizes=tuple(replace(size, reason=HOSTILE) for size in result.memory_sizes),
        samples=tuple(replace(s, error_type=HOSTILE, error_message=HOSTILE, misfit=HOSTILE) for s in result.samples),
        request=replace(result.request, allowed_exceptions=(HOSTILE,)),
        spend=replace(result.spend, lines=(*result.spend.lines, unknown)),
        applied=Applied(memory_mb=1769, version=HOSTILE, alias=HOSTILE),
        warnings=(HOSTILE,),
    )
    seen = visit(result)
    seen.page.wait_for_timeout(200)
    assert seen.page.evaluate("window.hit") is None
    assert seen.page.locator("[onerror], a[href^=javascript]").count() == 0
    assert seen.page.locator("img").count() == 0
    assert seen.complaints == []
    assert seen.requests == [seen.url]


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (1100, "dark")])
def test_a_search_shows_its_model_in_the_colours_of_the_page_and_fits_it(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit], width: int, scheme: str
) -> None:
    result = searched(build_result)
    assert result.search is not None
    hostile = tuple(Answer(goal=goal, memory_mb=512, note=HOSTILE + "x" * 300) for goal in Goal)
    result = replace(result, search=replace(result.search, notes=(HOSTILE,), answers=hostile))
    seen = visit(result, viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert seen.page.locator("#chart-duration .scatterlayer path.js-line").count() == 2
    assert seen.page.locator("#chart-duration path.js-fill").count() == 1
    wanted, drawn = seen.page.evaluate(
        """() => [getComputedStyle(document.documentElement).getPropertyValue("--curve").trim(),
                  document.getElementById("chart-duration").data.find(trace => trace.meta === "curve").line.color]"""
    )
    assert wanted
    assert drawn == wanted
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width
    assert seen.page.evaluate("window.hit") is None
    assert seen.complaints == []


def test_the_policy_stops_a_script_that_is_not_the_pages_own(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit]
) -> None:
    seen = visit(build_result())
    seen.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.hit = 1";
          document.body.append(script);
        }"""
    )
    assert seen.page.evaluate("window.hit") is None
    assert any("Content Security Policy" in text for text in seen.complaints)


def test_nothing_measured_still_makes_a_page(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit]
) -> None:
    seen = visit(build_result(failing_mb=(128, 256, 512, 1024, 1769, 3008), best_mb=None))
    assert seen.page.locator("h1").inner_text() == "No memory size could be measured."
    assert seen.points("failed") == 60
    assert "Nothing to draw" in seen.page.locator("figure:has(#title-cost)").inner_text()
    assert seen.complaints == []


def test_print_shows_everything_that_was_folded_away_on_light_paper(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit]
) -> None:
    seen = visit(build_result(), color_scheme="dark")
    seen.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert seen.page.locator("details:not([open])").count() == 0
    seen.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert seen.page.locator("details[open]").count() == 0
    seen.page.emulate_media(media="print")
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    width = "document.querySelector('#chart-duration .main-svg').getBoundingClientRect().width"
    seen.becomes(width, 680)


def test_on_paper_all_tiles_stand_in_one_row_and_no_figure_of_the_table_is_broken(
    build_result: Callable[..., TuningResult], visit: Callable[..., Visit]
) -> None:
    # A4 between its margins.
    seen = visit(full_run(build_result), viewport={"width": 688, "height": 1000})
    seen.page.emulate_media(media="print")
    tops = seen.page.evaluate("[...document.querySelectorAll('.tile')].map((tile) => tile.getBoundingClientRect().top)")
    assert len(tops) == 5
    assert len(set(tops)) == 1
    figures_of_it = "[...document.querySelectorAll('#sizes ~ .scroll tbody td .together')]"
    assert set(seen.page.evaluate(f"{figures_of_it}.map((one) => one.getClientRects().length)")) == {1}
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 688
