"""Cost against duration: which sizes are on the front, and how the chart and its words say it."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from html_page import Page
from searched_runs import searched
from shown_runs import cold_run, dry_run

from powertune.domain.price import Money
from powertune.domain.result import Distribution, Interval, SizeCost, SizeResult, TuningResult
from powertune.render import means
from powertune.render.html import render_html
from powertune.render.page.charts import charts
from powertune.render.page.pareto import pareto_chart, spots

Make = Callable[..., TuningResult]


def placed(result: TuningResult, points: dict[int, tuple[float, float]]) -> TuningResult:
    """The result with a mean duration and a cost per million at each size as given."""

    def moved(size: SizeResult) -> SizeResult:
        duration_ms, cost = points[size.memory_mb]
        found = Distribution(
            count=9,
            mean=duration_ms,
            mean_interval=Interval(low=duration_ms * 0.9, high=duration_ms * 1.1),
            **dict.fromkeys(("p50", "p90", "p95", "p99", "minimum", "maximum"), duration_ms),
        )
        million = Money(amount=Decimal(str(cost)), currency="USD")
        money = SizeCost(
            per_invocation=Money(amount=million.amount / 10**6, currency="USD"),
            per_million=million,
            per_million_interval=Interval(low=cost - 0.5, high=cost + 0.5),
        )
        return replace(size, warm=replace(size.warm, duration_ms=found), cost=money)

    return replace(result, memory_sizes=tuple(map(moved, result.memory_sizes)))


@pytest.fixture
def five(make_result: Make) -> TuningResult:
    """256 MB is cheapest, 3,008 MB fastest, 1,769 MB between; 1,024 MB is beaten by 1,769 MB, and 512 MB by both."""
    made = make_result(sizes_mb=(256, 512, 1024, 1769, 3008), failing_mb=())
    return placed(made, {256: (900, 3), 512: (800, 7), 1024: (500, 6), 1769: (300, 5), 3008: (200, 8)})


def test_sizes_that_none_beats_in_both_are_on_the_front_of_a_result_that_does_not_name_them(
    five: TuningResult,
) -> None:
    found = {spot.memory_mb: spot for spot in spots(five)}
    assert [mb for mb, spot in found.items() if spot.on_front] == [256, 1769, 3008]
    assert found[512].beaten_by_mb == 1769
    assert found[1024].beaten_by_mb == 1769
    assert {mb: spot.role for mb, spot in found.items()} == {
        256: "pareto",
        512: "present",
        1024: "beaten",
        1769: "recommended",
        3008: "pareto",
    }


def test_of_two_sizes_alike_in_both_neither_beats_the_other(five: TuningResult) -> None:
    alike = placed(five, {256: (300, 5), 512: (300, 5), 1024: (300, 6), 1769: (300, 5), 3008: (400, 5)})
    assert [spot.memory_mb for spot in spots(alike) if spot.on_front] == [256, 512, 1769]


def test_a_result_that_names_its_front_is_taken_at_its_word(make_result: Make) -> None:
    found = searched(make_result)
    assert found.search is not None
    result = placed(found, {size.memory_mb: (size.memory_mb, size.memory_mb) for size in found.memory_sizes})
    assert result.search is not None
    assert tuple(spot.memory_mb for spot in spots(result) if spot.on_front) == result.search.pareto_mb


def test_the_chart_has_both_intervals_of_every_size_and_steps_along_the_front(five: TuningResult) -> None:
    chart = pareto_chart(five)
    traces = {trace["meta"]: trace for trace in chart["data"]}
    assert traces["front"]["x"] == [200, 300, 900]
    assert traces["front"]["y"] == [8, 5, 3]
    assert traces["front"]["line"]["shape"] == "hv"
    best = traces["recommended"]
    assert (best["x"], best["y"]) == ([300], [5])
    assert best["error_x"]["array"] == pytest.approx([30])
    assert best["error_x"]["arrayminus"] == pytest.approx([30])
    assert best["error_y"]["array"] == pytest.approx([0.5])
    symbols = [trace["marker"]["symbol"] for meta, trace in traces.items() if meta != "front"]
    assert len(set(symbols)) == 4


def test_hovers_and_words_have_the_figures_of_the_table(make_result: Make) -> None:
    result = make_result()
    page = Page(render_html(result))
    size = next(size for size in result.memory_sizes if size.memory_mb == 1024)
    duration, cost = means.duration_estimate(size.warm.duration_ms), means.cost_estimate(size.cost)
    assert f"1,024 MB; {duration}; {cost} per million invocations; " in page.section("pareto")
    hovers = [text for trace in pareto_chart(result)["data"] for text in trace.get("hovertext", ())]
    assert any(text.startswith(f"1,024 MB<br>{duration}<br>{cost} per million invocations<br>") for text in hovers)
    assert duration in page.section("sizes")
    assert cost in page.section("sizes")


def test_a_mean_without_an_interval_has_no_bars(make_result: Make) -> None:
    chart = pareto_chart(make_result(invocations=3, failing_mb=()))
    trace = next(trace for trace in chart["data"] if trace["meta"] == "recommended")
    assert trace["error_x"]["array"] == [None]
    assert trace["error_y"]["arrayminus"] == [None]


def test_cold_starts_are_compared_where_the_run_compares_them(make_result: Make) -> None:
    result = cold_run(make_result)
    section = Page(render_html(result)).section("pareto")
    assert "per million cold starts" in section
    title = pareto_chart(result)["layout"]["xaxis"]["title"]["text"]
    assert title == "Mean cold start (init and duration), s"
    assert len(spots(result)) == 6


@pytest.mark.parametrize("failing_mb", [(128, 256, 512, 1024, 3008), (128, 256, 512, 1024, 1769, 3008)])
def test_with_fewer_than_two_measured_sizes_there_is_nothing_to_compare(
    make_result: Make, failing_mb: tuple[int, ...]
) -> None:
    best = 1769 if 1769 not in failing_mb else None
    result = make_result(failing_mb=failing_mb, best_mb=best)
    assert "pareto" not in charts(result)
    assert 'id="pareto"' not in render_html(result)


def test_a_dry_run_compares_nothing(make_result: Make) -> None:
    assert "pareto" not in charts(dry_run(make_result))


def test_axes_begin_logarithmic_where_values_reach_over_more_than_a_decade(five: TuningResult) -> None:
    assert pareto_chart(five)["page"]["log"] == [False, False]
    far = placed(five, {256: (9000, 3), 512: (800, 7), 1024: (500, 6), 1769: (300, 5), 3008: (200, 8)})
    assert pareto_chart(far)["page"]["log"] == [True, False]


def test_a_long_front_is_not_listed_in_full(make_result: Make) -> None:
    sizes = tuple(range(128, 128 + 20 * 64, 64))
    made = make_result(sizes_mb=sizes, failing_mb=(), best_mb=sizes[3], present_mb=sizes[1], equivalent_mb=())
    steps = placed(made, {mb: (1000.0 - 10 * i, 5.0 + i) for i, mb in enumerate(sizes)})
    said = Page(render_html(steps)).section("pareto")
    assert re.search(r"128 MB, 192 MB, .*576 MB and 12 more\.", said)


def test_intervals_are_spoken_of_only_where_a_mean_has_one(make_result: Make) -> None:
    # One of three invocations is cold: two are too few for an interval.
    sources = [render_html(made) for made in (make_result(invocations=3), make_result())]
    assert [source.count('d="M11 1v14M8 1h6M8 15h6"') for source in sources] == [0, 1]  # the bar in the key
    few, usual = map(Page, sources)
    assert "±" not in few.section("sizes")
    assert "interval" not in few.section("sizes") + few.section("curves")
    assert "These means have no intervals, so which of two sizes is better may be chance." in few.section("pareto")
    assert "± half of 95 % interval" in usual.section("sizes")
    assert "mean of the warm samples with its 95 % interval" in usual.section("curves")
    assert "The bars across and up are the 95 % intervals of the means" in usual.section("pareto")


def test_where_only_durations_have_intervals_only_their_bars_are_explained(make_result: Make) -> None:
    result = make_result()
    rows = tuple(
        replace(size, cost=size.cost and replace(size.cost, per_million_interval=None)) for size in result.memory_sizes
    )
    page = Page(render_html(replace(result, memory_sizes=rows)))
    assert "The bars across are the 95 % intervals of the means" in page.section("pareto")
    assert page.section("sizes").count("± half of 95 % interval") == 1
