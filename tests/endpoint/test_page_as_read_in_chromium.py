"""What a person found hard to read in the report's charts, in a real browser: small screens, pictures, names."""

import runpy
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from searched_runs import searched

from powertune.domain.result import Distribution, Interval, SizeResult, TuningResult
from powertune.render.html import render_html

pytestmark = pytest.mark.chromium

_RESULTS = Path(__file__).parents[1] / "unit" / "conftest.py"
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
Build = Callable[..., TuningResult]
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def build() -> Build:
    made: Build = runpy.run_path(str(_RESULTS))["build_result"]
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.fail("No Chromium is installed: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    opened: list[Page] = []

    def start(result: TuningResult, width: int = 1200, scheme: str = "light") -> Page:
        file = tmp_path / "report.html"
        file.write_text(render_html(result), encoding="utf-8")
        given = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "accept_downloads": True}
        context = browser.new_context(**given)  # type: ignore[arg-type]
        opened.append(context.new_page())
        opened[-1].goto(file.as_uri())
        opened[-1].wait_for_selector("#chart-duration .scatterlayer .point", state="attached")
        return opened[-1]

    yield start
    for page in opened:
        page.context.close()


_BOXES = """chart => [...document.querySelectorAll(`#chart-${chart} .annotation-text`)].map(label => {
  const { left, right, top, bottom } = label.getBoundingClientRect();
  return { text: label.textContent, left, right, top, bottom };
})"""


@pytest.mark.parametrize(("best_mb", "present_mb"), [(128, 128), (128, 256), (256, 512), (3008, 3008), (3008, 1769)])
def test_no_label_is_cut_off_on_a_small_phone(build: Build, visit: Visit, best_mb: int, present_mb: int) -> None:
    page = visit(build(failing_mb=(), best_mb=best_mb, present_mb=present_mb, equivalent_mb=()), width=320)
    for chart in ("duration", "cost"):
        frame = page.locator(f"#chart-{chart}").bounding_box()
        assert frame is not None
        for label in page.evaluate(_BOXES, chart):
            assert label["left"] >= frame["x"], label
            assert label["right"] <= frame["x"] + frame["width"], label


def test_ticks_keep_clear_of_the_title_of_their_axis_on_a_small_phone(build: Build, visit: Visit) -> None:
    def quick(size: SizeResult) -> SizeResult:
        found = size.warm.duration_ms
        return size if found is None else replace(size, warm=replace(size.warm, duration_ms=scaled(found, 1 / 8)))

    base = build(failing_mb=())
    samples = tuple(
        replace(one, duration_ms=None if one.duration_ms is None else one.duration_ms / 8, init_ms=None)
        for one in base.samples
    )
    page = visit(replace(base, samples=samples, memory_sizes=tuple(map(quick, base.memory_sizes))), width=320)
    page.locator("[name=values][value=linear]").check()
    gap = page.evaluate(
        """() => {
          const chart = document.getElementById("chart-duration");
          const title = chart.querySelector(".ytitle").getBoundingClientRect();
          const ticks = [...chart.querySelectorAll(".ytick text")].map(tick => tick.getBoundingClientRect().left);
          return [title.left - chart.getBoundingClientRect().left, Math.min(...ticks) - title.right];
        }"""
    )
    assert gap[0] >= 0
    assert gap[1] >= 3


def scaled(found: Distribution, factor: float) -> Distribution:
    names = ("mean", "p50", "p90", "p95", "p99", "minimum", "maximum")
    ends = found.mean_interval
    moved = None if ends is None else Interval(low=ends.low * factor, high=ends.high * factor)
    return replace(found, mean_interval=moved, **{name: getattr(found, name) * factor for name in names})


def test_the_axis_stops_where_the_model_alone_goes_on_and_the_choice_of_cold_starts_still_moves_it(
    build: Build, visit: Visit
) -> None:
    page = visit(searched(build))
    top = "document.getElementById('chart-cost')._fullLayout.yaxis.range[1]"
    highest = page.evaluate("Math.max(...document.getElementById('chart-cost').data[0].y)")
    before = page.evaluate(top)
    assert before < highest
    page.locator("[name=cold]").uncheck()
    assert page.evaluate(top) <= before
    page.locator("[name=values][value=log]").check()
    assert 10 ** page.evaluate(top) < highest


@pytest.mark.parametrize("width", [1200, 320])
def test_names_of_sizes_lie_on_no_interval_and_on_no_other_name(build: Build, visit: Visit, width: int) -> None:
    def still(size: SizeResult) -> SizeResult:
        found = size.warm.duration_ms
        assert found is not None
        moved = scaled(found, (10 + size.memory_mb / 10_000) / found.mean)
        return replace(
            size, warm=replace(size.warm, duration_ms=replace(moved, mean_interval=Interval(low=9, high=12)))
        )

    base = build(failing_mb=(), present_mb=512, best_mb=128, equivalent_mb=())
    page = visit(replace(base, memory_sizes=tuple(map(still, base.memory_sizes))), width=width)
    labels = page.evaluate(_BOXES, "pareto")
    assert {"128 MB recommended", "512 MB present"} <= {label["text"] for label in labels}
    bars = page.evaluate(
        """() => [...document.querySelectorAll("#chart-pareto .errorbar path")].map(bar => {
          const { left, right, top, bottom } = bar.getBoundingClientRect();
          return { text: "bar", left, right, top, bottom };
        })"""
    )
    # A path of an interval has caps of a few pixels, so it is seen as the line in its middle.
    lines = [thin(bar) for bar in bars]
    for at, label in enumerate(labels):
        for other in [*lines, *labels[at + 1 :]]:
            apart = (
                label["right"] <= other["left"]
                or other["right"] <= label["left"]
                or label["bottom"] <= other["top"] + 1
                or other["bottom"] <= label["top"] + 1
            )
            assert apart, (label, other)


def thin(bar: dict[str, float]) -> dict[str, float]:
    if bar["right"] - bar["left"] >= bar["bottom"] - bar["top"]:
        middle = (bar["top"] + bar["bottom"]) / 2
        return {**bar, "top": middle - 1, "bottom": middle + 1}
    middle = (bar["left"] + bar["right"]) / 2
    return {**bar, "left": middle - 1, "right": middle + 1}


@pytest.mark.parametrize("name", ["cost", "pareto", "closely", "used"])
def test_a_saved_picture_is_light_has_a_title_and_is_named_for_its_run(
    build: Build, visit: Visit, tmp_path: Path, name: str
) -> None:
    result = build()
    page = visit(result, width=390, scheme="dark")
    shown = page.evaluate("getComputedStyle(document.querySelector('#chart-duration .xtick text')).fill")
    with page.expect_download() as saving:
        page.locator(f"[data-save={name}]").click()
    assert saving.value.suggested_filename == f"powertune-orders-api-{result.run_id}-{name}.png"
    saving.value.save_as(tmp_path / "saved.png")
    drawn = page.evaluate("() => [document.documentElement.className, document.querySelectorAll('.main-svg').length]")
    assert drawn[0] == ""
    assert shown == page.evaluate("getComputedStyle(document.querySelector('#chart-duration .xtick text')).fill")
    seen = page.context.new_page()
    seen.goto((tmp_path / "saved.png").as_uri())
    size, colours = seen.evaluate(
        """() => {
          const image = document.querySelector("img"), canvas = document.createElement("canvas");
          canvas.width = image.naturalWidth;
          canvas.height = image.naturalHeight;
          const pen = canvas.getContext("2d");
          pen.drawImage(image, 0, 0);
          return [[canvas.width, canvas.height], [...pen.getImageData(0, 0, 1, 1).data]];
        }"""
    )
    assert size[0] == 1800
    assert colours == [255, 255, 255, 255]
