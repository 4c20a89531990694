"""The pipeline's template: plain CloudFormation, in any partition, with the least that each role needs."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator
from cfnlint.api import ManualArgs, lint
from iam_linter import findings
from pipeline_template import ACCOUNT, CONNECTED, CONNECTION, FUNCTION, REGION, STACK, Pipeline, one_policy, request_of
from template_policies import actions_in, lets

from powertune.domain.check import CheckRequest, CheckSettings
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.permissions import Feature, Mode, Scope, allows, build_statements, statements_for
from powertune.resources import read
from powertune.wire import loads
from powertune.workflow import pipeline_job
from powertune.workflow.template import MOST_BODY_BYTES

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "pipeline"
SOURCE = read("statemachine", "pipeline.yaml")
BUCKET = {"FunctionArn": FUNCTION, "SourceBucket": "sources"}
VARIANTS = {
    "connection, CodeBuild": CONNECTED,
    "bucket, CodeBuild, all asked for": {
        **BUCKET, "Approval": "manual", "BaselineBucket": "mine", "BaselinePrefix": "a/b", "NotificationEmail": "a@b.c",
        "LogGroupName": "/all/logs", "Payload": "events/one.json", "BuildSpec": "build.yml",
        "PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/bound", "OnUndecided": "fail",
    },
    "connection, StepFunctions": {**CONNECTED, "CheckWith": "StepFunctions", "Payload": "s3://events/one.json"},
    "bucket, Lambda": {**BUCKET, "CheckWith": "Lambda", "Schedule": ""},
}  # fmt: skip
every_variant = pytest.mark.parametrize("variant", VARIANTS)


def of_type(template, kind):
    return {name: one for name, one in template.resources.items() if one["Type"] == f"AWS::{kind}"}


def roles(template):
    return of_type(template, "IAM::Role")


# --- the template ------------------------------------------------------------------------------------------------


def test_cfn_lint_has_nothing_to_say_of_the_pipeline():
    found = lint(SOURCE, config=ManualArgs(regions=["us-east-1", "cn-north-1", "us-gov-west-1"]))
    assert [str(match) for match in found] == []


def test_the_pipeline_fits_into_a_request_and_names_no_partition_and_no_domain():
    assert len(SOURCE.encode()) < MOST_BODY_BYTES
    plain = "\n".join(line for line in SOURCE.splitlines() if "AllowedPattern" not in line)
    assert "arn:aws" not in plain
    assert set(re.findall(r"[a-z0-9.]*amazonaws[a-z.]*", SOURCE)) == {
        f"{one}.amazonaws.com"
        for one in ("codepipeline", "codebuild", "lambda", "events", "scheduler", "cloudwatch")
    }  # fmt: skip


def test_every_parameter_of_the_pipeline_is_described_grouped_and_used():
    data = Pipeline(**CONNECTED).data
    groups = data["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(data["Parameters"])
    assert all(one["Description"] for one in data["Parameters"].values())
    body = SOURCE.split("\nConditions:\n")[1]
    for name in data["Parameters"]:
        assert re.search(rf"!Ref {name}\b|\$\{{{name}\}}", body), name


@pytest.mark.parametrize(
    ("parameters", "holds"),
    [
        (CONNECTED, True),
        (BUCKET, True),
        ({"FunctionArn": FUNCTION}, False),
        ({"FunctionArn": FUNCTION, "ConnectionArn": CONNECTION}, False),
    ],
)
def test_a_pipeline_without_a_source_is_refused_by_its_rules(parameters, holds):
    assert Pipeline(**parameters).holds() is holds


def test_the_function_of_the_lambda_variant_is_the_module_word_for_word():
    code = Pipeline(**CONNECTED, CheckWith="Lambda").resources["JobFunction"]["Code"]["ZipFile"]
    assert code == Path(pipeline_job.__file__).read_text(encoding="utf-8")


def test_the_buildspec_that_init_writes_is_the_one_of_the_example():
    # After a change of the example: cp examples/pipeline/buildspec.yml statemachine/buildspec.yml
    assert read("statemachine", "buildspec.yml") == (EXAMPLE / "buildspec.yml").read_text(encoding="utf-8")


# --- the pipelines -------------------------------------------------------------------------------------------------


@every_variant
def test_both_pipelines_are_of_the_second_type_and_queue(variant):
    pipelines = of_type(Pipeline(**VARIANTS[variant]), "CodePipeline::Pipeline")
    assert set(pipelines) == {"ReleasePipeline"} | (
        {"NightlyPipeline"} if "Schedule" not in VARIANTS[variant] else set()
    )
    for one in pipelines.values():
        assert (one["PipelineType"], one["ExecutionMode"]) == ("V2", "QUEUED")
        assert len(one["Stages"]) >= 2


def test_a_release_is_built_deployed_to_staging_checked_and_only_then_shifted():
    template = Pipeline(**CONNECTED, Approval="manual")
    stages = template.stages("ReleasePipeline")
    assert list(stages) == ["Source", "Build", "Staging", "Approve", "Production"]
    assert list(Pipeline(**CONNECTED).stages("ReleasePipeline")) == ["Source", "Build", "Staging", "Production"]
    staging, check = stages["Staging"]
    assert staging["Configuration"] == {
        "FunctionName": "orders",
        "FunctionAlias": "staging",
        "DeployStrategy": "AllAtOnce",
    }
    assert (staging.get("RunOrder", 1), check["RunOrder"], check["Name"]) == (1, 2, "Check")
    (production,) = stages["Production"]
    assert production["Configuration"] == {
        "FunctionName": "orders",
        "FunctionAlias": "live",
        "PublishedTargetVersion": "#{Staging.FunctionVersion}",
        "DeployStrategy": "Canary10Percent5Minutes",
        "Alarms": template.filled({"!Ref": "LiveErrors"}),
    }


def test_a_push_starts_a_release_and_no_nightly_check():
    template = Pipeline(**CONNECTED)
    detects = [
        template.action(name, "Source")["Configuration"]["DetectChanges"]
        for name in ("ReleasePipeline", "NightlyPipeline")
    ]
    assert detects == ["true", "false"]
    bucket = Pipeline(**BUCKET)
    (target,) = bucket.resources["SourceChanged"]["Targets"]
    assert target["Arn"].endswith(":powertune-pipeline-orders-release")
    assert "SourceChanged" not in template.resources


@every_variant
def test_every_value_of_an_action_is_within_what_codepipeline_takes(variant):
    longest = {
        **VARIANTS[variant],
        "FunctionArn": "arn:aws-us-gov:lambda:ap-southeast-4:123456789012:function:" + "n" * 64,
        "StagingAlias": "s" * 60,
        "LiveAlias": "l" * 60,
        "StackPrefix": "p" * 24,
        "Threshold": "0.123456",
    }
    if longest.get("CheckWith", "CodeBuild") != "CodeBuild":
        longest["Payload"] = "s3://" + "b" * 63 + "/" + "k" * 150
    template = Pipeline(**longest)
    for pipeline in of_type(template, "CodePipeline::Pipeline").values():
        for stage in pipeline["Stages"]:
            for action in stage["Actions"]:
                for value in action.get("Configuration", {}).values():
                    assert 1 <= len(value) <= 1000, (action["Name"], len(value))


def as_declared(value):
    """What CloudFormation writes with capitals, as CodePipeline's API has it; configurations have their own names."""
    if isinstance(value, list):
        return [as_declared(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key[0].lower() + key[1:]: one if key == "Configuration" else as_declared(one)
        for key, one in value.items()
        if key != "Type" or one == "S3"
    }


@every_variant
def test_botocores_model_of_codepipeline_takes_the_pipelines(variant):
    shape = botocore.session.get_session().get_service_model("codepipeline").shape_for("PipelineDeclaration")
    for pipeline in of_type(Pipeline(**VARIANTS[variant]), "CodePipeline::Pipeline").values():
        report = ParamValidator().validate(as_declared(pipeline), shape)
        assert not report.has_errors(), report.generate_report()
        actions = [action for stage in pipeline["Stages"] for action in stage["Actions"]]
        given = {one["Name"] for action in actions for one in action.get("OutputArtifacts", [])}
        assert {one["Name"] for action in actions for one in action.get("InputArtifacts", [])} <= given


def test_codebuild_is_told_what_to_check_and_the_rest_by_its_project():
    template = Pipeline(**CONNECTED, Payload="events/one.json")
    project = template.resources["CheckProject"]
    assert project["Source"] == {"Type": "CODEPIPELINE", "BuildSpec": "powertune-pipeline/buildspec.yml"}
    known = {one["Name"]: one["Value"] for one in project["Environment"]["EnvironmentVariables"]}
    asked = set(yaml.safe_load(read("statemachine", "buildspec.yml"))["env"]["variables"])
    told = {}
    for pipeline in ("ReleasePipeline", "NightlyPipeline"):
        variables = json.loads(template.action(pipeline, "Check")["Configuration"]["EnvironmentVariables"])
        told[pipeline] = {one["name"]: one["value"] for one in variables}
    assert told["ReleasePipeline"] == {"POWERTUNE_QUALIFIER": "staging", "POWERTUNE_AGAINST": "live"}
    assert told["NightlyPipeline"] == {"POWERTUNE_QUALIFIER": "live"}
    own = {"POWERTUNE_FUNCTION_ARN"}
    assert set(known) | set(told["ReleasePipeline"]) <= asked | own
    assert own <= set(known)
    assert known["POWERTUNE_BASELINE"] == "s3://made-baselines/powertune"
    assert (known["POWERTUNE_THRESHOLD"], known["POWERTUNE_PAYLOAD"]) == ("0.05", "events/one.json")


@pytest.mark.parametrize("check_with", ["StepFunctions", "Lambda"])
def test_the_state_machine_is_asked_for_what_the_parameters_say(check_with):
    template = Pipeline(
        **CONNECTED, CheckWith=check_with, Threshold="0.1", OnUndecided="fail", Payload="s3://events/one.json"
    )
    expected = {
        "ReleasePipeline": {"qualifier": "staging", "against": "live"},
        "NightlyPipeline": {"qualifier": "live", "stored": True},
    }
    for pipeline, sides in expected.items():
        given = request_of(template.action(pipeline, "Check"))
        if check_with == "Lambda":
            assert given.pop("state_machine_arn") == f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:powertune"
        request = loads(json.dumps(given["request"]), TuningRequest)
        settings = CheckSettings(threshold=0.1, confidence=0.99, max_invocations=400, undecided_fails=True)
        assert request.check == CheckRequest(**sides, settings=settings, fail_execution=True)
        assert request.payload_s3 == "s3://events/one.json"
        assert str(request.limits.max_spend) == "0.50"
        assert request.parallel == 10


def test_the_build_in_the_template_packs_the_code_of_the_example(tmp_path):
    shutil.copytree(EXAMPLE / "function", tmp_path / "function")
    build = yaml.safe_load(Pipeline(**CONNECTED).resources["BuildProject"]["Source"]["BuildSpec"])
    for command in build["phases"]["build"]["commands"]:
        environment = {"PATH": "/usr/bin:/bin", "CODE_FOLDER": "function"}
        subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, check=True)
    packed = tmp_path / build["artifacts"]["base-directory"]
    assert [path.name for path in packed.iterdir() if path.is_file()] == ["index.py"]


# --- the schedule, and who is told ------------------------------------------------------------------------------


def test_the_schedule_tries_little_and_what_it_could_not_start_raises_an_alarm():
    template = Pipeline(**CONNECTED)
    schedule = template.resources["Nightly"]
    assert schedule["ScheduleExpression"] == "cron(0 3 * * ? *)"
    target = schedule["Target"]
    assert target["RetryPolicy"]["MaximumRetryAttempts"] <= 2
    assert target["DeadLetterConfig"]["Arn"] == template.filled({"!GetAtt": "NotStarted.Arn"})
    alarm = template.resources["NotStartedAlarm"]
    assert alarm["AlarmActions"] == [template.filled({"!Ref": "Notifications"})]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": "made-notstarted"}]


def test_without_a_schedule_nothing_of_the_night_is_made():
    names = set(Pipeline(**CONNECTED, Schedule="").resources)
    assert not names & {"NightlyPipeline", "Nightly", "NightlyRole", "NotStarted", "NotStartedAlarm"}


@every_variant
def test_a_check_that_fails_is_told_of_whatever_runs_it(variant):
    template = Pipeline(**VARIANTS[variant])
    rule = template.resources["CheckFailed"]
    detail = rule["EventPattern"]["detail"]
    assert detail["pipeline"] == [one["Name"] for one in of_type(template, "CodePipeline::Pipeline").values()]
    assert detail["state"] == ["FAILED"]
    actions = {action["Name"] for actions in template.stages("ReleasePipeline").values() for action in actions}
    assert set(detail["action"]) <= actions
    (target,) = rule["Targets"]
    assert target["Arn"] == template.filled({"!Ref": "Notifications"})
    transformer = target["InputTransformer"]
    assert set(re.findall(r"<(\w+)>", transformer["InputTemplate"])) == set(transformer["InputPathsMap"])
    # A template that is no JSON object is one quoted string a line (AWS docs, eventbridge/latest/userguide/
    # eb-transform-target-input).
    assert all(re.fullmatch(r'"[^"]+"', line) for line in transformer["InputTemplate"].splitlines())


def test_the_topic_takes_messages_of_this_rule_and_of_alarms_of_this_account_alone():
    template = Pipeline(**CONNECTED)
    events, alarms = template.resources["NotificationsPolicy"]["PolicyDocument"]["Statement"]
    assert events["Condition"] == {"ArnEquals": {"aws:SourceArn": template.filled({"!GetAtt": "CheckFailed.Arn"})}}
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


# --- roles -------------------------------------------------------------------------------------------------------


@every_variant
def test_an_iam_linter_finds_nothing_in_the_roles_of_the_pipeline(variant):
    for name, role in roles(Pipeline(**VARIANTS[variant])).items():
        assert findings(one_policy(role["Policies"])) == [], name


@every_variant
def test_no_role_of_the_pipeline_has_a_wildcard_action_and_each_may_be_bounded(variant):
    template = Pipeline(**VARIANTS[variant])
    for name, role in roles(template).items():
        assert not any("*" in action for action in actions_in(one_policy(role["Policies"]))), name
        assert ("PermissionsBoundary" in role) is ("PermissionsBoundary" in VARIANTS[variant])


def test_every_resource_of_the_pipeline_that_is_a_wildcard_has_its_reason_beside_it():
    lines = [line for line in SOURCE.splitlines() if re.search(r"Resource: [\"']\*[\"']", line)]
    assert len(lines) == 3
    assert all(re.search(r"\"\*\" # .{15,}", line) for line in lines)


@pytest.mark.parametrize("more", [{}, {"BaselineBucket": "mine", "BaselinePrefix": "a/b", "LogGroupName": "/all/logs"}])
def test_the_role_that_checks_has_what_the_permissions_of_a_check_say_and_nothing_else(more):
    template = Pipeline(**CONNECTED, **more)
    policy = template.policy("CheckRole")
    place = f"{more.get('BaselineBucket', 'made-baselines')}/{more.get('BaselinePrefix', 'powertune')}"
    scope = Scope(function=FunctionArn.parse(FUNCTION), log_group=more.get("LogGroupName"), baselines=f"s3://{place}")
    said = (
        *statements_for(Mode.DIRECT, scope, [Feature.CHECK, Feature.BASELINES]),
        *build_statements(scope, f"{STACK}-check", "made-artifacts"),
    )
    assert actions_in(policy) == {action for one in said for action in one.actions}
    logs = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
    resources = [
        FUNCTION, f"{FUNCTION}:1", f"{FUNCTION}s", f"{FUNCTION}s:1",
        f"{logs}:/aws/lambda/orders:*", f"{logs}:/all/logs:*",
        f"{logs}:/aws/codebuild/{STACK}-check:*", f"{logs}:/aws/codebuild/other:*", f"arn:aws:s3:::{place}/baselines/x",
        f"arn:aws:s3:::{place}/checks/x/y", f"arn:aws:s3:::{place}/other", f"arn:aws:s3:::{place.split('/')[0]}",
        "arn:aws:s3:::made-artifacts/x", "arn:aws:s3:::made-artifacts", "arn:aws:s3:::others/x",
        f"arn:aws:codebuild:{REGION}:{ACCOUNT}:report-group/{STACK}-check-powertune",
        f"arn:aws:codebuild:{REGION}:{ACCOUNT}:report-group/other-powertune", "*",
    ]  # fmt: skip
    differing = [
        (action, resource)
        for action in sorted(actions_in(policy))
        for resource in resources
        if lets(policy, action, resource) != allows(said, action, resource)
    ]
    assert differing == []


def test_the_pipeline_itself_neither_invokes_the_function_nor_changes_its_settings():
    for name, role in roles(Pipeline(**CONNECTED)).items():
        actions = actions_in(one_policy(role["Policies"]))
        assert not actions & {"lambda:UpdateFunctionConfiguration", "lambda:DeleteFunction", "iam:PassRole"}, name
        assert ("lambda:InvokeFunction" in actions) is (name == "CheckRole")


def test_only_the_function_that_was_named_is_deployed():
    policy = Pipeline(**CONNECTED).policy("PipelineRole")
    for action in ("lambda:UpdateFunctionCode", "lambda:PublishVersion", "lambda:UpdateAlias"):
        assert lets(policy, action, FUNCTION)
        assert not lets(policy, action, f"{FUNCTION}s")


@pytest.mark.parametrize(
    ("check_with", "there", "action"),
    [
        ("CodeBuild", {"CheckProject", "CheckRole", "Reports", "CheckLogs", "Baselines", "BaselinesPolicy"}, None),
        ("StepFunctions", set(), "states:StartExecution"),
        ("Lambda", {"JobFunction", "JobRole", "JobLogs"}, "lambda:InvokeFunction"),
    ],
)
def test_each_variant_makes_only_what_it_needs(check_with, there, action):
    names = {
        one: set(Pipeline(**CONNECTED, CheckWith=one).resources) for one in ("CodeBuild", "StepFunctions", "Lambda")
    }
    common = set.intersection(*names.values())
    assert names[check_with] - common == there
    gives = actions_in(Pipeline(**CONNECTED, CheckWith=check_with).policy("PipelineRole"))
    assert {"states:StartExecution", "lambda:InvokeFunction"} & gives == ({action} if action else set())
