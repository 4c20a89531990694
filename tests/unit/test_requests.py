"""A request that cannot be meant is refused when it is made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.function import FunctionArn
from powertune.domain.request import ALL_MEMORY_SIZES_MB, TuningRequest, parse_memory_sizes
from powertune.errors import UsageError

ARN = FunctionArn(partition="aws", region="us-east-1", account="1" * 12, name="orders")


@pytest.mark.parametrize(("wrong", "said"), [
    ({"memory_sizes_mb": ()}, "No memory size"),
    ({"memory_sizes_mb": (127,)}, "127 MB is not a memory size"),
    ({"memory_sizes_mb": (128, 10_241)}, "10241 MB is not a memory size"),
    ({"invocations": 2}, "number of invocations is 2"),
    ({"invocations": 10**6}, "number of invocations"),
    ({"parallel": 0}, "parallel invocations is 0"),
    ({"invocations": 5, "parallel": 5}, "would all be cold starts"),
    ({"balanced_weight": -0.1}, "balanced weight"),
    ({"balanced_weight": float("nan")}, "balanced weight"),
    ({"tolerance": 1.5}, "tolerance"),
    ({"payload": ""}, "payload is not JSON"),
    ({"payload": "{'a': 1}"}, "payload is not JSON"),
    ({"payload": "NaN"}, "NaN is not a JSON number"),
    ({"payload": '"' + "x" * (6 * 1024 * 1024) + '"'}, "6 MB"),
])  # fmt: skip
def test_each_wrong_value_is_named(wrong, said):
    with pytest.raises(UsageError, match=said) as caught:
        TuningRequest(function_arn=ARN, **wrong)
    assert caught.value.next_step
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("payload", ["{}", "null", "[1, 2]", '"text"', "0", '{"a": [true, "é"]}'])
def test_any_json_is_a_payload(payload):
    assert TuningRequest(function_arn=ARN, payload=payload).payload == payload


def test_memory_sizes_are_sorted_and_not_repeated():
    assert TuningRequest(function_arn=ARN, memory_sizes_mb=(512, 128, 512)).memory_sizes_mb == (128, 512)


def test_all_reaches_from_the_smallest_to_the_largest_size():
    assert parse_memory_sizes(" ALL ") == ALL_MEMORY_SIZES_MB
    assert (ALL_MEMORY_SIZES_MB[0], ALL_MEMORY_SIZES_MB[-1]) == (128, 10_240)


@pytest.mark.parametrize("text", ["", "128,", "1k", "12.5", "-128", "128;256", "１２８", "²"])
def test_what_is_no_list_of_sizes_is_refused(text):
    with pytest.raises(UsageError, match="is not a memory size in MB"):
        parse_memory_sizes(text)


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_a_list_of_whole_numbers_is_read_as_it_stands(numbers):
    assert parse_memory_sizes(",".join(map(str, numbers))) == tuple(numbers)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_arns_of_all_partitions_come_back_as_they_were(partition):
    text = f"arn:{partition}:lambda:eu-west-1:123456789012:function:take-payments_2"
    assert str(FunctionArn.parse(text)) == text


def test_the_qualifier_of_latest_is_dropped():
    assert str(FunctionArn.parse(f"{ARN}:$LATEST")) == str(ARN)


@pytest.mark.parametrize("text", [
    "", "orders", "arn:aws:lambda:us-east-1:123456789012:layer:x", "arn:aws:lambda:us-east-1:1234:function:x",
    "arn:aws:s3:::bucket", "arn:aws:lambda:us-east-1:123456789012:function:" + "x" * 65,
    "arn:aws:lambda:us-east-1:123456789012:function:a/b",
])  # fmt: skip
def test_what_is_no_function_arn_is_refused_with_its_form(text):
    with pytest.raises(UsageError, match="not the ARN of a Lambda function") as caught:
        FunctionArn.parse(text)
    assert "arn:aws:lambda:REGION:ACCOUNT:function:NAME" in caught.value.next_step


@pytest.mark.parametrize("qualifier", ["7", "live"])
def test_a_version_or_alias_is_refused_by_name(qualifier):
    with pytest.raises(UsageError, match=f"version or alias '{qualifier}'"):
        FunctionArn.parse(f"{ARN}:{qualifier}")
