"""A check is a run that compares versions as they are, interleaved, and changes nothing of the function."""

import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import asl_walker
import pytest
from both_drivers import by_state_machine, directly, services_of
from fake_aws import ARN, FakeClock, refusal
from versioned_aws import two_versions

from powertune.domain.check import CheckRequest, CheckSettings, Metric, Verdict
from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload
from powertune.domain.request import TuningRequest
from powertune.domain.result_checks import contradictions
from powertune.domain.sample import Outcome
from powertune.domain.search import Limits
from powertune.errors import (
    AwsError,
    FunctionFails,
    FunctionNotFound,
    FunctionRefused,
    NotRestored,
    Stopped,
    UsageError,
)
from powertune.store import MemoryStore
from powertune.wire import dumps
from powertune.wire.baseline_file import baseline_from_text
from powertune.workflow import tasks
from powertune.workflow.direct import run_direct
from powertune.workflow.execution import run_execution
from powertune.workflow.stack import Stack, definition

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:powertune:run-1"
KEY = "baselines/123456789012/us-east-1/orders@staging.json"


def asked(*, parallel=5, limits=None, seed=0, **check):
    more = {} if limits is None else {"limits": limits}
    check = {"qualifier": "staging", **check}
    return TuningRequest(
        function_arn=FunctionArn.parse(ARN), parallel=parallel, seed=seed, check=CheckRequest(**check), **more
    )


def in_store(aws, store, run_id, **check):
    return run_direct(services_of(aws, store), asked(stored=True, **check), run_id)


def told(result):
    """The warnings, but for one: the fake's traces all show the same duration."""
    return [warning for warning in result.warnings if "sources disagree" not in warning]


@pytest.mark.parametrize(("after_ms", "verdict"), [(50.0, Verdict.SAME), (60.0, Verdict.WORSE), (40.0, Verdict.BETTER)])
def test_two_versions_are_compared_and_the_function_stays_as_it_was(after_ms, verdict):
    aws = two_versions(after_ms=after_ms)
    before = aws.visible()
    result = directly(aws, asked(against="live"))
    assert result.check.verdict is verdict
    assert result.check.interleaved
    assert (result.check.subject.called, result.check.reference.function.called) == (
        "orders:staging (version 2)",
        "orders:live (version 1)",
    )
    assert {sample.version for sample in result.samples} == {"2"}
    assert result.recommendation is None
    assert result.restored
    assert aws.visible() == before
    assert not told(result)
    assert list(contradictions(result)) == []


def test_versions_are_invoked_by_their_number_in_turns_and_alike_often():
    aws = two_versions()
    directly(aws, asked(against="live", parallel=1))
    order = [qualifier for qualifier, _ in aws.invoked]
    assert set(order) == {"1", "2"}
    assert len(order) % 2 == 0
    assert all(abs(Counter(order[:cut])["1"] - Counter(order[:cut])["2"]) <= 2 for cut in range(len(order)))


def test_what_is_measured_becomes_the_baseline_where_there_is_none_and_the_next_check_compares_with_it():
    aws, store = two_versions(), MemoryStore()
    first = in_store(aws, store, "run-1")
    assert first.check.verdict is None
    assert first.check.kept_at == f"memory/{KEY}"
    aws.durations["2"] = 70.0
    second = in_store(aws, store, "run-2")
    assert second.check.verdict is Verdict.WORSE
    assert second.check.reference.run_id == "run-1"
    assert (second.check.kept_at, second.check.interleaved) == (None, False)
    assert store.keys("checks/") == [
        f"checks/123456789012/us-east-1/orders@staging/{run}.json" for run in ("run-1", "run-2")
    ]
    assert list(contradictions(second)) == []


def test_the_version_of_a_baseline_is_measured_anew_beside_a_later_one():
    aws, store = two_versions(), MemoryStore()
    in_store(aws, store, "run-1")
    aws.publish("3").aliases["staging"]["FunctionVersion"] = "3"
    aws.durations.update({"2": 70.0, "3": 70.0})  # the day is noisy, for both
    result = in_store(aws, store, "run-2")
    assert result.check.verdict is Verdict.SAME
    assert result.check.interleaved
    assert (result.check.subject.version, result.check.reference.function.version) == ("3", "2")


def test_of_one_version_on_both_sides_nothing_is_invoked():
    aws = two_versions()
    result = directly(aws, asked(qualifier="1", against="live"))
    assert result.check.verdict is Verdict.SAME
    assert not aws.invoked
    assert result.check.notes == ("Both are the same version, 1, so nothing was invoked.",)
    assert "powertune-lease" not in aws.aliases
    assert list(contradictions(result)) == []


# --- both drivers ----------------------------------------------------------------------------------------------


def comparable(result):
    """What both drivers must agree on: all but the times, the names of requests, and what driving costs."""
    reference = result.check.reference
    size = reference and replace(reference, measured_at="")
    samples = [
        replace(sample, request_id=None, trace_id=None, sent_at_ms=None, disagreements=()) for sample in result.samples
    ]
    shown = replace(result, check=replace(result.check, reference=size), samples=tuple(samples), warnings=())
    return replace(shown, started_at="", finished_at="", spend=replace(result.spend, lines=(), aws_calls={}))


@pytest.mark.parametrize(
    "more", [{"against": "live"}, {"stored": True}, {"qualifier": "1", "against": "live"}, {"qualifier": None}]
)
def test_both_drivers_give_the_same_answer(more, monkeypatch):
    request = asked(parallel=1, **more)
    direct = directly(two_versions(after_ms=60.0), request)
    by_machine, entered = by_state_machine(two_versions(after_ms=60.0), request, monkeypatch)
    assert entered[-1] == "Finish"
    one, other = comparable(direct), comparable(by_machine)
    assert replace(one, spend=other.spend) == other
    assert one.spend.lambda_cost == other.spend.lambda_cost
    assert told(direct) == told(by_machine)


@pytest.mark.parametrize("after_ms", [60.0, 51.0])
def test_an_execution_ends_as_failed_with_the_sentence_where_its_check_fails_and_that_is_wanted(after_ms, monkeypatch):
    aws = two_versions(after_ms=after_ms, noise=0.1)
    before = aws.visible()
    settings = CheckSettings(max_invocations=50, undecided_fails=True)
    request = asked(against="live", fail_execution=True, settings=settings)
    with pytest.raises(asl_walker.Failed) as failed:
        by_state_machine(aws, request, monkeypatch, execution_arn=EXECUTION)
    error, cause = failed.value.args
    assert error == ("Regressed" if after_ms == 60.0 else "NotDecided")
    assert cause.startswith("orders:staging (version 2) " if after_ms == 60.0 else "It is not decided whether ")
    assert aws.visible() == before
    assert directly(two_versions(after_ms=after_ms, noise=0.1), request).check.fails  # from the terminal it is a result


def test_a_check_that_passes_ends_an_execution_well_whatever_is_wanted(monkeypatch):
    result, entered = by_state_machine(
        two_versions(), asked(against="live", fail_execution=True), monkeypatch, execution_arn=EXECUTION
    )
    assert result.check.verdict is Verdict.SAME
    assert entered[-2:] == ["RunFailed", "Finish"]


def test_an_execution_fails_where_the_function_does_and_that_is_wanted(monkeypatch):
    with pytest.raises(asl_walker.Failed, match="FunctionFails") as failed:
        by_state_machine(
            two_versions(failing=("2",)), asked(stored=True, fail_execution=True), monkeypatch, execution_arn=EXECUTION
        )
    assert failed.value.args[1].startswith("orders:staging (version 2) failed at every invocation")


def test_an_execution_that_came_to_no_verdict_says_why_in_words(monkeypatch):
    aws = two_versions()
    aws.versions["2"].update(State="Failed", StateReason="no image")
    with pytest.raises(asl_walker.Failed) as failed:
        by_state_machine(aws, asked(against="live"), monkeypatch, execution_arn=EXECUTION)
    error, cause = failed.value.args
    assert error == "FunctionRefused"
    assert cause.startswith("orders:2 is in state Failed: no image.")


@pytest.mark.parametrize(("cause", "said"), [
    ('{"errorMessage": "No.\\nDo this", "errorType": "UsageError"}', "No.\nDo this"),
    ('{"errorType":"Sandbox.Timedout","errorMessage":"Task timed out"}', "Task timed out"),
    ("not JSON", "not JSON"), ('{"other": 1}', '{"other": 1}'),
    ('{"errorMessage": "cut', '{"errorMessage": "cut'), ("", ""),
])  # fmt: skip
def test_whatever_the_cause_of_a_failure_is_the_execution_ends_with_it(cause, said):
    walker = asl_walker.Walker(definition(partition="aws", worker_arn="w", planner_arn="p"), lambda *_: None)
    walker.machine["StartAt"] = "RunFailed"
    with pytest.raises(asl_walker.Failed) as failed:
        walker.run({"failure": {"Error": "Something", "Cause": cause}})
    assert failed.value.args == ("Something", said)


def test_a_check_that_is_driven_in_short_tasks_gives_the_same_answer(monkeypatch):
    request = asked(parallel=1, against="live")
    aws = two_versions(after_ms=60.0)
    result, entered = by_state_machine(aws, request, monkeypatch, task_ms=60_000)
    assert entered.count("Measure") > 1
    assert result.check.verdict is Verdict.WORSE
    assert len({(sample.version, sample.order) for sample in result.samples}) == len(result.samples)


def test_the_terminal_has_the_result_of_an_execution_that_was_to_fail(monkeypatch):
    aws = two_versions(after_ms=60.0)
    ended = {}

    def start_execution(service, operation, arguments):
        if operation != "start_execution":
            return type(aws).call(aws, service, operation, arguments)
        walker = asl_walker.Walker(
            definition(partition="aws", worker_arn="w", planner_arn="p"),
            lambda _, payload: json.loads(
                json.dumps(
                    tasks.handler(
                        payload, SimpleNamespace(memory_limit_in_mb="512", get_remaining_time_in_millis=lambda: 900_000)
                    )
                )
            ),
            name="run-1",
            arn=EXECUTION,
        )
        with pytest.raises(asl_walker.Failed) as failed:
            walker.run(json.loads(arguments["input"]))
        ended["error"], ended["cause"] = failed.value.args
        return {"executionArn": EXECUTION}

    monkeypatch.setattr(aws, "call", start_execution)
    monkeypatch.setattr(aws, "describe_execution", lambda executionArn: {"status": "FAILED", **ended}, raising=False)
    monkeypatch.setattr(tasks, "_session", lambda: aws)
    monkeypatch.setattr(tasks, "SystemClock", FakeClock)
    monkeypatch.setenv("POWERTUNE_BUCKET", "b")
    result = run_execution(
        aws,
        Stack(state_machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:powertune", bucket="b"),
        asked(against="live", fail_execution=True),
        "run-1",
        FakeClock(),
        progress=lambda _: None,
        stop_requested=lambda: False,
    )
    assert ended["error"] == "Regressed"
    assert result.check.verdict is Verdict.WORSE
    assert result.restored
    assert result.spend.state_transitions == 3 + 2  # those before, by the fake's history, and those after


# --- which versions --------------------------------------------------------------------------------------------


def refused(kind, aws, **check):
    """The error of a check that is refused before anything is invoked, and leaves the function as it was."""
    before = aws.visible()
    with pytest.raises(kind) as error:
        directly(aws, asked(**check))
    assert not aws.invoked
    assert aws.visible() == before
    return error.value


@pytest.mark.parametrize("check", [{"qualifier": "stagging"}, {"against": "7"}, {"qualifier": "9", "against": "live"}])
def test_an_alias_or_version_that_is_not_there_is_named_and_so_is_what_there_is(check):
    error = refused(FunctionNotFound, two_versions(), **check)
    assert (check.get("against") if "qualifier" not in check else check["qualifier"]) in error.message
    assert error.next_step == "There is: aliases: live, staging; versions: 2, 1."


def test_where_what_there_is_may_not_be_listed_the_rest_is_said_all_the_same():
    aws = two_versions()

    def deny(number, service, operation, when):
        if operation == "list_aliases" and "lambda:create_alias" not in aws.log:
            raise refusal(operation, "AccessDeniedException")

    aws.fault = deny
    with pytest.raises(FunctionNotFound, match="the alias stagging") as error:
        directly(aws, asked(qualifier="stagging"))
    assert "$LATEST" in error.value.next_step


def test_a_weighted_alias_is_checked_at_its_main_version_and_that_is_said():
    aws = two_versions().name("canary", "1", {"2": 0.1})
    result = directly(aws, asked(against="canary"))
    assert result.check.reference.function.version == "1"
    assert told(result) == [
        "The alias canary of orders shares its invocations out (0.1 to version 2): its main version 1 was taken."
    ]


def test_a_version_that_did_not_become_active_is_refused_by_its_name():
    aws = two_versions()
    aws.versions["2"].update(State="Failed", StateReason="no image")
    assert refused(FunctionRefused, aws, against="live").message == "orders:2 is in state Failed: no image."


def test_a_version_that_leaves_no_records_is_refused_since_a_check_changes_nothing():
    aws = two_versions()
    aws.versions["2"]["LoggingConfig"] = {"LogFormat": "JSON", "SystemLogLevel": "WARN"}
    assert "WARN" in refused(FunctionRefused, aws, against="live").message


def test_a_deleted_function_is_not_found():
    aws = two_versions()

    def gone(number, service, operation, when):
        if service == "lambda":
            raise refusal(operation, "ResourceNotFoundException", f"Function not found: {ARN}", 404)

    aws.fault = gone
    with pytest.raises((FunctionNotFound, NotRestored), match="Function not found"):
        directly(aws, asked())


@pytest.mark.parametrize("state", [{"LastUpdateStatus": "Failed"}, {"State": "Failed"}], ids=str)
def test_how_a_deployment_of_latest_stands_does_not_matter_where_versions_are_compared(state):
    aws = two_versions()
    aws.latest.update(state)
    assert directly(aws, asked(against="live")).check.verdict is Verdict.SAME
    aws.invoked.clear()
    assert refused(FunctionRefused, aws, qualifier=None).exit_code == 3


def test_a_version_that_sleeps_is_said_to_wake_up_soon():
    aws = two_versions()

    def inactive(version):
        if version == "1":
            raise refusal("Invoke", "ResourceConflictException", "The operation cannot be performed at this time", 409)

    aws.during = inactive
    with pytest.raises(AwsError, match=r"\(version 1\) through: it answered ResourceConflict") as error:
        directly(aws, asked(against="live"))
    assert "in some minutes" in error.value.next_step


def test_the_subject_is_described_by_its_own_version_and_the_lease_keeps_the_size_of_latest():
    aws = two_versions()
    aws.versions["2"].update(MemorySize=1024, Timeout=60, RuntimeVersionConfig={"RuntimeVersionArn": "arn:patch"})
    leases = []
    aws.during = lambda _: leases.append(aws.aliases["powertune-lease"]["Description"])
    result = directly(aws, asked(against="live"))
    subject = result.check.subject
    assert (subject.memory_mb, subject.timeout_s, subject.runtime_version) == (1024, 60, "arn:patch")
    assert result.function.original_memory_mb == 1024
    assert '"memory_mb":512' in leases[0]
    assert aws.latest["MemorySize"] == 512
    assert [size.memory_mb for size in result.memory_sizes] == [1024]
    assert result.check.reference.size.memory_mb == 512
    assert "The memory size differs: 512 MB before, 1,024 MB now." in result.check.notes


def test_latest_and_a_version_can_be_compared():
    result = directly(two_versions(after_ms=60.0), asked(qualifier=None, against="live"))
    assert {sample.version for sample in result.samples} == {"$LATEST"}
    assert all(sample.log_stream and "[$LATEST]" in sample.log_stream for sample in result.samples)
    assert result.check.verdict is Verdict.WORSE


# --- money -----------------------------------------------------------------------------------------------------


def test_both_sides_are_paid_for_each_at_its_own_price():
    aws = two_versions()
    aws.versions["1"]["Architectures"] = ["arm64"]
    result = directly(aws, asked(against="live"))
    report = result.check
    calls = result.spend.invocations
    assert calls == len(aws.invoked) > 2 * 25
    assert calls > len(result.samples)
    cost = {metric.metric: metric for metric in report.metrics}[Metric.COST]
    assert cost.before < cost.after  # the same durations, on what is a fifth cheaper
    assert result.price.architecture == "x86_64"
    traced = next(line for line in result.spend.lines if line.what == "traces recorded")
    assert traced.quantity == calls


def test_a_limit_of_money_holds_for_both_sides_together():
    limit = Decimal("0.00003")
    result = directly(two_versions(noise=0.2), asked(against="live", limits=Limits(max_spend=limit)))
    assert result.spend.lambda_cost.amount <= limit
    assert result.check.verdict is Verdict.UNDECIDED
    assert result.check.ended_by == "the limit of 0.00003 USD"
    assert list(contradictions(result)) == []


def test_a_limit_that_pays_for_nothing_is_refused():
    with pytest.raises(UsageError, match="pays for no invocation"):
        directly(two_versions(), asked(against="live", limits=Limits(max_spend=Decimal("0.0000000001"))))


@pytest.mark.parametrize(
    ("reserved", "at_once", "note"),
    [(10, 10, None), (6, 6, "3 of a version, both versions at once"), (1, 1, "1 of a version, one version at a time")],
)
def test_both_sides_fit_into_the_reserved_concurrency(reserved, at_once, note):
    aws = two_versions()
    aws.reserved = reserved
    under_way, most = Counter(), Counter()

    def count(version):
        under_way[version] += 1
        most["at once"] = max(most["at once"], sum(under_way.values()))
        under_way[version] -= 1

    aws.during = count
    result = directly(aws, asked(against="live"))
    assert most["at once"] <= at_once
    assert [warning for warning in told(result) if note and note in warning] == told(result)
    assert bool(told(result)) == (note is not None)


def test_a_reserved_concurrency_of_nothing_is_refused():
    aws = two_versions()
    aws.reserved = 0
    assert "lets no invocation through" in refused(FunctionRefused, aws, against="live").message


def test_several_payloads_come_alike_often_on_both_sides_and_all_of_them_do():
    payloads = tuple(Payload.of(f'{{"n": {number}}}') for number in range(12))
    request = replace(asked(against="live", parallel=1), payloads=payloads)
    aws = two_versions()
    result = directly(aws, request)
    sent = {version: Counter(text for to, text in aws.invoked if to == version) for version in ("1", "2")}
    assert sent["1"] == sent["2"]
    assert len(sent["1"]) == 12
    assert result.memory_sizes[0].set_aside == 0
    assert result.check.metrics[0].after_count == result.memory_sizes[0].warm.samples


def test_measuring_that_died_ends_the_check_with_what_it_has():
    aws = two_versions(noise=0.3)

    def left_ms():
        # Time for one round, and none for the next.
        return 900_000 if len(aws.invoked) < 50 else 1_000

    services = services_of(aws, time_left_ms=left_ms)
    result = run_direct(services, asked(against="live"), "run-1")
    assert result.check.verdict is Verdict.UNDECIDED
    assert result.check.ended_by.startswith("the measuring ended early: There was no time left")
    assert list(contradictions(result)) == []


# --- a side that fails -----------------------------------------------------------------------------------------


def test_a_function_that_fails_every_time_is_not_invoked_on_and_its_result_says_so():
    aws = two_versions(failing=("2",))
    result = directly(aws, asked(against="live"))
    assert len(aws.invoked) <= 15
    assert {sample.outcome for sample in result.samples} == {Outcome.ERROR}
    assert result.memory_sizes[0].reason
    assert list(contradictions(result)) == []


def test_a_reference_that_fails_every_time_is_named_and_ends_with_4():
    aws = two_versions(failing=("1",))
    before = aws.visible()
    with pytest.raises(FunctionFails, match=r"orders:live \(version 1\), .* failed at every one of") as error:
        directly(aws, asked(against="live"))
    assert error.value.exit_code == 4
    assert "ValueError broken" in error.value.message
    assert aws.visible() == before


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_side_that_aws_refuses_is_named_and_ends_with_3(version):
    aws = two_versions()

    def refuse(invoked):
        if invoked == version:
            raise refusal("Invoke", "KMSDisabledException", "the key is disabled")

    aws.during = refuse
    with pytest.raises(AwsError, match=rf"\(version {version}\) through: .*the key is disabled") as error:
        directly(aws, asked(against="live"))
    assert error.value.exit_code == 3


# --- baselines -------------------------------------------------------------------------------------------------


def test_without_a_baseline_one_that_is_required_is_missed_before_anything_is_invoked():
    error = refused(UsageError, two_versions(), stored=True, require_baseline=True)
    assert error.exit_code == 2
    assert "no baseline yet" in error.message


def a_baseline(**changes):
    store = MemoryStore()
    in_store(two_versions(), store, "run-0")
    found = baseline_from_text(store.get(KEY), "here")
    return replace(found, **changes)


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"environment": "local"}, "embedded endpoint"), ({"payloads": ()}, "other payloads")],
    ids=["environment", "payloads"],
)
def test_a_baseline_of_another_kind_is_refused_or_compared_with_a_note(changes, word):
    baseline = a_baseline(**changes)
    assert word in refused(UsageError, two_versions(), baseline=baseline).message
    result = directly(two_versions(), asked(baseline=baseline, allow_unlike=True))
    assert result.check.verdict is Verdict.SAME
    assert any(word in note for note in result.check.notes)


def test_the_measurements_of_a_baseline_are_compared_with_where_its_version_is_gone_or_another():
    baseline = a_baseline()
    for change in (lambda aws: aws.versions.pop("2"), lambda aws: aws.versions["2"].update(CodeSha256="other")):
        aws = two_versions()
        aws.publish("3").durations["3"] = 50.0
        aws.aliases["staging"]["FunctionVersion"] = "3"
        change(aws)
        result = directly(aws, asked(baseline=baseline))
        assert not result.check.interleaved
        assert {qualifier for qualifier, _ in aws.invoked} == {"3"}
        assert any("are compared with" in note for note in result.warnings)
        assert list(contradictions(result)) == []


def test_a_result_does_not_repeat_the_baseline_that_it_was_compared_with():
    result = directly(two_versions(), asked(baseline=a_baseline()))
    assert result.request.check.baseline is None
    assert result.check.reference.run_id == "run-0"


def test_what_lies_where_the_baseline_should_and_is_none_is_refused():
    store = MemoryStore()
    store.put(KEY, dumps({"a": 1}))
    aws = two_versions()
    with pytest.raises(UsageError, match=KEY):
        in_store(aws, store, "run-1")
    assert not aws.invoked
    assert store.get(KEY) == dumps({"a": 1})


def test_a_stopped_check_keeps_no_baseline():
    aws, store = two_versions(), MemoryStore()
    with pytest.raises(Stopped):
        run_direct(services_of(aws, store, stop_requested=lambda: len(aws.invoked) > 5), asked(stored=True), "run-1")
    assert store.keys("baselines/") == []
    assert "powertune-lease" not in aws.aliases


def test_too_few_invocations_make_no_baseline_since_nothing_could_be_decided_by_it():
    store = MemoryStore()
    limits = Limits(max_spend=Decimal("0.000017"))
    result = run_direct(services_of(two_versions(), store), asked(stored=True, limits=limits), "run-1")
    assert 0 < result.memory_sizes[0].warm.samples < 20
    assert result.check.ended_by == "the limit of 0.000017 USD"
    assert result.check.kept_at is None
    assert any("20 are the fewest to compare with" in warning for warning in result.warnings)
    assert store.keys("baselines/") == []
