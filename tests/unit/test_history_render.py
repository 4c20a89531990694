"""A history as people see it: the table of the terminal, the page, and its charts."""

import dataclasses
import json
import re
from decimal import Decimal

import pytest
from html_page import Page
from kept_runs import FIRST, run_on, slower
from shown_runs import cold_run, dry_run, full_run

from powertune.domain.compared import ComparedBy
from powertune.domain.function import Architecture
from powertune.domain.history import summary_of
from powertune.domain.price import Money
from powertune.domain.result import Environment
from powertune.render import figures
from powertune.render.history import words
from powertune.render.history.charts import COST, DURATION, drawable, history_charts
from powertune.render.history.page import render_history_page
from powertune.render.history.text import render_functions, render_history
from powertune.render.safe import cells

HOSTILE = "</script><script>window.hit=1</script><img src=x onerror='hit=1'>\u202e\U0001f600" + "x" * 400


@pytest.fixture
def runs(make_result):
    """Six runs, the newest first: other code from the fourth on, and 1,024 MB from the fifth on."""
    made = [run_on(make_result, day, code=int(day >= 3), present_mb=1024 if day >= 4 else 512) for day in range(6)]
    return [summary_of(run) for run in made][::-1]


def page_of(runs, **more):
    return Page(render_history_page(runs, version="0.1.0", **more))


def alternative(runs, chart):
    """A chart in words."""
    page = render_history_page(runs, version="0.1.0")
    return page.partition(f'id="words-{chart}"')[2].partition("</div>")[0]


def traces(chart, role):
    return [trace for trace in chart["data"] if trace["meta"] == role]


# --- on the terminal --------------------------------------------------------------------------------------------


def test_the_table_has_a_line_for_each_run_and_marks_other_code(runs):
    lines = render_history(runs, width=200).splitlines()
    assert lines[0] == "orders-api: 6 runs from 1 September to 6 September 2026, with one change of code."
    rows = lines[4:10]
    assert [line.split()[2] for line in rows] == [run.run_id for run in runs]
    assert [("*" in line) for line in rows] == [False, False, True, False, False, False]
    assert "1,024 → 1,769 MB" in rows[0]
    assert "512 → 1,769 MB" in rows[2]


def test_a_figure_in_the_table_is_written_as_everywhere(runs):
    text, run = render_history(runs, width=200), runs[0]
    assert f"{words.duration(run.present)} → {words.duration(run.recommended)}" in text
    assert f"{words.cost(run.present)} → {words.cost(run.recommended)}" in text
    assert figures.money(run.cost) in text


@pytest.mark.parametrize("width", [1, 20, 33, 60, 80, 100, 160])
def test_no_line_is_wider_than_the_terminal(runs, width):
    odd = [dataclasses.replace(run, run_id="界" * 50, code_sha256="界" * 50) for run in runs]
    for some in (runs, odd):
        for text in (render_history(some, width=width), render_functions(some, width=width)):
            assert max(map(cells, text.splitlines())) <= max(width, 20)


def test_a_narrow_terminal_keeps_date_code_and_memory(runs):
    text = render_history(runs, width=50)
    assert "Code" in text
    assert "Memory" in text
    assert "How sure" not in text


def test_a_spark_is_of_the_newest_runs_memory_size_and_kind_alone(runs, make_result, local_environment):
    text = render_history(runs, width=120)
    assert "Duration at 1,024 MB, oldest first" not in text  # two runs of six had it
    more = [*runs, summary_of(dataclasses.replace(run_on(make_result, 9), environment=local_environment))]
    assert "oldest first" not in render_history(more, width=120)
    same = [summary_of(slower(run_on(make_result, day), 1 + day)) for day in range(4)][::-1]
    (line,) = [one for one in render_history(same, width=120).splitlines() if "oldest first" in one]
    assert re.search(r"Duration at 512 MB, oldest first: ▃?▂?[▁-█]{3}█", line)
    (line,) = [one for one in render_history(same, width=120, plain=True).splitlines() if "oldest first" in one]
    assert line.partition("first: ")[2].partition("  ")[0].isascii()


def test_hostile_words_neither_steer_the_terminal_nor_break_a_line(runs):
    odd = [
        dataclasses.replace(runs[0], run_id=f"{HOSTILE}\x1b[31m\n", code_sha256="\x1b]0;x\x07", started_at="\x1b[2J")
    ]
    for text in (render_history(odd, width=100), render_functions(odd, width=100)):
        assert "\x1b" not in text
        assert "\u202e" not in text


APART = (
    {"compared": ComparedBy.COLD},
    {"compared": ComparedBy.ONCE},
    {"environment": "local"},
    {"environment": "endpoint"},
    {"own_architecture": Architecture.X86_64},
    {"applied_mb": 1769},
    {"restored": False},
    {"warnings": 12},
    {"compared": ComparedBy.COLD, "environment": "local", "own_architecture": Architecture.X86_64, "warnings": 1},
    {
        "compared": ComparedBy.ONCE,
        "environment": "endpoint",
        "own_architecture": Architecture.X86_64,
        "applied_mb": 1769,
        "restored": False,
        "warnings": 1_200,
    },
)
"""Changes that set a run apart."""


@pytest.mark.parametrize("width", [20, 41, 60, 80, 100, 120, 300])
@pytest.mark.parametrize("changes", APART, ids=lambda changes: "-".join(changes))
def test_every_remark_of_a_run_is_in_the_table_at_any_width(runs, width, changes):
    odd = dataclasses.replace(runs[1], **changes)
    text = render_history([runs[0], odd, *runs[2:]], width=width)
    assert words.remarks(odd)
    for word in " ".join(words.remarks(odd)).split():
        assert word in text
    assert max(map(cells, text.splitlines())) <= width
    if width >= 80:
        assert all(title in text for title in ("Date (UTC)", "Code", "Memory", "Mean duration", "Remarks"))


@pytest.mark.parametrize("width", [20, 60, 80, 100])
@pytest.mark.parametrize("changes", APART, ids=lambda changes: "-".join(changes))
def test_every_remark_of_the_last_run_is_in_the_list_of_functions_at_any_width(runs, width, changes):
    odd = dataclasses.replace(runs[0], **changes)
    text = render_functions([odd, *runs[1:]], width=width)
    for word in " ".join(words.remarks(odd)).split():
        assert word in text
    assert max(map(cells, text.splitlines())) <= width


def test_a_remark_stands_beside_its_run_and_beside_no_other(runs):
    odd = [dataclasses.replace(run, warnings=0) for run in runs]
    odd[2] = dataclasses.replace(odd[2], compared=ComparedBy.COLD, environment="local", applied_mb=512, restored=False)
    lines = render_history(odd, width=80).splitlines()
    (first,) = [number for number, line in enumerate(lines) if "cold starts" in line]
    assert words.date(odd[2]) in lines[first]
    below = [line for line in lines[first + 1 :] if line.startswith(" ")]
    rest = " ".join([lines[first].partition("cold starts")[2], *map(str.strip, below)])
    assert " ".join(rest.split()) == ", local, applied, not ended, or not put back"


# --- the charts -------------------------------------------------------------------------------------------------


def test_runs_are_joined_at_the_same_memory_size_only(runs):
    chart = history_charts(runs)[DURATION]
    assert [len(trace["x"]) for trace in traces(chart, "present")] == [4, 2]
    assert [len(trace["x"]) for trace in traces(chart, "recommended")] == [6]


def test_a_point_has_the_mean_its_interval_and_what_it_is_in_words(runs):
    chart = history_charts(runs)[COST]
    (trace, *_), run = traces(chart, "present"), runs[-1]
    between = run.present.cost.per_million_interval
    mean = float(run.present.cost.per_million.amount)
    assert trace["x"][0] == f"{FIRST:%Y-%m-%d %H:%M:%S}"
    assert trace["y"][0] == mean
    assert trace["error_y"]["array"][0] == pytest.approx(between.high - mean)
    assert trace["error_y"]["arrayminus"][0] == pytest.approx(mean - between.low)
    for word in ("512 MB (the size it had)", "per million", run.run_id, run.code_sha256[:8]):
        assert word in trace["text"][0]


def test_a_local_run_is_open_and_joined_with_none_on_aws(runs, make_result, local_environment):
    near = summary_of(dataclasses.replace(run_on(make_result, 2.5), environment=local_environment))
    chart = history_charts([*runs, near])[DURATION]
    alone = [trace for trace in chart["data"] if trace["marker"]["symbol"].endswith("-open")]
    assert [len(trace["x"]) for trace in alone] == [1, 1]
    assert all("local" in trace["text"][0] for trace in alone)


def test_other_payloads_and_other_prices_are_not_joined(make_result):
    usual, other = run_on(make_result, 1), run_on(make_result, 2)
    busy = dataclasses.replace(full_run(make_result), run_id="busy", started_at="2026-09-09T00:00:00Z")
    price = dataclasses.replace(other.price, per_gb_second=Decimal("0.00002"))
    charts = history_charts([summary_of(usual), summary_of(busy)])
    assert [len(trace["x"]) for trace in traces(charts[DURATION], "present")] == [1, 1]
    charts = history_charts([summary_of(usual), summary_of(dataclasses.replace(other, price=price))])
    assert [len(trace["x"]) for trace in traces(charts[DURATION], "present")] == [2]
    assert [len(trace["x"]) for trace in traces(charts[COST], "present")] == [1, 1]


def test_costs_of_two_currencies_are_not_on_one_axis(runs):
    def in_yuan(size):
        amount = Money(amount=size.cost.per_million.amount, currency="CNY")
        return dataclasses.replace(size, cost=dataclasses.replace(size.cost, per_million=amount))

    odd = dataclasses.replace(
        runs[-1],
        cost=Money(amount=Decimal(1), currency="CNY"),
        present=in_yuan(runs[-1].present),
        recommended=in_yuan(runs[-1].recommended),
    )
    mixed = [*runs[:-1], odd]
    charts = history_charts(mixed)
    assert sum(len(trace["x"]) for trace in traces(charts[COST], "present")) == 5
    assert sum(len(trace["x"]) for trace in traces(charts[DURATION], "present")) == 6
    assert "1 run in another currency" in page_of(mixed).text
    assert "CN¥1.00 and $" in page_of(mixed).text
    cost, duration = (alternative(mixed, name) for name in ("past-cost", "past-duration"))
    assert words.date(odd) in duration
    assert words.date(odd) not in cost
    assert "CN¥" not in cost


def test_every_change_of_code_has_a_line_a_name_and_a_mark(runs):
    chart = history_charts(runs)[DURATION]
    (shape,), (label,), (marks,) = (
        chart["layout"]["shapes"],
        chart["layout"]["annotations"],
        traces(chart, "deployment"),
    )
    assert shape["x0"] == label["x"] == marks["x"][0] == "2026-09-04 08:00:00"
    assert label["text"] == "Zk1+Aa9c, 4 Sep"
    assert "q0S4vE8c" in marks["text"][0]


def test_dry_runs_and_runs_of_cold_starts_are_left_out_beside_warm_ones_and_that_is_said(runs, make_result):
    cold = summary_of(dataclasses.replace(cold_run(make_result), run_id="c", started_at="2026-09-20T00:00:00Z"))
    dry = summary_of(dataclasses.replace(dry_run(make_result), run_id="d", started_at="2026-09-21T00:00:00Z"))
    lost = dataclasses.replace(runs[0], run_id="l", started_at="?")
    shown = page_of([dry, cold, *runs, lost])
    assert "Not drawn: 1 run without a date, 1 dry run, 1 run of cold starts alone." in shown.text
    assert "at the same list prices too. Not drawn: " in shown.text
    assert len(drawable([dry, cold, *runs, lost]).runs) == 6
    alone = history_charts([dry, cold])[DURATION]
    assert alone["layout"]["yaxis"]["title"]["text"].startswith("Mean cold start")
    assert page_of([dry]).text.count("Nothing to draw") == 2


def test_a_thousand_runs_are_drawn_in_a_second_or_two(runs):
    import time

    many = [
        dataclasses.replace(runs[0], run_id=f"r{number}", started_at=f"{FIRST.replace(year=1000 + number):%Y}-01-01")
        for number in range(1_000)
    ]
    before = time.monotonic()
    page = render_history_page(many, version="0.1.0")
    assert time.monotonic() - before < 5
    assert len(page) < 4_000_000


# --- the page ---------------------------------------------------------------------------------------------------


def test_the_page_says_the_same_figures_as_the_terminal(runs):
    shown, text = page_of(runs), render_history(runs, width=300)
    for run in runs:
        for figure in (
            words.duration(run.present),
            words.cost(run.recommended),
            figures.money(run.cost),
        ):
            assert figure in text
        assert run.run_id in shown.section("runs")
        assert words.memory(run) in shown.section("runs")


def test_every_chart_has_an_alternative_in_words(runs):
    shown = page_of(runs)
    places = [attributes for tag, attributes in shown.elements if (attributes.get("class") or "").startswith("chart ")]
    assert [place["id"] for place in places] == ["chart-past-duration", "chart-past-cost"]
    assert all(place["role"] == "img" and place["aria-describedby"] for place in places)
    assert "2026-09-01 08:00, code q0S4vE8c: " in shown.text


def test_the_words_of_many_runs_are_of_the_first_and_the_last(runs, make_result):
    many = [summary_of(run_on(make_result, day)) for day in range(20)][::-1]
    assert "8 runs between these and the next; the table below has every one." in page_of(many).text


def test_a_link_leads_to_a_report_beside_the_page_and_to_nothing_else(runs):
    shown = page_of(runs, reports={runs[2].run_id: f"{runs[2].run_id}/report.html"})
    links = [attributes["href"] for tag, attributes in shown.elements if tag == "a"]
    assert links == ["#runs", f"{runs[2].run_id}/report.html"]


def test_hostile_words_stay_words_on_the_page(runs):
    odd = [
        dataclasses.replace(run, run_id=f"{HOSTILE}{number}", code_sha256=f"{number}{HOSTILE}", environment=HOSTILE)
        for number, run in enumerate(runs)
    ]
    shown = page_of(odd)
    assert not [tag for tag, _ in shown.elements if tag == "img"]
    assert len(shown.scripts) == 3
    data = json.loads(shown.scripts[0])
    assert all("<img" not in text for text in data[DURATION]["data"][0]["text"])
    assert shown.open == []


def test_one_run_makes_a_page_too_and_none_is_refused(runs):
    shown = page_of(runs[:1])
    assert "orders-api: 1 run on 6 September 2026." in shown.text
    assert "Deployments" not in shown.text
    with pytest.raises(ValueError, match="needs a run"):
        render_history_page([], version="0.1.0")


def test_the_page_says_which_runs_were_not_on_aws(runs):
    odd = [dataclasses.replace(runs[0], environment="local"), *runs[1:]]
    assert "Not all on AWS." in page_of(odd).text
    assert "Not all on AWS." not in page_of(runs).text


def test_what_sets_a_run_apart_stands_before_its_figures_on_the_page(runs):
    odd = dataclasses.replace(runs[0], compared=ComparedBy.ONCE, environment="local")
    section = page_of([odd, *runs[1:]]).section("runs")
    assert section.index("Remarks") < section.index("Memory size")
    assert section.index("dry run, local") < section.index(words.memory(odd))


def test_a_run_that_found_nothing_has_dashes(make_result):
    empty = summary_of(run_on(make_result, 1, best_mb=None, failing_mb=(128, 256, 512, 1024, 1769, 3008)))
    assert "512 → –" in render_history([empty], width=200)
    assert "–" in page_of([empty]).section("runs")
    other = dataclasses.replace(empty, environment=Environment(kind="local").kind)
    assert history_charts([other]) == {}
