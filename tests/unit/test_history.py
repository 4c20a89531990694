"""A run in brief: what it says, and that it says the same as the run's own report."""

import dataclasses
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_runs import CODES, run_on, slower
from searched_runs import searched
from shown_runs import cold_run, dry_run, full_run
from two_architectures import ARM, X86, result_on

from powertune.decide.architectures import combined
from powertune.domain.compared import ComparedBy
from powertune.domain.history import SUMMARY_SCHEMA, RunSummary, summary_of
from powertune.domain.result import Applied, Environment, Goal
from powertune.domain.search import LatencyStatistic, LatencyTarget, SearchKind
from powertune.errors import UsageError
from powertune.render.compared import compared_by
from powertune.render.history import words
from powertune.wire import WireError, dumps, loads, read_result

DATA = Path(__file__).parents[1] / "data"


def compared(build):
    return combined({ARM: result_on(build, ARM), X86: result_on(build, X86, factor="1.5")}, {}, ARM)


def summaries(results):
    return [summary_of(result) for result in results]


# --- what it says -----------------------------------------------------------------------------------------------


def test_a_summary_says_which_code_was_measured_and_what_is_recommended(make_result):
    brief = summary_of(run_on(make_result, 1, code=1))
    assert brief.code_sha256 == CODES[1]
    assert (brief.present_mb, brief.recommended_mb) == (512, 1769)
    assert brief.started_at == "2026-09-02T08:00:00+00:00"
    assert str(brief.function_arn) == "arn:aws:lambda:eu-central-1:123456789012:function:orders-api"
    assert (brief.runtime, brief.architecture, brief.own_architecture) == ("python3.13", "arm64", None)
    assert (brief.environment, brief.is_local, brief.restored, brief.applied_mb) == ("aws", False, True, None)
    assert (brief.goal, brief.warnings, brief.invocations) == (Goal.COST, 1, 60)


@pytest.mark.parametrize("make", [lambda build: build(), cold_run, dry_run, full_run])
def test_a_summary_has_the_figures_that_the_report_has(make_result, make):
    result = make(make_result)
    by, brief = compared_by(result), summary_of(result)
    rows = {size.memory_mb: size for size in result.memory_sizes}
    assert brief.present.duration_ms == by.duration(rows[512])
    assert brief.present.cost == by.cost(rows[512])
    assert brief.compared is {(False, False): ComparedBy.WARM, (True, False): ComparedBy.COLD}.get(
        (by.cold, by.once), ComparedBy.ONCE
    )
    if result.recommendation is not None:
        best = rows[result.recommendation.memory_mb]
        assert (brief.recommended.duration_ms, brief.recommended.cost) == (by.duration(best), by.cost(best))


def test_a_size_that_was_not_measured_is_unknown_and_not_nought(make_result):
    brief = summary_of(make_result(present_mb=320, best_mb=None))
    assert (brief.present, brief.recommended, brief.recommended_mb) == (None, None, None)


def test_a_search_is_quoted_with_its_claim_and_a_grid_claims_nothing(make_result):
    result = searched(make_result)
    brief = summary_of(result)
    assert (brief.search, brief.regret_bound) == (SearchKind.ADAPTIVE, result.search.regret_bound)
    assert brief.risk == result.request.risk
    grid = summary_of(make_result())
    assert (grid.search, grid.regret_bound, grid.risk) == (None, None, None)


def test_a_latency_target_is_the_goal(make_result):
    result = make_result()
    target = LatencyTarget(statistic=LatencyStatistic.P95, limit_ms=800.0)
    request = dataclasses.replace(result.request, latency_target=target)
    assert summary_of(dataclasses.replace(result, request=request)).goal is Goal.LATENCY_TARGET


def test_the_run_on_another_instruction_set_counts_in_what_the_run_took(make_result):
    result = compared(make_result)
    beside = [one.spend for one in result.architectures if one.spend is not None]
    brief = summary_of(result)
    assert beside
    assert brief.cost.amount == result.spend.total_cost.amount + sum(
        (spend.total_cost.amount for spend in beside), Decimal(0)
    )
    assert brief.invocations == result.spend.invocations + sum(spend.invocations for spend in beside)


def test_other_payloads_and_another_way_of_using_them_are_told_apart(make_result):
    one, many = summary_of(make_result()), summary_of(full_run(make_result))
    assert one.payloads_sha256 != many.payloads_sha256
    assert one.payloads_sha256 == summary_of(run_on(make_result, 9)).payloads_sha256


def test_a_result_that_names_no_function_is_refused(make_result):
    result = make_result()
    function = dataclasses.replace(result.function, arn="<script>")
    with pytest.raises(UsageError, match="not the ARN"):
        summary_of(dataclasses.replace(result, function=function))


# --- as text ----------------------------------------------------------------------------------------------------


def test_a_summary_is_read_as_it_was_written(make_result):
    for result in (make_result(), cold_run(make_result), searched(make_result), compared(make_result)):
        brief = summary_of(result)
        assert loads(dumps(brief), RunSummary) == brief


def test_a_summary_holds_no_payload_and_stays_small(make_result):
    text = dumps(summary_of(make_result(invocations=500)))
    assert len(text) < 4_000
    assert json.loads(text)["schema"] == SUMMARY_SCHEMA


def test_a_summary_with_a_field_that_nobody_knows_is_not_taken(make_result):
    data = json.loads(dumps(summary_of(make_result())))
    with pytest.raises(WireError, match="colour"):
        loads(json.dumps({**data, "colour": "red"}), RunSummary)


@pytest.mark.parametrize("path", sorted(DATA.glob("result-schema-*.json")), ids=lambda path: path.stem)
def test_results_of_every_earlier_schema_have_a_summary(path):
    result = read_result(path)
    brief = summary_of(result)
    assert brief.run_id == result.run_id
    assert brief.is_local
    assert brief.present is not None or brief.recommended is not None


# --- in order ---------------------------------------------------------------------------------------------------


def test_a_deployment_is_where_the_code_is_another_one_than_in_the_run_before(make_result):
    runs = summaries(run_on(make_result, day, code=code) for day, code in ((1, 0), (2, 0), (3, 1), (4, 1), (5, 0)))
    found = words.deployments(runs[::-1])
    assert [(change.before.run_id, change.run.run_id) for change in found] == [
        (runs[1].run_id, runs[2].run_id),
        (runs[3].run_id, runs[4].run_id),
    ]


def test_a_local_run_between_two_on_aws_is_no_deployment(make_result, local_environment):
    far = [run_on(make_result, day) for day in (1, 3)]
    near = dataclasses.replace(run_on(make_result, 2, code=1), environment=local_environment)
    assert words.deployments(summaries([*far, near])) == []
    assert words.alike(summary_of(near)) != words.alike(summary_of(far[0]))


def test_runs_without_a_time_have_no_place_in_the_order(make_result):
    lost = dataclasses.replace(run_on(make_result, 2, code=1), started_at="yesterday")
    runs = summaries([run_on(make_result, 1), lost])
    assert words.oldest_first(runs) == runs[:1]
    assert words.deployments(runs) == []
    assert words.headline(runs) == "orders-api: 2 runs on 2 September 2026, with no change of code."


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ((0, 0.1), "2 runs on 1 September 2026"),
        ((0, 9), "2 runs from 1 September to 10 September 2026"),
        ((0, 200), "2 runs from 1 September 2026 to 20 March 2027"),
    ],
)
def test_a_history_says_over_what_time_it_is(make_result, days, said):
    runs = summaries(run_on(make_result, day) for day in days)
    assert words.headline(runs) == f"orders-api: {said}, with no change of code."


def test_a_deployment_that_made_it_slower_is_told_with_figures_and_one_within_the_noise_as_chance(make_result):
    before = run_on(make_result, 1)
    slow, same = slower(run_on(make_result, 2, code=1), 1.5), run_on(make_result, 2, code=1)
    told = [words.in_words(words.deployments(summaries([before, after]))[0]) for after in (slow, same)]
    assert "(50 % slower)" in told[0]
    assert "at 512 MB" in told[0]
    assert told[1].endswith("which may be chance.")
    assert "%" not in told[1]


def of_other_code(build, result):
    after = dataclasses.replace(result, run_id="x", started_at="2026-12-01T00:00:00Z")
    after = dataclasses.replace(after, function=dataclasses.replace(after.function, code_sha256=CODES[1]))
    (change,) = words.deployments(summaries([run_on(build, 1), after]))
    return words.in_words(change)


def test_runs_that_are_not_alike_are_not_compared_and_why_is_said(make_result):
    assert of_other_code(make_result, full_run(make_result)).endswith("; not compared: the payloads are others.")
    assert of_other_code(make_result, dry_run(make_result)).endswith(
        "; not compared: this is a dry run, before it was a run of warm invocations."
    )
    told = of_other_code(make_result, cold_run(make_result))
    assert "; not compared: this is a run of cold starts, before it was a run of warm invocations" in told
    assert "no memory size" not in told


def test_runs_on_two_instruction_sets_are_not_compared(make_result):
    usual = make_result()
    function = dataclasses.replace(usual.function, architecture=ARM if usual.function.architecture is X86 else X86)
    told = of_other_code(make_result, dataclasses.replace(usual, function=function))
    assert re.search(r"; not compared: this is on (arm64|x86_64), before it was on (arm64|x86_64)\.$", told)


def test_runs_that_measured_no_size_in_common_say_so_and_nothing_else(make_result):
    other = make_result(sizes_mb=(256, 1024), best_mb=1024, present_mb=1024, failing_mb=(), equivalent_mb=())
    assert of_other_code(make_result, other).endswith("; the two runs have no memory size to compare.")


@given(st.text(max_size=30), st.text(max_size=80))
def test_a_foreign_id_and_code_are_one_short_line(run_id, code):
    brief = dataclasses.replace(EXAMPLE, run_id=run_id, code_sha256=code)
    for text in (words.run_id(brief), words.code(brief), words.headline([brief])):
        assert len(text.splitlines()) <= 1
        assert "\x1b" not in text


EXAMPLE = summary_of(read_result(DATA / "result-schema-3.json"))


def test_what_sets_a_run_apart_is_said(make_result, local_environment):
    usual = run_on(make_result, 1, warnings=())
    assert words.remarks(summary_of(usual)) == []
    odd = dataclasses.replace(
        usual,
        environment=local_environment,
        applied=Applied(memory_mb=1769),
        restored=False,
        warnings=("one", "two"),
    )
    assert words.remarks(summary_of(odd)) == ["local", "applied", "not ended, or not put back", "2 warnings"]
    other = dataclasses.replace(usual, environment=Environment(kind="endpoint"))
    assert words.remarks(summary_of(other)) == ["not AWS"]
