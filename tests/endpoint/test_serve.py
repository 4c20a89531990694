"""``powertune local serve``: any AWS client finds what it needs, and the function is left as it was."""

import io
import json
import os
import signal
import socket
import tempfile
import time
import urllib.parse
import zipfile
from pathlib import Path

import boto3
import pytest
from command_line import powertune, processes_of, started

NAME = "made-with-boto3"


@pytest.fixture
def serving():
    with started("local", "serve", "--json") as server:
        variables = json.loads(server.stdout.readline())
        yield server, variables
        server.send_signal(signal.SIGINT)
        server.wait(30)


def client(service, variables):
    return boto3.client(
        service,
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )


def create(functions, source="def handler(event, context):\n    return sum(range(20000))\n", **more):
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", source)
    answer = functions.create_function(
        FunctionName=NAME,
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/x",
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
        MemorySize=512,
        Description="the user's own words",
        **more,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=NAME, WaiterConfig={"Delay": 1})
    return answer["FunctionArn"]


def everything_visible(functions):
    """What the owner of a function can see of it, without what any update changes by its nature."""
    configuration = functions.get_function_configuration(FunctionName=NAME)
    for key in ("ResponseMetadata", "RevisionId", "LastModified"):
        configuration.pop(key, None)
    versions = functions.list_versions_by_function(FunctionName=NAME)["Versions"]
    return (
        configuration,
        [(version["Version"], version["Description"], version["MemorySize"]) for version in versions],
        functions.list_aliases(FunctionName=NAME)["Aliases"],
        functions.get_function(FunctionName=NAME).get("Tags"),
    )


def test_a_function_made_with_boto3_is_tuned_and_left_exactly_as_it_was(serving, tmp_path):
    _, variables = serving
    functions = client("lambda", variables)
    arn = create(functions, Tags={"team": "payments"})
    functions.publish_version(FunctionName=NAME, Description="release")
    functions.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
    before = everything_visible(functions)
    ended = powertune(
        "run", "--function-arn", arn, "--memory-sizes", "256,512,1024", "--invocations", 4, "--json",
        "--output-dir", tmp_path, **variables,
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert everything_visible(functions) == before
    assert ended.json["restored"]
    assert {size["status"] for size in ended.json["memory_sizes"]} == {"measured"}
    assert all("insights" in sample["sources"] for sample in ended.json["samples"])
    assert any("Active tracing is off" in warning for warning in ended.json["warnings"])


def test_ctrl_c_during_a_run_restores_the_function_and_says_so(serving, tmp_path):
    _, variables = serving
    functions = client("lambda", variables)
    arn = create(functions, "import time\ndef handler(event, context):\n    time.sleep(0.5)\n")
    before = everything_visible(functions)
    for direct in ((), ("--direct",)):
        with started(
            "run", "--function-arn", arn, "--invocations", 50, "--output-dir", tmp_path, *direct, **variables
        ) as run:
            deadline = time.monotonic() + 30
            while len(functions.list_aliases(FunctionName=NAME)["Aliases"]) < 7 and time.monotonic() < deadline:
                time.sleep(0.2)
            run.send_signal(signal.SIGINT)
            _, err = run.communicate(timeout=60)
        assert run.returncode == 130
        assert "was put back as it was" in err
        assert everything_visible(functions) == before


def test_cleanup_finishes_what_a_killed_run_left(serving, tmp_path):
    _, variables = serving
    functions = client("lambda", variables)
    arn = create(functions, "import time\ndef handler(event, context):\n    time.sleep(0.5)\n")
    before = everything_visible(functions)
    with started(
        "run", "--function-arn", arn, "--invocations", 50, "--output-dir", tmp_path, "--direct", **variables
    ) as run:
        deadline = time.monotonic() + 30
        while len(functions.list_aliases(FunctionName=NAME)["Aliases"]) < 3 and time.monotonic() < deadline:
            time.sleep(0.1)
        run.kill()
    assert everything_visible(functions) != before
    refused = powertune("run", "--function-arn", arn, "--direct", "--output-dir", tmp_path, **variables)
    assert refused.code == 3
    assert "is held by the run" in refused.err
    done = powertune("cleanup", "--function-arn", arn, "--json", **variables)
    assert done.json["memory_mb"] == 512
    assert everything_visible(functions) == before
    again = powertune("cleanup", "--function-arn", arn, **variables)
    assert "No powertune run has left anything" in again.out


def test_a_direct_run_against_the_endpoint_is_not_taken_for_one_on_aws(serving, tmp_path):
    _, variables = serving
    arn = create(client("lambda", variables))
    ended = powertune(
        "run", "--function-arn", arn, "--direct", "--memory-sizes", "512", "--invocations", 3, "--json",
        "--output-dir", tmp_path, **variables,
    )  # fmt: skip
    assert ended.json["environment"]["kind"] == "local"
    assert ended.json["environment"]["cpu_method"] == "token-bucket"


def test_an_unknown_function_ends_with_code_3_and_a_sentence(serving, tmp_path):
    _, variables = serving
    ended = powertune(
        "run", "--function-arn", "arn:aws:lambda:us-east-1:000000000000:function:nobody", "--output-dir", tmp_path,
        **variables,
    )  # fmt: skip
    assert ended.code == 3
    assert "nobody" in ended.err
    assert not any(tmp_path.iterdir())


def test_the_endpoint_answers_on_127_0_0_1_only(serving):
    _, variables = serving
    port = urllib.parse.urlsplit(variables["AWS_ENDPOINT_URL"]).port
    listening = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        address, state = line.split()[1], line.split()[3]
        if state == "0A" and int(address.split(":")[1], 16) == port:
            listening.add(socket.inet_ntoa(bytes.fromhex(address.split(":")[0])[::-1]))
    assert listening == {"127.0.0.1"}


def test_a_person_can_explore_logs_and_traces_with_boto3(serving):
    _, variables = serving
    functions, logs, traces = (client(name, variables) for name in ("lambda", "logs", "xray"))
    create(functions, TracingConfig={"Mode": "Active"})
    root = "1-6b057e5d-" + "ab" * 12

    def trace(params, **_):
        params["headers"]["X-Amzn-Trace-Id"] = f"Root={root};Sampled=1"

    functions.meta.events.register("before-call.lambda.Invoke", trace)
    answer = functions.invoke(FunctionName=NAME)
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"].startswith(f"Root={root}")
    query = logs.start_query(
        logGroupName=f"/aws/lambda/{NAME}",
        startTime=int(time.time()) - 60,
        endTime=int(time.time()) + 60,
        queryString='filter @type = "REPORT" | display @requestId, @duration, @xrayTraceId',
    )
    deadline = time.monotonic() + 20
    while (result := logs.get_query_results(queryId=query["queryId"]))["status"] != "Complete":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (row,) = [{field["field"]: field["value"] for field in row} for row in result["results"]]
    assert row["@requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert row["@xrayTraceId"] == root
    (found,) = traces.batch_get_traces(TraceIds=[root])["Traces"]
    assert {json.loads(segment["Document"])["origin"] for segment in found["Segments"]} == {
        "AWS::Lambda",
        "AWS::Lambda::Function",
    }
    with pytest.raises(logs.exceptions.MalformedQueryException):
        logs.start_query(logGroupName=f"/aws/lambda/{NAME}", startTime=0, endTime=1, queryString="select * from x")


def test_a_payload_that_is_not_json_is_refused_as_lambda_does(serving):
    _, variables = serving
    functions = client("lambda", variables)
    create(functions)
    with pytest.raises(functions.exceptions.InvalidRequestContentException):
        functions.invoke(FunctionName=NAME, Payload=b"{broken")


def leftovers():
    return set(Path(tempfile.gettempdir()).glob("powertune-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_serve_ends_no_process_and_no_file_is_left(number):
    before = leftovers()
    marker = f"marker-{os.getpid()}-{number}"
    with started("local", "serve", "--json", POWERTUNE_TEST_MARKER=marker) as server:
        variables = json.loads(server.stdout.readline())
        functions = client("lambda", variables)
        create(functions)
        functions.invoke(FunctionName=NAME)
        url = variables["AWS_ENDPOINT_URL"]
        assert len(processes_of(marker)) + len(processes_of(url)) >= 3
        server.send_signal(number)
        server.wait(30)
    deadline = time.monotonic() + 20
    while (processes_of(marker) or processes_of(url) or leftovers() - before) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(marker) == []
    assert processes_of(url) == []
    assert leftovers() - before == set()


def test_a_connection_ends_with_its_client(endpoint):
    port = int(endpoint.variables()["AWS_ENDPOINT_URL"].rpartition(":")[2])
    before = held_by(port)
    for _ in range(5):
        functions = client("lambda", endpoint.variables())
        functions.list_functions()
        functions.close()
    until = time.monotonic() + 10
    while held_by(port) > before and time.monotonic() < until:
        time.sleep(0.05)
    assert held_by(port) <= before


def held_by(port):
    """How many connections to a port were let go by their clients and not by the server."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    close_wait = "08"
    return sum(row[1].endswith(f":{port:04X}") and row[3] == close_wait for row in rows)
