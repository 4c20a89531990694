"""Data to JSON and back: nothing is lost, and nothing that does not fit is let in."""

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_data import amounts, json_values, made

from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload, PayloadUse
from powertune.domain.price import Money
from powertune.domain.request import ALL_MEMORY_SIZES_MB, TuningRequest
from powertune.domain.result import TuningResult
from powertune.domain.sample import Invocation, Outcome, Sample, TraceParts
from powertune.domain.work import Batch, Restoration, RunInput, RunState, SizeFailure, SizeWork, Variant
from powertune.wire import WireError, dumps, from_data, loads, to_data

KINDS = [RunState, SizeWork, Batch, Variant, RunInput, Restoration, Invocation, Sample, TuningRequest, TuningResult]
generous = settings(deadline=None, suppress_health_check=list(HealthCheck))

# --- there and back -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@settings(generous, max_examples=20)
@given(st.data())
def test_whatever_is_written_is_read_back_the_same(kind, data):
    value = data.draw(made(kind))
    assert loads(dumps(value), kind) == value
    assert loads(dumps(value, indent=1), kind) == value


@settings(generous, max_examples=20)
@given(made(TuningRequest))
def test_every_field_is_written_also_where_it_has_its_default(value):
    assert list(to_data(value)) == [field.name for field in dataclasses.fields(TuningRequest)]


def test_payloads_used_once_come_back_in_their_order():
    arn = "arn:aws:lambda:us-east-1:123456789012:function:orders"
    events = [to_data(Payload.of(str(number))) for number in range(6)]
    data = {"function_arn": arn, "memory_sizes_mb": [128, 256], "invocations": 3, "payloads": events}
    value = from_data({**data, "payload_use": "once"}, TuningRequest)
    assert value.payload_use is PayloadUse.ONCE
    assert loads(dumps(value), TuningRequest) == value


@given(amounts)
def test_money_keeps_every_digit(amount):
    back = loads(dumps(Money(amount=amount, currency="USD")), Money)
    assert back.amount.as_tuple() == amount.as_tuple()


def test_money_travels_as_text_and_an_arn_and_an_enum_as_theirs(make_result):
    data = to_data(make_result())
    assert data["price"]["per_gb_second"] == "0.0000133334"
    assert data["request"]["function_arn"] == data["function"]["arn"]
    assert data["request"]["strategy"] == "cost"


def test_the_state_of_a_run_at_every_memory_size_fits_between_the_steps_of_a_state_machine(make_snapshot):
    sizes = ALL_MEMORY_SIZES_MB
    name = {"version": "1234", "alias": "powertune-20261125T192814-849aaa-10240"}
    state = RunState(
        run_id="20261125T192814-849aaa",
        snapshot=make_snapshot(),
        started_at_ms=1_795_000_000_000,
        variants=tuple(Variant(memory_mb=mb, owned=True, **name) for mb in sizes),
        batches=tuple(Batch(memory_mb=mb, count=1_000) for mb in sizes),
        work=tuple(SizeWork(memory_mb=mb, first_order=0, count=1_000, **name) for mb in sizes),
    )
    assert len(dumps(state).encode()) < 256 * 1024 / 2


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
REQUEST = {"function_arn": "arn:aws:lambda:us-east-1:123456789012:function:orders"}
EVENT = to_data(Payload.of("{}"))


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def refused(data, kind):
    with pytest.raises(WireError) as caught:
        from_data(data, kind)
    return str(caught.value)


def test_the_data_that_the_refusals_start_from_is_whole():
    assert from_data(SAMPLE, Sample).outcome is Outcome.OK
    assert from_data({**REQUEST, "payloads": [EVENT]}, TuningRequest) == from_data(REQUEST, TuningRequest)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("memory_mb", "128", 'expected a whole number, found "128"'),
        ("memory_mb", 128.0, "expected a whole number, found 128.0"),
        ("memory_mb", True, "expected a whole number, found true"),
        ("memory_mb", None, "expected a whole number, found null"),
        ("version", 1, "expected a text, found 1"),
        ("order", [0], "expected a whole number, found [0]"),
        ("request_id", 7, "expected a text, found 7"),
        ("outcome", 1, "expected ok or error or timeout or out-of-memory or throttled or lost, found 1"),
        ("outcome", ["ok"], 'or lost, found ["ok"]'),
        ("cold", "false", 'expected true or false, found "false"'),
        ("cold", 0, "expected true or false, found 0"),
        ("suppressed_init", None, "expected true or false, found null"),
        ("duration_ms", "12.5", 'expected a number, found "12.5"'),
        ("duration_ms", True, "expected a number, found true"),
        ("duration_ms", float("nan"), "expected a finite number, found NaN"),
        ("duration_ms", float("-inf"), "expected a finite number, found -Infinity"),
        ("duration_ms", 10**400, "expected a finite number, found 1000"),
        ("billed_ms", 12.5, "expected a whole number, found 12.5"),
        ("parts", [], "expected an object, found []"),
        ("parts", "x", 'expected an object, found "x"'),
        ("sources", "tail", 'expected a list, found "tail"'),
        ("sources", {"tail": 1}, 'expected a list, found {"tail": 1}'),
        ("sources", None, "expected a list, found null"),
        ("disagreements", "some text", 'expected a list, found "some text"'),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_place_and_shown(key, value, said):
    message = refused({**SAMPLE, key: value}, Sample)
    assert message.startswith(f"$.{key}: ")
    assert said in message


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x" * 9_999, "xxx…"),
        ("half a pair: \ud83d", '"half a pair: \\ud83d"'),
        ([7] * 999, "a list"),
        ({"x": "y" * 999}, "an object"),
        (nested(100_000), "a list"),
        (b"7", "a bytes"),
    ],
)
def test_a_value_that_is_long_deep_or_no_json_is_shown_in_short(value, shown):
    message = refused({**SAMPLE, "memory_mb": value}, Sample)
    assert message.endswith(shown)
    assert len(message.encode()) < 200


@pytest.mark.parametrize("key", sorted(SAMPLE))
def test_a_missing_key_is_refused_by_name(key):
    data = {name: value for name, value in SAMPLE.items() if name != key}
    assert refused(data, Sample) == f"$.{key}: it is missing"


def test_extra_keys_are_refused_by_name():
    assert refused({**SAMPLE, "surprise": 1, "another": 2}, Sample) == '$: unknown fields: "another", "surprise"'


def test_of_many_places_the_first_few_are_named_and_the_others_counted():
    assert refused({}, Sample).count("it is missing") == 5
    assert refused({}, Sample).endswith("; and 1 more")


@pytest.mark.parametrize("data", [None, [], "text", 3, True, nested(100_000)])
def test_what_is_no_object_at_all_is_refused(data):
    assert refused(data, Sample).startswith("$: expected an object, found ")
    assert refused(data, RunInput).startswith("$: expected an object, found ")


@pytest.mark.parametrize(
    "text", ["1,5", "", "NaN", "Infinity", "sNaN", "1_000", " 1", "١", "1e99999999999999999999", 1.5, 1, None, ["1"]]
)
def test_an_amount_that_is_no_decimal_in_text_is_refused(text):
    message = refused({"amount": text, "currency": "USD"}, Money)
    assert message.startswith("$.amount: expected a decimal number as a text, found ")


def test_the_place_leads_through_lists_and_objects(make_result):
    data = to_data(make_result(sizes_mb=(128, 512), best_mb=512))
    data["memory_sizes"][1]["warm"]["samples"] = "nine"
    data["spend"]["aws_calls"]["lambda:Invoke"] = 1.5
    assert refused(data, TuningResult) == (
        '$.memory_sizes[1].warm.samples: expected a whole number, found "nine"; '
        "$.spend.aws_calls['lambda:Invoke']: expected a whole number, found 1.5"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"memory_sizes_mb": [64]}, "$: 64 MB is not a memory size: Lambda takes 128 to 10240 MB. Correct"),
        ({"function_arn": "orders"}, "$.function_arn: 'orders' is not the ARN of a Lambda function. It looks like"),
        ({"function_arn": 7}, "$.function_arn: expected a text, found 7"),
        ({"invocations": 1}, "$: The number of invocations is 1"),
        ({"payload": "{}"}, '$: unknown fields: "payload"'),
        ({"payloads": []}, "$: There is no payload."),
        ({"payloads": [{**EVENT, "text": "{"}]}, "$.payloads[0]: The payload is not JSON"),
        ({"payloads": [{**EVENT, "text": "{ }"}]}, "$.payloads[0]: sha256 and size_bytes are not those of the text"),
        ({"payloads": [{**EVENT, "size_bytes": 3}]}, "$.payloads[0]: sha256 and size_bytes are not those of the text"),
        ({"payloads": [EVENT, {"text": "{}"}]}, "$.payloads[1].sha256: it is missing"),
    ],
)
def test_a_request_that_cannot_be_meant_says_where_and_why(change, said):
    assert refused({**REQUEST, **change}, TuningRequest).startswith(said)


def test_a_refusal_of_the_whole_is_a_wire_error_too():
    assert refused("orders", FunctionArn).startswith("$: 'orders' is not the ARN of a Lambda function.")


@pytest.mark.parametrize("text", ["", "{", '{"run_id": "r"', "nonsense", "[" * 100_000, "[" * 100_000 + "]" * 100_000])
def test_text_that_is_not_json_is_refused_as_such(text):
    with pytest.raises(WireError, match="not JSON"):
        loads(text, RunInput)


def taken_or_said(data, kind):
    try:
        return from_data(data, kind), None
    except WireError as error:
        return None, str(error)


@settings(generous)
@given(
    json_values | st.dictionaries(st.sampled_from([*SAMPLE, *REQUEST, "run_id", "payloads"]), json_values, max_size=5),
    st.sampled_from([*KINDS, Money]),
)
def test_any_data_is_either_taken_or_refused_as_a_wire_error(data, kind):
    value, said = taken_or_said(data, kind)
    assert said or type(value) is kind


@settings(generous, max_examples=60)
@given(made(RunState), st.sampled_from([field.name for field in dataclasses.fields(RunState)]), json_values)
def test_a_value_exchanged_is_either_taken_as_it_is_or_refused_with_its_place(state, key, other):
    value, said = taken_or_said({**to_data(state), key: other}, RunState)
    assert to_data(value)[key] == other if said is None else said.startswith(f"$.{key}")


def test_a_decimal_is_not_rounded_on_its_way():
    amount = Decimal("0.1234567890123456789012345678901234567890")
    money = Money(amount=amount, currency="USD")
    assert to_data(money) == {"amount": "0.1234567890123456789012345678901234567890", "currency": "USD"}
    assert loads(dumps(money), Money) == money
