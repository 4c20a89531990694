"""A run's answer was paid for: it is shown, and kept as far as there is room, whatever cannot be written."""

import errno
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from powertune.cli import run
from powertune.cli.main import main
from powertune.domain.result import TuningResult
from powertune.store import FolderStore
from powertune.wire import dumps, result_from_text

Make = Callable[..., TuningResult]
NAMES = ("result.json", "summary.json", "report.html")
EVIL = "\x1b]0;owned\x07\u202eback"


@dataclass(frozen=True, slots=True)
class Told:
    code: Any
    out: str
    err: str


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Runs the command on what a run found, with files that cannot be written."""

    def end(result: TuningResult, *options: str, full: tuple[str, ...] = ()) -> Told:
        @contextmanager
        def place(**_: Any) -> Any:
            yield None, result.request

        write = Path.write_text

        def write_text(path: Path, text: str, **how: Any) -> int:
            if any(path.name.startswith(name) for name in full):
                write(path, text[:10], **how)
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(path, text, **how)

        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(run, "_place", place)
        monkeypatch.setattr(run, "check_template", lambda *_: None)
        monkeypatch.setattr(run, "confirm", lambda *_: None)
        monkeypatch.setattr(run, "drive_all", lambda *_: result)
        monkeypatch.setattr(Path, "write_text", write_text)
        with pytest.raises(SystemExit) as ended:
            main(["run", "--local", "here", *options])
        out, err = capsys.readouterr()
        return Told(ended.value.code, out, err)

    return end


def kept(result: TuningResult) -> list[str]:
    return sorted(path.name for path in (Path("powertune-results") / result.run_id).iterdir())


def test_with_room_for_all_there_is_all_and_no_word_of_it(make_result: Make, ran: Callable[..., Told]) -> None:
    result = make_result()
    told = ran(result)
    assert (told.code, told.err) == (0, "")
    assert kept(result) == sorted(NAMES)
    assert told.out.endswith(f"Result: powertune-results/{result.run_id}/result.json\n")


@pytest.mark.parametrize("name", ["report.html", "summary.json"])
def test_without_room_for_what_can_be_made_again_the_answer_is_shown_and_kept(
    make_result: Make, ran: Callable[..., Told], name: str
) -> None:
    result = make_result()
    told = ran(result, full=(name,))
    assert told.code == 0
    assert "Use 1,769 MB instead of 512 MB" in told.out
    assert "Result: powertune-results" in told.out
    assert "could not be written to powertune-results" in told.err
    assert "No space left on device" in told.err
    assert kept(result) == sorted({*NAMES} - {name})
    assert ("report.html" in told.out) == (name != "report.html")


def test_without_room_for_the_report_it_is_said_how_to_make_it(make_result: Make, ran: Callable[..., Told]) -> None:
    result = make_result()
    told = ran(result, full=("report.html",))
    assert f"powertune report powertune-results/{result.run_id} --format html" in told.err
    assert f"The result is in powertune-results/{result.run_id}/result.json." in told.err


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_without_room_for_the_result_the_answer_is_shown_all_the_same(
    make_result: Make, ran: Callable[..., Told], options: tuple[str, ...]
) -> None:
    result = make_result()
    told = ran(result, *options, full=NAMES)
    assert told.code == 2
    assert "The result could not be written to powertune-results" in told.err
    assert "Nothing of this run is kept but what is shown here." in told.err
    assert kept(result) == []
    if options:
        assert result_from_text(told.out, "the output") == result
        assert "report" not in json.loads(told.out)
    else:
        assert "Use 1,769 MB instead of 512 MB" in told.out
        assert "Result:" not in told.out


def test_a_function_that_was_not_put_back_comes_before_files_that_were_not_written(
    make_result: Make, ran: Callable[..., Told]
) -> None:
    told = ran(make_result(restored=False), full=NAMES)
    assert told.code == 6
    assert "The result could not be written" in told.err


def test_a_functions_own_words_steer_nothing_in_the_last_line_of_a_run(
    make_result: Make, ran: Callable[..., Told]
) -> None:
    result = make_result(failing_mb=(128, 256, 512, 1024, 1769, 3008), best_mb=None)
    rows = tuple(replace(size, reason=f"failed: {EVIL}") for size in result.memory_sizes)
    samples = tuple(replace(sample, error_message=EVIL) for sample in result.samples)
    told = ran(replace(result, memory_sizes=rows, samples=samples))
    assert told.code == 4
    assert "worked at none of the memory sizes: failed:" in told.err
    assert not {"\x1b", "\x07", "\u202e"} & set(told.out + told.err)


def test_a_store_leaves_no_half_file_where_there_is_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def write_text(path: Path, text: str, **how: Any) -> int:
        write(path, text[:3], **how)
        raise OSError(errno.ENOSPC, "No space left on device")

    FolderStore(tmp_path).put("a.json", "old")
    monkeypatch.setattr(Path, "write_text", write_text)
    with pytest.raises(OSError, match="No space"):
        FolderStore(tmp_path).put("a.json", "new text")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_text() == "old"


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "result.json"),
        ("report", "result.json", "--json"),
        ("explain", "result.json"),
        ("--version",),
        ("prices", "show"),
    ],
    ids=" ".join,
)
def test_a_full_disk_behind_the_output_is_said_in_a_sentence(
    make_result: Make, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "result.json").write_text(dumps(make_result()), encoding="utf-8")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "powertune", *arguments],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == (
        "powertune: The standard output cannot be written: No space left on device.\n"
        "Make room, or write to another place.\n"
    )
