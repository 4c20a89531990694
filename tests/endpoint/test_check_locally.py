"""Two versions of a deployed function, one against the other: from the terminal, and through the state machine."""

import io
import json
import sys
import time
import zipfile

import pytest

from powertune.aws.clock import SystemClock
from powertune.domain.check import CheckRequest, CheckSettings, Verdict
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result_checks import contradictions
from powertune.store import MemoryStore
from powertune.wire import result_from_text
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services

NAME = "compared"
SOURCE = "import time\n\ndef handler(event, context):\n    time.sleep({seconds})\n# {release}\n"
SETTINGS = CheckSettings(threshold=0.3, max_invocations=50)


def code(seconds, release):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", SOURCE.format(seconds=seconds, release=release))
    return packed.getvalue()


@pytest.fixture(scope="module")
def functions(endpoint):
    """A function with the versions 1 and 2, which take 20 ms, and 3, which takes 60 ms and has the alias staging."""
    client = endpoint.new_session().client("lambda")
    client.create_function(
        FunctionName=NAME,
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Role="arn:aws:iam::000000000000:role/x",
        Handler="app.handler",
        Code={"ZipFile": code(0.02, "first")},
        MemorySize=512,
    )
    client.get_waiter("function_active_v2").wait(FunctionName=NAME, WaiterConfig={"Delay": 1})
    for number, seconds in (("1", 0.02), ("2", 0.02), ("3", 0.06)):
        client.update_function_code(FunctionName=NAME, ZipFile=code(seconds, f"release {number}"))
        client.get_waiter("function_updated_v2").wait(FunctionName=NAME, WaiterConfig={"Delay": 1})
        assert client.publish_version(FunctionName=NAME)["Version"] == number
    client.create_alias(FunctionName=NAME, Name="staging", FunctionVersion="3")
    return client


def seen(client):
    """The function as its owner knows it."""
    latest = client.get_function_configuration(FunctionName=NAME)
    versions = client.list_versions_by_function(FunctionName=NAME)["Versions"]
    aliases = client.list_aliases(FunctionName=NAME)["Aliases"]
    return (
        latest["MemorySize"],
        latest["CodeSha256"],
        [version["Version"] for version in versions],
        [(alias["Name"], alias["FunctionVersion"]) for alias in aliases],
    )


@pytest.mark.parametrize(
    ("qualifier", "verdicts"),
    # Beside the other tests this machine may be too busy to say that equal versions are the same.
    [("staging", {Verdict.WORSE}), ("2", {Verdict.SAME, Verdict.UNDECIDED})],
    ids=["slower", "equal"],
)
def test_a_version_is_checked_against_another_from_the_terminal(endpoint, functions, qualifier, verdicts):
    before = seen(functions)
    request = TuningRequest(
        function_arn=FunctionArn.parse(functions.get_function_configuration(FunctionName=NAME)["FunctionArn"]),
        parallel=2,
        check=CheckRequest(settings=SETTINGS, qualifier=qualifier, against="1"),
    )
    services = Services(
        session=endpoint.new_session(),
        store=MemoryStore(),
        clock=SystemClock(),
        environment=endpoint.environment,
    )
    result = run_direct(services, request, f"direct-{qualifier}")
    assert result.check.verdict in verdicts
    assert result.check.interleaved
    assert seen(functions) == before
    assert list(contradictions(result)) == []
    assert all({"tail", "insights"} <= set(sample.sources) for sample in result.samples)


def test_an_execution_whose_check_fails_ends_as_failed_with_its_sentence_and_keeps_its_result(endpoint, functions):
    before = seen(functions)
    session = endpoint.new_session()
    states = session.client("stepfunctions")
    arn = functions.get_function_configuration(FunctionName=NAME)["FunctionArn"]
    asked = {
        "function_arn": arn,
        "parallel": 2,
        "check": {
            "qualifier": "staging",
            "against": "1",
            "fail_execution": True,
            "settings": {"threshold": 0.3, "max_invocations": 50},
        },
    }
    execution = states.start_execution(
        stateMachineArn=endpoint.stack.state_machine_arn, input=json.dumps({"request": asked})
    )["executionArn"]
    while (answer := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.2)
    assert (answer["status"], answer["error"]) == ("FAILED", "Regressed")
    assert answer["cause"].startswith(f"{NAME}:staging (version 3) is slower")
    key = f"runs/{execution.rpartition(':')[2]}/result.json"
    text = session.client("s3").get_object(Bucket=endpoint.stack.bucket, Key=key)["Body"].read().decode()
    result = result_from_text(text, key)
    assert result.check.verdict is Verdict.WORSE
    assert result.restored
    assert seen(functions) == before
