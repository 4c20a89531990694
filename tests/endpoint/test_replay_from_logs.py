"""``powertune replay --from-logs`` on the embedded endpoint: a function that has really run, at several sizes."""

import io
import json
import signal
import time
import zipfile

import boto3
import pytest
from command_line import powertune, started

from powertune.measure.recorded import read_recordings

SOURCE = """
def handler(event, context):
    print('REPORT RequestId: as the function says Memory Size: 128 MB')
    if event.get("fail"):
        raise ValueError("as asked for")
    return sum(range(event["size"]))
"""


@pytest.fixture(scope="module")
def variables():
    with started("local", "serve", "--json") as server:
        yield json.loads(server.stdout.readline())
        server.send_signal(signal.SIGINT)
        server.wait(30)


@pytest.fixture
def functions(variables):
    return boto3.client(
        "lambda",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )


def create(functions, name, **more):
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", SOURCE)
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


def invoke_at(functions, name, memory_mb, times):
    functions.update_function_configuration(FunctionName=name, MemorySize=memory_mb)
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    for _ in range(times):
        functions.invoke(FunctionName=name, Payload=b'{"size": 20000}')


def saved(path, name, counts, variables):
    """What is saved once all records have arrived, for they are written after an invocation's answer."""
    deadline = time.monotonic() + 20
    while True:
        path.unlink(missing_ok=True)
        done = powertune("replay", "--from-logs", name, "--since", "1h", "--json", "--save", path, **variables)
        if done.code == 0:
            (found,) = read_recordings(path)
            sizes = {sample.memory_mb for sample in found.samples}
            seen = {size: sum(1 for sample in found.samples if sample.memory_mb == size) for size in sizes}
            if seen == counts:
                return done, found
        assert time.monotonic() < deadline, done.err
        time.sleep(0.2)


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_a_function_is_searched_by_its_own_logs_and_nothing_is_invoked(functions, variables, tmp_path, log_format):
    name = f"replayed-{log_format.lower()}"
    create(functions, name, LoggingConfig={"LogFormat": log_format})
    for memory_mb in (256, 512, 2048):
        invoke_at(functions, name, memory_mb, 4)
    done, found = saved(tmp_path / "own.csv", name, {256: 4, 512: 4, 2048: 4}, variables)
    line = json.loads(done.out)
    assert (line["source"], line["function"], line["seed"]) == ("logs", name, 0)
    assert line["memory_sizes"].keys() <= {"256", "512", "2048"}
    assert str(line["recommended_memory_mb"]) in line["memory_sizes"]
    assert "Few warm records to draw from" in done.err
    assert "list price" in done.err
    assert all(len(found.cold[size]) >= 1 for size in (256, 512, 2048))
    assert all(sample.init_ms > 0 for of in found.cold.values() for sample in of)

    # The file gives what the logs gave, and asking did not add a record.
    again = powertune("replay", tmp_path / "own.csv", "--json", **variables)
    assert again.out == done.out
    saved(tmp_path / "later.csv", name, {256: 4, 512: 4, 2048: 4}, variables)


def test_a_function_that_had_one_size_only_is_told_so(functions, variables):
    create(functions, "steady")
    invoke_at(functions, "steady", 512, 3)
    deadline = time.monotonic() + 20
    while True:
        done = powertune("replay", "--from-logs", "steady", "--since", "1h", **variables)
        assert done.code in (2, 3)
        if "all 3 records" in done.err:
            break
        assert time.monotonic() < deadline, done.err
        time.sleep(0.2)
    assert "steady had 512 MB in all 3 records of the last 1h" in done.err
    assert (done.code, done.out) == (2, "")
    assert "powertune run" in done.err


def test_a_function_without_logs_and_one_that_is_not_there_end_with_sentences(functions, variables):
    create(functions, "silent")
    silent = powertune("replay", "--from-logs", "silent", **variables)
    assert silent.code == 3
    assert "The log group /aws/lambda/silent is not there." in silent.err
    nobody = powertune("replay", "--from-logs", "nobody", **variables)
    assert nobody.code == 3
    assert "nobody" in nobody.err
