"""How the result that a report is made of is found: by the beginning of a run id, the newest by the runs' own times,
and nothing that is larger than any result is read."""

import io
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from kept_runs import keep

from powertune.cli.report_source import choices, find, newest
from powertune.domain.result import TuningResult
from powertune.errors import UsageError
from powertune.wire import dumps, files, read_result
from powertune.workflow.history import runs_in_folder

Make = Callable[..., TuningResult]
OLD, NEW, OTHER = "20260901T080000-00000a", "20260902T080000-00000b", "20260902T090000-00000c"


@pytest.fixture
def results(make_result: Make, tmp_path: Path) -> Path:
    """Three runs, the oldest of which was written last, as copying leaves them."""
    folder = tmp_path / "powertune-results"
    for seconds, run_id in enumerate((OTHER, NEW, OLD)):
        run = keep(folder, make_result(run_id=run_id), report=True)
        os.utime(run / "result.json", (seconds, seconds))
    return folder


def refused(given: str | Path, results: Path) -> str:
    with pytest.raises(UsageError) as error:
        find(str(given), results)
    return f"{error.value.message} {error.value.next_step}"


def test_the_newest_runs_are_those_that_ran_last_not_those_that_were_written_last(results: Path) -> None:
    assert newest(results) == [OTHER, NEW, OLD]
    assert choices(results) == f"Name one; the newest in {results}: {OTHER}, {NEW}, {OLD}."


def test_a_run_of_another_name_is_as_old_as_its_file(results: Path, make_result: Make) -> None:
    run = keep(results, make_result(run_id="my-own-name"))
    os.utime(run / "result.json", (4_000_000_000, 4_000_000_000))
    assert newest(results) == ["my-own-name", OTHER, NEW, OLD]
    keep(results, make_result(run_id="20269999T999999-abcdef"))  # no day of any calendar
    assert len(newest(results)) == 5


def test_the_beginning_of_a_run_id_is_enough_where_only_one_begins_so(results: Path) -> None:
    assert find("20260901", results).result.run_id == OLD
    assert find("20260902T08", results).result.run_id == NEW


def test_the_beginning_of_several_run_ids_is_none_of_them(results: Path) -> None:
    said = refused("20260902", results)
    assert f"2 runs in {results} begin with 20260902." in said
    assert f"Give more of the run id, such as {OTHER}." in said
    assert "is no file, and no run in" in refused("2025", results)


def test_a_whole_run_id_counts_for_more_than_the_beginning_of_another(results: Path, make_result: Make) -> None:
    keep(results, make_result(run_id=f"{OLD}-arm64"))
    assert find(OLD, results).result.run_id == OLD


@pytest.mark.parametrize(("name", "what"), [("report.html", "page"), ("summary.json", "summary")])
def test_what_lies_beside_a_result_is_named_and_leads_to_it(results: Path, name: str, what: str) -> None:
    path = results / OLD / name
    said = refused(path, results)
    assert said == f"{path} is the {what} of a run, not its result. Give {results / OLD / 'result.json'}."


def test_a_page_that_lies_alone_is_named_too(results: Path, tmp_path: Path) -> None:
    path = (results / OLD / "report.html").rename(tmp_path / "mailed.html")
    assert refused(path, results) == f"{path} is the page of a run, not its result. Give its result.json."


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 5_000_000)


TOO_LARGE = "is larger than 2 GB, and so no result of a run."


def test_a_huge_file_is_refused_before_it_is_read(results: Path, tmp_path: Path) -> None:
    huge = tmp_path / "result.json"
    with huge.open("wb") as file:
        file.truncate(20 * 10**9)  # sparse: it takes no room
    assert f"{huge} {TOO_LARGE}" in refused(huge, results)
    with pytest.raises(UsageError, match="larger than 2 GB"):
        read_result(huge)
    run = results / OLD
    (run / "summary.json").unlink()
    huge.replace(run / "result.json")
    assert runs_in_folder(results).skipped == (f"{run / 'result.json'} {TOO_LARGE}",)


def test_a_device_is_not_read_as_a_result() -> None:
    with pytest.raises(UsageError, match="no result of a run"):
        read_result(Path("/dev/zero"))


@pytest.mark.usefixtures("small_limit")
def test_what_is_piped_in_is_read_up_to_the_limit(
    results: Path, monkeypatch: pytest.MonkeyPatch, make_result: Make
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"[" * 20_000_000)))
    assert "The input is larger than 0.005 GB" in refused("-", results)
    text = dumps(make_result()).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert find("-", results).result == make_result()


def test_a_pipe_with_a_name_is_read_up_to_the_limit(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 10_000)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    descriptor = os.open(pipe, os.O_RDWR)
    os.write(descriptor, b"[" * 20_000)  # and more may come: it stays open
    assert f"{pipe} is larger than 1e-05 GB" in refused(pipe, results)
    os.close(descriptor)


def test_a_number_of_thousands_of_digits_is_refused_in_our_words(
    results: Path, tmp_path: Path, make_result: Make
) -> None:
    text = dumps(replace(make_result(), samples=()), indent=1)
    path = tmp_path / "result.json"
    path.write_text(text.replace('"timeout_s": 30', f'"timeout_s": {"9" * 5_000}'), encoding="utf-8")
    said = refused(path, results)
    assert "a number in it has thousands of digits, as none that powertune writes" in said
    assert "set_int_max_str_digits" not in said
