"""What a report says of how a run went: its order, its payloads, its records, drift, applying, dry runs."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from drawn_samples import hovers
from html_page import Page
from shown_runs import cold_run, dry_run, full_run

from powertune.domain.payload import Payload, PayloadUse
from powertune.domain.result import Applied, Drift, Environment, TuningResult
from powertune.domain.traffic import MonthlyTraffic, TrafficSource
from powertune.render import figures, monthly, sentence
from powertune.render.html import render_html
from powertune.render.page.charts import charts
from powertune.render.safe import cells
from powertune.render.text.terminal import render_terminal

Make = Callable[..., TuningResult]


def how(result: TuningResult) -> str:
    return Page(render_html(result)).section("how")


def test_everything_that_was_asked_of_the_measuring_is_said(make_result: Make) -> None:
    section = how(full_run(make_result))
    for said in (
        "Cold starts per size 3 asked for",
        "Order sizes interleaved, shuffled with the seed, one at a time",
        "Pause after each invocation 250 ms",
        "Seed 4711",
        "Payloads 2, by weight, shuffled, 24 to 214 bytes (kept out of this page)",
        "Allowed exceptions NotFound",
        "Pre-processor arn:aws:lambda:eu-central-1:123456789012:function:before",
        "Post-processor arn:aws:lambda:eu-central-1:123456789012:function:after",
    ):
        assert said in section


def test_what_was_not_asked_for_is_said_to_be_none(make_result: Make) -> None:
    section = how(make_result())
    assert "Cold starts per size not asked for" in section
    assert "Pause after each invocation none" in section
    assert "3 at a time" in section
    assert "Allowed exceptions none" in section
    assert "rocessor" not in section
    assert "4 asked for" not in section
    assert "Cold starts per size 6 asked for, and nothing else" in how(cold_run(make_result))


@pytest.mark.parametrize(
    ("use", "sizes", "said"),
    [
        (PayloadUse.IN_TURN, (3, 3), "Payloads 2, used in turn, 5 bytes each ("),
        (PayloadUse.ONCE, (1, 1200), "Payloads 2, each used once, 3 to 1,202 bytes ("),
    ],
)
def test_payloads_are_told_by_number_use_and_size(
    make_result: Make, use: PayloadUse, sizes: tuple[int, ...], said: str
) -> None:
    result = make_result()
    payloads = tuple(Payload.of(f'"{"x" * size}"') for size in sizes)
    # A request that uses each payload once wants as many as invocations; a result is shown as it stands.
    request = replace(result.request, payloads=payloads)
    object.__setattr__(request, "payload_use", use)
    shown = replace(result, request=request)
    assert said in how(shown)
    assert "xxx" not in render_html(shown).split("<script")[0]
    assert "payload no. 1" in hovers(charts(shown), "warm")[0]
    assert "payload no." not in hovers(charts(result), "warm")[0]


def test_a_record_whose_arithmetic_does_not_fit_is_listed_with_what_is_wrong(make_result: Make) -> None:
    section = how(full_run(make_result))
    assert "The own arithmetic of 6 records does not fit; what they say was taken as it stands." in section
    assert "256 MB, invocation 6: billed 90 ms, but duration and init make 81 ms" in section
    assert "256 MB, invocation 8: billed duration: 81 ms in the log tail, 82 ms in Logs Insights" in section
    assert "The arithmetic of every record fits." in how(make_result())


def test_a_long_list_of_misfits_is_cut_and_says_so(make_result: Make) -> None:
    result = make_result()
    section = how(replace(result, samples=tuple(replace(s, misfit="wrong sum") for s in result.samples)))
    assert section.count("wrong sum") == 20
    assert "40 more are in result.json." in section


def test_a_size_that_drifted_is_named_beside_the_table_with_its_early_and_late_durations(make_result: Make) -> None:
    section = Page(render_html(full_run(make_result))).section("sizes")
    assert "512 MB former drifting" in section
    assert section.count("drifting") == 1
    assert "512 MB : 140 ms early, 105 ms late (−25 %)" in section
    assert "the means of the first and of the last third of the warm invocations" in section
    assert "drift" not in Page(render_html(make_result())).section("sizes").lower()


def test_drift_of_warm_invocations_is_no_matter_where_cold_starts_are_compared(make_result: Make) -> None:
    result = cold_run(make_result)
    drift = Drift(early_ms=2.0, late_ms=1.0, p_value=0.001)
    rows = tuple(replace(size, drift=drift) for size in result.memory_sizes)
    assert "drift" not in Page(render_html(replace(result, memory_sizes=rows))).section("sizes").lower()


@pytest.mark.parametrize(
    ("applied", "said"),
    [
        (Applied(memory_mb=1769), "The function was set to 1,769 MB."),
        (
            Applied(memory_mb=1769, version="7", alias="live"),
            "The function was set to 1,769 MB; version 7 was published with it and the alias live points at it.",
        ),
        (
            Applied(memory_mb=512, version="7", alias="live"),
            "The function keeps 512 MB; version 7 was published with it and the alias live points at it.",
        ),
    ],
)
def test_a_size_that_was_set_is_said_in_both(make_result: Make, applied: Applied, said: str) -> None:
    result = make_result(applied=applied)
    assert said in " ".join(render_terminal(result).split())
    assert said in Page(render_html(result)).text


def test_without_applying_nothing_is_said_to_be_set(make_result: Make) -> None:
    assert sentence.applied(make_result()) == ""
    assert "The function was set" not in render_terminal(make_result())
    assert "The function was set" not in render_html(make_result())


def test_a_size_that_is_no_longer_set_is_not_called_present(make_result: Make) -> None:
    result = make_result(applied=Applied(memory_mb=1769))
    source = render_html(result)
    assert re.search(r"^ +512 MB .* former$", render_terminal(result), re.MULTILINE)
    assert "512 MB former" in Page(source).section("sizes")
    assert "before 512 MB" in " ".join(" ".join(Page(source).words).split())
    labels = [one["text"] for one in charts(result)["duration"]["layout"]["annotations"]]
    assert "former" in labels
    assert "present" not in labels


def test_what_is_left_of_a_run_that_applied_is_not_said_to_be_the_memory_size(make_result: Make) -> None:
    left = make_result(restored=False, applied=Applied(memory_mb=1769))
    said = "The rest of what this run changed on the function was NOT put back."
    assert said in " ".join(render_terminal(left).split())
    assert said in Page(render_html(left)).text
    assert "The function was NOT put back to 512 MB." in Page(render_html(make_result(restored=False))).text


def test_a_dry_run_says_at_how_many_sizes_the_function_worked(make_result: Make) -> None:
    result = dry_run(make_result)
    said = "A dry run: the function worked at 5 of 6 memory sizes."
    assert sentence.answer(result) == said
    text = render_terminal(result)
    assert said in text
    assert "recommend" not in text
    assert text.splitlines()[0].endswith("· dry run")


@pytest.mark.parametrize(("size_mb", "did"), [(512, "works"), (128, "does not work")])
def test_a_dry_run_of_one_size_says_whether_the_function_works_there(make_result: Make, size_mb: int, did: str) -> None:
    result = dry_run(make_result)
    one = tuple(size for size in result.memory_sizes if size.memory_mb == size_mb)
    samples = tuple(sample for sample in result.samples if sample.memory_mb == size_mb)
    alone = replace(result, memory_sizes=one, samples=samples)
    assert sentence.answer(alone) == f"A dry run: the function {did} at {size_mb} MB."


def test_a_dry_run_shows_its_one_invocation_at_each_size(make_result: Make) -> None:
    result = dry_run(make_result)
    text = render_terminal(result)
    sample = next(sample for sample in result.samples if sample.memory_mb == 512)
    assert sample.latency_ms == pytest.approx(1650, rel=0.01)
    assert re.search(r"^ +512 MB +1\.65 s +\$11\.21 +273 ms +141 MB  present$", text, re.MULTILINE)
    assert re.search(r"^ +128 MB  failed: ran out of memory", text, re.MULTILINE)
    assert "- 512 MB" not in text
    page = Page(render_html(result))
    assert "512 MB present 1.65 s $11.21 141 MB 1 1 0" in page.section("sizes")
    assert "1 memory size where the function did not work" in page.text
    assert "no warm invocation" not in page.text
    assert "1, a dry run" in page.section("how")


def test_the_charts_of_a_dry_run_have_a_point_at_each_size_and_no_means(make_result: Make) -> None:
    made = charts(dry_run(make_result))
    assert set(made) == {"duration", "cost", "used"}
    assert [trace["meta"] for trace in made["duration"]["data"]] == ["failed", "cold"]
    assert len(made["cost"]["data"][-1]["y"]) == 5
    missing = [shape for shape in made["duration"]["layout"]["shapes"] if shape["name"] == "missing"]
    assert len(missing) == 1


def test_a_dry_run_that_met_a_warm_environment_shows_its_duration(make_result: Make) -> None:
    result = dry_run(make_result, cold=False)
    size = result.memory_sizes[2]
    assert size.cold.samples == 0
    assert size.warm.duration_ms is not None
    assert size.cost is not None
    shown = rf"{figures.duration(size.warm.duration_ms.mean)} +{re.escape(figures.money(size.cost.per_million))}"
    assert re.search(rf"^ +512 MB +{shown} +– +141 MB  present$", render_terminal(result), re.MULTILINE)
    assert sentence.answer(result) == "A dry run: the function worked at 5 of 6 memory sizes."


def test_an_allowed_exception_is_told_where_its_sample_is_pointed_at(make_result: Make) -> None:
    assert "allowed exception: NotFound" in hovers(charts(full_run(make_result)), "warm")[0]


def test_a_recommended_size_that_stands_alone_is_not_shaded_as_equivalent(make_result: Make) -> None:
    for equivalent, shaded in (((1769,), 0), ((1024, 1769), 2)):
        result = make_result(equivalent_mb=equivalent)
        shapes = charts(result)["cost"]["layout"]["shapes"]
        assert sum(shape["name"] == "equivalent" for shape in shapes) == shaded
        assert ("equivalent sizes" in Page(render_html(result)).section("curves")) is bool(shaded)


def test_the_key_names_the_present_size_only_where_it_has_a_line(make_result: Make) -> None:
    assert " present " in Page(render_html(make_result())).section("curves")
    best = make_result(best_mb=512)
    assert " present " not in Page(render_html(best)).section("curves")
    labels = [one["text"] for one in charts(best)["cost"]["layout"]["annotations"]]
    assert labels == ["present and recommended", "failed"]


@pytest.mark.parametrize("width", [20, 40, 60, 80])
@pytest.mark.parametrize("run", [dry_run, full_run])
def test_no_line_is_too_wide_whatever_is_said(
    make_result: Make, run: Callable[[Make], TuningResult], width: int
) -> None:
    text = render_terminal(run(make_result), width=width)
    assert max(cells(line) for line in text.splitlines()) <= width


def test_a_hostile_alias_steers_no_terminal(make_result: Make) -> None:
    result = make_result(applied=Applied(memory_mb=1769, version="\x1b[2J7", alias="\u202elive\r\n"))
    text = render_terminal(result)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\r" not in text


def test_a_local_run_is_not_asked_for_its_traffic(make_result: Make) -> None:
    result = make_result()
    local = replace(result, environment=Environment(kind="local"), traffic=None)
    assert "Traffic" not in facts_of(local)
    given = replace(local, traffic=MonthlyTraffic(invocations=1_200, source=TrafficSource.GIVEN))
    assert f"Traffic {monthly.traffic_words(given)}" in facts_of(given)
    assert "Traffic not known" in facts_of(replace(result, traffic=None))


def facts_of(result: TuningResult) -> str:
    return " ".join(" ".join(Page(render_html(result)).words).split())
