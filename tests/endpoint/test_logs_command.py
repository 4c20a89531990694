"""``powertune logs`` on the embedded endpoint: three reports of a function that has really run, in both log formats."""

import io
import json
import signal
import time
import zipfile

import boto3
import pytest
from command_line import powertune, started

SOURCE = """
def handler(event, context):
    print('REPORT RequestId: as the function says')
    print('{"type": "platform.report"} is what the platform writes')
    return sum(range(event["size"]))
"""


@pytest.fixture(scope="module")
def variables():
    with started("local", "serve", "--json") as server:
        yield json.loads(server.stdout.readline())
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


def create(variables, name, **more):
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", SOURCE)
    functions = client("lambda", variables)
    functions.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/x",
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
        MemorySize=512,
        **more,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return functions


def invoke(functions, name, times):
    ids = []
    for _ in range(times):
        answer = functions.invoke(FunctionName=name, Payload=b'{"size": 20000}')
        assert "FunctionError" not in answer
        ids.append(answer["ResponseMetadata"]["RequestId"])
    return ids


def when_all_are_there(count, *arguments, **variables):
    """The command's answer once the logs have arrived, for they are written after an invocation's answer."""
    deadline = time.monotonic() + 20
    while True:
        done = powertune("logs", *arguments, **variables)
        assert done.code == 0, done.err
        seen = sum(row["invocations"] for row in done.json["latency"]["rows"])
        if seen == count or time.monotonic() > deadline:
            return done
        time.sleep(0.2)


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_the_three_reports_say_what_the_function_did(variables, log_format):
    name = f"orders-{log_format.lower()}"
    functions = create(variables, name, LoggingConfig={"LogFormat": log_format})
    ids = invoke(functions, name, 3)
    functions.update_function_configuration(FunctionName=name, MemorySize=1024)
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    ids += invoke(functions, name, 2)

    found = when_all_are_there(5, name, "--json", **variables).json
    assert found["log_group"] == f"/aws/lambda/{name}"
    assert (found["log_format"], found["log_group_class"]) == (log_format, "STANDARD")
    memory = found["overprovisioned"]["rows"]
    assert [(row["memory_mb"], row["invocations"]) for row in memory] == [(512, 3), (1024, 2)]
    assert all(0 < row["average_used_mb"] <= row["max_used_mb"] < 512 for row in memory)
    assert all(row["unused_mb"] == row["memory_mb"] - row["max_used_mb"] for row in memory)
    assert all(0 < row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"] <= row["max_ms"] for row in found["latency"]["rows"])
    dear = found["expensive"]["rows"]
    assert sorted(row["request_id"] for row in dear) == sorted(ids)
    sizes = [row["billed_ms"] * row["memory_mb"] for row in dear]
    assert sizes == sorted(sizes, reverse=True)
    assert all(float(row["cost"]["amount"]) > 0 and row["cost"]["currency"] == "USD" for row in dear)
    for report in ("overprovisioned", "latency", "expensive"):
        assert found[report]["bytes_scanned"] > 0
        assert float(found[report]["scan_cost"]["amount"]) > 0

    told = powertune("logs", name, **variables)
    assert told.code == 0, told.err
    for heading in ("Overprovisioned memory", "Latency, in bins of 5 minutes", "Most expensive invocations"):
        assert heading in told.out
    for report in ("overprovisioned", "latency", "expensive"):
        assert "\n".join(f"  {line}" for line in found[report]["query"].split("\n")) in told.out
    assert told.out.count("Scanned: ") == 3
    assert all(request_id in told.out for request_id in ids)
    assert f"Log group /aws/lambda/{name}, class STANDARD, {log_format} format" in told.out


def test_a_query_that_was_printed_can_be_run_as_it_stands(variables):
    name = "orders-query"
    functions = create(variables, name)
    invoke(functions, name, 1)
    found = when_all_are_there(1, name, "--json", **variables).json
    logs = client("logs", variables)
    for report in ("overprovisioned", "latency", "expensive"):
        query = logs.start_query(
            logGroupName=found["log_group"],
            startTime=int(time.time()) - 600,
            endTime=int(time.time()) + 60,
            queryString=found[report]["query"],
        )
        deadline = time.monotonic() + 20
        while (result := logs.get_query_results(queryId=query["queryId"]))["status"] != "Complete":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert len(result["results"]) == 1


def test_functions_that_share_a_log_group_are_kept_apart(variables):
    shared = {"LoggingConfig": {"LogGroup": "/shared/logs"}}
    ids = {name: invoke(create(variables, name, **shared), name, 2) for name in ("stock", "stock-archive")}
    found = when_all_are_there(2, "stock", "--json", **variables).json
    assert found["log_group"] == "/shared/logs"
    assert {row["request_id"] for row in found["expensive"]["rows"]} == set(ids["stock"])


def test_one_report_by_arn_with_a_limit(variables):
    name = "orders-limit"
    functions = create(variables, name)
    invoke(functions, name, 3)
    when_all_are_there(3, name, "--json", **variables)
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    done = powertune("logs", arn, "--query", "expensive", "--limit", 2, "--since", "1h", **variables)
    assert done.code == 0, done.err
    assert "Overprovisioned" not in done.out
    assert "No more than 2 rows were asked for" in done.out
    assert "| limit 2" in done.out
    assert "nothing was billed" in done.out


def test_a_function_that_never_ran_and_one_that_does_not_exist_end_with_sentences(variables):
    create(variables, "idle")
    idle = powertune("logs", "idle", **variables)
    assert idle.code == 3
    assert "The log group /aws/lambda/idle is not there." in idle.err
    nobody = powertune("logs", "nobody", **variables)
    assert nobody.code == 3
    assert "nobody" in nobody.err


def test_a_time_without_records_is_a_sentence_and_no_error(variables):
    create(variables, "quiet")
    client("logs", variables).create_log_group(logGroupName="/aws/lambda/quiet")
    done = powertune("logs", "quiet", "--since", "7d", **variables)
    assert done.code == 0, done.err
    assert done.out.count("No record of an invocation of quiet in the last 7d.") == 3
