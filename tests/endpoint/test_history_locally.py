"""Runs of the state machine are found in the bucket of its stack, from another folder than that of whoever ran them."""

import io
import zipfile

from command_line import powertune

from powertune.domain.history import RunSummary, summary_of
from powertune.wire import from_data, loads, read_result

SOURCES = ("def handler(event, context):\n    return 1\n", "def handler(event, context):\n    return 2\n")


def packed(source):
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", source)
    return code.getvalue()


def test_runs_before_and_after_a_deployment_are_listed_from_the_bucket_alone(endpoint, tmp_path):
    functions = endpoint.new_session().client("lambda")
    arn = functions.create_function(
        FunctionName="deployed-twice",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/x",
        Handler="app.handler",
        Code={"ZipFile": packed(SOURCES[0])},
        MemorySize=512,
    )["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName=arn, WaiterConfig={"Delay": 1})

    def run(*more):
        folder = tmp_path / "mine"
        ended = powertune(
            "run", "--function-arn", arn, "--output-dir", folder, "--json", *more, **endpoint.variables()
        )  # fmt: skip
        assert ended.code == 0, ended.err
        return read_result(folder / ended.json["run_id"] / "result.json"), ended.err

    few = ("--memory-sizes", "512,1024", "--invocations", "5")
    first, _ = run(*few)
    functions.update_function_code(FunctionName=arn, ZipFile=packed(SOURCES[1]))
    functions.get_waiter("function_updated_v2").wait(FunctionName=arn, WaiterConfig={"Delay": 1})
    second, said = run(*few, "--keep-runs", "1")
    assert "Deleted 1 older run of deployed-twice" in said
    assert [path.name for path in (tmp_path / "mine").iterdir()] == [second.run_id]
    dry, said = run("--dry-run", "--direct", "--keep-runs", "1")
    assert "Deleted" not in said
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {second.run_id, dry.run_id}

    elsewhere = ("--results-dir", tmp_path / "yours", "--function-arn", arn)
    listed = powertune("history", *elsewhere, "--json", **endpoint.variables())
    assert (listed.code, listed.err) == (0, "")
    told = [dict(one) for one in listed.json]
    assert [one.pop("folder") for one in told] == [None, None]
    assert [from_data(one, RunSummary) for one in told] == [summary_of(second), summary_of(first)]
    assert first.function.code_sha256 != second.function.code_sha256
    table = powertune("history", *elsewhere, **endpoint.variables()).out
    assert "2 runs" in table
    assert "with one change of code" in table
    assert f"*{second.function.code_sha256[:8]}" in table

    store = endpoint.new_session().client("s3")
    key = f"runs/{second.run_id}/summary.json"
    text = store.get_object(Bucket=endpoint.stack.bucket, Key=key)["Body"].read().decode()
    assert loads(text, RunSummary) == summary_of(second)

    far = powertune("history", *elsewhere, "--stack-region", "eu-west-1", "--json", **endpoint.variables())
    assert (far.code, far.json) == (0, [])
    assert "there is no bucket of a powertune stack in eu-west-1" in far.err
