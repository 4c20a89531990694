"""What the function's logs and traces can say is found out before anything is changed."""

import pytest
from fake_aws import ARN, FakeAws, FakeClock, Killed, refusal

from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload, PayloadForm
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.errors import AwsError, FunctionRefused, UsageError
from powertune.store import MemoryStore
from powertune.target.restore import restore
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services


def run(aws, **more):
    options = {"memory_sizes_mb": (512, 1024), "invocations": 3, **more}
    request = TuningRequest(function_arn=FunctionArn.parse(ARN), **options)
    services = Services(session=aws, store=MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"))
    return run_direct(services, request, "run")


def constant(**more):
    return FakeAws(duration_ms=lambda memory_mb: 50.0, **more)


def test_a_group_of_the_class_delivery_is_told_and_the_tails_answer_alone():
    aws = constant()
    aws.log_class = "DELIVERY"
    result = run(aws)
    (warning,) = result.warnings
    assert "class Delivery" in warning
    assert "log tails" in warning
    assert "logs:start_query" not in aws.log
    assert {sample.sources for sample in result.samples} == {("tail", "xray")}
    assert result.recommendation is not None


def test_an_infrequent_access_group_is_read_like_any_other():
    aws = constant()
    aws.log_class = "INFREQUENT_ACCESS"
    result = run(aws)
    assert result.warnings == ()
    assert {sample.sources for sample in result.samples} == {("tail", "insights", "xray")}


def test_transaction_search_is_told_and_x_ray_is_not_asked():
    aws = constant()
    aws.trace_destination = "CloudWatchLogs"
    result = run(aws)
    (warning,) = result.warnings
    assert "Transaction Search" in warning
    assert "xray:batch_get_traces" not in aws.log


def test_passive_tracing_is_told_and_no_trace_is_waited_for():
    aws = constant(tracing=False)
    result = run(aws)
    (warning,) = result.warnings
    assert "Active tracing is off" in warning
    assert "xray:get_trace_segment_destination" not in aws.log


@pytest.mark.parametrize("operation", ["describe_log_groups", "get_trace_segment_destination"])
def test_a_missing_permission_to_look_at_a_source_is_no_reason_to_stop(operation):
    def deny(number, service, name, when):
        if name == operation and when == "before":
            raise refusal(operation, "AccessDeniedException", "not allowed")

    assert run(constant(fault=deny)).recommendation is not None


WARN = {"LogFormat": "JSON", "ApplicationLogLevel": "ERROR", "SystemLogLevel": "WARN", "LogGroup": "/x"}


def quiet(**more):
    aws = constant(**more)
    aws.latest["LoggingConfig"] = dict(WARN)
    return aws


def test_a_log_level_that_drops_the_records_is_refused_before_anything_is_changed():
    aws = quiet()
    before = aws.visible()
    with pytest.raises(FunctionRefused, match="WARN") as caught:
        run(aws)
    assert "--lift-log-level" in caught.value.next_step
    assert aws.visible() == before
    assert not aws.invoked


def test_a_lifted_log_level_is_on_the_runs_versions_only_and_only_the_level_differs():
    levels = set()

    def watch(number, service, name, when):
        if name == "invoke":
            levels.add(aws.latest["LoggingConfig"]["SystemLogLevel"])
            levels.update(tuple(version["LoggingConfig"].items()) for version in aws.versions.values())

    aws = quiet(fault=watch)
    before = aws.visible()
    result = run(aws, lift_log_level=True)
    assert levels == {"WARN", tuple({**WARN, "SystemLogLevel": "INFO"}.items())}
    assert aws.visible() == before
    assert any("were given " in warning for warning in result.warnings)


def test_a_function_whose_level_is_fine_is_not_touched_by_the_wish_to_lift_it():
    aws = constant()
    aws.latest["LoggingConfig"] = {**WARN, "SystemLogLevel": "DEBUG"}
    before = aws.visible()
    assert run(aws, lift_log_level=True).warnings == ()
    assert aws.visible() == before


@pytest.mark.parametrize("when", ["before", "after"])
def test_after_death_at_any_call_cleanup_restores_the_log_level_too(when):
    aws = quiet()
    run(aws, lift_log_level=True)
    for fatal in range(len(aws.log)):

        def die(number, service, operation, moment, fatal=fatal):
            if number > fatal or (number == fatal and moment == when):
                raise Killed

        dying = quiet(fault=die)
        before = dying.visible()
        with pytest.raises(Killed):
            run(dying, lift_log_level=True)
        dying.fault = lambda *_: None
        restore(dying.client("lambda"), FunctionArn.parse(ARN), FakeClock())
        assert dying.visible() == before, f"left changed after dying {when} call {fatal}, {dying.log[fatal]}"


# --- payloads in S3 -----------------------------------------------------------------------------------------


def from_s3(text, form=PayloadForm.EVENT, **more):
    aws = constant()
    aws.objects["events/one.json"] = text
    result = run(aws, payloads=(), payload_s3="s3://my-bucket/events/one.json", payload_form=form, **more)
    return aws, result


def test_an_event_in_s3_is_read_once_and_sent():
    aws, result = from_s3(b'{"order": 7}')
    assert {payload for _, payload in aws.invoked} == {b'{"order": 7}'}
    assert aws.log[0] == "s3:get_object"
    assert result.request.payload_s3 == "s3://my-bucket/events/one.json"


def test_a_list_in_s3_is_used_in_turn():
    aws, _ = from_s3(b'{"n": 1}\n{"n": 2}\n', PayloadForm.LIST)
    assert {payload for _, payload in aws.invoked} == {b'{"n":1}', b'{"n":2}'}


def test_the_other_tools_form_may_hold_weights():
    aws, _ = from_s3(
        b'[{"payload": "a", "weight": 1}, {"payload": "b", "weight": 3}]', PayloadForm.POWER_TUNING, invocations=8
    )
    assert {payload for _, payload in aws.invoked} == {b'"a"', b'"b"'}


@pytest.mark.parametrize(
    ("text", "said"), [(b"\xff\xfe", "not UTF-8"), (b"{", "not JSON"), (b"x" * 7_000_000, "not JSON")]
)
def test_an_object_that_is_no_event_is_refused_before_anything_is_changed(text, said):
    aws = constant()
    aws.objects["events/one.json"] = text
    before = aws.visible()
    with pytest.raises(UsageError, match=said):
        run(aws, payloads=(), payload_s3="s3://my-bucket/events/one.json")
    assert aws.visible() == before
    assert not aws.invoked


def test_an_object_that_is_not_there_is_refused_with_its_name():
    with pytest.raises(UsageError, match=r"There is no payload at s3://my-bucket/none\.json: NoSuchKey"):
        run(constant(), payloads=(), payload_s3="s3://my-bucket/none.json")


def test_an_object_that_may_not_be_read_is_told_as_such():
    def deny(number, service, name, when):
        if name == "get_object" and when == "before":
            raise refusal("GetObject", "AccessDenied", "not yours", 403)

    with pytest.raises(AwsError, match="denied"):
        run(constant(fault=deny), payloads=(), payload_s3="s3://my-bucket/none.json")


def test_payloads_are_in_no_result_unless_they_are_asked_for():
    secret = Payload.of('{"card": "4111"}')
    result = run(constant(), payloads=(secret,))
    assert [(payload.text, payload.sha256) for payload in result.request.payloads] == [(None, secret.sha256)]
    kept = run(constant(), payloads=(secret,), include_payload=True)
    assert kept.request.payloads == (secret,)
