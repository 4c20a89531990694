"""The buildspec, the action and the GitLab job as scripts: what reaches powertune, and what comes back of it."""

import json
import os
import re
import signal
import subprocess
import time
from importlib import resources

import jsonschema
import pytest
from ci_stand_ins import StandIns
from ci_systems import (
    ACTION,
    BUILDSPEC,
    GITLAB,
    ROOT,
    WORKFLOW,
    read_yaml,
    run_action,
    run_buildspec,
    run_gitlab_job,
    started_action,
)

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
INPUTS = {"function-arn": ARN, "against": "live"}
HOSTILE = (
    '"; touch pwned; "',
    "'; touch pwned; '",
    "$(touch pwned)",
    "`touch pwned`",
    "a b\tc * ?",
    "--json",
    "x\n::error::y\nname=value",
    "${{ github.token }}",
    "\\",
)


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def tools(tmp_path):
    return lambda **more: StandIns(tmp_path / "tools", **more)


def option(arguments, name):
    """The value of an option, whether joined by = or not; None where it is not given."""
    for number, word in enumerate(arguments):
        if word == name:
            return arguments[number + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return None


@pytest.mark.parametrize(
    ("schema", "path"), [("github-actions", ACTION), ("github-workflows", WORKFLOW), ("gitlab-ci", GITLAB)]
)
def test_each_file_fits_the_public_schema_of_its_system(schema, path):
    text = resources.files("check_jsonschema").joinpath(f"builtin_schemas/vendor/{schema}.json").read_text("utf-8")
    rules = json.loads(text)
    validator = jsonschema.validators.validator_for(rules)(rules)
    assert [error.message for error in validator.iter_errors(read_yaml(path))] == []
    assert list(validator.iter_errors({**read_yaml(path), "name": [], "stages": 7})), "it refuses nothing"


def test_the_buildspec_that_pipeline_init_writes_is_the_one_of_the_example():
    assert (ROOT / "statemachine" / "buildspec.yml").read_bytes() == BUILDSPEC.read_bytes()


@pytest.mark.parametrize("path", [ACTION, WORKFLOW])
def test_no_expression_stands_in_a_script_where_it_could_become_code(path):
    data = read_yaml(path)
    steps = (
        data["runs"]["steps"] if path == ACTION else [step for job in data["jobs"].values() for step in job["steps"]]
    )
    scripts = [step["run"] for step in steps if "run" in step]
    assert len(scripts) == 2
    assert not [script for script in scripts if "${{" in script]


def test_the_example_gives_the_action_inputs_that_it_has_and_reads_outputs_that_it_has():
    steps = [step for job in read_yaml(WORKFLOW)["jobs"].values() for step in job["steps"]]
    (step,) = (step for step in steps if "/powertune@" in step.get("uses", ""))
    action = read_yaml(ACTION)
    assert step["with"].keys() <= action["inputs"].keys()
    used = re.findall(r"steps\.powertune\.outputs\.([\w-]+)", WORKFLOW.read_text(encoding="utf-8"))
    assert used
    assert set(used) <= action["outputs"].keys()


def test_every_option_that_they_give_is_one_of_the_check_command():
    from powertune.cli.check import command

    known = {name for one in command.params for name in one.opts}
    texts = [step["run"] for step in read_yaml(ACTION)["runs"]["steps"] if step.get("id") == "check"]
    texts += [
        (WORKFLOW.parent / "nightly.sh").read_text("utf-8"),
        *read_yaml(GITLAB)["powertune"]["script"],
        *read_yaml(BUILDSPEC)["phases"]["build"]["commands"],
    ]
    given = {name for text in texts for name in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)}
    assert len(given) > 15
    assert given <= known


def test_what_a_stranger_wrote_stays_one_argument(tools, tmp_path, workspace):
    stand_ins = tools()
    path = {"TEST_TOOLS": str(stand_ins.folder)}
    names = ("qualifier", "against", "baseline", "threshold", "confidence", "metrics", "max-spend", "payload", "wait")
    inputs = dict(zip(names, HOSTILE, strict=True))
    ended = run_action(workspace, {"function-arn": ARN, **inputs}, path)
    assert ended.code == 0, ended.err
    assert {f"--{name}={value}" for name, value in inputs.items()} <= set(stand_ins.arguments)
    variables = {f"POWERTUNE_{name.upper().replace('-', '_')}": value for name, value in inputs.items()}
    spec = run_buildspec(workspace, {"POWERTUNE_FUNCTION_ARN": ARN, **variables, **path})
    assert spec.code == 0, spec.err
    for name in ("qualifier", "against", "baseline", "threshold", "confidence", "max-spend", "wait"):
        assert option(stand_ins.arguments, f"--{name}") == inputs[name]
    assert option(stand_ins.arguments, "--payload") == f"@{inputs['payload']}"
    job = run_gitlab_job(workspace, {**variables, **path})
    assert job.code == 0, job.err
    for name in ("qualifier", "against", "max-spend"):
        assert option(stand_ins.arguments, f"--{name}") == inputs[name]
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize(("code", "verdict"), [(0, "better"), (0, ""), (1, "worse"), (5, "undecided")])
def test_the_exit_code_is_kept_and_so_is_what_was_found(tools, workspace, code, verdict):
    stand_ins = tools(code=code, verdict=verdict)
    path = {"TEST_TOOLS": str(stand_ins.folder)}
    ended = run_action(workspace, INPUTS, path)
    assert (ended.code, ended.outputs["exit-code"], ended.outputs["verdict"]) == (code, str(code), verdict)
    folder = ended.outputs["folder"]
    assert ended.outputs["junit"] == f"{folder}/junit.xml"
    assert ended.outputs["result"] == f"{folder}/20261126T101500-ab12cd/result.json"
    assert ended.outputs["report"] == f"{folder}/20261126T101500-ab12cd/report.html"
    assert ended.summary == "## orders\n"
    spec = run_buildspec(workspace, {"POWERTUNE_FUNCTION_ARN": ARN, **path})
    assert spec.phases["build"] == spec.code == code
    assert [one.name for one in spec.reports["powertune"]] == ["junit.xml"]
    assert {one.name for one in spec.artifacts} == {"junit.xml", "summary.md", "result.json", "report.html"}
    job = run_gitlab_job(workspace, path)
    assert job.code == code
    assert job.reports["junit"][0].read_text(encoding="utf-8") == "<testsuite/>"


def test_a_check_that_left_nothing_is_told_from_an_earlier_one(tools, workspace, tmp_path):
    stand_ins = tools(code=3, verdict="-")
    folder = tmp_path / "kept"
    earlier = folder / "20261125T101500-ab12cd"
    earlier.mkdir(parents=True)
    (earlier / "result.json").write_text('{"check": {"verdict": "same"}}', encoding="utf-8")
    (folder / "junit.xml").write_text("<testsuite/>", encoding="utf-8")
    (folder / "summary.md").write_text("earlier", encoding="utf-8")
    os.utime(earlier / "result.json", (1, 1))
    ended = run_action(workspace, {**INPUTS, "output-dir": str(folder)}, {"TEST_TOOLS": str(stand_ins.folder)})
    assert (ended.code, ended.summary) == (3, "")
    assert ended.outputs == {
        "verdict": "", "exit-code": "3", "result": "", "report": "", "junit": "", "folder": str(folder)
    }  # fmt: skip


def test_what_a_function_says_is_no_command_to_the_runner(tools, workspace):
    stand_ins = tools(said="::add-mask::a\n::error::b")
    lines = run_action(workspace, INPUTS, {"TEST_TOOLS": str(stand_ins.folder)}).out.splitlines()
    begin, end = lines.index("::add-mask::a"), lines.index("::error::b")
    mark = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", lines[begin - 1])[1]
    assert f"::{mark}::" in lines[end:]


def test_an_output_folder_of_two_lines_writes_no_output_of_its_own(tools, workspace):
    stand_ins = tools()
    ended = run_action(workspace, {**INPUTS, "output-dir": "a\nverdict=same"}, {"TEST_TOOLS": str(stand_ins.folder)})
    assert (ended.code, set(ended.outputs.values())) == (2, {""})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cancelled_job_tells_powertune_which_gives_the_function_back(tools, workspace, number):
    stand_ins = tools(pause=True)
    running = started_action(workspace, INPUTS, {"TEST_TOOLS": str(stand_ins.folder)})
    while "waiting" not in running.stdout.readline():
        assert running.poll() is None
    running.send_signal(number)
    began = time.monotonic()
    running.communicate(timeout=20)
    assert time.monotonic() - began < 7.5
    assert running.returncode == 130
    assert stand_ins.stopped


@pytest.mark.parametrize(
    ("against", "baseline", "required"),
    [("", "powertune-baselines", True), ("", "old/result.json", True), ("", "s3://bucket/x", False),
     ("", "stack", False), ("live", "powertune-baselines", False)],
)  # fmt: skip
def test_a_first_baseline_that_would_be_lost_with_the_job_is_no_pass(tools, workspace, against, baseline, required):
    stand_ins = tools()
    path = {"TEST_TOOLS": str(stand_ins.folder)}
    run_action(workspace, {"function-arn": ARN, "against": against, "baseline": baseline}, path)
    assert ("--require-baseline" in stand_ins.arguments) is required
    given = {"POWERTUNE_FUNCTION_ARN": ARN, "POWERTUNE_AGAINST": against, "POWERTUNE_BASELINE": baseline}
    run_buildspec(workspace, {**given, **path})
    assert ("--require-baseline" in stand_ins.arguments) is required


def test_the_action_installs_its_own_commit_or_what_it_is_told_to(tools, workspace, tmp_path):
    stand_ins = tools()
    path = {"TEST_TOOLS": str(stand_ins.folder)}
    run_action(workspace, INPUTS, path)
    assert stand_ins.installed.endswith(f"'{ACTION.parent}']")
    second = tmp_path / "second"
    second.mkdir()
    run_action(second, {**INPUTS, "requirement": "powertune==0.1.0; touch pwned"}, path)
    assert stand_ins.installed.endswith("'powertune==0.1.0; touch pwned']")


def test_a_failed_installation_ends_the_build_before_anything_is_invoked(tools, workspace):
    stand_ins = tools(code=0)
    (stand_ins.folder / "pip").write_text("#!/bin/sh\nexit 9\n", encoding="utf-8")
    spec = run_buildspec(workspace, {"POWERTUNE_FUNCTION_ARN": ARN, "TEST_TOOLS": str(stand_ins.folder)})
    assert spec.phases == {"install": 9}
    assert spec.artifacts == []


def test_a_module_of_the_repository_is_not_taken_for_one_of_pythons(tools, workspace):
    stand_ins = tools()
    for name in ("json.py", "secrets.py", "powertune.py", "pathlib.py"):
        (workspace / name).write_text("raise SystemExit(77)", encoding="utf-8")
    ended = run_action(workspace, INPUTS, {"TEST_TOOLS": str(stand_ins.folder)})
    assert (ended.code, ended.outputs["verdict"]) == (0, "same")


def test_every_input_output_and_variable_is_documented():
    action, page = read_yaml(ACTION), (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    tables = re.findall(r"^\| ((?:`[\w-]+`(?:, )?)+) \|", page.split("## GitHub Actions")[1], re.MULTILINE)
    assert set(re.findall(r"[\w-]+", " ".join(tables))) == action["inputs"].keys() | action["outputs"].keys()
    spec, explained = read_yaml(BUILDSPEC), (BUILDSPEC.parent / "BUILDSPEC.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(POWERTUNE_\w+)` \| (.+?) \|", explained, re.MULTILINE))
    said = {name: "" if value == "empty" else value.strip("`") for name, value in rows.items() if value != "none"}
    assert said == spec["env"]["variables"]
    used = set(re.findall(r"POWERTUNE_\w+", "".join(spec["phases"]["build"]["commands"])))
    assert used <= rows.keys() | {"POWERTUNE_REQUIRE_BASELINE", "POWERTUNE_TREND"}


@pytest.mark.parametrize(
    ("code", "said"),
    [(0, ""), (1, "live became worse.\n"), (5, "The check of live could not decide.\n"),
     (3, "live was not checked: exit code 3.\n")],
)  # fmt: skip
def test_cron_hears_nothing_while_all_is_well_and_the_exit_code_where_it_is_not(tools, tmp_path, code, said):
    stand_ins = tools(code=code, verdict="-", said="the whole answer")
    done = subprocess.run(
        ["sh", WORKFLOW.parent / "nightly.sh"], capture_output=True, text=True, check=False,
        env={"PATH": f"{stand_ins.folder}:/usr/bin:/bin", "POWERTUNE_FOLDER": str(tmp_path / "kept")},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (code, f"{said}the whole answer\n" if code else "")
