"""What a request plans from the start, and which of its payloads each invocation gets."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload, PayloadUse, shares
from powertune.domain.request import DEFAULT_MEMORY_SIZES_MB, TuningRequest

ARN = FunctionArn(partition="aws", region="us-east-1", account="1" * 12, name="orders")


def request(**changes):
    return TuningRequest(function_arn=ARN, **changes)


def events(many, weights=None):
    return tuple(Payload.of(str(n), None if weights is None else weights[n]) for n in range(many))


@pytest.mark.parametrize(
    ("asked", "wanted", "first_batch"),
    [
        ({}, 0, 10),
        ({"cold_starts": 1}, 1, 10),  # the first invocation is one anyway
        ({"cold_starts": 4}, 4, 13),
        ({"only_cold_starts": True}, 10, 10),
        ({"only_cold_starts": True, "cold_starts": 4}, 10, 10),
        ({"dry_run": True}, 0, 1),
        ({"dry_run": True, "cold_starts": 4}, 4, 1),
        ({"payloads": events(3)}, 0, 11),
        ({"payloads": events(3), "cold_starts": 1}, 1, 11),
        ({"payloads": events(3), "cold_starts": 4}, 4, 14),
        ({"payloads": events(3), "only_cold_starts": True}, 10, 10),
        ({"payloads": events(3), "dry_run": True}, 0, 1),
        ({"payloads": events(99), "payload_use": PayloadUse.ONCE}, 0, 10),
        ({"payloads": events(99), "payload_use": PayloadUse.ONCE, "cold_starts": 4}, 4, 13),
    ],
)
def test_cold_starts_on_purpose_and_several_payloads_add_to_the_first_batch(asked, wanted, first_batch):
    made = request(invocations=10, **asked)
    assert made.cold_starts_wanted == wanted
    assert made.first_batch == first_batch


several = st.builds(
    lambda many, invocations, cold, use, seed: request(
        payloads=events(many, range(1, many + 1)),
        payload_use=use,
        invocations=invocations,
        cold_starts=cold,
        seed=seed,
    ),
    st.integers(2, 5),
    st.integers(15, 60),  # each of five weights gets one of fifteen
    st.integers(0, 12),
    st.sampled_from([PayloadUse.IN_TURN, PayloadUse.WEIGHTED]),
    st.integers(),
)


@given(several)
def test_after_the_cold_starts_the_payloads_come_as_planned_at_every_size(made):
    turns = made.turns()
    ahead = made.first_batch - made.invocations
    assert ahead == max(1, made.cold_starts)
    for memory_mb in made.memory_sizes_mb[:2]:
        sent = [made.payload_at(turns, memory_mb, order) for order in range(made.first_batch)]
        assert sent[ahead:] == list(turns)
        assert sent[0] == turns[0]


@given(several)
def test_the_planned_mix_is_one_of_all_invocations(made):
    mix = made.planned_mix()
    assert sum(mix.values()) == made.invocations
    if made.payload_use is PayloadUse.WEIGHTED:
        counts = shares([payload.weight for payload in made.payloads], made.invocations)
        assert mix == Counter(dict(enumerate(counts)))
    else:
        assert max(mix.values()) - min(mix.values()) <= 1


@given(several, st.integers(1, 200))
def test_invocations_beyond_the_first_batch_go_on_in_turn(made, beyond):
    turns = made.turns()
    assert made.payload_at(turns, 128, made.first_batch + beyond) in range(len(made.payloads))
    again = [made.payload_at(turns, 128, made.first_batch + order) for order in range(made.invocations)]
    assert Counter(again) == made.planned_mix()


@given(st.integers(0, 1_000), st.integers(0, 20))
def test_a_single_payload_is_that_of_every_invocation(order, cold):
    made = request(cold_starts=cold)
    assert made.payload_at(made.turns(), 512, order) == 0


@given(st.integers(1, 4), st.integers(3, 20), st.integers(0, 5), st.integers(0, 7))
def test_each_payload_once_is_never_sent_twice(sizes, invocations, cold, spare):
    sizes_mb = DEFAULT_MEMORY_SIZES_MB[:sizes]
    needed = sizes * (invocations + max(cold - 1, 0))
    made = request(
        memory_sizes_mb=sizes_mb,
        invocations=invocations,
        cold_starts=cold,
        payloads=events(needed + spare),
        payload_use=PayloadUse.ONCE,
    )
    turns = made.turns()
    sent = [made.payload_at(turns, mb, order) for mb in made.memory_sizes_mb for order in range(made.first_batch)]
    assert sorted(sent) == list(range(needed))


def test_without_the_texts_the_request_plans_the_same():
    made = request(payloads=events(3, (5, 3, 2)), payload_use=PayloadUse.WEIGHTED, seed=7)
    bare = made.without_payload_texts()
    assert [payload.text for payload in bare.payloads] == [None] * 3
    assert [(payload.sha256, payload.weight) for payload in bare.payloads] == [
        (payload.sha256, payload.weight) for payload in made.payloads
    ]
    assert bare.turns() == made.turns()
    assert replace(bare, payloads=made.payloads) == made
