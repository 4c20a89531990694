"""What readers of a report stumbled over: it argued against itself, claimed more than it knew, or hid a word."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from html_page import Page
from searched_runs import searched_until
from shown_runs import cold_run

from powertune.domain.result import TuningResult
from powertune.domain.search import LatencyStatistic, LatencyTarget, Strategy
from powertune.render.html import render_html
from powertune.render.page.pareto import pareto_chart, spots
from powertune.render.text.markdown import render_markdown
from powertune.render.text.terminal import render_terminal
from powertune.render.untaken import untaken

Make = Callable[..., TuningResult]


def outdone(result: TuningResult) -> list[int]:
    """The measured sizes with a lower mean duration and a lower mean cost than the recommended one."""
    best = result.recommendation
    assert best is not None
    found = {
        size.memory_mb: (size.warm.duration_ms.mean, size.cost.per_million.amount)
        for size in result.memory_sizes
        if size.warm.duration_ms is not None and size.cost is not None
    }
    at = found[best.memory_mb]
    return [mb for mb, one in found.items() if one[0] < at[0] and one[1] < at[1]]


def contested(make: Make, **given: Any) -> TuningResult:
    """A search whose own table has a size that is both faster and cheaper than the one that it recommends."""
    return searched_until(make, lambda result: bool(result.recommendation and outdone(result)), noise=0.15, **given)


# --- a size that did better by its own means ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"strategy": Strategy.SPEED},
        {"latency_target": LatencyTarget(statistic=LatencyStatistic.MEAN, limit_ms=900.0)},
    ],
    ids=["cost", "speed", "latency"],
)
def test_a_size_that_was_faster_and_cheaper_than_the_recommended_one_has_its_reason_everywhere(
    make_result: Make, asked: dict[str, Any]
) -> None:
    result = contested(make_result, **asked)
    assert result.recommendation is not None
    said = untaken(result)
    assert len(said) == len(outdone(result))
    for mb, text in zip(outdone(result), said, strict=True):
        assert f" {mb:,} MB was both faster and cheaper. " in text
        assert f"at {result.recommendation.memory_mb:,} MB." in text
        assert text in Page(render_html(result)).section("why")
        assert text in " ".join(render_terminal(result, width=400).split())
        assert text in render_markdown(result)


def test_a_single_measurement_is_called_one_and_several_are_counted(make_result: Make) -> None:
    result = contested(make_result)
    assert result.search is not None
    mb = outdone(result)[0]
    for measured, words in (
        (1, "By its single measurement "),
        (3, "By its 3 measurements "),
    ):
        curve = tuple(
            replace(point, measured=measured if point.memory_mb == mb else point.measured)
            for point in result.search.curve
        )
        text = untaken(replace(result, search=replace(result.search, curve=curve)))[0]
        assert text.startswith(words)
        assert ("recommends no size by one measurement" in text) is (measured == 1)


def test_nothing_is_said_of_a_size_that_was_left_out_for_a_reason_of_its_own(make_result: Make) -> None:
    result = contested(make_result)
    mb = outdone(result)[0]

    def changed(**changes: Any) -> TuningResult:
        sizes = tuple(replace(s, **changes) if s.memory_mb == mb else s for s in result.memory_sizes)
        return replace(result, memory_sizes=sizes)

    assert len(untaken(changed(errors=1))) == len(untaken(result)) - 1
    cramped = changed(max_memory_used_mb=mb - 1)
    assert len(untaken(replace(cramped, request=replace(result.request, min_headroom=0.2)))) == len(untaken(result)) - 1
    assert len(untaken(cramped)) == len(untaken(result))


def test_a_grid_and_a_run_of_cold_starts_need_no_such_reason(make_result: Make) -> None:
    assert untaken(make_result()) == ()
    assert untaken(cold_run(make_result)) == ()
    assert untaken(make_result(best_mb=None)) == ()


def test_the_columns_of_differences_say_what_they_compare_with(make_result: Make) -> None:
    sizes = Page(render_html(make_result())).section("sizes")
    assert "vs. recommended duration" in sizes
    assert "vs. recommended cost" in sizes
    assert "vs. best" not in sizes


# --- a front is claimed of means with intervals only ---------------------------------------------------------------


def has_a_glance_on_its_front(result: TuningResult) -> bool:
    front = result.search.pareto_mb if result.search is not None else ()
    means = (size.warm.duration_ms for size in result.memory_sizes if size.memory_mb in front)
    return any(mean is not None and mean.mean_interval is None for mean in means)


def test_no_front_and_no_better_size_is_claimed_of_means_without_intervals(make_result: Make) -> None:
    result = searched_until(make_result, has_a_glance_on_its_front)
    source = render_html(result)
    section = Page(source).section("pareto")
    assert "chance may order them otherwise" in section
    assert not re.search(r"\bbeat|worth a thought|better in both", section)
    assert ">Pareto<" not in source
    assert "“Pareto”" not in source
    assert not any(trace["meta"] in ("front", "pareto") for trace in pareto_chart(result)["data"])
    assert not any(spot.on_front or spot.beaten_by_mb for spot in spots(result))


def test_a_front_of_means_with_intervals_is_shown_and_nothing_beats_another(make_result: Make) -> None:
    section = Page(render_html(make_result(failing_mb=()))).section("pareto")
    assert "both faster and cheaper by its mean" in section
    assert "has the better means" in section
    assert "beat" not in section


def test_a_size_without_an_interval_is_not_said_to_be_outdone(make_result: Make) -> None:
    result = make_result(failing_mb=())
    spot = next(one for one in spots(result) if one.beaten_by_mb is not None)
    sizes = tuple(
        replace(s, warm=replace(s.warm, duration_ms=replace(s.warm.duration_ms, mean_interval=None)))
        if s.memory_mb == spot.memory_mb and s.warm.duration_ms is not None
        else s
        for s in result.memory_sizes
    )
    single = next(one for one in spots(replace(result, memory_sizes=sizes)) if one.memory_mb == spot.memory_mb)
    assert single.beaten_by_mb is None
    assert not single.on_front
