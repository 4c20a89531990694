"""A check in every form: the verdict in words, the same figures everywhere, and files that others can read."""

import csv
import io
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import checks
import pytest
from checks import MADE, check, draw
from html_page import Page
from junitparser import JUnitXml, Properties
from read_back import junit_outcomes, markdown_tables

from powertune.cli.report_formats import FORMATS, Look, made
from powertune.domain.check import CheckSettings, Metric, Verdict
from powertune.domain.history import summary_of
from powertune.domain.result import TuningResult
from powertune.domain.result_checks import contradictions
from powertune.domain.sample import Outcome
from powertune.errors import UsageError
from powertune.render import means, sentence
from powertune.render.checks import words
from powertune.render.checks.csv_table import check_csv, check_samples_csv
from powertune.render.checks.exact import METRIC_COLUMNS, SAMPLE_COLUMNS, metric_figures
from powertune.render.checks.junit import check_error_junit, render_check_junit
from powertune.render.checks.markdown import render_check_markdown
from powertune.render.checks.optimum import optimum_words
from powertune.render.checks.rows import rows
from powertune.render.checks.text import render_check_terminal
from powertune.render.history.page import render_history_page
from powertune.render.history.text import render_history
from powertune.render.html import render_html
from powertune.render.safe import cells
from powertune.wire import dumps, result_from_text


@pytest.fixture(scope="module")
def made_checks() -> dict[str, TuningResult]:
    return {name: make() for name, make in MADE.items()}


@pytest.fixture(params=MADE)
def result(request: pytest.FixtureRequest, made_checks: dict[str, TuningResult]) -> TuningResult:
    return made_checks[request.param]


def report(result: TuningResult):
    assert result.check is not None
    return result.check


def with_metric(result: TuningResult, metric: Metric, **changed) -> TuningResult:
    metrics = tuple(replace(one, **changed) if one.metric is metric else one for one in report(result).metrics)
    return replace(result, check=replace(report(result), metrics=metrics))


def flat(text: str) -> str:
    return " ".join(text.split())


# --- the verdict in words ---------------------------------------------------------------------------------------


def test_worse_names_the_metrics_with_figures_and_certainty() -> None:
    assert words.answer(checks.worse()) == (
        "orders:staging (version 8) is slower and dearer than orders:live (version 7): mean duration +19 % (99 % sure: "
        "+17 % to +22 %) and cost +15 % (+13 % to +17 %); also p50 duration."
    )


def test_worse_may_be_by_errors_alone() -> None:
    said = words.answer(checks.failing())
    assert said.startswith(
        "orders:staging (version 8) fails more often than orders:live (version 7): errors +22 points"
    )


def test_better_claims_only_what_was_waited_for() -> None:
    said = words.answer(checks.better())
    assert "is faster and cheaper than" in said
    assert "p50" not in said


def test_the_same_says_within_how_much() -> None:
    said = words.answer(checks.same())
    assert "is not worse than orders:live (version 7) by more than 5 %: mean duration −1.0 %" in said
    assert said.endswith("; no more errors were seen.")


def test_undecided_says_what_is_still_possible_and_what_ended_it() -> None:
    result = checks.undecided()
    assert "It is not decided whether" in words.answer(result)
    assert "mean duration +5.6 % (99 % sure: −2.8 % to +14 %)" in words.answer(result)
    assert "where more than +5 % would be worse" in words.answer(result)
    assert "What ended the measuring: the limit of 400 invocations of each version." in words.details(result)


def test_undecided_for_want_of_values_names_the_metrics() -> None:
    assert "mean duration, cost and errors could not be compared" in words.answer(checks.few())


def test_an_undecided_check_that_fails_says_so() -> None:
    settings = CheckSettings(undecided_fails=True)
    assert report(checks.undecided(settings=settings)).fails
    assert any("counts as failed" in text for text in words.details(checks.undecided(settings=settings)))
    assert not any("counts as failed" in text for text in words.details(checks.undecided()))


def test_without_a_reference_it_says_that_this_is_the_baseline_only_where_it_was_kept() -> None:
    assert "baseline from now on" in words.answer(checks.first())
    assert "baseline" not in words.answer(checks.first(kept_at=None))


def test_one_version_on_both_sides_is_said() -> None:
    assert "same version" in words.answer(checks.one_version())


def test_a_reference_that_was_measured_before_is_called_by_its_day() -> None:
    assert "than the baseline of 1 November 2026" in words.answer(checks.offline())
    assert "measured before, by run 20261101-020000-11aa" in words.how_measured(checks.offline())


def test_what_is_open_beside_the_answer_is_said(made_checks: dict[str, TuningResult]) -> None:
    told = words.details(made_checks["better"])
    assert any(text.startswith("Not decided, and not waited for: init duration") for text in told)
    assert any(text.startswith("Not compared: p99 duration (too few values: 846 on") for text in told)


def test_errors_that_did_not_grow_do_not_hide_how_many_more_there_may_be() -> None:
    result = with_metric(checks.same(), Metric.ERRORS, low=-0.02, high=0.04)
    told = words.details(result)
    assert "Did not grow in what was measured: errors; a growth of up to +4.0 points is not excluded." in told
    assert words.answer(result).endswith("; no more errors were seen.")
    endless = with_metric(checks.same(), Metric.ERRORS, low=None, high=None)
    assert any("a growth of any size is not excluded" in text for text in words.details(endless))


def test_errors_are_the_same_only_where_more_of_them_are_excluded() -> None:
    open_ = checks.same()
    assert {row.verdict for row in rows(open_) if row.metric is Metric.ERRORS} == {"no more seen"}
    for text in (render_check_terminal(open_, width=120), render_check_markdown(open_), Page(render_html(open_)).text):
        assert "no more seen" in text
    assert "no-more-seen" in check_csv(open_)
    assert "Verdict: no more seen" in render_check_junit(open_)
    closed = with_metric(open_, Metric.ERRORS, low=-0.01, high=0.01)
    for text in (render_check_terminal(closed, width=120), check_csv(closed), render_check_junit(closed)):
        assert not re.search("no.more.(errors.were.)?seen", text)
    assert "not excluded" not in " ".join(words.details(closed))


def test_where_errors_alone_are_compared_nothing_is_said_of_five_percent() -> None:
    said = words.answer(checks.same(settings=CheckSettings(metrics=(Metric.ERRORS,))))
    assert said == (
        "No more invocations of orders:staging (version 8) failed than of orders:live (version 7), in what was "
        "measured: errors 0 points (99 % sure: −14 to +14 points)."
    )


def test_an_interval_beyond_the_threshold_that_the_test_doubts_is_explained_in_every_form() -> None:
    result = with_metric(checks.worse(), Metric.DURATION_P50, verdict=Verdict.UNDECIDED, p_value=0.02)
    result = with_metric(result, Metric.DURATION_MEAN, verdict=Verdict.UNDECIDED, p_value=0.02)
    result = with_metric(result, Metric.COST, verdict=Verdict.SAME, change=0.01, low=0.0, high=0.02)
    result = replace(result, check=replace(report(result), verdict=Verdict.UNDECIDED))
    said, told = words.answer(result), words.details(result)
    assert "would be worse. The interval of mean duration lies beyond that, but the test that has to agree" in said
    assert any(text.startswith("Not called worse: p50 duration +19 %: the interval lies beyond") for text in told)
    page = Page(render_html(result))
    assert page.section("metrics").count("the test that has to agree does not") == 2
    assert "is in the table" in page.section("changes")
    assert render_check_junit(result).count("the test that has to agree does not") >= 3
    assert "the test" not in words.answer(checks.undecided())


def test_memory_that_grew_by_little_is_not_said_to_be_the_same_without_a_word() -> None:
    result = with_metric(checks.same(), Metric.MEMORY_USED, change=0.1, low=0.08, high=0.12, threshold=0.181560283)
    rule = "worse only beyond +18 %, which is 5 % of the memory size"
    assert f"Grew, but is {rule}: memory used +10 %." in words.details(result)
    page = Page(render_html(result))
    assert rule in page.section("metrics")
    assert "is in the table" in page.section("changes")
    assert not any(rule in text for text in words.details(checks.same()))


def test_an_interval_that_lies_lower_without_being_better_is_explained() -> None:
    result = with_metric(checks.same(), Metric.DURATION_MEAN, change=-0.2, low=-0.3, high=-0.1)
    assert any(text.startswith("Not called better: mean duration −20 %: the int") for text in words.details(result))


def test_a_threshold_has_the_digits_that_were_given() -> None:
    given = checks.same(settings=CheckSettings(threshold=0.0725))
    assert {row.threshold for row in rows(given)} == {"7.25 %", "1 point"}


FAILS = "orders:staging (version 8) fails at every invocation"


def test_a_check_of_what_fails_at_every_invocation_says_so_in_every_form() -> None:
    found = checks.failing_throughout()
    answer = words.answer(found)
    assert answer == (
        f"{FAILS}: failed in 5 of 5 invocations (ValueError: no such order). Its reference, orders:live (version 7), "
        "does not."
    )
    page = Page(render_html(found))
    junit = render_check_junit(found)
    for text in (flat(render_check_terminal(found)), render_check_markdown(found), junit, page.text):
        assert answer in text
    assert junit_outcomes(junit)["invocations"] == "error"
    assert "verdict" not in junit_outcomes(junit)


def test_what_it_is_compared_with_may_fail_as_often_or_be_missing() -> None:
    failing = draw(checks.LIVE, 0, cold=0, failing=5, seed=2)
    both = checks.failing_throughout(reference_samples=failing, verdict=Verdict.UNDECIDED)
    assert words.answer(both).startswith(f"{FAILS}: failed in 5 of 5")
    assert words.answer(both).endswith("Its reference, orders:live (version 7), does so too.")
    alone = checks.failing_throughout(reference=None, verdict=None)
    assert words.answer(alone).startswith(f"{FAILS}: failed in 5 of 5")
    assert junit_outcomes(render_check_junit(alone)) == {"invocations": "error"}


def test_a_first_check_says_in_its_headline_which_share_failed() -> None:
    some = checks.first(samples=draw(checks.STAGING, failing=5))
    assert "per million invocations, and 7 % of the invocations failed; this measurement is" in words.answer(some)
    many = checks.first(samples=draw(checks.STAGING, failing=30), kept_at=None)
    assert "per million invocations, and 30 % of the invocations failed." in words.answer(many)
    assert "failed" not in words.answer(checks.first())


def test_the_number_of_looks_is_that_of_those_planned() -> None:
    result = checks.worse()
    assert words.how_measured(result).endswith("; allowing for 4 planned looks at the figures.")
    assert "1 planned look at the figures. The reference" in words.how_measured(checks.offline())
    assert "Looks at the figures, planned 4" in Page(render_html(result)).section("how")
    assert 'name="planned_looks" value="4"' in render_check_junit(result)


def test_the_page_gives_each_reason_once() -> None:
    result = checks.same()
    source = Page(render_html(result))
    for text in ("too few values: 846 on each side", "a growth of up to +14 points is not excluded"):
        assert text in " ".join(words.details(result))
        assert source.text.count(text) == 1


@pytest.mark.parametrize(
    ("cost", "duration", "said"),
    [
        (-0.11, 0.0, "512 → 768 MB saves 11 % of the cost ("),
        (-0.11, -0.3, "512 → 768 MB saves 11 % of the cost and is 30 % faster ("),
        (-0.11, 0.2, "512 → 768 MB saves 11 % of the cost, but is 20 % slower ("),
        (0.04, -0.3, "512 → 768 MB is 30 % faster, for 4 % more cost ("),
        (None, None, "512 → 768 MB is better now ("),
    ],
)
def test_a_moved_optimum_says_what_it_saves(cost: float | None, duration: float | None, said: str) -> None:
    optimum = replace(checks.optimum(), cost_change=cost, duration_change=duration)
    assert optimum_words(optimum).startswith(f"Memory size no longer optimal: {said}")


def test_an_optimum_that_stays_is_said_and_none_is_silent() -> None:
    assert optimum_words(checks.optimum(moved=False)).startswith("Memory size still optimal: 512 MB")
    assert optimum_words(None) == ""


def test_the_answer_of_a_result_is_that_of_its_check(result: TuningResult) -> None:
    assert sentence.answer(result) == words.answer(result)


# --- every form says the same -----------------------------------------------------------------------------------


def test_every_form_has_the_answer_and_every_figure(result: TuningResult) -> None:
    answer, told = words.answer(result), list(rows(result))
    page = Page(render_html(result))
    terminal, markdown, junit = (
        render_check_terminal(result, width=140),
        render_check_markdown(result),
        render_check_junit(result),
    )
    assert flat(answer) in flat(terminal)
    assert answer in markdown
    assert answer in junit
    assert answer in page.text
    assert words.aside(report(result)) in page.text
    for row in told:
        line = next(line for line in terminal.partition("\nMetric ")[2].splitlines() if line.startswith(row.name))
        for text in (row.before, row.after, row.change, row.interval, row.verdict):
            assert text in line
            assert text in page.section("metrics")
    if told:
        table = markdown_tables(markdown)[0]
        assert len(table) == len(told) + 1
        for row, read in zip(told, table[1:], strict=True):
            assert read[1:6] == [row.before, row.after, row.change, row.interval, row.counts]
            assert read[6].removeprefix("✗ ") == row.verdict


def test_a_mean_is_written_alike_wherever_it_stands() -> None:
    result = checks.worse()
    row = next(row for row in rows(result) if row.metric is Metric.DURATION_MEAN)
    size = result.memory_sizes[0].warm.duration_ms
    assert (row.before, row.after) == ("119.8 ms", means.duration(size))


def test_money_has_the_currency_of_the_price() -> None:
    row = next(row for row in rows(checks.in_yuan()) if row.metric is Metric.COST)
    assert row.before.startswith("CN¥")


@pytest.mark.parametrize("width", [20, 34, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_the_verdict_stays(result: TuningResult, width: int) -> None:
    for ascii_only in (False, True):
        text = render_check_terminal(result, width=width, ascii_only=ascii_only)
        assert max(map(cells, text.splitlines())) <= width
        assert words.aside(report(result)).split()[0] in text
    text.encode("ascii")


def test_colour_says_nothing_that_words_do_not(result: TuningResult) -> None:
    coloured = render_check_terminal(result, width=90, colour=True)
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == render_check_terminal(result, width=90)


# --- JUnit ------------------------------------------------------------------------------------------------------


def test_each_metric_is_a_case_with_its_figures() -> None:
    result = checks.worse()
    assert junit_outcomes(render_check_junit(result)) == {
        "mean duration": "failure",
        "p50 duration": "failure",
        "p95 duration": "skipped",
        "p99 duration": "skipped",
        "cost": "failure",
        "init duration": "passed",
        "memory used": "passed",
        "errors": "passed",
    }
    (suite,) = JUnitXml.fromstring(render_check_junit(result).encode())
    assert suite.name == "powertune check orders"
    case = next(iter(suite))
    known = {one.name: one.value for one in case.child(Properties)}
    mean = report(result).metrics[0]
    assert Decimal(known["before"]) == Decimal(repr(mean.before))
    assert Decimal(known["change_low"]) == Decimal(repr(mean.low))
    assert (known["threshold"], known["confidence"]) == ("0.05", "0.99")
    assert (known["before_count"], known["after_count"]) == ("50", "50")
    assert "119.8 ms before, 142.9 ms after" in case.result[0].message
    assert "Interval: +17 % to +22 %" in case.system_out


def test_the_counts_of_the_suite_are_those_of_its_cases(result: TuningResult) -> None:
    (suite,) = JUnitXml.fromstring(render_check_junit(result).encode())
    counted = (suite.tests, suite.failures, suite.errors, suite.skipped)
    suite.update_statistics()
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == counted


def test_a_file_fails_exactly_where_the_check_does(result: TuningResult) -> None:
    outcomes = junit_outcomes(render_check_junit(result)).values()
    works = any(sample.outcome is Outcome.OK for sample in result.samples) or not result.samples
    assert ("failure" in outcomes) == (report(result).fails and works)
    assert ("error" in outcomes) == (not works)


def test_undecided_fails_only_where_that_was_asked_for() -> None:
    assert junit_outcomes(render_check_junit(checks.undecided()))["mean duration"] == "skipped"
    settings = CheckSettings(undecided_fails=True)
    outcomes = junit_outcomes(render_check_junit(checks.undecided(settings=settings)))
    assert (outcomes["mean duration"], outcomes["p95 duration"]) == ("failure", "skipped")
    assert "failure" in junit_outcomes(render_check_junit(checks.few(settings=settings))).values()


def test_a_check_that_fails_without_a_failing_metric_has_a_failing_case() -> None:
    result = checks.same()
    odd = replace(result, check=replace(report(result), verdict=Verdict.WORSE))
    assert junit_outcomes(render_check_junit(odd))["verdict"] == "failure"


def test_the_first_check_is_one_case_that_passes_and_says_what_was_kept() -> None:
    text = render_check_junit(checks.first())
    assert junit_outcomes(text) == {"baseline": "passed"}
    assert "orders@staging.json" in text


@pytest.mark.parametrize(("warm", "failing"), [(50, 30), (4, 0)])
def test_a_first_measurement_that_makes_no_baseline_is_an_error(warm: int, failing: int) -> None:
    unfit = checks.first(samples=draw(checks.STAGING, warm, failing=failing), kept_at=None)
    assert junit_outcomes(render_check_junit(unfit)) == {"baseline": "error"}
    accepted = replace(unfit, check=replace(report(unfit), kept_at="powertune-baselines"))
    assert junit_outcomes(render_check_junit(accepted)) == {"baseline": "passed"}


def test_a_check_that_could_not_run_leaves_a_file_with_an_error() -> None:
    text = check_error_junit("orders", "No function orders.\nLook at its name. \x00" + "x" * 900)
    assert junit_outcomes(text) == {"check": "error"}


def test_a_trend_fails_only_where_that_was_asked_for() -> None:
    assert "trend" not in junit_outcomes(render_check_junit(checks.whole()))
    assert junit_outcomes(render_check_junit(checks.whole(), trend_fails=True))["trend"] == "failure"


def test_a_function_that_was_not_put_back_is_an_error() -> None:
    assert junit_outcomes(render_check_junit(replace(checks.same(), restored=False)))["function put back"] == "error"


# --- CSV --------------------------------------------------------------------------------------------------------


def test_the_csv_has_a_line_for_each_metric_with_every_digit(result: TuningResult) -> None:
    read = list(csv.DictReader(io.StringIO(check_csv(result))))
    assert [row["metric"] for row in read] == [one.metric.value for one in report(result).metrics]
    for row, one in zip(read, report(result).metrics, strict=True):
        assert tuple(metric_figures(result, one)) == METRIC_COLUMNS
        assert row["change"] == ("" if one.change is None else repr(one.change))


def test_the_csv_of_samples_has_both_sides() -> None:
    result = checks.worse()
    read = list(csv.DictReader(io.StringIO("".join(check_samples_csv(result)))))
    assert [row["side"] for row in read] == ["before"] * 70 + ["after"] * 70
    after = [float(row["duration_ms"]) for row in read if row["side"] == "after" and row["measured_as"] == "warm"]
    assert sum(after) / len(after) == pytest.approx(report(result).metrics[0].after)


def test_every_column_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    told = text[text.index("## The forms of a check") :]
    metrics, samples = told.split("and `csv-samples`")
    for section, columns in ((metrics, METRIC_COLUMNS), (samples.partition("**JUnit")[0], SAMPLE_COLUMNS)):
        named = [
            name
            for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
            for name in re.findall("`([a-z0-9_]+)`", row)
        ]
        assert named == list(columns)


def test_the_terminal_in_the_documentation_is_that_of_a_check() -> None:
    text = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    assert render_check_terminal(checks.worse(), width=100).strip() in text


# --- elsewhere --------------------------------------------------------------------------------------------------


def test_a_made_check_adds_up_and_is_read_back(result: TuningResult) -> None:
    assert list(contradictions(result)) == []
    assert result_from_text(dumps(result), "result.json") == result


@pytest.mark.parametrize("name", FORMATS)
def test_every_form_of_the_report_is_made_of_a_check_or_says_what_to_use(name: str) -> None:
    if name in ("png", "svg", "power-tuning-url"):
        with pytest.raises(UsageError, match=f"A check has no {name} form") as caught:
            made([checks.same()], [], name, Look())
        assert "html" in caught.value.next_step
    else:
        assert "".join(made([checks.same()], [], name, Look()))


@pytest.mark.parametrize("name", ["table", "html", "markdown", "csv", "json"])
def test_checks_stand_side_by_side_with_anything(name: str, make_result) -> None:
    for other in (make_result(), checks.one_version(), checks.undecided()):
        assert "".join(made([checks.worse(), other], ["one", "other"], name, Look()))


def test_a_history_says_what_was_a_check_and_what_it_found() -> None:
    runs = [summary_of(replace(make(), run_id=name)) for name, make in MADE.items()]
    text = render_history(runs, width=160)
    assert "check of staging: worse" in text
    assert "check of staging: no reference" in text
    assert "→ –" not in text
    assert "check of staging: undecided" in render_history_page(runs, version="0.1.0")


def test_the_code_behind_an_alias_is_no_deployment_of_the_function(make_result) -> None:
    tuning = summary_of(replace(make_result(), started_at="2026-11-20T00:00:00+00:00"))
    checked = replace(summary_of(checks.same()), code_sha256="other", started_at="2026-11-21T00:00:00+00:00")
    assert "no change of code" in render_history([checked, tuning], width=160)


def test_versions_that_should_be_alike_and_are_not_are_marked() -> None:
    slow = replace(checks.LIVE, memory_mb=1024)
    page = Page(render_html(check(reference=slow, reference_samples=draw(slow, seed=2))))
    section = page.section("versions")
    assert "Memory size not alike 1,024 MB 512 MB" in section
    assert "Version differs 7 8" in section


def test_a_page_of_thousands_of_samples_draws_few_of_them() -> None:
    many = check(samples=draw(checks.STAGING, 5_000), reference_samples=draw(checks.LIVE, 5_000, seed=2))
    source = render_html(many)
    assert len(source) < 1_500_000
    assert "and 4,000 more in result.json" in source


def test_intervals_without_ends_are_drawn_and_said() -> None:
    result = checks.undecided()
    open_ = tuple(replace(one, low=None, high=None) if one.change else one for one in report(result).metrics)
    half = tuple(replace(one, high=None) if one.change else one for one in report(result).metrics)
    for metrics in (open_, half):
        odd = replace(result, check=replace(report(result), metrics=metrics))
        render_html(odd)
        render_check_terminal(odd)
    assert "−2.8 % or more" in words.answer(odd)
