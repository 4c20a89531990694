"""``powertune pipeline init`` writes a pipeline for a function, with the answers filled in."""

import json
import re
import socket
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_aws import ACCOUNT, ARN, REGION
from pipeline_template import CONNECTION, Pipeline

from powertune.cli.main import cli
from powertune.errors import UsageError
from powertune.resources import read

CONNECTED = ("--connection-arn", CONNECTION, "--repository", "acme/orders")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def nowhere(*_, **__):
        raise AssertionError("something was asked over the network")

    monkeypatch.setattr(socket.socket, "connect", nowhere)
    return tmp_path


def init(*arguments, arn=ARN):
    given = ["pipeline", "init", "--function-arn", arn, *map(str, arguments)]
    done = CliRunner().invoke(cli, given, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done


def parameters(folder="powertune-pipeline"):
    listed = json.loads(Path(folder, "parameters.json").read_text(encoding="utf-8"))
    assert all(set(one) == {"ParameterKey", "ParameterValue"} for one in listed)
    return {one["ParameterKey"]: one["ParameterValue"] for one in listed}


def refused(*arguments, arn=ARN):
    with pytest.raises(UsageError) as error:
        init(*arguments, arn=arn)
    assert not Path("powertune-pipeline").exists()
    return error.value.message


def test_four_files_are_written_and_the_template_takes_the_answers(here):
    done = init(*CONNECTED, "--email", "team@example.com")
    folder = here / "powertune-pipeline"
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "buildspec.yml",
        "parameters.json",
        "pipeline.yaml",
    ]
    assert (folder / "pipeline.yaml").read_text(encoding="utf-8") == read("statemachine", "pipeline.yaml")
    template = Pipeline(**parameters())
    assert template.holds()
    assert template.values["FunctionArn"] == ARN
    assert template.values["NotificationEmail"] == "team@example.com"
    assert template.resources["CheckProject"]["Source"]["BuildSpec"] == "powertune-pipeline/buildspec.yml"
    assert "Nothing was deployed" in done.stderr
    assert len(done.stdout.splitlines()) == 4


def test_every_answer_reaches_the_template(here):
    init(
        "--source-bucket", "sources", "--source-key", "a/b.zip", "--alias", "next", "--live", "prod",
        "--code-folder", "src",
        "--schedule", "rate(1 day)", "--timezone", "Europe/Vienna", "--threshold", "12.5%", "--confidence", "0.999",
        "--max-invocations", 1000, "--max-spend", "1.25", "--on-undecided", "fail", "--payload", "events/one.json",
        "--requirement", "powertune @ https://wheels/p.whl",
        "--baseline", "s3://mine/a/b/", "--log-group", "/all/logs", "--approval", "--deploy-strategy", "AllAtOnce",
    )  # fmt: skip
    values = Pipeline(**parameters()).values
    expected = {
        "SourceBucket": "sources", "SourceKey": "a/b.zip", "StagingAlias": "next", "LiveAlias": "prod",
        "CodeFolder": "src",
        "Schedule": "rate(1 day)", "ScheduleTimezone": "Europe/Vienna", "Threshold": "0.125", "Confidence": "0.999",
        "MaxInvocations": "1000", "MaxSpend": "1.25", "OnUndecided": "fail", "Payload": "events/one.json",
        "Requirement": "powertune @ https://wheels/p.whl",
        "BaselineBucket": "mine", "BaselinePrefix": "a/b", "LogGroupName": "/all/logs", "Approval": "manual",
        "DeployStrategy": "AllAtOnce", "ConnectionArn": "",
    }  # fmt: skip
    assert {name: values[name] for name in expected} == expected


@pytest.mark.parametrize(("said", "meant"), [("step-functions", "StepFunctions"), ("lambda", "Lambda")])
def test_without_codebuild_there_is_no_buildspec_and_the_readme_says_how_to_deploy_the_stack(here, said, meant):
    init(*CONNECTED, "--check-with", said, "--payload", "s3://events/one.json", "--name-prefix", "tuner")
    assert not (here / "powertune-pipeline" / "buildspec.yml").exists()
    template = Pipeline(**parameters())
    assert (template.values["CheckWith"], template.values["StackPrefix"]) == (meant, "tuner")
    text = (here / "powertune-pipeline" / "README.md").read_text(encoding="utf-8")
    assert f"powertune deploy --region {REGION} --name-prefix tuner --function-scope {ARN}" in text


@pytest.mark.parametrize("more", [CONNECTED, ("--source-bucket", "sources", "--schedule", "none")])
def test_the_readme_has_commands_that_a_shell_can_read_and_nothing_left_to_fill_in(here, more):
    init(*more)
    text = (here / "powertune-pipeline" / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    assert any("aws cloudformation deploy" in one and "CAPABILITY_IAM" in one for one in commands)
    assert any("delete-stack" in one for one in commands)
    for one in commands:
        subprocess.run(["bash", "-n"], input=one, text=True, check=True)
    assert not re.search(r"[{}]", re.sub(r"'\{.*?\}\}?'", "", text))
    names = set(re.findall(r"--stack-name (\S+)", text))
    assert names == {"powertune-pipeline-orders"}
    assert "Change to this folder, where the command finds the two files, and make the stack:" in text


def test_a_stack_gets_a_name_that_cloudformation_takes(here):
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:7_orders_{'x' * 50}"
    init(*CONNECTED, arn=arn)
    (name,) = set(re.findall(r"--stack-name (\S+)", Path("powertune-pipeline/README.md").read_text(encoding="utf-8")))
    assert re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", name)
    assert len(f"{name}-nightly") <= 100


def test_what_is_there_is_not_replaced_unless_asked(here):
    init(*CONNECTED)
    kept = here / "powertune-pipeline" / "parameters.json"
    kept.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"already pipeline\.yaml, parameters\.json"):
        init(*CONNECTED)
    assert kept.read_text(encoding="utf-8") == "mine"
    init(*CONNECTED, "--force")
    assert parameters()["FunctionArn"] == ARN


def test_json_lists_the_files(here):
    done = init(*CONNECTED, "--json", "--output-dir", "deploy/check")
    listed = json.loads(done.stdout)["files"]
    assert listed == [
        f"deploy/check/{name}" for name in ("pipeline.yaml", "parameters.json", "README.md", "buildspec.yml")
    ]
    assert all(Path(path).is_file() for path in listed)
    assert parameters("deploy/check")["CheckBuildSpec"] == "deploy/check/buildspec.yml"


def test_the_buildspec_is_named_by_where_it_lies_in_the_source(here):
    init(*CONNECTED, "--output-dir", ".")
    assert parameters(".")["CheckBuildSpec"] == "buildspec.yml"
    init(*CONNECTED, "--output-dir", here / "elsewhere")
    assert parameters("elsewhere")["CheckBuildSpec"] == "elsewhere/buildspec.yml"


def test_a_folder_that_cannot_be_written_is_said_in_words(here):
    (here / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be written"):
        init(*CONNECTED, "--output-dir", "taken/inside")


BAD = {
    "not an ARN": ((*CONNECTED,), "orders", "not the ARN"),
    "a version": ((*CONNECTED,), f"{ARN}:7", "names the version or alias"),
    "no source": ((), ARN, "Where the code comes from"),
    "half a source": (("--repository", "acme/orders"), ARN, "--connection-arn is missing"),
    "the other half": (("--connection-arn", CONNECTION), ARN, "--repository is missing"),
    "two sources": ((*CONNECTED, "--source-bucket", "sources"), ARN, "not from both"),
    "a connection that is none": (("--connection-arn", ARN, "--repository", "acme/orders"), ARN, "connection"),
    "a repository that is none": (("--connection-arn", CONNECTION, "--repository", "orders"), ARN, "repository"),
    "a bucket that is none": (("--source-bucket", "s3://sources"), ARN, "bucket"),
    "a bucket that means none": (("--source-bucket", "none"), ARN, "bucket"),
    "a schedule": ((*CONNECTED, "--schedule", "0 3 * * *"), ARN, "not a schedule"),
    "a time zone": ((*CONNECTED, "--timezone", "Mars/Base"), ARN, "not a time zone (--timezone)"),
    "an alias": ((*CONNECTED, "--alias", "the new one"), ARN, "alias"),
    "a number for an alias": ((*CONNECTED, "--live", "7"), ARN, "alias"),
    "an alias of powertune's": ((*CONNECTED, "--alias", "powertune-lease"), ARN, "powertune makes and deletes"),
    "one alias twice": ((*CONNECTED, "--alias", "live"), ARN, "both are 'live'"),
    "a threshold": ((*CONNECTED, "--threshold", "much"), ARN, "'much' is no share"),
    "a threshold of all": ((*CONNECTED, "--threshold", "150%"), ARN, "--threshold is 150%"),
    "a threshold of nothing": ((*CONNECTED, "--threshold", "0"), ARN, "--threshold is 0"),
    "a confidence of all": ((*CONNECTED, "--confidence", "100%"), ARN, "--confidence is 1"),
    "no number": ((*CONNECTED, "--max-spend", "NaN"), ARN, "--max-spend is NaN"),
    "a percentage of money": ((*CONNECTED, "--max-spend", "5%"), ARN, "not an amount"),
    "too few invocations": ((*CONNECTED, "--max-invocations", "3"), ARN, "--max-invocations is 3"),
    "a payload elsewhere": ((*CONNECTED, "--payload", "s3://events/one.json"), ARN, "not a file of the source"),
    "a payload outside": ((*CONNECTED, "--payload", "../../secrets"), ARN, "not a file of the source"),
    "a file for the stack": ((*CONNECTED, "--check-with", "lambda", "--payload", "one.json"), ARN, "object in S3"),
    "a place for the stack": (
        (*CONNECTED, "--check-with", "lambda", "--baseline", "s3://a-b/c"),
        ARN,
        "powertune stack",
    ),
    "a folder for baselines": ((*CONNECTED, "--baseline", "baselines"), ARN, "not a place in S3"),
    "another package": ((*CONNECTED, "--requirement", "requests"), ARN, "of powertune"),
    "a second option for pip": ((*CONNECTED, "--requirement", "powertune --index-url x"), ARN, "of powertune"),
    "nothing to install": ((*CONNECTED, "--check-with", "lambda", "--requirement", "powertune"), ARN, "nothing is"),
    "a strategy": ((*CONNECTED, "--deploy-strategy", "slowly"), ARN, "shift traffic"),
    "an address": ((*CONNECTED, "--email", "somebody"), ARN, "e-mail address"),
    "a code folder": ((*CONNECTED, "--code-folder", "/src"), ARN, "folder of the source"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_meant_is_refused_in_words_and_nothing_is_written(here, case):
    arguments, arn, why = BAD[case]
    assert why in refused(*arguments, arn=arn)
