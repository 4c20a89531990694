"""An execution that was stopped, or ran out of time, runs none of its states any more; others put the function back."""

import json
from types import SimpleNamespace

import pytest
from asl_walker import Walker
from fake_aws import ARN, FakeAws, FakeClock, refusal

from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.errors import AwsError, NotRestored, Stopped
from powertune.store import S3Store
from powertune.wire import to_data
from powertune.workflow import cleaner, tasks
from powertune.workflow.archive import Archive
from powertune.workflow.execution import run_execution
from powertune.workflow.services import Services
from powertune.workflow.stack import Stack, definition

RUN_ID = "run-1"
DEFINITION = definition(partition="aws", worker_arn="arn:worker", planner_arn="arn:planner")
EXECUTION = f"arn:aws:states:us-east-1:123456789012:execution:powertune:{RUN_ID}"
STACK = Stack(state_machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:powertune", bucket="b")
CONTEXT = SimpleNamespace(memory_limit_in_mb="512")


class Ended(BaseException):
    """Somebody stopped the execution here: the task that was at work is gone too, as far as this test goes."""


class StoppedAws(FakeAws):
    """Runs an execution when it is started, until it is stopped around its n-th call."""

    def __init__(self, *, at, when="before", status="ABORTED"):
        super().__init__()
        self.at, self.when, self.status = at, when, status
        self.before = self.visible()

    def call(self, service, operation, arguments):
        if operation == "start_execution":  # not within the lock that a call holds: the execution makes calls itself
            return self.start_execution(**arguments)
        return super().call(service, operation, arguments)

    def start_execution(self, stateMachineArn, name, input):  # noqa: A002 - AWS's name
        def stop(number, service, operation, moment):
            if number >= self.at and moment == self.when:
                raise Ended

        self.fault = stop
        walker = Walker(
            DEFINITION, lambda _, payload: json.loads(json.dumps(tasks.handler(payload, CONTEXT))), name=name
        )
        with pytest.raises(Ended):
            walker.run(json.loads(input))
        self.fault = lambda *_: None
        return {"executionArn": EXECUTION}

    def describe_execution(self, executionArn):
        return {"status": self.status}


def request():
    return TuningRequest(function_arn=FunctionArn.parse(ARN), memory_sizes_mb=(128, 512), invocations=4)


@pytest.fixture
def execution(monkeypatch):
    def make(**more):
        aws = StoppedAws(**more)
        monkeypatch.setattr(tasks, "_session", lambda: aws)
        services = Services(
            session=aws,
            store=S3Store(aws.client("s3"), "b"),
            clock=FakeClock(),
            environment=Environment(kind="aws"),
        )
        monkeypatch.setattr(tasks, "_services", lambda *_: services)
        return aws

    return make


def change(aws, status="ABORTED", **detail):
    """What EventBridge sends."""
    return {
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "executionArn": EXECUTION,
            "stateMachineArn": STACK.state_machine_arn,
            "name": RUN_ID,
            "status": status,
            "input": json.dumps({"request": to_data(request())}),
            **detail,
        },
    }


def started(aws):
    aws.start_execution(STACK.state_machine_arn, RUN_ID, change(aws)["detail"]["input"])


def watched(aws):
    return run_execution(
        aws, STACK, request(), RUN_ID, FakeClock(), progress=lambda _: None, stop_requested=lambda: False
    )


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(2, 60, 3))
def test_the_terminal_that_watches_puts_the_function_back(execution, at, when):
    aws = execution(at=at, when=when)
    with pytest.raises(Stopped) as stopped:
        watched(aws)
    assert stopped.value.message == "The execution run-1 was stopped from outside; orders was put back as it was."
    assert aws.visible() == aws.before


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(2, 60, 3))
def test_the_cleaner_puts_the_function_back_when_nobody_watches(execution, at, when, capsys):
    aws = execution(at=at, when=when)
    started(aws)
    answer = cleaner.handler(change(aws), CONTEXT, clock=FakeClock())
    assert answer["restored"]
    assert aws.visible() == aws.before
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["status"] == "ABORTED"


def test_an_execution_that_ran_out_of_time_is_an_error_and_not_the_users_wish(execution):
    aws = execution(at=20, status="TIMED_OUT")
    with pytest.raises(AwsError) as ended:
        watched(aws)
    assert "ran out of time; orders was put back" in ended.value.message
    assert aws.visible() == aws.before


def test_a_terminal_that_may_not_restore_names_the_cleanup(execution):
    aws = execution(at=20)

    def denied(number, service, operation, moment):
        if operation == "delete_alias":
            raise refusal("DeleteAlias", "AccessDeniedException")

    started_before = aws.start_execution

    def start(**arguments):
        answer = started_before(**arguments)
        aws.fault = denied
        return answer

    aws.start_execution = start
    with pytest.raises(NotRestored) as ended:
        watched(aws)
    assert ended.value.next_step == f"Finish the undo with: powertune cleanup --function-arn {ARN}"


def test_the_cleaner_finds_the_function_of_a_large_input_in_the_store(execution):
    aws = execution(at=25)
    Archive(S3Store(aws.client("s3"), "b"), RUN_ID).save_request(request())
    started(aws)
    cleaner.handler(change(aws, input=None, inputDetails={"included": False}), CONTEXT, clock=FakeClock())
    assert aws.visible() == aws.before


def test_the_cleaner_leaves_an_execution_alone_that_ended_well(execution):
    aws = execution(at=10)
    started(aws)
    left = aws.visible()
    assert cleaner.handler(change(aws, status="SUCCEEDED"), CONTEXT, clock=FakeClock()) is None
    assert aws.visible() == left


def test_the_cleaner_looks_twice_since_a_task_outlives_its_execution(execution):
    aws = execution(at=25)
    started(aws)
    clock = FakeClock()

    class Late(FakeClock):
        def sleep(self, seconds):
            clock.sleep(seconds)
            aws.aliases["powertune-run-1-128"] = {
                "Name": "powertune-run-1-128",
                "FunctionVersion": "$LATEST",
                "Description": "powertune run-1 128 MB",
            }

    cleaner.handler(change(aws), CONTEXT, clock=Late())
    assert aws.visible() == aws.before
