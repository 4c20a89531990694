"""The stack is deployed from its template, as on AWS, and a run through it succeeds."""

import json
import zipfile

import pytest
from command_line import powertune
from task_packages import no_wheels

from powertune.aws.clock import SystemClock
from powertune.domain.function import Architecture
from powertune.local.endpoint import ACCOUNT, EndpointSettings, LocalEndpoint
from powertune.local.function import create_function, interpreter
from powertune.local.project import find_project
from powertune.workflow import deployment
from powertune.workflow.emitting import emit
from powertune.workflow.teardown import destroy, leftovers

ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:quick"


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """An endpoint of its own, with a function to tune on it."""
    folder = tmp_path_factory.mktemp("code") / "quick"
    folder.mkdir()
    (folder / "app.py").write_text("def handler(event, context):\n    return sum(range(50000))\n", encoding="utf-8")
    with LocalEndpoint(EndpointSettings()) as running:
        _, runtime = interpreter(None)
        create_function(running.session, ACCOUNT, find_project(f"{folder}:app.handler"), runtime)
        yield running


def deploy(session, clock, **parameters):
    wanted = deployment.Deployment(
        stack_name="tuner",
        prefix="tuner",
        architecture=None,
        parameters={"FunctionScope": ARN, **parameters},
        tags={"team": "payments"},
        artifact_bucket=None,
    )
    state = deployment.look(session, "tuner")
    architecture = deployment.architecture_of(wanted, state)
    packages = deployment.build_packages(architecture, no_wheels)
    prepared = deployment.prepare(session, wanted, packages, architecture, state, clock)
    if prepared.change_set is None:
        return prepared, None
    return prepared, deployment.execute(session, prepared, clock, lambda event: None)


def tune(aws, prefix, tmp_path):
    """A run through the stack of a prefix: its result."""
    done = powertune(
        "run", "--function-arn", ARN, "--memory-sizes", "1024,1769", "--invocations", 3, "--search", "grid", "--json",
        "--yes", "--output-dir", tmp_path, **aws.variables(), POWERTUNE_NAME_PREFIX=prefix,
    )  # fmt: skip
    assert done.code == 0, done.err
    return done.json


def executions(aws, prefix):
    arn = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{prefix}"
    return aws.session.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]


def test_the_emitted_files_deploy_and_a_run_through_that_stack_succeeds(aws, tmp_path):
    files = emit(tmp_path / "packaged", Architecture.X86_64, no_wheels)
    store, stacks = aws.session.client("s3"), aws.session.client("cloudformation")
    store.create_bucket(Bucket="mine")
    for path in files:
        if path.suffix == ".zip":
            assert zipfile.is_zipfile(path)
            store.put_object(Bucket="mine", Key=path.name, Body=path.read_bytes())
    stacks.create_stack(
        StackName="emitted",
        TemplateBody=(tmp_path / "packaged" / "template.yaml").read_text(encoding="utf-8"),
        Parameters=[
            {"ParameterKey": "ArtifactBucket", "ParameterValue": "mine"},
            {"ParameterKey": "NamePrefix", "ParameterValue": "emitted"},
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    stacks.get_waiter("stack_create_complete").wait(StackName="emitted", WaiterConfig={"Delay": 1})
    result = tune(aws, "emitted", tmp_path)
    assert result["restored"]
    assert {size["memory_mb"] for size in result["memory_sizes"]} == {1024, 1769}
    (execution,) = executions(aws, "emitted")
    assert execution["status"] == "SUCCEEDED"


def test_a_deployment_can_be_repeated_changed_removed_and_made_again(aws, tmp_path):
    session, clock = aws.session, SystemClock()
    prepared, state = deploy(session, clock)
    assert prepared.change_set.creates
    assert {change.action for change in prepared.change_set.changes} == {"add"}
    assert state.status == "CREATE_COMPLETE"
    session.client("s3").put_object(Bucket=f"tuner-{ACCOUNT}-us-east-1", Key="runs/old/result.json", Body=b"{}")

    again, _ = deploy(session, clock)
    assert again.change_set is None

    changed, state = deploy(session, clock, LogDays="30")
    assert changed.change_set is not None
    assert not any(change.loses_results for change in changed.change_set.changes)
    assert state.parameters["LogDays"] == "30"
    assert state.parameters["FunctionScope"] == ARN

    found = leftovers(session, "tuner", "tuner")
    assert found.results == 1
    destroy(session, found, clock, lambda event: None, keep_results=True)
    assert leftovers(session, "tuner", "tuner").results == 1

    anew, state = deploy(session, clock)
    assert state.parameters["CreateResultsBucket"] == "false"
    assert found.results_bucket in anew.notes[0]
    assert tune(aws, "tuner", tmp_path)["restored"]
    assert [one["status"] for one in executions(aws, "tuner")] == ["SUCCEEDED"]

    destroy(session, leftovers(session, "tuner", "tuner"), clock, lambda event: None, keep_results=False)
    assert leftovers(session, "tuner", "tuner").is_nothing
    names = [one["FunctionName"] for one in session.client("lambda").list_functions()["Functions"]]
    assert not [name for name in names if name.startswith("tuner")]


def test_the_stack_of_the_endpoint_is_made_from_the_same_template(aws):
    (stack,) = aws.session.client("cloudformation").describe_stacks(StackName="powertune")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    functions = aws.session.client("lambda")
    worker = functions.get_function_configuration(FunctionName="powertune-worker")
    assert worker["Environment"]["Variables"]["POWERTUNE_BUCKET"] == aws.stack.bucket
    assert json.loads(worker["Environment"]["Variables"]["POWERTUNE_ENVIRONMENT"])["kind"] == "local"
    assert functions.get_function_configuration(FunctionName="powertune-cleaner")["Timeout"] == 900


def test_the_cleaner_runs_as_powertunes_own_function(aws):
    event = {"detail": {"status": "SUCCEEDED", "input": "{}", "name": "x", "executionArn": "y"}}
    answer = aws.session.client("lambda").invoke(FunctionName="powertune-cleaner", Payload=json.dumps(event))
    assert "FunctionError" not in answer
    assert answer["Payload"].read() == b"null"
