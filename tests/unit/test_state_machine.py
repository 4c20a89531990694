"""The state machine and the direct driver are two ways to drive the same steps."""

import json
from types import SimpleNamespace

import pytest
from asl_walker import Failed, Walker
from fake_aws import ARN, FakeAws, FakeClock, refusal

from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.store import FolderStore
from powertune.wire import to_data
from powertune.workflow import tasks
from powertune.workflow.archive import Archive
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services
from powertune.workflow.stack import definition
from powertune.workflow.steps import STEPS, Role

RUN_ID = "run-1"
ARNS = {Role.WORKER: "arn:worker", Role.PLANNER: "arn:planner"}
DEFINITION = definition(partition="aws", worker_arn=ARNS[Role.WORKER], planner_arn=ARNS[Role.PLANNER])


def all_tasks(machine):
    for state in machine["States"].values():
        if state["Type"] == "Task":
            yield state


def request(**more):
    return TuningRequest(function_arn=FunctionArn.parse(ARN), memory_sizes_mb=(128, 512), invocations=4, **more)


def services(aws, folder, **more):
    return Services(
        session=aws, store=FolderStore(folder), clock=FakeClock(), environment=Environment(kind="aws"), **more
    )


def through_the_state_machine(aws, folder, monkeypatch, data, **more):
    """Run the definition with the real task handler on one fake."""
    monkeypatch.setattr(tasks, "_session", lambda: aws)
    monkeypatch.setattr(tasks, "_services", lambda *_: services(aws, folder, **more))
    context = SimpleNamespace(memory_limit_in_mb="512")
    walker = Walker(DEFINITION, lambda _, payload: json.loads(json.dumps(tasks.handler(payload, context))), name=RUN_ID)
    return walker, lambda: walker.run(data)


def test_every_task_of_the_state_machine_names_a_step_and_every_step_is_named():
    named = {state["Parameters"]["Payload"]["step"] for state in all_tasks(json.loads(DEFINITION))}
    assert named == set(STEPS)


def test_every_task_calls_the_function_that_has_what_its_step_needs():
    for state in all_tasks(json.loads(DEFINITION)):
        step = STEPS[state["Parameters"]["Payload"]["step"]]
        assert state["Parameters"]["FunctionName"] == ARNS[step.role]


def test_a_task_that_invokes_is_retried_only_after_errors_after_which_nothing_ran():
    measure = next(s for s in all_tasks(json.loads(DEFINITION)) if s["Parameters"]["Payload"]["step"] == "measure")
    assert [retry["ErrorEquals"] for retry in measure["Retry"]] == [["Lambda.TooManyRequestsException"]]


def test_every_failure_leads_to_the_state_that_restores():
    for state in all_tasks(json.loads(DEFINITION)):
        step = state["Parameters"]["Payload"]["step"]
        if step in ("restore", "finish", "measure"):
            continue
        assert [catcher["Next"] for catcher in state["Catch"]] == ["Restore"], step


def test_a_measuring_task_that_dies_leads_to_collecting_what_it_had_written_down():
    measure = json.loads(DEFINITION)["States"]["Measure"]
    assert [(catcher["ErrorEquals"], catcher["Next"]) for catcher in measure["Catch"]] == [
        (["ProcessorFails"], "Restore"),
        (["States.ALL"], "Collect"),
    ]


def test_both_drivers_give_the_same_result_and_make_the_same_calls_of_the_function(tmp_path, monkeypatch):
    directly, by_machine = FakeAws(), FakeAws()
    direct = run_direct(services(directly, tmp_path / "direct"), request(), RUN_ID)
    _, run = through_the_state_machine(by_machine, tmp_path / "machine", monkeypatch, {"request": to_data(request())})
    run()
    walked = Archive(FolderStore(tmp_path / "machine"), RUN_ID).result()
    assert sorted(by_machine.log) == sorted(directly.log)
    assert _comparable(walked) == _comparable(direct)
    assert walked.recommendation is not None


def _comparable(result):
    """The result without what depends on time and on chance: trace ids, and the task functions' own time."""
    data = to_data(result)
    for sample in data["samples"]:
        del sample["trace_id"], sample["request_id"], sample["sent_at_ms"]
    for key in ("started_at", "finished_at", "spend"):
        del data[key]
    return data


def test_a_batch_that_outlasts_the_tasks_time_is_continued_and_nothing_is_invoked_twice(tmp_path, monkeypatch):
    aws = FakeAws()
    left = iter([100_000] * 3 + [1_000] + [100_000] * 100)
    walker, run = through_the_state_machine(
        aws, tmp_path, monkeypatch, {"request": to_data(request())}, time_left_ms=lambda: next(left)
    )
    run()
    result = Archive(FolderStore(tmp_path), RUN_ID).result()
    assert walker.entered.count("Measure") == 2
    assert len(aws.invoked) == 8
    assert [sample.order for sample in result.samples if sample.memory_mb == 128] == [0, 1, 2, 3]


def result_in(folder):
    return Archive(FolderStore(folder), RUN_ID).result()


class RefusedAt128(FakeAws):
    def invoke(self, **arguments):
        if arguments["Qualifier"].endswith("-128"):
            raise refusal("Invoke", "KMSDisabledException", "the key is disabled")
        return super().invoke(**arguments)


def test_a_size_that_aws_refuses_to_invoke_is_recorded_and_the_others_are_scored(tmp_path, monkeypatch):
    aws = RefusedAt128()
    before = aws.visible()
    _, run = through_the_state_machine(aws, tmp_path, monkeypatch, {"request": to_data(request())})
    run()
    sizes = {size.memory_mb: size for size in result_in(tmp_path).memory_sizes}
    assert "the key is disabled" in sizes[128].reason
    assert sizes[512].status == "measured"
    assert sizes[512].invocations == 4
    assert aws.visible() == before


class DiesAtTheFifthInvocation(FakeAws):
    def invoke(self, **arguments):
        if len(self.invoked) == 4:
            raise RuntimeError("the task died")
        return super().invoke(**arguments)


def test_what_a_measuring_task_had_written_down_before_it_died_is_scored_and_nothing_is_sent_again(
    tmp_path, monkeypatch
):
    aws = DiesAtTheFifthInvocation()
    before = aws.visible()
    walker, run = through_the_state_machine(aws, tmp_path, monkeypatch, {"request": to_data(request(sizes_at_once=1))})
    run()
    result = result_in(tmp_path)
    assert len(result.samples) == 4
    assert walker.entered.count("Measure") == 1
    assert any("measuring ended early: the task died" in warning for warning in result.warnings)
    assert {size.status for size in result.memory_sizes} == {"measured"}
    assert aws.visible() == before


@pytest.mark.parametrize("operation", ["publish_version", "start_query", "create_alias"])
def test_a_failing_execution_restores_the_function_and_ends_as_failed(tmp_path, monkeypatch, operation):
    def fail(number, service, name, when):
        if name == operation and when == "before" and len(aws.log) > 8:
            raise RuntimeError("out of order")

    aws = FakeAws(fault=fail)
    before = aws.visible()
    walker, run = through_the_state_machine(aws, tmp_path, monkeypatch, {"request": to_data(request())})
    with pytest.raises(Failed, match="out of order"):
        run()
    assert "Restore" in walker.entered
    assert aws.visible() == before


def test_an_input_without_a_function_fails_with_a_sentence(tmp_path, monkeypatch):
    data = to_data(request())
    data["function_arn"] = "orders"
    _, run = through_the_state_machine(FakeAws(), tmp_path, monkeypatch, {"request": data})
    with pytest.raises(Failed, match="not the ARN of a Lambda function"):
        run()


def test_state_transitions_are_counted_from_the_executions_history(tmp_path, monkeypatch):
    _, run = through_the_state_machine(
        FakeAws(), tmp_path, monkeypatch, {"request": to_data(request())}, execution_arn="arn:execution"
    )
    run()
    spend = Archive(FolderStore(tmp_path), RUN_ID).result().spend
    assert spend.state_transitions == 3
    assert spend.total_cost.amount == spend.lambda_cost.amount + spend.workflow_cost.amount
