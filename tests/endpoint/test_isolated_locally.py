"""An isolated run on the embedded endpoint: a real clone, real downloads, real log streams."""

import io
import os
import signal
import time
import zipfile

import pytest
from command_line import powertune, started

from powertune.aws.clock import SystemClock
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult
from powertune.store import S3Store
from powertune.target import function_code
from powertune.target.clone import find_clones
from powertune.wire import from_data
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services

SOURCE = "import os\n\ndef handler(event, context):\n    return {'table': os.environ['TABLE']}\n"
OPTIONS = ("--search", "grid", "--memory-sizes", "256,512", "--invocations", "4", "--json")


@pytest.fixture
def make(endpoint):
    client = endpoint.new_session().client("lambda")

    def made(name):
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", SOURCE)
        arn = client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role="arn:aws:iam::000000000000:role/x",
            Handler="app.handler",
            Code={"ZipFile": code.getvalue()},
            MemorySize=512,
            Environment={"Variables": {"TABLE": name}},
            TracingConfig={"Mode": "Active"},
            Tags={"team": "payments"},
        )["FunctionArn"]
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        client.publish_version(FunctionName=name, Description="release 1")
        client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        return arn

    made.client = client
    return made


def everything(client, arn):
    """All that can be seen of a function, its revision included, which any write would change."""
    found = client.get_function(FunctionName=arn)
    return (
        found["Configuration"],
        found["Tags"],
        client.list_versions_by_function(FunctionName=arn)["Versions"],
        client.list_aliases(FunctionName=arn)["Aliases"],
    )


def clones(client, arn):
    return find_clones(client, FunctionArn.parse(arn))


@pytest.mark.parametrize("how", [("--direct",), ()], ids=["direct", "state machine"])
def test_the_target_keeps_even_its_revision_and_the_clone_is_gone(endpoint, make, tmp_path, how):
    arn = make(f"isolated-{len(how)}")
    before = everything(make.client, arn)
    ended = powertune(
        "run", "--function-arn", arn, "--isolate", *OPTIONS, *how, "--output-dir", tmp_path, **endpoint.variables()
    )
    assert ended.code == 0, ended.err
    data = ended.json
    del data["report"]
    result = from_data(data, TuningResult)
    assert everything(make.client, arn) == before
    assert clones(make.client, arn) == ()
    assert result.function.arn == arn
    assert result.function.clone == f"powertune-clone-{result.run_id}"
    assert result.restored
    for sample in result.samples:
        assert set(sample.sources) == {"tail", "insights", "xray"}
        assert f"/{result.function.clone}[{sample.version}][" in sample.log_stream


def test_the_targets_own_invocations_at_the_same_time_are_not_taken_for_the_runs(endpoint, make, tmp_path):
    arn = make("isolated-busy")
    for _ in range(2):  # so that the target has the version numbers that the clone will have
        make.client.update_function_configuration(FunctionName=arn, Description=str(time.time_ns()))
        make.client.get_waiter("function_updated_v2").wait(FunctionName=arn, WaiterConfig={"Delay": 1})
        make.client.publish_version(FunctionName=arn)
    process = started(
        "run",
        "--function-arn",
        arn,
        "--isolate",
        "--direct",
        *OPTIONS,
        "--output-dir",
        tmp_path,
        **endpoint.variables(),
    )
    invoked = set()
    while process.poll() is None:
        for version in ("1", "2", "3"):
            answer = make.client.invoke(FunctionName=arn, Qualifier=version, Payload=b"{}")
            invoked.add(answer["ResponseMetadata"]["RequestId"])
        time.sleep(0.1)
    out, err = process.communicate()
    assert process.returncode == 0, err
    (path,) = tmp_path.glob("*/result.json")
    assert out
    from powertune.wire import read_result

    result = read_result(path)
    assert len(result.samples) == 8
    assert not invoked & {sample.request_id for sample in result.samples}
    assert result.warnings == ()


def test_after_kill_9_the_clone_is_found_by_its_tags_and_the_target_is_as_it_was(endpoint, make, tmp_path):
    arn = make("isolated-killed")
    before = everything(make.client, arn)
    process = started(
        "run",
        "--function-arn",
        arn,
        "--isolate",
        "--direct",
        *OPTIONS,
        "--output-dir",
        tmp_path,
        **endpoint.variables(),
    )
    deadline = time.monotonic() + 60
    while not (found := clones(make.client, arn)) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (clone,) = found
    assert clone.target == FunctionArn.parse(arn)
    assert not clone.is_expired(SystemClock().now_ms())
    assert everything(make.client, arn) == before
    kept = powertune("cleanup", "--function-arn", arn, **endpoint.variables())
    assert clone.run_id in kept.out + kept.err  # it may be in use, so it is named and left
    assert clones(make.client, arn) == (clone,)
    ended = powertune("cleanup", "--function-arn", arn, "--run-id", clone.run_id, **endpoint.variables())
    assert ended.code == 0, ended.err
    assert clones(make.client, arn) == ()
    assert everything(make.client, arn) == before


def test_an_instruction_set_that_this_machine_does_not_have_is_refused_before_anything(endpoint, make, tmp_path):
    import platform

    arn = make("isolated-other")
    other = "x86_64" if platform.machine() in ("arm64", "aarch64") else "arm64"
    ended = powertune(
        "run", "--function-arn", arn, "--direct", "--architectures", "x86_64,arm64", *OPTIONS,
        "--output-dir", tmp_path, **endpoint.variables(),
    )  # fmt: skip
    assert ended.code == 2
    assert f"nothing can be measured on {other} here" in ended.err
    assert clones(make.client, arn) == ()


def test_code_that_is_too_large_for_a_call_goes_through_the_bucket_of_the_stack(endpoint, make, monkeypatch):
    arn = make("isolated-large")
    session = endpoint.new_session()
    services = Services(
        session=session,
        store=S3Store(session.client("s3"), endpoint.stack.bucket),
        clock=SystemClock(),
        environment=endpoint.environment,
    )
    monkeypatch.setattr(function_code, "MOST_DIRECT_BYTES", 10)
    request = TuningRequest(function_arn=FunctionArn.parse(arn), memory_sizes_mb=(512,), invocations=3, isolate=True)
    result = run_direct(services, request, "large")
    assert result.recommendation is not None
    assert "runs/large/code.zip" in services.store.keys("runs/large/")
    assert clones(make.client, arn) == ()
