"""Whatever form a result is read in, it says the same: page, terminal, Markdown, CSV and JUnit XML."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from html_page import Page
from read_back import cold_from_html, column_of_text, from_csv, from_html, from_junit, from_markdown, from_terminal
from searched_runs import searched
from shown_runs import cold_run, dry_run, full_run
from two_architectures import ARM, X86, result_on

from powertune.decide.architectures import combined
from powertune.decide.score import recommend
from powertune.decide.summary import size_result
from powertune.domain.price import Money
from powertune.domain.result import Environment, SizeStatus, TuningResult
from powertune.domain.search import LatencyStatistic, LatencyTarget
from powertune.domain.traffic import MonthlyTraffic, TrafficSource
from powertune.pricing.bill import invocation_cost
from powertune.render import figures, means, monthly, sentence
from powertune.render.bill import spent
from powertune.render.compared import is_measured
from powertune.render.html import render_html
from powertune.render.safe import cells
from powertune.render.text.csv_tables import sizes_csv
from powertune.render.text.junit import render_junit
from powertune.render.text.markdown import render_markdown
from powertune.render.text.size_columns import size_columns
from powertune.render.text.terminal import render_terminal

Make = Callable[..., TuningResult]
TRAFFIC = MonthlyTraffic(invocations=12_345_678, source=TrafficSource.CLOUDWATCH, days=14)
ALL_MB = (128, 256, 512, 1024, 1769, 3008)


def lasting(build: Make, durations_ms: dict[int, float]) -> TuningResult:
    """A run whose warm invocations take that long at each memory size, but for a spread of two per cent."""
    base = build(sizes_mb=tuple(durations_ms), failing_mb=(), best_mb=None, present_mb=min(durations_ms))
    samples = tuple(
        replace(one, duration_ms=took, billed_ms=int(took + (one.init_ms or 0)) + 1)
        for one in base.samples
        for took in [durations_ms[one.memory_mb] * (1 + 0.002 * one.order)]
    )
    rows = tuple(
        size_result(
            memory_mb,
            [one for one in samples if one.memory_mb == memory_mb],
            lambda billed_ms, mb: invocation_cost(billed_ms, mb, base.price),
        )
        for memory_mb in durations_ms
    )
    best = recommend(rows, base.request.objective, present_memory_mb=base.function.original_memory_mb)
    return replace(base, samples=samples, memory_sizes=rows, recommendation=best)


def in_euro(build: Make) -> TuningResult:
    return build(price=replace(build().price, currency="EUR"))


def one_not_measured(build: Make) -> TuningResult:
    result = build()
    missing = replace(
        result.memory_sizes[0], status=SizeStatus.NOT_MEASURED, invocations=0, errors=0, reason="Stopped."
    )
    return replace(result, memory_sizes=(missing, *result.memory_sizes[1:]))


RUNS: dict[str, Callable[[Make], TuningResult]] = {
    "the usual": lambda build: build(),
    "the present is the best": lambda build: build(present_mb=1769),
    "few samples": lambda build: build(invocations=3),
    "thousands of samples": lambda build: build(sizes_mb=(512, 1769), failing_mb=(), invocations=1200),
    "failures": lambda build: build(failing_mb=(128, 256)),
    "one not measured": one_not_measured,
    "all failed": lambda build: build(failing_mb=ALL_MB, best_mb=None),
    "one size": lambda build: build(sizes_mb=(512,), failing_mb=(), best_mb=512, equivalent_mb=()),
    "cold starts only": cold_run,
    "restores only": lambda build: cold_run(build, restore=True),
    "a dry run": dry_run,
    "a warm dry run": lambda build: dry_run(build, cold=False),
    "a search": searched,
    "a missed target": lambda build: searched(
        build, latency_target=LatencyTarget(statistic=LatencyStatistic.P95, limit_ms=1.0)
    ),
    "everything": full_run,
    "with traffic": lambda build: build(traffic=TRAFFIC),
    "in euro": in_euro,
    "in yuan": lambda build: build(price=replace(build().price, currency="CNY")),
    "on the endpoint": lambda build: build(environment=Environment(kind="local", cpu_method="quota", cores=2)),
    "10 µs to 15 min": lambda build: lasting(build, {128: 895_000.0, 1024: 1_000.0, 3008: 0.01}),
    "all of 10 µs": lambda build: lasting(build, dict.fromkeys((128, 256, 512), 0.0102)),
    "all of 15 min": lambda build: lasting(build, {128: 880_000.0, 256: 870_500.0, 10_240: 861_000.0}),
    "two instruction sets": lambda build: combined(
        {ARM: result_on(build, ARM), X86: result_on(build, X86, factor="1.5")}, {}, ARM
    ),
    "the other instruction set": lambda build: combined(
        {ARM: result_on(build, ARM, factor="1.5"), X86: result_on(build, X86)}, {}, ARM
    ),
    "one instruction set refused": lambda build: combined({ARM: result_on(build, ARM)}, {X86: "It may not."}, ARM),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A result in every form."""

    result: TuningResult
    page: str
    terminal: str
    markdown: str
    table: str
    junit: str


_WRITTEN: dict[str, Written] = {}


@pytest.fixture(params=RUNS, ids=str)
def written(request: pytest.FixtureRequest, make_result: Make) -> Written:
    if request.param not in _WRITTEN:
        result = RUNS[request.param](make_result)
        _WRITTEN[request.param] = Written(
            result=result,
            page=render_html(result),
            terminal=render_terminal(result, width=400),
            markdown=render_markdown(result),
            table=sizes_csv(result),
            junit=render_junit(result),
        )
    return _WRITTEN[request.param]


def test_every_form_has_every_size_and_figure_the_same(written: Written) -> None:
    result, architecture = written.result, written.result.function.architecture.value
    exact = from_csv(written.table, architecture)
    read = {
        "CSV": exact,
        "JUnit": from_junit(written.junit, architecture),
        "page": from_html(written.page),
        "terminal": from_terminal(written.terminal),
        "Markdown": from_markdown(written.markdown),
    }
    assert list(exact.sizes) == [size.memory_mb for size in result.memory_sizes]
    best = result.recommendation
    for form, said in read.items():
        assert list(said.sizes) == list(exact.sizes), form
        assert said.recommended == (best.memory_mb if best else None), form
        for memory_mb, texts in said.sizes.items():
            assert texts == as_said_in(form, result, exact.sizes[memory_mb]), (form, memory_mb)


@pytest.mark.parametrize("width", [100, 60])
def test_a_narrower_terminal_leaves_columns_out_and_says_the_rest_the_same(written: Written, width: int) -> None:
    result = written.result
    exact = from_csv(written.table, result.function.architecture.value)
    text = render_terminal(result, width=width, chart=True)
    said = from_terminal(text)
    assert max(map(cells, text.splitlines())) <= width
    assert list(said.sizes) == list(exact.sizes)
    for memory_mb, texts in said.sizes.items():
        whole = as_said_in("terminal", result, exact.sizes[memory_mb])
        assert texts == {name: whole[name] for name in texts}, memory_mb
        assert not whole or {"mean", "cost"} <= set(texts)
    assert f" {sentence.answer(result)} " in f" {' '.join(text.split())} "


def as_said_in(form: str, result: TuningResult, figures: dict[str, str]) -> dict[str, str]:
    """The figures as far as a form has columns for them."""
    said = dict(figures)
    if form in ("CSV", "JUnit"):
        return said
    if result.request.dry_run:
        said.pop("p95", None)
    if form == "Markdown" and not any(size.errors for size in result.memory_sizes):
        said.pop("errors")
    if form == "terminal":
        del said["invocations"], said["errors"]
        if "cost" in said:  # without its interval
            said["cost"] = re.split(r" ± | \(", said["cost"])[0]
    return said


def test_the_sentence_is_the_same_in_every_form(written: Written) -> None:
    answer = sentence.answer(written.result)
    assert answer in Page(written.page).text
    assert f" {answer} " in f" {from_terminal(written.terminal).sentence} "
    assert from_markdown(written.markdown).sentence == answer
    assert from_junit(written.junit, written.result.function.architecture.value).sentence == answer


def test_the_examples_in_the_docs_are_what_is_written(make_result: Make) -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    assert f"```text\n{render_terminal(make_result(), width=100, chart=True)}```" in page
    assert f"```markdown\n{render_markdown(make_result())}```" in page


def test_the_figures_are_those_of_the_result(make_result: Make) -> None:
    result = make_result()
    read = from_html(render_html(result)).sizes[1769]
    size = result.memory_sizes[4]
    assert size.warm.duration_ms is not None
    assert read["mean"].split(" ± ")[0] == f"{size.warm.duration_ms.mean:.0f}"
    assert size.cost is not None
    assert Decimal(read["cost"].split(" ± ")[0].strip("$")) == round(size.cost.per_million.amount, 2)


def test_the_sentence_and_the_tables_write_one_mean_alike(make_result: Make) -> None:
    result = make_result(present_mb=1769)
    text = from_markdown(render_markdown(result))
    mean, cost = (text.sizes[1769][name] for name in ("mean", "cost"))
    assert f"{mean.split(' ± ')[0]} ms and {cost.split(' ± ')[0]} per million" in text.sentence


@pytest.mark.parametrize("build", [lambda make: make(cold=3), full_run, cold_run, searched, dry_run])
def test_what_a_cold_start_begins_with_is_the_same_in_every_form(
    make_result: Make, build: Callable[[Make], TuningResult]
) -> None:
    result = build(make_result)
    page, exact = render_html(result), csv.DictReader(io.StringIO(sizes_csv(result)))
    table, means_ms = cold_from_html(page), {int(row["memory_mb"]): row["cold_init_mean_ms"] for row in exact}
    in_terminal, in_markdown = (
        column_of_text(text, next(one.title for one in size_columns(result) if one.title.startswith("Cold init")))
        for text in (render_terminal(result, width=100), render_markdown(result))
    )
    compared = 0
    for size in result.memory_sizes:
        found = size.cold.init_ms
        if found is None:
            assert means_ms[size.memory_mb] == ""
            continue
        said = means.duration(found)
        if is_measured(result, size):
            assert in_terminal[size.memory_mb].split(" (")[0] == in_markdown[size.memory_mb].split(" (")[0] == said
            compared += 1
        assert table[size.memory_mb]["Init mean"] == means.duration_estimate(found)
        assert figures.duration(float(means_ms[size.memory_mb]), found.mean_interval) == said
        if "Parts of a cold start" in page:
            assert f"{figures.memory(size.memory_mb)}: Init {said}, " in Page(page).text
    assert compared > 3


def test_the_money_of_a_search_is_the_same_in_every_form(make_result: Make) -> None:
    result = replace(searched(make_result), traffic=TRAFFIC)
    best = result.recommendation
    assert best is not None
    month, at_best = monthly.month_sentence(result), monthly.best_words(result)
    page, terminal = Page(render_html(result)).text, " ".join(render_terminal(result, width=100).split())
    markdown, junit = render_markdown(result), render_junit(result)
    assert f"{at_best} a month at {figures.memory(best.memory_mb)}" in month
    assert f"A month at your traffic{at_best}" in page
    for text in (terminal, markdown, junit):
        assert month in text
        assert spent(result) in text
    assert sentence.answer(result) in page
    exact = {int(row["memory_mb"]): row for row in csv.DictReader(io.StringIO(sizes_csv(result)))}
    costs = [from_terminal(render_terminal(result, width=width)).sizes for width in (100, 400)]
    costs += [from_html(render_html(result)).sizes, from_markdown(markdown).sizes]
    for size in result.memory_sizes:
        assert size.cost is not None
        assert Decimal(exact[size.memory_mb]["cost_per_million"]) == size.cost.per_million.amount
        said = {re.split(r" ± | \(", one[size.memory_mb]["cost"])[0] for one in costs}
        assert said == {means.cost(size.cost)}


def test_money_a_month_is_the_same_in_every_form(make_result: Make) -> None:
    result = make_result(traffic=TRAFFIC)
    month = monthly.month_sentence(result)
    at_best, at_present = monthly.best_words(result), monthly.present_words(result)
    assert f"{at_best} a month at 1,769 MB, {at_present} at 512 MB" in month
    assert f"A month at your traffic{at_best}now {at_present}" in Page(render_html(result)).text
    assert month in " ".join(render_terminal(result, width=400).splitlines())
    assert f"- {month}\n" in render_markdown(result)
    assert month in render_junit(result)
    exact = {row["memory_mb"]: row["cost_per_month"] for row in csv.DictReader(io.StringIO(sizes_csv(result)))}
    assert Fraction(exact["1769"]) == Fraction(result.memory_sizes[4].cost.per_invocation.amount) * 12_345_678
    assert at_best == figures.monthly(Money(amount=Decimal(exact["1769"]), currency="USD"))
