import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from html_page import Page
from shown_runs import cold_run

from powertune.domain.result import Interval, Statistics, TuningResult
from powertune.render import figures, sentence
from powertune.render.html import render_html
from powertune.render.page.charts import charts
from powertune.render.page.points import cost_per_million
from powertune.render.safe import cells
from powertune.render.text.terminal import render_terminal

Make = Callable[..., TuningResult]


def drawn(chart: dict[str, Any], role: str) -> list[float]:
    return [y for trace in chart["data"] if trace["meta"] == role for y in trace["y"]]


def rows_of(text: str) -> dict[str, str]:
    return {found[1]: found[0] for found in re.finditer(r"^[*o ] *([\d,]+) MB .*$", text, re.MULTILINE)}


def test_sizes_that_were_compared_by_cold_starts_show_what_those_take_and_cost(make_result: Make) -> None:
    result = cold_run(make_result)
    text = render_terminal(result)
    rows = rows_of(text)
    assert re.search(r"^ +Memory +Cold start +p95 +Per million +Cold init \(n\)$", text, re.MULTILINE)
    for size in result.memory_sizes:
        latency, cost = size.cold.latency_ms, size.cold_cost
        assert latency is not None
        assert cost is not None
        row = rows[f"{size.memory_mb:,}"]
        assert figures.duration_estimate(latency.mean, latency.mean_interval) in row
        assert figures.duration(latency.p95) in row
        assert figures.money(cost.per_million) in row
        assert row.count("(6)") == 1
        assert figures.UNKNOWN not in row
    assert "* recommended; cold start: init and duration, ± half its 95 % interval" in text
    assert "warm mean" not in text.lower()


def test_the_answer_says_that_it_is_for_cold_starts(make_result: Make) -> None:
    result = cold_run(make_result)
    assert (
        sentence.answer(result)
        == "Use 256 MB instead of 512 MB for cold starts: 76 % slower, 12 % cheaper, 95 % sure to be both."
    )
    same = replace(result, function=replace(result.function, original_memory_mb=256))
    assert sentence.answer(same).startswith("256 MB is already the best size for cold starts: 2.87 s and $9.75 per ")
    assert sentence.answer(same).endswith(" per million cold starts.")


def test_the_report_of_a_cold_run_has_tiles_table_and_words_of_cold_starts(make_result: Make) -> None:
    result = cold_run(make_result)
    page = Page(render_html(result))
    best = next(size for size in result.memory_sizes if size.memory_mb == 256)
    assert best.cold.latency_ms is not None
    assert "Mean cold start 2.87 s now 1.62 s Cost per million cold starts $9.75 now $11.03" in _spaced(page)
    table = page.section("sizes")
    assert "Cold start ± half of 95 % interval" in table
    estimate = figures.duration_estimate(best.cold.latency_ms.mean, best.cold.latency_ms.mean_interval)
    assert f"256 MB recommended {estimate} –" in table
    assert "warm" not in table
    assert "mean of the cold starts with its 95 % interval" in page.section("curves")
    assert re.search(r"256 MB: mean 2\.87 ± 0\.\d\d s, from .* in 6 cold starts\.", page.section("curves"))
    assert "Warm" not in page.section("curves")


def test_the_charts_of_a_cold_run_draw_its_means_and_the_cost_of_every_cold_start(make_result: Make) -> None:
    result = cold_run(make_result)
    made = charts(result)
    latencies = [size.cold.latency_ms for size in result.memory_sizes]
    costs = [size.cold_cost for size in result.memory_sizes]
    assert drawn(made["duration"], "mean") == pytest.approx([one.mean / 1000 for one in latencies if one])
    assert drawn(made["cost"], "mean") == pytest.approx([float(one.per_million.amount) for one in costs if one])
    for chart in ("duration", "cost"):
        assert len(drawn(made[chart], "cold")) == 36
        assert None not in drawn(made[chart], "cold")
    assert made["duration"]["layout"]["yaxis"]["title"]["text"] == "Cold start (init and duration), s"
    assert made["cost"]["layout"]["yaxis"]["title"]["text"] == "Cost per million cold starts, USD"


def test_the_points_of_a_size_without_a_warm_cost_have_the_mean_of_its_cold_starts(make_result: Make) -> None:
    result = cold_run(make_result)
    for size in result.memory_sizes:
        samples = [sample for sample in result.samples if sample.memory_mb == size.memory_mb]
        costs = [cost_per_million(sample, size, result.price) for sample in samples]
        known = [cost for cost in costs if cost is not None]
        assert len(known) == 6
        assert size.cold_cost is not None
        assert sum(known) / 6 == pytest.approx(float(size.cold_cost.per_million.amount))


def test_a_size_without_any_cost_has_no_cost_per_sample(make_result: Make) -> None:
    result = make_result()
    failed = result.memory_sizes[0]
    assert failed.cost is None
    assert cost_per_million(result.samples[0], failed, result.price) is None


def test_the_key_of_a_cold_run_has_no_box_that_hides_what_it_is_about(make_result: Make) -> None:
    assert "Show cold starts" not in render_html(cold_run(make_result))
    assert "Show cold starts" in render_html(make_result())


def test_snapstart_is_said_to_restore_and_not_to_initialise(make_result: Make) -> None:
    result = cold_run(make_result, restore=True)
    text, page = render_terminal(result), Page(render_html(result))
    assert "Cold restore (n)" in text
    assert "restore and duration" in text
    assert re.search(r" 258 ms \(6\)", rows_of(text)["128"])
    assert "Restore mean First duration mean" in page.section("cold")
    assert "Init mean" not in page.section("cold")
    assert "A part of the restore is billed." in page.section("cold")
    assert [trace["meta"] for trace in charts(result)["cold"]["data"]] == ["restore_ms", "invocation_ms"]


def test_a_report_lists_the_cold_starts_that_came_about(make_result: Make) -> None:
    result = make_result(cold=2)
    section = Page(render_html(result)).section("cold")
    assert "None were asked for" in section
    assert "128 MB" not in section  # every one failed there
    for size in result.memory_sizes[1:]:
        init, first, waited, cost = size.cold.init_ms, size.cold.duration_ms, size.cold.latency_ms, size.cold_cost
        assert init is not None
        assert first is not None
        assert waited is not None
        assert cost is not None
        figures_of_it = [
            figures.duration_estimate(init.mean, init.mean_interval),
            figures.duration_estimate(first.mean, first.mean_interval),
            figures.duration_estimate(waited.mean, waited.mean_interval),
            figures.duration(waited.p95),
            figures.money_estimate(cost.per_million, cost.per_million_interval),
        ]
        assert f"{figures.memory(size.memory_mb)} 2 {' '.join(figures_of_it)}" in section


def test_one_cold_start_has_no_percentile_and_no_interval(make_result: Make) -> None:
    section = Page(render_html(make_result(cold=1))).section("cold")
    assert "p95" not in section
    assert "±" not in section


def test_without_a_cold_start_there_is_no_section_about_them(make_result: Make) -> None:
    page = Page(render_html(make_result(cold=0)))
    assert "cold" not in {attributes.get("id") for _, attributes in page.elements}
    assert "cold starts follow below" not in page.text
    assert "cold starts follow below" in Page(render_html(make_result())).text


def test_an_older_result_shows_what_it_knows_of_its_cold_starts(make_result: Make) -> None:
    result = make_result()
    old = replace(
        result,
        memory_sizes=tuple(
            replace(size, cold_cost=None, cold=replace(size.cold, latency_ms=None, restore_ms=None))
            for size in result.memory_sizes
        ),
    )
    section = Page(render_html(old)).section("cold")
    assert "Init mean First duration mean" in section
    assert "The caller waited" not in section
    assert "Cost per million" not in section


def test_cold_starts_that_were_asked_for_are_counted_and_their_parts_drawn(make_result: Make) -> None:
    result = make_result(cold=3)
    asked = replace(result, request=replace(result.request, cold_starts=3))
    assert re.search(r" 270 ms \(3\)  equivalent$", render_terminal(asked), re.MULTILINE)
    assert "(3)" not in render_terminal(result)
    assert "cold" not in charts(result)
    parts = charts(asked)["cold"]
    assert [trace["meta"] for trace in parts["data"]] == ["init_ms", "invocation_ms"]
    for row, size in enumerate(asked.memory_sizes[1:]):
        assert size.cold.latency_ms is not None
        assert sum(trace["x"][row] for trace in parts["data"]) == pytest.approx(size.cold.latency_ms.mean / 1000)
    section = Page(render_html(asked)).section("cold")
    assert "3 cold starts at each memory size were asked for." in section
    assert "256 MB: Init 260 ms, Function 2.60 s." in section


def test_a_part_of_a_cold_start_has_the_digits_of_its_mean_in_the_table(make_result: Make) -> None:
    result = make_result(cold=3)
    result = replace(result, request=replace(result.request, cold_starts=3))
    size = result.memory_sizes[-1]
    assert size.cold.init_ms is not None
    vague = replace(size.cold.init_ms, mean=274.0, mean_interval=Interval(low=254.0, high=294.0))
    rows = (*result.memory_sizes[:-1], replace(size, cold=replace(size.cold, init_ms=vague)))
    result = replace(result, memory_sizes=rows)
    section = Page(render_html(result)).section("cold")
    assert "270 ± 20 ms" in section
    assert "3,008 MB: Init 270 ms, Function" in section
    inits = next(trace for trace in charts(result)["cold"]["data"] if trace["meta"] == "init_ms")
    assert inits["text"][-1].startswith("Init: 270 ms, ")
    assert inits["x"][-1] == pytest.approx(0.274)


def test_a_cold_run_without_a_single_cold_start_says_so_and_stands(make_result: Make) -> None:
    result = cold_run(make_result)
    nothing = replace(
        result,
        recommendation=None,
        memory_sizes=tuple(replace(size, cold=Statistics(samples=0), cold_cost=None) for size in result.memory_sizes),
    )
    assert rows_of(render_terminal(nothing))["512"].split()[2] == figures.UNKNOWN
    page = Page(render_html(nothing))
    assert not page.open
    assert page.section("sizes").count("– – – – – – –") == 6


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
@pytest.mark.parametrize("restore", [False, True])
def test_a_cold_run_fits_the_terminal(make_result: Make, width: int, restore: bool) -> None:
    text = render_terminal(cold_run(make_result, restore=restore), width=width)
    assert max(cells(line) for line in text.splitlines()) <= width
    assert len(rows_of(text)) == 6


def test_a_restore_in_a_trace_is_a_part_of_the_time(make_result: Make) -> None:
    result = make_result()
    size = result.memory_sizes[2]
    assert size.trace_parts is not None
    traced = replace(size, trace_parts=replace(size.trace_parts, restore_ms=300.0))
    rows = (*result.memory_sizes[:2], traced, *result.memory_sizes[3:])
    source = render_html(replace(result, memory_sizes=rows))
    assert "512 MB: Lambda service (not billed) 6.10 ms, Restore 300 ms, Overhead" in Page(source).section("where")
    roles = [trace["meta"] for trace in json.loads(Page(source).scripts[0])["parts"]["data"]]
    assert roles == ["service_ms", "restore_ms", "overhead_ms", "invocation_ms"]
    assert "--restore_ms:" in source


def _spaced(page: Page) -> str:
    return " ".join(" ".join(page.words).split())
