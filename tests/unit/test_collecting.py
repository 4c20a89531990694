"""Late, missing and refused sources: the run answers from what it has, and says so."""

import pytest
from fake_aws import ARN, FakeAws, FakeClock, refusal

from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.store import MemoryStore
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services


def run(aws):
    request = TuningRequest(function_arn=FunctionArn.parse(ARN), memory_sizes_mb=(128, 512), invocations=3)
    services = Services(session=aws, store=MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"))
    return run_direct(services, request, "run")


class Late(FakeAws):
    """Logs and traces that arrive only when asked for the fifth time."""

    asked = 0

    def start_query(self, **query):
        self.asked += 1
        if self.asked < 3:
            raise refusal("StartQuery", "ResourceNotFoundException", "the log group does not exist")
        return super().start_query(**query)

    def get_query_results(self, queryId):
        answer = super().get_query_results(queryId)
        return answer if self.asked >= 5 else {**answer, "results": answer["results"][:2]}

    def batch_get_traces(self, TraceIds):
        answer = super().batch_get_traces(TraceIds)
        return answer if self.asked >= 5 else {"Traces": []}


def test_late_logs_and_traces_are_waited_for():
    result = run(Late(duration_ms=lambda memory_mb: 50.0))
    assert {sample.sources for sample in result.samples} == {("tail", "insights", "xray")}
    assert result.warnings == ()


def test_logs_that_never_arrive_end_the_wait_and_are_told():
    class Never(FakeAws):
        def get_query_results(self, queryId):
            return {"status": "Complete", "results": []}

    result = run(Never())
    assert any("6 of 6 invocations were not confirmed by Logs Insights" in warning for warning in result.warnings)
    assert {sample.sources for sample in result.samples} == {("tail", "xray")}
    assert result.recommendation is not None


@pytest.mark.parametrize(("operation", "said"), [
    ("start_query", "Logs Insights could not be read"), ("batch_get_traces", "X-Ray could not be read"),
])  # fmt: skip
def test_a_source_that_is_denied_is_done_without_and_told(operation, said):
    def deny(number, service, name, when):
        if name == operation:
            raise refusal(operation, "AccessDeniedException", "not allowed")

    result = run(FakeAws(fault=deny))
    assert any(said in warning for warning in result.warnings)
    assert result.recommendation is not None


def test_without_any_record_nothing_is_invented():
    class Silent(FakeAws):
        def invoke(self, **arguments):
            return {**super().invoke(**arguments), "LogResult": ""}

        def get_query_results(self, queryId):
            return {"status": "Complete", "results": []}

    result = run(Silent())
    assert result.recommendation is None
    assert all(size.cost is None and size.warm.duration_ms is None for size in result.memory_sizes)
    assert any("left no REPORT record" in warning for warning in result.warnings)
    assert result.spend.lambda_cost.amount == 0
