"""What readers of a report stumbled over: it argued against itself, claimed more than it knew, or hid a word."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from html_page import Page
from searched_runs import searched, searched_until
from shown_runs import cold_run

from powertune.cli.progress import measuring
from powertune.decide.outcome import outcome
from powertune.domain.events import Phase, Progress
from powertune.domain.price import Money
from powertune.domain.result import Interval, SpendLine, TuningResult
from powertune.domain.search import LatencyStatistic, LatencyTarget, Strategy
from powertune.render import figures, sentence
from powertune.render.html import render_html
from powertune.render.markup import together
from powertune.render.model import Modelled
from powertune.render.page.charts import charts
from powertune.render.page.pareto import pareto_chart, spots
from powertune.render.page.reach import Reach, reach
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
    sizes = Page(render_html(make_result())).section("sizes").replace("\N{SOFT HYPHEN}", "")
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


# --- words and digits ----------------------------------------------------------------------------------------------


def test_a_grid_claims_nothing_of_other_sizes_and_says_what_its_95_per_cent_are_of(make_result: Make) -> None:
    result = graded(make_result)
    assert "95 % sure to be" in sentence.answer(result)
    sure = Page(render_html(result)).section("sure")
    assert "Claim about sizes not measured none" in sure
    assert "nothing is claimed" not in sure
    assert "“95 % sure” in the first sentence is about two measured means" in sure
    best = result.recommendation
    assert best is not None
    assert best.change is not None
    noisy = replace(best, change=replace(best.change, duration_within_noise=True, cost_within_noise=True))
    assert "“95 % sure”" not in Page(render_html(replace(result, recommendation=noisy))).section("sure")


def graded(make: Make) -> TuningResult:
    """A grid with its search's report."""
    base = make(cold=1)
    request = replace(base.request, strategy=Strategy.SPEED)
    best, search = outcome(request, base.memory_sizes, base.samples, None, present_memory_mb=512, complete=True)
    return replace(base, request=request, recommendation=best, search=search)


def test_a_size_that_is_present_and_equivalent_is_called_both(make_result: Make) -> None:
    result = make_result(present_mb=1024, best_mb=1769, equivalent_mb=(1024, 1769))
    row = next(line for line in render_terminal(result, width=120).splitlines() if line.startswith(" 1,024 MB"))
    assert row.endswith("  present, equivalent")
    assert re.search(r"\|\s+1,024 MB .*\| present, equivalent \|", render_markdown(result))


@pytest.mark.parametrize(
    ("gb", "text"),
    [
        (0.00000551, "5.51 kB"),
        (0.00123, "1.23 MB"),
        (0.9996, "1.00 GB"),
        (12.5, "12.5 GB"),
        (0.0, "0 bytes"),
        (0.000000512, "512 bytes"),
        (0.000000001, "1 byte"),
        (4321.0, "4,320 GB"),
    ],
)
def test_an_amount_of_data_has_the_unit_that_fits(gb: float, text: str) -> None:
    assert figures.data(gb) == text


def test_scanned_logs_have_the_unit_that_fits_in_the_bill(make_result: Make) -> None:
    lines = (
        SpendLine(what="log queries", quantity=0.00000551, unit="GB scanned", cost=None),
        SpendLine(what="SnapStart restores", quantity=0.25, unit="GB", cost=None),
    )
    result = make_result()
    said = Page(render_html(replace(result, spend=replace(result.spend, lines=lines)))).section("bill")
    assert "5.51 kB scanned" in said
    assert "250 MB" in said


def test_a_mean_whose_interval_is_nothing_has_no_half_width(make_result: Make) -> None:
    still = Interval(low=0.208, high=0.208)
    assert figures.money_estimate(Money(amount=Decimal("0.208"), currency="USD"), still) == "$0.208"
    assert figures.duration_estimate(50.0, Interval(low=50.0, high=50.0)) == "50.0 ms"


@pytest.mark.parametrize(
    ("share", "text"), [(134304.95, "134,000 times"), (9.0, "+900 %"), (11.0, "12.0 times"), (-0.98, "−98 %")]
)
def test_a_difference_of_more_than_ten_times_is_said_in_times(share: float, text: str) -> None:
    assert figures.difference(share) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [(1.23e12, "1.23e9 s"), (9.99e8, "999,000 s"), (4.5e-7, "4.5e-4 µs"), (1e-6, "0.00100 µs"), (1e300, "1e297 s")],
)
def test_an_absurd_duration_is_written_in_scientific_form(ms: float, text: str) -> None:
    assert figures.duration(ms) == text
    assert figures.duration_estimate(ms, None) == text


def test_an_absurd_mean_keeps_its_interval() -> None:
    assert figures.duration_estimate(1.2e12, Interval(low=1.1e12, high=1.3e12)) == "1.2e9 ± 1e8 s"


def test_progress_has_the_digits_of_every_other_figure() -> None:
    moment = Progress(
        phase=Phase.MEASURE, invocations_done=20, invocations_planned=60, spent=Decimal("0.000044"), currency="USD"
    )
    assert measuring(moment, 20, 10.0) == "measuring: 20 of 60 invocations, $0.0000440 spent, about 20 s left"


def test_a_local_bill_says_that_the_run_was_not_billed(make_result: Make, local_environment: Any) -> None:
    bill = Page(render_html(make_result(environment=local_environment))).section("bill")
    assert "This run was not billed. This is what the same would cost on AWS" in bill


def test_a_few_values_have_their_median_where_the_table_has_it(make_result: Make) -> None:
    said = Page(render_html(make_result(invocations=4))).section("durations")
    assert "p50 is as in the table" in said
    assert "Every median is that of the result" not in said


# --- one reason for many sizes -------------------------------------------------------------------------------------


def test_one_reason_of_many_sizes_is_said_once_everywhere(make_result: Make) -> None:
    why = "The function ended with Runtime.ExitError: " + "and so on " * 36
    result = make_result(failing_mb=(128, 256, 512, 1024, 1769, 3008), best_mb=None)
    sizes = tuple(replace(size, reason=why) for size in result.memory_sizes)
    result = replace(result, memory_sizes=(*sizes[:5], replace(sizes[5], reason="It timed out.")))
    source = render_html(result)
    assert source.count(why[:300]) == 1
    text = Page(source).text
    assert f"128 MB, 256 MB, 512 MB, 1,024 MB and 1,769 MB failed: {why[:40]}" in text
    assert "3,008 MB failed: It timed out." in text
    assert Page(source).section("sizes").count("The function ended with Runtime.ExitError: and so") == 5
    for shown in (" ".join(render_terminal(result, width=600).split()), render_markdown(result)):
        assert "128 MB, 256 MB, 512 MB, 1,024 MB and 1,769 MB failed: The function ended" in shown.replace("`", "")
    assert render_markdown(result).count("The function ended") == 1


def test_of_many_reasons_some_are_left_out_and_counted(make_result: Make) -> None:
    sizes_mb = tuple(range(128, 128 + 12 * 64, 64))
    made = make_result(sizes_mb=sizes_mb, failing_mb=sizes_mb, best_mb=None, present_mb=128, equivalent_mb=())
    sizes = tuple(replace(size, reason=f"It failed in way {size.memory_mb}.") for size in made.memory_sizes)
    assert "- And 4 more reasons in result.json." in render_markdown(replace(made, memory_sizes=sizes))


# --- little room ---------------------------------------------------------------------------------------------------


def test_in_a_narrow_terminal_marks_stay_and_their_meaning_is_not_cut(make_result: Make) -> None:
    result = make_result()
    lines = render_terminal(result, width=40).splitlines()
    assert any(line.startswith("*1,769 MB") for line in lines)
    assert any(line.startswith("o  512 MB") for line in lines)
    said = " ".join(" ".join(lines).split())
    assert "* recommended; o present; warm mean ± half its 95 % interval; cold starts apart" in said
    assert max(map(len, lines)) <= 40
    assert "o present" not in render_terminal(result, width=120)
    same = render_terminal(make_result(present_mb=1769, best_mb=1769), width=40)
    assert "* recommended and present; " in " ".join(same.split())


# --- charts --------------------------------------------------------------------------------------------------------


def test_the_far_end_of_a_model_does_not_choose_the_axis(make_result: Make) -> None:
    result = searched(make_result)
    chart = charts(result)["cost"]
    measured = [
        y for trace in chart["data"] if trace["meta"] in ("warm", "cold", "mean") for y in trace["y"] if y is not None
    ]
    (band,) = (trace for trace in chart["data"] if trace["meta"] == "band")
    assert max(band["y"]) > 1.6 * max(measured)
    low, high = chart["page"]["ranges"][0]
    assert max(measured) < high <= 1.6 * max(measured) + 1e-9
    assert 0 < low <= min(measured)
    assert chart["page"]["cut"]
    assert chart["page"]["high"] == high
    assert "its band goes on beyond the edge of the chart" in Page(render_html(result)).section("curves")
    grid = make_result()
    assert "ranges" not in charts(grid)["cost"]["page"]
    assert "beyond the edge" not in Page(render_html(grid)).section("curves")


def test_an_axis_reaches_what_is_measured_and_the_curve_between_it() -> None:
    def at(mb: int, value: float, low: float, high: float) -> Modelled:
        return Modelled(memory_mb=mb, value=value, low=low, high=high, text="")

    model = [at(128, 9, 8, 10), at(512, 4, 3, 5), at(1024, 5, 4, 6), at(10_240, 90, 40, 200)]
    assert reach([4.0, 5.0], model, {512, 1024}) == Reach(low=3, high=8.0, cut=True)
    assert reach([4.0, 5.0], model[:3], {128, 1024}) == Reach(low=3, high=10, cut=False)
    assert reach([4.0], [], {512}) is None
    assert reach([], model, set()) is None


def test_a_picture_says_what_it_shows_and_has_a_name_that_every_system_takes(make_result: Make) -> None:
    result = make_result()
    hostile = replace(result, function=replace(result.function, name='a/b"<b>:x' + "y" * 400), run_id="../../run 1")
    page = charts(hostile)["duration"]["page"]["picture"]
    assert re.fullmatch(r"powertune-a-b-b-x[\w-]+", page["file"])
    assert len(page["file"]) <= 150
    assert "<" not in page["about"]
    plain = charts(result)["cost"]["page"]["picture"]
    assert plain["file"] == f"powertune-orders-api-{result.run_id}-cost"
    assert plain["about"] == f"orders-api · eu-central-1 · run {result.run_id} · 24 November 2026, 11:34 UTC"


def test_an_unknown_traffic_has_a_line_of_its_own_in_which_its_flag_stays_whole(make_result: Make) -> None:
    source = render_html(make_result())
    assert '<div class="long"><dt>Traffic</dt>' in source
    assert '<span class="together">--monthly-invocations</span>' in source


@pytest.mark.parametrize("text", ["$8.96 ± 0.24", "CN¥8.96 ± 0.24", "$1,234.50 ± 12.00"])
def test_a_mean_cost_keeps_its_interval_on_its_line(text: str) -> None:
    assert together(f"It costs {text} each.") == f'It costs <span class="together">{text}</span> each.'
