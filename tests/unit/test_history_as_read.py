"""A history as it is met: runs close together, runs that cannot be read, runs that are older than was asked for."""

import json
import os
import stat
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from html_page import Page
from kept_runs import keep, run_on

from powertune.cli import history, history_words
from powertune.domain.history import summary_of
from powertune.errors import PowertuneError
from powertune.render.history import words
from powertune.render.history.charts import history_charts
from powertune.render.history.page import render_history_page
from powertune.workflow.history import runs_in_folder
from powertune.workflow.retention import delete, why_kept

ORDERS = "arn:aws:lambda:eu-central-1:123456789012:function:orders-api"
SECOND = 1 / 86_400


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "powertune-results"


def call(*arguments):
    return CliRunner().invoke(history.command, ["--no-bucket", *arguments], standalone_mode=False)


def page_of(made):
    return render_history_page([summary_of(run) for run in reversed(made)], version="0.1.0")


# --- the time axis ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "spacing"),
    [
        ([0, 20 * SECOND, 45 * SECOND], "even"),
        ([0, 5 * SECOND, 10 * SECOND, 30], "even"),
        ([0, 0.01, 10, 10.01, 20, 20.01], "even"),
        ([0, 1, 2, 3], "time"),
        ([0, 1, 5, 30], "time"),
        ([0], "time"),
        ([0, 0.5], "time"),
        ([number / 2 for number in range(300)], "time"),
    ],
)
def test_runs_that_would_lie_on_each_other_begin_evenly_spaced(make_result, days, spacing):
    source = page_of([run_on(make_result, day) for day in days])
    assert f'value="{spacing}" checked' in source
    assert source.count(" checked>") == 1


def test_by_date_a_minute_is_drawn_as_a_minute(make_result):
    runs = [summary_of(run_on(make_result, day)) for day in (0, 20 * SECOND, 45 * SECOND)]
    low, high = map(datetime.fromisoformat, history_charts(runs)["past-duration"]["page"]["range"])
    assert timedelta(seconds=45) < high - low < timedelta(minutes=5)


# --- the page ---------------------------------------------------------------------------------------------------


def test_where_no_run_was_on_aws_the_page_says_none(make_result, local_environment):
    local = [run_on(make_result, day, environment=local_environment) for day in range(2)]
    assert "None of these runs was on AWS." in Page(page_of(local)).text
    mixed = Page(page_of([run_on(make_result, 3), *local])).text
    assert "Not all on AWS." in mixed
    assert "None of these runs" not in mixed


def test_what_a_grid_does_not_claim_is_said(make_result):
    run = summary_of(run_on(make_result, 0))
    assert words.sure(run) == "no claim (grid)"
    told = Page(page_of([run_on(make_result, 0)])).text
    assert "A grid measures every size equally often and claims nothing of how sure its choice is." in told


# --- a list that is empty ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("1m", "None of 3 known runs of orders-api began in the last minute."),
        ("30d", "None of 3 known runs of orders-api began in the last 30 days."),
        ("1w", "None of 3 known runs of orders-api began in the last week."),
    ],
)
def test_where_all_runs_are_older_that_is_said(make_result, folder, monkeypatch, since, said):
    now = datetime(2027, 6, 1, tzinfo=UTC)
    monkeypatch.setattr(history_words, "datetime", type("Clock", (), {"now": staticmethod(lambda tz: now)}))
    for day in range(3):
        keep(folder, run_on(make_result, day))
    assert call("--function-arn", "orders-api", "--since", since).stdout == f"{said}\n"
    assert said in call("--function-arn", "orders-api", "--since", since, "--format", "html").stderr
    assert call("--function-arn", "mails", "--since", since).stdout == "No run of mails was kept.\n"
    assert call("--since", since).stdout == said.replace("of orders-api", "in powertune-results") + "\n"


def test_one_run_that_is_older_is_no_plural(make_result, folder):
    keep(folder, run_on(make_result, -3000))
    said = call("--function-arn", "orders-api", "--since", "2h").stdout
    assert said == "The only known run of orders-api did not begin in the last 2 hours.\n"


# --- runs that cannot be read -----------------------------------------------------------------------------------


def damaged(folder, number):
    for at in range(number):
        path = folder / f"broken-{at}"
        path.mkdir(parents=True)
        (path / "result.json").write_text("{", encoding="utf-8")


def test_damaged_runs_are_one_line_with_their_number_and_the_first_three(make_result, folder):
    keep(folder, run_on(make_result, 0))
    damaged(folder, 12)
    told = call("--function-arn", "orders-api").stderr.splitlines()
    assert len(told) == 1
    assert told[0].startswith("12 runs cannot be read and are left out: ")
    assert all(f"broken-{at}/result.json" in told[0] for at in (0, 1, 10))
    assert told[0].count("broken-") == 3
    assert told[0].endswith("; and 9 more.")


def test_one_damaged_run_is_named(folder):
    damaged(folder, 1)
    (told,) = call("--function-arn", "orders-api").stderr.splitlines()
    assert told.startswith("1 run cannot be read and is left out: powertune-results/broken-0/result.json ")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_result_that_is_no_file_is_named_and_never_waited_for(make_result, folder, make):
    run = run_on(make_result, 0)
    keep(folder, run)
    (folder / "odd").mkdir()
    make(folder / "odd" / "result.json")
    found = runs_in_folder(folder)
    assert [one.summary.run_id for one in found.runs] == [run.run_id]
    (said,) = found.skipped
    assert said.startswith(f"{folder / 'odd' / 'result.json'} is no file")


def test_a_folder_that_may_not_be_looked_into_hides_no_other_run(make_result, folder, monkeypatch):
    run = run_on(make_result, 0)
    keep(folder, run)
    closed = folder / "closed"
    closed.mkdir()
    usual = os.stat

    def refusing(path, **options):
        if str(path) == str(closed / "result.json"):
            raise PermissionError(13, "Permission denied")
        return usual(path, **options)

    monkeypatch.setattr(os, "stat", refusing)
    found = runs_in_folder(folder)
    assert [one.summary.run_id for one in found.runs] == [run.run_id]
    assert found.skipped == (f"{closed / 'result.json'} cannot be read: Permission denied.",)


# --- deleting ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_json", [False, True])
def test_a_run_that_was_to_go_and_could_not_is_no_success(make_result, folder, monkeypatch, as_json):
    runs = [run_on(make_result, day) for day in range(3)]
    for run in runs:
        keep(folder, run)

    def refused(self, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(folder), "rename", refused)
    more = ["--json"] if as_json else []
    done = call("--function-arn", ORDERS, "--delete-older-than", "1d", "--yes", *more)
    assert type(done.exception) is PowertuneError
    assert done.exception.exit_code == 1
    assert done.exception.message == "3 of 3 runs that were to go could not be deleted."
    if as_json:
        assert [one["run_id"] for one in json.loads(done.stdout)["kept"]] == [run.run_id for run in runs]
    else:
        assert done.stdout == "Deleted 0 of 3 runs.\n"
        assert done.stderr.count("could not be deleted: Permission denied; nothing of it is gone.") == 3


def test_a_run_whose_result_cannot_be_read_is_no_success_and_one_with_a_file_of_somebodys_is(make_result, folder):
    for day in range(2):
        keep(folder, run_on(make_result, day))
    first, second = sorted(folder.iterdir())
    (first / "notes.txt").touch()
    arguments = ("--function-arn", ORDERS, "--delete-older-than", "1d", "--yes")
    assert call(*arguments).return_value == 0
    assert not second.exists()
    (first / "notes.txt").unlink()
    (first / "result.json").write_text("{", encoding="utf-8")
    os.utime(first / "result.json", (0, 0))  # the summary is newer, and is what is listed
    done = call(*arguments)
    assert done.exception.message == "1 of 1 run that was to go could not be deleted."
    assert done.stdout == "Deleted 0 of 1 run.\n"
    assert "cannot be read" in done.stderr


def test_a_result_that_can_no_longer_be_read_is_not_said_to_have_changed(make_result, folder):
    keep(folder, run_on(make_result, 0))
    (run,) = runs_in_folder(folder).runs
    result = run.folder / "result.json"
    result.write_text("{", encoding="utf-8")
    assert why_kept(run) == f"the result in {run.folder} cannot be read"
    result.unlink()
    os.mkfifo(result)
    assert why_kept(run) == f"the result in {run.folder} cannot be read"
    assert stat.S_ISFIFO(result.lstat().st_mode)
    assert delete(run).kept
