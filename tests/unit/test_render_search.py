"""How a report and a terminal show a search: its model, how sure it is, and its other answers."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from html_page import Page
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from searched_runs import searched, searched_until

from powertune.decide.outcome import outcome
from powertune.domain.result import Answer, Goal, TuningResult
from powertune.domain.search import LatencyStatistic, LatencyTarget, Limits, SearchKind, StopReason, Strategy
from powertune.render import figures, sentence
from powertune.render.certainty import knows_best, other_goals_line, stays
from powertune.render.html import render_html
from powertune.render.page.charts import charts
from powertune.render.safe import cells
from powertune.render.text.terminal import render_terminal

Make = Callable[..., TuningResult]
BREAKOUT = "</script><script>boom()</script><img src=x onerror=boom()>"


@pytest.fixture(scope="module")
def found() -> dict[str, TuningResult]:
    """Searches that were made once."""
    return {}


@pytest.fixture
def run(make_result: Make, found: dict[str, TuningResult]) -> TuningResult:
    """A finished search for the lowest cost, which claims something."""
    if "cost" not in found:
        found["cost"] = searched_until(make_result, claims_and_glances, present_mb=1024)
    return found["cost"]


def claims_and_glances(result: TuningResult) -> bool:
    """Whether a search claims something, and has a size that it measured once."""
    counts = [size.warm.samples for size in result.memory_sizes]
    return min(counts) == 1 and max(counts) > 2 and result.search is not None and result.search.regret_bound is not None


def grid(make_result: Make, **request: Any) -> TuningResult:
    """A finished grid with its search's report."""
    base = make_result(cold=1)
    made = replace(base.request, **request)
    best, search = outcome(made, base.memory_sizes, base.samples, None, present_memory_mb=512, complete=True)
    return replace(base, request=made, recommendation=best, search=search)


def traces(result: TuningResult, name: str, role: str) -> list[dict[str, Any]]:
    return [trace for trace in charts(result)[name]["data"] if trace["meta"] == role]


def sure(result: TuningResult) -> str:
    return Page(render_html(result)).section("sure")


def changed(result: TuningResult, **changes: Any) -> TuningResult:
    assert result.search is not None
    return replace(result, search=replace(result.search, **changes))


# --- the chart --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "scale"), [("duration", 1000.0), ("cost", 1.0)])
def test_the_model_is_drawn_as_a_line_over_its_band(run: TuningResult, name: str, scale: float) -> None:
    assert run.search is not None
    (line,), (band,) = traces(run, name, "curve"), traces(run, name, "band")
    curve = run.search.curve
    values = [one.duration_ms if name == "duration" else one.per_million for one in curve]
    assert line["x"] == [one.memory_mb for one in curve]
    assert line["y"] == pytest.approx([value / scale for value in values])
    assert band["x"] == [*line["x"], *reversed(line["x"])]
    assert band["fill"] == "toself"
    highs, lows = band["y"][: len(curve)], band["y"][: len(curve) - 1 : -1]
    assert all(low <= y <= high for low, y, high in zip(lows, line["y"], highs, strict=True))


def test_the_model_lies_below_the_samples_and_the_means_above_them(run: TuningResult) -> None:
    roles = [trace["meta"] for trace in charts(run)["duration"]["data"]]
    assert roles[:2] == ["band", "curve"]
    assert roles[-1] == "mean"


def test_beside_a_model_the_means_are_not_joined_by_a_line(make_result: Make, run: TuningResult) -> None:
    assert [trace["mode"] for trace in traces(run, "cost", "mean")] == ["markers"]
    assert [trace["mode"] for trace in traces(grid(make_result), "cost", "mean")] == ["lines+markers"]


def test_the_axis_reaches_as_far_as_the_model_and_has_round_sizes(run: TuningResult) -> None:
    reach = charts(run)["duration"]["page"]["reach"]
    assert reach == [128, 10_240, 256, 512, 1024, 2048, 4096, 8192]


def test_a_mean_of_one_or_two_measurements_has_no_interval(run: TuningResult) -> None:
    (means,) = traces(run, "duration", "mean")
    few = [size.memory_mb for size in run.memory_sizes if size.warm.samples < 3]
    assert 0 < len(few) < len(run.memory_sizes)
    assert [mb for mb, reach in zip(means["x"], means["error_y"]["array"], strict=True) if reach is None] == few


def test_pointing_at_the_line_says_whether_the_size_was_measured(run: TuningResult) -> None:
    (line,) = traces(run, "duration", "curve")
    own = {size.memory_mb for size in run.memory_sizes if size.warm.samples}
    for memory_mb, text in zip(line["x"], line["text"], strict=True):
        assert text.startswith(f"{figures.memory(memory_mb)}: model ")
        assert text.endswith("not measured") is (memory_mb not in own)


def test_the_model_is_also_said_in_words(run: TuningResult) -> None:
    words = Page(render_html(run)).section("curves")
    assert re.search(r"10,240 MB: model .* \(.* to .*\), not measured\.", words)
    assert words.count("model $") == 6
    assert "the model’s mean with its 95 % band" in words


def test_a_grid_draws_no_model(make_result: Make) -> None:
    result = grid(make_result)
    assert traces(result, "duration", "curve") == []
    assert charts(result)["duration"]["page"]["reach"] == []
    assert "model" not in Page(render_html(result)).section("curves")


# --- how sure ---------------------------------------------------------------------------------------------------


def test_the_report_says_what_is_claimed_why_it_ended_and_what_it_took(run: TuningResult) -> None:
    assert run.search is not None
    assert run.search.regret_bound is not None
    words = sure(run)
    assert f"at most {figures.at_most(run.search.regret_bound)} dearer than the cheapest, 95 % sure" in words
    assert "further invocations would have cost more than they were expected to save" in words
    assert f"Invocations used {run.spend.invocations} " in words
    assert "of the mean" in words


def test_a_search_that_claims_nothing_is_shown_to(run: TuningResult) -> None:
    words = sure(changed(run, regret_bound=None, risk=None, stop_reason=None))
    assert "Claim nothing is claimed" in words
    assert "the run ended before it" in words


def test_how_sure_the_answer_is_stands_at_the_top_too(run: TuningResult) -> None:
    for bound, said in (
        (0.05, "at most 5 % dearer than the cheapest, 95 % sure"),
        (None, "nothing is claimed"),
    ):
        text = " ".join(Page(render_html(changed(run, regret_bound=bound))).text.split())
        assert said in text[: text.index("Duration and cost against memory size")]


def test_without_a_claim_nothing_is_said_to_hold(run: TuningResult) -> None:
    assert "what it claims holds" in sure(changed(run, regret_bound=0.05))
    assert "what it claims holds" not in sure(changed(run, regret_bound=None))


@pytest.mark.parametrize("stop", StopReason)
def test_every_way_to_end_has_its_words(run: TuningResult, stop: StopReason) -> None:
    assert not Page(render_html(changed(run, stop_reason=stop))).open


def test_a_grid_says_no_more_than_it_knows(make_result: Make) -> None:
    words = sure(grid(make_result))
    assert "It claims nothing of sizes between them" in words
    assert "Claim about sizes not measured none" in words
    assert "sure to" not in words


def test_what_the_search_noticed_is_in_the_report_and_on_the_terminal(run: TuningResult) -> None:
    noticed = changed(run, notes=("Two behaviours at 512 MB.",))
    assert "Two behaviours at 512 MB." in sure(noticed)
    assert "- Two behaviours at 512 MB." in render_terminal(noticed, width=100)


@pytest.mark.parametrize("shape", ["earlier schema", "dry run"])
def test_without_a_search_there_is_no_word_of_it(make_result: Make, shape: str) -> None:
    result = make_result() if shape == "earlier schema" else grid(make_result, dry_run=True)
    source = render_html(result)
    assert "How sure is this?" not in source
    assert "Other goals" not in source + render_terminal(result)


# --- other goals ------------------------------------------------------------------------------------------------


def test_other_goals_are_answered_without_the_one_that_was_asked(make_result: Make) -> None:
    result = grid(make_result)
    words = sure(result).partition("Other goals")[2]
    assert "Fastest 1,769 MB 407 ms" in words
    assert "Balanced" in words
    assert "Cheapest" not in words
    assert "Other goals among the measured sizes: fastest 1,769 MB; balanced 1,769 MB." in render_terminal(result)


def test_a_goal_that_the_run_does_not_answer_has_no_figures(run: TuningResult) -> None:
    unknown = Answer(goal=Goal.SPEED, memory_mb=512, risk=0.7, note="It may lie near 3008 MB.")
    result = changed(run, answers=(unknown,))
    words = sure(result).partition("Other goals")[2]
    assert "Fastest perhaps 512 MB" in words
    assert "It may lie near 3008 MB." in words
    assert other_goals_line(result) == "Other goals: fastest perhaps 512 MB."


def test_a_goal_that_the_search_is_sure_of_is_said_with_its_bound(run: TuningResult) -> None:
    known = Answer(goal=Goal.SPEED, memory_mb=2304, regret_bound=0.05, risk=0.02)
    result = changed(run, answers=(known,))
    said = "at most 5 % slower than the fastest, 95 % sure"
    assert said in sure(result)
    assert other_goals_line(result) == f"Other goals: fastest 2,304 MB ({said})."


def test_sizes_on_the_front_are_marked_in_the_table(run: TuningResult) -> None:
    found = {size.memory_mb: size.warm.duration_ms for size in run.memory_sizes}
    front = tuple(mb for mb, mean in found.items() if mean is not None and mean.mean_interval is not None)
    source = render_html(changed(run, pareto_mb=front))
    rows = re.findall(r'<th scope="row">([\d,]+) MB (.*?)</th>', source.partition('id="sizes"')[2])
    marked = {int(size.replace(",", "")) for size, tags in rows if ">Pareto<" in tags}
    assert marked == set(front) != set()
    assert ">Pareto<" not in render_html(changed(run, pareto_mb=()))


# --- a latency target -------------------------------------------------------------------------------------------


def target(limit_ms: float) -> LatencyTarget:
    return LatencyTarget(statistic=LatencyStatistic.P95, limit_ms=limit_ms)


def test_a_target_that_nothing_keeps_is_the_first_thing_said_and_said_once(make_result: Make) -> None:
    result = grid(make_result, latency_target=target(100))
    said = "No measured memory size keeps p95 within 100 ms; the nearest is 1,769 MB with"
    assert sentence.answer(result).startswith(said)
    assert render_terminal(result, width=200).count(said) == 1
    assert said in Page(render_html(result)).text


def test_a_target_that_is_kept_is_named_as_the_goal(make_result: Make) -> None:
    result = grid(make_result, latency_target=target(1500))
    assert "strategy cheapest with p95 within 1,500 ms" in render_terminal(result, width=120)
    assert "cheapest with p95 within 1,500 ms" in Page(render_html(result)).text
    assert other_goals_line(result).startswith("Other goals among the measured sizes: cheapest ")


def test_how_it_was_measured_names_what_the_search_was_asked_for(make_result: Make) -> None:
    limits = Limits(max_invocations=30, max_time_ms=60_000.0)
    words = Page(render_html(searched(make_result, limits=limits, min_headroom=0.2))).section("how")
    for said in (
        "Search adaptive",
        "from 128 MB to 10,240 MB",
        "Accepted risk 5 %",
        "At most invocations 30",
        "At most time 60.0 s",
        "20 % of the memory size",
    ):
        assert said in words


# --- other people's text ----------------------------------------------------------------------------------------


def hostile_search(run: TuningResult, text: str) -> TuningResult:
    answers = tuple(Answer(goal=goal, memory_mb=512, regret_bound=None, risk=None, note=text) for goal in Goal)
    hostile = changed(run, notes=(text,), answers=answers)
    request = replace(run.request, latency_target=target(100))
    best = replace(run.recommendation, memory_mb=512, reasons=(text,)) if run.recommendation else None
    return replace(hostile, request=request, recommendation=best, price=replace(run.price, currency=text))


def test_hostile_text_in_a_search_becomes_text_and_nothing_else(run: TuningResult) -> None:
    hostile, harmless = (Page(render_html(hostile_search(run, text))) for text in (BREAKOUT, "harmless"))
    assert not hostile.open
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in harmless.elements]
    assert "boom()" in hostile.section("sure")
    assert json.loads(hostile.scripts[0])


def test_hostile_text_in_the_model_is_not_read_as_plotlys_html(run: TuningResult) -> None:
    for name in ("duration", "cost"):
        for trace in traces(hostile_search(run, "<a href='x'>"), name, "curve"):
            assert not any("<" in text for text in trace["text"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(hostile=st.text(max_size=200), width=st.integers(20, 120))
def test_no_text_of_a_search_steers_the_terminal_or_breaks_its_width(
    make_result: Make, found: dict[str, TuningResult], hostile: str, width: int
) -> None:
    if "cost" not in found:
        found["cost"] = searched_until(make_result, claims_and_glances, present_mb=1024)
    text = render_terminal(hostile_search(found["cost"], f"\x1b[2J{hostile}\u202e"), width=width)
    assert not set(text) & set("\x1b\u202e\r\x9b")
    assert all(cells(line) <= width for line in text.splitlines())


def test_a_search_for_speed_is_worded_for_speed(make_result: Make) -> None:
    result = searched(make_result, strategy=Strategy.SPEED)
    assert result.request.search is SearchKind.ADAPTIVE
    assert "slower than the fastest" in sure(result)
    assert "Cheapest" in sure(result)


def test_a_present_size_that_stays_for_want_of_a_sure_gain_is_not_called_the_best(make_result: Make) -> None:
    result = searched_until(make_result, stays, present_mb=512)
    assert result.recommendation is not None
    assert "surely slower than the present 512 MB" in result.recommendation.reasons[0]
    assert sentence.answer(result).startswith("Keep 512 MB: ")
    assert sentence.answer(result).endswith("; the better mean elsewhere may be chance.")
    row = next(line for line in render_terminal(result, width=100).splitlines() if line.startswith("*"))
    assert row.endswith("  keep")


def keeps_unsurely(result: TuningResult) -> bool:
    best = result.recommendation
    return best is not None and best.memory_mb == 512 and not stays(result) and not knows_best(result)


def test_a_present_size_is_called_the_best_only_where_the_search_knows_that(make_result: Make) -> None:
    unsure = searched_until(make_result, keeps_unsurely, present_mb=512, noise=0.3)
    assert sentence.answer(unsure).startswith("Keep 512 MB: ")
    assert sentence.answer(unsure).endswith("; the search holds no other size for better, but is not sure.")
    assert "already" not in render_terminal(unsure, width=100)
    sure = changed(unsure, regret_bound=0.05)
    assert sentence.answer(sure).startswith("512 MB is already the best size: ")
    assert "already best" in render_terminal(sure, width=100)


def test_the_only_size_that_was_measured_and_the_nearest_to_a_target_are_not_called_the_best(make_result: Make) -> None:
    only = searched(make_result, present_mb=512, limits=Limits(max_invocations=3))
    assert [size.memory_mb for size in only.memory_sizes] == [512]
    assert "already best" not in render_terminal(only, width=100)
    nearest = grid(make_result, latency_target=target(100))
    assert nearest.recommendation is not None
    at_home = replace(nearest.function, original_memory_mb=nearest.recommendation.memory_mb)
    shown = render_terminal(replace(nearest, function=at_home), width=200)
    assert next(line for line in shown.splitlines() if line.startswith("*")).endswith("  nearest")
    assert "already best" not in shown


def test_no_interval_is_drawn_below_nought(make_result: Make) -> None:
    result = searched_until(make_result, reaches_below_nought, noise=1.2)
    for name in ("duration", "cost"):
        (means,) = traces(result, name, "mean")
        reaches = zip(means["y"], means["error_y"]["arrayminus"], strict=True)
        assert all(reach <= y for y, reach in reaches if reach is not None)


def reaches_below_nought(result: TuningResult) -> bool:
    found = (size.warm.duration_ms for size in result.memory_sizes)
    return any(one.mean_interval.low < 0 for one in found if one and one.mean_interval)
