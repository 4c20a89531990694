"""The bill of a run has everything that the run causes, and says where a price is not known."""

from dataclasses import replace
from decimal import Decimal

import pytest
from fake_aws import ARN, FakeAws, FakeClock

from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.domain.work import RunState
from powertune.pricing.bill import invocation_cost, total
from powertune.pricing.table import price_for
from powertune.store import MemoryStore
from powertune.workflow.archive import Archive
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services
from powertune.workflow.spending import whole_spend


def run(aws, **more):
    options = {"memory_sizes_mb": (512, 1024), "invocations": 3, **more}
    request = TuningRequest(function_arn=FunctionArn.parse(ARN), **options)
    services = Services(session=aws, store=MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"))
    return run_direct(services, request, "run"), services


def lines_of(result):
    return {line.what: line for line in result.spend.lines}


def test_a_run_from_the_terminal_pays_for_invocations_queries_and_traces():
    result, _ = run(FakeAws())
    assert set(lines_of(result)) == {
        "invocations of the function", "log queries", "traces recorded", "traces retrieved"
    }  # fmt: skip
    assert lines_of(result)["traces recorded"].quantity == 6


def test_the_total_is_the_sum_of_the_lines_to_the_last_digit():
    result, _ = run(FakeAws())
    assert result.spend.total_cost == total((line.cost for line in result.spend.lines), "USD")
    assert result.spend.total_cost.amount == result.spend.lambda_cost.amount + result.spend.workflow_cost.amount


def test_failed_invocations_and_cold_starts_are_paid_for_like_any_other():
    aws = FakeAws(duration_ms=lambda memory_mb: 20.0)
    answers = iter([{}, {"errorType": "ValueError"}] * 10)
    aws.answer = lambda payload: next(answers)
    result, _ = run(aws)
    price = price_for("us-east-1", result.function.architecture)
    expected = total((invocation_cost(sample.billed_ms, sample.memory_mb, price) for sample in result.samples), "USD")
    assert {sample.outcome.value for sample in result.samples} == {"ok", "error"}
    assert {sample.billed_ms for sample in result.samples} == {20, 120}
    assert result.spend.lambda_cost == expected


def test_an_invocation_without_a_record_is_on_the_bill_without_a_price():
    class Silent(FakeAws):
        def invoke(self, **arguments):
            return {**super().invoke(**arguments), "LogResult": ""}

        def get_query_results(self, queryId):
            return {"status": "Complete", "results": []}

    result, _ = run(Silent())
    line = lines_of(result)["invocations without a record"]
    assert (line.quantity, line.cost) == (6, None)


def spend_of(result, services, *, snapshot=None, price=None, **changes):
    """The bill of the same run, with something else about its state."""
    archive = Archive(services.store, "run")
    from powertune.domain.work import RunState

    state = RunState(run_id="run", snapshot=snapshot or archive.snapshot(), started_at_ms=0, **changes)
    draft = replace(result, price=price or result.price)
    return {line.what: line for line in whole_spend(draft, state, (), changes.pop("transitions", 0)).lines}


def test_task_functions_pay_for_their_duration_and_their_requests():
    result, services = run(FakeAws())
    line = spend_of(result, services, task_mb_ms=512 * 2_000, task_calls=4)["task functions"]
    # One GB-second of x86_64 and four requests.
    assert line.cost.amount == Decimal("0.0000166667") + 4 * Decimal("0.0000002")


def test_snap_start_pays_for_three_hours_of_every_version_of_the_run():
    result, services = run(FakeAws())
    snapshot = replace(Archive(services.store, "run").snapshot(), snap_start=True)
    line = spend_of(result, services, snapshot=snapshot, published=2, published_mb=3072)["SnapStart snapshots"]
    assert line.quantity == 2
    assert line.cost.amount == (1 + 2) * 3 * 3600 * Decimal("0.0000015046")


def test_snap_start_is_free_for_java():
    result, services = run(FakeAws())
    snapshot = replace(Archive(services.store, "run").snapshot(), snap_start=True, runtime="java21")
    assert "SnapStart snapshots" not in spend_of(result, services, snapshot=snapshot, published=2, published_mb=3072)


@pytest.mark.parametrize("what", ["log queries", "traces recorded"])
def test_what_has_no_known_price_in_a_region_is_told_without_a_cost(what):
    result, services = run(FakeAws())
    price = replace(result.price, per_log_gb_scanned=None, per_trace_recorded=None, per_trace_retrieved=None)
    line = spend_of(result, services, price=price, log_bytes_scanned=5_000_000)[what]
    assert line.quantity > 0
    assert line.cost is None


def test_the_metrics_that_a_canary_reads_are_on_the_bill_without_a_price():
    result, services = run(FakeAws(), apply=True)
    state = RunState(
        run_id="run",
        snapshot=Archive(services.store, "run").snapshot(),
        started_at_ms=0,
        aws_calls={"cloudwatch:GetMetricData": 13},
    )
    (line,) = (one for one in whole_spend(result, state, (), 0).lines if one.what == "metrics read")
    assert (line.quantity, line.cost) == (12 * 8 + 4, None)
