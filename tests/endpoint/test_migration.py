"""Inputs of aws-lambda-power-tuning, unchanged, against powertune's state machine: by boto3 and by the command line."""

import base64
import io
import json
import struct
import time
import uuid
import zipfile
from itertools import pairwise

import pytest
from command_line import powertune

from powertune.wire import read_result

ROLE = "arn:aws:iam::000000000000:role/x"
ECHO = "def handler(event, context):\n    return event\n"
WAITING = "import time\n\ndef handler(event, context):\n    time.sleep(0.04)\n"


class Account:
    """The endpoint as somebody with boto3 and the other tool's habits sees it."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        session = endpoint.new_session()
        self.functions, self.states, self.s3 = (session.client(name) for name in ("lambda", "stepfunctions", "s3"))
        self.bucket = endpoint.stack.bucket

    def create(self, source, *, memory_mb=1024, **more):
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", source)
        name = f"moving-{uuid.uuid4().hex[:8]}"
        arn = self.functions.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=ROLE,
            Handler="app.handler",
            Code={"ZipFile": code.getvalue()},
            MemorySize=memory_mb,
            **more,
        )["FunctionArn"]
        self.functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        return arn

    def start(self, **given):
        """Start the state machine as the other tool's users do."""
        return self.states.start_execution(
            stateMachineArn=self.endpoint.stack.state_machine_arn, input=json.dumps(given)
        )["executionArn"]

    def ended(self, execution):
        """How an execution ended, and its result.json where it has one."""
        deadline = time.monotonic() + 120
        while (answer := self.states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return answer

    def result(self, execution):
        key = f"runs/{execution.rpartition(':')[2]}/result.json"
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def run(self, **given):
        """The output of an execution that worked."""
        execution = self.start(**given)
        answer = self.ended(execution)
        assert answer["status"] == "SUCCEEDED", answer
        return json.loads(answer["output"]), self.result(execution)


@pytest.fixture(scope="module")
def account(endpoint):
    return Account(endpoint)


def check(output, sizes_mb, *, stats=False):
    """Just the fields of aws-lambda-power-tuning's output, with figures in them."""
    assert list(output) == ["power", "cost", "duration", "stateMachine", *(["stats"] if stats else [])]
    assert output["power"] in sizes_mb
    assert 0 < output["cost"] < 0.001
    assert 0 < output["duration"] < 10_000
    assert list(output["stateMachine"]) == ["executionCost", "lambdaCost", "visualization"]
    assert 0 < output["stateMachine"]["executionCost"] < 0.1
    assert 0 < output["stateMachine"]["lambdaCost"] < 0.1
    address, _, figures = output["stateMachine"]["visualization"].partition("#")
    assert address == "https://lambda-power-tuning.show/"
    sizes, times, costs = (base64.b64decode(part) for part in figures.split(";"))
    many = len(sizes) // 2
    assert list(struct.unpack(f"<{many}h", sizes)) == sorted(set(sizes_mb))
    assert all(value > 0 for value in (*struct.unpack(f"<{many}f", times), *struct.unpack(f"<{many}f", costs)))
    if stats:
        assert [list(row) for row in output["stats"]] == [["value", "averagePrice", "averageDuration"]] * many
        assert [row["value"] for row in output["stats"]] == list(dict.fromkeys(sizes_mb))


def file_of(tmp_path, **given):
    path = tmp_path / "input.json"
    path.write_text(json.dumps(given), encoding="utf-8")
    return path


def from_terminal(account, tmp_path, *options, **given):
    """The same input through the command line."""
    ended = powertune(
        "run", "--input", file_of(tmp_path, **given), "--output-format", "power-tuning",
        "--output-dir", tmp_path / "out", *options, **account.endpoint.variables(),
    )  # fmt: skip
    assert ended.code == 0, ended.err
    (path,) = (tmp_path / "out").glob("*/result.json")
    return ended.json, read_result(path)


def test_an_input_by_boto3_gives_the_same_fields_and_leaves_the_function_alone(account):
    arn = account.create(WAITING)
    output, result = account.run(
        lambdaARN=arn, num="5", powerValues=["1024", 512], payload={}, includeOutputResults=True, sleepBetweenRunsMs=60,
        disablePayloadLogs=True, somethingElse=1,
    )  # fmt: skip
    check(output, [1024, 512], stats=True)
    assert output["power"] == 512
    assert 40 <= output["duration"] < 400
    sent = sorted(one["sent_at_ms"] for one in result["samples"] if one["memory_mb"] == 512)
    assert min(later - earlier for earlier, later in pairwise(sent)) >= 90
    assert account.functions.get_function_configuration(FunctionName=arn)["MemorySize"] == 1024
    assert account.functions.list_aliases(FunctionName=arn)["Aliases"] == []
    assert len(account.functions.list_versions_by_function(FunctionName=arn)["Versions"]) == 1


def test_weighted_payloads_are_shared_out_and_the_heavy_one_counts(account, tmp_path):
    arn = account.create("import time\n\ndef handler(event, context):\n    time.sleep(event['s'])\n")
    weighted = [{"payload": {"s": 0.3}, "weight": 1}, {"payload": {"s": 0.01}, "weight": 9}]
    output, result = from_terminal(account, tmp_path, lambdaARN=arn, num=10, powerValues=[1024], payload=weighted)
    check(output, [1024])
    warm = [one.payload for one in result.samples if one.is_warm_measurement]
    assert (warm.count(0), warm.count(1)) == (1, 9)
    assert 35 <= output["duration"] < 400  # trimmed, it would be some 10 ms


@pytest.mark.heavy  # 46 memory sizes, five times each
def test_all_power_values_can_be_had(account):
    output, _ = account.run(lambdaARN=account.create(ECHO), num=5, powerValues="ALL", includeOutputResults=True)
    check(output, list(range(128, 3009, 64)), stats=True)


def test_the_balanced_strategy_leans_as_its_weight_says(account, tmp_path):
    arn = account.create(WAITING)
    output, result = from_terminal(
        account, tmp_path, "--direct",
        lambdaARN=arn, num=5, powerValues=[512, 1024], strategy="balanced", balancedWeight=1,
    )  # fmt: skip
    check(output, [512, 1024])
    assert output["power"] == 512
    assert result.request.balanced_weight == 1.0


def test_cold_starts_alone_are_measured(account):
    arn = account.create("import time\ntime.sleep(0.2)\n\ndef handler(event, context):\n    pass\n")
    output, result = account.run(lambdaARN=arn, num=5, powerValues=[1024], onlyColdStarts=True)
    check(output, [1024])
    assert output["duration"] > 200
    assert [one["cold"] for one in result["samples"]] == [True] * 5


def test_a_payload_from_s3_is_weighted_by_the_same_rule(account):
    account.s3.create_bucket(Bucket="payloads-of-mine")
    events = [{"payload": "", "weight": 1}, {"payload": {"n": 1}, "weight": 4}, {"payload": 5, "weight": 0}]
    account.s3.put_object(Bucket="payloads-of-mine", Key="some events.json", Body=json.dumps(events).encode())
    arn = account.create("def handler(event, context):\n    assert event in ('', {'n': 1}), event\n")
    output, result = account.run(
        lambdaARN=arn, num=5, powerValues=[1024], payloadS3="s3://payloads-of-mine/some%20events.json", payload="unused"
    )
    check(output, [1024])
    assert {one["payload"] for one in result["samples"]} == {0, 1}
    assert {one["outcome"] for one in result["samples"]} == {"ok"}


def test_processors_are_called_around_each_invocation(account):
    pre = account.create("def handler(event, context):\n    return {'prepared': event}\n")
    post = account.create("def handler(event, context):\n    assert event == {'prepared': 'x'}, event\n")
    arn = account.create(
        "def handler(event, context):\n    assert event == {'prepared': 'x'}, event\n    return event\n"
    )
    output, result = account.run(
        lambdaARN=arn, num=5, powerValues=[1024], payload="x", preProcessorARN=pre, postProcessorARN=post
    )
    check(output, [1024])
    (line,) = [line for line in result["spend"]["lines"] if "processors" in line["what"]]
    assert line["quantity"] == 10


def test_auto_optimize_sets_the_size_and_publishes_the_alias(account):
    arn = account.create(WAITING)
    output, result = account.run(
        lambdaARN=arn, num=5, powerValues=[512, 1024], autoOptimize=True, autoOptimizeAlias="prod"
    )
    check(output, [512, 1024])
    assert account.functions.get_function_configuration(FunctionName=arn)["MemorySize"] == 512
    alias = account.functions.get_alias(FunctionName=arn, Name="prod")
    assert account.functions.get_function_configuration(FunctionName=arn, Qualifier="prod")["MemorySize"] == 512
    assert result["applied"] == {"memory_mb": 512, "version": alias["FunctionVersion"], "alias": "prod"}


def test_a_dry_run_gives_null_and_invokes_once_at_each_size(account):
    output, result = account.run(
        lambdaARN=account.create(ECHO), num=5, powerValues=[512, 1024], dryRun=True, autoOptimize=True
    )
    assert output is None
    assert [one["memory_mb"] for one in result["samples"]] == [512, 1024]


def test_allowed_exceptions_count_as_normal_and_parallel_invocations_are_measured_warm(account):
    source = (
        "import time\n\nclass Gone(Exception):\n    pass\n\n"
        "def handler(event, context):\n    time.sleep(0.2)\n    raise Gone\n"
    )
    output, result = account.run(
        lambdaARN=account.create(source), num=5, powerValues=[1024], allowedExceptions=["Gone"], parallelInvocation=True
    )
    check(output, [1024])
    assert 200 <= output["duration"] < 300
    assert {one["error_type"] for one in result["samples"]} == {"Gone"}
    assert sum(one["cold"] for one in result["samples"]) >= 5
    assert sum(not one["cold"] for one in result["samples"]) >= 5


def test_a_function_that_always_fails_ends_the_execution_as_failed(account):
    arn = account.create("def handler(event, context):\n    raise RuntimeError('the table is gone')\n")
    answer = account.ended(account.start(lambdaARN=arn, num=5, powerValues=[1024]))
    assert (answer["status"], answer["error"]) == ("FAILED", "FunctionFails")
    assert "the table is gone" in answer["cause"]


def test_an_input_that_cannot_be_meant_fails_before_anything_is_invoked(account):
    arn = account.create(ECHO)
    before = account.functions.get_function_configuration(FunctionName=arn)["RevisionId"]
    answer = account.ended(account.start(lambdaARN=arn, num=5, strategy="cheapest"))
    assert (answer["status"], answer["error"]) == ("FAILED", "UsageError")
    assert "cheapest" in answer["cause"]
    assert account.functions.get_function_configuration(FunctionName=arn)["RevisionId"] == before
