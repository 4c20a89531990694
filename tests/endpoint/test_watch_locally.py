"""``powertune report --watch`` beside a run that another terminal started, on the embedded endpoint."""

import io
import json
import signal
import time
import zipfile

from command_line import powertune, started

SOURCE = "import time\ndef handler(event, context):\n    time.sleep(0.1)\n"


def test_a_run_is_watched_from_elsewhere_left_alone_and_shown_at_its_end(endpoint, tmp_path):
    functions = endpoint.new_session().client("lambda")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", SOURCE)
    arn = functions.create_function(
        FunctionName="watched",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/x",
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
        MemorySize=512,
    )["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName=arn, WaiterConfig={"Delay": 1})
    variables = endpoint.variables()
    sizes = ("--memory-sizes", "256,512", "--invocations", 80)
    with started("run", "--function-arn", arn, *sizes, "--output-dir", tmp_path, "--json", **variables) as run:
        deadline = time.monotonic() + 60
        while not functions.list_aliases(FunctionName=arn)["Aliases"] and time.monotonic() < deadline:
            time.sleep(0.1)
        with started("report", "--watch", "--function-arn", arn, **variables) as impatient:
            said = next(line for line in impatient.stderr if "is under way" in line)
            run_id = said.split()[2]
            impatient.send_signal(signal.SIGINT)
            _, said = impatient.communicate(timeout=60)
        assert impatient.returncode == 130
        assert "goes on by itself, and puts watched back at its end" in said

        watched = powertune("report", "--watch", run_id, "--function-arn", arn, "--json", **variables)
        out, _ = run.communicate(timeout=100)
    assert watched.code == 0, watched.err
    result = json.loads(out)
    result.pop("report")
    assert watched.json == result
    assert result["restored"]
    assert functions.list_aliases(FunctionName=arn)["Aliases"] == []

    assert result["run_id"] == run_id
    none = powertune("report", "--watch", "--function-arn", arn, **variables)
    assert (none.code, "has no run of watched under way" in none.err) == (2, True)
