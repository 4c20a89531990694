"""What is written is read back the same, and anything else is refused with its place."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.function import Architecture, FunctionArn, FunctionSnapshot, LogFormat
from powertune.domain.request import Strategy, TuningRequest
from powertune.domain.result import Money
from powertune.domain.sample import Outcome, Sample, Source, TraceParts
from powertune.domain.work import Batch, MeasureTask, RunInput, RunState, Variant
from powertune.errors import UsageError
from powertune.wire import WireError, dumps, from_data, loads, read_result, to_data

ARN = FunctionArn(partition="aws", region="us-east-1", account="1" * 12, name="orders")
SNAPSHOT = FunctionSnapshot(
    arn=ARN, memory_mb=512, timeout_s=3, architecture=Architecture.ARM64, runtime=None, handler=None, code_sha256="x",
    revision_id="r", tracing_active=True, log_group="g", log_format=LogFormat.JSON, system_log_level=None,
    ephemeral_mb=512, snap_start=False,
)  # fmt: skip
STATE = RunState(
    run_id="run", snapshot=SNAPSHOT, started_at_ms=1, batches=(Batch(memory_mb=128, count=3),),
    variants=(Variant(memory_mb=128, version="1", alias="a", owned=False),),
    measured=(MeasureTask(run_id="run", memory_mb=128, version="1", alias="a", round=1, remaining=0),),
    aws_calls={"lambda:Invoke": 3},
)  # fmt: skip

texts = st.text(max_size=30)
optional_ms = st.none() | st.floats(0, 1e9)
samples = st.builds(
    Sample, memory_mb=st.integers(128, 10_240), version=texts, order=st.integers(0), request_id=st.none() | texts,
    trace_id=st.none() | texts, outcome=st.sampled_from(Outcome), cold=st.none() | st.booleans(),
    duration_ms=optional_ms, billed_ms=st.none() | st.integers(0, 10**9), init_ms=optional_ms,
    error_message=st.none() | texts, parts=st.none() | st.builds(TraceParts, init_ms=optional_ms),
    sources=st.lists(st.sampled_from(Source)).map(tuple), disagreements=st.lists(texts).map(tuple),
)  # fmt: skip
requests = st.builds(
    TuningRequest, function_arn=st.just(ARN), invocations=st.integers(3, 99), strategy=st.sampled_from(Strategy),
    balanced_weight=st.floats(0, 1), payload=texts.map(json.dumps), seed=st.integers(0, 2**32),
)  # fmt: skip


@given(samples)
def test_samples_survive_the_wire(sample):
    assert loads(dumps(sample), Sample) == sample


@given(requests)
def test_requests_survive_the_wire(request):
    assert loads(dumps(RunInput(run_id="r", request=request)), RunInput).request == request


def test_the_state_of_a_run_survives_the_wire_and_stays_small():
    assert loads(dumps(STATE), RunState) == STATE
    assert len(dumps(STATE)) < 3_000


def test_results_survive_the_wire(make_result):
    result = make_result()
    assert loads(dumps(result), type(result)) == result


def test_money_travels_as_text_and_is_never_rounded():
    money = Money(amount=Decimal("0.0000166667000000000000000000001"), currency="USD")
    assert to_data(money) == {"amount": "0.0000166667000000000000000000001", "currency": "USD"}
    assert loads(dumps(money), Money) == money


@pytest.mark.parametrize(("change", "place"), [
    ({"memory_mb": "128"}, "memory_mb"),
    ({"memory_mb": True}, "memory_mb"),
    ({"memory_mb": 128.0}, "memory_mb"),
    ({"count": None}, "count"),
    ({"surprise": 1}, "surprise"),
])  # fmt: skip
def test_data_of_another_shape_is_refused_with_its_place(change, place):
    with pytest.raises(WireError, match=place):
        from_data({"memory_mb": 128, "count": 3, **change}, Batch)


def test_a_missing_key_is_refused_by_name():
    with pytest.raises(WireError, match="count"):
        from_data({"memory_mb": 128}, Batch)


def test_a_number_that_is_no_number_is_not_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        dumps(TraceParts(init_ms=float("nan")))


def test_a_whole_result_is_read(make_result, tmp_path):
    path = tmp_path / "result.json"
    path.write_text(dumps(make_result(), indent=1), encoding="utf-8")
    assert read_result(path) == make_result()


@pytest.mark.parametrize(("text", "said"), [
    (None, "cannot be read"),
    ("", "not a whole powertune result"),
    ('{"schema_version": 1', "not a whole powertune result"),
    ("[]", "not a whole powertune result"),
    ('{"schema_version": 1}', "run_id"),
    ('{"schema_version": 2}', "newer powertune"),
])  # fmt: skip
def test_a_file_that_is_no_result_of_this_schema_is_refused_with_a_sentence(text, said, tmp_path):
    path = tmp_path / "result.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        read_result(path)
