"""The pipeline's template on the embedded endpoint, as far as it knows the resources; its checks are executed there."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import yaml
from botocore.exceptions import ClientError
from command_line import EXAMPLES
from pipeline_template import CONNECTED, Pipeline
from template_policies import ACCOUNT as WRITTEN
from template_policies import _Loader

from powertune.local.endpoint import ACCOUNT
from powertune.local.function import create_function, interpreter, zip_folder
from powertune.local.project import find_project
from powertune.resources import read

NAME = "shipped"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{NAME}"
PARAMETERS = {**CONNECTED, "FunctionArn": ARN, "NotificationEmail": "team@example.com"}
# What MiniStack's CloudFormation does not know, with what a reference to it comes to.
UNKNOWN = {
    "ReleasePipeline": "AWS::CodePipeline::Pipeline",
    "NightlyPipeline": "AWS::CodePipeline::Pipeline",
    "Reports": "AWS::CodeBuild::ReportGroup",
}
JOB = "11111111-abcd-1111-abcd-111111abcdef"


def long_form(value):
    """What the short forms stand for, so that the template can be sent as JSON, without what is not known."""
    if isinstance(value, list):
        return [long_form(one) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1 or not next(iter(value)).startswith("!"):
        return {key: long_form(one) for key, one in value.items()}
    ((tag, given),) = value.items()
    if tag == "!Sub":
        text, more = (given, None) if isinstance(given, str) else given
        for name in UNKNOWN:
            text = text.replace(f"${{{name}}}", name)
        return {"Fn::Sub": text if more is None else [text, long_form(more)]}
    if tag == "!Ref":
        return given if given in UNKNOWN else {"Ref": given}
    if tag == "!GetAtt":
        return {"Fn::GetAtt": given.split(".", 1)}
    return {tag.removeprefix("!") if tag == "!Condition" else f"Fn::{tag[1:]}": long_form(given)}


def known_part():
    """The template without what is not known."""
    data = yaml.load(read("statemachine", "pipeline.yaml"), _Loader)
    for part in ("Resources", "Outputs"):
        data[part] = {name: one for name, one in data[part].items() if name not in UNKNOWN}
    return json.dumps(long_form(data))


def create(endpoint, stack, body, **parameters):
    client = endpoint.session.client("cloudformation")
    client.create_stack(
        StackName=stack,
        TemplateBody=body,
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    client.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    resources = client.describe_stack_resources(StackName=stack)["StackResources"]
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}


@pytest.fixture(scope="module")
def released(endpoint, tmp_path_factory):
    """A function with two versions, the second of which sleeps three times as long; live names the first."""
    client, codes = endpoint.session.client("lambda"), {}
    for version, seconds in (("1", 0.02), ("2", 0.06)):
        folder = tmp_path_factory.mktemp("code") / NAME
        folder.mkdir()
        text = f"import time\ndef handler(event, context):\n    time.sleep({seconds})\n"
        (folder / "app.py").write_text(text, encoding="utf-8")
        codes[version] = find_project(f"{folder}:app.handler")
    create_function(endpoint.session, ACCOUNT, codes["1"], interpreter(None)[1])
    assert client.publish_version(FunctionName=NAME)["Version"] == "1"
    client.update_function_code(FunctionName=NAME, ZipFile=zip_folder(codes["2"].folder))
    assert client.publish_version(FunctionName=NAME)["Version"] == "2"
    client.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    client.create_alias(FunctionName=NAME, Name="staging", FunctionVersion="2")
    return client


@pytest.mark.parametrize(
    ("check_with", "unknown"),
    [
        ("CodeBuild", "[AWS::CodeBuild::ReportGroup, AWS::CodePipeline::Pipeline]"),
        ("StepFunctions", "[AWS::CodePipeline::Pipeline]"),
    ],
)
def test_the_pipeline_is_created_but_for_what_the_endpoint_does_not_know(endpoint, check_with, unknown):
    with pytest.raises(ClientError) as refused:
        create(endpoint, "whole", read("statemachine", "pipeline.yaml"), **PARAMETERS, CheckWith=check_with)
    assert (
        refused.value.response["Error"]["Message"] == f"Template format error: Unrecognized resource types: {unknown}"
    )
    stack = f"known-{check_with}".lower()
    made = create(endpoint, stack, known_part(), **PARAMETERS, CheckWith=check_with)
    assert set(made) == set(Pipeline(**PARAMETERS, CheckWith=check_with).resources) - set(UNKNOWN)
    events = endpoint.session.client("events")
    (target,) = events.list_targets_by_rule(Rule=made["CheckFailed"])["Targets"]
    assert target["Arn"] == made["Notifications"]
    groups = endpoint.session.client("scheduler").list_schedules()["Schedules"]
    assert any(one["Name"] == made["Nightly"].rsplit("/")[-1] for one in groups)


def test_the_example_function_is_created_with_both_aliases_and_answers(endpoint):
    create(endpoint, "orders", (EXAMPLES / "pipeline" / "template.yaml").read_text(encoding="utf-8"))
    event = (EXAMPLES / "pipeline" / "order.json").read_bytes()
    for alias in ("staging", "live"):
        done = endpoint.session.client("lambda").invoke(FunctionName="orders", Qualifier=alias, Payload=event)
        assert json.loads(done["Payload"].read()) == {"items": 3, "total_cents": 3967}


def followed(states, arn, seconds=120):
    end = time.monotonic() + seconds
    while (execution := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < end
        time.sleep(0.2)
    return execution


def test_the_step_functions_variant_fails_a_release_that_became_slower(endpoint, released):
    template = Pipeline(**PARAMETERS, CheckWith="StepFunctions", MaxInvocations="40")
    action = template.action("ReleasePipeline", "Check")["Configuration"]
    states = endpoint.session.client("stepfunctions")
    started = states.start_execution(
        stateMachineArn=action["StateMachineArn"].replace(WRITTEN, ACCOUNT), name="check-release", input=action["Input"]
    )
    execution = followed(states, started["executionArn"])
    assert (execution["status"], execution["error"]) == ("FAILED", "Regressed")
    assert execution["cause"].startswith(f"{NAME}:staging (version 2) is slower"), execution["cause"]


class CodePipeline(BaseHTTPRequestHandler):
    """Takes the answers that CodePipeline would get."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.answers.append((self.headers["X-Amz-Target"].rsplit(".")[-1], body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def codepipeline():
    server = HTTPServer(("127.0.0.1", 0), CodePipeline)
    server.answers = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.heavy
def test_the_lambda_variant_starts_a_check_follows_it_and_tells_codepipeline_how_it_ended(
    endpoint, released, codepipeline
):
    made = create(endpoint, "with-lambda", known_part(), **PARAMETERS, CheckWith="Lambda")
    elsewhere = {"AWS_ENDPOINT_URL_CODEPIPELINE": f"http://127.0.0.1:{codepipeline.server_port}"}
    released.update_function_configuration(FunctionName=made["JobFunction"], Environment={"Variables": elsewhere})
    template = Pipeline(**PARAMETERS, CheckWith="Lambda", MaxInvocations="40")
    # The nightly check: live against its baseline, of which there is none, so that it keeps one.
    action = template.action("NightlyPipeline", "Check")["Configuration"]
    parameters = action["UserParameters"].replace(WRITTEN, ACCOUNT)
    data = {"actionConfiguration": {"configuration": {"UserParameters": parameters}}}
    deadline = time.monotonic() + 120
    while not codepipeline.answers or "continuationToken" in codepipeline.answers[-1][1]:
        assert time.monotonic() < deadline
        event = {"CodePipeline.job": {"id": JOB, "data": data}}
        done = released.invoke(FunctionName=made["JobFunction"], Payload=json.dumps(event))
        assert "FunctionError" not in done, done["Payload"].read()
        data = {**data, "continuationToken": codepipeline.answers[-1][1].get("continuationToken")}
        time.sleep(0.5)
    assert {kind for kind, _ in codepipeline.answers} == {"PutJobSuccessResult"}
    first, last = codepipeline.answers[0][1], codepipeline.answers[-1][1]
    assert first["continuationToken"] == last["outputVariables"]["ExecutionArn"]
    bucket = endpoint.session.client("s3").list_objects_v2(Bucket=endpoint.stack.bucket)["Contents"]
    assert f"baselines/{ACCOUNT}/us-east-1/{NAME}@live.json" in {one["Key"] for one in bucket}
