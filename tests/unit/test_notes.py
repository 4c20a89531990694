"""What a reader should know before trusting the figures."""

import pytest

from powertune.decide.notes import measuring_warnings
from powertune.decide.summary import size_result
from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload
from powertune.domain.price import Money
from powertune.domain.request import TuningRequest
from powertune.domain.sample import Outcome, Sample
from powertune.pricing.bill import invocation_cost
from powertune.pricing.table import price_for

ARN = FunctionArn.parse("arn:aws:lambda:us-east-1:123456789012:function:orders")
PRICE = price_for("us-east-1", "x86_64")


def cost_of(billed_ms, memory_mb) -> Money:
    return invocation_cost(billed_ms, memory_mb, PRICE)


def sample(order, duration_ms=10.0, **more):
    details = {"outcome": Outcome.OK, "cold": False, **more}
    return Sample(
        memory_mb=512, version="1", order=order, request_id=f"r{order}", trace_id=None,
        duration_ms=duration_ms, billed_ms=int(duration_ms) + 1, **details,
    )  # fmt: skip


def warnings(samples, **request):
    the_request = TuningRequest(function_arn=ARN, **{"memory_sizes_mb": (512,), "invocations": 4, **request})
    sizes = [size_result(512, samples, cost_of, cold_only=the_request.only_cold_starts)]
    return measuring_warnings(the_request, sizes, samples)


def test_a_quiet_run_has_nothing_to_say():
    assert warnings([sample(0, cold=True), *(sample(n) for n in range(1, 4))]) == ()


def test_falling_durations_are_said_with_their_figure_and_their_usual_cause():
    (said,) = warnings([sample(n, 300.0 / (n + 1)) for n in range(12)])
    assert "512 MB: -8" in said
    assert "just-in-time compilers" in said


def test_rising_durations_are_not_blamed_on_compilers():
    (said,) = warnings([sample(n, 100.0 + 9 * n) for n in range(12)])
    assert "compilers" not in said


def test_missing_cold_starts_are_counted():
    (said,) = warnings([sample(0, cold=True), sample(1)], cold_starts=3)
    assert "Fewer than the 3 cold starts asked for came about (512 MB: 1)" in said


def test_a_mix_that_is_not_as_planned_is_said():
    payloads = (Payload.of("1"), Payload.of("2"))
    (said,) = warnings([sample(n) for n in range(4)], payloads=payloads)
    assert "another mix of payloads" in said


def test_payloads_for_which_there_were_no_invocations_are_counted():
    payloads = tuple(Payload.of(str(number)) for number in range(9))
    samples = [sample(n + 1, payload=n) for n in range(4)]
    (said,) = warnings(samples, payloads=payloads)
    assert "the last 5 were not sent" in said


def test_allowed_exceptions_are_counted():
    (said,) = warnings([sample(0, cold=True), sample(1, error_type="NotFound"), sample(2)])
    assert said.startswith("1 of 3 invocations ended with an allowed exception")


@pytest.mark.parametrize("only_cold", [True, False])
def test_a_size_counts_warm_and_cold_apart_and_sets_aside_what_is_neither(only_cold):
    samples = [
        sample(0, cold=True, init_ms=50.0), sample(1), sample(2, suppressed_init=True), sample(3, cold=None),
        sample(4, outcome=Outcome.ERROR), sample(5, outcome=Outcome.THROTTLED),
    ]  # fmt: skip
    size = size_result(512, samples, cost_of, cold_only=only_cold)
    assert (size.warm.samples, size.cold.samples, size.set_aside, size.errors) == (1, 1, 2, 1)
    assert size.invocations == 5
    assert size.cold.latency_ms.mean == 60.0
    assert size.cold_cost.per_invocation == cost_of(11, 512)
