"""What is applied must be better in what was asked for, beyond the noise."""

import pytest
from fake_aws import ARN

from powertune.decide.gain import is_gain
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Change
from powertune.domain.search import Strategy, parse_latency_target

LESS, SAME, MORE = (-0.3, False), (-0.3, True), (0.3, False)


def gain(strategy, *, cost, duration, **more):
    change = Change(
        from_memory_mb=512,
        to_memory_mb=256,
        cost=cost[0],
        cost_within_noise=cost[1],
        duration=duration[0],
        duration_within_noise=duration[1],
    )
    return is_gain(change, TuningRequest(function_arn=FunctionArn.parse(ARN), strategy=strategy, **more))


@pytest.mark.parametrize("strategy", Strategy)
def test_what_is_within_the_noise_is_no_gain(strategy):
    assert not gain(strategy, cost=SAME, duration=SAME)
    assert not gain(strategy, cost=SAME, duration=MORE)
    assert not gain(strategy, cost=MORE, duration=SAME)


@pytest.mark.parametrize("strategy", Strategy)
def test_better_in_both_is_a_gain(strategy):
    assert gain(strategy, cost=LESS, duration=LESS)
    assert gain(strategy, cost=SAME, duration=LESS)
    assert gain(strategy, cost=LESS, duration=SAME)


def test_each_strategy_pays_for_its_own_gain_with_the_other_figure():
    assert gain(Strategy.COST, cost=LESS, duration=MORE)
    assert not gain(Strategy.COST, cost=MORE, duration=LESS)
    assert gain(Strategy.SPEED, cost=MORE, duration=LESS)
    assert not gain(Strategy.SPEED, cost=LESS, duration=MORE)
    assert gain(Strategy.BALANCED, cost=LESS, duration=MORE)
    assert gain(Strategy.BALANCED, cost=MORE, duration=LESS)


def test_a_latency_target_may_cost_more():
    target = parse_latency_target("p95=800ms")
    assert gain(Strategy.COST, cost=MORE, duration=LESS, latency_target=target)
