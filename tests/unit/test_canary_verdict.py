"""A canary's verdict is arithmetic that can be checked by an independent implementation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.stats import fisher_exact

from powertune.decide.canary import LEAST_INVOCATIONS, chance_of_errors, judge
from powertune.domain.canary import Canary, VersionTraffic, parse_canary
from powertune.errors import UsageError


def traffic(invocations, errors=0, duration_ms=100.0):
    return VersionTraffic(invocations=invocations, errors=errors, duration_ms=duration_ms if invocations else None)


def verdict(old, new, *, promised=1.0, looks=10, is_last=True):
    return judge(old, new, promised=promised, looks=looks, is_last=is_last)


counts = some.integers(1, 5000).flatmap(lambda n: some.tuples(some.just(n), some.integers(0, n)))


@settings(deadline=None)
@given(old=counts, new=counts)
def test_the_chance_of_errors_is_that_of_fishers_exact_test_where_the_new_version_fails_more_often(old, new):
    chance = chance_of_errors(traffic(*old), traffic(*new))
    if new[1] * old[0] <= old[1] * new[0]:
        assert chance == 1.0
    else:
        table = [[new[1], new[0] - new[1]], [old[1], old[0] - old[1]]]
        assert chance == pytest.approx(fisher_exact(table, alternative="greater")[1], rel=1e-6, abs=1e-14)


def test_millions_of_invocations_are_judged_without_loss():
    chance = chance_of_errors(traffic(10_000_000, 1_000), traffic(1_000_000, 160))
    assert chance == pytest.approx(
        fisher_exact([[160, 999_840], [1_000, 9_999_000]], alternative="greater")[1], rel=1e-4
    )


def test_without_invocations_nothing_is_compared():
    assert chance_of_errors(traffic(100, 5), traffic(0)) is None
    assert verdict(traffic(100, 5), traffic(0)).outcome == "too-quiet"


def test_many_looks_do_not_raise_more_alarms():
    old, new = traffic(900, 0), traffic(100, 2)
    assert chance_of_errors(old, new) == pytest.approx(0.0099, abs=1e-4)
    assert verdict(old, new, is_last=True).outcome == "more-errors"
    assert verdict(old, new, is_last=False, looks=11).outcome is None
    assert verdict(old, new, is_last=False, looks=2).outcome == "more-errors"


def test_a_version_that_always_fails_is_found_at_once():
    assert verdict(traffic(45), traffic(5, 5), is_last=False, looks=700).outcome == "more-errors"


def test_few_invocations_tell_nothing_of_the_duration():
    few, many = LEAST_INVOCATIONS - 1, LEAST_INVOCATIONS
    assert verdict(traffic(1000), traffic(few, 0, 500.0)).outcome == "too-quiet"
    assert verdict(traffic(1000), traffic(many, 0, 500.0)).outcome == "slower"
    assert verdict(traffic(1000), traffic(many, 0, 500.0), is_last=False).outcome is None


def test_what_was_promised_is_the_measure_of_slow():
    old = traffic(1000, 0, 100.0)
    assert verdict(old, traffic(1000, 0, 124.0)).outcome == "passed"
    assert verdict(old, traffic(1000, 0, 126.0)).outcome == "slower"
    assert verdict(old, traffic(1000, 0, 70.0), promised=0.5).outcome == "slower"
    assert verdict(old, traffic(1000, 0, 240.0), promised=2.0).outcome == "passed"


def test_without_a_promise_durations_are_not_judged_and_that_is_said():
    answer = verdict(traffic(1000, 0, 100.0), traffic(1000, 0, 900.0), promised=None)
    assert answer.outcome == "passed"
    assert "promised nothing" in answer.reason


def test_a_canary_is_written_as_a_share_and_a_time():
    assert parse_canary("10%/10m") == Canary(share=0.1, watch_s=600)
    assert parse_canary(" 2.5%/1h ") == Canary(share=0.025, watch_s=3600)


@pytest.mark.parametrize("text", ["10%", "0%/10m", "100%/10m", "10%/30s", "10%/13h", "ten%/10m", "10%/10", ""])
def test_a_canary_that_cannot_be_meant_is_refused(text):
    with pytest.raises(UsageError):
        parse_canary(text)
