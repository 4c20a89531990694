"""The function that runs a check for CodePipeline answers it, whatever happens."""

import json

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber

from powertune.workflow import pipeline_job
from powertune.workflow.pipeline_job import LONGEST_MESSAGE, answer

ID = "11111111-abcd-1111-abcd-111111abcdef"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:powertune"
EXECUTION = f"arn:aws:states:us-east-1:123456789012:execution:powertune:check-{ID}"
REQUEST = {"function_arn": "arn:aws:lambda:us-east-1:123456789012:function:orders", "check": {"qualifier": "staging"}}
ASKED = {"state_machine_arn": MACHINE, "request": REQUEST}
START = {"stateMachineArn": MACHINE, "name": f"check-{ID}", "input": json.dumps({"request": REQUEST})}
UNDER_WAY = {"summary": "The check is under way.", "externalExecutionId": EXECUTION}
GOES_ON = {"jobId": ID, "continuationToken": EXECUTION, "executionDetails": UNDER_WAY}
STARTED = {"executionArn": EXECUTION, "startDate": "2026-11-26T03:00:00Z"}


def job(*, parameters=None, token=None):
    text = json.dumps(ASKED) if parameters is None else parameters
    data = {"actionConfiguration": {"configuration": {"FunctionName": "job", "UserParameters": text}}}
    return {"id": ID, "accountId": "123456789012", "data": {**data, **({"continuationToken": token} if token else {})}}


def described(status, **more):
    return {
        "executionArn": EXECUTION, "stateMachineArn": MACHINE, "startDate": "2026-11-26T03:00:00Z",
        "status": status, **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def clients():
    session = botocore.session.get_session()
    return {
        name: session.create_client(
            name,
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="s",
            config=Config(retries={"total_max_attempts": 1}),
        )
        for name in ("stepfunctions", "codepipeline")
    }


@pytest.fixture
def aws(clients):
    """Both services, stubbed; what was prepared must all have been asked for."""
    stubs = {name: Stubber(client) for name, client in clients.items()}
    with stubs["stepfunctions"], stubs["codepipeline"]:
        yield stubs
        for stub in stubs.values():
            stub.assert_no_pending_responses()


def run(aws, one):
    answer(one, aws["stepfunctions"].client, aws["codepipeline"].client)


def fails(aws, kind, message, *, arn=EXECUTION):
    details = {"type": kind, "message": message, **({"externalExecutionId": arn} if arn else {})}
    aws["codepipeline"].add_response("put_job_failure_result", {}, {"jobId": ID, "failureDetails": details})


def test_a_job_starts_the_state_machine_with_its_request_and_is_asked_again(aws):
    aws["stepfunctions"].add_response("start_execution", STARTED, START)
    aws["stepfunctions"].add_response("describe_execution", described("RUNNING"), {"executionArn": EXECUTION})
    aws["codepipeline"].add_response("put_job_success_result", {}, GOES_ON)
    run(aws, job())


def test_a_job_that_goes_on_starts_nothing(aws):
    aws["stepfunctions"].add_response("describe_execution", described("RUNNING"), {"executionArn": EXECUTION})
    aws["codepipeline"].add_response("put_job_success_result", {}, GOES_ON)
    run(aws, job(token=EXECUTION))


def test_a_check_that_passed_is_a_success_with_its_execution(aws):
    aws["stepfunctions"].add_response("describe_execution", described("SUCCEEDED", output="{}"))
    expected = {
        "jobId": ID,
        "outputVariables": {"ExecutionArn": EXECUTION},
        "executionDetails": {"summary": "The check passed.", "externalExecutionId": EXECUTION},
    }
    aws["codepipeline"].add_response("put_job_success_result", {}, expected)
    run(aws, job(token=EXECUTION))


def test_a_function_that_became_worse_fails_the_action_in_the_checks_own_words(aws):
    worse = described("FAILED", error="Regressed", cause="orders:staging became worse: mean duration +21 %.")
    aws["stepfunctions"].add_response("describe_execution", worse)
    fails(aws, "JobFailed", "Regressed: orders:staging became worse: mean duration +21 %.")
    run(aws, job(token=EXECUTION))


@pytest.mark.parametrize("status", ["TIMED_OUT", "ABORTED", "FAILED"])
def test_an_execution_that_ended_without_a_word_fails_the_action(aws, status):
    aws["stepfunctions"].add_response("describe_execution", described(status))
    fails(aws, "JobFailed", f"The execution is {status}.")
    run(aws, job(token=EXECUTION))


def test_a_cause_that_is_too_long_is_cut_to_what_codepipeline_takes(aws):
    aws["stepfunctions"].add_response("describe_execution", described("FAILED", cause="x" * 20_000))
    fails(aws, "JobFailed", "x" * LONGEST_MESSAGE)
    run(aws, job(token=EXECUTION))


def test_the_same_job_invoked_twice_has_one_execution(aws):
    aws["stepfunctions"].add_client_error("start_execution", "ExecutionAlreadyExists", "there", expected_params=START)
    aws["stepfunctions"].add_response("describe_execution", described("RUNNING"), {"executionArn": EXECUTION})
    aws["codepipeline"].add_response("put_job_success_result", {}, GOES_ON)
    run(aws, job())


@pytest.mark.parametrize(
    "parameters",
    ["", "no JSON", "[]", "null", "7", '{"request": {}}', json.dumps({"state_machine_arn": MACHINE})],
)
def test_user_parameters_that_cannot_be_read_fail_the_action_as_wrongly_configured(aws, parameters):
    with pytest.MonkeyPatch.context() as patch:
        said = []
        patch.setattr(aws["codepipeline"].client, "put_job_failure_result", lambda **given: said.append(given))
        run(aws, job(parameters=parameters))
    (given,) = said
    assert given["failureDetails"]["type"] == "ConfigurationError"
    assert "UserParameters" in given["failureDetails"]["message"]


def test_a_missing_permission_is_told_as_such(aws):
    aws["stepfunctions"].add_client_error("start_execution", "AccessDeniedException", "not you", http_status_code=400)
    words = "An error occurred (AccessDeniedException) when calling the StartExecution operation: not you"
    fails(aws, "PermissionError", f"The check could not be started: {words}", arn=None)
    run(aws, job())


def test_a_state_machine_that_is_not_there_fails_the_action(aws):
    aws["stepfunctions"].add_client_error("start_execution", "StateMachineDoesNotExist", "gone", http_status_code=400)
    words = "An error occurred (StateMachineDoesNotExist) when calling the StartExecution operation: gone"
    fails(aws, "JobFailed", f"The check could not be started: {words}", arn=None)
    run(aws, job())


def test_a_throttled_look_at_a_running_check_is_no_failure(aws):
    aws["stepfunctions"].add_client_error("describe_execution", "ThrottlingException", "slow", http_status_code=400)
    aws["codepipeline"].add_response("put_job_success_result", {}, GOES_ON)
    run(aws, job(token=EXECUTION))


def test_a_throttled_start_fails_the_action_since_nothing_runs(aws):
    aws["stepfunctions"].add_client_error("start_execution", "ThrottlingException", "slow", http_status_code=400)
    words = "An error occurred (ThrottlingException) when calling the StartExecution operation: slow"
    fails(aws, "JobFailed", f"The check could not be started: {words}", arn=None)
    run(aws, job())


def test_a_broken_network_is_answered_too(aws, monkeypatch):
    def unreachable(**_):
        raise EndpointConnectionError(endpoint_url="https://states")

    monkeypatch.setattr(aws["stepfunctions"].client, "describe_execution", unreachable)
    fails(aws, "JobFailed", 'The check could not be followed: Could not connect to the endpoint URL: "https://states"')
    run(aws, job(token=EXECUTION))


def test_an_answer_that_codepipeline_does_not_take_is_raised_so_that_lambda_tries_again(aws):
    aws["stepfunctions"].add_response("describe_execution", described("SUCCEEDED"))
    aws["codepipeline"].add_client_error("put_job_success_result", "ServiceUnavailable", http_status_code=503)
    with pytest.raises(ClientError):
        run(aws, job(token=EXECUTION))


def test_the_handler_makes_its_clients_and_answers_the_job(aws, monkeypatch):
    class Session:
        def create_client(self, name):
            return aws[name].client

    monkeypatch.setattr(botocore.session, "get_session", Session)
    aws["stepfunctions"].add_response("describe_execution", described("RUNNING"))
    aws["codepipeline"].add_response("put_job_success_result", {}, GOES_ON)
    assert pipeline_job.handler({"CodePipeline.job": job(token=EXECUTION)}, None) is None


def test_the_function_needs_nothing_that_lambdas_runtime_does_not_bring():
    with open(pipeline_job.__file__, encoding="utf-8") as file:  # noqa: PTH123
        imports = [line.strip() for line in file if line.strip().startswith(("import ", "from "))]
    assert imports == ["import json", "from typing import Any", "import botocore.session"]
