"""Runs side by side as a table, in Markdown, as CSV, as JSON and as a page: the same figures, and no text but text."""

import csv
import functools
import io
import json
import re
from dataclasses import replace

import pytest
from html_page import Page
from read_back import markdown_tables
from searched_runs import searched
from shown_runs import cold_run, dry_run
from two_architectures import ARM, X86, result_on

from powertune.cli.report_formats import FORMATS, Look
from powertune.decide.side_by_side import side_by_side
from powertune.domain.price import Money
from powertune.render import figures, sentence
from powertune.render.safe import cells
from powertune.render.sides import words
from powertune.render.sides.charts import DASHES, SYMBOLS, charts
from powertune.render.sides.csv_table import COLUMNS, sides_csv
from powertune.render.sides.markdown import sides_markdown
from powertune.render.sides.page import render_sides
from powertune.render.sides.text import sides_text

HOSTILE = "</script><b>x</b> | `@all` [a](http://e.example) \x1b[2J \u202eevil שלום 😀 =1+1"


def compared(*results, labels=()):
    return side_by_side(results, labels, [sentence.answer(result) for result in results])


@pytest.fixture
def two(make_result):
    return compared(result_on(make_result, ARM), result_on(make_result, X86, factor="1.25", work_ms=440.0))


@functools.cache
def many(make_result):
    """Eight runs, of each kind."""
    found = [
        make_result(),
        result_on(make_result, ARM),
        result_on(make_result, X86),
        replace(searched(make_result), run_id="search"),
        replace(cold_run(make_result), run_id="cold"),
        replace(dry_run(make_result), run_id="dry"),
        make_result(run_id="none", best_mb=None, failing_mb=(128, 256, 512, 1024, 1769, 3008)),
        make_result(run_id="yen", price=replace(make_result().price, currency="JPY")),
    ]
    return compared(*found, labels=[f"run {at}" for at in range(8)])


@functools.cache
def hostile(make_result):
    found = []
    for at in range(2):
        result = make_result(run_id=f"{HOSTILE}{at}")
        sizes = tuple(replace(size, reason=HOSTILE) for size in result.memory_sizes)
        function = replace(
            result.function,
            name=f"{HOSTILE}{at}",
            runtime=HOSTILE,
            region=f"{HOSTILE}{at}",
            code_sha256=f"{HOSTILE}{at}",
        )
        found.append(replace(result, memory_sizes=sizes, function=function, started_at=HOSTILE))
    return compared(*found, labels=[f"{HOSTILE[:30]} {at}" for at in range(2)])


def expected_rows(found):
    """What every form says of each run at each size: mean, its difference, cost, its difference, p95, used memory."""
    for row in words.rows(found):
        texts = row.texts
        yield row.memory_mb, found.runs[row.run].label, (*texts[:5], texts[6]) if not row.state else None


# --- the same figures -------------------------------------------------------------------------------------------


def test_the_terminal_the_markdown_and_the_page_say_the_same(two):
    text, page = sides_text(two, width=200), Page(render_sides(two))
    lines = [line.split() for line in text.splitlines()]
    (table,) = markdown_tables(sides_markdown(two))
    rows = list(expected_rows(two))
    assert len(table[1:]) == len(rows) == 6
    words = page.section("sizes")
    for (memory_mb, label, figures_of), line in zip(rows, table[1:], strict=True):
        assert line[1] == label
        assert line[0] in ("", figures.memory(memory_mb))
        assert (*line[2:7], line[8]) == figures_of
        wanted = " ".join(filter(None, figures_of[:5])).split()
        assert any(_within(wanted, shown) for shown in lines), wanted
        assert " ".join(wanted) in words


def _within(wanted, line):
    return any(line[at : at + len(wanted)] == wanted for at in range(len(line)))


def test_csv_and_json_have_the_exact_figures_behind_the_texts(two):
    rows = list(csv.DictReader(io.StringIO(sides_csv(two))))
    assert list(rows[0]) == list(COLUMNS)
    data = json.loads("".join(FORMATS["json"].several(two, Look())))
    assert data["answer"] == words.answer(two)
    by_place = {(row["memory_mb"], row["label"]): row for row in rows}
    assert len(by_place) == 6
    for run, told in zip(two.runs, data["runs"], strict=True):
        for size, written in zip(run.sizes, told["sizes"], strict=True):
            row = by_place[str(size.memory_mb), run.label]
            assert float(row["mean_ms"]) == size.duration_ms == written["duration_ms"]
            assert float(row["mean_ms_low"]) == size.duration_interval.low
            assert float(row["p95_ms"]) == size.p95_ms
            assert str(size.per_million.amount) == written["per_million"]["amount"]
            assert row["cost_per_million"] == str(size.per_million.amount).rstrip("0")
            if size.duration_versus is not None:
                assert float(row["mean_versus_first"]) == size.duration_versus.share
                assert row["mean_within_noise"] == str(size.duration_versus.within_noise).lower()
            assert row["environment"] == told["environment"] == "aws"
            assert row["recommended"] == str(size.memory_mb == run.recommended_mb).lower()


@pytest.mark.parametrize("form", ["table", "markdown", "html", "json"])
def test_every_form_has_the_sentence_and_each_runs_own_answer(two, form):
    text = "".join(FORMATS[form].several(two, Look(width=500)))
    text = Page(text).text if form == "html" else text
    for said in (words.answer(two), *(run.sentence for run in two.runs)):
        assert said in text


@pytest.mark.parametrize("form", ["table", "markdown", "html"])
def test_every_form_warns_of_what_else_differs_and_says_that_it_is_no_test(make_result, local_environment, form):
    found = compared(make_result(), make_result(run_id="b", environment=local_environment))
    text = "".join(FORMATS[form].several(found, Look(width=500)))
    text = Page(text).text if form == "html" else text.replace("**", "")
    warning = {
        "table": "Warning: not alike in Place.",
        "markdown": "Not alike in Place",
        "html": "The runs are not alike",
    }
    assert warning[form] in text
    assert "it is no regression test" in text


def test_every_form_says_what_only_one_run_measured(make_result):
    found = compared(
        make_result(sizes_mb=(512, 1024), failing_mb=(), best_mb=512, equivalent_mb=()),
        make_result(sizes_mb=(512,), failing_mb=(), best_mb=512, equivalent_mb=(), run_id="b"),
        labels=("one", "two"),
    )
    for text in (sides_text(found), sides_markdown(found), Page(render_sides(found)).text):
        assert "Only one measured 1,024 MB." in text


# --- the terminal -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 20, 40, 60, 80, 100, 160])
@pytest.mark.parametrize("kind", ["two", "many", "hostile"])
def test_no_line_is_wider_than_the_terminal(make_result, two, width, kind):
    found = {"two": lambda: two, "many": lambda: many(make_result), "hostile": lambda: hostile(make_result)}[kind]()
    for ascii_only in (False, True):
        lines = sides_text(found, width=width, ascii_only=ascii_only).splitlines()
        assert max(map(cells, lines)) <= max(width, 20)


def test_the_answer_comes_first_and_is_bold_with_colour(two):
    assert sides_text(two, width=300).splitlines()[0] == words.answer(two)
    assert sides_text(two, width=300, colour=True).splitlines()[0] == f"\x1b[1m{words.answer(two)}\x1b[0m"
    assert "\x1b" not in sides_text(two, width=300)


def test_a_star_marks_what_a_run_recommends(two):
    starred = [line for line in sides_text(two, width=300).splitlines() if re.search(r"(^| )\*(arm64|x86_64) ", line)]
    assert len(starred) == 2
    assert starred[0].startswith("1,769 MB  *arm64 ")
    assert starred[1].strip().startswith("*x86_64 ")


def test_ascii_is_ascii(make_result):
    assert sides_text(many(make_result), ascii_only=True).isascii()


# --- markdown ---------------------------------------------------------------------------------------------------


def test_hostile_words_stay_words_in_markdown(make_result):
    from markdown_it import MarkdownIt

    found = hostile(make_result)
    text = sides_markdown(found)
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert "<b>" not in html
    assert "<a " not in html
    assert "</script>" not in html.replace("&lt;/script&gt;", "")
    (table,) = markdown_tables(text)
    assert {len(row) for row in table} == {11}


def test_many_rows_are_cut_and_said_to_be(make_result):
    sizes = tuple(range(128, 128 + 64 * 60, 64))
    one = make_result(sizes_mb=sizes, failing_mb=(), best_mb=128, equivalent_mb=(), present_mb=128)
    text = sides_markdown(compared(one, replace(one, run_id="b")))
    assert "24 more rows in the other forms." in text


# --- csv --------------------------------------------------------------------------------------------------------


def test_no_cell_is_a_formula_and_unknown_is_empty(make_result):
    found = compared(make_result(), make_result(run_id="b"), labels=("=cmd()", "@b"))
    rows = list(csv.DictReader(io.StringIO(sides_csv(found))))
    assert {row["label"] for row in rows} == {"'=cmd()", "'@b"}
    assert {row["mean_versus_first"] for row in rows if row["label"] == "'=cmd()"} == {""}


# --- the page ---------------------------------------------------------------------------------------------------


def test_the_page_is_whole_and_each_chart_is_also_in_words(two):
    page = Page(render_sides(two))
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(set(ids)) == len(ids)
    for name in ("sides-duration", "sides-cost"):
        assert {f"chart-{name}", f"words-{name}", f"title-{name}"} <= set(ids)
    mean = figures.duration_estimate(two.runs[0].sizes[0].duration_ms, two.runs[0].sizes[0].duration_interval)
    assert f"512 MB: arm64 {mean}; x86_64" in page.text


def test_hostile_words_stay_words_on_the_page(make_result):
    source = render_sides(hostile(make_result))
    page = Page(source)
    assert page.open == []
    assert "</script><b>x</b>" in page.text
    assert not any(tag == "b" and attributes for tag, attributes in page.elements)
    assert source.count("<script") == 3
    assert "\x1b" not in source
    assert "\u202e" not in source


def test_each_run_has_a_shape_a_dash_and_a_colour_of_its_own(make_result):
    found = many(make_result)
    drawn = charts(found)["sides-duration"]["data"]
    looks = [(one["marker"]["symbol"], one["line"]["dash"], one["meta"]) for one in drawn]
    assert len({symbol for symbol, _, _ in looks}) == len(looks) == 7  # one run measured nothing
    assert len(SYMBOLS) == len(DASHES) == 8


def test_costs_in_another_currency_are_not_drawn_on_the_same_axis(make_result):
    found = many(make_result)
    drawn = charts(found)["sides-cost"]["data"]
    assert "side-7" not in [one["meta"] for one in drawn]
    assert "run 7 cannot be drawn here: another currency." in Page(render_sides(found)).text


def test_a_chart_draws_the_means_and_their_intervals(two):
    chart = charts(two)["sides-cost"]
    first = chart["data"][0]
    size = two.runs[0].sizes[0]
    assert first["y"][0] == float(size.per_million.amount)
    assert first["error_y"]["array"][0] == pytest.approx(size.per_million_interval.high - first["y"][0])
    assert first["error_y"]["arrayminus"][0] == pytest.approx(first["y"][0] - size.per_million_interval.low)
    assert chart["page"]["kind"] == "sides"


def test_durations_far_apart_are_drawn_on_a_logarithmic_axis(make_result, two):
    assert not charts(two)["sides-duration"]["page"]["log"]
    slow = result_on(make_result, X86, work_ms=20_000.0)
    assert charts(compared(result_on(make_result, ARM), slow))["sides-duration"]["page"]["log"]


def test_runs_that_share_no_size_make_a_page_without_charts(make_result):
    found = compared(
        make_result(best_mb=None), make_result(sizes_mb=(192,), failing_mb=(), best_mb=None, run_id="b"), labels="ab"
    )
    page = Page(render_sides(found))
    assert not any("chart" in (attributes.get("class") or "") for _, attributes in page.elements)
    assert "b and a measured no memory size in common" in page.text
    assert markdown_tables(sides_markdown(found)) == []
    assert "─" not in sides_text(found)


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "html", "json"])
def test_eight_runs_of_every_kind_have_every_form(make_result, form):
    assert "".join(FORMATS[form].several(many(make_result), Look()))


def test_tiny_and_huge_figures_are_written_in_their_units(make_result):
    result = make_result()
    sizes = tuple(
        replace(
            size,
            warm=replace(size.warm, duration_ms=replace(size.warm.duration_ms, mean=ms, mean_interval=None)),
            cost=replace(size.cost, per_million=Money(amount=size.cost.per_million.amount * 1000, currency="USD")),
        )
        for size, ms in zip(result.memory_sizes[1:3], (0.01, 900_000.0), strict=True)
    )
    text = sides_text(compared(replace(result, memory_sizes=sizes), result), width=200)
    assert "10.0 µs" in text
    assert "900 s" in text
