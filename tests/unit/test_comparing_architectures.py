"""Two instruction sets are compared by what is recommended on each, and only differences beyond the noise count."""

from dataclasses import replace

import pytest
from two_architectures import ARM, X86, result_on

from powertune.decide.architectures import combined, compare
from powertune.domain.search import LatencyStatistic, LatencyTarget, Strategy


@pytest.fixture
def on(make_result):
    return lambda architecture, **more: result_on(make_result, architecture, **more)


def test_the_cheaper_instruction_set_is_better_where_that_is_beyond_the_noise(on):
    found = compare(on(ARM), on(X86, factor="1.5"))
    assert found.better is ARM
    assert found.cost > 0.4
    assert not found.cost_within_noise
    assert found.duration_within_noise
    assert found.sentence.startswith(
        "Keep arm64: compared with 1,769 MB on x86_64, 1,769 MB on arm64, the function's own"
    )
    assert "less and takes about as long." in found.sentence


def test_the_other_instruction_set_is_told_of_from_the_functions_own(on):
    found = compare(on(ARM, factor="1.5"), on(X86))
    assert found.better is X86
    assert found.sentence.startswith(
        "Use x86_64: compared with 1,769 MB on arm64, the function's own instruction set, 1,769 MB on"
    )


def test_a_difference_within_the_noise_makes_neither_better(on):
    found = compare(on(ARM), on(X86, factor="1.005"))
    assert found.better is None
    assert found.sentence.startswith("Nothing shows that either instruction set is better: compared with")
    assert found.sentence.endswith("costs about the same and takes about as long.")


@pytest.mark.parametrize("invocations", [2, 3])
def test_too_few_measurements_for_an_interval_show_nothing(on, invocations):
    found = compare(on(ARM, invocations=invocations), on(X86, factor="3", invocations=invocations))
    assert found.better is None


def test_for_speed_the_faster_one_is_better_though_it_is_dearer(on):
    found = compare(on(ARM, strategy=Strategy.SPEED), on(X86, work_ms=200.0, factor="3", strategy=Strategy.SPEED))
    assert found.better is X86
    assert found.duration < -0.3
    assert found.cost > 0.4
    assert "costs" in found.sentence
    assert "shorter" in found.sentence


def test_for_cost_the_faster_of_two_equally_dear_ones_is_better(on):
    found = compare(on(ARM), on(X86, work_ms=200.0, factor="1.78"))
    assert abs(found.cost) < 0.05
    assert found.better is X86


def test_the_one_that_alone_keeps_the_latency_target_is_better_whatever_it_costs(on):
    target = LatencyTarget(statistic=LatencyStatistic.P95, limit_ms=300)
    found = compare(on(ARM, latency_target=target), on(X86, work_ms=200.0, factor="5", latency_target=target))
    assert found.better is X86
    assert "it alone keeps the latency target" in found.sentence


def test_with_nothing_recommended_on_one_there_is_no_comparison(on):
    assert compare(on(ARM), on(X86, works=False)) is None


def test_the_answer_of_both_is_that_of_the_better_one_with_the_other_beside_it(on):
    own, other = on(ARM, factor="1.5"), on(X86)
    result = combined({ARM: own, X86: other}, {}, ARM)
    assert result.run_id == other.run_id
    assert result.comparison.better is X86
    (beside,) = result.architectures
    assert (beside.architecture, beside.run_id, beside.memory_sizes) == (ARM, own.run_id, own.memory_sizes)
    assert beside.samples == own.samples
    assert beside.price == own.price


def test_where_neither_is_shown_to_be_better_the_functions_own_is_the_answer(on):
    result = combined({X86: on(X86), ARM: on(ARM)}, {}, ARM)
    assert result.function.architecture is ARM


def test_an_instruction_set_that_failed_is_said_and_the_other_is_the_answer(on):
    result = combined({ARM: on(ARM)}, {X86: "orders may not run on x86_64."}, ARM)
    assert result.comparison is None
    assert result.architectures[0].failure == "orders may not run on x86_64."
    assert result.warnings[-1] == "x86_64 was not measured: orders may not run on x86_64."


def test_what_recommends_something_is_the_answer_before_what_does_not(on):
    result = combined({ARM: on(ARM, works=False), X86: on(X86)}, {}, ARM)
    assert result.function.architecture is X86


def test_an_undo_that_failed_on_one_of_them_is_not_hidden_by_the_other(on):
    broken = replace(on(X86), restored=False)
    assert not combined({ARM: on(ARM), X86: broken}, {}, ARM).restored
