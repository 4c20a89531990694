"""Data to JSON and back: nothing is lost, and nothing that does not fit is let in."""

import dataclasses
import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from powertune import wire
from powertune.domain.function import Architecture, FunctionArn, FunctionSnapshot, LogFormat
from powertune.domain.request import Strategy, TuningRequest
from powertune.domain.result import Money, TuningResult
from powertune.domain.sample import Outcome, Sample, Source, TraceParts
from powertune.domain.work import Batch, MeasureTask, RunInput, RunState, SizeFailure, Variant
from powertune.errors import UsageError
from powertune.wire import WireError, dumps, loads, read_result, to_data

texts = st.text(max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
maybe_numbers = st.none() | numbers
sizes = st.integers(128, 10_240)
counts = st.integers(0, 2**53)
arns = st.builds(
    FunctionArn,
    partition=st.sampled_from(["aws", "aws-cn"]),
    region=st.just("us-east-1"),
    account=st.from_regex(r"[0-9]{12}", fullmatch=True),
    name=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
)
requests = st.builds(
    TuningRequest,
    function_arn=arns,
    memory_sizes_mb=st.lists(sizes, min_size=1, max_size=5).map(tuple),
    invocations=st.integers(11, 100_000),
    payload=st.recursive(st.none() | st.integers() | texts, lambda one: st.lists(one, max_size=3)).map(json.dumps),
    strategy=st.sampled_from(Strategy),
    balanced_weight=st.floats(0, 1),
    parallel=st.integers(1, 10),
    tolerance=st.floats(0, 1),
    seed=st.integers(),
)
samples = st.builds(
    Sample,
    memory_mb=sizes,
    version=texts,
    order=counts,
    request_id=st.none() | texts,
    trace_id=st.none() | texts,
    outcome=st.sampled_from(Outcome),
    cold=st.none() | st.booleans(),
    suppressed_init=st.booleans(),
    duration_ms=maybe_numbers,
    billed_ms=st.none() | counts,
    init_ms=maybe_numbers,
    error_message=st.none() | texts,
    parts=st.none() | st.builds(TraceParts, init_ms=maybe_numbers, service_ms=maybe_numbers),
    sources=st.lists(st.sampled_from(Source), max_size=3).map(tuple),
    disagreements=st.lists(texts, max_size=2).map(tuple),
)
snapshots = st.builds(
    FunctionSnapshot,
    arn=arns,
    memory_mb=sizes,
    timeout_s=st.integers(1, 900),
    architecture=st.sampled_from(Architecture),
    runtime=st.none() | texts,
    handler=st.none() | texts,
    code_sha256=texts,
    revision_id=texts,
    tracing_active=st.booleans(),
    log_group=texts,
    log_format=st.sampled_from(LogFormat),
    system_log_level=st.none() | texts,
    ephemeral_mb=counts,
    snap_start=st.booleans(),
)
tasks = st.builds(
    MeasureTask,
    run_id=texts,
    memory_mb=sizes,
    version=texts,
    alias=texts,
    round=counts,
    remaining=counts,
    failure=st.none() | texts,
    aws_calls=st.dictionaries(texts, counts, max_size=2),
)
states = st.builds(
    RunState,
    run_id=texts,
    snapshot=snapshots,
    started_at_ms=counts,
    to_publish=st.lists(sizes, max_size=2).map(tuple),
    variants=st.lists(
        st.builds(Variant, memory_mb=sizes, version=texts, alias=texts, owned=st.booleans()), max_size=2
    ).map(tuple),
    batches=st.lists(st.builds(Batch, memory_mb=sizes, count=counts), max_size=2).map(tuple),
    to_measure=st.lists(tasks, max_size=2).map(tuple),
    collect_deadline_ms=st.none() | counts,
    finished=st.booleans(),
    failures=st.lists(st.builds(SizeFailure, memory_mb=sizes, reason=texts), max_size=2).map(tuple),
    aws_calls=st.dictionaries(texts, counts, max_size=2),
)
amounts = st.decimals(allow_nan=False, allow_infinity=False)

# --- there and back -------------------------------------------------------------------------------------------


@given(requests)
def test_a_request_comes_back_as_it_went(value):
    assert loads(dumps(value), TuningRequest) == value


@given(samples)
def test_a_sample_comes_back_as_it_went(value):
    assert loads(dumps(value), Sample) == value


@settings(max_examples=50)
@given(states)
def test_a_run_state_comes_back_as_it_went(value):
    assert loads(dumps(value), RunState) == value


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=requests,
    drawn=st.lists(samples, max_size=3).map(tuple),
    amount=amounts,
    warnings=st.lists(texts, max_size=2).map(tuple),
    best_mb=st.sampled_from([None, 512]),
)
def test_a_result_comes_back_as_it_went(make_result, asked, drawn, amount, warnings, best_mb):
    value = make_result(sizes_mb=(128, 512), best_mb=best_mb, request=asked, samples=drawn, warnings=warnings)
    value = dataclasses.replace(value, price=dataclasses.replace(value.price, per_gb_second=amount))
    assert loads(dumps(value), TuningResult) == value
    assert loads(dumps(value, indent=2), TuningResult) == value


@given(amounts)
def test_money_keeps_every_digit(amount):
    back = loads(dumps(Money(amount=amount, currency="USD")), Money)
    assert back.amount.as_tuple() == amount.as_tuple()


def test_money_travels_as_text_and_an_arn_and_an_enum_as_theirs(make_result):
    data = to_data(make_result())
    assert data["price"]["per_gb_second"] == "0.0000133334"
    assert data["request"]["function_arn"] == data["function"]["arn"]
    assert data["request"]["strategy"] == "cost"


def test_a_run_input_may_come_without_its_request():
    assert loads('{"run_id": "r"}', RunInput) == RunInput(run_id="r")
    assert loads('{"run_id": "r", "request": null}', RunInput) == RunInput(run_id="r")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_has_no_word_for_is_not_written(number):
    with pytest.raises(ValueError, match="JSON compliant"):
        dumps(TraceParts(init_ms=number))


def test_text_that_utf_8_cannot_hold_is_still_written_and_read_back():
    value = SizeFailure(memory_mb=128, reason="half a pair: \ud83d.")
    text = dumps(value)
    text.encode("utf-8")
    assert loads(text, SizeFailure) == value


# --- what is refused, and where -------------------------------------------------------------------------------

SAMPLE = {"memory_mb": 128, "version": "1", "order": 0, "request_id": None, "trace_id": None, "outcome": "ok"}


def refused(data, kind):
    with pytest.raises(WireError) as caught:
        wire.from_data(data, kind)
    return str(caught.value)


def test_the_sample_that_the_refusals_start_from_is_whole():
    assert wire.from_data(SAMPLE, Sample).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("memory_mb", "128"),
        ("memory_mb", 128.0),
        ("memory_mb", True),
        ("memory_mb", None),
        ("version", 1),
        ("order", [0]),
        ("request_id", 7),
        ("outcome", "fine"),
        ("outcome", 1),
        ("cold", "false"),
        ("cold", 0),
        ("suppressed_init", None),
        ("duration_ms", "12.5"),
        ("duration_ms", True),
        ("duration_ms", float("nan")),
        ("duration_ms", float("inf")),
        ("duration_ms", 10**400),
        ("billed_ms", 12.5),
        ("parts", []),
        ("parts", "x"),
        ("sources", "tail"),
        ("sources", {"tail": 1}),
        ("sources", ["rumour"]),
        ("sources", None),
        ("disagreements", "some text"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_its_place(key, value):
    assert key in refused({**SAMPLE, key: value}, Sample)


@pytest.mark.parametrize("key", sorted(SAMPLE))
def test_a_missing_key_is_refused_by_name(key):
    data = {name: value for name, value in SAMPLE.items() if name != key}
    assert key in refused(data, Sample)


def test_an_extra_key_is_refused_by_name():
    assert "surprise" in refused({**SAMPLE, "surprise": 1}, Sample)


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_what_is_no_object_at_all_is_refused(data):
    assert refused(data, Sample)
    assert refused(data, RunInput)


@pytest.mark.parametrize("text", ["1,5", "", "NaN", "Infinity", "sNaN", 1.5, 1, None])
def test_an_amount_that_is_no_decimal_in_text_is_refused(text):
    assert "amount" in refused({"amount": text, "currency": "USD"}, Money)


def test_the_place_leads_through_lists_and_objects(make_result):
    data = to_data(make_result(sizes_mb=(128, 512), best_mb=512))
    data["memory_sizes"][1]["warm"]["samples"] = "nine"
    message = refused(data, TuningResult)
    for part in ("memory_sizes", "1", "warm", "samples", "nine"):
        assert part in message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"memory_sizes_mb": [64]}, "64 MB is not a memory size"),
        ({"function_arn": "orders"}, "'orders' is not the ARN"),
        ({"function_arn": 7}, "function_arn"),
        ({"invocations": 1}, "number of invocations is 1"),
        ({"payload": "{"}, "payload is not JSON"),
    ],
)
def test_a_request_that_cannot_be_meant_says_why(change, words):
    data = {"function_arn": "arn:aws:lambda:us-east-1:123456789012:function:orders", **change}
    assert words in refused(data, TuningRequest)


@pytest.mark.parametrize("text", ["", "{", '{"run_id": "r"', "nonsense", "[" * 100_000])
def test_text_that_is_not_json_is_refused_as_such(text):
    with pytest.raises(WireError, match="not JSON"):
        loads(text, RunInput)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda one: st.lists(one, max_size=3) | st.dictionaries(texts | st.sampled_from(sorted(SAMPLE)), one, max_size=4),
    max_leaves=8,
)


@given(json_values, st.sampled_from([Sample, TuningRequest, TuningResult, RunState, RunInput, Money]))
def test_any_data_is_either_taken_or_refused_as_a_wire_error(data, kind):
    try:
        value = wire.from_data(data, kind)
    except WireError:
        return
    assert type(value) is kind


# --- result.json ------------------------------------------------------------------------------------------------


def written(tmp_path, **changes):
    path = tmp_path / "result.json"
    path.write_text(json.dumps({**to_data(build_result()), **changes}), encoding="utf-8")
    return path


def test_a_result_file_is_read(tmp_path):
    path = tmp_path / "result.json"
    path.write_text(dumps(build_result(), indent=2), encoding="utf-8")
    assert read_result(path) == build_result()


def test_a_result_of_a_newer_powertune_is_refused_even_if_it_has_other_keys(tmp_path):
    with pytest.raises(UsageError, match=r"newer powertune \(schema 2, this one reads 1\)") as caught:
        read_result(written(tmp_path, schema_version=2, something_new={}))
    assert caught.value.next_step == "Update powertune."


@pytest.mark.parametrize("version", [0, -1, "1", None, True, 1.0])
def test_a_schema_that_never_was_is_refused(tmp_path, version):
    with pytest.raises(UsageError, match="schema"):
        read_result(written(tmp_path, schema_version=version))


def test_a_result_without_a_schema_is_refused(tmp_path):
    path = tmp_path / "result.json"
    data = to_data(build_result())
    del data["schema_version"]
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UsageError, match="schema"):
        read_result(path)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_a_result_cut_short_is_refused(tmp_path, share):
    path = written(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UsageError, match="not a whole powertune result"):
        read_result(path)


@pytest.mark.parametrize("text", ["hello", "[]", "null", "3", "{}", '{"schema_version": 1}', "[" * 100_000])
def test_a_file_that_is_no_result_is_refused_with_its_path(tmp_path, text):
    path = tmp_path / "result.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="result.json is not a whole powertune result"):
        read_result(path)


def test_a_missing_file_a_folder_and_bytes_that_are_no_text_cannot_be_read(tmp_path):
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "nothing.json", tmp_path, binary):
        with pytest.raises(UsageError, match="cannot be read"):
            read_result(path)


def test_an_edited_result_is_refused_with_the_place(tmp_path):
    with pytest.raises(UsageError, match="restored"):
        read_result(written(tmp_path, restored="yes"))


def test_a_decimal_is_not_rounded_on_its_way_through_a_file(tmp_path):
    value = build_result()
    amount = Decimal("0.1234567890123456789012345678901234567890")
    value = dataclasses.replace(value, price=dataclasses.replace(value.price, per_request=amount))
    path = tmp_path / "result.json"
    path.write_text(dumps(value), encoding="utf-8")
    assert read_result(path).price.per_request == amount
