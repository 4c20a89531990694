"""No run does more, or costs more, than its plan said, whatever the function does."""

import base64
import contextlib
import math
import random
from decimal import Decimal

import pytest
from both_drivers import by_state_machine, directly, services_of
from botocore.exceptions import ConnectionClosedError
from fake_aws import ARN, refusal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plan_aws import PlanAws

from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload, PayloadUse
from powertune.domain.request import PeerInput, TuningRequest
from powertune.domain.search import Limits, SearchKind, Strategy
from powertune.errors import PowertuneError
from powertune.peer import request_from
from powertune.pricing.bill import invocation_cost
from powertune.pricing.table import price_for
from powertune.workflow.preview import preview

PRICE = price_for("us-east-1", "x86_64")
TIMEOUT_S = 3
LONGEST_INIT_MS = 10_000


class Wild(PlanAws):
    """A function that does whatever its seed says, within what AWS allows: at most its timeout, and an init of 10 s."""

    def __init__(self, seed, kind):
        super().__init__(memory_mb=600)
        self.latest["Timeout"] = TIMEOUT_S
        self.chance = random.Random(seed)
        self.kind = kind
        self.costs = []

    def invoke(self, **arguments):
        chance, kind = self.chance, self.kind
        self.duration_ms = lambda memory_mb: min(chance.choice([10, 60_000 / memory_mb, 3000]), 3000)
        self.environments = {"cold": 10**6, "warm": 0}.get(kind, chance.choice([0, 1, 3, 10**6]))
        self.answer = lambda _: {"errorType": "Oh"} if kind == "failing" and chance.random() < 0.6 else {}
        if kind == "throttled" and chance.random() < 0.5:
            raise refusal("Invoke", "TooManyRequestsException", status=429)
        answer = super().invoke(**arguments)
        report = self.reports[-1]
        if report["init"]:
            init = chance.choice([100, LONGEST_INIT_MS])
            billed = math.ceil(report["duration"] + init)
            report["text"] = report["text"].replace(
                f"Billed Duration: {report['billed']}", f"Billed Duration: {billed}"
            )
            report["text"] = report["text"].replace(
                f"Init Duration: {report['init']:.2f}", f"Init Duration: {init:.2f}"
            )
            report.update(billed=billed, init=float(init))
            answer["LogResult"] = base64.b64encode(report["text"].encode()).decode()
        size = self.versions[report["version"]]["MemorySize"]
        self.costs.append(invocation_cost(report["billed"], size, PRICE).amount)
        if kind == "lost" and chance.random() < 0.3:
            raise ConnectionClosedError(endpoint_url="https://lambda")
        if kind == "silent":
            return {**answer, "LogResult": ""}
        return answer


KINDS = ("steady", "cold", "warm", "failing", "throttled", "lost", "silent")


def run_and_compare(the_request, aws, drive):
    plan = preview(services_of(aws), the_request, place="stack")
    before = aws.visible()
    with contextlib.suppress(PowertuneError):  # what was spent until then counts all the same
        drive(aws, the_request)
    assert aws.visible() == before
    assert len(aws.costs) <= plan.most_invocations
    assert sum(aws.costs) <= plan.cost.invocations.amount
    assert sum(aws.calls[name] for name in ("lambda:PublishVersion",)) <= 2 * plan.most_versions
    return plan


amounts = st.sampled_from([None, Decimal("0.00001"), Decimal("0.0005"), Decimal("0.02")])


@st.composite
def grids(draw):
    sizes = draw(st.sets(st.sampled_from([128, 512, 600, 1024, 3008]), min_size=1, max_size=3))
    invocations = draw(st.integers(3, 7))
    cold = draw(st.sampled_from([0, 0, 1, 4]))
    many = draw(st.sampled_from([1, 1, 3]))
    use = draw(st.sampled_from([PayloadUse.IN_TURN, PayloadUse.ONCE])) if many > 1 else PayloadUse.IN_TURN
    if use is PayloadUse.ONCE:
        many = 3 * (invocations + 4)
    dry = draw(st.sampled_from([False, False, False, True]))
    return TuningRequest(
        function_arn=FunctionArn.parse(ARN),
        memory_sizes_mb=tuple(sizes),
        invocations=invocations,
        payloads=tuple(Payload.of(str(n)) for n in range(many)),
        payload_use=use,
        cold_starts=0 if dry else cold,
        only_cold_starts=not dry and draw(st.sampled_from([False, False, True])),
        parallel=draw(st.sampled_from([1, 1, 2, 5])),
        sizes_at_once=draw(st.integers(1, 3)),
        dry_run=dry,
        peer=PeerInput(power_values_mb=tuple(sizes)) if draw(st.booleans()) else None,
        seed=draw(st.integers(0, 1000)),
        limits=Limits(
            max_spend=draw(amounts),
            max_invocations=draw(st.sampled_from([None, 3 * (invocations + 5)])),
        ),
    )


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(grids(), st.integers(0, 10**6), st.sampled_from(KINDS))
def test_no_grid_does_more_or_costs_more_than_its_plan_said(the_request, seed, kind):
    run_and_compare(the_request, Wild(seed, kind), directly)


@settings(max_examples=14, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 10**6),
    st.sampled_from(KINDS),
    st.sampled_from([None, 1, 5, 20]),
    amounts,
    st.sampled_from([1, 3]),
    st.sampled_from(list(Strategy)),
)
def test_no_search_does_more_or_costs_more_than_its_plan_said(seed, kind, most, spend, parallel, strategy):
    the_request = TuningRequest(
        function_arn=FunctionArn.parse(ARN),
        search=SearchKind.ADAPTIVE,
        memory_sizes_mb=(128, 256, 512, 600, 1024, 1769, 3008),
        limits=Limits(max_invocations=most, max_spend=spend),
        parallel=parallel,
        strategy=strategy,
        seed=seed,
    )
    run_and_compare(the_request, Wild(seed, kind), directly)


@pytest.mark.parametrize("kind", KINDS)
def test_the_other_tools_input_does_no_more_than_its_plan_said(kind):
    for more in ({}, {"parallelInvocation": True}, {"onlyColdStarts": True}, {"dryRun": True}):
        given_input = {"lambdaARN": ARN, "num": 5, "powerValues": [128, 512], **more}
        run_and_compare(request_from(given_input, seed=1), Wild(3, kind), directly)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_by_the_state_machine_keeps_to_the_plan_in_states_too(kind, monkeypatch):
    the_request = TuningRequest(
        function_arn=FunctionArn.parse(ARN), memory_sizes_mb=(128, 512), invocations=4, cold_starts=3
    )
    entered = []

    def drive(aws, wanted):
        # A task has time for a few invocations only, so that the measuring is continued.
        entered.extend(by_state_machine(aws, wanted, monkeypatch, task_ms=900_000)[1])

    plan = run_and_compare(the_request, Wild(5, kind), drive)
    (states,) = [line.quantity for line in plan.cost.others if line.what == "state transitions"]
    assert 0 < len(entered) <= states


def test_a_limit_of_money_is_passed_by_no_more_than_what_was_under_way():
    most = Decimal("0.001")
    for seed in range(15):
        aws = Wild(seed, "steady")
        the_request = TuningRequest(
            function_arn=FunctionArn.parse(ARN), memory_sizes_mb=(512, 3008), limits=Limits(max_spend=most), seed=seed
        )
        plan = run_and_compare(the_request, aws, directly)
        assert sum(aws.costs) <= most + plan.cost.past_limit.amount
