"""What a user may ask for, and what each refusal says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.function import FunctionArn
from powertune.domain.request import (
    ALL_MEMORY_SIZES_MB,
    DEFAULT_MEMORY_SIZES_MB,
    MAX_PAYLOAD_BYTES,
    TuningRequest,
    parse_memory_sizes,
)
from powertune.errors import UsageError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"


def request(**changes):
    return TuningRequest(function_arn=FunctionArn.parse(ARN), **changes)


def refused(**changes):
    with pytest.raises(UsageError) as caught:
        request(**changes)
    assert caught.value.next_step
    return caught.value.message


# --- the request --------------------------------------------------------------------------------------------


def test_a_request_with_only_a_function_has_sensible_defaults():
    made = request()
    assert (made.memory_sizes_mb, made.invocations, made.payload) == (DEFAULT_MEMORY_SIZES_MB, 10, "{}")


@given(st.lists(st.integers(128, 10_240), min_size=1, max_size=20))
def test_memory_sizes_come_out_ascending_and_without_repeats(sizes):
    assert request(memory_sizes_mb=tuple(sizes)).memory_sizes_mb == tuple(sorted(set(sizes)))


@pytest.mark.parametrize("size", [0, -128, 127, 10_241, 32_768])
def test_a_size_that_lambda_does_not_take_is_named(size):
    message = refused(memory_sizes_mb=(512, size))
    assert f"{size} MB" in message
    assert "128 to 10240 MB" in message


@pytest.mark.parametrize("size", [128, 10_240])
def test_the_smallest_and_the_largest_size_are_taken(size):
    assert request(memory_sizes_mb=(size,)).memory_sizes_mb == (size,)


def test_no_size_at_all_is_refused():
    assert "No memory size" in refused(memory_sizes_mb=())


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("invocations", 2, "number of invocations is 2"),
        ("invocations", 100_001, "number of invocations is 100001"),
        ("parallel", 0, "parallel invocations is 0"),
        ("parallel", 1_001, "parallel invocations is 1001"),
        ("balanced_weight", -0.1, "balanced weight is -0.1"),
        ("balanced_weight", 1.1, "balanced weight is 1.1"),
        ("balanced_weight", float("nan"), "balanced weight is nan"),
        ("tolerance", -0.01, "tolerance is -0.01"),
        ("tolerance", 2, "tolerance is 2"),
        ("tolerance", float("nan"), "tolerance is nan"),
    ],
)
def test_a_number_out_of_range_is_named_with_its_range(field, value, words):
    message = refused(**{field: value})
    assert words in message
    assert re.search(r"between \d+ and \d+", message)


def test_as_many_parallel_invocations_as_invocations_leave_nothing_warm_and_are_refused():
    assert "10 invocations with 10 in parallel would all be cold starts" in refused(invocations=10, parallel=10)
    assert request(invocations=10, parallel=9).parallel == 9


@pytest.mark.parametrize(
    "payload", ["", "{", "{'a': 1}", "{} {}", "NaN", '{"a": Infinity}', "-Infinity", "[" * 100_000, '"\udc80"']
)
def test_a_payload_that_is_not_json_is_refused(payload):
    assert "payload is not JSON" in refused(payload=payload)


@pytest.mark.parametrize("payload", ["null", "0", "[]", '"text"', ' {"a": [1, 2.5, "ü"]} '])
def test_any_json_is_a_payload_and_is_kept_as_written(payload):
    assert request(payload=payload).payload == payload


def test_a_payload_is_measured_in_bytes_and_six_megabytes_are_the_most():
    fits = '"' + "a" * (MAX_PAYLOAD_BYTES - 2) + '"'
    assert request(payload=fits).payload == fits
    assert "larger than the 6 MB" in refused(payload=fits + " ")
    assert "larger than the 6 MB" in refused(payload='"' + "ü" * (MAX_PAYLOAD_BYTES // 2) + '"')


# --- parse_memory_sizes --------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=10), st.sampled_from([",", ", ", " ,"]))
def test_sizes_written_with_commas_are_read_in_their_order(sizes, separator):
    assert parse_memory_sizes(separator.join(map(str, sizes))) == tuple(sizes)


@pytest.mark.parametrize("text", ["all", "ALL", " All "])
def test_all_stands_for_every_64_mb_from_128_to_10240(text):
    sizes = parse_memory_sizes(text)
    assert sizes == ALL_MEMORY_SIZES_MB
    assert (sizes[0], sizes[1], sizes[-1]) == (128, 192, 10_240)
    assert request(memory_sizes_mb=sizes).memory_sizes_mb == sizes


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ("", ""),
        ("128,", ""),
        ("128,,256", ""),
        ("128 256", "128 256"),
        ("128;256", "128;256"),
        ("128,fast", "fast"),
        ("-128", "-128"),
        ("128.5", "128.5"),
        ("1e3", "1e3"),
        ("128MB", "128MB"),
        ("128,all", "all"),
        ("١٢٨", "١٢٨"),
        ("²", "²"),
    ],
)
def test_a_part_that_is_not_a_whole_number_is_named(text, culprit):
    with pytest.raises(UsageError, match=re.escape(f"'{culprit}' is not a memory size")):
        parse_memory_sizes(text)


def test_a_number_of_thousands_of_digits_is_refused_and_not_a_crash():
    with pytest.raises(UsageError, match="is not a memory size"):
        parse_memory_sizes("9" * 5_000)


@given(st.text(max_size=30))
def test_any_text_is_either_sizes_or_a_refusal(text):
    try:
        sizes = parse_memory_sizes(text)
    except UsageError:
        return
    assert sizes
    assert all(type(size) is int for size in sizes)


# --- FunctionArn ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b"])
@pytest.mark.parametrize("name", ["orders", "a", "My_function-2", "x" * 64])
def test_an_arn_of_any_partition_is_taken_apart_and_put_together_again(partition, name):
    text = f"arn:{partition}:lambda:us-gov-west-1:123456789012:function:{name}"
    arn = FunctionArn.parse(text)
    assert (arn.partition, arn.region, arn.account, arn.name) == (partition, "us-gov-west-1", "123456789012", name)
    assert str(arn) == text


def test_latest_is_the_function_itself():
    assert str(FunctionArn.parse(f"{ARN}:$LATEST")) == ARN


def test_blanks_around_an_arn_do_not_matter():
    assert str(FunctionArn.parse(f" {ARN}\n")) == ARN


@pytest.mark.parametrize("qualifier", ["1", "42", "live", "PROD_2", "a-b"])
def test_a_version_or_an_alias_is_refused_by_its_name(qualifier):
    with pytest.raises(UsageError, match=f"version or alias '{qualifier}'") as caught:
        FunctionArn.parse(f"{ARN}:{qualifier}")
    assert f"':{qualifier}'" in caught.value.next_step


@pytest.mark.parametrize(
    "text",
    [
        "",
        "orders",
        "123456789012:function:orders",
        "arn:aws:lambda:us-east-1:123456789012:orders",
        "arn:aws:lambda:us-east-1:12345678901:function:orders",
        "arn:aws:lambda:us-east-1:1234567890123:function:orders",
        "arn:aws:lambda:us-east-1:١٢٣٤٥٦٧٨٩٠١٢:function:orders",
        "arn:aws:lambda::123456789012:function:orders",
        "arn:aws:lambda:US-EAST-1:123456789012:function:orders",
        "arn:gcp:lambda:us-east-1:123456789012:function:orders",
        "arn:aws:s3:us-east-1:123456789012:function:orders",
        "arn:aws:lambda:us-east-1:123456789012:layer:orders",
        "arn:aws:lambda:us-east-1:123456789012:function:",
        "arn:aws:lambda:us-east-1:123456789012:function:a b",
        "arn:aws:lambda:us-east-1:123456789012:function:" + "x" * 65,
        ARN + ":",
        ARN + ":$latest",
        ARN + ":live:1",
        ARN + "\n" + ARN,
    ],
)
def test_what_is_not_a_function_arn_is_repeated_in_the_refusal(text):
    with pytest.raises(UsageError) as caught:
        FunctionArn.parse(text)
    assert caught.value.message == f"'{text}' is not the ARN of a Lambda function."
    assert "arn:aws:lambda:REGION" in caught.value.next_step


@given(st.text(max_size=80))
def test_any_text_is_either_an_arn_or_a_refusal(text):
    try:
        arn = FunctionArn.parse(text)
    except UsageError:
        return
    assert FunctionArn.parse(str(arn)) == arn
