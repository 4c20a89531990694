"""`powertune report --watch`: a run that somebody else started is followed and shown, and never touched."""

import datetime
import json
from dataclasses import replace
from pathlib import Path

import checks
import pytest
from click.testing import CliRunner
from fake_aws import ARN, FakeAws, FakeClock, refusal

from powertune.aws import clock
from powertune.cli import report, report_watch
from powertune.domain.canary import CanaryOutcome, CanaryReport
from powertune.domain.history import summary_of
from powertune.domain.request import TuningRequest
from powertune.errors import (
    AwsError,
    CanaryRolledBack,
    FunctionFails,
    NothingToRecommend,
    NotRestored,
    Regressed,
    Stopped,
    UsageError,
)
from powertune.wire import dumps, to_data

RUN = "20261126T101500-ab12cd"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:powertune"
SCHEMA_1 = Path(__file__).parents[1] / "data" / "result-schema-1.json"
READING = {
    "describe_state_machine",
    "describe_execution",
    "list_executions",
    "get_object",
}
"""All that watching may ever call."""


class Aws(FakeAws):
    """Executions by name, each with the answers that DescribeExecution gives of it in turn; the last one stays."""

    def __init__(self):
        super().__init__()
        self.executions = {}
        self.has_stack = True
        self.asked = []

    def call(self, service, operation, arguments):
        self.asked.append(operation)
        return super().call(service, operation, arguments)

    def execution(self, name, *answers, target=ARN, **last):
        given = json.dumps({"request": {"function_arn": target}} if target else {})
        self.executions[name] = [{"status": one, "input": given} for one in answers]
        self.executions[name][-1] |= last

    def describe_state_machine(self, stateMachineArn):
        assert stateMachineArn == MACHINE
        if not self.has_stack:
            raise refusal("DescribeStateMachine", "StateMachineDoesNotExist")
        return {}

    def list_executions(self, stateMachineArn, statusFilter):
        since = datetime.datetime(2026, 11, 26, 10, 15, tzinfo=datetime.UTC)
        running = [name for name, answers in self.executions.items() if answers[0]["status"] == statusFilter]
        listed = [{"name": name, "executionArn": arn_of(name), "startDate": since} for name in running]
        return [{"executions": listed}]

    def describe_execution(self, executionArn):
        name = executionArn.rpartition(":")[2]
        if name not in self.executions:
            raise refusal("DescribeExecution", "ExecutionDoesNotExist")
        answers = self.executions[name]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def keep(self, name, text, run=RUN):
        self.objects[f"runs/{run}/{name}"] = text.encode()


def arn_of(name):
    return MACHINE.replace(":stateMachine:", ":execution:") + f":{name}"


@pytest.fixture
def aws(monkeypatch):
    found = Aws()
    monkeypatch.setattr(report_watch, "home_session_of", lambda *_: found)
    monkeypatch.setattr(clock, "SystemClock", FakeClock)
    yield found
    assert set(found.asked) <= READING


@pytest.fixture
def finished(make_result):
    """The result of a run of the function that is watched."""
    result = make_result(run_id=RUN)
    return replace(result, function=replace(result.function, arn=ARN, name="orders"))


def watch(*arguments, arn=ARN):
    return CliRunner().invoke(
        report.command, ["--watch", *map(str, arguments), "--function-arn", arn], standalone_mode=False
    )


def refused(kind, *arguments, **more):
    done = watch(*arguments, **more)
    assert type(done.exception) is kind, done.exception
    return done.exception


def moment(phase, done=0):
    return json.dumps(
        {
            "phase": phase,
            "detail": "",
            "invocations_done": done,
            "invocations_planned": 60,
            "spent": None,
            "currency": "USD",
        }
    )


def test_a_run_under_way_is_followed_phase_by_phase_and_then_shown(aws, finished, monkeypatch):
    aws.execution(RUN, *["RUNNING"] * 12, "SUCCEEDED")
    told = iter(["plan", "measure", "measure", "restore"])

    def get_object(Bucket, Key):
        if Key.endswith("/progress.json"):
            aws.keep("progress.json", moment(next(told, "finish")))
        return FakeAws.get_object(aws, Bucket, Key)

    monkeypatch.setattr(aws, "get_object", get_object)
    aws.keep("result.json", dumps(finished))
    done = watch(RUN)
    assert done.return_value == 0, done.exception
    assert done.stderr.splitlines() == [
        "looking for the run",
        f"the run {RUN} is under way",
        "planning",
        "measuring",
    ]
    assert "Use 1,769 MB instead of 512 MB" in done.stdout


def test_a_run_that_has_ended_is_shown_at_once(aws, finished):
    aws.execution(RUN, "SUCCEEDED")
    aws.keep("result.json", dumps(finished))
    done = watch(RUN, "--json")
    assert json.loads(done.stdout) == to_data(finished)
    assert f"the run {RUN} has ended" in done.stderr


def test_without_a_run_id_the_one_under_way_for_the_function_is_watched(aws, finished):
    aws.execution("other", "RUNNING", target=ARN.replace("orders", "mails"))
    aws.execution(RUN, *["RUNNING"] * 3, "SUCCEEDED")
    aws.keep("result.json", dumps(finished))
    assert "orders" in watch().stdout


def test_where_none_is_under_way_that_is_said(aws):
    error = refused(UsageError)
    assert error.message == "The state machine in us-east-1 has no run of orders under way."


def test_where_several_are_under_way_they_are_named(aws):
    aws.execution("first", "RUNNING")
    aws.execution("second", "RUNNING")
    error = refused(UsageError)
    assert error.message == "2 runs of orders are under way."
    assert "first (since 2026-11-26T10:15:00+00:00), second" in error.next_step


def test_a_run_whose_request_was_too_large_to_travel_is_found_by_the_bucket(aws, finished, make_result):
    request = TuningRequest(function_arn=replace(make_result().request.function_arn, region="us-east-1", name="orders"))
    aws.execution(RUN, *["RUNNING"] * 3, "SUCCEEDED", target=None)
    aws.keep("request.json", dumps(request))
    aws.keep("result.json", dumps(finished))
    assert watch().return_value == 0


def test_without_word_of_its_progress_it_waits(aws, finished):
    aws.execution(RUN, *["RUNNING"] * 40, "SUCCEEDED")
    aws.keep("result.json", dumps(finished))
    assert watch(RUN).return_value == 0


@pytest.mark.parametrize("word", ["", "{", "[]", "null", '{"phase": "from-the-future"}', moment("dreaming"), '"x"'])
def test_word_of_the_progress_that_cannot_be_read_is_no_reason_to_stop_watching(aws, finished, word):
    aws.execution(RUN, *["RUNNING"] * 6, "SUCCEEDED")
    aws.keep("progress.json", word)
    aws.keep("result.json", dumps(finished))
    assert watch(RUN).return_value == 0


@pytest.mark.parametrize("may_list", [True, False])
def test_an_unknown_run_is_refused(aws, may_list):
    def denied(number, service, operation, when):
        # Without s3:ListBucket, S3 says AccessDenied of what is not there.
        if operation == "get_object" and not may_list:
            raise refusal("GetObject", "AccessDenied", status=403)

    aws.fault = denied
    error = refused(UsageError, "20200101T000000-000000")
    assert error.message == "The state machine in us-east-1 knows no run 20200101T000000-000000."


@pytest.mark.parametrize("run_id", ["a/b", "../x", "a:b", "x" * 81, "a b"])
def test_what_is_no_run_id_is_refused_without_a_call(aws, run_id):
    assert "is not a run id" in refused(UsageError, run_id).message
    assert aws.asked == []


def test_a_run_that_step_functions_has_forgotten_is_shown_from_the_bucket(aws, finished):
    aws.keep("result.json", dumps(finished))
    assert "Use 1,769 MB" in watch(RUN).stdout


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_run_of_another_function_is_refused(aws, make_result, forgotten):
    other = make_result(run_id=RUN)
    if not forgotten:
        aws.execution(RUN, "SUCCEEDED", target=other.function.arn)
    aws.keep("result.json", dumps(other))
    assert refused(UsageError, RUN).message == f"The run {RUN} is of {other.function.arn}, not of {ARN}."


def test_a_result_of_an_older_powertune_in_the_bucket_is_migrated(aws):
    data = json.loads(SCHEMA_1.read_text(encoding="utf-8"))
    data["function"]["arn"], data["run_id"] = ARN, RUN
    aws.execution(RUN, "SUCCEEDED")
    aws.keep("result.json", json.dumps(data))
    assert json.loads(watch(RUN, "--json").stdout)["schema_version"] > 1


def test_a_result_that_is_no_longer_in_the_bucket_is_said_to_be_gone(aws):
    aws.execution(RUN, "SUCCEEDED")
    assert "ended well, but its result is no longer in the bucket" in refused(AwsError, RUN).message


def test_a_failed_run_is_said_in_its_own_words(aws):
    cause = json.dumps({"errorMessage": "orders worked at none of the memory sizes.\nLook at its logs."})
    aws.execution(RUN, "RUNNING", "FAILED", error="FunctionFails", cause=cause)
    error = refused(FunctionFails, RUN)
    assert error.message == "orders worked at none of the memory sizes."
    assert error.exit_code == 4


@pytest.mark.parametrize(("status", "kind"), [("ABORTED", Stopped), ("TIMED_OUT", AwsError)])
def test_a_run_that_was_ended_from_outside_is_told_and_not_undone(aws, status, kind):
    before = aws.visible()
    aws.execution(RUN, "RUNNING", status)
    error = refused(kind, RUN)
    assert "Watching it changed nothing" in error.message
    assert f"powertune cleanup --function-arn {ARN}" in error.next_step
    assert aws.visible() == before


def test_ctrl_c_leaves_the_run_alone_and_says_so(aws, monkeypatch):
    aws.execution(RUN, "RUNNING")

    def interrupted(self, seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeClock, "sleep", interrupted)
    error = refused(Stopped)
    assert error.message == f"Stopped watching. The run {RUN} goes on by itself, and puts orders back at its end."
    assert error.next_step == f"Watch again with: powertune report --watch {RUN} --function-arn {ARN}"
    assert error.exit_code == 130


def test_aws_that_does_not_answer_any_more_leaves_the_run_going(aws, monkeypatch):
    aws.execution(RUN, "RUNNING")

    def denied(number, service, operation, when):
        if operation == "describe_execution" and aws.asked.count("describe_execution") > 2:
            raise refusal("DescribeExecution", "AccessDeniedException")

    aws.fault = denied
    assert "is no longer watched; it goes on by itself" in refused(AwsError, RUN).message


def test_without_a_state_machine_there_is_nothing_to_watch(aws):
    aws.has_stack = False
    assert "so there is no run to watch" in refused(AwsError).message


def test_a_function_that_was_not_put_back_ends_with_its_own_code_after_the_report(aws, finished):
    aws.execution(RUN, "SUCCEEDED")
    aws.keep("result.json", dumps(replace(finished, restored=False)))
    done = watch(RUN)
    assert type(done.exception) is NotRestored
    assert f"powertune cleanup --function-arn {ARN}" in done.exception.next_step
    assert "NOT put back" in done.stdout


ALL_MB = (128, 256, 512, 1024, 1769, 3008)


def rolled_back():
    return CanaryReport(
        alias="live", share=0.1, watch_s=600, watched_s=120, old_version="7", new_version="8", old=None, new=None,
        promised=None, error_p_value=0.001, outcome=CanaryOutcome.MORE_ERRORS, reason="it failed more often",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "kind", "code", "said"),
    [
        ({"best_mb": None, "failing_mb": ALL_MB}, FunctionFails, 4, "orders worked at none of the memory sizes: "),
        ({"best_mb": None}, NothingToRecommend, 4, "No memory size can be recommended for orders."),
        ({"canary": True}, CanaryRolledBack, 7, "The canary was rolled back: it failed more often."),
    ],
)
def test_a_watched_run_ends_with_the_code_of_the_terminal_that_started_it(aws, make_result, changes, kind, code, said):
    canary = rolled_back() if changes.pop("canary", False) else None
    result = make_result(run_id=RUN, **changes)
    result = replace(result, function=replace(result.function, arn=ARN, name="orders"), canary=canary)
    aws.execution(RUN, "SUCCEEDED")
    aws.keep("result.json", dumps(result))
    done = watch(RUN)
    assert type(done.exception) is kind
    assert done.exception.exit_code == code
    assert done.exception.message.startswith(said)
    assert "512 MB" in done.stdout  # the report comes first


@pytest.mark.parametrize(
    "ended", [{"status": "SUCCEEDED"}, {"status": "FAILED", "error": "Regressed", "cause": "worse"}]
)
def test_a_watched_check_is_shown_and_ends_with_its_verdict_whether_its_execution_was_to_fail_or_not(aws, ended):
    result = checks.worse()
    result = replace(result, run_id=RUN, function=replace(result.function, arn=ARN, name="orders"))
    aws.execution(RUN, ended["status"], **ended)
    aws.keep("result.json", dumps(result))
    done = watch(RUN)
    assert type(done.exception) is Regressed
    assert done.exception.exit_code == 1
    assert "slower" in done.exception.message
    assert "mean duration" in done.stdout  # the report comes first


def test_a_watched_run_is_kept_with_its_result_in_brief_as_after_a_run(aws, finished, tmp_path):
    aws.execution(RUN, "SUCCEEDED")
    aws.keep("result.json", dumps(finished))
    watch(RUN, "--format", "html", "--results-dir", tmp_path)
    assert sorted(path.name for path in (tmp_path / RUN).iterdir()) == ["report.html", "result.json", "summary.json"]
    summary = json.loads((tmp_path / RUN / "summary.json").read_text(encoding="utf-8"))
    assert summary == to_data(summary_of(finished))


def test_a_page_of_a_watched_run_lies_where_a_run_would_have_put_it(aws, finished, tmp_path):
    aws.execution(RUN, "SUCCEEDED")
    aws.keep("result.json", dumps(finished))
    done = watch(RUN, "--format", "html", "--results-dir", tmp_path)
    assert done.stdout == f"Report: {tmp_path / RUN / 'report.html'}\n"
    assert json.loads((tmp_path / RUN / "result.json").read_text(encoding="utf-8")) == to_data(finished)


@pytest.mark.parametrize("claimed", ["../../escaped", "/etc", "..", "another-run", f"{RUN}/../x", ""])
@pytest.mark.parametrize("form", ["table", "html"])
def test_a_result_that_calls_itself_another_run_is_refused_and_written_nowhere(aws, finished, tmp_path, claimed, form):
    aws.execution(RUN, "SUCCEEDED")
    aws.keep("result.json", dumps(replace(finished, run_id=claimed)))
    folder = tmp_path / "work" / "results"
    error = refused(UsageError, RUN, "--format", form, "--results-dir", folder)
    assert f"The result in the bucket for the run {RUN} says that it is of the run {claimed!r}." == error.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["..", "."])
def test_an_execution_whose_name_is_no_run_id_makes_no_folder(aws, finished, tmp_path, name):
    aws.execution(name, "RUNNING", "SUCCEEDED")
    aws.keep("result.json", dumps(replace(finished, run_id=name)), run=name)
    assert "is not a run id" in refused(UsageError, "--format", "html", "--results-dir", tmp_path / "results").message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a", "b"], "--watch follows one run."),
        (["--label", "x"], "--watch follows one run."),
        (["--region", "eu-west-1"], "The function is in us-east-1, not in eu-west-1."),
    ],
)
def test_what_cannot_be_watched_is_refused(aws, arguments, said):
    assert refused(UsageError, *arguments).message == said


def test_watching_needs_to_know_the_function():
    done = CliRunner().invoke(report.command, ["--watch"], standalone_mode=False)
    assert done.exception.message == "--watch needs to know the function."
