"""A function in another account and another region, behind a role, on one endpoint that plays both accounts."""

import io
import json
import sys
import zipfile

import boto3
import pytest
from click.testing import CliRunner

from powertune.cli.cleanup import command as cleanup
from powertune.cli.run import command as run

FAR_ACCOUNT, FAR_REGION, NAME = "111111111111", "eu-west-1", "far"
ARN = f"arn:aws:lambda:{FAR_REGION}:{FAR_ACCOUNT}:function:{NAME}"
ROLE = f"arn:aws:iam::{FAR_ACCOUNT}:role/tuner"
HANDLER = "def handler(event, context):\n    return {'size': context.memory_limit_in_mb}\n"


@pytest.fixture
def far(endpoint, monkeypatch):
    """A Lambda client of the other account, with the function in it; the caller is in the endpoint's own account."""
    for name, value in endpoint.variables().items():
        monkeypatch.setenv(name, value)
    client = boto3.client(
        "lambda",
        region_name=FAR_REGION,
        endpoint_url=endpoint.url,
        aws_access_key_id=FAR_ACCOUNT,
        aws_secret_access_key="other",
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", HANDLER)
    client.create_function(
        FunctionName=NAME,
        Runtime=f"python3.{sys.version_info.minor}",
        Handler="app.handler",
        Role=f"arn:aws:iam::{FAR_ACCOUNT}:role/far",
        Code={"ZipFile": packed.getvalue()},
        MemorySize=256,
        Timeout=5,
    )
    yield client
    client.delete_function(FunctionName=NAME)


def answer(command, *arguments):
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False)


def state_of(client):
    configuration = client.get_function_configuration(FunctionName=NAME)
    aliases = client.list_aliases(FunctionName=NAME)["Aliases"]
    versions = client.list_versions_by_function(FunctionName=NAME)["Versions"]
    return configuration["MemorySize"], aliases, [version["Version"] for version in versions]


@pytest.mark.parametrize("way", [("--direct",), ("--stack-region", "us-east-1")], ids=["direct", "state machine"])
def test_it_is_tuned_and_left_as_it_was(far, tmp_path, way):
    before = state_of(far)
    told = answer(
        run, "--function-arn", ARN, "--role-arn", ROLE, *way, "--search", "grid", "--memory-sizes", "256,512",
        "--invocations", "3", "--output-dir", str(tmp_path), "--json", "--yes",
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    result = json.loads(told.stdout)
    assert result["restored"]
    assert result["function"]["arn"] == ARN
    assert result["request"]["role"]["arn"] == ROLE
    assert {sample["memory_mb"] for sample in result["samples"]} == {256, 512}
    assert all("insights" in sample["sources"] for sample in result["samples"])
    assert result["spend"]["aws_calls"]["sts:AssumeRole"] >= 1
    assert (result["spend"]["state_transitions"] > 0) == (way[0] != "--direct")
    assert state_of(far) == before


def test_cleanup_reaches_it_through_the_role(far):
    record = {"powertune": "dead", "memory_mb": 256, "set_mb": [256, 512], "since_ms": 1, "until_ms": 2}
    before = state_of(far)
    far.create_alias(
        FunctionName=NAME, Name="powertune-lease", FunctionVersion="$LATEST", Description=json.dumps(record)
    )
    far.update_function_configuration(FunctionName=NAME, MemorySize=512)
    told = answer(cleanup, "--function-arn", ARN, "--role-arn", ROLE, "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["memory_put_back"]
    assert state_of(far) == before
