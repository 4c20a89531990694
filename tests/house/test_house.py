"""Rules of the house that no other tool keeps."""

import re
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path

import click
import pytest

from powertune import errors
from powertune.cli.main import EPILOG, cli

ROOT = Path(__file__).resolve().parents[2]


def setup_cfg():
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


def all_commands(group, prefix="powertune"):
    yield prefix, group
    if isinstance(group, click.Group):
        for name in group.list_commands(click.Context(group)):
            yield from all_commands(group.get_command(click.Context(group), name), f"{prefix} {name}")


def test_every_package_is_listed_for_the_wheel():
    listed = set(setup_cfg()["options"]["packages"].split())
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "powertune").rglob("__init__.py")
        if "__pycache__" not in path.parts
    }
    assert listed == found | {"powertune.statemachine", "powertune.reports"}


def test_every_dependency_has_a_range_and_its_reason_in_the_architecture():
    config = setup_cfg()
    lines = config["options"]["install_requires"].splitlines()
    for extra in config["options.extras_require"].values():
        lines += extra.splitlines()
    named = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("## Dependencies")[1]
    for line in filter(None, lines):
        name = re.match(r"[A-Za-z0-9_-]+", line.strip())[0]
        if name == "powertune":
            continue
        assert re.search(r">=\S+, <\S+", line) or name.startswith("types-"), line
        assert name in named or name.startswith(("types-", "pytest-")), name


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from powertune.cli.main import cli\n"
        "try: cli.main(['--help'], standalone_mode=True)\n"
        "except SystemExit: pass\n"
        "heavy = {'boto3', 'botocore', 'numpy', 'scipy', 'plotly', 'cattrs', 'aws_xray_sdk', 'ministack'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(("name", "command"), [pair for pair in all_commands(cli) if pair[0] != "powertune local"])
def test_every_command_has_help_with_an_example(name, command):
    assert command.help
    assert "powertune" in (command.epilog or ""), name


def test_exit_codes_are_documented_where_users_look():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.PowertuneError)]
    codes = {one.exit_code for one in classes} - {errors.PowertuneError.exit_code}
    for code in codes:
        assert re.search(rf"^\| {code} \|", readme, re.MULTILINE), code
        assert re.search(rf"^  {code}\s", EPILOG, re.MULTILINE), code


def test_ci_runs_the_readmes_test_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Run the tests")[1]
    command = re.search(r"```sh\n(.+)\n```", section)[1]
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_every_documented_path_exists():
    for page in [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("examples/**/*.md"),
        *ROOT.glob("benchmarks/*.md"),
    ]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_changelog_keeps_its_form():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in text


def test_ruff_and_setup_cfg_agree_on_python():
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]
    assert ruff["target-version"] == "py311"
    assert setup_cfg()["options"]["python_requires"] == ">=3.11"
