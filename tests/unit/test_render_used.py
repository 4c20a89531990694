"""Memory used against memory configured."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from html_page import Page
from shown_runs import dry_run

from powertune.domain.result import TuningResult
from powertune.render.html import render_html
from powertune.render.page.charts import charts
from powertune.render.page.used import used_chart

Make = Callable[..., TuningResult]


def with_use(result: TuningResult, used_mb: dict[int, int | None]) -> TuningResult:
    rows = tuple(
        replace(size, max_memory_used_mb=used_mb.get(size.memory_mb, size.max_memory_used_mb))
        for size in result.memory_sizes
    )
    return replace(result, memory_sizes=rows)


def test_every_size_has_a_bar_of_the_share_that_it_used(make_result: Make) -> None:
    traces = {trace["meta"]: trace for trace in used_chart(make_result())["data"]}
    assert traces["used"]["y"] == ["256 MB", "512 MB", "1,024 MB", "1,769 MB", "3,008 MB"]
    assert traces["used"]["x"][1] == pytest.approx(100 * 141 / 512)
    assert "tight" not in traces
    assert traces["said"]["text"][2] == "141 MB, 28 %"


def test_what_is_not_known_is_said_to_be_unknown(make_result: Make) -> None:
    page = Page(render_html(make_result()))
    assert "Not known at 128 MB." in page.section("used")
    assert "128 MB: not known." in page.section("used")
    assert used_chart(make_result())["data"][-1]["text"][0] == "not known"


def test_a_size_with_little_memory_left_is_warned_of_and_drawn_apart(make_result: Make) -> None:
    result = with_use(make_result(), {256: 240})
    traces = {trace["meta"]: trace for trace in used_chart(result)["data"]}
    assert traces["tight"]["y"] == ["256 MB"]
    section = Page(render_html(result)).section("used")
    assert "Little memory left 240 MB of 256 MB, 94 %" in section
    assert "Little memory left" not in render_html(make_result())


def test_nothing_known_makes_no_section(make_result: Make) -> None:
    result = make_result()
    unknown = with_use(result, dict.fromkeys((size.memory_mb for size in result.memory_sizes), None))
    assert "used" not in charts(unknown)
    assert 'id="used"' not in render_html(unknown)


def test_the_headroom_that_was_asked_for_is_a_line(make_result: Make) -> None:
    result = make_result()
    asked = replace(result, request=replace(result.request, min_headroom=0.2))
    assert used_chart(asked)["page"]["most"] == pytest.approx(80)
    assert "20 % was to stay unused" in Page(render_html(asked)).section("used")
    assert used_chart(result)["page"]["most"] is None


def test_a_dry_run_shows_what_its_invocations_used(make_result: Make) -> None:
    assert "141 MB of 512 MB, 28 %" in Page(render_html(dry_run(make_result))).section("used")
