"""What a check says of two sets of measurements."""

import dataclasses
from decimal import Decimal

import numpy as np
import pytest

from powertune.decide.check import Measured, alpha_of, compared
from powertune.domain.check import CheckSample, CheckSettings, Metric, Verdict
from powertune.domain.price import Money
from powertune.domain.result.checked import overall


def samples(count=80, ms=100.0, noise=0.02, seed=1, failed=0, cold=None, used=80, init_ms=200.0, environments=20):
    draw = np.random.default_rng(seed)
    cold = environments if cold is None else cold
    made = [
        CheckSample(
            ok=number < count - failed,
            cold=number < cold,
            duration_ms=float(ms * draw.normal(1, noise)),
            billed_ms=0,
            init_ms=float(init_ms * draw.normal(1, noise)) if number < cold else None,
            max_memory_used_mb=used,
            environment=f"{seed}/{number % environments}",
        )
        for number in range(count)
    ]
    return [dataclasses.replace(one, billed_ms=int(np.ceil(one.duration_ms))) for one in made]


def cost_of(billed_ms, memory_mb):
    return Money(amount=Decimal(billed_ms * memory_mb) * Decimal("1.63e-11") + Decimal("2e-7"), currency="USD")


def side(found, *, memory_mb=512, currency="USD"):
    return Measured(samples=found, memory_mb=memory_mb, cost_of=cost_of, currency=currency)


def check(before, after, settings=None, **options):
    found = compared(side(before), side(after, **options), settings or CheckSettings(), looks=5, seed=1)
    return {one.metric: one for one in found}


def verdict(before, after, settings=None):
    return overall(tuple(check(before, after, settings).values()))


def test_a_function_that_is_the_same_is_the_same():
    assert verdict(samples(seed=1), samples(seed=2)) is Verdict.SAME


def test_a_function_that_takes_a_fifth_longer_is_worse_in_mean_median_and_cost():
    found = check(samples(seed=1), samples(seed=2, ms=120))
    worse = [metric for metric, one in found.items() if one.verdict is Verdict.WORSE]
    assert worse == [Metric.DURATION_MEAN, Metric.DURATION_P50, Metric.COST]
    assert found[Metric.DURATION_MEAN].low > 0.15


def test_a_function_that_takes_a_fifth_less_is_better():
    assert verdict(samples(seed=1), samples(seed=2, ms=80)) is Verdict.BETTER


def test_noise_leaves_a_check_undecided_and_not_worse():
    assert verdict(samples(seed=1, noise=0.4), samples(seed=2, noise=0.4, ms=110)) is Verdict.UNDECIDED


def test_three_percent_more_are_no_regression_at_a_threshold_of_five():
    assert verdict(samples(200, seed=1), samples(200, seed=2, ms=103)) is Verdict.SAME


def test_the_same_three_percent_are_one_at_a_threshold_of_one():
    settings = CheckSettings(threshold=0.01)
    assert verdict(samples(200, seed=1), samples(200, seed=2, ms=103), settings) is Verdict.WORSE


def test_a_dearer_memory_size_is_dearer_though_nothing_became_slower():
    found = check(samples(seed=1), samples(seed=2), memory_mb=1024)
    assert found[Metric.DURATION_MEAN].verdict is Verdict.SAME
    assert found[Metric.COST].verdict is Verdict.WORSE


def test_costs_of_two_currencies_are_not_compared():
    found = check(samples(seed=1), samples(seed=2), currency="CNY")
    assert (found[Metric.COST].verdict, found[Metric.COST].before) == (None, None)
    assert "one side is in USD, the other in CNY" in found[Metric.COST].reason


def test_a_tail_of_few_invocations_is_not_compared_and_says_how_many_it_needs():
    found = check(samples(seed=1), samples(seed=2))[Metric.DURATION_P99]
    assert found.verdict is None
    assert f"{found.needed:,} on each side are needed" in found.reason
    assert found.needed > 500


def test_failures_that_nobody_had_before_are_worse():
    found = check(samples(seed=1), samples(seed=2, failed=20))
    assert found[Metric.ERRORS].verdict is Verdict.WORSE
    assert found[Metric.ERRORS].after == pytest.approx(1 / 4)


def test_one_failure_more_leaves_the_check_undecided():
    assert verdict(samples(seed=1), samples(seed=2, failed=1)) is Verdict.UNDECIDED


def test_as_many_failures_as_before_are_no_news():
    assert check(samples(seed=1, failed=2), samples(seed=2, failed=2))[Metric.ERRORS].verdict is Verdict.SAME


def test_an_init_twice_as_long_is_worse_and_too_few_cold_starts_are_not_compared():
    found = check(samples(seed=1, cold=12), samples(seed=2, cold=12, init_ms=400))
    assert found[Metric.INIT].verdict is Verdict.WORSE
    few = check(samples(seed=1, cold=3), samples(seed=2, cold=3, init_ms=400))[Metric.INIT]
    assert (few.verdict, few.deciding) == (None, False)
    assert "cold starts" in few.reason


def test_memory_is_compared_by_environments():
    found = check(samples(seed=1), samples(seed=2, used=120))[Metric.MEMORY_USED]
    assert (found.verdict, found.before_count, found.change) == (Verdict.WORSE, 20, pytest.approx(0.5))
    few = check(samples(seed=1, environments=3), samples(seed=2, used=120, environments=3))[Metric.MEMORY_USED]
    assert few.verdict is None
    assert "environments" in few.reason


def test_memory_is_not_compared_where_the_logs_did_not_name_the_environments():
    unknown = [dataclasses.replace(one, environment=None) for one in samples(seed=1)]
    assert check(unknown, samples(seed=2))[Metric.MEMORY_USED].verdict is None


def test_what_could_not_be_compared_of_the_watched_metrics_leaves_nothing_undecided():
    found = check(samples(seed=1, cold=3), samples(seed=2, cold=3))
    assert found[Metric.INIT].verdict is None
    assert overall(tuple(found.values())) is Verdict.SAME


def test_a_deciding_metric_without_figures_leaves_the_check_undecided():
    assert verdict(samples(seed=1), samples(2, seed=2)) is Verdict.UNDECIDED


@pytest.mark.parametrize("metrics", [tuple(Metric), (Metric.DURATION_P95,), (Metric.COST, Metric.INIT)])
def test_the_chance_to_err_is_shared_out_and_adds_up(metrics):
    settings = CheckSettings(metrics=metrics, confidence=0.99)
    assert sum(5 * alpha_of(metric, settings, 5) for metric in metrics) == pytest.approx(0.01)


def test_without_a_deciding_metric_among_those_asked_for_all_of_them_decide():
    settings = CheckSettings(metrics=(Metric.DURATION_P50, Metric.INIT))
    assert settings.deciding == (Metric.DURATION_P50, Metric.INIT)


def test_an_interval_beyond_the_threshold_is_not_enough_where_the_test_does_not_agree(monkeypatch):
    monkeypatch.setattr("powertune.decide.compare.permutation_p", lambda *_, **__: 0.2)
    found = check(samples(seed=1), samples(seed=2, ms=120))[Metric.DURATION_MEAN]
    assert found.low > 0.05
    assert found.verdict is Verdict.UNDECIDED


def growing(count, environments, seed, by_mb=1):
    """What environments use that hold on to a little more with each invocation."""
    made = samples(count, seed=seed, environments=environments)
    return [
        dataclasses.replace(one, max_memory_used_mb=80 + by_mb * (number // environments))
        for number, one in enumerate(made)
    ]


def test_memory_that_grows_with_the_age_of_an_environment_is_compared_at_the_same_age():
    found = check(growing(60, 20, 1), growing(400, 20, 2))[Metric.MEMORY_USED]
    assert (found.verdict, found.before, found.after) == (Verdict.SAME, 82, 82)
    assert check(growing(100, 20, 1), growing(100, 20, 2, by_mb=9))[Metric.MEMORY_USED].verdict is Verdict.WORSE


def test_environments_that_were_there_before_the_check_have_an_unknown_age():
    old = [dataclasses.replace(one, cold=False) for one in samples(seed=1)]
    assert check(old, samples(seed=2))[Metric.MEMORY_USED].reason.startswith("no environment is known from its start")


def test_three_megabytes_more_of_a_hundred_and_twenty_eight_are_no_regression():
    before, after = samples(seed=1, used=38), samples(seed=2, used=41)
    found = compared(side(before, memory_mb=128), side(after, memory_mb=128), CheckSettings(), looks=4, seed=1)
    (memory,) = [one for one in found if one.metric is Metric.MEMORY_USED]
    assert memory.low > 0.05
    assert memory.verdict is Verdict.SAME


def test_a_figure_of_nothing_on_both_sides_is_the_same():
    zero = [dataclasses.replace(one, duration_ms=0.0) for one in samples(seed=1)]
    found = check(zero, [dataclasses.replace(one, environment=None) for one in zero])
    assert found[Metric.DURATION_MEAN].verdict is Verdict.SAME
