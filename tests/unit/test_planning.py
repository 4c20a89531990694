"""What is measured next, and what is made up for."""

from dataclasses import replace

import pytest

from powertune.decide.search import COLD_AT_ONCE, MOST_TIMES_PLANNED, GridPlanner
from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload, PayloadUse
from powertune.domain.request import TuningRequest
from powertune.domain.sample import Outcome, Sample

ARN = FunctionArn.parse("arn:aws:lambda:us-east-1:123456789012:function:orders")
LIST = tuple(Payload.of(str(number)) for number in range(3))


def request(**more):
    return TuningRequest(function_arn=ARN, **{"memory_sizes_mb": (512,), "invocations": 6, **more})


def sample(order, *, payload=0, cold=False, outcome=Outcome.OK, memory_mb=512):
    return Sample(
        memory_mb=memory_mb, version="1", order=order, request_id=f"r{order}", trace_id=None, outcome=outcome,
        payload=payload, cold=cold, duration_ms=10.0, billed_ms=10,
    )  # fmt: skip


def asked(the_request, samples=(), ruled_out=()):
    planner = GridPlanner(the_request)
    planner.rule_out(ruled_out)
    planner.tell(samples)
    return planner.ask()


def test_at_first_every_size_gets_its_invocations():
    batches = asked(request(memory_sizes_mb=(128, 512)))
    assert [(batch.memory_mb, batch.count, batch.cold) for batch in batches] == [(128, 6, 0), (512, 6, 0)]


def test_one_cold_start_and_warm_ones_are_enough():
    assert asked(request(), [sample(0, cold=True), *(sample(n) for n in range(1, 6))]) == ()


def test_a_size_that_is_ruled_out_or_at_which_nothing_worked_is_not_asked_for_again():
    assert asked(request(), ruled_out=[512]) == ()
    assert asked(request(), [sample(n, outcome=Outcome.ERROR) for n in range(3)]) == ()


def test_where_all_were_cold_starts_the_same_number_is_sent_to_the_warm_environments():
    (batch,) = asked(request(parallel=6), [sample(n, cold=True) for n in range(6)])
    assert (batch.count, batch.cold, batch.anew, batch.payloads) == (6, 0, False, None)


def test_where_the_logs_are_silent_nothing_is_spent_on_more_of_them():
    assert asked(request(), [sample(n, cold=None) for n in range(6)]) == ()


def test_cold_starts_on_purpose_come_on_top_and_are_sent_to_a_new_version():
    (batch,) = asked(request(cold_starts=5))
    assert (batch.count, batch.cold) == (10, 5)


def test_cold_starts_that_did_not_come_about_are_asked_for_with_a_version_of_their_own():
    told = [*(sample(n, cold=True) for n in range(3)), *(sample(n) for n in range(3, 10))]
    (batch,) = asked(request(cold_starts=5), told)
    assert (batch.count, batch.cold, batch.anew) == (2, 2, True)


def test_many_cold_starts_come_in_rounds():
    the_request = request(cold_starts=120)
    (first,) = asked(the_request)
    assert (first.cold, first.count) == (COLD_AT_ONCE, COLD_AT_ONCE + 5)
    told = [sample(n, cold=n < COLD_AT_ONCE) for n in range(first.count)]
    (second,) = asked(the_request, told)
    assert (second.cold, second.count, second.anew) == (COLD_AT_ONCE, COLD_AT_ONCE, True)
    told += [sample(100 + n, cold=True) for n in range(COLD_AT_ONCE)]
    assert asked(the_request, told)[0].count == 20


def test_with_cold_starts_alone_nothing_warm_is_asked_for():
    (batch,) = asked(request(only_cold_starts=True))
    assert (batch.count, batch.cold) == (6, 6)
    assert asked(request(only_cold_starts=True), [sample(n, cold=True) for n in range(6)]) == ()


def test_no_size_is_invoked_without_end():
    told = [sample(n) for n in range(MOST_TIMES_PLANNED * 10)]
    assert asked(request(cold_starts=5), told) == ()


# --- several payloads ---------------------------------------------------------------------------------------


def test_several_payloads_begin_with_one_invocation_more_for_the_cold_start():
    assert asked(request(payloads=LIST))[0].count == 7


def warm(the_request, *, without=()):
    """A first round as planned: a cold start, then each payload in its turn, but for some order numbers."""
    turns = the_request.turns()
    first = sample(0, cold=True, payload=turns[0])
    rest = [sample(n + 1, payload=payload) for n, payload in enumerate(turns)]
    return [first, *(replace(one, cold=True) if one.order in without else one for one in rest)]


@pytest.mark.parametrize("use", [PayloadUse.IN_TURN, PayloadUse.WEIGHTED])
def test_a_mix_as_planned_needs_nothing_more(use):
    the_request = request(payloads=LIST, payload_use=use)
    assert asked(the_request, warm(the_request)) == ()


@pytest.mark.parametrize("use", [PayloadUse.IN_TURN, PayloadUse.WEIGHTED])
def test_payloads_that_met_a_cold_start_are_sent_again(use):
    the_request = request(payloads=LIST, payload_use=use)
    (batch,) = asked(the_request, warm(the_request, without=(2, 5)))
    turns = the_request.turns()
    assert batch.payloads == tuple(sorted([turns[1], turns[4]]))
    assert batch.count == 2


def test_a_payload_that_never_works_is_not_sent_over_and_over():
    the_request = request(payloads=LIST)
    told = [replace(one, outcome=Outcome.ERROR) if one.payload == 2 else one for one in warm(the_request)]
    assert asked(the_request, told) == ()


def test_payloads_that_may_be_used_once_are_never_sent_again():
    events = tuple(Payload.of(str(number)) for number in range(50))
    the_request = request(payloads=events, payload_use=PayloadUse.ONCE)
    (batch,) = asked(the_request)
    assert batch.count == 6
    assert asked(the_request, [sample(n, cold=True, payload=n) for n in range(6)]) == ()


def test_a_cold_start_that_did_not_come_about_is_no_reason_to_send_a_payload_twice():
    events = tuple(Payload.of(str(number)) for number in range(50))
    the_request = request(payloads=events, payload_use=PayloadUse.ONCE, cold_starts=3)
    told = [sample(n, cold=n == 0, payload=n) for n in range(8)]
    assert asked(the_request, told) == ()


def test_long_lists_of_payloads_come_in_several_rounds():
    the_request = request(payloads=LIST, invocations=30_000)
    (batch,) = asked(the_request, warm(the_request, without=range(1, 12_001)))
    assert len(batch.payloads) == batch.count == 10_000


def test_a_dry_run_asks_once():
    the_request = request(dry_run=True)
    assert asked(the_request)[0].count == 1
    assert asked(the_request, [sample(0, cold=True)]) == ()
