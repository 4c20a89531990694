"""The main charts of a report from one sample to very many, and the latency target in them."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from drawn_samples import columns, hovers
from html_page import Page
from shown_runs import cold_run, dry_run

from powertune.domain.result import TuningResult
from powertune.domain.sample import Outcome, Sample
from powertune.domain.search import LatencyStatistic, LatencyTarget
from powertune.render import figures
from powertune.render.html import render_html
from powertune.render.page import samples
from powertune.render.page.charts import charts
from powertune.render.page.points import PointKind, kinds

Make = Callable[..., TuningResult]

MANY_MB = tuple(range(128, 128 + 64 * 128, 64))


def with_target(result: TuningResult, statistic: str, limit_ms: float, cold_share: float = 0.0) -> TuningResult:
    target = LatencyTarget(statistic=LatencyStatistic(statistic), limit_ms=limit_ms, cold_share=cold_share)
    return replace(result, request=replace(result.request, latency_target=target))


def repeated(result: TuningResult, times: int) -> TuningResult:
    """The same run with every sample so many times: its figures stay those of before."""
    many = tuple(replace(s, order=s.order + 10 * n) for n in range(times) for s in result.samples)
    return replace(result, samples=many)


def drawn(chart: dict[str, Any], role: str) -> list[float]:
    return [y for trace in chart["data"] if trace["meta"] == role for y in trace["y"]]


def test_ten_thousand_samples_are_all_drawn_on_a_page_under_two_megabytes(make_result: Make) -> None:
    shown = repeated(make_result(cold=2), 166)
    source = render_html(shown)
    assert len(source.encode()) < 2_000_000
    chart = json.loads(Page(source).scripts[0])["duration"]
    assert sum(len(drawn(chart, kind.value)) for kind in PointKind) == len(shown.samples) == 9960
    assert "Every sample is drawn" in Page(source).section("curves")


def test_more_samples_are_thinned_and_the_page_says_so_with_both_numbers(make_result: Make) -> None:
    result = repeated(make_result(), 300)
    source = render_html(result)
    made = json.loads(Page(source).scripts[0])
    for name in ("duration", "cost"):
        # A size that failed has no cost.
        count = sum(y is not None for kind in PointKind for y in drawn(made[name], kind.value))
        assert count == 10_000 if name == "duration" else 0 < count < 10_000
    text = Page(source).section("curves")
    assert "10,000 of 18,000 samples are drawn" in text
    assert "Every figure is of all samples." in text
    assert f"warm sample ({figures.count(45 * 300)})" in text
    assert len(source.encode()) < 2_000_000


def test_many_sizes_with_many_samples_stay_small(make_result: Make) -> None:
    result = make_result(sizes_mb=MANY_MB, best_mb=512, equivalent_mb=(576,), failing_mb=(), invocations=3)
    source = render_html(repeated(result, 26))
    assert len(source.encode()) < 2 << 20


def test_both_charts_take_the_words_of_their_samples_from_one_place(make_result: Make) -> None:
    result = make_result(cold=2)
    made = charts(result)
    shared = columns(made)
    assert made["cost"]["page"]["samples"] == "duration"
    for kind, mine in shared["kinds"].items():
        wanted = [sample for sample, its in kinds(result.samples, None) if its == kind]
        assert len(mine["no"]) == sum(count for _, count, _, _ in mine["runs"]) == len(wanted)
        for name in ("duration", "cost"):
            assert len(drawn(made[name], kind)) in (0, len(wanted))


def test_every_sample_says_its_numbers_as_they_are_written_elsewhere(make_result: Make) -> None:
    result = make_result(cold=2)
    made = charts(result)
    for kind in (PointKind.WARM, PointKind.COLD, PointKind.FAILED):
        members = [sample for sample, its in kinds(result.samples, None) if its is kind]
        for said, sample in zip(hovers(made, kind), members, strict=True):
            lines = said.split("<br>")
            assert lines[0] == f"{figures.memory(sample.memory_mb)}, {kind} (no. {sample.order + 1})"
            assert f"duration {figures.duration(sample.duration_ms)}" in lines
            assert f"billed {figures.count(sample.billed_ms)} ms" in lines
            assert (f"init {figures.duration(sample.init_ms)}" in lines) is (sample.init_ms is not None)
            assert ("Runtime.OutOfMemory" in lines) is (kind is PointKind.FAILED)


def test_the_points_lie_where_the_words_say(make_result: Make) -> None:
    result = make_result(cold=2)
    made = charts(result)
    scale = {"ms": 1.0, "s": 1000.0}[made["duration"]["layout"]["yaxis"]["title"]["text"].rsplit(" ", 1)[1]]
    for kind in (PointKind.WARM, PointKind.COLD, PointKind.FAILED):
        waits = [sample.latency_ms for sample, its in kinds(result.samples, None) if its is kind]
        assert [y * scale for y in drawn(made["duration"], kind)] == pytest.approx(waits, rel=1e-4)


def test_the_words_stay_with_the_cost_where_no_duration_is_known(make_result: Make) -> None:
    result = make_result()
    unknown = tuple(replace(sample, duration_ms=None, outcome=Outcome.OK) for sample in result.samples)
    rows = tuple(
        replace(s, warm=replace(s.warm, duration_ms=None), cold=replace(s.cold, latency_ms=None))
        for s in result.memory_sizes
    )
    shown = replace(result, samples=unknown, memory_sizes=rows)
    made = charts(shown)
    assert "duration" not in made
    assert made["cost"]["data"]
    assert hovers(made, "set-aside")[1].startswith("128 MB, set aside (no. 2)<br>duration –<br>billed ")
    assert "Nothing to draw" in Page(render_html(shown)).section("curves")


def test_thousands_of_different_errors_do_not_fill_the_page(make_result: Make) -> None:
    result = repeated(make_result(failing_mb=(128, 256, 512, 1024, 1769, 3008), best_mb=None), 150)
    different = tuple(replace(s, error_type=f"<Error>\u202e {n} {'é' * 300}") for n, s in enumerate(result.samples))
    shown = replace(result, samples=different)
    assert len(render_html(shown).encode()) < 2_000_000
    said = hovers(charts(shown), "failed")
    assert "&lt;Error&gt;" in said[0]
    assert said[-1].endswith("<br>out-of-memory")


def test_a_sample_without_a_number_that_can_be_drawn_is_counted(make_result: Make) -> None:
    lost = Sample(memory_mb=512, version="3", order=99, request_id=None, trace_id=None, outcome=Outcome.LOST)
    result = make_result()
    shown = Page(render_html(replace(result, samples=(*result.samples, lost)))).section("curves")
    assert "1 invocation without a known duration cannot be drawn." in shown
    assert "failed invocation (11)" in shown


def test_the_latency_target_is_a_line_with_its_words(make_result: Make) -> None:
    result = with_target(make_result(), "p95", 800.0)
    made = charts(result)
    assert made["duration"]["page"]["target"] == {"value": 0.8, "text": "target: p95 within 800 ms"}
    assert "target" not in made["cost"]["page"]
    text = Page(render_html(result)).section("curves")
    assert "latency target: p95 within 800 ms" in text
    assert "the short lines are the p95 of each size" in text
    assert "target" not in charts(make_result())["duration"]["page"]


@pytest.mark.parametrize("statistic", ["p50", "p90", "p95", "p99"])
def test_what_is_compared_with_the_target_is_marked_at_each_size(make_result: Make, statistic: str) -> None:
    result = with_target(make_result(), statistic, 800.0)
    (trace,) = [one for one in charts(result)["duration"]["data"] if one["meta"] == "statistic"]
    wanted = {
        size.memory_mb: getattr(size.warm.duration_ms, statistic)
        for size in result.memory_sizes
        if size.warm.duration_ms is not None
    }
    assert trace["x"] == list(wanted)
    assert trace["y"] == pytest.approx([value / 1000 for value in wanted.values()])
    text = Page(render_html(result)).section("curves")
    for size_mb, value in wanted.items():
        kept = "within the target" if value <= 800 else "above the target"
        said = f"{statistic} {figures.duration(value)}, {kept}"
        assert f"{figures.memory(size_mb)}: {said}" in trace["text"]
        assert said in text


def test_figures_without_samples_are_drawn_alone(make_result: Make) -> None:
    result = with_target(replace(make_result(), samples=()), "p95", 800.0)
    made = charts(result)
    assert [trace["meta"] for trace in made["duration"]["data"]] == ["mean", "statistic"]
    assert [trace["meta"] for trace in made["cost"]["data"]] == ["mean"]
    assert "There are no samples to draw." in Page(render_html(result)).section("curves")


def test_a_target_for_the_mean_needs_no_further_marks(make_result: Make) -> None:
    result = with_target(make_result(), "mean", 800.0)
    assert not drawn(charts(result)["duration"], "statistic")
    text = Page(render_html(result)).section("curves")
    assert "a size whose mean lies at or below it keeps it" in text
    assert "9 warm samples; within the target; 1 cold" in text
    assert "9 warm samples; above the target; 1 cold" in text


def test_a_target_with_cold_starts_among_the_invocations_is_held_against_nothing_that_is_drawn(
    make_result: Make,
) -> None:
    result = with_target(make_result(cold=3), "p99", 900.0, 0.02)
    assert not drawn(charts(result)["duration"], "statistic")
    text = Page(render_html(result)).section("curves")
    assert "p99 within 900 ms with 2 % cold starts" in text
    assert "within the target" not in text
    assert "above the target" not in text


def test_a_target_of_a_run_of_cold_starts_is_held_against_what_their_callers_waited(make_result: Make) -> None:
    result = with_target(cold_run(make_result), "p90", 900.0)
    waits = [size.cold.latency_ms.p90 / 1000 for size in result.memory_sizes if size.cold.latency_ms]
    assert drawn(charts(result)["duration"], "statistic") == pytest.approx(waits)
    assert "p90 of the cold starts" in Page(render_html(result)).section("curves")


def test_a_dry_run_holds_nothing_against_a_target(make_result: Make) -> None:
    result = with_target(dry_run(make_result), "p95", 900.0)
    assert "target" not in charts(result)["duration"]["page"]
    assert "latency target" not in Page(render_html(result)).section("curves")


def test_numbers_for_the_page_have_five_digits_and_no_empty_decimals() -> None:
    assert [samples.short(value) for value in (123456.0, 0.000123456, 2.0, 0.1 + 0.2, 0.0)] == [
        123460,
        0.00012346,
        2,
        0.3,
        0,
    ]
    assert json.dumps(samples.short(2.0)) == "2"
