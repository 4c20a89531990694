"""What CI systems read, executed as written: powertune from its wheel, a function that becomes slower."""

import io
import zipfile
from pathlib import Path

import pytest
from ci_machine import Machine
from ci_systems import run_action, run_buildspec, run_gitlab_job
from junitparser import Failure, JUnitXml

from powertune.wire import read_result

SOURCE = "import time\ndef handler(event, context):\n    time.sleep({seconds})\n# {release}\n"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    return Machine(tmp_path_factory.mktemp("machine") / "machine")


class Released:
    """A function whose alias ``live`` stays where it is, and whose alias ``staging`` goes where a release puts it."""

    def __init__(self, endpoint, name):
        self._name = name
        self._functions = endpoint.new_session().client("lambda")
        self.arn = self._functions.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role="arn:aws:iam::000000000000:role/x",
            Handler="app.handler",
            Code={"ZipFile": self._packed(0.02, 0)},
            MemorySize=512,
            Publish=True,
        )["FunctionArn"].removesuffix(":1")
        self._functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        for alias in ("live", "staging"):
            self._functions.create_alias(FunctionName=name, Name=alias, FunctionVersion="1")
        self._release = 0

    def release(self, seconds):
        self._release += 1
        code = self._packed(seconds, self._release)
        version = self._functions.update_function_code(FunctionName=self._name, ZipFile=code, Publish=True)["Version"]
        self._functions.get_waiter("published_version_active").wait(
            FunctionName=self._name, Qualifier=version, WaiterConfig={"Delay": 1}
        )
        self._functions.update_alias(FunctionName=self._name, Name="staging", FunctionVersion=version)

    @property
    def aliases(self):
        return {one["Name"] for one in self._functions.list_aliases(FunctionName=self._name)["Aliases"]}

    @staticmethod
    def _packed(seconds, release):
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", SOURCE.format(seconds=seconds, release=release))
        return code.getvalue()


@pytest.fixture
def released(endpoint, request):
    return Released(endpoint, request.node.name.replace("_", "-")[:60])


@pytest.fixture
def bucket(endpoint):
    name = "baselines-of-a-pipeline"
    endpoint.new_session().client("s3").create_bucket(Bucket=name)
    return name


def cases(path):
    """The test cases of a JUnit file by their names, with those that failed."""
    (suite,) = JUnitXml.fromfile(str(path))
    return {case.name: [one for one in case.result if isinstance(one, Failure)] for case in suite}


@pytest.mark.heavy
def test_the_buildspec_keeps_a_baseline_passes_an_equal_release_and_fails_a_slower_one(
    endpoint, machine, released, bucket, tmp_path
):
    project = {
        **endpoint.variables(),
        **machine.variables,
        "POWERTUNE_FUNCTION_ARN": released.arn,
        "POWERTUNE_BASELINE": f"s3://{bucket}/checks-of-orders",
        "POWERTUNE_THRESHOLD": "30%",
        "POWERTUNE_MAX_INVOCATIONS": "50",
    }
    machine.without_powertune()

    def build(name, **more):
        folder = tmp_path / name
        folder.mkdir()
        return run_buildspec(folder, {**project, **more})

    first = build("first")
    assert first.code == 0, first.err
    assert first.phases == {"install": 0, "pre_build": 0, "build": 0}
    assert not any(cases(*first.reports["powertune"]).values())
    kept = endpoint.new_session().client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [one["Key"] for one in kept if "/baselines/" in one["Key"]]

    released.release(0.02)
    equal = build("equal", POWERTUNE_AGAINST="live")
    assert equal.code == 0, equal.out + equal.err
    assert not any(cases(*equal.reports["powertune"]).values())

    released.release(0.06)
    slower = build("slower")
    assert slower.phases["build"] == slower.code == 1, slower.out + slower.err
    failed = {name for name, failures in cases(*slower.reports["powertune"]).items() if failures}
    assert "mean duration" in failed
    names = {path.name for path in slower.artifacts}
    assert {"report.html", "result.json", "junit.xml", "summary.md"} <= names
    assert released.aliases == {"live", "staging"}


@pytest.mark.heavy
def test_the_action_and_the_gitlab_job_pass_an_equal_release_and_fail_a_slower_one(
    endpoint, machine, released, tmp_path
):
    variables = {**endpoint.variables(), **machine.variables}
    inputs = {"function-arn": released.arn, "qualifier": "staging", "against": "live", "threshold": "30%"}
    job = {"POWERTUNE_FUNCTION_ARN": released.arn}
    machine.without_powertune()

    def action(name, **more):
        folder = tmp_path / name
        folder.mkdir()
        return run_action(folder, {**inputs, **more}, variables | {"GITHUB_ACTION_PATH": str(machine.sources)})

    def gitlab(name):
        folder = tmp_path / name
        folder.mkdir()
        return run_gitlab_job(folder, {**variables, **job})

    released.release(0.02)
    equal = action("equal", requirement="powertune>=0.1,<0.2")
    assert (equal.code, equal.outputs["verdict"], equal.outputs["exit-code"]) == (0, "same", "0"), equal.err
    assert "powertune" in equal.summary
    assert gitlab("equal-job").code in (0, 5)

    released.release(0.06)
    variables.pop("PIP_NO_INDEX")  # what builds the action's own commit comes from an index
    slower = action("slower")
    assert (slower.code, slower.outputs["verdict"], slower.outputs["exit-code"]) == (1, "worse", "1"), slower.err
    assert read_result(Path(slower.outputs["result"])).check.verdict == "worse"
    assert Path(slower.outputs["report"]).stat().st_size > 100_000
    failed = {name for name, failures in cases(slower.outputs["junit"]).items() if failures}
    assert "mean duration" in failed
    ended = gitlab("slower-job")
    assert ended.code == 1, ended.out + ended.err
    assert "mean duration" in {name for name, failures in cases(*ended.reports["junit"]).items() if failures}
    assert released.aliases == {"live", "staging"}
