"""Runs what CI systems read, as they would: a buildspec, a composite action, a GitLab job. Each in a clean environment.

CodeBuild: buildspec 0.2 runs all commands in one shell; the first command that fails ends its phase; after install or
pre_build that ends the build, after build post_build still runs; reports and artifacts are collected in any case
(AWS docs, codebuild/latest/userguide: build-spec-ref, view-build-details-phases, build-env-ref-cmd).
GitHub: ``shell: bash`` is ``bash --noprofile --norc -eo pipefail FILE`` (GitHub docs, workflow syntax).
GitLab: before_script and script are one script, under ``set -eo pipefail`` where there is bash.
"""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BUILDSPEC = ROOT / "examples" / "pipeline" / "buildspec.yml"
ACTION = ROOT / "action.yml"
WORKFLOW = ROOT / "examples" / "ci" / "github-actions.yml"
GITLAB = ROOT / "examples" / "ci" / "gitlab-ci.yml"

_EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")


@dataclass(kw_only=True)
class Ended:
    """How a job ended, and what it left."""

    code: int
    out: str
    err: str
    phases: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    reports: dict[str, list[Path]] = field(default_factory=dict)
    artifacts: list[Path] = field(default_factory=list)


def read_yaml(path: Path) -> dict[str, Any]:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    # YAML 1.1 takes the key ``on`` of a workflow for a boolean.
    return {"on" if name is True else name: value for name, value in data.items()}


def _clean(variables: dict[str, str]) -> dict[str, str]:
    """What a clean machine has, with a folder of tools that the test names, so that none is there by chance."""
    clean = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", **variables}
    tools = clean.pop("TEST_TOOLS", "")
    return {**clean, "PATH": f"{tools}:{clean['PATH']}" if tools else clean["PATH"]}


def run_buildspec(folder: Path, variables: dict[str, str]) -> Ended:
    """The buildspec in a folder that holds the sources; ``variables`` is what the CodeBuild project gives."""
    spec = read_yaml(BUILDSPEC)
    assert str(spec["version"]) == "0.2"
    assert spec.keys() <= {"version", "env", "phases", "reports", "artifacts"}
    assert spec["env"].keys() <= {"shell", "variables"}
    assert spec["env"]["shell"] == "bash"
    lines, state = ["CODEBUILD_BUILD_SUCCEEDING=1"], folder.parent / f"{folder.name}.phases"
    for name in ("install", "pre_build", "build", "post_build"):
        phase = spec["phases"].get(name)
        if phase is None:
            continue
        assert phase.keys() <= {"commands", "runtime-versions"}
        if name in ("pre_build", "build"):
            lines.append('if [ "$CODEBUILD_BUILD_SUCCEEDING" = 1 ]; then')
        elif name == "post_build":
            lines.append('if [ "${powertune_test_built:-}" = 1 ]; then')
        else:
            lines.append("if true; then")
        lines.append(f"powertune_test_code=0; powertune_test_built={int(name == 'build')}")
        for number, command in enumerate(phase["commands"]):
            assert isinstance(command, str)
            script = folder.parent / f"{folder.name}.{name}.{number}"
            script.write_text(command, encoding="utf-8")
            lines.append(f'if [ "$powertune_test_code" = 0 ]; then . "{script}"; powertune_test_code=$?; fi')
        lines.append('[ "$powertune_test_code" = 0 ] || CODEBUILD_BUILD_SUCCEEDING=0')
        lines += [f'echo "{name} $powertune_test_code" >> "{state}"', "fi"]
    declared = {name: str(value) for name, value in spec["env"].get("variables", {}).items()}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", "\n".join(lines)],
        cwd=folder, env=_clean({**declared, **variables}), capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    phases = {name: int(code) for name, code in (line.split() for line in state.read_text().splitlines())}
    code = next((code for code in phases.values() if code), 0)
    ended = Ended(code=code, out=done.stdout, err=done.stderr, phases=phases)
    for group, report in spec["reports"].items():
        assert report.keys() <= {"files", "base-directory", "file-format"}
        assert report["file-format"] == "JUNITXML"
        ended.reports[group] = _collected(folder, report)
    ended.artifacts = _collected(folder, spec["artifacts"])
    return ended


def _collected(folder: Path, part: dict[str, Any]) -> list[Path]:
    base = folder / part.get("base-directory", ".")
    return sorted({path for pattern in part["files"] for path in base.glob(pattern) if path.is_file()})


def run_action(folder: Path, inputs: dict[str, str], variables: dict[str, str]) -> Ended:
    """The composite action, with ``folder`` as the workspace."""
    action = read_yaml(ACTION)
    ended = Ended(code=0, out="", err="")
    steps: dict[str, dict[str, str]] = {}
    for number, step in enumerate(action["runs"]["steps"]):
        outputs, summary = (_temp(folder) / f"{number}.{kind}" for kind in ("outputs", "summary"))
        running = _started_step(folder, inputs, variables, number)
        out, err = running.communicate(timeout=200)
        ended.out += out
        ended.err += err
        ended.summary += summary.read_text(encoding="utf-8")
        if "id" in step:
            lines = outputs.read_text(encoding="utf-8").splitlines()
            steps[step["id"]] = dict(line.split("=", 1) for line in lines)
        if running.returncode:
            ended.code = running.returncode
            break
    for name, output in action["outputs"].items():
        found = re.fullmatch(r"\$\{\{ steps\.(\w+)\.outputs\.([\w-]+) \}\}", output["value"])
        assert found
        assert any(step.get("id") == found[1] for step in action["runs"]["steps"])
        ended.outputs[name] = steps.get(found[1], {}).get(found[2], "")
    return ended


def started_action(folder: Path, inputs: dict[str, str], variables: dict[str, str]) -> "subprocess.Popen[str]":
    """The last step of the action, running; those before it are done."""
    last = len(read_yaml(ACTION)["runs"]["steps"]) - 1
    for number in range(last):
        _started_step(folder, inputs, variables, number).communicate(timeout=200)
    return _started_step(folder, inputs, variables, last)


def _temp(folder: Path) -> Path:
    temp = folder.parent / f"{folder.name}-runner"
    temp.mkdir(exist_ok=True)
    return temp


def _started_step(
    folder: Path, inputs: dict[str, str], variables: dict[str, str], number: int
) -> "subprocess.Popen[str]":
    action = read_yaml(ACTION)
    assert inputs.keys() <= action["inputs"].keys()
    values = {name: one.get("default", "") for name, one in action["inputs"].items()} | inputs
    step = action["runs"]["steps"][number]
    assert step.keys() <= {"name", "id", "shell", "env", "run"}
    assert step["shell"] == "bash"
    script, outputs, summary = (_temp(folder) / f"{number}.{kind}" for kind in ("sh", "outputs", "summary"))
    script.write_text(step["run"], encoding="utf-8")
    outputs.touch()
    summary.touch()
    return subprocess.Popen(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=_clean({
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(outputs),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_ID": "42",
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_WORKSPACE": str(folder),
            "RUNNER_TEMP": str(_temp(folder)),
            **variables,
            **{name: _evaluated(value, values) for name, value in step.get("env", {}).items()},
        }),
    )  # fmt: skip


def _evaluated(text: str, inputs: dict[str, str]) -> str:
    """A value in which ``${{ inputs.NAME }}`` is replaced; any other expression is refused."""

    def value(found: re.Match[str]) -> str:
        kind, _, name = found[1].partition(".")
        assert kind == "inputs", found[0]
        return inputs[name]

    return _EXPRESSION.sub(value, text)


def run_gitlab_job(folder: Path, variables: dict[str, str]) -> Ended:
    """The GitLab job; ``variables`` are set where the job starts, and have precedence as those of a schedule."""
    data = read_yaml(GITLAB)
    job = data["powertune"]
    given = {"CI_PROJECT_DIR": str(folder), "CI_PIPELINE_ID": "7", **dict.fromkeys(job["id_tokens"], "token")}
    declared = {
        name: re.sub(r"\$(CI_\w+)", lambda found: given[found[1]], str(value))
        for name, value in {**data["variables"], **job["variables"]}.items()
    }
    known = {**declared, **given, **variables}
    script = folder.parent / f"{folder.name}.sh"
    script.write_text("set -eo pipefail\n" + "\n".join([*job["before_script"], *job["script"]]), encoding="utf-8")
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", str(script)],
        cwd=folder, env=_clean(known), capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    ended = Ended(code=done.returncode, out=done.stdout, err=done.stderr)
    ended.artifacts = sorted(path for place in job["artifacts"]["paths"] for path in (folder / place).rglob("*"))
    ended.reports["junit"] = [folder / job["artifacts"]["reports"]["junit"]]
    return ended
