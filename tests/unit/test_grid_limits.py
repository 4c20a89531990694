"""A grid within limits: what it plans, what it makes up for, and where its money ends."""

from decimal import Decimal

import pytest
from both_drivers import by_state_machine, directly
from fake_aws import ARN, FakeAws

from powertune.decide.search import GridPlanner
from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload
from powertune.domain.request import TuningRequest
from powertune.domain.sample import Outcome, Sample
from powertune.domain.search import Limits, SearchKind, StopReason

EACH = Decimal("0.0000167")
"""About what an invocation of a second costs at 1,024 MB."""


def request(**more):
    given = {"memory_sizes_mb": (512, 1024), "invocations": 6, **more}
    return TuningRequest(function_arn=FunctionArn.parse(ARN), **given)


def run(aws, **more):
    return directly(aws, request(**more))


def sample(order, memory_mb=512, *, cold=False, payload=0):
    return Sample(
        memory_mb=memory_mb, version="1", order=order, request_id=f"r{order}", trace_id=None, outcome=Outcome.OK,
        payload=payload, cold=cold, duration_ms=10.0, billed_ms=10,
    )  # fmt: skip


def asked(the_request, samples):
    planner = GridPlanner(the_request)
    planner.tell(samples)
    return [(batch.memory_mb, batch.count, batch.cold) for batch in planner.ask()]


def test_what_a_grid_makes_up_for_stays_within_its_limit_of_invocations():
    all_cold = [sample(n, size, cold=True) for size in (512, 1024) for n in range(6)]
    assert asked(request(), all_cold) == [(512, 6, 0), (1024, 6, 0)]
    assert asked(request(limits=Limits(max_invocations=20)), all_cold) == [(512, 6, 0), (1024, 2, 0)]
    assert asked(request(limits=Limits(max_invocations=12)), all_cold) == []


def test_payloads_and_cold_starts_of_a_round_that_is_cut_are_cut_with_it():
    events = tuple(Payload.of(str(n)) for n in range(3))
    the_request = request(memory_sizes_mb=(512,), payloads=events, limits=Limits(max_invocations=8))
    planner = GridPlanner(the_request)
    planner.tell([sample(n, cold=n < 3, payload=n % 3) for n in range(7)])
    (batch,) = planner.ask()
    assert (batch.count, batch.payloads) == (1, (1,))
    cold = request(memory_sizes_mb=(512,), cold_starts=4, limits=Limits(max_invocations=10))
    assert asked(cold, [sample(n, cold=n == 0) for n in range(9)]) == [(512, 1, 1)]


@pytest.mark.parametrize("driver", ["direct", "state machine"])
def test_a_grid_ends_where_its_money_ends_and_says_so_and_applies_nothing(driver, monkeypatch):
    aws = FakeAws(duration_ms=lambda memory_mb: 1_000_000 / memory_mb)
    before = aws.visible()
    limit = 8 * EACH
    wanted = request(limits=Limits(max_spend=limit), sizes_at_once=1, apply=True)
    result = directly(aws, wanted) if driver == "direct" else by_state_machine(aws, wanted, monkeypatch)[0]
    assert result.spend.lambda_cost.amount <= limit
    assert 4 <= len(aws.invoked) < 12
    assert result.search.stop_reason is StopReason.MAX_SPEND
    assert any("The measuring ended early" in warning for warning in result.warnings)
    assert any("was not applied: the measuring ended early" in warning for warning in result.warnings)
    assert result.applied is None
    assert aws.visible() == before


def test_a_limit_that_pays_for_everything_changes_nothing():
    free, limited = FakeAws(), FakeAws()
    one, other = run(free), run(limited, limits=Limits(max_spend=Decimal("0.01")))
    assert [sample.order for sample in one.samples] == [sample.order for sample in other.samples]
    assert other.search.stop_reason is StopReason.COMPLETE
    assert one.recommendation == other.recommendation


def test_a_limit_reached_by_the_last_planned_invocation_still_asks_for_no_more():
    aws = FakeAws(duration_ms=lambda _: 1_000.0)
    aws.environments = 99  # all are cold, so that a further round would be wanted
    result = run(aws, memory_sizes_mb=(1024,), limits=Limits(max_spend=Decimal("0.00012")), sizes_at_once=1)
    assert len(aws.invoked) == 6
    assert result.search.stop_reason is StopReason.MAX_SPEND
    assert result.spend.lambda_cost.amount <= Decimal("0.00012")


class WithoutAnswer(FakeAws):
    """The connection is lost after the second call was sent: it ran, and nobody knows for how long."""

    def invoke(self, **arguments):
        answer = super().invoke(**arguments)
        if len(self.invoked) == 2:
            from botocore.exceptions import ConnectionClosedError

            raise ConnectionClosedError(endpoint_url="https://lambda")
        return answer


def test_an_invocation_without_an_answer_counts_with_the_most_that_it_can_cost():
    aws = WithoutAnswer(duration_ms=lambda _: 10.0)
    result = run(aws, limits=Limits(max_spend=Decimal("0.0001")), sizes_at_once=1)
    assert len(aws.invoked) == 2  # 30 s and an init may have been billed: more than the limit
    assert result.search.stop_reason is StopReason.MAX_SPEND


def test_a_search_without_an_answer_ends_at_its_limit_too():
    aws = WithoutAnswer(duration_ms=lambda _: 10.0)
    result = run(
        aws,
        search=SearchKind.ADAPTIVE,
        memory_sizes_mb=(512, 1024, 2048),
        limits=Limits(max_spend=Decimal("0.0001")),
    )
    assert len(aws.invoked) <= 4
    assert result.search.stop_reason is StopReason.MAX_SPEND
    assert result.restored
