from collections.abc import Callable
from dataclasses import replace

import pytest

from powertune.domain.result import Environment, TuningResult
from powertune.domain.traffic import MonthlyTraffic, TrafficSource
from powertune.render import monthly, sentence

Make = Callable[..., TuningResult]


def test_another_size_is_named_with_what_changes(make_result: Make) -> None:
    answer = sentence.answer(make_result(present_mb=512, best_mb=1769))
    assert answer.startswith("Use 1,769 MB instead of 512 MB: 70 % faster, ")
    assert answer.endswith(" % dearer, 95 % sure to be both.")


@pytest.mark.parametrize(
    ("duration", "cost", "said"),
    [
        (True, False, "about as fast, 5 % dearer, 95 % sure to be dearer"),
        (False, True, "70 % faster, at about the same cost, 95 % sure to be faster"),
        (True, True, "about as fast, at about the same cost"),
    ],
)
def test_a_change_that_chance_may_have_made_gets_no_figure(
    make_result: Make, duration: bool, cost: bool, said: str
) -> None:
    result = make_result(present_mb=512, best_mb=1769)
    assert result.recommendation is not None
    assert result.recommendation.change is not None
    change = replace(result.recommendation.change, duration_within_noise=duration, cost_within_noise=cost)
    noisy = replace(result, recommendation=replace(result.recommendation, change=change))
    assert sentence.answer(noisy) == f"Use 1,769 MB instead of 512 MB: {said}."


def test_a_change_too_small_to_be_written_is_not_claimed(make_result: Make) -> None:
    result = make_result(present_mb=512, best_mb=1769)
    assert result.recommendation is not None
    assert result.recommendation.change is not None
    change = replace(result.recommendation.change, duration=0.001, cost=-0.04)
    little = replace(result, recommendation=replace(result.recommendation, change=change))
    assert sentence.answer(little).endswith(": as fast, 4 % cheaper, 95 % sure to be cheaper.")


def test_a_present_size_that_is_best_is_called_that(make_result: Make) -> None:
    answer = sentence.answer(make_result(present_mb=512, best_mb=512))
    assert answer.startswith("512 MB is already the best size: 1.3")
    assert answer.endswith(" per million invocations.")


def test_a_single_measured_size_is_not_called_the_best(make_result: Make) -> None:
    answer = sentence.answer(make_result(sizes_mb=(512,), failing_mb=(), present_mb=512, best_mb=512))
    assert answer.startswith("512 MB is the only size that was measured: ")


@pytest.mark.parametrize(("present_mb", "why"), [(700, "was not measured"), (128, "failed")])
def test_a_present_size_without_a_measurement_is_said(make_result: Make, present_mb: int, why: str) -> None:
    answer = sentence.answer(make_result(present_mb=present_mb, best_mb=1769, failing_mb=(128,)))
    assert answer.startswith("Use 1,769 MB: 4")
    assert answer.endswith(f"(the present {present_mb} MB {why}).")


def test_a_run_that_measured_nothing_says_so(make_result: Make) -> None:
    nothing = make_result(failing_mb=(128, 256, 512, 1024, 1769, 3008), best_mb=None)
    assert sentence.answer(nothing) == "No memory size could be measured."
    assert sentence.answer(make_result(best_mb=None)) == "No memory size can be recommended."


def test_a_local_run_is_said_to_be_unbilled(make_result: Make, local_environment: Environment) -> None:
    where = sentence.where(make_result(environment=local_environment))
    assert "not on AWS: nothing was billed" in where
    assert "list prices for eu-central-1" in where
    assert where.endswith("CPU share: token bucket, 2 cores.")
    assert sentence.where(make_result()) == ""


def test_what_a_change_saves_in_a_month_at_the_functions_traffic_is_in_the_answer(make_result: Make) -> None:
    traffic = MonthlyTraffic(invocations=100_000_000, source=TrafficSource.CLOUDWATCH, days=14)
    dearer = replace(make_result(present_mb=512, best_mb=3008), traffic=traffic)
    assert sentence.answer(dearer).endswith(f"; {monthly.saving_words(dearer)}.")
    assert monthly.saving_words(dearer).startswith("costs $")
    assert monthly.saving_words(dearer).endswith(" a month more at your traffic")
    assert "month" not in sentence.answer(make_result(present_mb=512, best_mb=3008))


def test_a_share_of_means_without_intervals_is_called_about(make_result: Make) -> None:
    few = make_result(present_mb=512, best_mb=1769, invocations=3)
    assert few.recommendation is not None
    assert few.recommendation.change is not None
    change = replace(few.recommendation.change, duration_within_noise=False, cost_within_noise=True)
    few = replace(few, recommendation=replace(few.recommendation, change=change))
    assert ": about 70 % faster, at about the same cost, 95 % sure to be faster." in sentence.answer(few)
