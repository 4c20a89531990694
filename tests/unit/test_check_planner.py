"""Which invocations a check asks for."""

import dataclasses
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powertune.decide.check_planner import CONTENT_FROM, FIRST_LOOK, looks_of
from powertune.domain.check import (
    Baseline,
    BaselinePayload,
    BaselineSize,
    CheckedVersion,
    CheckRequest,
    CheckSettings,
    CheckSides,
    check_samples,
)
from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.payload import EMPTY
from powertune.domain.request import TuningRequest
from powertune.domain.sample import Outcome, Sample
from powertune.pricing.table import price_for
from powertune.workflow.comparing import planner_of_check

ARN = FunctionArn.parse("arn:aws:lambda:us-east-1:123456789012:function:orders")
PRICE = price_for("us-east-1", Architecture.X86_64)


def version(number, memory_mb=512):
    return CheckedVersion(
        arn=str(ARN),
        name="orders",
        region="us-east-1",
        qualifier=number,
        version=number,
        code_sha256=number,
        architecture=Architecture.X86_64,
        runtime="python3.12",
        memory_mb=memory_mb,
        timeout_s=3,
        ephemeral_mb=512,
    )


BOTH = CheckSides(subject=version("2"), reference=version("1"))
ALONE = CheckSides(subject=version("2"))


def request(*, parallel=10, cold_starts=0, **check):
    return TuningRequest(
        function_arn=ARN,
        memory_sizes_mb=(512,),
        parallel=parallel,
        cold_starts=cold_starts,
        check=CheckRequest(**({"against": "1"} | check)),
    )


def drive(sides, asked, answer, most_rounds=40):
    """Rounds of batches, and all samples: ``answer`` says of each invocation how it ends, or how long it takes."""
    samples, rounds = [], []
    for _ in range(most_rounds):
        planner = planner_of_check(sides, asked, PRICE)
        planner.tell(samples)
        batches = planner.ask()
        if not batches:
            return rounds, samples, planner
        rounds.append(batches)
        for batch in batches:
            made = sum(1 for one in samples if one.version == batch.version)
            for number in range(batch.count):
                samples.append(sample(batch, made + number, number % batch.parallel, answer))
    raise AssertionError("it does not end")


def sample(batch, order, place, answer):
    ms = answer(batch.version, order)
    outcome = Outcome.OK if isinstance(ms, float) else ms
    return Sample(
        memory_mb=batch.memory_mb,
        version=batch.version,
        order=order,
        request_id=f"{batch.version}-{order}",
        trace_id=None,
        outcome=outcome,
        cold=order < batch.parallel,
        duration_ms=ms if outcome is Outcome.OK else 1.0,
        billed_ms=math.ceil(ms) if outcome is Outcome.OK else 1,
        log_stream=f"{batch.version}/{place}",
    )


def noisy(noise, slower=1.0):
    draw = random.Random(3)
    return lambda version, _: max(100 * draw.gauss(1, noise) * (slower if version == "2" else 1), 1.0)


def warm(samples, number):
    return sum(1 for one in samples if one.version == number and one.is_warm_measurement)


def baseline(samples):
    return Baseline(
        run_id="kept",
        powertune_version="1",
        measured_at="2026-01-01T00:00:00Z",
        function=version("1"),
        environment="aws",
        payloads=(BaselinePayload(sha256=EMPTY.sha256, weight=None),),
        price=PRICE,
        sizes=(BaselineSize(memory_mb=512, samples=check_samples(samples)),),
    )


def test_looks_double_up_to_the_limit():
    assert looks_of(400) == (50, 100, 200, 400)
    assert looks_of(120) == (50, 120)
    assert looks_of(401) == (50, 100, 200, 401)
    assert looks_of(20) == (20,)


def test_a_quiet_function_is_the_same_by_the_second_look_for_the_first_is_too_few_to_say_so():
    rounds, samples, planner = drive(BOTH, request(), noisy(0.02))
    assert len(rounds) == 2
    assert [(batch.version, batch.count, batch.parallel) for batch in rounds[0]] == [("2", 60, 10), ("1", 60, 10)]
    assert FIRST_LOOK < warm(samples, "1") == warm(samples, "2") == CONTENT_FROM
    assert planner.ended_by is None


def test_a_noisy_one_is_asked_for_more_until_the_limit_and_says_so():
    rounds, samples, planner = drive(BOTH, request(), noisy(0.5))
    assert len(rounds) == planner.looks == 4
    assert warm(samples, "2") == 400
    assert planner.ended_by == "the limit of 400 invocations of each version"


def test_a_function_that_became_twice_as_slow_is_known_after_the_first_look():
    rounds, _, _ = drive(BOTH, request(), noisy(0.05, slower=2.0))
    assert len(rounds) == 1


def test_a_limit_below_the_first_look_is_kept():
    _, samples, _ = drive(BOTH, request(settings=CheckSettings(max_invocations=20)), noisy(0.5))
    assert warm(samples, "1") == 20


def test_cold_starts_that_took_the_place_of_warm_ones_are_made_up_for():
    def answer(_, order):
        return 100.0 + order % 3

    asked = request(parallel=10)
    planner = planner_of_check(BOTH, asked, PRICE)
    (first, second) = planner.ask()
    told = [sample(batch, n, n % 10, answer) for batch in (first, second) for n in range(batch.count)]
    told = [dataclasses.replace(one, cold=one.order < 14) for one in told]
    planner = planner_of_check(BOTH, asked, PRICE)
    planner.tell(told)
    assert [(batch.version, batch.count) for batch in planner.ask()] == [("2", 4), ("1", 4)]


def test_cold_starts_on_purpose_are_asked_for_at_the_beginning():
    rounds, _, _ = drive(BOTH, request(cold_starts=70), noisy(0.02))
    assert [(batch.cold, batch.count) for batch in rounds[0]] == [(70, 120), (70, 120)]


def test_a_version_that_always_fails_ends_the_check_at_once():
    rounds, samples, _ = drive(BOTH, request(), lambda version, _: Outcome.ERROR if version == "2" else 100.0)
    assert len(rounds) == 1
    assert len(samples) == 120


@pytest.mark.parametrize("share", [0.45, 0.5, 0.6])
def test_a_version_of_which_half_the_invocations_fail_is_known_soon(share):
    draw = random.Random(7)

    def answer(version, _):
        return Outcome.ERROR if version == "2" and draw.random() < share else 100.0 * draw.gauss(1, 0.02)

    _, samples, planner = drive(BOTH, request(), answer)
    assert sum(1 for one in samples if one.version == "2") <= 130
    assert planner.ended_by is None


def test_throttles_of_every_second_invocation_do_not_keep_a_check_going():
    draw = random.Random(7)
    _, samples, _ = drive(
        BOTH, request(), lambda *_: Outcome.THROTTLED if draw.random() < 0.5 else 100.0 + draw.random()
    )
    assert sum(1 for one in samples if one.outcome is Outcome.OK) <= 250


def test_a_small_baseline_does_not_hide_what_became_much_faster():
    draw = random.Random(5)
    few = [sample_of(draw.gauss(100, 20), order) for order in range(25)]
    _, _, planner = drive(ALONE, request(against=None, baseline=baseline(few)), noisy(0.05, slower=0.5))
    assert planner.ended_by is None


def test_until_the_logs_are_asked_each_invocation_counts_and_after_that_environments_do():
    _, samples, _ = drive(BOTH, request(), noisy(0.02))
    lucky = [
        dataclasses.replace(one, duration_ms=one.duration_ms * (1.2 if one.log_stream.endswith("/3") else 1.0))
        for one in samples
    ]

    def asked(confirmed, told):
        planner = planner_of_check(BOTH, request(), PRICE, confirmed=confirmed)
        planner.tell(told)
        return planner.ask()

    nameless = [dataclasses.replace(one, log_stream=None) for one in samples]
    assert asked(False, nameless) == ()
    assert asked(True, lucky) != ()


def test_the_same_version_on_both_sides_is_not_invoked():
    planner = planner_of_check(CheckSides(subject=version("1"), reference=version("1")), request(), PRICE)
    assert planner.ask() == ()
    assert planner.ended_by is None


def test_without_anything_to_compare_with_a_baseline_is_measured_well():
    quiet, _, _ = drive(ALONE, request(against=None), noisy(0.01))
    noisier, samples, _ = drive(ALONE, request(against=None), noisy(0.09))
    assert len(quiet) == 3
    assert len(noisier) == 4
    assert all(len(round_) == 1 for round_ in noisier)
    assert warm(samples, "2") == 400


def test_a_stored_baseline_is_compared_with_and_not_invoked():
    _, kept, _ = drive(ALONE, request(against=None), noisy(0.03))
    asked = request(against=None, baseline=baseline(kept))
    rounds, samples, _ = drive(ALONE, asked, noisy(0.03))
    assert {batch.version for round_ in rounds for batch in round_} == {"2"}
    assert warm(samples, "2") <= 100


def test_a_baseline_too_small_to_decide_by_is_not_thrown_invocations_after():
    draw = random.Random(5)
    few = [sample_of(draw.gauss(100, 20), order) for order in range(9)]
    rounds, _, planner = drive(ALONE, request(against=None, baseline=baseline(few)), noisy(0.2))
    assert len(rounds) == 1
    assert planner.ended_by == "the baseline's 9 warm invocations, too few to decide by"


def sample_of(ms, order):
    return Sample(
        memory_mb=512,
        version="1",
        order=order,
        request_id=str(order),
        trace_id=None,
        outcome=Outcome.OK,
        cold=False,
        duration_ms=ms,
        billed_ms=math.ceil(ms),
    )


def test_a_small_baseline_does_not_hide_what_became_twice_as_slow():
    draw = random.Random(5)
    few = [sample_of(draw.gauss(100, 20), order) for order in range(9)]
    asked = request(against=None, baseline=baseline(few))
    _, samples, planner = drive(ALONE, asked, noisy(0.05, slower=3.0))
    assert planner.ended_by is None
    assert warm(samples, "2") <= 50


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.floats(0, 0.8),
    st.floats(0.001, 0.5),
    st.integers(20, 120),
    st.sampled_from([1, 4, 20]),
)
def test_whatever_the_invocations_do_a_check_ends_and_keeps_its_limit(seed, failing, noise, most, parallel):
    draw = random.Random(seed)
    bad = [Outcome.ERROR, Outcome.TIMEOUT, Outcome.THROTTLED, Outcome.LOST]

    def answer(_, __):
        return draw.choice(bad) if draw.random() < failing else max(100 * draw.gauss(1, noise), 0.5)

    asked = request(parallel=parallel, settings=CheckSettings(max_invocations=most))
    _, samples, _ = drive(BOTH, asked, answer, most_rounds=60)
    for number in ("1", "2"):
        made = [one for one in samples if one.version == number and one.outcome is not Outcome.THROTTLED]
        assert len(made) <= 2 * (most + parallel)
        assert warm(samples, number) <= most + parallel


@pytest.mark.parametrize("number", ["1", "2"])
def test_a_round_has_one_batch_for_each_version_and_names_it(number):
    planner = planner_of_check(BOTH, request(), PRICE)
    (batch,) = [one for one in planner.ask() if one.version == number]
    assert (batch.memory_mb, batch.anew) == (512, False)
