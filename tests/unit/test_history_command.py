"""powertune history, as it is called; and powertune run --keep-runs."""

import csv
import dataclasses
import io
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_aws import ACCOUNT, REGION, FakeAws, refusal
from kept_runs import keep, run_on
from shown_runs import dry_run

from powertune.cli import deploy_options, history, history_source
from powertune.cli.keep_runs import keep_newest
from powertune.cli.main import cli
from powertune.cli.run_writing import written_to
from powertune.domain.history import RunSummary, summary_of
from powertune.errors import AwsError, Stopped, UsageError
from powertune.render.history.csv_table import COLUMNS
from powertune.store import S3Store
from powertune.wire import from_data
from powertune.workflow.archive import Archive
from powertune.workflow.history import runs_in_folder

ORDERS = "arn:aws:lambda:eu-central-1:123456789012:function:orders-api"
ELSEWHERE = ORDERS.replace("eu-central-1", "us-east-1")
OTHER_ACCOUNT = ORDERS.replace("123456789012", "999999999999")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "powertune-results"


def call(*arguments, answer=None):
    """What the command does without looking for a bucket."""
    return CliRunner().invoke(history.command, ["--no-bucket", *arguments], input=answer, standalone_mode=False)


def refused(*arguments):
    error = call(*arguments).exception
    assert isinstance(error, UsageError)
    assert error.next_step
    return error.message


def ids(done):
    return [run["run_id"] for run in json.loads(done.stdout)]


# --- listing ----------------------------------------------------------------------------------------------------


def test_the_runs_of_a_function_are_listed_newest_first_with_where_they_lie(make_result, folder):
    runs = [run_on(make_result, day) for day in (1, 3, 2)]
    for run in runs:
        keep(folder, run)
    done = call("--function-arn", ORDERS, "--json")
    assert ids(done) == [runs[1].run_id, runs[2].run_id, runs[0].run_id]
    data = json.loads(done.stdout)[0]
    assert data.pop("folder") == f"powertune-results/{runs[1].run_id}"
    assert from_data(data, RunSummary) == summary_of(runs[1])


def test_a_function_may_be_named_where_no_other_has_the_name(make_result, folder):
    keep(folder, run_on(make_result, 1))
    assert len(ids(call("--function-arn", "orders-api", "--json"))) == 1
    assert ids(call("--function-arn", "orders", "--json")) == []


@pytest.mark.parametrize("other", [ELSEWHERE, OTHER_ACCOUNT])
def test_a_name_of_two_functions_is_refused_with_their_arns(make_result, folder, other):
    keep(folder, run_on(make_result, 1))
    keep(folder, run_on(make_result, 2, arn=other))
    message = refused("--function-arn", "orders-api", "--json")
    assert ORDERS in message
    assert other in message
    assert len(ids(call("--function-arn", other, "--json"))) == 1


def test_a_region_tells_two_functions_of_one_name_apart(make_result, folder):
    keep(folder, run_on(make_result, 1))
    keep(folder, run_on(make_result, 2, arn=ELSEWHERE))
    (run_id,) = ids(call("--function-arn", "orders-api", "--region", "us-east-1", "--json"))
    assert run_id == run_on(make_result, 2).run_id


@pytest.mark.parametrize("text", ["", "two words", "../etc", "a" * 65, f"{ORDERS}:live", "arn:aws:s3:::bucket"])
def test_what_is_no_function_is_refused(folder, text):
    assert refused("--function-arn", text)


def test_a_region_that_the_arn_contradicts_is_refused(folder):
    assert "not in us-east-1" in refused("--function-arn", ORDERS, "--region", "us-east-1")


def test_without_a_function_all_are_listed_with_the_number_of_their_runs(make_result, folder):
    for day in range(3):
        keep(folder, run_on(make_result, day))
    keep(folder, run_on(make_result, 9, arn=ELSEWHERE))
    data = json.loads(call("--json").stdout)
    assert [(one["function_arn"], one["runs"]) for one in data] == [(ELSEWHERE, 1), (ORDERS, 3)]
    assert data[1]["last_run"]["run_id"] == run_on(make_result, 2).run_id
    lines = call().stdout.splitlines()
    assert lines[2].startswith(ELSEWHERE)
    assert lines[3].startswith(ORDERS)


@pytest.mark.parametrize("named", [(), ("--function-arn", ORDERS)])
def test_no_run_at_all_is_a_sentence_and_an_empty_list(folder, named):
    done = call(*named)
    assert (done.exception, done.stdout.count("\n")) == (None, 1)
    assert "was kept" in done.stdout
    assert json.loads(call(*named, "--json").stdout) == []
    assert len(call(*named, "--format", "csv").stdout.splitlines()) == 1


def test_no_run_makes_no_page(folder):
    done = call("--function-arn", ORDERS, "--format", "html")
    assert done.exception is None
    assert "nothing to draw" in done.stderr
    assert not folder.exists()


def test_the_last_runs_are_listed_and_those_since_a_time(make_result, folder):
    now = datetime.now(tz=UTC)
    for days in (1, 10, 100):
        begun = now - timedelta(days=days)
        run = dataclasses.replace(run_on(make_result, days), started_at=begun.isoformat())
        keep(folder, run)
    assert len(ids(call("--function-arn", ORDERS, "--last", "2", "--json"))) == 2
    assert len(ids(call("--function-arn", ORDERS, "--since", "30d", "--json"))) == 2
    assert len(ids(call("--function-arn", ORDERS, "--since", "48h", "--json"))) == 1
    assert "'soon' is no length of time" in refused("--function-arn", ORDERS, "--since", "soon")


def test_a_damaged_result_is_one_line_on_standard_error(make_result, folder):
    keep(folder, run_on(make_result, 1))
    (folder / "broken").mkdir()
    (folder / "broken" / "result.json").write_text('{"a": "\x1b[31m\n', encoding="utf-8")
    done = call("--function-arn", ORDERS, "--json")
    assert len(ids(done)) == 1
    assert len(done.stderr.splitlines()) == 1
    assert "broken/result.json" in done.stderr
    assert "\x1b" not in done.stderr


def test_csv_has_a_line_for_each_run_with_the_columns_that_the_page_lists(make_result, folder):
    run = run_on(make_result, 1)
    keep(folder, run)
    (row,) = csv.DictReader(io.StringIO(call("--function-arn", ORDERS, "--format", "csv").stdout))
    brief = summary_of(run)
    assert tuple(row) == COLUMNS
    assert float(row["present_mean_ms"]) == brief.present.duration_ms.mean
    assert Decimal(row["recommended_cost_per_million"]) == brief.recommended.cost.per_million.amount
    assert row["regret_bound"] == ""


def test_a_formula_in_a_foreign_text_is_no_formula_in_a_spreadsheet(make_result, folder):
    run = dataclasses.replace(run_on(make_result, 1), run_id="=1+1")
    keep(folder, run)
    (row,) = csv.DictReader(io.StringIO(call("--function-arn", ORDERS, "--format", "csv").stdout))
    assert not row["run_id"].startswith("=")


def test_every_column_of_the_csv_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "history.md").read_text(encoding="utf-8")
    for column in COLUMNS:
        assert f"`{column}`" in page or column.startswith("recommended_"), column


# --- the page ---------------------------------------------------------------------------------------------------


def test_the_page_goes_beside_the_runs_and_links_to_the_reports_there(make_result, folder):
    keep(folder, run_on(make_result, 1), report=True)
    keep(folder, run_on(make_result, 2))
    done = call("--function-arn", ORDERS, "--format", "html")
    page = (folder / "history-orders-api.html").read_text(encoding="utf-8")
    assert "history-orders-api.html" in done.stderr
    assert page.count('<a href="2026') == 1
    assert f'href="{run_on(make_result, 1).run_id}/report.html"' in page


def test_a_page_elsewhere_names_no_path(make_result, folder, tmp_path):
    keep(folder, run_on(make_result, 1), report=True)
    call("--function-arn", ORDERS, "--format", "html", "--output", "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert 'report.html"' not in page
    assert str(tmp_path) not in page
    assert "powertune-results" not in page


def test_a_file_that_powertune_did_not_write_is_not_replaced_unless_forced(make_result, folder, tmp_path):
    keep(folder, run_on(make_result, 1))
    mine = tmp_path / "mine.html"
    mine.write_text("mine", encoding="utf-8")
    assert "already there" in refused("--function-arn", ORDERS, "--format", "html", "--output", "mine.html")
    assert mine.read_text(encoding="utf-8") == "mine"
    assert call("--function-arn", ORDERS, "--format", "html", "--output", "mine.html", "--force").exception is None
    assert mine.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("named", [(), ("--function-arn", ORDERS)])
def test_csv_of_a_history_is_replaced_by_a_newer_one_and_no_other_csv_is(make_result, folder, tmp_path, named):
    keep(folder, run_on(make_result, 1))
    arguments = (*named, "--format", "csv", "--output", "runs.csv")
    assert call(*arguments).exception is None
    keep(folder, run_on(make_result, 2))
    assert call(*arguments).exception is None
    assert run_on(make_result, 2).run_id in (tmp_path / "runs.csv").read_text(encoding="utf-8")
    for text in ("a,b\n1,2\n", "run_id,function_arn,architecture,memory_mb,\n"):
        (tmp_path / "runs.csv").write_text(text, encoding="utf-8")
        assert "nothing in it says that powertune wrote it" in refused(*arguments)
        assert (tmp_path / "runs.csv").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "html"),
        ("--function-arn", ORDERS, "--json", "--format", "csv"),
        ("--function-arn", ORDERS, "--open", "--format", "csv"),
        ("--function-arn", ORDERS, "--open", "--output", "-"),
        ("--function-arn", ORDERS, "--yes"),
        ("--delete-older-than", "90d", "--yes"),
        ("--function-arn", ORDERS, "--delete-older-than", "90d", "--yes", "--format", "csv"),
        ("--function-arn", ORDERS, "--delete-older-than", "never", "--yes"),
    ],
)
def test_what_contradicts_itself_is_refused(folder, arguments):
    assert refused(*arguments)


# --- the bucket -------------------------------------------------------------------------------------------------


class Aws(FakeAws):
    region = REGION

    def get_caller_identity(self):
        return {"Account": ACCOUNT}

    def keep(self, run):
        archive = Archive(S3Store(self.client("s3"), "bucket"), run.run_id)
        archive.save_result(run)
        archive.save_summary(run)


@pytest.fixture
def aws(monkeypatch):
    made = Aws()

    def session(options, region):
        made.region = region or REGION
        return made

    monkeypatch.setattr(history_source, "home_session_of", session)
    return made


def everywhere(*arguments):
    return CliRunner().invoke(history.command, list(arguments), standalone_mode=False)


def test_runs_of_both_places_are_listed_once(make_result, folder, aws):
    runs = [run_on(make_result, day) for day in (1, 2)]
    keep(folder, runs[0])
    for run in runs:
        aws.keep(run)
    aws.keep(run_on(make_result, 3, arn=ELSEWHERE))
    data = json.loads(everywhere("--function-arn", ORDERS, "--json").stdout)
    assert [(run["run_id"], run["folder"] is None) for run in data] == [
        (runs[1].run_id, True),
        (runs[0].run_id, False),
    ]
    assert {one["function_arn"] for one in json.loads(everywhere("--json").stdout)} == {ORDERS, ELSEWHERE}


def test_a_name_of_two_functions_is_refused_wherever_their_runs_lie(make_result, folder, aws):
    keep(folder, run_on(make_result, 1))
    aws.keep(run_on(make_result, 2, arn=ELSEWHERE))
    error = everywhere("--function-arn", "orders-api", "--last", "1").exception
    assert isinstance(error, UsageError)
    assert ELSEWHERE in error.message


@pytest.mark.parametrize(
    ("code", "said"),
    [("NoSuchBucket", "there is no bucket of a powertune stack in eu-central-1"), ("AccessDenied", "denied")],
)
def test_without_a_bucket_the_local_runs_are_listed_and_one_line_says_why(
    make_result, folder, aws, monkeypatch, code, said
):
    def refuse(**_):
        raise refusal("ListObjectsV2", code)

    monkeypatch.setattr(aws, "list_objects_v2", refuse)
    keep(folder, run_on(make_result, 1))
    done = everywhere("--function-arn", ORDERS, "--json")
    assert len(ids(done)) == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("Only the runs in powertune-results are listed: ")
    assert said in done.stderr


def test_without_credentials_the_local_runs_are_listed(make_result, folder, monkeypatch):
    def none(*_):
        raise AwsError("No AWS credentials were found.")

    monkeypatch.setattr(history_source, "home_session_of", none)
    keep(folder, run_on(make_result, 1))
    done = everywhere("--json")
    assert len(json.loads(done.stdout)) == 1
    assert "No AWS credentials were found." in done.stderr


def test_for_a_function_of_the_embedded_endpoint_nobody_is_asked(make_result, folder, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(history_source, "home_session_of", lambda *_: pytest.fail("AWS was asked"))
    local = ORDERS.replace("123456789012", "0" * 12)
    keep(folder, run_on(make_result, 1, arn=local))
    done = everywhere("--function-arn", local, "--json")
    assert (len(ids(done)), done.stderr) == (1, "")


# --- deleting ---------------------------------------------------------------------------------------------------


@pytest.fixture
def three(make_result, folder):
    """Runs of three ages, and one of another function; their ids from the oldest."""
    now, made = datetime.now(tz=UTC), []
    for days in (200, 100, 1):
        run = dataclasses.replace(run_on(make_result, 300 - days), started_at=(now - timedelta(days=days)).isoformat())
        keep(folder, run, report=days == 200)
        made.append(run.run_id)
    keep(folder, run_on(make_result, 0, arn=ELSEWHERE))
    return made


def test_old_runs_are_named_and_deleted_after_a_yes(three, folder, monkeypatch):
    monkeypatch.setattr(deploy_options, "somebody_is_there", lambda: True)
    (folder / three[1] / "notes.txt").write_text("mine", encoding="utf-8")
    done = call("--function-arn", ORDERS, "--delete-older-than", "90d", answer="y\n")
    assert three[0] in done.stderr
    assert three[2] not in done.stderr
    assert done.stdout.startswith("Deleted 1 of 3 runs.")
    assert "notes.txt" in done.stderr
    assert len(runs_in_folder(folder).runs) == 3
    assert not (folder / three[0]).exists()


def test_before_the_question_only_what_will_go_is_named_and_what_stays_with_its_reason(three, folder, monkeypatch):
    monkeypatch.setattr(deploy_options, "somebody_is_there", lambda: True)
    (folder / three[1] / "notes.txt").write_text("mine", encoding="utf-8")
    done = call("--function-arn", ORDERS, "--delete-older-than", "90d", answer="n\n")
    going, _, staying = done.stderr.partition("Not deleted:")
    assert "is deleted:" in going
    assert three[0] in going
    assert three[1] not in going
    assert re.search(f"^  - [0-9: -]+  {three[1]}: ", staying, re.MULTILINE)
    assert "also holds notes.txt" in staying


def test_where_all_that_is_old_stays_nothing_is_asked(three, folder, monkeypatch):
    monkeypatch.setattr(deploy_options, "somebody_is_there", lambda: True)
    monkeypatch.setattr(deploy_options, "agreed", lambda _: pytest.fail("a question"))
    for name in three[:2]:
        (folder / name / "notes.txt").write_text("mine", encoding="utf-8")
    done = call("--function-arn", ORDERS, "--delete-older-than", "90d")
    assert done.stdout == "Deleted 0 of 3 runs.\n"
    assert done.stderr.count("also holds notes.txt") == 2
    assert "deleted:" not in done.stderr.replace("Not deleted:", "")


def test_one_run_is_one_run(make_result, folder):
    keep(folder, run_on(make_result, 0))
    done = call("--function-arn", ORDERS, "--delete-older-than", "1m", "--yes")
    assert done.stdout == "Deleted the only run.\n"
    keep(folder, dataclasses.replace(run_on(make_result, 0), started_at=datetime.now(tz=UTC).isoformat()))
    assert call("--function-arn", ORDERS, "--delete-older-than", "90d", "--yes").stdout == "Deleted 0 of 1 run.\n"


@pytest.mark.parametrize("more", [("--last", "50"), ("--last", "5"), ("--since", "100d"), ("--force",)])
def test_what_narrows_a_list_is_refused_beside_a_deletion(three, folder, more):
    message = refused("--function-arn", ORDERS, "--delete-older-than", "90d", "--yes", *more)
    assert more[0] in message
    assert len(runs_in_folder(folder).runs) == 4


def test_nothing_is_deleted_after_a_no_or_where_nobody_can_be_asked(three, folder, monkeypatch):
    assert "Nobody can be asked" in refused("--function-arn", ORDERS, "--delete-older-than", "90d")
    monkeypatch.setattr(deploy_options, "somebody_is_there", lambda: True)
    done = call("--function-arn", ORDERS, "--delete-older-than", "90d", answer="n\n")
    assert isinstance(done.exception, Stopped)
    assert len(runs_in_folder(folder).runs) == 4


def test_what_was_deleted_is_told_to_scripts(three, folder):
    (folder / three[1] / "notes.txt").write_text("mine", encoding="utf-8")
    data = json.loads(call("--function-arn", ORDERS, "--delete-older-than", "90d", "--yes", "--json").stdout)
    assert data["deleted"] == [three[0]]
    assert [one["run_id"] for one in data["kept"]] == [three[1]]


def test_where_nothing_is_old_nothing_is_asked(three, folder, monkeypatch):
    monkeypatch.setattr(deploy_options, "somebody_is_there", lambda: True)
    monkeypatch.setattr(deploy_options, "agreed", lambda _: pytest.fail("a question"))
    assert call("--function-arn", ORDERS, "--delete-older-than", "52w").stdout == "Deleted 0 of 3 runs.\n"


# --- powertune run --keep-runs ----------------------------------------------------------------------------------


def test_a_run_writes_its_summary_beside_its_result(make_result, folder):
    result = run_on(make_result, 1)
    where = folder / result.run_id
    assert written_to(where, result) == {"result.json", "report.html"}
    assert {path.name for path in where.iterdir()} == {"result.json", "summary.json", "report.html"}
    assert [run.summary for run in runs_in_folder(folder).runs] == [summary_of(result)]


def test_the_newest_runs_of_the_function_are_kept_and_other_functions_are_left(make_result, folder, capsys):
    for day in range(4):
        keep(folder, run_on(make_result, day))
        keep(folder, run_on(make_result, day + 0.5, arn=ELSEWHERE))
    keep_newest(run_on(make_result, 3), folder, 2)
    left = {run.summary.run_id for run in runs_in_folder(folder).runs if str(run.summary.function_arn) == ORDERS}
    assert left == {run_on(make_result, day).run_id for day in (2, 3)}
    assert len(runs_in_folder(folder).runs) == 6
    assert "Deleted 2 older runs of orders-api" in capsys.readouterr().err


def test_a_dry_run_deletes_no_measurement(make_result, folder, capsys):
    for day in range(4):
        keep(folder, run_on(make_result, day))
    dry = dataclasses.replace(dry_run(make_result), run_id="dry", started_at="2026-12-01T00:00:00+00:00")
    keep(folder, dry)
    keep_newest(dry, folder, 1)
    assert len(runs_in_folder(folder).runs) == 5
    assert capsys.readouterr().err == ""


def test_all_runs_are_kept_unless_a_number_is_given(make_result, folder, capsys):
    for day in range(4):
        keep(folder, run_on(make_result, day))
    keep_newest(run_on(make_result, 3), folder, None)
    keep_newest(run_on(make_result, 3), folder, 4)
    assert len(runs_in_folder(folder).runs) == 4
    assert capsys.readouterr().err == ""


def test_a_run_with_notes_in_its_folder_is_kept_and_named(make_result, folder, capsys):
    for day in range(3):
        keep(folder, run_on(make_result, day))
    (folder / run_on(make_result, 0).run_id / "why.md").write_text("mine", encoding="utf-8")
    keep_newest(run_on(make_result, 2), folder, 1)
    said = capsys.readouterr().err
    assert "Deleted 1 older run of orders-api" in said
    assert "why.md" in said
    assert len(runs_in_folder(folder).runs) == 2


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_a_number_of_runs_that_cannot_be_meant_is_refused_before_anything_is_done(number):
    arguments = ["run", "--function-arn", ORDERS, "--keep-runs", number]
    given = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert "--keep-runs" in given.exception.format_message()
    variable = CliRunner(env={"POWERTUNE_KEEP_RUNS": number}).invoke(cli, arguments[:3], standalone_mode=False)
    assert "POWERTUNE_KEEP_RUNS" in variable.exception.format_message() or "--keep-runs" in (
        variable.exception.format_message()
    )
