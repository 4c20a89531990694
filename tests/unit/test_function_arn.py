"""The ARN of a function: taken apart, put together again, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.function import FunctionArn
from powertune.errors import UsageError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"


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
        "arn:aws:lambda:us-east-1:123456789012:function:a/b",
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
