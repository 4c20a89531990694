"""What a request for a search may say, and which planner it gets."""

from dataclasses import replace
from decimal import Decimal

import pytest

from powertune.decide.search import GridPlanner, planner_for
from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.payload import EMPTY, Payload, PayloadForm, PayloadUse
from powertune.domain.request import PeerInput, TuningRequest
from powertune.domain.search import (
    LatencyStatistic,
    LatencyTarget,
    Limits,
    Prior,
    PriorSample,
    SearchKind,
    parse_latency_target,
)
from powertune.errors import UsageError
from powertune.pricing.table import price_for

ARN = FunctionArn.parse("arn:aws:lambda:us-east-1:123456789012:function:orders")
LIST = tuple(Payload.of(str(number)) for number in range(99))
PRICE = price_for("us-east-1", Architecture.X86_64)
PRIOR = Prior(
    run_id="earlier",
    code_sha256="c0de",
    architecture=Architecture.X86_64,
    payload_sha256=EMPTY.sha256,
    samples=tuple(
        PriorSample(memory_mb=size, duration_ms=100_000 / size, billed_ms=1 + 100_000 // size)
        for size in (256, 512, 1024, 2048)
        for _ in range(3)
    ),
)


def request(**more):
    return TuningRequest(function_arn=ARN, search=SearchKind.ADAPTIVE, **more)


def refused(kind=SearchKind.ADAPTIVE, **more):
    with pytest.raises(UsageError) as caught:
        TuningRequest(function_arn=ARN, search=kind, **more)
    assert caught.value.next_step
    return caught.value.message


def planner(made, code_sha256="c0de", price=PRICE):
    return planner_for(made, price=price, present_memory_mb=512, code_sha256=code_sha256)


@pytest.mark.parametrize("risk", [0, 1, -0.1, 2, float("nan")])
def test_a_risk_of_nothing_or_of_everything_is_refused(risk):
    assert "must lie above 0 and below 1" in refused(risk=risk)


@pytest.mark.parametrize("kind", list(SearchKind))
@pytest.mark.parametrize("headroom", [-0.1, 1, 1.5, float("nan")])
def test_a_headroom_that_leaves_no_memory_is_refused(kind, headroom):
    assert "share of the memory size" in refused(kind, min_headroom=headroom)


@pytest.mark.parametrize(
    "limits",
    [
        {"max_invocations": 0},
        {"max_invocations": -1},
        {"max_spend": Decimal(0)},
        {"max_spend": Decimal("NaN")},
        {"max_spend": Decimal("Infinity")},
        {"max_time_ms": 0.0},
        {"max_time_ms": float("nan")},
        {"max_time_ms": float("inf")},
    ],
)
def test_a_limit_that_nothing_fits_into_or_that_is_none_is_refused(limits):
    assert "must lie above 0" in refused(limits=Limits(**limits))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"dry_run": True}, "a dry run"),
        ({"cold_starts": 3}, "cold starts on purpose"),
        ({"only_cold_starts": True}, "cold starts on purpose"),
        ({"payloads": (Payload.of("1"), Payload.of("2"))}, "several payloads"),
        (
            {"payload_use": PayloadUse.ONCE, "payloads": tuple(Payload.of(str(n)) for n in range(99))},
            "several payloads",
        ),
        ({"payloads": (), "payload_s3": "s3://bucket/events.jsonl", "payload_form": PayloadForm.LIST}, "several"),
        ({"peer": PeerInput(power_values_mb=(128,))}, "aws-lambda-power-tuning"),
    ],
)
def test_what_needs_a_grid_is_refused_of_an_adaptive_search_in_words(asked, said):
    assert said in refused(**asked)


def test_many_parallel_invocations_are_refused_because_each_size_would_begin_with_as_many_cold_starts():
    assert "21 parallel invocations" in refused(parallel=21)
    assert request(parallel=20).parallel == 20


@pytest.mark.parametrize("more", [{"limits": Limits(max_time_ms=5.0)}, {"prior": PRIOR}])
def test_a_grid_has_no_limit_of_time_and_no_use_for_an_earlier_run(more):
    assert "A grid invokes every memory size as often as it is told" in refused(SearchKind.GRID, **more)


def test_a_grid_that_plans_more_invocations_than_its_limit_is_refused_with_both_figures():
    said = refused(SearchKind.GRID, limits=Limits(max_invocations=59))
    assert "plans 60 invocations, more than the limit of 59" in said
    made = TuningRequest(function_arn=ARN, limits=Limits(max_invocations=60, max_spend=Decimal("0.1")))
    assert made.limits.max_invocations == 60


def test_a_dry_run_plans_one_invocation_and_no_more():
    assert TuningRequest(function_arn=ARN, dry_run=True, limits=Limits(max_invocations=1)).dry_run


@pytest.mark.parametrize("kind", list(SearchKind))
def test_a_latency_target_and_headroom_go_with_both_kinds(kind):
    target = LatencyTarget(statistic=LatencyStatistic.P95, limit_ms=800.0)
    made = TuningRequest(function_arn=ARN, search=kind, latency_target=target, min_headroom=0.0)
    assert made.objective.latency_target == target


@pytest.mark.parametrize("changes", [{"limit_ms": 0.0}, {"limit_ms": 900_001.0}, {"cold_share": 1.0}])
def test_a_latency_target_that_cannot_be_kept_or_says_nothing_is_refused(changes):
    target = LatencyTarget(**{"statistic": LatencyStatistic.P95, "limit_ms": 800.0, **changes})
    assert "cannot be meant" in refused(latency_target=target)


@pytest.mark.parametrize("changes", [{"memory_mb": 64}, {"duration_ms": float("nan")}, {"billed_ms": -1}])
def test_an_earlier_run_with_measurements_that_cannot_be_is_refused(changes):
    broken = replace(PRIOR, samples=(replace(PRIOR.samples[0], **changes),))
    assert "cannot be one" in refused(prior=broken)


@pytest.mark.parametrize(
    ("text", "statistic", "limit_ms", "cold_share"),
    [
        ("p99=2s,cold=0.02", "p99", 2000.0, 0.02),
        (" P50 = 1.5 S , Cold = 0 ", "p50", 1500.0, 0.0),
        ("mean=9ms", "mean", 9.0, 0.0),
    ],
)
def test_a_latency_target_may_count_cold_starts(text, statistic, limit_ms, cold_share):
    assert parse_latency_target(text) == LatencyTarget(
        statistic=LatencyStatistic(statistic), limit_ms=limit_ms, cold_share=cold_share
    )


@pytest.mark.parametrize("text", ["p99=2s,cold", "p99=2s,cold=1", "p99=2s,cold=-0.1", "p99=2s,warm=0.1", "cold=0.1"])
def test_a_share_of_cold_starts_that_cannot_be_meant_is_refused(text):
    with pytest.raises(UsageError):
        parse_latency_target(text)


def test_the_kind_of_search_chooses_the_planner():
    from powertune.decide.adaptive import AdaptivePlanner

    assert isinstance(planner(request()), AdaptivePlanner)
    grid = planner(TuningRequest(function_arn=ARN))
    assert isinstance(grid, GridPlanner)
    assert grid.knowledge() is None


def test_a_negative_seed_is_as_good_as_any():
    assert planner(request(seed=-7)).ask() == planner(request(seed=-7)).ask()


def test_an_earlier_run_informs_the_planner_only_where_code_architecture_and_event_are_the_same():
    informed, without = request(prior=PRIOR), request()
    assert planner(informed).knowledge().curve
    assert not planner(without).knowledge().curve
    assert not planner(informed, code_sha256="other").knowledge().curve
    assert not planner(informed, price=price_for("us-east-1", Architecture.ARM64)).knowledge().curve
    assert not planner(request(prior=PRIOR, payloads=(Payload.of("1"),))).knowledge().curve
