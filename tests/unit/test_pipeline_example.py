"""examples/pipeline is what its README says that it is."""

import json
import re
import shlex
from pathlib import Path

import yaml
from cfnlint.api import ManualArgs, lint
from click.testing import CliRunner
from pipeline_template import Pipeline
from template_policies import _Loader

from powertune.cli.main import cli

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "pipeline"
TEMPLATE = (EXAMPLE / "template.yaml").read_text(encoding="utf-8")


def made(folder, monkeypatch):
    """What the command in the README writes."""
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"```sh\n(powertune pipeline init.*?)```", readme, re.DOTALL)
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(cli, shlex.split(command.replace("\\\n", " "))[1:], standalone_mode=False)
    assert done.exception is None
    return folder / "powertune-pipeline"


def test_the_filled_in_pipeline_is_what_the_command_in_the_readme_writes(tmp_path, monkeypatch):
    # After a change: run the command in examples/pipeline with --force, and keep these two of its files.
    written = made(tmp_path, monkeypatch)
    kept = {path.name: path.read_text(encoding="utf-8") for path in (EXAMPLE / "powertune-pipeline").iterdir()}
    assert kept == {name: (written / name).read_text(encoding="utf-8") for name in ("README.md", "parameters.json")}


def test_the_filled_in_pipeline_finds_its_payload_and_its_code():
    listed = json.loads((EXAMPLE / "powertune-pipeline" / "parameters.json").read_text(encoding="utf-8"))
    values = Pipeline(**{one["ParameterKey"]: one["ParameterValue"] for one in listed}).values
    assert json.loads((EXAMPLE / values["Payload"]).read_text(encoding="utf-8"))["items"]
    assert (EXAMPLE / values["CodeFolder"] / "index.py").is_file()


def test_the_functions_template_has_the_code_of_the_folder_and_both_aliases():
    resources = yaml.load(TEMPLATE, _Loader)["Resources"]
    code = resources["Function"]["Properties"]["Code"]["ZipFile"]
    assert code == (EXAMPLE / "function" / "index.py").read_text(encoding="utf-8")
    aliases = [one["Properties"]["Name"] for one in resources.values() if one["Type"] == "AWS::Lambda::Alias"]
    assert aliases == ["staging", "live"]


def test_cfn_lint_has_nothing_to_say_of_the_functions_template():
    assert [str(match) for match in lint(TEMPLATE, config=ManualArgs(regions=["us-east-1"]))] == []
