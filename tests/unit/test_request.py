"""What a user may ask for, and what each refusal says."""

import re
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from powertune.domain.function import FunctionArn
from powertune.domain.payload import EMPTY, Payload, PayloadUse
from powertune.domain.request import ALL_MEMORY_SIZES_MB, DEFAULT_MEMORY_SIZES_MB, TuningRequest, parse_memory_sizes
from powertune.domain.search import Strategy
from powertune.errors import UsageError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"


def request(**changes):
    return TuningRequest(function_arn=FunctionArn.parse(ARN), **changes)


def refused(**changes):
    """The sentence of the refusal; every one ends as a sentence does and says what to do next."""
    with pytest.raises(UsageError) as caught:
        request(**changes)
    assert caught.value.message.endswith(".")
    assert caught.value.next_step.endswith(".")
    assert caught.value.exit_code == 2
    return caught.value.message


def events(many, weights=None):
    return tuple(Payload.of(str(n), None if weights is None else weights[n]) for n in range(many))


# --- the request --------------------------------------------------------------------------------------------


def test_a_request_with_only_a_function_has_sensible_defaults():
    made = request()
    assert (made.memory_sizes_mb, made.invocations, made.payloads) == (DEFAULT_MEMORY_SIZES_MB, 10, (EMPTY,))
    assert (made.strategy, made.parallel, made.sizes_at_once) == (Strategy.COST, 1, 3)
    assert (made.cold_starts_wanted, made.first_batch) == (0, 10)
    assert [made.apply, made.dry_run, made.only_cold_starts, made.include_payload] == [False] * 4


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
        ("parallel", 801, "parallel invocations is 801"),
        ("sizes_at_once", 0, "memory sizes at once is 0"),
        ("sizes_at_once", 41, "memory sizes at once is 41"),
        ("sleep_ms", -1, "pause in milliseconds is -1"),
        ("sleep_ms", 900_001, "pause in milliseconds is 900001"),
        ("cold_starts", -1, "number of cold starts is -1"),
        ("cold_starts", 1_001, "number of cold starts is 1001"),
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


@pytest.mark.parametrize(
    "ends",
    [
        {"invocations": 3, "sizes_at_once": 1, "sleep_ms": 0, "cold_starts": 0, "balanced_weight": 0, "tolerance": 0},
        {
            "invocations": 100_000,
            "parallel": 800,
            "sizes_at_once": 40,
            "sleep_ms": 900_000,
            "cold_starts": 1_000,
            "balanced_weight": 1,
            "tolerance": 1,
        },
    ],
)
def test_the_ends_of_every_range_are_taken(ends):
    made = request(**ends)
    assert {name: getattr(made, name) for name in ends} == ends


def test_all_invocations_may_be_sent_at_the_same_time():
    assert request(invocations=10, parallel=50).parallel == 50


# --- payloads of the request ----------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["s3://my-bucket/event.json", "s3://b.c-1/a key/é#?.json", "s3://abc/d\n"])
def test_payloads_may_still_lie_in_s3(url):
    made = request(payload_s3=url, payloads=())
    assert (made.payload_s3, made.payloads) == (url, ())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "my-bucket/event.json",
        "https://my-bucket.s3.amazonaws.com/event.json",
        "S3://my-bucket/event.json",
        "s3://my-bucket",
        "s3://my-bucket/",
        "s3:///event.json",
        "s3://ab/event.json",
        "s3://My-Bucket/event.json",
        "s3://-bucket/event.json",
    ],
)
def test_what_is_no_s3_reference_is_repeated_in_the_refusal(url):
    assert refused(payload_s3=url, payloads=()) == f"'{url}' is not an S3 reference."


def test_no_payload_at_all_is_refused():
    assert refused(payloads=()) == "There is no payload."


def test_each_payload_once_needs_one_for_every_invocation_of_the_run():
    asked = {"memory_sizes_mb": (128, 256), "invocations": 5, "payload_use": PayloadUse.ONCE}
    assert request(payloads=events(10), **asked).first_batch == 5
    assert "9 payloads are too few for 10 invocations" in refused(payloads=events(9), **asked)
    assert "10 payloads are too few for 14 invocations" in refused(payloads=events(10), cold_starts=3, **asked)
    assert request(payloads=events(1), dry_run=True, **asked).first_batch == 1


def test_weights_that_the_invocations_do_not_allow_are_refused_at_once():
    weighted = {"payload_use": PayloadUse.WEIGHTED}
    assert "weight is too small" in refused(payloads=events(2, (99, 1)), **weighted)
    assert "11 payloads, but only 10 invocations" in refused(payloads=events(11), **weighted)
    assert "must be above 0" in refused(payloads=events(2, (0, 0)), **weighted)
    assert request(payloads=events(2, (99, 1)), invocations=100, **weighted).planned_mix() == Counter({0: 99, 1: 1})


# --- the functions and the alias that a request names ------------------------------------------------------------


@pytest.mark.parametrize("field", ["pre_processor_arn", "post_processor_arn"])
@pytest.mark.parametrize(
    "arn",
    [
        ARN,
        f"{ARN}:$LATEST",
        f"{ARN}:live",
        f"{ARN}:42",
        "arn:aws-us-gov:lambda:us-gov-west-1:210987654321:function:fill-table_2",
    ],
)
def test_a_processor_is_any_function_with_or_without_a_qualifier(field, arn):
    assert getattr(request(**{field: arn}), field) == arn


@pytest.mark.parametrize("field", ["pre_processor_arn", "post_processor_arn"])
@pytest.mark.parametrize(
    "arn",
    [
        "",
        "orders",
        f"{ARN}:",
        f"{ARN}:a:b",
        f"{ARN}:$latest",
        f" {ARN}",
        f"{ARN}\n",
        "arn:aws:s3:::bucket",
        ARN + "x" * 60,
    ],
)
def test_a_processor_that_is_no_function_arn_is_repeated_and_said_which_it_was_to_be(field, arn):
    which = field.split("_")[0]
    assert refused(**{field: arn}) == f"'{arn}' is not the ARN of a function, so it cannot be the {which}-processor."


@pytest.mark.parametrize("name", ["live", "PROD_2", "a-b", "1a", "-", "x" * 128])
def test_an_alias_goes_with_applying(name):
    assert request(apply=True, apply_alias=name).apply_alias == name
    assert "goes with applying" in refused(apply_alias=name)


@pytest.mark.parametrize("name", ["", "7", "42", "a b", "a.b", "live\n", "$LATEST", "größe", "x" * 129])
def test_what_lambda_takes_for_no_alias_is_refused(name):
    assert refused(apply=True, apply_alias=name) == f"'{name}' is not an alias name."


def test_an_alias_that_a_run_would_delete_is_refused():
    assert "begins like those that powertune makes and deletes" in refused(apply=True, apply_alias="powertune-live")


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
        ("１２８", "１２８"),
        ("1k", "1k"),
    ],
)
def test_a_part_that_is_not_a_whole_number_is_named(text, culprit):
    with pytest.raises(UsageError, match=re.escape(f"'{culprit}' is not a memory size")):
        parse_memory_sizes(text)


def test_a_number_of_thousands_of_digits_is_refused_and_not_a_crash():
    with pytest.raises(UsageError, match="is not a memory size"):
        parse_memory_sizes("9" * 5_000)


@example("0\x1f")
@given(st.text(max_size=30))
def test_any_text_is_either_sizes_or_a_refusal(text):
    try:
        sizes = parse_memory_sizes(text)
    except UsageError:
        return
    assert sizes
    assert all(type(size) is int for size in sizes)
