"""The figures of a check agree with each other, or its result is refused; and how a command ends that has one."""

from dataclasses import replace

import checks
import pytest

from powertune.cli.ending import check_ending
from powertune.domain.check import Metric, Verdict
from powertune.domain.result_checks import contradictions
from powertune.errors import FunctionFails, NotDecided, NotRestored, Regressed
from powertune.workflow.verdicts import failure_of_check

MADE = ("check", "worse", "same", "better", "undecided", "first", "one_version", "failing", "failing_throughout")


def edited(result, **changes):
    return replace(result, check=replace(result.check, **changes))


def with_metric(result, metric, **changes):
    metrics = tuple(replace(one, **changes) if one.metric is metric else one for one in result.check.metrics)
    return edited(result, metrics=metrics)


@pytest.mark.parametrize("name", MADE)
def test_a_check_as_it_was_made_agrees_with_itself(name):
    assert list(contradictions(getattr(checks, name)())) == []


@pytest.mark.parametrize(
    ("name", "edit", "place"),
    [
        ("worse", lambda one: edited(one, verdict=Verdict.SAME), "$.check.verdict"),
        ("same", lambda one: edited(one, verdict=None), "$.check.verdict"),
        ("first", lambda one: edited(one, verdict=Verdict.WORSE), "$.check.verdict"),
        ("same", lambda one: edited(one, verdict=Verdict.WORSE), "$.check.verdict"),
        ("failing_throughout", lambda one: edited(one, verdict=Verdict.SAME), "$.check.verdict"),
        ("worse", lambda one: edited(one, reference=None), "$.check.metrics"),
        ("worse", lambda one: edited(one, metrics=()), "$.check.metrics"),
        ("worse", lambda one: edited(one, metrics=(*one.check.metrics, one.check.metrics[0])), "is there twice"),
        ("worse", lambda one: edited(one, interleaved=not one.check.interleaved), "$.check.interleaved"),
        ("worse", lambda one: edited(one, subject=replace(one.check.subject, memory_mb=128)), "$.check.subject"),
        ("worse", lambda one: replace(one, memory_sizes=()), "$.check.subject"),
        ("worse", lambda one: with_metric(one, Metric.DURATION_MEAN, low=-0.5), ".verdict: worse"),
        ("worse", lambda one: with_metric(one, Metric.DURATION_MEAN, after=1.0), ".change:"),
        ("worse", lambda one: with_metric(one, Metric.DURATION_MEAN, low=0.9, high=0.8), "low end"),
        ("worse", lambda one: with_metric(one, Metric.DURATION_MEAN, threshold=0.01), ".threshold:"),
        ("worse", lambda one: with_metric(one, Metric.DURATION_MEAN, after_count=10**6), ".after_count:"),
        ("worse", lambda one: with_metric(one, Metric.DURATION_MEAN, before_count=10**6), ".before_count:"),
        ("worse", lambda one: with_metric(one, Metric.DURATION_MEAN, reason="because"), ".reason:"),
        ("worse", lambda one: with_metric(one, Metric.ERRORS, change=0.7), ".change:"),
        ("same", lambda one: with_metric(one, Metric.DURATION_MEAN, high=0.5), ".verdict: same"),
        ("better", lambda one: with_metric(one, Metric.DURATION_MEAN, high=None), ".verdict: better"),
        ("worse", lambda one: with_metric(one, Metric.DURATION_MEAN, p_value=2.0), "p_value"),
        ("worse", lambda one: with_metric(one, Metric.DURATION_MEAN, change=float("nan")), ".change"),
    ],
)
def test_an_edited_figure_of_a_check_is_named_with_its_place(name, edit, place):
    assert any(place in said for said in contradictions(edit(getattr(checks, name)())))


def test_the_figures_of_the_reference_are_looked_at_like_those_of_the_result():
    made = checks.worse()
    size = made.check.reference.size
    wrong = replace(made.check.reference, size=replace(size, errors=size.invocations + 1))
    assert any(said.startswith("$.check.reference.size") for said in contradictions(edited(made, reference=wrong)))


@pytest.mark.parametrize("name", [name for name in MADE if not name.startswith("failing")])
def test_a_check_ends_without_a_recommendation_and_that_is_no_error(name):
    check_ending(getattr(checks, name)(), "")


def test_a_check_of_a_function_that_failed_every_time_ends_with_4():
    made = checks.failing()
    failed = replace(made, samples=tuple(one for one in made.samples if one.outcome != "ok"))
    with pytest.raises(FunctionFails, match="failed at every invocation") as error:
        check_ending(failed, "Details: here.")
    assert error.value.exit_code == 4
    assert error.value.next_step.endswith("Details: here.")
    assert isinstance(failure_of_check(failed), FunctionFails)


def test_a_check_whose_lease_was_not_given_back_says_that_first():
    with pytest.raises(NotRestored):
        check_ending(replace(checks.worse(), restored=False), "")


@pytest.mark.parametrize(
    ("name", "fails", "kind"),
    [
        ("worse", False, Regressed),
        ("same", True, None),
        ("better", True, None),
        ("first", True, None),
        ("one_version", True, None),
        ("undecided", True, NotDecided),
        ("undecided", False, None),
    ],
)
def test_a_verdict_is_the_error_that_whoever_waits_for_it_ends_with(name, fails, kind):
    made = getattr(checks, name)()
    made = edited(made, settings=replace(made.check.settings, undecided_fails=fails))
    failure = failure_of_check(made)
    assert failure is None if kind is None else type(failure) is kind
