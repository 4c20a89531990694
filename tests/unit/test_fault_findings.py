"""What the fault harness found (docs/faults.md), each as the smallest case of it."""

import itertools
from types import SimpleNamespace

import pytest
from botocore.exceptions import ConnectionClosedError
from fake_aws import ARN, FakeAws, FakeClock, refusal

from powertune.cli import cleanup
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.errors import AwsError, FunctionChanged, NotRestored, PowertuneError
from powertune.store import FolderStore
from powertune.target.lease import LEASE_ALIAS
from powertune.target.settings import settings_sha256
from powertune.workflow import tasks
from powertune.workflow.direct import run_direct
from powertune.workflow.execution import run_execution
from powertune.workflow.services import Services
from powertune.workflow.stack import Stack, environment_of

RUN_ID = "20261124T120000-abc123"


class Aws(FakeAws):
    """One that a session reaches through no role."""

    role = None

    def reaching(self, **_):
        return self


def request():
    return TuningRequest(function_arn=FunctionArn.parse(ARN), memory_sizes_mb=(512, 1024), invocations=3)


def services(aws, folder):
    return Services(session=aws, store=FolderStore(folder), clock=FakeClock(), environment=Environment(kind="aws"))


def left_at(aws, memory_mb):
    """The function as a dead run left it."""
    record = f'{{"powertune":"{RUN_ID}","memory_mb":512,"set_mb":[512,1024],"since_ms":1,"until_ms":1890000000000}}'
    aws.create_alias(ARN, LEASE_ALIAS, "$LATEST", record)
    aws.latest["MemorySize"] = memory_mb


def test_a_bucket_that_cannot_be_written_to_does_not_keep_a_task_from_restoring(monkeypatch):
    aws = Aws()
    before = aws.visible()
    left_at(aws, 1024)

    def denied(number, service, operation, when):
        if service == "s3" and operation == "put_object":
            raise refusal("PutObject", "AccessDenied", status=403)

    aws.fault = denied
    monkeypatch.setenv("POWERTUNE_BUCKET", "bucket")
    monkeypatch.setattr(tasks, "_session", lambda: aws)
    context = SimpleNamespace(memory_limit_in_mb="512", get_remaining_time_in_millis=lambda: 900_000)
    event = {"step": "restore", "input": {"request": {"function_arn": ARN}}, "execution": f"arn:x:{RUN_ID}"}
    answer = tasks.handler({**event, "name": RUN_ID}, context)
    assert answer["restored"]
    assert aws.visible() == before


def test_a_cleanup_that_fails_says_that_the_function_is_not_put_back_and_to_repeat_it(monkeypatch):
    def denied(number, service, operation, when):
        if operation == "update_function_configuration":
            raise refusal("UpdateFunctionConfiguration", "AccessDeniedException", status=403)

    aws = Aws(fault=denied)
    left_at(aws, 1024)
    monkeypatch.setattr(cleanup, "session_of", lambda *_: aws)
    with pytest.raises(NotRestored, match="denied") as told:
        cleanup.command.main(["--function-arn", ARN], standalone_mode=False)
    assert f"powertune cleanup --function-arn {ARN}" in told.value.next_step
    assert aws.latest["MemorySize"] == 1024


def test_a_cleanup_that_cannot_even_look_at_the_function_says_to_repeat_it(monkeypatch):
    aws = Gone(0)
    monkeypatch.setattr(cleanup, "session_of", lambda *_: aws)
    with pytest.raises(NotRestored, match="did not answer") as told:
        cleanup.command.main(["--function-arn", ARN], standalone_mode=False)
    assert f"powertune cleanup --function-arn {ARN}" in told.value.next_step


def test_an_endpoint_that_is_lost_before_a_run_begins_is_told_in_a_sentence():
    def lost(**_):
        raise ConnectionClosedError(endpoint_url="http://127.0.0.1:1")

    meta = SimpleNamespace(endpoint_url="http://127.0.0.1:1")
    session = SimpleNamespace(client=lambda _: SimpleNamespace(meta=meta, get_function_configuration=lost))
    with pytest.raises(AwsError, match="AWS did not answer"):
        environment_of(session)


def test_settings_that_somebody_changes_between_two_sizes_end_the_run_because_these_would_differ(tmp_path):
    def other(number, service, operation, when):
        if operation == "create_alias" and when == "after" and aws.versions:
            aws.latest["Environment"] = {"Variables": {"STAGE": "by somebody else"}}
            aws._revise()

    aws = Aws(fault=other)
    with pytest.raises(FunctionChanged, match="Somebody changed the settings"):
        run_direct(services(aws, tmp_path), request(), RUN_ID)
    assert aws.latest["MemorySize"] == 512
    assert aws.latest["Environment"]["Variables"]["STAGE"] == "by somebody else"
    assert not aws.aliases
    assert not aws.versions


def test_no_value_of_a_setting_is_kept_and_what_a_run_changes_is_not_among_them():
    configuration = {"MemorySize": 128, "Environment": {"Variables": {"KEY": "secret"}}, "Timeout": 3}
    known = settings_sha256(configuration)
    assert "secret" not in known
    assert settings_sha256({**configuration, "MemorySize": 512, "Description": "x", "RevisionId": "r"}) == known
    assert settings_sha256({**configuration, "Timeout": 4}) != known
    assert settings_sha256({**configuration, "Layers": [{"Arn": "arn:layer:1", "CodeSize": 5}]}) != known


class Watched(Aws):
    """An execution that goes on, and how it is looked at."""

    def start_execution(self, **_):
        return {"executionArn": "arn:execution"}

    def describe_execution(self, executionArn):
        self.looks = getattr(self, "looks", 0) + 1
        return {"status": "RUNNING" if self.looks < 5 else "FAILED", "error": "AwsError", "cause": "the end"}


def watch(aws):
    request = TuningRequest(function_arn=FunctionArn.parse(ARN), memory_sizes_mb=(512,), invocations=3)
    stack = Stack(state_machine_arn="arn:machine", bucket="bucket")
    run_execution(aws, stack, request, RUN_ID, FakeClock(), progress=lambda _: None, stop_requested=lambda: False)


def test_progress_that_cannot_be_read_does_not_end_the_watching():
    def denied(number, service, operation, when):
        if service == "s3":
            raise refusal("GetObject", "AccessDenied", status=403)

    aws = Watched(fault=denied)
    with pytest.raises(AwsError, match="the end"):
        watch(aws)
    assert aws.looks == 5


def test_a_terminal_that_can_watch_no_more_says_that_the_execution_goes_on():
    def lost(number, service, operation, when):
        if operation == "describe_execution" and number > 3:
            raise ConnectionClosedError(endpoint_url="https://states.example")

    with pytest.raises(AwsError, match="goes on by itself, and puts orders back") as told:
        watch(Watched(fault=lost))
    assert f"powertune status --function-arn {ARN}" in told.value.next_step


class Gone(Aws):
    """Its network is lost from the n-th call on. The calls are counted by AWS's names, as a session does."""

    def __init__(self, at):
        def lost(number, service, operation, when):
            if when == "before":
                self.calls[f"{service}:{operation.title().replace('_', '')}"] += 1
            if number >= at:
                raise ConnectionClosedError(endpoint_url="https://lambda.example")

        super().__init__(fault=lost)


def test_a_run_that_fails_right_after_it_took_the_lease_says_that_the_function_is_not_put_back(tmp_path):
    told = set()
    for at in itertools.count():
        aws = Gone(at)
        before = aws.visible()
        with pytest.raises(PowertuneError) as ended:
            run_direct(services(aws, tmp_path / str(at)), request(), RUN_ID)
        if "lambda:publish_version" in aws.log:
            break
        asked = "lambda:create_alias" in aws.log
        told.add((asked, isinstance(ended.value, NotRestored)))
        assert asked or aws.visible() == before
    # What never asked for the lease has nothing to put back.
    assert told == {(False, False), (True, True)}
