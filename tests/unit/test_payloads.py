"""Events: what counts as one, how lists of them are read, and which invocation gets which."""

import hashlib
import json
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from powertune.domain.payload import EMPTY, MAX_PAYLOAD_BYTES, Payload, PayloadUse, shares, turn_order
from powertune.domain.payload_list import payloads_from_list
from powertune.errors import UsageError


def refused(make, *args):
    with pytest.raises(UsageError) as caught:
        make(*args)
    assert caught.value.message.endswith(".")
    assert caught.value.next_step.endswith(".")
    return caught.value.message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
    max_leaves=6,
)
weights = st.floats(0, 1e9) | st.integers(0, 100).map(float)

# --- one payload ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["{}", "null", "0", "[1, 2]", '"text"', ' {"a": [1, 2.5, true, "ü"]} '])
def test_any_json_is_a_payload_and_is_kept_as_written(text):
    payload = Payload.of(text)
    assert payload.text == text
    assert payload.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert payload.size_bytes == len(text.encode())
    assert payload.weight is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("{'a': 1}", "Expecting property name"),
        ("{} {}", "Extra data"),
        ("NaN", "NaN is not a JSON number"),
        ('{"a": Infinity}', "Infinity is not a JSON number"),
        ("-Infinity", "-Infinity is not a JSON number"),
        ("[" * 100_000, "recursion"),
        ('"\udc80"', "surrogates not allowed"),
    ],
)
def test_a_payload_that_is_not_json_is_refused_with_the_reason(text, why):
    message = refused(Payload.of, text)
    assert message.startswith("The payload is not JSON: ")
    assert why in message


def test_a_payload_is_measured_in_bytes_and_six_megabytes_are_the_most():
    fits = '"' + "a" * (MAX_PAYLOAD_BYTES - 2) + '"'
    assert Payload.of(fits).size_bytes == MAX_PAYLOAD_BYTES
    assert "larger than the 6 MB" in refused(Payload.of, fits + " ")
    assert "larger than the 6 MB" in refused(Payload.of, '"' + "ü" * (MAX_PAYLOAD_BYTES // 2) + '"')


@given(json_values, st.none() | weights)
def test_a_decoded_value_becomes_the_json_of_that_value(value, weight):
    payload = Payload.of_value(value, weight)
    assert json.loads(payload.text) == value
    assert payload == Payload.of(payload.text, weight)


def test_half_a_surrogate_pair_in_a_value_is_sent_as_its_escape():
    assert Payload.of_value({"a": "\ud83d", "b": "ü"}).text == '{"a":"\\ud83d","b":"ü"}'


def test_a_value_that_is_nested_too_deeply_is_refused_and_not_a_crash():
    value = 1
    for _ in range(100_000):
        value = [value]
    assert "nested too deeply" in refused(Payload.of_value, value)


def test_a_payload_without_its_text_keeps_hash_size_and_weight():
    payload = Payload.of('{"a": 1}', 2.0)
    bare = payload.without_text()
    assert bare.text is None
    assert (bare.sha256, bare.size_bytes, bare.weight) == (payload.sha256, payload.size_bytes, 2.0)


# --- a list of payloads -----------------------------------------------------------------------------------------


def texts_of(payloads):
    return [payload.text for payload in payloads]


@given(st.lists(json_values, min_size=1, max_size=5))
def test_an_array_and_json_lines_with_the_same_events_mean_the_same(values):
    assume(not all(isinstance(value, dict) and value.keys() == {"payload", "weight"} for value in values))
    payloads, use = payloads_from_list(json.dumps(values))
    assert [json.loads(payload.text) for payload in payloads] == values
    assert use is PayloadUse.IN_TURN
    if len(values) > 1:
        assert payloads_from_list("\n".join(json.dumps(value) for value in values)) == (payloads, use)


def test_one_line_of_json_lines_is_one_event():
    payloads, use = payloads_from_list('{"id": 7}\n')
    assert (texts_of(payloads), use) == (['{"id":7}'], PayloadUse.IN_TURN)


def test_blank_lines_and_line_separators_inside_strings_do_not_part_events():
    payloads, _ = payloads_from_list('\n{"a": "x\u2028y"}\r\n\n  \n[1]\n')
    assert texts_of(payloads) == ['{"a":"x\u2028y"}', "[1]"]


@pytest.mark.parametrize(
    "text",
    [
        '[{"payload": {"a": 1}, "weight": 3}, {"weight": 0.5, "payload": null}]',
        '{"payload": {"a": 1}, "weight": 3}\n{"weight": 0.5, "payload": null}',
    ],
)
def test_events_with_weights_are_weighted(text):
    payloads, use = payloads_from_list(text)
    assert use is PayloadUse.WEIGHTED
    assert [(payload.text, payload.weight) for payload in payloads] == [('{"a":1}', 3.0), ("null", 0.5)]


@pytest.mark.parametrize(
    "other", ['{"payload": 2}', '{"weight": 2}', '{"payload": 2, "weight": 1, "name": "x"}', '"payload weight"', "[]"]
)
def test_one_item_that_is_not_just_a_payload_and_a_weight_makes_every_item_an_event(other):
    payloads, use = payloads_from_list(f'[{{"payload": 1, "weight": 2}}, {other}]')
    assert use is PayloadUse.IN_TURN
    assert [json.loads(text) for text in texts_of(payloads)] == [{"payload": 1, "weight": 2}, json.loads(other)]
    assert all(payload.weight is None for payload in payloads)


@pytest.mark.parametrize("text", ["", " \n\n", "[]"])
def test_a_list_without_an_event_is_refused(text):
    assert refused(payloads_from_list, text) == "The list of payloads is empty."


def test_the_line_that_is_not_json_is_named():
    assert refused(payloads_from_list, '{"a": 1}\n\nno').startswith("Line 3 of the payloads is not JSON: ")


@pytest.mark.parametrize("text", ["[" * 100_000, "1\n" + "[" * 100_000])
def test_a_list_that_is_nested_too_deeply_is_refused_and_not_a_crash(text):
    assert "payloads" in refused(payloads_from_list, text)


@pytest.mark.parametrize(
    ("weight", "shown"),
    [
        ("-1", "-1"),
        ('"2"', '"2"'),
        ("true", "true"),
        ("null", "null"),
        ("NaN", "NaN"),
        ("1e999", "Infinity"),
        ("1" + "0" * 400, "1" + "0" * 39),
        ("[1]", "list"),
        ("{}", "dict"),
        ('"' + "x" * 999 + '"', '"' + "x" * 39),
    ],
)
def test_a_weight_that_is_no_number_from_0_up_is_shown(weight, shown):
    text = f'[{{"payload": 1, "weight": {weight}}}]'
    assert refused(payloads_from_list, text) == f"The weight {shown} is not a number from 0 up."


def test_an_event_that_lambda_would_not_take_is_refused_in_a_list_too():
    assert "NaN is not a JSON number" in refused(payloads_from_list, '[1, {"a": NaN}]')
    assert "larger than the 6 MB" in refused(payloads_from_list, json.dumps(["x" * MAX_PAYLOAD_BYTES]))


@given(st.text(max_size=40) | json_values.map(json.dumps))
def test_any_text_is_either_payloads_or_a_refusal(text):
    try:
        payloads, use = payloads_from_list(text)
    except UsageError:
        return
    assert payloads
    assert (use is PayloadUse.WEIGHTED) == all(payload.weight is not None for payload in payloads)


# --- shares -----------------------------------------------------------------------------------------------------


def shared(given_weights, invocations):
    try:
        return shares(given_weights, invocations)
    except UsageError:
        return None


@given(st.lists(weights, min_size=1, max_size=8), st.integers(1, 1_000))
def test_shares_sum_to_the_invocations_and_each_is_within_one_of_its_quota(given_weights, invocations):
    counts = shared(given_weights, invocations)
    assume(counts is not None)
    assert sum(counts) == invocations
    whole = sum(map(Fraction, given_weights))
    for weight, count in zip(given_weights, counts, strict=True):
        assert abs(count - Fraction(weight) * invocations / whole) < 1
        assert (count == 0) == (weight == 0)


@given(st.lists(weights, min_size=1, max_size=8), st.integers(1, 1_000), st.integers(2, 10))
def test_only_the_proportions_of_weights_count(given_weights, invocations, factor):
    doubled = [weight * 2**factor for weight in given_weights]
    assert shared(doubled, invocations) == shared(given_weights, invocations)


@pytest.mark.parametrize(
    ("given_weights", "invocations", "counts"),
    [
        ((1,), 10, (10,)),
        ((1, 1), 10, (5, 5)),
        ((1, 1, 1), 10, (4, 3, 3)),
        ((2, 1, 1), 5, (3, 1, 1)),
        ((50, 30, 20), 11, (6, 3, 2)),
        ((0.7, 0.2, 0.1), 10, (7, 2, 1)),
        ((1, 0, 1), 3, (2, 0, 1)),
        ((47, 16, 158, 81), 100, (16, 5, 52, 27)),
    ],
)
def test_the_largest_remainders_get_what_whole_quotas_leave(given_weights, invocations, counts):
    assert shares(given_weights, invocations) == counts


@pytest.mark.parametrize("given_weights", [(), (0,), (0, 0.0), (1, -1), (-1,)])
def test_weights_that_share_nothing_out_are_refused(given_weights):
    assert refused(shares, given_weights, 10) == "At least one payload weight must be above 0, and none below."


def test_fewer_invocations_than_payloads_with_a_weight_are_refused():
    assert "3 payloads, but only 2 invocations" in refused(shares, (1, 1, 0, 1), 2)


def test_a_weight_too_small_to_be_sent_at_all_is_refused():
    assert "weight is too small to be sent at all" in refused(shares, (99, 1), 10)
    assert shares((99, 1), 51) == (50, 1)


# --- turns ------------------------------------------------------------------------------------------------------

MANY = tuple(Payload.of(str(number), weight=number) for number in range(1, 5))
in_turn_or_once = st.sampled_from([PayloadUse.IN_TURN, PayloadUse.ONCE])


@given(in_turn_or_once, st.integers(1, 6), st.integers(0, 50), st.integers())
def test_payloads_in_turn_keep_their_order_whatever_the_seed(use, many, invocations, seed):
    turns = turn_order((EMPTY,) * many, use, invocations, seed)
    assert turns == tuple(index % many for index in range(invocations))


@given(st.integers(10, 200), st.integers())
def test_weighted_payloads_come_as_often_as_their_shares_say(invocations, seed):
    turns = turn_order(MANY, PayloadUse.WEIGHTED, invocations, seed)
    counts = Counter(turns)
    assert tuple(counts[index] for index in range(4)) == shares((1, 2, 3, 4), invocations)


@given(st.integers(10, 200), st.integers())
def test_a_seed_shuffles_weighted_payloads_in_one_way(invocations, seed):
    turns = turn_order(MANY, PayloadUse.WEIGHTED, invocations, seed)
    assert turn_order(MANY, PayloadUse.WEIGHTED, invocations, seed) == turns


def test_another_seed_shuffles_weighted_payloads_in_another_way():
    orders = {turn_order(MANY, PayloadUse.WEIGHTED, 40, seed) for seed in range(20)}
    assert len(orders) == 20
    assert all(turns != tuple(sorted(turns)) for turns in orders)


def test_weighted_payloads_without_a_weight_weigh_one():
    assert sorted(turn_order((EMPTY, EMPTY), PayloadUse.WEIGHTED, 4, 0)) == [0, 0, 1, 1]


def test_turns_that_the_weights_do_not_allow_are_refused():
    assert "weight is too small" in refused(turn_order, MANY, PayloadUse.WEIGHTED, 4, 0)
