"""An input of aws-lambda-power-tuning means a request of powertune, or is refused with a sentence."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.payload import PayloadForm, PayloadUse, turn_order
from powertune.domain.request import TuningRequest
from powertune.errors import UsageError
from powertune.peer import is_peer_input, payloads_from_text, request_from

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders"


def read(**fields):
    return request_from({"lambdaARN": ARN, "num": 10, **fields}, seed=7)


def refused(**fields):
    with pytest.raises(UsageError) as caught:
        read(**fields)
    assert caught.value.next_step
    return caught.value.message


def events(request):
    return [payload.text for payload in request.payloads]


# --- what it is ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [{"lambdaARN": ARN}, {"lambdaARN": None, "num": 5}])
def test_an_object_with_lambda_arn_is_such_an_input(data):
    assert is_peer_input(data)


@pytest.mark.parametrize("data", [{}, {"run_id": "x"}, [], "lambdaARN", None, ["lambdaARN"], 3])
def test_nothing_else_is(data):
    assert not is_peer_input(data)


def test_the_smallest_input_gets_that_tools_defaults():
    request = read()
    assert str(request.function_arn) == ARN
    assert request.memory_sizes_mb == (128, 256, 512, 1024, 1536, 3008)
    assert (request.invocations, request.parallel, request.sleep_ms) == (10, 1, 0)
    assert (request.strategy, request.balanced_weight, request.tolerance) == ("cost", 0.5, 0.0)
    assert events(request) == ["null"]
    assert (request.apply, request.apply_alias, request.dry_run, request.only_cold_starts) == (
        False,
        None,
        False,
        False,
    )
    assert (request.pre_processor_arn, request.post_processor_arn, request.allowed_exceptions) == (None, None, ())
    assert request.peer.discard_top_bottom == 0.2
    assert request.peer.include_output_results is False
    assert request.seed == 7


def test_powertune_still_takes_a_few_sizes_at_a_time():
    assert read().sizes_at_once == TuningRequest(function_arn=read().function_arn).sizes_at_once


def test_keys_that_it_does_not_know_are_ignored():
    assert read(disablePayloadLogs=True, comment="made by hand", includeOutputResult=1) == read()


# --- the function -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arn",
    ["orders", f"{ARN}:live", f"{ARN}:3", "arn:aws:lambda:eu-west-1:123456789012:orders", "", None, 5, [ARN], {}],
)
def test_a_function_that_is_not_named_by_its_unqualified_arn_is_refused(arn):
    assert "ARN" in refused(lambdaARN=arn) or ":" in refused(lambdaARN=arn)


# --- num ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("num", "count"), [(5, 5), ("10", 10), (10.7, 10), (" 12 times", 12), ("10.9", 10), (100.0, 100)]
)
def test_num_is_read_as_parse_int_reads_it(num, count):
    assert read(num=num).invocations == count


@pytest.mark.parametrize("num", [4, 4.9, "4", 0, -10, None, "", "ten", True, [], {}, float("nan"), float("inf")])
def test_num_below_5_or_no_number_is_refused_in_its_words(num):
    assert "num is missing or below 5" in refused(num=num)


def test_a_missing_num_is_refused_even_for_a_dry_run():
    with pytest.raises(UsageError, match="num is missing or below 5: null"):
        request_from({"lambdaARN": ARN, "dryRun": True}, seed=1)


# --- powerValues --------------------------------------------------------------------------------------------


def test_all_is_every_64_mb_up_to_3008():
    sizes = read(powerValues="ALL").memory_sizes_mb
    assert len(sizes) == 46
    assert (sizes[0], sizes[1], sizes[-1]) == (128, 192, 3008)


@pytest.mark.parametrize("value", [None, [], "", 0, False])
def test_no_power_values_are_the_default_ones(value):
    assert read(powerValues=value).memory_sizes_mb == (128, 256, 512, 1024, 1536, 3008)


def test_power_values_may_be_texts_and_repeat_and_keep_their_order_for_the_answer():
    request = read(powerValues=["1024", 128, 512.0, 1024])
    assert request.memory_sizes_mb == (128, 512, 1024)
    assert request.peer.power_values_mb == (1024, 128, 512)


@pytest.mark.parametrize("size", [127, 10_241, 0, -128, "64", 1e300])
def test_a_size_that_lambda_does_not_take_is_refused_at_once(size):
    assert "128 to 10240 MB" in refused(powerValues=[512, size])


@pytest.mark.parametrize("size", ["512 MB", "x", None, True, 512.5, [], {}])
def test_a_power_value_that_is_no_whole_number_is_named(size):
    assert f"hold {json.dumps(size)}," in refused(powerValues=[512, size])


@pytest.mark.parametrize("value", ["all", "128,256", 512, {"a": 1}, True])
def test_power_values_that_are_no_list_are_refused(value):
    assert 'neither a list nor "ALL"' in refused(powerValues=value)


# --- payload ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, 0, "", False, 0.0])
def test_what_javascript_takes_for_false_is_sent_as_null(value):
    assert events(read(payload=value)) == ["null"]


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ({"size": 3}, '{"size":3}'),
        ('{"size": 3}', '{"size": 3}'),
        ('"text"', '"text"'),
        ("123", "123"),
        ("x", '"x"'),
        ("{broken", '"{broken"'),
        ("NaN", '"NaN"'),
        ("Grüße", '"Grüße"'),
        ("half \ud83d of it", '"half \\ud83d of it"'),
        ('"\ud83d"', '"\\ud83d"'),
        (7, "7"),
        (True, "true"),
        ([], "[]"),
        ([1, "two", None], '[1,"two",null]'),
        ({}, "{}"),
    ],
)
def test_json_in_a_text_is_sent_as_it_stands_and_everything_else_is_encoded(value, sent):
    request = read(payload=value)
    assert events(request) == [sent]
    assert request.payload_use is PayloadUse.IN_TURN


def test_a_weighted_list_is_shared_out():
    request = read(payload=[{"payload": {"a": 1}, "weight": 30}, {"payload": "b", "weight": "70", "note": "kept out"}])
    assert events(request) == ['{"a":1}', '"b"']
    assert request.payload_use is PayloadUse.WEIGHTED
    assert sorted(request.turns()) == [0] * 3 + [1] * 7


@pytest.mark.parametrize(
    "items",
    [[{"payload": 1}], [{"weight": 1}], [{"payload": 1, "weight": 1}, 5], [{"payload": 1, "weight": 1}, {}], [1]],
)
def test_a_list_in_which_an_item_has_not_both_keys_is_the_event_itself(items):
    request = read(payload=items)
    assert [json.loads(text) for text in events(request)] == [items]
    assert request.payload_use is PayloadUse.IN_TURN


@pytest.mark.parametrize(
    "weight", [-1, "-0.5", None, True, "", " ", "many", [], {}, float("nan"), float("inf"), 10**400]
)
def test_a_weight_that_is_no_number_from_0_up_is_refused(weight):
    assert "weight" in refused(payload=[{"payload": 1, "weight": 1}, {"payload": 2, "weight": weight}])


def test_more_payloads_than_invocations_are_refused():
    many = [{"payload": number, "weight": 1} for number in range(11)]
    assert "11 payloads, but only 10 invocations" in refused(payload=many)


def test_a_weight_too_small_to_be_sent_at_all_is_refused():
    heavy = [{"payload": 1, "weight": 1}, {"payload": 2, "weight": 1000}]
    assert "too small to be sent at all" in refused(payload=heavy)


def test_weights_that_are_all_0_are_refused():
    assert "payload weight must be above 0" in refused(payload=[{"payload": 1, "weight": 0}])


def test_a_payload_larger_than_lambda_accepts_is_refused():
    assert "6 MB" in refused(payload={"text": "x" * 6 * 1024 * 1024})


def test_a_payload_that_is_nested_too_deeply_is_refused_and_not_sent_as_a_string():
    assert refused(payload="[" * 100_000 + "]" * 100_000)


# --- payloadS3 ----------------------------------------------------------------------------------------------


def test_payload_s3_wins_and_its_key_is_decoded():
    request = read(payloadS3="s3://my-bucket/some%20folder/p%2B1.json", payload={"ignored": True})
    assert request.payload_s3 == "s3://my-bucket/some folder/p+1.json"
    assert request.payloads == ()
    assert request.payload_form is PayloadForm.POWER_TUNING


@pytest.mark.parametrize(
    "value", ["https://bucket/key", "s3://bucket", "s3://bucket/", "s3:///key", "s3://B!/k", 5, {}]
)
def test_what_is_no_s3_reference_is_refused(value):
    assert "not an S3 reference" in refused(payloadS3=value)


def test_a_key_that_is_not_utf_8_is_refused():
    assert "cannot be decoded" in refused(payloadS3="s3://bucket/%FF.json")


@pytest.mark.parametrize(
    ("text", "sent", "use"),
    [
        ('{"size": 3}', ['{"size":3}'], PayloadUse.IN_TURN),
        ("just text\n", ['"just text\\n"'], PayloadUse.IN_TURN),
        ("", ['""'], PayloadUse.IN_TURN),
        ("null", ["null"], PayloadUse.IN_TURN),
        ("0", ["0"], PayloadUse.IN_TURN),
        ('"[1]"', ["[1]"], PayloadUse.IN_TURN),
        ("NaN", ['"NaN"'], PayloadUse.IN_TURN),
        ("[]", ["[]"], PayloadUse.IN_TURN),
        ('[{"payload": 0, "weight": 1}, {"payload": "", "weight": 9}]', ["0", '""'], PayloadUse.WEIGHTED),
    ],
)
def test_a_text_from_s3_follows_the_same_rules(text, sent, use):
    payloads, found = payloads_from_text(text)
    assert [payload.text for payload in payloads] == sent
    assert found is use


def test_a_number_of_thousands_of_digits_is_refused_and_not_sent_as_a_string():
    assert refused(payload="1" * 5000)


def test_a_weight_from_s3_is_refused_like_any_other():
    with pytest.raises(UsageError, match="weight -1"):
        payloads_from_text('[{"payload": 1, "weight": 2}, {"payload": 2, "weight": -1}]')


@given(st.text())
def test_every_text_from_s3_is_json_when_it_is_sent(text):
    try:
        payloads, _ = payloads_from_text(text)
    except UsageError:
        return
    for payload in payloads:
        json.loads(payload.text)


# --- how it is measured -------------------------------------------------------------------------------------


@pytest.mark.parametrize("true", [True, 1, "true", "false", [], {}])
def test_parallel_invocation_sends_them_all_at_once_and_never_sleeps(true):
    request = read(num=20, parallelInvocation=true, sleepBetweenRunsMs=500)
    assert (request.parallel, request.sleep_ms) == (20, 0)


def test_more_parallel_invocations_than_powertune_sends_at_once_are_sent_in_bursts():
    assert read(num=5000, parallelInvocation=True).parallel == 800


@pytest.mark.parametrize(
    ("value", "pause_ms"),
    [(500, 500), ("500", 500), (1500.7, 1500), (None, 0), ("soon", 0), (-5, 0), (0, 0), ({}, 0), ([], 0), (True, 0)],
)
def test_the_pause_is_read_as_there_and_what_is_no_number_is_no_pause(value, pause_ms):
    assert read(sleepBetweenRunsMs=value).sleep_ms == pause_ms


@pytest.mark.parametrize(
    ("value", "share"), [(0.1, 0.1), ("0.3", 0.3), (None, 0.0), (0.9, 0.4), (-1, 0.0), (0, 0.0), (True, 0.4)]
)
def test_discard_top_bottom_is_kept_between_0_and_0_4(value, share):
    assert read(discardTopBottom=value).peer.discard_top_bottom == share


def test_only_cold_starts_discards_nothing():
    request = read(onlyColdStarts=1, discardTopBottom=0.3)
    assert request.only_cold_starts
    assert request.peer.discard_top_bottom == 0.0


def test_processors_and_allowed_exceptions_are_taken_over():
    request = read(preProcessorARN=f"{ARN}-pre", postProcessorARN=f"{ARN}-post", allowedExceptions=["NotFound", "Gone"])
    assert (request.pre_processor_arn, request.post_processor_arn) == (f"{ARN}-pre", f"{ARN}-post")
    assert request.allowed_exceptions == ("NotFound", "Gone")
    assert read(preProcessorARN="", postProcessorARN=None, allowedExceptions=None) == read()


@pytest.mark.parametrize("field", ["preProcessorARN", "postProcessorARN", "allowedExceptions"])
@pytest.mark.parametrize("value", ["no arn", 5, [1], {"a": 1}])
def test_what_is_no_processor_and_no_list_of_error_types_is_refused(field, value):
    assert refused(**{field: value})


# --- what is made of it -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "strategy"), [("", "cost"), (None, "cost"), ("speed", "speed"), ("balanced", "balanced")]
)
def test_strategies_are_the_same_three(value, strategy):
    assert read(strategy=value).strategy == strategy


@pytest.mark.parametrize(
    ("value", "weight"), [(0.3, 0.3), ("0.3", 0.3), (7, 1.0), (-7, 0.0), (None, 0.0), (1e999, None)]
)
def test_the_balanced_weight_is_kept_between_0_and_1(value, weight):
    if weight is None:
        assert "balancedWeight is not a number" in refused(balancedWeight=value)
    else:
        assert read(balancedWeight=value).balanced_weight == weight


def test_auto_optimize_applies_and_its_alias_counts_only_with_it():
    assert read(autoOptimize=True).apply
    assert read(autoOptimize=True, autoOptimizeAlias="prod").apply_alias == "prod"
    ignored = read(autoOptimizeAlias="prod")
    assert (ignored.apply, ignored.apply_alias) == (False, None)


@pytest.mark.parametrize("alias", ["12", "a b", "powertune-lease", 5, ["prod"]])
def test_an_alias_that_cannot_be_made_is_refused_before_anything_is_spent(alias):
    assert refused(autoOptimize=True, autoOptimizeAlias=alias)


def test_a_dry_run_changes_nothing_whatever_else_is_asked():
    request = read(dryRun=True, autoOptimize=True, autoOptimizeAlias="prod")
    assert (request.dry_run, request.apply, request.apply_alias) == (True, False, None)


@pytest.mark.parametrize("value", ["true", 1, None, [], False])
def test_a_dry_run_is_one_only_for_true_itself(value):
    assert read(dryRun=value).dry_run is False


@pytest.mark.parametrize(("value", "wanted"), [(True, True), (1, True), ("yes", True), (0, False), ("", False)])
def test_include_output_results_is_remembered(value, wanted):
    assert read(includeOutputResults=value).peer.include_output_results is wanted


# --- anything at all ----------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-20, 20_000),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["ALL", "10", "512", "0.3", "cost", "speed", ARN, f"{ARN}:1", "s3://bucket/key", '{"a": 1}', "\ud800"]
    ),
)
ITEMS = st.one_of(SCALARS, st.fixed_dictionaries({"payload": SCALARS, "weight": SCALARS}))
VALUES = st.recursive(
    ITEMS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "num",
    "powerValues",
    "payload",
    "payloadS3",
    "parallelInvocation",
    "strategy",
    "balancedWeight",
    "autoOptimize",
    "autoOptimizeAlias",
    "dryRun",
    "preProcessorARN",
    "postProcessorARN",
    "discardTopBottom",
    "sleepBetweenRunsMs",
    "disablePayloadLogs",
    "includeOutputResults",
    "onlyColdStarts",
    "allowedExceptions",
    "somethingElse",
]


def checked(data):
    try:
        request = request_from(data, seed=1)
    except UsageError:
        return
    assert request.invocations >= 5
    assert set(request.peer.power_values_mb) == set(request.memory_sizes_mb)
    if request.payloads:
        assert turn_order(request.payloads, request.payload_use, request.invocations, 1)
        for payload in request.payloads:
            json.loads(payload.text)


@given(VALUES, st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_any_object_is_a_request_or_refused_with_a_sentence(arn, fields):
    checked({"lambdaARN": arn, **fields})


@given(st.dictionaries(st.sampled_from(FIELDS[1:]), VALUES))
def test_any_fields_beside_a_good_function_and_num_are_a_request_or_refused(fields):
    checked({"lambdaARN": ARN, "num": 10, **fields})


@given(st.sampled_from(FIELDS[1:]), VALUES)
def test_any_single_field_beside_them_is_a_request_or_refused(field, value):
    checked({"lambdaARN": ARN, "num": 10, field: value})
