"""`powertune check RESULT --baseline RESULT`: two measurements compared that are there already."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import checks
import pytest
from junitparser import JUnitXml

from powertune.cli.main import main
from powertune.domain.check import CheckSettings, Verdict
from powertune.domain.function import Architecture
from powertune.domain.result import Environment
from powertune.wire import dumps, result_from_text


@dataclass(frozen=True, slots=True)
class Told:
    code: Any
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def powertune(monkeypatch, tmp_path, capsys):
    """Runs a command in an empty folder. An AWS client is a failure."""

    def no_session(*_, **__):
        raise AssertionError("AWS was asked")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("powertune.aws.session.AwsSession.__init__", no_session)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(one) for one in arguments])
        out, err = capsys.readouterr()
        return Told(ended.value.code, out, err)

    return run


@pytest.fixture
def before(tmp_path):
    Path("before.json").write_text(dumps(replace(checks.same(), run_id="20261101-000000-aaaa")), encoding="utf-8")
    return "before.json"


def kept(name, result):
    Path(name).write_text(dumps(result), encoding="utf-8")
    return name


@pytest.fixture(autouse=True)
def here(powertune):
    """Every test begins in its empty folder."""


def test_what_became_worse_ends_with_1_and_the_figures_of_the_metric(powertune, before):
    told = powertune("check", kept("after.json", checks.worse()), "--baseline", before)
    assert told.code == 1
    assert told.err.startswith("powertune: orders:staging (version 8) is slower and dearer than the baseline of")
    assert "mean duration +20 % (99 % sure:" in told.err
    assert told.err.endswith("\nIf it is meant to be so, compare with it from now on: --baseline after.json\n")
    assert "WORSE" in told.out


@pytest.mark.parametrize("made", [checks.same, checks.better])
def test_what_is_no_worse_ends_with_0(powertune, before, made):
    told = powertune("check", kept("after.json", made()), "--baseline", before)
    assert (told.code, told.err) == (0, "")
    assert "mean duration" in told.out


def test_undecided_passes_or_fails_by_choice(powertune):
    before = kept("before.json", checks.check(samples=checks.draw(checks.LIVE, 40, noise=0.45, seed=3)))
    after = kept("after.json", checks.undecided())
    assert powertune("check", after, "--baseline", before).code == 0
    told = powertune("check", after, "--baseline", before, "--on-undecided", "fail")
    assert told.code == 5
    assert "It is not decided whether" in told.err
    assert "Measure it again, or let it pass with --on-undecided pass." in told.err


def test_the_result_can_be_passed_on_as_json(powertune, before):
    told = powertune("check", kept("after.json", checks.worse()), "--baseline", before, "--threshold", "30%", "--json")
    result = result_from_text(told.out, "the output")
    assert (told.code, result.check.verdict) == (0, Verdict.SAME)
    assert result.check.settings == replace(CheckSettings(), threshold=0.3)
    assert result.check.reference.run_id == "20261101-000000-aaaa"
    assert not result.check.interleaved


def test_nothing_is_written_but_what_was_asked_for(powertune, before, tmp_path):
    after = kept("after.json", checks.worse())
    powertune("check", after, "--baseline", before)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["after.json", "before.json"]
    powertune("check", after, "--baseline", before, "--junit", "out/check.xml", "--markdown", "out/check.md")
    suite = JUnitXml.fromfile("out/check.xml")
    assert (suite.failures, suite.errors) == (3, 0)
    assert Path("out/check.md").read_text(encoding="utf-8").splitlines()[2].startswith("**✗ WORSE: orders:staging")
    again = powertune("check", after, "--baseline", before, "--junit", "out/check.xml", "--markdown", "out/check.md")
    assert again.code == 1, "its own files it replaces"


def test_a_baseline_may_lie_in_a_folder_under_its_function_and_alias(powertune, before):
    after = kept("after.json", checks.worse())
    missing = powertune("check", after)
    assert missing.code == 2
    assert "no baseline of orders:staging (version 8) at powertune-baselines/baselines/123456789012/" in missing.err
    assert powertune("baseline", "set", before).code == 0
    told = powertune("check", after)
    assert (told.code, told.err.splitlines()[-1]) == (1, "If it is meant to be so: powertune baseline set after.json")
    assert powertune("check", after, "--qualifier", "live").code == 2
    assert powertune("baseline", "set", before, "--qualifier", "live").code == 0
    told = powertune("check", after, "--qualifier", "live", "--compare-unlike")
    assert told.err.endswith("powertune baseline set after.json --qualifier live\n")
    assert powertune("baseline", "set", before, "--to", "perf/one.json").code == 0
    assert powertune("check", after, "--baseline", "perf/one.json").code == 1


def test_a_baseline_may_be_a_run_in_the_results_folder(powertune):
    for made in (replace(checks.same(), run_id="one"), replace(checks.worse(), run_id="two")):
        folder = Path("powertune-results") / made.run_id
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(dumps(made), encoding="utf-8")
    told = powertune("check", "two", "--baseline", "one")
    assert (told.code, told.err.splitlines()[-1].split(": ")[1]) == (1, "--baseline two")
    assert powertune("check", "one", "--baseline", "powertune-results/two").code == 0


def unlike_architecture():
    other = replace(checks.STAGING, architecture=Architecture.X86_64)
    return checks.check(other, price=replace(checks.PRICE, architecture=Architecture.X86_64))


def unlike_environment():
    return replace(checks.same(), environment=Environment(kind="local", cpu_method="token-bucket", cores=2))


@pytest.mark.parametrize(
    ("made", "said"),
    [(unlike_architecture, "measured on arm64, and this runs on x86_64"), (unlike_environment, "embedded endpoint")],
)
def test_unlike_things_are_not_compared_unless_asked_for(powertune, before, made, said):
    after = kept("after.json", made())
    told = powertune("check", after, "--baseline", before)
    assert told.code == 2
    assert said in told.err
    assert "--compare-unlike" in told.err
    told = powertune("check", after, "--baseline", before, "--compare-unlike", "--json")
    assert any(said in note for note in told.json["check"]["notes"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "neither a powertune baseline nor a result.json"),
        ("[1, 2]", "neither a powertune baseline nor a result.json"),
        ("{", "is not a powertune baseline"),
        ('{"baseline_schema": 99}', "newer powertune"),
        ('{"baseline_schema": 1}', "is not a whole powertune baseline"),
        ("", "is empty"),
        ("\xe9", "is not a powertune baseline: it is not text in UTF-8 (at byte 0)"),
    ],
)
def test_a_baseline_that_is_not_ours_is_refused_in_the_same_words_wherever_it_lies(powertune, text, said):
    folder = Path("perf/baselines/123456789012/eu-central-1")
    folder.mkdir(parents=True)
    for path in (Path("theirs.json"), folder / "orders@staging.json"):
        path.write_bytes(text.encode("latin-1"))
    after = kept("after.json", checks.same())
    told = powertune("check", after, "--baseline", "theirs.json")
    assert told.code == 2
    assert said in told.err
    in_words = told.err.replace("theirs.json", f"{folder}/orders@staging.json")
    assert powertune("check", after, "--baseline", "perf").err == in_words
    arn = ("--function-arn", f"{checks.ARN}:staging")
    for place, same in (("theirs.json", told.err), ("perf", in_words)):
        assert powertune("baseline", "show", *arn, "--baseline", place).err == same


def test_what_is_about_measuring_is_refused_beside_a_result(powertune, before):
    after = kept("after.json", checks.same())
    for option in (("--local", "here"), ("--direct",), ("--against", "live"), ("--retune",), ("--max-spend", "1")):
        told = powertune("check", after, "--baseline", before, *option)
        assert told.code == 2
        assert f"{option[0]} is about measuring" in told.err
    told = powertune("check", after, "--baseline", "stack")
    assert told.code == 2
    assert "powertune baseline show --function-arn ARN --baseline stack --json > baseline.json" in told.err


def test_a_text_of_others_in_a_baseline_steers_no_terminal(powertune):
    evil = "\x1b]0;owned\x07\u202eback"
    made = checks.same()
    poisoned = json.loads(dumps(made))
    poisoned["check"]["subject"]["runtime_version"] = evil
    poisoned["run_id"] = evil
    Path("before.json").write_text(json.dumps(poisoned), encoding="utf-8")
    told = powertune("check", kept("after.json", checks.worse()), "--baseline", "before.json")
    assert told.code == 1
    assert not {"\x1b", "\x07", "\u202e"} & set(told.out + told.err)
