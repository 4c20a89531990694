"""Where kept runs are found: the results folder, and the bucket of the stack; and which of the local ones go."""

import dataclasses
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from fake_aws import ACCOUNT, ARN, REGION, FakeAws, FakeClock, refusal
from kept_runs import FIRST, keep, run_on
from policed_aws import PolicedAws
from shown_runs import cold_run, dry_run

from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.history import summary_of
from powertune.domain.request import TuningRequest
from powertune.domain.result import SCHEMA_VERSION, ArchitectureRun, Environment
from powertune.errors import AwsError
from powertune.permissions import Mode, Scope, statements_for
from powertune.store import MemoryStore, S3Store
from powertune.wire import dumps, to_data
from powertune.workflow.archive import Archive
from powertune.workflow.direct import run_direct
from powertune.workflow.history import is_no_bucket, newest_first, runs_in_bucket, runs_in_folder
from powertune.workflow.retention import delete, older_than, to_delete
from powertune.workflow.services import Services

BUCKET = f"powertune-{ACCOUNT}-{REGION}"
DATA = Path(__file__).parents[1] / "data"
SIZES_MB = (128, 256, 512, 1024, 1769, 3008)


def ids(kept):
    return [run.summary.run_id for run in kept]


def everything(_):
    return True


# --- the folder -------------------------------------------------------------------------------------------------


def test_runs_in_a_folder_are_found_and_other_folders_and_files_are_ignored(make_result, tmp_path):
    runs = [run_on(make_result, day) for day in (1, 2)]
    for run in runs:
        keep(tmp_path, run)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.txt").write_text("none of it", encoding="utf-8")
    (tmp_path / "history-orders-api.html").write_text("a page", encoding="utf-8")
    found = runs_in_folder(tmp_path)
    assert [run.summary for run in newest_first(found.runs)] == [summary_of(run) for run in runs[::-1]]
    assert found.skipped == ()


def test_a_folder_that_is_not_there_holds_no_run(tmp_path):
    assert runs_in_folder(tmp_path / "nowhere") == runs_in_folder(tmp_path)
    assert runs_in_folder(tmp_path).runs == ()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": 4}', "\x00"])
def test_a_damaged_result_is_named_and_the_others_are_listed(make_result, tmp_path, text):
    keep(tmp_path, run_on(make_result, 1))
    broken = keep(tmp_path, run_on(make_result, 2), summary=False)
    (broken / "result.json").write_text(text, encoding="utf-8")
    found = runs_in_folder(tmp_path)
    assert len(found.runs) == 1
    assert len(found.skipped) == 1
    assert str(broken / "result.json") in found.skipped[0]


def test_a_result_of_a_newer_powertune_is_named(make_result, tmp_path):
    folder = keep(tmp_path, run_on(make_result, 1), summary=False)
    data = {**to_data(make_result()), "schema_version": SCHEMA_VERSION + 1}
    (folder / "result.json").write_text(json.dumps(data), encoding="utf-8")
    assert "newer powertune" in runs_in_folder(tmp_path).skipped[0]


@pytest.mark.parametrize("path", sorted(DATA.glob("result-schema-*.json")), ids=lambda path: path.stem)
def test_results_of_every_earlier_schema_are_found(tmp_path, path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "result.json").write_bytes(path.read_bytes())
    assert len(runs_in_folder(tmp_path).runs) == 1


def test_a_result_without_a_summary_is_read_itself_and_its_samples_are_not(make_result, tmp_path):
    folder = keep(tmp_path, run_on(make_result, 1), summary=False)
    data = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    data["samples"] = [{"nobody": "looks"}] * 3
    (folder / "result.json").write_text(json.dumps(data), encoding="utf-8")
    assert ids(runs_in_folder(tmp_path).runs) == [data["run_id"]]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 99}', "\x00", "9" * 5_000, "[" * 100_000, None])
def test_a_summary_that_cannot_be_read_is_made_anew_from_the_result(make_result, tmp_path, text):
    run = run_on(make_result, 1)
    folder = keep(tmp_path, run)
    (folder / "summary.json").write_bytes(b"\xff\xfe" if text is None else text.encode())
    found = runs_in_folder(tmp_path)
    assert [one.summary for one in found.runs] == [summary_of(run)]
    assert found.skipped == ()


def test_a_summary_of_another_run_is_not_taken_for_this_one(make_result, tmp_path):
    run, other = run_on(make_result, 1), run_on(make_result, 2)
    folder = keep(tmp_path, run)
    (folder / "summary.json").write_text(dumps(summary_of(other)), encoding="utf-8")
    assert [one.summary for one in runs_in_folder(tmp_path).runs] == [summary_of(run)]


def test_what_an_interrupted_write_left_is_in_the_way_of_nothing(make_result, tmp_path):
    run = run_on(make_result, 1)
    folder = keep(tmp_path, run)
    for name in ("result.json", "summary.json", "report.html"):
        (folder / f"{name}.partial").write_text("{", encoding="utf-8")
    (tmp_path / "died").mkdir()
    (tmp_path / "died" / "result.json.partial").write_text("{", encoding="utf-8")
    found = runs_in_folder(tmp_path)
    assert [one.summary for one in found.runs] == [summary_of(run)]
    assert found.skipped == ()
    assert delete(found.runs[0]).kept is None
    assert [path.name for path in tmp_path.iterdir()] == ["died"]


def test_a_result_that_was_replaced_later_is_not_taken_for_what_its_summary_says(make_result, tmp_path):
    run = run_on(make_result, 1)
    folder = keep(tmp_path, run)
    (folder / "result.json").write_text(dumps(dataclasses.replace(run, restored=False)), encoding="utf-8")
    later = (folder / "summary.json").stat().st_mtime_ns + 1_000_000
    os.utime(folder / "result.json", ns=(later, later))
    assert not runs_in_folder(tmp_path).runs[0].summary.restored


def test_a_run_that_lies_in_both_places_is_listed_once_with_its_folder(make_result, tmp_path):
    run = run_on(make_result, 1)
    keep(tmp_path, run)
    local = runs_in_folder(tmp_path).runs
    far = [dataclasses.replace(one, folder=None) for one in local]
    for order in ([*local, *far], [*far, *local]):
        assert [one.folder for one in newest_first(order)] == [tmp_path / run.run_id]


def test_a_run_without_a_time_comes_last_and_one_from_the_future_first(make_result, tmp_path):
    lost = dataclasses.replace(run_on(make_result, 5), started_at="yesterday")
    for run in (run_on(make_result, 1), lost, run_on(make_result, 40_000)):
        keep(tmp_path, run)
    found = newest_first(runs_in_folder(tmp_path).runs)
    assert [run.summary.started_at[:4] for run in found] == ["2136", "2026", "yest"]


def both(build, day):
    """A run on two instruction sets: the whole, and its part on the other one."""
    part = dataclasses.replace(run_on(build, day), run_id=f"{run_on(build, day).run_id}-x86-64")
    other = ArchitectureRun(architecture=Architecture.X86_64, run_id=part.run_id, spend=part.spend)
    whole = run_on(build, day, architectures=(other,))
    return dataclasses.replace(whole, run_id=f"{whole.run_id}-arm64"), part


def test_a_run_on_two_instruction_sets_is_one_run(make_result, tmp_path):
    whole, part = both(make_result, 1)
    for run in (part, whole, run_on(make_result, 2)):
        keep(tmp_path, run)
    found = newest_first(runs_in_folder(tmp_path).runs)
    assert ids(found) == [run_on(make_result, 2).run_id, whole.run_id]
    assert found[1].summary.cost.amount == 2 * part.spend.total_cost.amount


def test_runs_that_name_each_other_as_parts_do_not_hide_each_other(make_result, tmp_path):
    runs = [run_on(make_result, day) for day in (1, 2)]
    for run, other in zip(runs, runs[::-1], strict=True):
        named = ArchitectureRun(architecture=Architecture.X86_64, run_id=other.run_id)
        keep(tmp_path, dataclasses.replace(run, architectures=(named,)))
    assert len(newest_first(runs_in_folder(tmp_path).runs)) == 2


# --- the bucket -------------------------------------------------------------------------------------------------


class Bucket(FakeAws):
    """Counts what is read."""

    def __init__(self):
        super().__init__()
        self.read = []

    def get_object(self, Bucket, Key):
        self.read.append(Key)
        return super().get_object(Bucket, Key)

    def keep(self, run, *, summary=True):
        archive = Archive(self.store(), run.run_id)
        archive.save_result(run)
        if summary:
            archive.save_summary(run)

    def store(self):
        return S3Store(self.client("s3"), BUCKET)

    def runs(self, **more):
        return runs_in_bucket(self.store(), ACCOUNT, **{"wanted": everything, **more})


def test_runs_in_the_bucket_are_read_by_their_summaries_alone(make_result):
    aws, runs = Bucket(), [run_on(make_result, day) for day in range(5)]
    for run in runs:
        aws.keep(run)
        aws.objects[f"runs/{run.run_id}/samples/001.jsonl"] = b"much"
    found = aws.runs()
    assert {run.summary.run_id for run in found.runs} == {run.run_id for run in runs}
    assert {key.rpartition("/")[2] for key in aws.read} == {"summary.json"}


def test_a_run_in_the_bucket_without_a_summary_is_read_whole_and_one_without_a_result_is_no_run(make_result):
    aws = Bucket()
    aws.keep(run_on(make_result, 1), summary=False)
    aws.objects["runs/20260901T080000-abcdef/request.json"] = b"{}"
    aws.objects["runs/mine/progress.json"] = b"{}"
    found = aws.runs()
    assert [run.summary.run_id for run in found.runs] == [run_on(make_result, 1).run_id]
    assert found.skipped == ()


def test_a_damaged_result_in_the_bucket_is_named_and_the_others_are_listed(make_result):
    aws = Bucket()
    aws.keep(run_on(make_result, 1))
    aws.objects["runs/broken/result.json"] = b'{"schema_version": 1'
    aws.objects["runs/bytes/result.json"] = b"\xff\xfe"
    found = aws.runs()
    assert len(found.runs) == 1
    assert sorted("broken" in text for text in found.skipped) == [False, True]
    assert all("in the bucket" in text for text in found.skipped)


def test_of_a_thousand_runs_the_newest_are_read_and_not_the_rest(make_result):
    aws, run = Bucket(), run_on(make_result, 0)
    brief = summary_of(run)
    for number in range(1_000):
        begun = FIRST + timedelta(hours=number)
        run_id = f"{begun:%Y%m%dT%H%M%S}-{number:06x}"
        text = dumps(dataclasses.replace(brief, run_id=run_id, started_at=begun.isoformat()))
        aws.objects[f"runs/{run_id}/summary.json"] = text.encode()
    found = aws.runs(last=10)
    assert len(aws.read) < 100
    assert [run.summary.started_at for run in newest_first(found.runs)][:10] == [
        (FIRST + timedelta(hours=number)).isoformat() for number in range(999, 989, -1)
    ]


def test_runs_whose_ids_say_nothing_of_their_time_are_all_read(make_result):
    aws = Bucket()
    for day in range(3):
        aws.keep(dataclasses.replace(run_on(make_result, day), run_id=f"nightly-{day}"))
    aws.keep(run_on(make_result, 9))
    assert len(aws.runs(last=1).runs) == 4


def test_runs_that_are_too_old_by_their_ids_are_not_read(make_result):
    aws = Bucket()
    for day in (0, 10, 20):
        aws.keep(run_on(make_result, day))
    assert len(aws.runs(since=FIRST + timedelta(days=15)).runs) == 1
    assert len(aws.read) == 1
    # A clock may have been wrong by some hours.
    assert len(aws.runs(since=FIRST + timedelta(days=20.5)).runs) == 1


def test_only_the_wanted_runs_are_given(make_result):
    aws = Bucket()
    aws.keep(run_on(make_result, 1))
    aws.keep(run_on(make_result, 2, arn=ARN))
    found = aws.runs(wanted=lambda run: str(run.function_arn) == ARN)
    assert [str(run.summary.function_arn) for run in found.runs] == [ARN]


def test_a_bucket_of_somebody_elses_is_not_read(make_result):
    aws = Bucket()
    aws.keep(run_on(make_result, 1))
    with pytest.raises(AwsError, match="denied"):
        runs_in_bucket(aws.store(), "999999999999", wanted=everything)
    assert aws.read == []


def test_a_bucket_that_is_not_there_is_told_from_one_that_may_not_be_read(monkeypatch):
    aws = Bucket()
    for code, there in (("NoSuchBucket", False), ("AccessDenied", True)):

        def refuse(code=code, **_):
            raise refusal("ListObjectsV2", code)

        monkeypatch.setattr(aws, "list_objects_v2", refuse)
        with pytest.raises(AwsError) as caught:
            aws.runs()
        assert is_no_bucket(caught.value) is not there


def test_listing_makes_only_calls_that_the_policy_for_looking_allows(make_result):
    scope = Scope(function=FunctionArn.parse(ARN))
    aws = PolicedAws(statements_for(Mode.STACK, scope))
    for run, summary in ((run_on(make_result, 1), True), (run_on(make_result, 2), False)):
        archive = Archive(S3Store(aws.client("s3"), BUCKET), run.run_id)
        archive.save_result(run)
        if summary:
            archive.save_summary(run)
    aws.objects["runs/under-way/request.json"] = b"{}"
    aws.used.clear()
    aws.policy = statements_for(Mode.READONLY, scope)
    found = runs_in_bucket(S3Store(aws.client("s3"), BUCKET), ACCOUNT, wanted=everything)
    assert len(found.runs) == 2
    assert aws.denied == []
    assert {action for action, _ in aws.used} == {"s3:ListBucket", "s3:GetObject"}
    with pytest.raises(AwsError):
        S3Store(aws.client("s3"), BUCKET).get("runs/under-way/request.json")


def test_a_run_keeps_its_summary_when_it_is_over_and_not_before():
    aws, store = FakeAws(), MemoryStore()
    services = Services(session=aws, store=store, clock=FakeClock(), environment=Environment(kind="aws"))
    request = TuningRequest(function_arn=FunctionArn.parse(ARN), memory_sizes_mb=(128, 512), invocations=3)
    seen = []
    put = store.put
    store.put = lambda key, text: (seen.append(key), put(key, text))
    result = run_direct(services, request, "run-1")
    assert seen[-2:] == ["runs/run-1/result.json", "runs/run-1/summary.json"]
    assert store.get("runs/run-1/summary.json") == dumps(summary_of(result))


def test_a_run_whose_summary_cannot_be_kept_is_no_failure():
    store = MemoryStore()
    put = store.put

    def refuse(key, text):
        if key.endswith("summary.json"):
            raise AwsError("The bucket is gone.")
        put(key, text)

    store.put = refuse
    services = Services(session=FakeAws(), store=store, clock=FakeClock(), environment=Environment(kind="aws"))
    request = TuningRequest(function_arn=FunctionArn.parse(ARN), memory_sizes_mb=(128, 512), invocations=3)
    assert run_direct(services, request, "run-1").restored


# --- what goes --------------------------------------------------------------------------------------------------


def test_of_the_runs_beyond_the_newest_the_oldest_go_first_and_never_the_new_one(make_result, tmp_path):
    runs = [run_on(make_result, day) for day in range(5)]
    for run in runs:
        keep(tmp_path, run)
    found = runs_in_folder(tmp_path).runs
    assert ids(to_delete(found, runs[4].run_id, 2)) == [run.run_id for run in runs[:3]]
    # A clock that was put back makes the new run the oldest.
    assert ids(to_delete(found, runs[0].run_id, 2)) == [run.run_id for run in runs[1:4]]
    assert ids(to_delete(found, runs[0].run_id, 1)) == [run.run_id for run in runs[1:]]
    assert to_delete(found, runs[0].run_id, 5) == []


def test_a_run_on_two_instruction_sets_goes_or_stays_as_a_whole(make_result, tmp_path):
    pairs = [both(make_result, day) for day in (1, 2)]
    for run in (run for pair in pairs for run in pair):
        keep(tmp_path, run)
    found = runs_in_folder(tmp_path).runs
    (old, old_part), (new, _) = pairs
    assert ids(to_delete(found, new.run_id, 1)) == [old_part.run_id, old.run_id]
    assert to_delete(found, new.run_id, 2) == []
    assert ids(older_than(found, FIRST + timedelta(days=1.5))) == [old_part.run_id, old.run_id]


def nothing_measured(build, day):
    return run_on(build, day, best_mb=None, failing_mb=SIZES_MB)


def dry(build, day):
    """A dry run, at the time of a run of that day."""
    like = run_on(build, day)
    return dataclasses.replace(
        dry_run(build), run_id=like.run_id, started_at=like.started_at, finished_at=like.finished_at
    )


@pytest.mark.parametrize("cheap", [dry, nothing_measured])
def test_runs_that_measured_nothing_neither_count_nor_go(make_result, tmp_path, cheap):
    runs = [run_on(make_result, day) for day in range(4)]
    for run in (*runs, *(cheap(make_result, day) for day in (0.5, 1.5, 5, 6, 7))):
        keep(tmp_path, run)
    found = runs_in_folder(tmp_path).runs
    assert ids(to_delete(found, runs[3].run_id, 2)) == [run.run_id for run in runs[:2]]
    assert to_delete(found, runs[3].run_id, 4) == []


@pytest.mark.parametrize("cheap", [dry, nothing_measured])
def test_a_new_run_that_measured_nothing_deletes_none(make_result, tmp_path, cheap):
    for day in range(4):
        keep(tmp_path, run_on(make_result, day))
    new = cheap(make_result, 9)
    keep(tmp_path, new)
    assert to_delete(runs_in_folder(tmp_path).runs, new.run_id, 1) == []


def test_a_run_of_cold_starts_and_one_without_the_present_size_are_measurements(make_result):
    assert summary_of(run_on(make_result, 1)).is_measurement
    assert summary_of(cold_run(make_result)).is_measurement
    assert summary_of(run_on(make_result, 1, failing_mb=(512,))).is_measurement
    assert summary_of(run_on(make_result, 1, best_mb=None)).is_measurement
    assert not summary_of(dry_run(make_result)).is_measurement
    assert not summary_of(nothing_measured(make_result, 1)).is_measurement


def test_a_run_that_says_no_time_neither_counts_nor_goes(make_result, tmp_path):
    runs = [run_on(make_result, day) for day in range(3)]
    for run in (*runs, dataclasses.replace(run_on(make_result, 9), started_at="long ago")):
        keep(tmp_path, run)
    found = runs_in_folder(tmp_path).runs
    assert ids(to_delete(found, runs[2].run_id, 1)) == [run.run_id for run in runs[:2]]
    assert to_delete(found, runs[2].run_id, 3) == []


def test_a_run_whose_part_says_no_time_stays_with_it(make_result, tmp_path):
    whole, part = both(make_result, 1)
    for run in (whole, dataclasses.replace(part, started_at=""), run_on(make_result, 9)):
        keep(tmp_path, run)
    found = runs_in_folder(tmp_path).runs
    assert to_delete(found, run_on(make_result, 9).run_id, 1) == []
    assert older_than(found, FIRST + timedelta(days=5)) == []


def test_runs_in_the_bucket_are_never_deleted(make_result):
    aws = Bucket()
    for day in range(4):
        aws.keep(run_on(make_result, day))
    found = aws.runs().runs
    assert to_delete(found, "new", 1) == []
    assert older_than(found, FIRST + timedelta(days=99)) == []
    assert delete(found[0]).kept is not None


def test_runs_older_than_a_moment_are_those_that_say_so(make_result, tmp_path):
    lost = dataclasses.replace(run_on(make_result, 0.5), started_at="long ago")
    for run in (run_on(make_result, 0), lost, run_on(make_result, 10)):
        keep(tmp_path, run)
    old = older_than(runs_in_folder(tmp_path).runs, FIRST + timedelta(days=5))
    assert ids(old) == [run_on(make_result, 0).run_id]


def test_a_run_is_deleted_with_all_that_powertune_writes(make_result, tmp_path):
    folder = keep(tmp_path, run_on(make_result, 1))
    for name in ("report.html", "report.png", "report.svg"):
        (folder / name).write_text("made", encoding="utf-8")
    (run,) = runs_in_folder(tmp_path).runs
    assert delete(run).kept is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stranger", ["notes.txt", "result.json.bak", ".hidden", "deeper/x.json"])
def test_a_folder_with_anything_else_in_it_stays_whole(make_result, tmp_path, stranger):
    folder = keep(tmp_path, run_on(make_result, 1))
    (folder / stranger).parent.mkdir(exist_ok=True)
    (folder / stranger).write_text("mine", encoding="utf-8")
    (run,) = runs_in_folder(tmp_path).runs
    assert f"also holds {stranger.partition('/')[0]}" in delete(run).kept
    assert {path.name for path in folder.iterdir()} == {"result.json", "summary.json", stranger.partition("/")[0]}


def test_a_link_in_place_of_a_report_is_somebody_elses(make_result, tmp_path):
    precious = tmp_path / "precious.html"
    precious.write_text("keep me", encoding="utf-8")
    folder = keep(tmp_path / "results", run_on(make_result, 1))
    (folder / "report.html").symlink_to(precious)
    (run,) = runs_in_folder(tmp_path / "results").runs
    assert "also holds report.html" in delete(run).kept
    assert precious.read_text(encoding="utf-8") == "keep me"


def test_a_link_to_a_runs_folder_is_not_followed(make_result, tmp_path):
    run = run_on(make_result, 1)
    keep(tmp_path / "elsewhere", run)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / run.run_id).symlink_to(tmp_path / "elsewhere" / run.run_id)
    (found,) = runs_in_folder(tmp_path / "results").runs
    assert "is a link" in delete(found).kept
    assert (tmp_path / "elsewhere" / run.run_id / "result.json").is_file()


def test_a_folder_that_is_not_named_like_its_run_stays(make_result, tmp_path):
    folder = keep(tmp_path, run_on(make_result, 1))
    folder.rename(tmp_path / "the-good-one")
    (run,) = runs_in_folder(tmp_path).runs
    assert "not named like its run" in delete(run).kept
    assert (tmp_path / "the-good-one" / "result.json").is_file()


def test_a_folder_whose_result_was_replaced_meanwhile_stays(make_result, tmp_path):
    folder = keep(tmp_path, run_on(make_result, 1))
    (run,) = runs_in_folder(tmp_path).runs
    (folder / "result.json").write_text(dumps(run_on(make_result, 2)), encoding="utf-8")
    assert "has changed" in delete(run).kept
    (folder / "result.json").write_text("{", encoding="utf-8")
    assert delete(run).kept == f"the result in {folder} cannot be read"
    assert (folder / "summary.json").is_file()


def test_a_run_that_somebody_else_has_deleted_is_no_failure(make_result, tmp_path):
    folder = keep(tmp_path, run_on(make_result, 1))
    (run,) = runs_in_folder(tmp_path).runs
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert delete(run).kept is not None


def failing_at(monkeypatch, name, then=lambda path: None):
    """Deleting a file of this name fails, after something else has happened."""
    unlink = Path.unlink

    def fail(path, missing_ok=False):
        if path.name == name:
            then(path)
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", fail)


def test_a_deletion_that_fails_leaves_a_run_that_is_still_known_and_says_what_is_gone(
    make_result, tmp_path, monkeypatch
):
    folder = keep(tmp_path, run_on(make_result, 1), report=True)
    (run,) = runs_in_folder(tmp_path).runs
    failing_at(monkeypatch, "result.json")
    kept = delete(run).kept
    assert "could not be deleted: Permission denied" in kept
    assert "report.html and summary.json are gone" in kept
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert [path.name for path in folder.iterdir()] == ["result.json"]
    (again,) = runs_in_folder(tmp_path).runs
    assert delete(again).kept is None


def test_a_deletion_that_fails_at_once_has_deleted_nothing_and_says_so(make_result, tmp_path, monkeypatch):
    folder = keep(tmp_path, run_on(make_result, 1), report=True)
    (run,) = runs_in_folder(tmp_path).runs
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    failing_at(monkeypatch, "report.html")
    assert delete(run).kept == f"{folder} could not be deleted: Permission denied; nothing of it is gone"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_that_may_not_be_renamed_stays_whole(make_result, tmp_path, monkeypatch):
    folder = keep(tmp_path, run_on(make_result, 1))

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    (run,) = runs_in_folder(tmp_path).runs
    assert "could not be deleted: Permission denied; nothing of it is gone" in delete(run).kept
    assert len(list(folder.iterdir())) == 2


def test_a_file_that_appears_before_the_folder_is_put_aside_saves_the_whole_run(make_result, tmp_path, monkeypatch):
    folder = keep(tmp_path, run_on(make_result, 1), report=True)
    (run,) = runs_in_folder(tmp_path).runs
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    rename = Path.rename

    def late(path, target):
        if path == folder:
            (folder / "notes.txt").write_text("mine", encoding="utf-8")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    assert delete(run).kept == f"{folder} also holds notes.txt"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {**before, "notes.txt": b"mine"}
    assert list(tmp_path.iterdir()) == [folder]


def test_a_file_that_appears_while_files_are_deleted_is_not_lost_nor_is_the_result(make_result, tmp_path, monkeypatch):
    folder = keep(tmp_path, run_on(make_result, 1), report=True)
    (run,) = runs_in_folder(tmp_path).runs
    unlink = Path.unlink

    def late(path, missing_ok=False):
        unlink(path, missing_ok=missing_ok)
        if path.name == "summary.json":
            (path.parent / "notes.txt").write_text("mine", encoding="utf-8")

    monkeypatch.setattr(Path, "unlink", late)
    assert delete(run).kept == f"{folder} also holds notes.txt; report.html and summary.json are gone"
    assert {path.name for path in folder.iterdir()} == {"result.json", "notes.txt"}


def test_a_file_that_appears_at_the_very_last_is_not_lost(make_result, tmp_path, monkeypatch):
    folder = keep(tmp_path, run_on(make_result, 1))
    (run,) = runs_in_folder(tmp_path).runs
    unlink = Path.unlink

    def late(path, missing_ok=False):
        unlink(path, missing_ok=missing_ok)
        if path.name == "result.json":
            (path.parent / "notes.txt").write_text("mine", encoding="utf-8")

    monkeypatch.setattr(Path, "unlink", late)
    kept = delete(run).kept
    assert kept.startswith(f"{folder} could not be deleted: ")
    assert kept.endswith("; result.json and summary.json are gone")
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_what_is_written_under_the_old_name_meanwhile_stays(make_result, tmp_path, monkeypatch):
    folder = keep(tmp_path, run_on(make_result, 1))
    (run,) = runs_in_folder(tmp_path).runs

    def again(path):
        folder.mkdir()
        (folder / "report.png").write_text("new", encoding="utf-8")

    failing_at(monkeypatch, "result.json", again)
    kept = delete(run).kept
    aside = tmp_path / f"{folder.name}.being-deleted"
    assert f"it is {aside} now" in kept
    assert (aside / "result.json").is_file()
    assert [path.name for path in folder.iterdir()] == ["report.png"]


def test_a_deletion_that_was_killed_can_be_done_again(make_result, tmp_path):
    folder = keep(tmp_path, run_on(make_result, 1))
    (folder / "summary.json").unlink()
    folder.rename(tmp_path / f"{folder.name}.being-deleted")
    (run,) = older_than(runs_in_folder(tmp_path).runs, FIRST + timedelta(days=5))
    assert delete(run).kept is None
    assert list(tmp_path.iterdir()) == []


def test_a_deletion_does_not_touch_what_another_one_left(make_result, tmp_path):
    folder = keep(tmp_path, run_on(make_result, 1))
    aside = tmp_path / f"{folder.name}.being-deleted"
    aside.mkdir()
    (run,) = runs_in_folder(tmp_path).runs
    assert f"{aside} is there already" in delete(run).kept
    assert aside.is_dir()
    assert (folder / "result.json").is_file()
