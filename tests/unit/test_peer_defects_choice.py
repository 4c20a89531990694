"""Defects of aws-lambda-power-tuning 4.4.0 in what is chosen from a run, and powertune's answer to each.

The numbers are those of the list in docs/migrating.md.
"""

import json
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peer_results import result_of, sample, warm

from powertune.decide.peer_numbers import peer_numbers
from powertune.domain.payload import PayloadUse
from powertune.errors import UsageError
from powertune.peer import peer_output, request_from

ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"


def read(**fields):
    return request_from({"lambdaARN": ARN, "num": 10, **fields}, seed=3)


def its(result, memory_mb):
    """What aws-lambda-power-tuning would have said of a size."""
    return next(size for size in peer_numbers(result).sizes if size.memory_mb == memory_mb)


# --- 05: trimming hides what is really paid --------------------------------------------------------------------


def heavy_and_light(memory_mb, heavy_ms, light_ms, request):
    """A run at one size that got its payloads as the request turns them: the first is heavy."""
    return [
        sample(memory_mb, order, heavy_ms if turn == 0 else light_ms, payload=turn)
        for order, turn in enumerate(request.turns())
    ]


WEIGHTED = [{"payload": {"kind": "heavy"}, "weight": 1}, {"payload": {"kind": "light"}, "weight": 9}]


def test_defect_05_a_rare_heavy_payload_counts_in_full():
    request = read(payload=WEIGHTED, powerValues=[128])
    result = result_of(heavy_and_light(128, 10_000.0, 100.0, request), peer=request.peer)
    assert float(its(result, 128).cost.amount) == pytest.approx(2.1e-7)  # 100 ms: the heavy one was trimmed away
    output = peer_output(result)
    assert output["duration"] == pytest.approx(1090.0)
    assert output["cost"] == pytest.approx(1.09 * 128 / 1024 * 0.0000166667 + 0.0000002)
    assert output["cost"] > 10 * float(its(result, 128).cost.amount)


def test_defect_05_a_size_that_only_the_heavy_payload_makes_dear_is_not_chosen():
    request = read(payload=WEIGHTED, powerValues=[256, 1024])
    samples = [*heavy_and_light(256, 60_000.0, 100.0, request), *heavy_and_light(1024, 1_000.0, 40.0, request)]
    result = result_of(samples, peer=request.peer)
    assert peer_numbers(result).memory_mb == 256
    assert peer_output(result)["power"] == 1024


@given(st.lists(st.floats(1.0, 10_000.0), min_size=3, max_size=40), st.floats(0, 0.4))
def test_defect_05_the_cost_is_the_mean_bill_whatever_discard_top_bottom_says(durations, share):
    request = read(discardTopBottom=share)
    result = result_of(warm(512, durations), peer=request.peer)
    billed = [one.billed_ms for one in result.samples]
    expected = sum(ms / 1000 * 0.5 * 0.0000166667 + 0.0000002 for ms in billed) / len(billed)
    assert peer_output(result)["cost"] == pytest.approx(expected, rel=1e-9)


# --- 07: cold starts and warm invocations in one average -------------------------------------------------------


def burst(memory_mb, warm_ms, init_ms, count=10):
    """What parallelInvocation gives: a burst of cold starts, and powertune's second, warm one."""
    cold = [sample(memory_mb, order, warm_ms, init_ms=init_ms) for order in range(count)]
    return [*cold, *(sample(memory_mb, count + order, warm_ms) for order in range(count))]


def test_defect_07_a_burst_of_cold_starts_is_not_reported_as_the_duration():
    result = result_of(burst(512, 20.0, 1_000.0), parallel=10, invocations=10)
    assert its(result, 512).duration_ms > 500
    assert its(result, 512).cold == 10
    assert peer_output(result)["duration"] == 20.0
    (size,) = result.memory_sizes
    assert size.cold.latency_ms.mean == 1_020.0


def test_defect_07_the_cheapest_size_when_warm_is_chosen_though_cold_starts_are_dear_there():
    """Init takes about as long at every size, so in a mean with cold starts the smallest size looks cheapest."""
    samples = [*burst(128, 80.0, 1_000.0), *burst(1024, 9.0, 1_000.0)]
    result = result_of(samples, parallel=10, invocations=10)
    assert peer_numbers(result).memory_mb == 128
    assert peer_output(result)["power"] == 1024


# --- 14: the strategy is looked at last ------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["Cost", "cheapest", "speed ", 5, ["cost"], {"a": 1}, True])
def test_defect_14_an_unknown_strategy_is_refused_before_anything_is_invoked(strategy):
    with pytest.raises(UsageError) as caught:
        read(strategy=strategy)
    assert json.dumps(strategy) in caught.value.message
    assert "cost, speed, balanced" in caught.value.next_step


@pytest.mark.parametrize("powers", [[64], [128, 10_241], ["lots"], [512.5], ["128,256"]])
def test_defect_14_a_size_that_cannot_be_set_is_refused_before_anything_is_invoked(powers):
    with pytest.raises(UsageError):
        read(powerValues=powers)


@pytest.mark.parametrize("arn", [ARN[:-7], f"{ARN}:live", ARN.replace("lambda", "lambada"), "orders"])
def test_defect_14_an_arn_that_names_no_function_is_refused_before_anything_is_invoked(arn):
    with pytest.raises(UsageError):
        read(lambdaARN=arn)


# --- 25: weights -----------------------------------------------------------------------------------------------


def sent(**fields):
    """How often each event is sent, by its text."""
    request = read(**fields)
    counts = Counter(request.turns())
    return {payload.text: counts[index] for index, payload in enumerate(request.payloads)}


def test_defect_25_a_weight_of_0_means_never_and_the_list_stays_weighted():
    assert sent(payload=[{"payload": "a", "weight": 0}, {"payload": "b", "weight": 1}]) == {'"a"': 0, '"b"': 10}


@pytest.mark.parametrize(("empty", "text"), [("", '""'), (0, "0"), (False, "false"), (None, "null"), ({}, "{}")])
def test_defect_25_an_empty_payload_is_sent_and_the_list_stays_weighted(empty, text):
    items = [{"payload": empty, "weight": 1}, {"payload": "b", "weight": 1}]
    assert read(payload=items).payload_use is PayloadUse.WEIGHTED
    assert sent(payload=items) == {text: 5, '"b"': 5}


def test_defect_25_the_remainder_goes_where_it_is_owed_and_not_to_the_last():
    """26 payloads of one weight and 30 invocations: it gives the last one 5, and every other 1."""
    items = [{"payload": number, "weight": 1} for number in range(26)]
    assert sorted(sent(num=30, payload=items).values()) == [1] * 22 + [2] * 4


def test_defect_25_a_payload_whose_share_is_below_one_is_sent_once_where_the_remainder_allows():
    """9.9 and 0.9 of 10.8: rounded down, the second would not be sent at all, and it refuses the run."""
    items = [{"payload": "a", "weight": 99}, {"payload": "b", "weight": 9}]
    assert sent(payload=items) == {'"a"': 9, '"b"': 1}


def test_defect_25_weighted_payloads_come_in_no_block_and_in_the_same_order_at_every_size():
    request = read(num=40, payload=[{"payload": "a", "weight": 1}, {"payload": "b", "weight": 1}])
    turns = request.turns()
    assert turns == request.turns()
    assert sorted(turns) != list(turns)
    assert sum(one != other for one, other in pairwise(turns)) > 8


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12).filter(any), st.integers(5, 400))
def test_defect_25_every_share_is_within_one_of_what_the_weights_say(weights, num):
    try:
        request = read(num=num, payload=[{"payload": n, "weight": weight} for n, weight in enumerate(weights)])
    except UsageError:
        return
    counts = Counter(request.turns())
    assert sum(counts.values()) == num
    for index, weight in enumerate(weights):
        assert abs(counts[index] - weight * num / sum(weights)) < 1
        assert bool(counts[index]) == bool(weight)
