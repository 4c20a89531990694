"""Corners that a review found: each is a way in which a run could have been wrong, dear or unsafe."""

import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest
from asl_walker import Failed, Walker
from fake_aws import ARN, FakeAws, FakeClock, refusal

from powertune.decide.score import recommend
from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload, PayloadUse
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.domain.search import Objective, Strategy
from powertune.errors import AwsError, UsageError
from powertune.store import FolderStore, MemoryStore
from powertune.target import variants
from powertune.wire import to_data
from powertune.workflow import tasks
from powertune.workflow.archive import Archive
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services
from powertune.workflow.stack import definition


def services(aws, store=None, **more):
    return Services(
        session=aws, store=store or MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"), **more
    )


def request(**more):
    options = {"memory_sizes_mb": (512, 1024), "invocations": 4, **more}
    return TuningRequest(function_arn=FunctionArn.parse(ARN), **options)


def run(aws, store=None, run_id="run", **more):
    return run_direct(services(aws, store), request(**more), run_id)


def by_machine(aws, folder, monkeypatch, data, **more):
    monkeypatch.setattr(tasks, "_session", lambda: aws)
    monkeypatch.setattr(tasks, "_services", lambda *_: services(aws, FolderStore(folder), **more))
    machine = definition(partition="aws", worker_arn="w", planner_arn="p")
    context = SimpleNamespace(memory_limit_in_mb="512")
    walker = Walker(machine, lambda _, payload: json.loads(json.dumps(tasks.handler(payload, context))), name="run-1")
    walker.run(data)
    return Archive(FolderStore(folder), "run-1").result()


def test_warm_hits_of_cold_starts_on_purpose_do_not_change_the_mix_of_payloads():
    payloads = (Payload.of("1", 9), Payload.of("2", 1))
    result = run(FakeAws(), payloads=payloads, payload_use=PayloadUse.WEIGHTED, invocations=10, cold_starts=5)
    for size in result.memory_sizes:
        assert size.warm.samples == 10
        assert size.set_aside > 0
    warm = Counter(sample.payload for sample in result.samples if sample.memory_mb == 512 and sample.cold is False)
    assert sum(warm.values()) > 10


class TimesOutAt512(FakeAws):
    """Every sixth invocation there runs into the timeout."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.small = 0

    def invoke(self, **arguments):
        answer = super().invoke(**arguments)
        self.small += arguments["Qualifier"].endswith("-512")
        if arguments["Qualifier"].endswith("-512") and self.small % 6 == 0:
            body = b'{"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 3.00 seconds"}'
            return {**answer, "FunctionError": "Unhandled", "Payload": SimpleNamespace(read=lambda: body)}
        return answer


def test_a_size_at_which_invocations_time_out_is_not_recommended_where_another_works():
    result = run(TimesOutAt512(duration_ms=lambda memory_mb: 50.0), invocations=12, sizes_at_once=1)
    small, large = result.memory_sizes
    assert small.exhausted > 0
    assert (small.status, large.status) == ("measured", "measured")
    assert result.recommendation.memory_mb == 1024
    assert any("more invocations failed there" in reason for reason in result.recommendation.reasons)


class RefusedAt512(FakeAws):
    def invoke(self, **arguments):
        if arguments["Qualifier"].endswith("-512"):
            raise refusal("Invoke", "KMSDisabledException", "the key is disabled")
        return super().invoke(**arguments)


@pytest.mark.parametrize("sizes", [(512, 1024), (512, 1024, 2048)])
def test_nothing_is_applied_where_the_present_size_could_not_be_measured(sizes):
    aws = RefusedAt512()
    result = run(aws, memory_sizes_mb=sizes, apply=True)
    assert result.applied is None
    assert aws.latest["MemorySize"] == 512
    assert any("was not applied: the present 512 MB could not be measured" in warning for warning in result.warnings)


def test_a_run_id_that_was_used_before_is_refused_and_not_answered_from_the_old_samples():
    store, aws = MemoryStore(), FakeAws()
    run(aws, store)
    before = aws.visible()
    with pytest.raises(UsageError, match="There was a run run before"):
        run(aws, store)
    assert aws.visible() == before


def test_failures_of_an_earlier_task_count_when_a_size_is_given_up(tmp_path, monkeypatch):
    aws = FakeAws()
    aws.answer = lambda payload: {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out"}
    asked = request(invocations=50, sizes_at_once=1)
    beforehand = len(asked.memory_sizes_mb)  # the preflight asks, and the publishing after each size but the last
    left = iter([*[100_000] * beforehand, *[100_000, 1_000] * 1_000])
    result = by_machine(
        aws, tmp_path, monkeypatch, {"request": to_data(asked)},
        time_left_ms=lambda: next(left),
    )  # fmt: skip
    assert {size.invocations for size in result.memory_sizes} == {3}


def test_fewer_sizes_run_at_once_where_the_reserved_concurrency_asks_for_it():
    aws = FakeAws()
    aws.reserved = 4
    result = run(aws, parallel=2, memory_sizes_mb=(256, 512, 1024))
    assert result.request.sizes_at_once == 2
    assert any("reserved concurrency of 4" in warning for warning in result.warnings)


def test_trouble_with_progress_is_not_taken_for_a_function_that_cannot_be_invoked():
    def broken(moment):
        if moment.invocations_done == 2:
            raise AwsError("the bucket is gone")

    result = run_direct(services(FakeAws(), progress=broken), request(sizes_at_once=1), "run")
    assert any("ended early: the bucket is gone" in warning for warning in result.warnings)
    assert len(result.samples) == 2


def test_a_size_published_again_by_a_retried_task_gets_its_own_alias_back():
    aws = FakeAws()
    client, clock = aws.client("lambda"), FakeClock()
    from powertune.target.lease import Lease, take
    from powertune.target.snapshot import take_snapshot

    arn = FunctionArn.parse(ARN)
    snapshot = take_snapshot(client, arn, clock)
    take(client, arn, Lease(run_id="run", memory_mb=512, set_mb=(), since_ms=0, until_ms=1))
    first = variants.publish(client, snapshot, "run", 1024, clock)
    variants.put_back(client, snapshot, "run", clock)
    second = variants.publish(client, snapshot, "run", 1024, clock)
    assert first.version != second.version
    assert aws.aliases[second.alias]["FunctionVersion"] == second.version


def test_a_retry_of_a_task_is_a_transition(tmp_path, monkeypatch):
    class Retried(FakeAws):
        def get_execution_history(self, executionArn, includeExecutionData):
            kinds = ["TaskStateEntered", "TaskScheduled", "TaskFailed", "TaskScheduled", "ChoiceStateEntered"]
            return [{"events": [{"type": kind} for kind in kinds]}]

    result = by_machine(
        Retried(), tmp_path, monkeypatch, {"request": to_data(request())}, execution_arn="arn:execution"
    )
    assert result.spend.state_transitions == 3


def test_late_logs_are_asked_for_less_and_less_often_and_what_is_known_is_not_asked_again():
    class NoTraces(FakeAws):
        def batch_get_traces(self, TraceIds):
            return {"Traces": [], "UnprocessedTraceIds": []}

    aws = NoTraces()
    run(aws)
    assert aws.log.count("logs:start_query") == 1
    assert aws.log.count("xray:batch_get_traces") < 80


def test_an_input_with_a_mistyped_key_ends_with_what_is_wrong_with_it(tmp_path, monkeypatch):
    with pytest.raises(Failed, match="lambdaArn"):
        by_machine(FakeAws(), tmp_path, monkeypatch, {"lambdaArn": ARN, "num": 5})


def test_more_memory_sizes_than_a_state_has_room_for_are_refused():
    with pytest.raises(UsageError, match="more than the 200"):
        request(memory_sizes_mb=tuple(range(128, 1128)))


@pytest.mark.parametrize(("strategy", "said"), [(Strategy.COST, "surely slower"), (Strategy.SPEED, "surely dearer")])
def test_a_gain_that_may_be_chance_is_not_bought_with_a_sure_loss(make_result, strategy, said):
    result = make_result(sizes_mb=(512, 1024), failing_mb=(), best_mb=512)
    present, other = result.memory_sizes
    slow = strategy is Strategy.COST
    duration, cost = present.warm.duration_ms, present.cost
    factor = 1.9 if slow else 0.99
    worse = replace(
        duration, mean=duration.mean * factor,
        mean_interval=replace(
            duration.mean_interval, low=duration.mean_interval.low * factor, high=duration.mean_interval.high * factor
        ),
    )  # fmt: skip
    dearer = 1.5 if not slow else 0.99
    scaled = replace(
        cost,
        per_million=replace(cost.per_million, amount=cost.per_million.amount * Decimal(str(dearer))),
        per_million_interval=replace(
            cost.per_million_interval, low=cost.per_million_interval.low * dearer,
            high=cost.per_million_interval.high * dearer,
        ),
    )  # fmt: skip
    tempting = replace(other, warm=replace(other.warm, duration_ms=worse), cost=scaled)
    answer = recommend([present, tempting], Objective(strategy=strategy, tolerance=0.0), present_memory_mb=512)
    assert answer.memory_mb == 512
    assert said in answer.reasons[0]
