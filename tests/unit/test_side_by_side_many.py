"""More than a few runs side by side, with names that are short; and what is said of runs that were not on AWS."""

import math
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from html_page import Page
from shown_runs import dry_run

from powertune.cli.report_formats import FORMATS, Look, made
from powertune.decide.side_by_side import default_labels, side_by_side
from powertune.domain.price import Money
from powertune.domain.result import Interval
from powertune.render import sentence
from powertune.render.sides import words
from powertune.render.sides.charts import charts
from powertune.render.sides.page import render_sides

LABELS = "ABCDEFGH"
FORMS = ("table", "markdown", "html")


def compared(results, labels=LABELS):
    return side_by_side(
        results,
        list(labels[: len(results)]),
        [sentence.answer(result) for result in results],
        [sentence.where(result) for result in results],
    )


def scaled(result, duration=1.0, cost=1.0, *, run_id, bare=False):
    """A run with every mean so many times as large; without intervals where it is bare."""

    def size(one):
        mean, priced = one.warm.duration_ms, one.cost
        if mean is None:
            return one
        ends = Interval(low=mean.mean_interval.low * duration, high=mean.mean_interval.high * duration)
        between = Interval(low=priced.per_million_interval.low * cost, high=priced.per_million_interval.high * cost)
        amount = priced.per_million.amount * Decimal(str(cost))
        warm = replace(
            one.warm,
            duration_ms=replace(mean, mean=mean.mean * duration, mean_interval=None if bare else ends),
        )
        priced = replace(
            priced,
            per_million=Money(amount=amount, currency=priced.per_million.currency),
            per_million_interval=None if bare else between,
        )
        return replace(one, warm=warm, cost=priced)

    return replace(result, run_id=run_id, memory_sizes=tuple(map(size, result.memory_sizes)))


@pytest.fixture
def eight(make_result):
    """A is the fastest, and H the slowest; B is the cheapest and G the dearest."""
    base = make_result()
    factors = [(1.0, 1.1), (1.1, 1.0), (1.2, 1.3), (1.3, 1.4), (1.35, 1.5), (1.5, 1.6), (1.6, 2.0), (1.8, 1.9)]
    return [scaled(base, *one, run_id=f"run-{at}") for at, one in enumerate(factors)]


def shown(form, found, width=200):
    text = "".join(FORMATS[form].several(found, Look(width=width)))
    return Page(text).text if form == "html" else re.sub(r"[*`\\]", "", text)


# --- more than three runs ---------------------------------------------------------------------------------------


def test_of_many_runs_the_sentence_names_the_extremes(eight):
    assert words.answer(compared(eight)) == (
        "Of 8 runs at 1,769 MB, by their means, A is the fastest and H the slowest (80 % slower); B is the cheapest "
        "and G the dearest (100 % dearer); all runs recommend 1,769 MB."
    )


def test_where_the_fastest_is_the_cheapest_they_are_named_once(eight):
    runs = [scaled(eight[0], factor, factor, run_id=f"b{at}") for at, factor in enumerate((1.2, 1.0, 1.6, 1.3))]
    assert words.answer(compared(runs)).startswith(
        "Of 4 runs at 1,769 MB, by their means, B is the fastest and the cheapest and C the slowest and the dearest "
        "(60 % slower and 60 % dearer); "
    )


def test_what_may_be_chance_is_not_called_fastest(eight):
    runs = [scaled(eight[0], 1 + at / 2000, run_id=f"b{at}") for at in range(4)]
    assert words.answer(compared(runs)).startswith(
        "Of 4 runs at 1,769 MB all are about as fast and cost about the same (within the noise); "
    )


def test_means_without_intervals_order_nothing(eight):
    runs = [*eight[:3], scaled(eight[0], 3.0, run_id="few", bare=True)]
    assert words.answer(compared(runs)).startswith(
        "Of 4 runs at 1,769 MB, by their means, A is the fastest and D the slowest (D has too few samples to be sure); "
    )


def test_runs_of_another_kind_are_not_among_the_extremes(make_result, eight):
    runs = [*eight[:4], replace(dry_run(make_result), run_id="dry")]
    assert words.answer(compared(runs)).startswith("Of the 4 of 5 runs with warm invocations at 1,769 MB, ")


def test_runs_that_share_nothing_have_no_extremes(make_result):
    runs = [
        make_result(sizes_mb=(mb,), failing_mb=(), best_mb=None, equivalent_mb=(), run_id=f"r{mb}")
        for mb in (128, 256, 512, 1024)
    ]
    assert words.answer(compared(runs)) == (
        "None of 4 runs can be compared with another at any memory size; none of the runs recommends a memory size."
    )


def test_costs_in_several_currencies_are_not_ordered(make_result, eight):
    runs = [*eight[:3], replace(make_result(price=replace(make_result().price, currency="EUR")), run_id="eur")]
    said = words.answer(compared(runs))
    assert "the slowest (20 % slower); costs are in several currencies; " in said
    assert "cheapest" not in said


def test_what_runs_recommend_is_counted(eight):
    for at, best in ((1, 512), (2, 512), (3, None)):
        recommendation = None if best is None else replace(eight[at].recommendation, memory_mb=best)
        eight[at] = replace(eight[at], recommendation=recommendation)
    assert words.answer(compared(eight)).endswith(
        "; 5 runs recommend 1,769 MB, 2 recommend 512 MB, 1 recommends nothing."
    )


@pytest.mark.parametrize("form", FORMS)
def test_the_details_stand_in_a_list_below_the_short_sentence(eight, form):
    found = compared(eight)
    assert len(words.answer(found)) < 200
    text = shown(form, found)
    assert words.answer(found) in text
    told = list(words.details(found))
    assert told[0] == "At 1,769 MB: B is 10 % slower than A and 9 % cheaper."
    assert len(told) == 7
    assert all(one in text for one in told)


def test_of_three_runs_the_sentence_says_all_and_there_is_no_list(eight):
    assert list(words.details(compared(eight[:3]))) == []
    assert "C is 20 % slower than A" in words.answer(compared(eight[:3]))


def test_only_the_run_with_too_few_samples_is_said_to_have_them(eight):
    few = scaled(eight[0], 3.0, run_id="few", bare=True)
    also = scaled(eight[0], 2.0, run_id="also", bare=True)
    assert words.answer(compared([eight[0], few])).startswith(
        "At 1,769 MB: B has too few samples to be told apart from A; "
    )
    assert words.answer(compared([few, eight[0]])).startswith(
        "At 1,769 MB: A has too few samples for B to be told apart from it; "
    )
    assert words.answer(compared([few, also])).startswith(
        "At 1,769 MB: B and A have too few samples to tell them apart; "
    )


# --- short names ------------------------------------------------------------------------------------------------


def test_where_nothing_short_tells_runs_apart_they_have_letters_and_a_legend(eight):
    codes = ["code-one"] * 4 + ["code-two"] * 4
    runs = [
        replace(
            run,
            started_at=f"2026-11-{at % 4 + 1:02}T09:00:00+00:00",
            function=replace(run.function, code_sha256=code),
        )
        for at, (run, code) in enumerate(zip(eight, codes, strict=True))
    ]
    names = default_labels(runs)
    assert names == list("ABCDEFGH")
    for form in FORMS:
        text = shown(form, compared(runs, labels=names), width=300)
        for part in ("code-one", "run-0", "1 November 2026", "code-two", "run-7", "4 November 2026"):
            assert part in text, (form, part)


def test_the_title_of_the_page_is_short(eight):
    source = render_sides(compared(eight, labels=[f"a label that is rather long {at}" for at in range(8)]))
    assert "<title>orders-api: 8 runs side by side</title>" in source
    assert "<title>A and B side by side</title>" in render_sides(compared(eight[:2]))


# --- charts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes_mb", [(512, 576, 640), (1024,), (128, 10240)])
def test_points_stay_nearer_to_their_own_size_than_to_the_next(make_result, sizes_mb):
    base = make_result(sizes_mb=sizes_mb, failing_mb=(), best_mb=sizes_mb[0], equivalent_mb=(), present_mb=sizes_mb[0])
    drawn = charts(compared([scaled(base, run_id=f"r{at}") for at in range(8)]))["sides-duration"]["data"]
    for at, memory_mb in enumerate(sizes_mb):
        places = [math.log2(trace["x"][at] / memory_mb) for trace in drawn]
        assert places == sorted(set(places))
        gaps = [abs(math.log2(memory_mb / other)) for other in sizes_mb if other != memory_mb]
        assert max(map(abs, places)) <= min([0.09, *(gap / 4 for gap in gaps)])


# --- words of the page ------------------------------------------------------------------------------------------


def test_sentences_of_the_page_are_apart_and_only_about_what_is_there(make_result, eight):
    eur = replace(make_result(price=replace(make_result().price, currency="EUR")), run_id="eur")
    assert (
        "Lower is better. B cannot be drawn here: another currency."
        in Page(render_sides(compared([eight[0], eur]))).text
    )
    coded = replace(eight[1], function=replace(eight[1].function, code_sha256="other"))
    told = Page(render_sides(compared([eight[0], coded]))).text
    assert "What differs" in told
    assert "marked as not alike" not in told


# --- where runs measured ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_that_runs_are_local(make_result, local_environment, form):
    runs = [make_result(run_id=name, environment=local_environment) for name in ("a", "b")]
    text = shown(form, compared(runs), width=1000)
    place = sentence.where(runs[0])
    assert text.count("not on AWS: nothing was billed") == 1
    assert f"Both runs: m{place[1:]}" in text


@pytest.mark.parametrize("form", FORMS)
def test_where_only_some_are_local_they_are_named(make_result, local_environment, form):
    runs = [make_result(run_id="a"), make_result(run_id="b", environment=local_environment)]
    assert "B: measured on the embedded endpoint" in shown(form, compared(runs), width=1000)
    assert "not on AWS" not in shown(form, compared([runs[0], make_result(run_id="c")]), width=1000)


@pytest.mark.parametrize("form", [*FORMS, "json"])
def test_the_command_passes_on_where_runs_measured(make_result, local_environment, form):
    runs = [make_result(run_id=name, environment=local_environment) for name in ("a", "b")]
    text = "".join(made(runs, (), form, Look(width=1000)))
    assert "easured on the embedded endpoint" in text
