"""Functions called around each invocation; peers.md defect 18: one that returns nothing changes nothing."""

import json
from decimal import Decimal

import pytest
from fake_aws import ARN, FakeAws, FakeClock, refusal

from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.errors import ProcessorFails
from powertune.store import MemoryStore
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services

PRE = "arn:aws:lambda:eu-west-1:123456789012:function:set-up"
POST = "arn:aws:lambda:us-east-1:123456789012:function:clear-away:live"


def run(aws, **more):
    options = {"pre_processor_arn": PRE, "post_processor_arn": POST, **more}
    request = TuningRequest(
        function_arn=FunctionArn.parse(ARN),
        memory_sizes_mb=(512, 1024),
        invocations=3,
        payloads=(Payload.of('{"order": 1}'),),
        **options,
    )
    services = Services(session=aws, store=MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"))
    return run_direct(services, request, "run")


def function(*, pre=lambda payload: None, post=lambda payload: None, **arguments):
    aws = FakeAws(**arguments)
    aws.others = {"set-up": pre, "clear-away": post}
    return aws


def test_the_pre_processors_answer_replaces_the_payload():
    aws = function(pre=lambda payload: {"record": json.loads(payload)["order"] + 41})
    run(aws)
    assert {payload for _, payload in aws.invoked} == {b'{"record": 42}'}


def test_defect_18_a_set_up_function_that_returns_nothing_leaves_the_payload_as_it_is():
    aws = function(pre=lambda payload: None)
    run(aws)
    assert {payload for _, payload in aws.invoked} == {b'{"order": 1}'}


def test_a_pre_processor_that_answers_null_in_so_many_words_leaves_it_too():
    aws = function()
    aws.others["set-up"] = lambda payload: json.loads("null")
    run(aws, post_processor_arn=None)
    assert {payload for _, payload in aws.invoked} == {b'{"order": 1}'}


def test_the_post_processor_gets_the_answer_of_each_invocation_an_errors_too():
    seen = []
    answers = iter([{"ok": 1}, {"errorType": "Expected", "errorMessage": "x"}] * 10)
    aws = function(post=seen.append)
    aws.answer = lambda payload: next(answers)
    run(aws, allowed_exceptions=("Expected",))
    assert {json.loads(body).get("errorType") for body in seen} == {None, "Expected"}
    assert len(seen) == 6


def test_a_processor_may_be_in_another_region_and_behind_an_alias():
    regions, qualifiers = [], []

    class Regions(FakeAws):
        def invoker(self, *, timeout_s, parallel, region=None):
            regions.append(region)
            return super().invoker(timeout_s=timeout_s, parallel=parallel)

        def invoke(self, **arguments):
            if arguments["FunctionName"].endswith("clear-away"):
                qualifiers.append(arguments["Qualifier"])
            return super().invoke(**arguments)

    aws = Regions()
    aws.others = {"set-up": lambda payload: None, "clear-away": lambda payload: None}
    run(aws)
    assert {"eu-west-1", "us-east-1"} <= set(regions)
    assert set(qualifiers) == {"live"}


def test_their_invocations_are_in_the_runs_bill_and_in_no_statistic():
    result = run(function())
    (line,) = [line for line in result.spend.lines if line.what == "pre- and post-processors"]
    assert line.quantity == 12
    # 3 ms at 128 MB and the request fee, twelve times.
    assert line.cost.amount == 12 * (Decimal(3 * 128) / 1024000 * Decimal("0.0000166667") + Decimal("0.0000002"))
    assert len(result.samples) == 6


@pytest.mark.parametrize(("role", "who"), [("pre", "set-up"), ("post", "clear-away")])
def test_a_failing_processor_ends_the_run_with_its_name_and_the_function_is_put_back(role, who):
    aws = function(**{role: lambda payload: {"errorType": "Broken", "errorMessage": "secret"}})
    before = aws.visible()
    with pytest.raises(ProcessorFails, match=f"{role}-processor {who} failed with Broken") as caught:
        run(aws)
    assert "secret" not in str(caught.value)
    assert aws.visible() == before


def test_a_processor_that_may_not_be_invoked_ends_the_run_with_that():
    class Denied(FakeAws):
        def invoke(self, **arguments):
            if arguments["FunctionName"].endswith("set-up"):
                raise refusal("Invoke", "AccessDeniedException", "not allowed", 403)
            return super().invoke(**arguments)

    aws = Denied()
    before = aws.visible()
    with pytest.raises(ProcessorFails, match="not allowed"):
        run(aws)
    assert aws.visible() == before


def test_a_throttled_processor_is_waited_for():
    refusals = iter(range(3))

    class Throttled(FakeAws):
        def invoke(self, **arguments):
            if arguments["FunctionName"].endswith("set-up") and next(refusals, None) is not None:
                raise refusal("Invoke", "TooManyRequestsException", "slow down", 429)
            return super().invoke(**arguments)

    aws = Throttled()
    aws.others = {"set-up": lambda payload: None, "clear-away": lambda payload: None}
    assert run(aws).recommendation is not None
