"""What a review of the safety found: each of these left something behind, or told the wrong thing."""

import importlib
import json
import signal
from types import SimpleNamespace

import pytest
from fake_account import FakeAccount
from fake_aws import ARN, FakeAws, FakeClock, Killed, refusal
from fake_traffic import TrafficAws, without_revisions
from fake_traffic import request as traffic_request
from plan_aws import PlanAws

from powertune.cli import interrupt
from powertune.cli.apply_options import applying_failure
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.domain.search import Strategy
from powertune.domain.work import RunInput
from powertune.errors import AwsError, FunctionChanged, LeaseHeld, NotRestored
from powertune.store import MemoryStore, S3Store
from powertune.target import lease
from powertune.target.restore import restore
from powertune.wire import to_data
from powertune.workflow import cleaner, direct, tasks
from powertune.workflow.archive import Archive
from powertune.workflow.direct import run_direct
from powertune.workflow.execution import run_execution
from powertune.workflow.preview import preview
from powertune.workflow.services import Services
from powertune.workflow.stack import Stack
from powertune.workflow.steps import run_step
from powertune.workflow.steps.ending import is_stopped_before_applying, why_not_applied

FUNCTION = FunctionArn.parse(ARN)
RUN_ID = "run-1"
EXECUTION = f"arn:aws:states:us-east-1:123456789012:execution:powertune:{RUN_ID}"
STACK = Stack(state_machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:powertune", bucket="b")
CONTEXT = SimpleNamespace(memory_limit_in_mb="512")


def services(aws, store=None, **more):
    return Services(
        session=aws, store=store or MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"), **more
    )


def request(**more):
    options = {"memory_sizes_mb": (128, 512, 1024), "invocations": 4, **more}
    return TuningRequest(function_arn=FUNCTION, **options)


def applying(**more):
    return request(apply=True, strategy=Strategy.SPEED, **more)


def with_live(aws):
    aws.publish_version(ARN, Description="release 1")
    aws.create_alias(ARN, "live", "1")
    return aws


def quiet(*_):
    """No fault."""


# --- a deployment during a canary --------------------------------------------------------------------------------


def deployed_meanwhile(aws, **routing):
    def watch(number, service, operation, when):
        if operation == "get_metric_data" and when == "after" and aws.looks == 4 and not deployed:
            aws.latest["CodeSha256"] = "new"
            aws._revise()
            deployed.append(aws.publish_version(ARN, Description="release 2")["Version"])
            aws.update_alias(ARN, "live", FunctionVersion=deployed[0], **routing)

    deployed = []
    aws.fault = watch
    return deployed


def test_a_deployment_that_names_only_its_version_keeps_no_share_for_the_runs_version():
    aws = TrafficAws()
    deployed = deployed_meanwhile(aws)
    result = run_direct(services(aws), traffic_request(), RUN_ID)
    live = aws.aliases["live"]
    assert (live["FunctionVersion"], live.get("RoutingConfig")) == (deployed[0], None)
    assert set(aws.versions) == {"1", deployed[0]}
    assert set(aws.aliases) == {"live"}
    assert result.canary.outcome == "changed"
    (told,) = [warning for warning in result.warnings if "live" in warning]
    assert f"sent the alias live to version {deployed[0]}" in told
    assert "was taken away (before the run it pointed at version 1)." in told


def test_a_share_that_somebody_gave_on_purpose_is_left_and_told():
    aws = TrafficAws()
    deployed_meanwhile(aws, RoutingConfig={"AdditionalVersionWeights": {"3": 0.5}})
    result = run_direct(services(aws), traffic_request(), RUN_ID)
    assert aws.aliases["live"]["RoutingConfig"]["AdditionalVersionWeights"] == {"3": 0.5}
    assert any("Somebody changed the alias live" in warning for warning in result.warnings)
    assert any("Version 3, which the run published, was kept" in warning for warning in result.warnings)


def test_what_a_canary_left_alone_is_told_though_the_look_is_repeated():
    aws, store = TrafficAws(), MemoryStore()
    looks = []
    real = direct.run_step

    def step(given, name, data):
        if name == "canary":
            answer = real(given, name, data)
            if not answer["watching"]:
                looks.append(answer)
                answer = real(given, name, data)  # the answer of the first one was lost
            return answer
        return real(given, name, data)

    deployed_meanwhile(aws)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(direct, "run_step", step)
        result = run_direct(services(aws, store), traffic_request(), RUN_ID)
    assert looks
    assert sum("was taken away" in warning for warning in result.warnings) == 1


# --- a wish to stop before applying ------------------------------------------------------------------------------


@pytest.mark.parametrize("alias", [None, "live"])
@pytest.mark.parametrize("operation", ["delete_alias", "get_function_configuration"])
def test_a_wish_to_stop_after_the_measuring_applies_nothing_and_keeps_the_result(operation, alias):
    """The first is while restoring, the second, once the run's own versions are gone, while applying."""
    aws, wished = with_live(FakeAws()), []

    def watch(number, service, called, when):
        if called == operation and aws.invoked and (operation == "delete_alias" or len(aws.versions) == 1):
            wished.append(1)

    before = without_revisions(aws)
    aws.fault = watch
    result = run_direct(services(aws, stop_requested=lambda: bool(wished)), applying(apply_alias=alias), RUN_ID)
    assert wished
    assert result.applied is None
    assert without_revisions(aws) == before
    assert "1024 MB was not applied: you stopped the run." in result.warnings
    assert result.recommendation.memory_mb == 1024
    assert result.restored
    assert why_not_applied(result) == "you stopped the run"
    failure = applying_failure(result)
    assert failure.exit_code == 130
    assert "stopped before its recommendation was applied; orders was put back as it was." in failure.message


def test_a_canary_is_not_begun_after_a_wish_to_stop():
    aws, wished = TrafficAws(), []

    def watch(number, service, operation, when):
        if operation == "delete_alias":
            wished.append(1)

    before = without_revisions(aws)
    aws.fault = watch
    result = run_direct(services(aws, stop_requested=lambda: bool(wished)), traffic_request(), RUN_ID)
    assert (result.applied, result.canary) == (None, None)
    assert is_stopped_before_applying(result)
    assert without_revisions(aws) == before


def test_what_was_applied_before_the_wish_stays_applied():
    aws, wished = with_live(FakeAws()), []

    def watch(number, service, operation, when):
        held = aws.aliases.get("powertune-lease")
        if held and operation == "update_alias" and aws.latest["MemorySize"] == 1024 and when == "after":
            wished.append('"over":1' in held["Description"])

    aws.fault = watch
    result = run_direct(services(aws, stop_requested=lambda: True in wished), applying(), RUN_ID)
    assert True in wished
    assert result.applied.memory_mb == aws.latest["MemorySize"] == 1024
    assert applying_failure(result) is None


# --- a task that outlives its execution --------------------------------------------------------------------------


class InTasks:
    """The task functions on a fake AWS, and the cleaner in the middle of one."""

    def __init__(self, aws, monkeypatch):
        self.aws = aws
        self.store = S3Store(aws.client("s3"), "b")
        archive = Archive(self.store, RUN_ID)
        given = services(aws, self.store, stop_requested=archive.stop_requested)
        monkeypatch.setattr(tasks, "_session", lambda: aws)
        monkeypatch.setattr(tasks, "_services", lambda *_: given)

    def run(self, step, data):
        event = {"step": step, "input": data, "execution": EXECUTION, "name": RUN_ID}
        return tasks.handler(json.loads(json.dumps(event)), CONTEXT)

    def clean(self, what):
        detail = {
            "executionArn": EXECUTION,
            "name": RUN_ID,
            "status": "ABORTED",
            "input": json.dumps({"request": to_data(what)}),
        }
        return cleaner.handler({"detail": detail}, CONTEXT, clock=FakeClock())

    def clean_before(self, operation, what):
        """Let both passes of the cleaner go by right before a call."""

        def fault(number, service, called, when):
            if called == operation and when == "before" and not done:
                done.append(1)
                self.aws.fault = quiet
                self.clean(what)

        done = []
        self.aws.fault = fault
        return done


def test_a_preflight_that_takes_its_lease_after_both_passes_of_the_cleaner_gives_it_back(monkeypatch, capsys):
    aws = FakeAws()
    late, before = InTasks(aws, monkeypatch), aws.visible()
    done = late.clean_before("create_alias", request())
    late.run("preflight", {"request": to_data(request())})
    assert done
    assert aws.visible() == before


def test_a_clone_that_is_made_after_both_passes_of_the_cleaner_is_deleted(monkeypatch, capsys):
    aws = FakeAccount()
    aws.serve_code(monkeypatch)
    what = request(isolate=True)
    late = InTasks(aws, monkeypatch)
    done = late.clean_before("create_function", what)
    late.run("preflight", {"request": to_data(what)})
    assert done
    assert len(aws.created) == 1
    assert not aws.made
    assert aws.written == []


def test_a_late_preflight_that_fails_gives_its_clone_back_too(monkeypatch, capsys):
    aws = FakeAccount()
    aws.serve_code(monkeypatch)
    what = request(isolate=True)
    late = InTasks(aws, monkeypatch)
    done = late.clean_before("create_function", what)
    real = aws.create_function

    def create(**given):
        answer = real(**given)
        aws.fault = denied
        return answer

    def denied(number, service, operation, when):
        if operation == "create_alias":
            raise refusal("CreateAlias", "AccessDeniedException")

    monkeypatch.setattr(FakeAccount, "create_function", lambda _, **given: create(**given))
    with pytest.raises(AwsError):
        late.run("preflight", {"request": to_data(what)})
    assert done
    assert len(aws.created) == 1
    assert not aws.made


def test_a_late_application_is_undone(monkeypatch, capsys):
    aws = with_live(FakeAws())
    what = applying(apply_alias="live")
    late, before = InTasks(aws, monkeypatch), without_revisions(aws)
    seen = {}
    real = direct.run_step

    def step(given, name, data):
        if name == "apply":
            seen.update(data)
            raise Killed
        return real(given, name, data)

    monkeypatch.setattr(direct, "run_step", step)
    with pytest.raises(Killed):
        run_direct(services(aws, late.store), what, RUN_ID)
    assert without_revisions(aws) == before
    done = late.clean_before("create_alias", what)  # the lease is taken again
    late.run("apply", seen)
    assert done
    assert without_revisions(aws) == before
    assert Archive(late.store, RUN_ID).result().applied is None


def test_a_task_of_an_execution_that_goes_on_undoes_nothing(monkeypatch):
    aws = FakeAws()
    late = InTasks(aws, monkeypatch)
    late.run("preflight", {"request": to_data(request())})
    assert "powertune-lease" in aws.aliases
    assert not Archive(late.store, RUN_ID).has_ended()


def test_the_cleaner_restores_though_it_can_leave_no_word(monkeypatch, capsys):
    aws = FakeAws()
    late, before = InTasks(aws, monkeypatch), aws.visible()
    late.run("preflight", {"request": to_data(request())})

    def denied(number, service, operation, when):
        if operation == "put_object":
            raise refusal("PutObject", "AccessDenied")

    aws.fault = denied
    assert late.clean(request())["restored"]
    assert aws.visible() == before


def test_a_wish_to_stop_is_not_taken_for_the_end_of_the_execution():
    archive = Archive(MemoryStore(), RUN_ID)
    archive.request_stop()
    assert (archive.stop_requested(), archive.has_ended()) == (True, False)
    archive.end()
    assert (archive.stop_requested(), archive.has_ended()) == (True, True)


# --- an execution that ends past its own restoring ---------------------------------------------------------------


class FailedAws(FakeAws):
    """An execution that Step Functions has ended, as ``failed`` says."""

    failed = {}  # noqa: RUF012 - one test's

    def start_execution(self, **_):
        return {"executionArn": EXECUTION}

    def describe_execution(self, executionArn):
        return {"status": "FAILED", **self.failed}


def killed_while_publishing(aws):
    def kill(number, service, operation, when):
        if operation == "publish_version":
            aws.fault = dead
            raise Killed

    def dead(*_):
        raise Killed

    aws.fault = kill
    with pytest.raises(Killed):
        run_direct(services(aws), request(memory_sizes_mb=(1024,)), RUN_ID)
    aws.fault = quiet
    assert aws.latest["MemorySize"] == 1024
    assert aws.aliases


def watched(aws):
    return run_execution(
        aws, STACK, request(), RUN_ID, FakeClock(), progress=lambda _: None, stop_requested=lambda: False
    )


@pytest.mark.parametrize("error", ["States.DataLimitExceeded", "States.Runtime"])
def test_the_terminal_that_watches_undoes_what_no_state_could_catch(error):
    aws = FailedAws()
    before = aws.visible()
    killed_while_publishing(aws)
    aws.failed = {"error": error, "cause": "The state 'Publish' returned\na result that is too large."}
    with pytest.raises(AwsError) as ended:
        watched(aws)
    assert ended.value.message == (
        f"The execution run-1 was ended by Step Functions itself with {error} (The state 'Publish' returned a result "
        "that is too large); orders was put back as it was."
    )
    assert aws.visible() == before
    assert Archive(S3Store(aws.client("s3"), "b"), RUN_ID).has_ended()


def test_an_undo_that_fails_then_is_what_is_told():
    aws = FailedAws()
    killed_while_publishing(aws)
    aws.failed = {"error": "States.Runtime"}

    def denied(number, service, operation, when):
        if operation == "delete_alias":
            raise refusal("DeleteAlias", "AccessDeniedException")

    aws.fault = denied
    with pytest.raises(NotRestored, match=r"itself with States.Runtime \(no cause given\), and orders could not"):
        watched(aws)


def test_an_execution_that_failed_through_its_restoring_state_is_not_undone_again():
    aws = FailedAws()
    aws.failed = {"error": "FunctionRefused", "cause": json.dumps({"errorMessage": "No."})}
    with pytest.raises(AwsError, match="No"):
        watched(aws)
    assert not [call for call in aws.log if call.startswith("lambda:")]


# --- what was applied, after a failed end ------------------------------------------------------------------------


def failing_finish(monkeypatch, aws, what, store):
    real = direct.run_step

    def step(given, name, data):
        if name == "finish":
            raise AwsError("Reading the history was throttled.")
        return real(given, name, data)

    monkeypatch.setattr(direct, "run_step", step)
    with pytest.raises(AwsError):
        run_direct(services(aws, store), what, RUN_ID)


@pytest.mark.parametrize("alias", [None, "live"])
def test_a_failed_end_after_applying_leaves_the_result_true(monkeypatch, alias):
    aws, store, what = with_live(FakeAws()), MemoryStore(), applying(apply_alias=alias)
    failing_finish(monkeypatch, aws, what, store)
    for _ in range(cleaner.PASSES):
        run_step(services(aws, store), "restore", to_data(RunInput(run_id=RUN_ID, request=what)))
    applied = Archive(store, RUN_ID).result().applied
    assert applied.memory_mb == aws.latest["MemorySize"] == 1024
    assert applied.version == (None if alias is None else aws.aliases["live"]["FunctionVersion"])


# --- isolated runs -----------------------------------------------------------------------------------------------


def taken_by_another(aws):
    held = lease.Lease(run_id="other", memory_mb=512, set_mb=(512, 1024), since_ms=1, until_ms=2**42)
    lease.take(aws.client("lambda"), FUNCTION, held)


@pytest.mark.parametrize(("ends_meanwhile", "error"), [(False, LeaseHeld), (True, FunctionChanged)])
def test_an_isolated_run_does_not_take_another_runs_test_size_for_the_present_one(monkeypatch, ends_meanwhile, error):
    aws = FakeAccount()
    aws.serve_code(monkeypatch)

    def fault(number, service, operation, when):
        if operation == "get_function_configuration" and not done:  # the first read after the look at the lease
            done.append(1)
            taken_by_another(aws)
            aws.latest["MemorySize"] = 1024
            aws._revise()
        if operation == "create_function" and when == "after" and ends_meanwhile:
            restore(aws.client("lambda"), FUNCTION, FakeClock())

    done = []
    aws.fault = fault
    with pytest.raises(error):
        run_direct(services(aws), request(isolate=True), RUN_ID)
    assert done
    assert not aws.made
    assert not aws.invoked


# --- the command line --------------------------------------------------------------------------------------------


def test_signals_that_the_system_does_not_have_are_left_out(monkeypatch):
    with monkeypatch.context() as patch:
        patch.delattr(signal, "SIGHUP")
        importlib.reload(interrupt)
        with interrupt.StopWish() as wish:
            signal.raise_signal(signal.SIGINT)
            assert wish()
    importlib.reload(interrupt)


# --- runtime updates ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "isolate", "told"),
    [
        ("FunctionUpdate", False, True),
        ("FunctionUpdate", True, False),
        ("Auto", False, False),
        ("Manual", False, False),
    ],
)
def test_a_plan_says_that_a_run_may_update_the_runtime(mode, isolate, told):
    aws = PlanAws()
    aws.runtime_updates = mode
    plan = preview(services(aws), request(isolate=isolate), place="direct")
    assert any("runtime management mode FunctionUpdate" in warning for warning in plan.warnings) is told


def test_a_runtime_configuration_that_may_not_be_read_is_no_reason_for_a_warning():
    plan = preview(services(PlanAws(denied=("get_runtime_management_config",))), request(), place="direct")
    assert not any("runtime management" in warning for warning in plan.warnings)
