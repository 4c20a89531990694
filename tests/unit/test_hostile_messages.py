"""Texts that others wrote do not steer a terminal from an error message or a line of progress either."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from powertune.cli import main as command_line
from powertune.cli.progress import ProgressLine
from powertune.cli.report_watch import PhaseLines
from powertune.domain.events import Phase, Progress
from powertune.domain.result import TuningResult
from powertune.errors import UsageError
from powertune.render.safe import lines
from powertune.wire import dumps

Make = Callable[..., TuningResult]
EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eback\u2069\r\x08\ud83d"
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def ended(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[Any, str]:
    with pytest.raises(SystemExit) as end:
        command_line.main(arguments)
    out, err = capsys.readouterr()
    assert not STEERING.search(out + err), err
    return end.value.code, err


def hostile_currency(result: TuningResult) -> TuningResult:
    return replace(result, price=replace(result.price, currency=f"EUR{EVIL}"))


@pytest.mark.parametrize("command", [["report", "--format", "power-tuning-url"], ["explain"]], ids=" ".join)
def test_a_currency_steers_nothing_where_it_is_refused(
    make_result: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    file = tmp_path / "result.json"
    text = dumps(make_result()).replace('"USD"', json.dumps(f"EUR{EVIL}"))
    file.write_text(text, encoding="utf-8")
    ended([*command, str(file)], capsys)


def test_currencies_steer_nothing_where_they_are_several(
    make_result: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "result.json"
    file.write_text(dumps(hostile_currency(make_result())), encoding="utf-8")
    code, err = ended(["report", str(file)], capsys)
    assert (code, "$.memory_sizes[1].cost.per_invocation.currency: in USD" in err) == (2, True)


def test_a_run_id_steers_nothing_where_the_run_is_there_twice(
    make_result: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "result.json"
    file.write_text(dumps(replace(make_result(), run_id=f"a{EVIL}")), encoding="utf-8")
    code, err = ended(["report", str(file), str(file)], capsys)
    assert (code, "is there twice" in err) == (2, True)


@pytest.mark.parametrize(
    "error",
    [
        UsageError(f"It is {EVIL}.\nIndeed.", next_step=f"Do this:\n    the thing {EVIL}"),
        click.UsageError(f"No such thing: {EVIL}"),
        click.BadParameter(EVIL, param_hint=EVIL),
        click.FileError("a\x1b]0;owned\x07", hint=EVIL),
        click.ClickException(EVIL),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_error_steers_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def fails(**_: object) -> None:
        raise error

    monkeypatch.setattr(command_line.cli, "main", fails)
    _, err = ended(["report"], capsys)
    assert "\ufffd]0;owned" in err


def test_the_lines_and_the_indents_of_a_message_stay(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines("a\n    b  c\n\nd\t") == "a\n    b  c\n\nd"
    code, err = ended(["report", "--no-such-option"], capsys)
    assert code == 2
    assert err.splitlines()[0].startswith("Usage: ")
    assert err.splitlines()[-1].startswith("Error: No such option")


@pytest.mark.parametrize("phase", [Phase.SCORE, Phase.MEASURE])
def test_a_line_of_progress_steers_nothing_beyond_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], phase: Phase
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    told = Progress(phase=phase, detail=f"{EVIL}\n\nmore")
    with ProgressLine() as line:
        line.show(told)
        line.say(EVIL)
    err = capsys.readouterr().err
    assert "\n" not in err
    assert not STEERING.search(err.replace("\r\x1b[2K", ""))
    assert err.count("\r\x1b[2K") == 3


def test_nor_do_the_lines_of_a_run_that_is_watched_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    PhaseLines().show(Progress(phase=Phase.SCORE, detail=f"{EVIL}\nmore"))
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert not STEERING.search(err)
