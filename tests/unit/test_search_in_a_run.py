"""An adaptive search in a run: short rounds, a confirmation at the end, limits that hold, a function put back."""

import json
import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest
from asl_walker import Walker
from fake_aws import ARN, FakeAws, FakeClock, refusal

from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.payload import EMPTY, Payload
from powertune.domain.request import ALL_MEMORY_SIZES_MB, SEARCHED_MEMORY_SIZES_MB, TuningRequest
from powertune.domain.result import Environment
from powertune.domain.search import Limits, Prior, PriorSample, SearchKind
from powertune.domain.work import Batch
from powertune.errors import PowertuneError, UsageError
from powertune.store import MemoryStore
from powertune.wire import dumps, to_data
from powertune.workflow import tasks
from powertune.workflow.archive import Archive
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services
from powertune.workflow.stack import definition
from powertune.workflow.steps.lasting import MAX_ROUNDS

SIZES = (128, 256, 512, 1024, 2048, 4096)


def curve(memory_mb):
    """Work on a single thread, some waiting, and trouble with little memory: cheapest at 1024 MB of `SIZES`."""
    return 20 + 60_000 / min(memory_mb, 1769) + 2e7 / memory_mb**2


def told(result):
    """The warnings, but for one: the fake's traces all show the same duration."""
    return [warning for warning in result.warnings if not warning.startswith("The sources disagree")]


def request(**more):
    options = {"memory_sizes_mb": SIZES, "search": SearchKind.ADAPTIVE, **more}
    return TuningRequest(function_arn=FunctionArn.parse(ARN), **options)


def services(aws, store=None, **more):
    return Services(
        session=aws, store=store or MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"), **more
    )


def run(aws, the_request=None, store=None, **more):
    return run_direct(services(aws, store, **more), the_request or request(), "run-1")


def by_machine(aws, the_request, monkeypatch, for_task=None):
    store = MemoryStore()
    monkeypatch.setattr(tasks, "_session", lambda: aws)
    monkeypatch.setattr(tasks, "_services", lambda *_: services(aws, store, **(for_task() if for_task else {})))
    context = SimpleNamespace(memory_limit_in_mb="512")
    sent = []

    def invoke(_, payload):
        sent.append(payload)
        return json.loads(json.dumps(tasks.handler(payload, context)))

    walker = Walker(definition(partition="aws", worker_arn="w", planner_arn="p"), invoke, name="run-1")
    walker.run({"request": to_data(the_request)})
    return Archive(store, "run-1").result(), walker.entered, sent


def rounds(log):
    """The calls of the sources, of publishing and of invoking, in their order, without repeats."""
    wanted = [call.partition(":")[2] for call in log]
    wanted = [call for call in wanted if call in ("publish_version", "invoke", "start_query", "batch_get_traces")]
    return [call for before, call in zip(["", *wanted], wanted, strict=False) if call != before]


def test_a_search_recommends_a_size_that_it_measured_and_leaves_the_function_as_it_was():
    aws = FakeAws(duration_ms=curve)
    before = aws.visible()
    result = run(aws)
    measured = {size.memory_mb for size in result.memory_sizes if size.status == "measured"}
    assert result.recommendation.memory_mb in measured
    assert {sample.memory_mb for sample in result.samples} == {size.memory_mb for size in result.memory_sizes}
    assert len(aws.invoked) == len(result.samples) < 30
    assert result.restored
    assert aws.visible() == before


def test_the_first_invocation_at_each_size_is_its_cold_start_and_no_other():
    result = run(FakeAws(duration_ms=curve))
    for sample in result.samples:
        assert sample.cold is (sample.order == 0)
    orders = Counter(sample.memory_mb for sample in result.samples)
    for size, count in orders.items():
        assert [sample.order for sample in result.samples if sample.memory_mb == size] == list(range(count))


def test_logs_and_traces_are_read_once_for_all_rounds_after_the_last_invocation():
    aws = FakeAws(duration_ms=curve)
    result = run(aws)
    calls = rounds(aws.log)
    assert calls.count("invoke") >= 2
    assert calls[-2:] == ["start_query", "batch_get_traces"]
    assert calls.count("start_query") == 1
    assert aws.log.count("logs:start_query") == 1
    assert {sample.sources for sample in result.samples} == {("tail", "insights", "xray")}
    assert told(result) == []


class WithoutTail(FakeAws):
    """As in a log format of which the tail is too short for the record."""

    def invoke(self, **arguments):
        return {**super().invoke(**arguments), "LogResult": ""}


def test_where_the_log_tail_has_no_record_each_round_waits_for_the_logs():
    aws = WithoutTail(duration_ms=curve)
    result = run(aws)
    calls = rounds(aws.log)
    assert calls.count("start_query") == calls.count("invoke") >= 2
    assert {sample.sources for sample in result.samples} == {("insights", "xray")}
    assert result.recommendation is not None


class OneTailMissing(FakeAws):
    """The third invocation's tail has no record."""

    def invoke(self, **arguments):
        answer = super().invoke(**arguments)
        return {**answer, "LogResult": ""} if len(self.invoked) == 3 else answer


def test_one_missing_record_makes_its_round_wait_and_the_others_not():
    aws = OneTailMissing(duration_ms=curve)
    result = run(aws)
    assert aws.log.count("logs:start_query") == 2  # that round, and the confirmation
    assert sum("tail" not in sample.sources for sample in result.samples) == 1
    assert all("insights" in sample.sources for sample in result.samples)


class LogsSayMore(FakeAws):
    """Logs Insights has ten times the duration of the log tail, at one size."""

    def __init__(self, wrong_mb, **more):
        super().__init__(**more)
        self.wrong_mb = wrong_mb

    def get_query_results(self, queryId):
        told = self.reports
        self.reports = [self._more(report) for report in told]
        answer = super().get_query_results(queryId)
        self.reports = told
        return answer

    def _more(self, report):
        if f"Memory Size: {self.wrong_mb} MB" not in report["text"]:
            return report
        duration, billed = 10 * report["duration"], 10 * report["billed"]
        text = re.sub(
            r"Duration: [0-9.]+ ms\tBilled Duration: [0-9]+",
            "Duration: {:.2f} ms\tBilled Duration: {}",
            report["text"],
            count=1,
        )
        return {**report, "text": text.format(duration, billed), "duration": duration, "billed": billed}


def test_where_the_logs_contradict_the_tails_the_search_goes_on_with_what_they_say():
    first = run(FakeAws(duration_ms=curve)).recommendation.memory_mb
    aws = LogsSayMore(first, duration_ms=curve)
    result = run(aws)
    assert result.recommendation.memory_mb != first
    assert aws.log.count("logs:start_query") > 1
    wrong = [sample for sample in result.samples if sample.memory_mb == first]
    for sample in wrong:
        assert sample.duration_ms > 5 * curve(first)
        assert any("the log tail says" in text for text in sample.disagreements)


@pytest.mark.parametrize("most", [1, 2, 3, 7])
def test_no_more_is_invoked_than_allowed(most):
    aws = FakeAws(duration_ms=curve)
    result = run(aws, request(limits=Limits(max_invocations=most)))
    assert len(aws.invoked) <= most
    assert result.restored
    assert most > 1 or result.recommendation is None


@pytest.mark.parametrize("limits", [Limits(max_spend=Decimal("0.00002")), Limits(max_time_ms=2_000.0)])
def test_no_more_is_spent_than_allowed(limits):
    aws = FakeAws(duration_ms=curve)
    result = run(aws, request(limits=limits))
    assert aws.invoked
    if limits.max_spend is not None:
        assert result.spend.lambda_cost.amount <= limits.max_spend
    else:
        assert sum(sample.latency_ms for sample in result.samples) <= limits.max_time_ms


@pytest.mark.parametrize(
    ("limits", "said"),
    [(Limits(max_spend=Decimal("0.0000003")), "cost 0.00000"), (Limits(max_time_ms=1.0), "took ")],
    ids=["money", "time"],
)
def test_a_first_invocation_that_alone_passes_a_limit_is_the_last_one_and_is_told(limits, said):
    aws = FakeAws(duration_ms=curve)
    result = run(aws, request(limits=limits))
    assert len(aws.invoked) == 1
    (warning,) = told(result)
    assert said in warning
    assert "more than the limit of" in warning
    assert result.search.notes[-1].startswith("It stopped ")
    (size,) = result.memory_sizes
    assert size.status == "not-measured"


def test_a_limit_below_the_price_of_any_invocation_is_refused_before_anything_is_changed():
    aws = FakeAws(duration_ms=curve)
    before = aws.visible()
    with pytest.raises(UsageError, match=r"pays for no invocation: the shortest costs 0\.000000202 USD"):
        run(aws, request(limits=Limits(max_spend=Decimal("0.0000001"))))
    assert aws.visible() == before
    assert not aws.invoked


def test_a_search_among_all_sizes_may_choose_the_present_one_whatever_it_is():
    aws = FakeAws(duration_ms=curve, memory_mb=777)
    result = run(aws, request(memory_sizes_mb=SEARCHED_MEMORY_SIZES_MB))
    assert 777 in result.request.memory_sizes_mb
    assert len(result.memory_sizes) < 20
    assert aws.latest["MemorySize"] == 777


def test_sizes_that_were_named_are_the_only_ones():
    result = run(FakeAws(duration_ms=curve, memory_mb=777))
    assert result.request.memory_sizes_mb == SIZES
    assert {sample.memory_mb for sample in result.samples} <= set(SIZES)


class SmallAccount(FakeAws):
    """A new account. ``said`` is what its refusals say."""

    said = "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 3008"

    def update_function_configuration(self, FunctionName, MemorySize, RevisionId=None):
        if MemorySize > 3008:
            self.refused = [*getattr(self, "refused", []), MemorySize]
            raise refusal("UpdateFunctionConfiguration", "ValidationException", self.said)
        return super().update_function_configuration(FunctionName, MemorySize, RevisionId)


def many_threads(memory_mb):
    return 100_000 / memory_mb


def test_an_account_that_may_not_have_a_size_is_asked_for_no_other_above_its_limit():
    aws = SmallAccount(duration_ms=many_threads)
    before = aws.visible()
    result = run(aws, request(memory_sizes_mb=SEARCHED_MEMORY_SIZES_MB, strategy="speed"))
    assert len(aws.refused) == 1
    failed = [size for size in result.memory_sizes if size.status == "failed"]
    assert aws.refused[0] in {size.memory_mb for size in failed}
    assert all(size.memory_mb > 3008 and "3008" in size.reason for size in failed)
    assert result.recommendation.memory_mb <= 3008
    assert aws.visible() == before


def test_where_the_refusal_does_not_say_the_limit_no_larger_size_is_asked_for():
    class Terse(SmallAccount):
        said = "no"

    aws = Terse(duration_ms=many_threads)
    result = run(aws, request(memory_sizes_mb=SEARCHED_MEMORY_SIZES_MB, strategy="speed"))
    assert aws.refused == sorted(aws.refused, reverse=True)
    assert result.recommendation.memory_mb <= 3008


def test_a_size_that_fails_for_another_reason_rules_out_no_other():
    aws = FakeAws(duration_ms=many_threads)
    aws.failing_sizes_mb = (2048,)
    result = run(aws, request(strategy="speed"))
    assert result.recommendation.memory_mb == 4096


PRIOR = Prior(
    run_id="earlier",
    code_sha256="c0de",
    architecture=Architecture.X86_64,
    payload_sha256=EMPTY.sha256,
    samples=tuple(
        PriorSample(memory_mb=size, duration_ms=curve(size) * noise, billed_ms=int(curve(size) * noise) + 1)
        for size in SIZES
        for noise in (0.98, 1.0, 1.02, 0.99, 1.01)
    ),
)


def test_an_earlier_run_of_the_same_code_saves_invocations_and_the_answer_is_still_measured():
    alone, informed = FakeAws(duration_ms=curve), FakeAws(duration_ms=curve)
    run(alone)
    result = run(informed, request(prior=PRIOR))
    assert len(informed.invoked) < len(alone.invoked)
    assert sum(sample.memory_mb == result.recommendation.memory_mb for sample in result.samples) >= 2
    assert told(result) == []
    assert result.request.prior == PRIOR
    assert result.search.notes[0].startswith("The search began with 30 measurements of the run earlier at 128, 256, ")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"code_sha256": "other"}, "code"),
        ({"architecture": Architecture.ARM64}, "architecture"),
        ({"payload_sha256": Payload.of("1").sha256}, "event"),
    ],
)
def test_what_an_earlier_run_measured_of_another_thing_is_not_used_and_said(changes, what):
    alone, informed = FakeAws(duration_ms=curve), FakeAws(duration_ms=curve)
    run(alone)
    result = run(informed, request(prior=replace(PRIOR, **changes)))
    assert sorted(informed.invoked) == sorted(alone.invoked)
    assert told(result) == [f"The {what} changed since the run earlier, so its measurements were not used."]
    assert not any("began with" in note for note in result.search.notes)


def test_both_drivers_search_the_same_way_and_find_the_same(monkeypatch):
    directly, walked = FakeAws(duration_ms=curve), FakeAws(duration_ms=curve)
    direct = run(directly)
    result, entered, _ = by_machine(walked, request(), monkeypatch)
    assert sorted(walked.log) == sorted(directly.log)
    assert sorted(walked.invoked) == sorted(directly.invoked)
    assert result.recommendation == direct.recommendation
    assert result.search == direct.search
    # The last but one plan asks for the confirmation, the last one for nothing.
    assert entered.count("Collect") == entered.count("Plan") - 1
    assert entered.count("Score") == 1


class Script:
    """A planner that asks for one invocation at a time, each at the next of some sizes, without end."""

    def __init__(self, sizes):
        self.sizes, self.told = sizes, 0

    def ask(self):
        return (Batch(memory_mb=self.sizes[self.told % len(self.sizes)], count=1),)

    def tell(self, samples):
        self.told += len(samples)

    def rule_out(self, sizes):
        assert not sizes

    def knowledge(self):
        return None


@pytest.fixture
def scripted(monkeypatch):
    def with_sizes(*sizes):
        monkeypatch.setattr("powertune.decide.search.planner_for", lambda *_, **__: Script(sizes))

    return with_sizes


def test_a_search_that_asks_without_end_comes_to_an_end(scripted):
    scripted(512)
    aws = FakeAws(duration_ms=curve)
    result = run(aws)
    assert len(aws.invoked) == MAX_ROUNDS
    assert aws.log.count("logs:start_query") == 1
    assert f"The run ended after {MAX_ROUNDS} rounds, though more was wanted." in result.warnings


def test_the_state_of_a_long_search_fits_into_step_functions(scripted, monkeypatch):
    scripted(*ALL_MEMORY_SIZES_MB)
    aws = FakeAws(duration_ms=curve)
    result, _, sent = by_machine(aws, request(memory_sizes_mb=ALL_MEMORY_SIZES_MB), monkeypatch)
    assert len(result.memory_sizes) == MAX_ROUNDS
    assert max(len(json.dumps(payload)) for payload in sent[1:]) < 256 * 1024 / 4


def test_the_worker_needs_no_planner_to_prepare_a_search():
    """Only the planner's task carries numpy and scipy."""
    import subprocess
    import sys

    code = (
        "import sys; import powertune.workflow.steps;"
        "from powertune.decide.search import planner_for, prior_unfit;"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'scipy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class DiesLate(FakeAws):
    def invoke(self, **arguments):
        if len(self.invoked) == 5:
            raise RuntimeError("the task died")
        return super().invoke(**arguments)


def test_a_measuring_task_that_dies_ends_the_search_and_what_it_had_is_answered(monkeypatch):
    aws = DiesLate(duration_ms=curve)
    before = aws.visible()
    result, entered, _ = by_machine(aws, request(), monkeypatch)
    assert len(aws.invoked) == 5
    assert any("ended early" in warning for warning in result.warnings)
    assert {sample.sources for sample in result.samples} == {("tail", "insights", "xray")}
    assert entered[-1] != "Failed"
    assert aws.visible() == before


def test_a_task_without_much_time_does_a_round_in_parts_and_nothing_twice(monkeypatch):
    aws, whole = FakeAws(duration_ms=curve), FakeAws(duration_ms=curve)

    def for_task():
        left = iter([100_000])  # for one invocation
        return {"time_left_ms": lambda: next(left, 1_000)}

    result, entered, _ = by_machine(aws, request(), monkeypatch, for_task)
    run(whole)
    assert entered.count("Measure") == len(aws.invoked)
    assert sorted(aws.invoked) == sorted(whole.invoked)
    assert len(result.samples) == len(aws.invoked)


def test_an_error_of_the_sources_at_the_end_costs_the_confirmation_only():
    def deny(number, service, operation, when):
        if operation in ("start_query", "batch_get_traces"):
            raise refusal(operation, "AccessDeniedException", "not allowed")

    aws = FakeAws(duration_ms=curve, fault=deny)
    result = run(aws)
    assert {sample.sources for sample in result.samples} == {("tail",)}
    assert any("Logs Insights could not be read" in warning for warning in result.warnings)
    assert result.recommendation is not None


def test_a_function_that_fails_everywhere_is_given_up_and_put_back():
    aws = FakeAws(duration_ms=curve)
    aws.answer = lambda payload: {"errorType": "ValueError", "errorMessage": "the table is gone"}
    before = aws.visible()
    result = run(aws)
    assert result.recommendation is None
    assert len(aws.invoked) < 15
    assert "the table is gone" in result.memory_sizes[0].reason
    assert aws.visible() == before


class Refusing(FakeAws):
    """AWS lets no invocation through: ``code`` says why."""

    code, status = "AccessDeniedException", 403

    def invoke(self, **_):
        raise refusal("Invoke", self.code, "no", self.status)


class Throttling(Refusing):
    code, status = "TooManyRequestsException", 429


@pytest.mark.parametrize("kind", [Refusing, Throttling])
def test_where_aws_lets_no_invocation_through_not_every_size_is_published_to_find_that_out(kind):
    aws = kind(duration_ms=curve)
    before = aws.visible()
    result = run(aws, request(memory_sizes_mb=SEARCHED_MEMORY_SIZES_MB))
    assert aws.log.count("lambda:publish_version") <= 6
    assert result.recommendation is None
    assert {size.status for size in result.memory_sizes} == {"failed"}
    assert aws.visible() == before


class FailingOnce(FakeAws):
    """The third invocation at the present size fails."""

    def invoke(self, Qualifier, **arguments):
        present = Qualifier.endswith("-512")
        third = present and sum(qualifier == Qualifier for qualifier, _ in self.invoked) == 2
        self.answer = lambda payload: {"errorType": "Flaky", "errorMessage": "no"} if third else {}
        return super().invoke(Qualifier=Qualifier, **arguments)


def test_a_failure_at_a_size_that_was_measured_all_the_same_is_told():
    result = run(FailingOnce(duration_ms=curve), request(sizes_at_once=1))
    (warning,) = told(result)
    assert warning.startswith(f"1 of {len(result.samples)} invocations failed at memory sizes at which others ")
    assert "(Flaky)" in warning


def test_that_the_model_leaves_out_ephemeral_storage_is_told_where_there_is_some():
    aws = FakeAws(duration_ms=curve)
    aws.latest["EphemeralStorage"] = {"Size": 10240}
    result = run(aws)
    assert "costs, 14 % on top at 128 MB and less at larger sizes" in " ".join(result.search.notes)
    assert not any("ephemeral" in note for note in run(FakeAws(duration_ms=curve)).search.notes)


def test_a_search_is_applied_as_a_grid_is():
    aws = FakeAws(duration_ms=curve, memory_mb=128)
    result = run(aws, request(apply=True))
    assert result.applied.memory_mb == result.recommendation.memory_mb == aws.latest["MemorySize"] != 128


def test_one_size_measured_is_no_comparison_and_nothing_is_applied():
    aws = FakeAws(duration_ms=curve, memory_mb=128)
    aws.failing_sizes_mb = SIZES[1:]
    result = run(aws, request(apply=True))
    assert result.recommendation.memory_mb == 128
    assert result.applied is None
    assert "128 MB was not applied: no other memory size was measured." in result.warnings
    assert aws.latest["MemorySize"] == 128


def test_a_present_size_that_could_not_be_measured_is_not_left():
    class Refuses(FakeAws):
        def invoke(self, **arguments):
            if "-512" in arguments["Qualifier"]:
                raise refusal("Invoke", "KMSDisabledException", "the key is disabled")
            return super().invoke(**arguments)

    aws = Refuses(duration_ms=curve, memory_mb=512)
    result = run(aws, request(apply=True))
    assert result.recommendation is not None
    assert result.applied is None
    assert any("the present 512 MB could not be measured" in warning for warning in result.warnings)


def test_a_small_reserved_concurrency_is_kept_and_said():
    aws = FakeAws(duration_ms=curve)
    aws.reserved = 1
    result = run(aws)
    assert result.request.sizes_at_once == 1
    (said,) = told(result)
    assert "reserved concurrency of 1" in said


def test_a_search_that_ended_too_early_for_an_answer_is_not_called_a_function_that_fails():
    from powertune.cli.ending import _without_recommendation

    result = run(FakeAws(duration_ms=curve), request(limits=Limits(max_invocations=1)))
    error = _without_recommendation(result, "next")
    assert (error.exit_code, error.next_step) == (4, "next")
    assert error.message.startswith("No memory size can be recommended for orders. ")
    assert "worked at none" not in error.message


def test_the_lease_of_a_search_lasts_as_long_as_the_search_may(make_snapshot):
    from powertune.workflow.steps.lasting import lease_ms

    snapshot = make_snapshot(timeout_s=10)
    short = lease_ms(request(limits=Limits(max_invocations=5)), snapshot)
    assert short >= 5 * 10_000
    assert lease_ms(request(), snapshot) > short


def test_the_same_seed_makes_the_same_search():
    results = [run(FakeAws(duration_ms=curve), request(seed=3)) for _ in range(2)]
    assert dumps(results[0].search) == dumps(results[1].search)


def test_progress_names_the_size_and_counts_the_money_of_the_whole_search():
    moments = []
    run(FakeAws(duration_ms=curve), progress=moments.append)
    measuring = [moment for moment in moments if moment.phase == "measure"]
    assert {moment.detail for moment in measuring} <= {"", *(f"{size:,} MB" for size in SIZES)}
    published = {moment.detail for moment in moments if moment.phase == "publish"}
    assert published <= {f"{size:,} MB" for size in SIZES}
    assert any("," in detail for detail in published)
    spent = [moment.spent for moment in measuring]
    assert spent == sorted(spent)


def test_a_stop_between_two_rounds_puts_the_function_back():
    aws = FakeAws(duration_ms=curve)
    before = aws.visible()
    with pytest.raises(PowertuneError, match="stopped"):
        run(aws, stop_requested=lambda: len(aws.invoked) >= 4)
    assert aws.visible() == before
