"""`powertune check` from the terminal, against a fake AWS: baselines, files, exit codes, and what follows a check."""

import contextlib
import errno
import io
import json
import os
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fake_aws import ARN, FakeClock, refusal
from junitparser import JUnitXml
from versioned_aws import two_versions

from powertune.cli import check
from powertune.cli.check_options import split_arn
from powertune.cli.main import main
from powertune.cli.run_drive import Place
from powertune.domain.check import Baseline, Verdict
from powertune.domain.result import CheckEntry, Environment
from powertune.errors import AwsError, NothingToRecommend, NotRestored, Stopped
from powertune.store import FolderStore
from powertune.target.lease import Lease, take
from powertune.wire import dumps, loads, read_result

KEY = "baselines/123456789012/us-east-1/orders"
CHECKS = "checks/123456789012/us-east-1/orders"
HERE = Path("powertune-baselines")


@dataclass(frozen=True, slots=True)
class Told:
    code: Any
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def words(self):
        return " ".join(self.out.split())


@pytest.fixture
def aws():
    return two_versions()


@pytest.fixture
def run(monkeypatch, tmp_path, capsys, aws):
    """Calls `powertune check` for the alias staging of the fake's function."""
    said = []

    @contextlib.contextmanager
    def place(request, options, *, direct, stack_needed):
        line = SimpleNamespace(say=said.append, show=lambda _: None)
        yield Place(session=aws, stack=None, environment=Environment(kind="aws"), line=line), request

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(check, "aws_place", place)
    monkeypatch.setattr("powertune.aws.clock.SystemClock", FakeClock)
    always = ("--direct", "--parallel", "5", "--seed", "1", "--max-invocations", "100")

    def call(*options, arn=f"{ARN}:staging"):
        with pytest.raises(SystemExit) as ended:
            main(["check", "--function-arn", arn, *always, *map(str, options)])
        out, err = capsys.readouterr()
        return Told(ended.value.code, out, err)

    call.said = said
    return call


def results():
    return sorted(Path("powertune-results").glob("*/result.json"), key=lambda path: path.stat().st_mtime_ns)


def kept(alias="@staging"):
    return loads((HERE / f"{KEY}{alias}.json").read_text(encoding="utf-8"), Baseline)


def test_the_first_check_sets_the_baseline_and_passes_and_the_next_one_compares_with_it(run, aws):
    first = run()
    assert (first.code, first.err) == (0, "")
    assert "this measurement is the baseline from now on" in first.words
    assert f"kept as the baseline: powertune-baselines/{KEY}@staging.json" in first.words
    baseline = kept()
    assert (baseline.function.qualifier, baseline.function.version) == ("staging", "2")
    second = run()
    assert second.code == 0
    assert "SAME" in second.out
    aws.durations["2"] = 65.0
    third = run()
    assert third.code == 1
    assert "powertune: orders:staging (version 2) is slower and dearer than the baseline of" in third.err
    assert "mean duration +30 % (99 % sure:" in third.err
    again = results()[-1]
    assert third.err.endswith(f"\nDetails: {again}\nIf it is meant to be so: powertune baseline set {again}\n")
    assert kept() == baseline, "what became worse is no baseline"


def test_each_check_leaves_its_files_and_an_entry_in_the_history(run):
    told = run()
    (result,) = results()
    assert sorted(path.name for path in result.parent.iterdir()) == ["report.html", "result.json", "summary.json"]
    assert told.out.endswith(f"\nReport: {result.parent}/report.html\nResult: {result}\n")
    run("--against", "live")
    entries = [loads(path.read_text(), CheckEntry) for path in HERE.glob(f"{CHECKS}@staging/*.json")]
    said = {entry.run_id: entry.verdict for entry in entries}
    assert said == {one.run_id: one.check.verdict for one in map(read_result, results())}
    assert set(said.values()) == {None, Verdict.SAME}


def test_two_versions_are_compared_and_neither_becomes_the_baseline(run, aws):
    aws.durations["2"] = 65.0
    told = run("--against", "live")
    assert told.code == 1
    assert "orders:staging (version 2) is slower and dearer than orders:live (version 1): mean duration" in told.err
    assert not (HERE / "baselines").exists()
    assert read_result(results()[0]).check.interleaved


def test_the_function_is_left_as_it_was(run, aws):
    before = aws.visible()
    run()
    run("--against", "live")
    assert aws.visible() == before


def test_a_check_can_insist_on_a_baseline(run, aws):
    told = run("--require-baseline", "--junit", "check.xml")
    assert told.code == 2
    assert f"There is no baseline of orders:staging at powertune-baselines/{KEY}@staging.json" in told.err
    assert not aws.invoked
    assert not results()
    assert JUnitXml.fromfile("check.xml").errors == 1
    run()
    assert run("--require-baseline").code == 0


def test_what_is_measured_can_become_the_baseline_unless_it_is_worse(run, aws):
    run()
    first = kept().run_id
    told = run("--set-baseline")
    second = kept().run_id
    assert (told.code, second != first) == (0, True)
    assert read_result(results()[1]).check.kept_at == str(HERE / f"{KEY}@staging.json")
    aws.durations["2"] = 65.0
    told = run("--set-baseline")
    assert told.code == 1
    assert "was not made the baseline: it is worse than the present one." in told.err
    assert kept().run_id == second
    assert run("--threshold", "100%", "--set-baseline").code == 0
    assert kept().run_id not in (first, second)


def test_too_few_invocations_make_no_baseline_and_that_is_no_success(run):
    told = run("--max-spend", "0.000017", "--junit", "check.xml")
    assert told.code == 3
    assert "NO REFERENCE" in told.out
    assert "20 are the fewest to compare with." in told.err
    assert "The next check has none either, unless it may measure more." in told.err
    assert not (HERE / "baselines").exists()
    assert "20 are the fewest to compare with" in read_result(results()[0]).check.notes[-1]
    assert JUnitXml.fromfile("check.xml").errors == 1
    assert "NO REFERENCE" in Path("check.xml").read_text(encoding="utf-8"), "the answer itself is written"


@pytest.mark.parametrize(("each", "code"), [(3, 4), (11, 0)])
def test_a_function_that_fails_often_makes_no_baseline(run, aws, monkeypatch, each, code):
    answer_of = aws.answer_of

    def sometimes(version, payload):
        fails = len(aws.reports) % each == 0
        return {"errorType": "ValueError", "errorMessage": "broken"} if fails else answer_of(version, payload)

    monkeypatch.setattr(aws, "answer_of", sometimes)
    told = run()
    assert told.code == code
    assert (HERE / f"{KEY}@staging.json").exists() == (code == 0)
    if code:
        assert "could not be made the baseline: orders:staging (version 2) failed at" in told.err
        assert "--allow-exception" in told.err
        assert "powertune baseline set" in told.err
        assert run("--set-baseline").code == 4
        assert run("--allow-exception", "ValueError").code == 0
        assert (HERE / f"{KEY}@staging.json").exists()


def test_a_baseline_that_another_check_has_set_meanwhile_stays(run, aws):
    run("--baseline", "other")
    theirs = Path(f"other/{KEY}@staging.json").read_text()

    def quicker(number, service, operation, when):
        if operation == "delete_alias" and when == "after":
            FolderStore(HERE).put(f"{KEY}@staging.json", theirs)

    aws.fault = quicker
    told = run()
    assert (told.code, "another check was quicker" in told.err) == (0, True)
    assert (HERE / f"{KEY}@staging.json").read_text() == theirs


def test_undecided_passes_or_fails_by_choice(run, aws):
    aws.noise = 0.4
    few = ("--against", "live", "--max-invocations", 20, "--metrics", "duration-mean")
    told = run(*few)
    assert (told.code, "UNDECIDED" in told.out) == (0, True)
    told = run(*few, "--on-undecided", "fail", "--junit", "check.xml")
    assert told.code == 5
    assert "It is not decided whether orders:staging (version 2) is worse than orders:live" in told.err
    assert "Allow more with --max-invocations or --max-spend" in told.err
    assert JUnitXml.fromfile("check.xml").failures == 1


def test_a_function_that_fails_at_every_invocation_has_its_own_exit_code_and_is_no_baseline(run, aws):
    aws.failing = ("2",)
    told = run("--junit", "check.xml", "--markdown", "check.md")
    assert told.code == 4
    assert "orders:staging (version 2) failed at every invocation" in told.err
    assert not HERE.exists()
    suite = JUnitXml.fromfile("check.xml")
    assert (suite.tests, suite.errors) == (1, 1)
    assert "**✗ orders:staging was not checked: orders:staging" in Path("check.md").read_text(encoding="utf-8")
    assert results(), "what was measured is kept"


def test_what_aws_refuses_ends_with_3_and_the_files_say_so(run):
    told = run("--junit", "out/check.xml", "--markdown", "out/check.md", arn=f"{ARN}:nowhere")
    assert told.code == 3
    assert "nowhere" in told.err
    suite = JUnitXml.fromfile("out/check.xml")
    assert (suite.tests, suite.errors) == (1, 1)
    assert "nowhere" in Path("out/check.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("after_ms", [50.0, 65.0])
def test_the_files_for_other_programs_are_written_however_it_ends(run, aws, after_ms):
    aws.durations["2"] = after_ms
    told = run("--against", "live", "--junit", "a/check.xml", "--markdown", "b/check.md")
    suite = JUnitXml.fromfile("a/check.xml")
    assert bool(suite.failures) == bool(told.code)
    assert {case.name for each in suite for case in each} >= {"mean duration", "cost", "errors"}
    assert "mean duration" in Path("b/check.md").read_text(encoding="utf-8")


def test_a_summary_is_added_to_that_of_the_step(run, monkeypatch, tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    run()
    assert summary.read_text() == "before\n", "unless it is asked for"
    run("--markdown", summary)
    run("--markdown", summary, arn=f"{ARN}:nowhere")
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n**✓ SAME")
    assert "was not checked" in text


def test_json_is_the_result(run, aws):
    aws.durations["2"] = 65.0
    told = run("--against", "live", "--json")
    (result,) = results()
    assert told.code == 1
    assert told.json.pop("report") == str(result.parent / "report.html")
    assert told.json["check"]["verdict"] == "worse"
    assert {**told.json, "report": None} == {**json.loads(result.read_text()), "report": None}


def test_the_same_version_on_both_sides_passes_and_is_kept_nowhere(run, aws):
    told = run("--against", "2")
    assert told.code == 0
    assert not aws.invoked
    assert not HERE.exists()


def test_a_baseline_in_a_file_is_compared_with_and_can_be_set_there(run, aws):
    assert run("--baseline", "perf/orders.json").code == 0
    assert loads(Path("perf/orders.json").read_text(), Baseline).function.version == "2"
    aws.durations["2"] = 65.0
    assert run("--baseline", "perf/orders.json").code == 1
    (first, _) = results()
    assert run("--baseline", first).code == 1
    aws.durations["2"] = 50.0
    invoked = len(aws.invoked)
    told = run("--baseline", first, "--set-baseline")
    assert (told.code, "is the result of a run, and stays as it is" in told.err) == (2, True)
    assert len(aws.invoked) == invoked, "nothing was spent"


def test_a_place_that_holds_something_else_is_refused_before_anything_is_spent(run, aws):
    (HERE / KEY).parent.mkdir(parents=True)
    (HERE / f"{KEY}@staging.json").write_text('{"theirs": true}')
    told = run()
    assert told.code == 2
    assert "neither a powertune baseline nor a result.json" in told.err
    Path("taken").write_text("")
    assert "No baseline can be written to taken" in run("--baseline", "taken").err
    assert not aws.invoked


def test_the_version_of_the_baseline_is_measured_anew_unless_told_otherwise(run, aws):
    run()
    aws.publish("3").aliases["staging"]["FunctionVersion"] = "3"
    aws.durations["3"] = 50.0
    run()
    assert read_result(results()[1]).check.interleaved
    aws.invoked.clear()
    run("--no-interleave")
    assert {qualifier for qualifier, _ in aws.invoked} == {"3"}


def test_a_baseline_of_another_payload_is_refused_unless_asked_for(run, aws):
    run()
    invoked = len(aws.invoked)
    told = run("--payload", '{"size": 3}')
    assert told.code == 2
    assert "measured with other payloads" in told.err
    assert len(aws.invoked) == invoked
    assert run("--payload", '{"size": 3}', "--compare-unlike").code == 0


def test_what_cannot_be_kept_is_said_and_hides_nothing(run, monkeypatch):
    put = FolderStore.put

    def full(store, key, text):
        if key.startswith(("baselines/", "checks/")):
            raise OSError(28, "No space left on device")
        put(store, key, text)

    monkeypatch.setattr(FolderStore, "put", full)
    told = run("--json")
    assert told.code == 3
    assert told.json["check"]["kept_at"] is None
    assert "could not be made the baseline: powertune-baselines cannot be written: No space left" in told.err
    assert "could not be added to the history of checks" in told.err


def test_a_result_that_cannot_be_written_is_shown_and_ends_with_2(run, monkeypatch):
    put = FolderStore.put

    def full(store, key, text):
        if key == "result.json":
            raise OSError(28, "No space left on device")
        put(store, key, text)

    monkeypatch.setattr(FolderStore, "put", full)
    told = run()
    assert told.code == 2
    assert "NO REFERENCE" in told.out
    assert "Nothing of this run is kept but what is shown here." in told.err


def test_what_follows_a_first_check_hides_nothing_of_why_it_is_no_baseline(run, monkeypatch):
    def drive(*_):
        raise Stopped("You stopped the run.")

    monkeypatch.setattr("powertune.cli.check_retuning.drive", drive)
    monkeypatch.setattr("powertune.cli.check_retuning._why_not", lambda *_: "")
    told = run("--retune", "--max-spend", "0.000017")
    assert told.code == 130
    assert "20 are the fewest to compare with." in told.err


def test_how_to_accept_what_was_found_is_said_where_a_baseline_decides_and_with_its_place(run, aws):
    run("--baseline", "my perf")
    run("--baseline", "one.json")
    aws.durations["2"] = 65.0
    told = run("--baseline", "my perf")
    again = results()[-1]
    assert told.err.endswith(f"\nIf it is meant to be so: powertune baseline set {again} --to 'my perf'\n")
    told = run("--baseline", "one.json")
    assert told.err.endswith(f"baseline set {results()[-1]} --to one.json\n")
    told = run("--baseline", again, "--threshold", "0.1%", "--against", "live")
    assert (told.code, "baseline set" in told.err) == (1, False), told.err
    aws.durations["2"] = 90.0
    told = run("--baseline", again)
    assert told.err.endswith(f"compare with it from now on: --baseline {results()[-1]}\n")


def test_no_file_is_named_where_none_was_written(run, aws, monkeypatch):
    run()
    aws.durations["2"] = 65.0
    put = FolderStore.put

    def full(store, key, text):
        if key == "result.json":
            raise OSError(28, "No space left on device")
        put(store, key, text)

    monkeypatch.setattr(FolderStore, "put", full)
    told = run()
    assert told.code == 1
    assert "is slower and dearer" in told.err
    assert "baseline set" not in told.err


# --- who reads it ----------------------------------------------------------------------------------------------


class Unwritable(io.StringIO):
    """An output that takes nothing, for one reason or another."""

    def __init__(self, reason):
        super().__init__()
        self.reason = reason

    def write(self, text):
        raise OSError(self.reason, os.strerror(self.reason))


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize("after_ms", [50.0, 65.0])
@pytest.mark.parametrize("reason", [errno.EPIPE, errno.ENOSPC, None])
def test_who_reads_the_answer_does_not_decide_it(run, aws, monkeypatch, form, after_ms, reason):
    aws.durations["2"] = after_ms
    monkeypatch.setattr("sys.stdout", None if reason is None else Unwritable(reason))
    told = run("--against", "live", *form)
    worse = after_ms > 50
    assert told.code == (1 if worse else 2 if reason == errno.ENOSPC else 0)
    assert ("is slower and dearer" in told.err) == worse
    assert ("The standard output cannot be written: No space left" in told.err) == (reason == errno.ENOSPC)


def test_nor_does_who_reads_the_errors(run, aws, monkeypatch):
    aws.durations["2"] = 65.0
    run()
    monkeypatch.setattr("sys.stderr", Unwritable(errno.EPIPE))
    assert run("--set-baseline", "--against", "live").code == 2
    aws.durations["2"] = 90.0
    assert run("--set-baseline").code == 1


# --- the trend -------------------------------------------------------------------------------------------------


def nights(durations, verdict=Verdict.SAME, began=1):
    """Checks of so many nights, each of a mean duration."""
    for night, mean_ms in enumerate(durations, began):
        entry = CheckEntry(
            run_id=f"202601{night:02}T020000-{night:06x}", at=f"2026-01-{night:02}T02:00:00+00:00", verdict=verdict,
            version="1", code_sha256="c", memory_mb=512, samples=50, duration_mean_ms=mean_ms, duration_p50_ms=mean_ms,
            duration_p95_ms=mean_ms, cost_per_million=1.0, currency="USD",
        )  # fmt: skip
        FolderStore(HERE).put(f"{CHECKS}@staging/{entry.run_id}.json", dumps(entry))


def test_a_creep_that_no_single_check_sees_is_seen_over_many_and_fails_where_asked_to(run, aws):
    nights([40 + night / 3 for night in range(27)])
    told = run("--trend")
    assert told.code == 0
    assert "longer since 2026-01" in told.words
    HERE.joinpath(f"{KEY}@staging.json").unlink()
    told = run("--against", "live", "--fail-on-trend", "--junit", "check.xml")
    assert told.code == 1
    assert "No single check was worse, but the last ones together are." in told.err
    assert JUnitXml.fromfile("check.xml").failures == 1


def test_a_baseline_that_is_set_anew_accepts_what_came_before(run, aws):
    nights([40.0] * 14 + [50.0] * 13)
    assert run("--fail-on-trend").code == 0, "the first check sets the baseline"
    assert len(read_result(results()[0]).check.trend.entries) == 1
    assert run("--fail-on-trend").code == 0
    assert len(read_result(results()[1]).check.trend.entries) == 2
    assert run("--fail-on-trend", "--set-baseline").code == 1, "a baseline that moves with each check accepts nothing"


# --- tuning after a check --------------------------------------------------------------------------------------


def test_a_better_memory_size_is_found_after_a_check_of_the_function_as_it_stands(run, aws):
    aws.duration_of = lambda version: 50_000 / version["MemorySize"]
    told = run("--retune", arn=ARN)
    assert told.code == 0
    by_kind = {found.check is not None: found for found in map(read_result, results())}
    optimum = by_kind[True].check.optimum
    assert optimum.run_id == by_kind[False].run_id
    assert optimum.from_memory_mb == 512
    assert "Memory size" in told.out
    assert "The tuning that followed is in powertune-results/" in told.err


def test_other_code_than_that_of_the_function_is_not_tuned(run, aws):
    told = run("--against", "live", "--retune")
    assert told.code == 0
    (only,) = results()
    report = read_result(only).check
    assert report.optimum is None
    assert any("The best memory size was not looked for: a tuning measures orders as it" in one for one in report.notes)


def test_what_fails_is_not_tuned(run, aws):
    aws.durations["2"] = 65.0
    assert run("--against", "live", "--retune").code == 1
    assert "not looked for: the check fails" in " ".join(read_result(results()[0]).check.notes)


@pytest.mark.parametrize(
    ("error", "code", "note"),
    [
        (AwsError("AWS throttled it."), 0, "The best memory size was not found: AWS throttled it."),
        (NothingToRecommend("A limit was reached."), 0, "The best memory size was not found: A limit was reached."),
        (Stopped("You stopped the run."), 130, "The best memory size was not found."),
        (NotRestored("orders was not put back."), 6, "The best memory size was not found."),
    ],
)
def test_however_a_tuning_ends_the_check_before_it_is_shown_and_kept(run, monkeypatch, error, code, note):
    def drive(*_):
        raise error

    monkeypatch.setattr("powertune.cli.check_retuning.drive", drive)
    told = run("--retune", "--junit", "check.xml", arn=ARN)
    assert told.code == code
    assert "this measurement is the baseline from now on" in told.words
    assert read_result(results()[0]).check.notes[-1] == note
    assert JUnitXml.fromfile("check.xml").errors == 0
    assert kept("").function.qualifier is None


def test_both_together_spend_no_more_than_is_allowed(run, monkeypatch):
    asked = []

    def drive(place, request, run_id):
        asked.append(request.limits.max_spend)
        raise AwsError("enough")

    monkeypatch.setattr("powertune.cli.check_retuning.drive", drive)
    run("--retune", "--max-spend", "0.01", arn=ARN)
    assert asked == [Decimal("0.01") - read_result(results()[0]).spend.lambda_cost.amount]


# --- how it ends -----------------------------------------------------------------------------------------------


def test_a_check_that_is_stopped_gives_the_function_back_and_says_so_in_its_files(run, aws, monkeypatch):
    monkeypatch.setattr("powertune.cli.interrupt.StopWish.__call__", lambda _: len(aws.invoked) > 10)
    before = aws.visible()
    told = run("--junit", "check.xml")
    assert told.code == 130
    assert aws.visible() == before
    assert not HERE.exists()
    assert JUnitXml.fromfile("check.xml").errors == 1


def test_a_lease_that_cannot_be_given_back_comes_before_any_verdict(run, aws):
    aws.durations["2"] = 65.0

    def refuse(number, service, operation, when):
        if operation == "delete_alias":
            raise refusal("DeleteAlias", "AccessDeniedException", "no", 403)

    aws.fault = refuse
    told = run("--against", "live", "--junit", "check.xml")
    assert told.code == 6
    assert "powertune cleanup" in told.err
    assert JUnitXml.fromfile("check.xml").errors == 1


def test_two_ctrl_c_say_how_to_finish_the_undo(run, aws):
    def interrupted(version):
        raise KeyboardInterrupt

    aws.during = interrupted
    told = run()
    assert told.code == 130
    assert "powertune cleanup --function-arn ARN" in told.err


# --- another run -----------------------------------------------------------------------------------------------


def held(aws, until_ms):
    clock = FakeClock()
    lease = Lease(run_id="other", memory_mb=512, set_mb=(), since_ms=clock.ms, until_ms=until_ms, by="ci@runner-3")
    take(aws.client("lambda"), split_arn(ARN, None)[0], lease)
    return lease


def test_a_function_that_another_run_holds_is_waited_for(run, aws, monkeypatch):
    held(aws, FakeClock().ms + 10**9)
    told = run("--junit", "check.xml")
    assert told.code == 3
    assert "ci@runner-3" in told.err
    assert JUnitXml.fromfile("check.xml").errors == 1
    seen = []

    def free(service, operation):
        if operation == "get_alias":
            seen.append(operation)
            if len(seen) == 3:
                aws.aliases.pop("powertune-lease", None)

    aws.fault = lambda number, service, operation, when: free(service, operation) if when == "before" else None
    told = run("--wait", "10m")
    assert told.code == 0
    assert any("ci@runner-3" in text for text in run.said)


def test_a_wait_ends(run, aws):
    held(aws, FakeClock().ms + 10**9)
    told = run("--wait", "90s")
    assert told.code == 3
    assert "waited for" in told.err
    assert not aws.invoked
