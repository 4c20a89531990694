"""Results as a run would write them, made from a simple function so that every figure in them is consistent."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import settings

from powertune.decide.statistics import describe, mean_interval
from powertune.domain.function import Architecture, FunctionArn, FunctionSnapshot, LogFormat
from powertune.domain.price import Money, Price
from powertune.domain.request import TuningRequest
from powertune.domain.result import (
    Change,
    Environment,
    FunctionFacts,
    Interval,
    Recommendation,
    SizeCost,
    SizeResult,
    SizeStatus,
    Spend,
    SpendLine,
    Statistics,
    TuningResult,
)
from powertune.domain.sample import Outcome, Sample, Source, TraceParts
from powertune.domain.search import Strategy
from powertune.pricing import bill

# Tests are about behaviour: how long an example takes on a busy machine is none of theirs.
settings.register_profile("powertune", deadline=None)
settings.load_profile("powertune")

SIZES_MB = (128, 256, 512, 1024, 1769, 3008)
PRICE = Price(
    region="eu-central-1",
    architecture=Architecture.ARM64,
    currency="USD",
    per_gb_second=Decimal("0.0000133334"),
    per_request=Decimal("0.0000002"),
    ephemeral_per_gb_second=Decimal("0.0000000367"),
    per_state_transition=Decimal("0.000025"),
    as_of="2026-11-23",
    source="AWS Lambda pricing as published for each region",
)
OUT_OF_MEMORY = "All 10 invocations failed: Runtime.OutOfMemory (RequestId: 5b1: Runtime exited with signal: killed)"


def make_samples(
    memory_mb: int,
    invocations: int = 10,
    *,
    cold: int = 1,
    failed: bool = False,
    seed: int = 1,
    work_ms: float = 380.0,
) -> tuple[Sample, ...]:
    """A function of ``work_ms`` at one full core and 30 ms of waiting, with noise; ``cold`` of them cold."""
    chance = random.Random(seed * 100_000 + memory_mb)
    made = []
    for order in range(invocations):
        is_cold = order < cold
        duration = (30 + work_ms / min(memory_mb / 1769, 1.08)) * chance.lognormvariate(0, 0.04)
        init = 260 * chance.lognormvariate(0, 0.06) if is_cold else None
        disagreements = ("billed duration: 81 ms in the log tail, 82 ms in Logs Insights",) if order == 7 else ()
        made.append(
            Sample(
                memory_mb=memory_mb,
                version="3",
                order=order,
                request_id=f"request-{memory_mb}-{order}",
                trace_id=None,
                outcome=Outcome.OUT_OF_MEMORY if failed else Outcome.OK,
                sent_at_ms=1_795_520_042_000 + 1_000 * order,
                cold=is_cold,
                duration_ms=round(duration, 2),
                billed_ms=int(duration + (init or 0)) + 1,
                init_ms=None if init is None else round(init, 2),
                max_memory_used_mb=memory_mb if failed else 141,
                error_type="Runtime.OutOfMemory" if failed else None,
                parts=TraceParts(invocation_ms=duration, overhead_ms=1.4, service_ms=6.1, init_ms=init),
                sources=(Source.TAIL, Source.INSIGHTS, *((Source.XRAY,) if order % 2 else ())),
                disagreements=disagreements,
            )
        )
    return tuple(made)


def summarise(memory_mb: int, samples: Sequence[Sample], price: Price = PRICE) -> SizeResult:
    """The row of one memory size."""
    warm = [sample for sample in samples if sample.is_warm_measurement]
    cold = [sample for sample in samples if sample.is_cold_measurement]
    errors = sum(sample.outcome is not Outcome.OK for sample in samples)
    return SizeResult(
        memory_mb=memory_mb,
        status=SizeStatus.MEASURED if warm else SizeStatus.FAILED,
        reason=None if warm else OUT_OF_MEMORY,
        invocations=len(samples),
        cold_starts=sum(sample.cold is True for sample in samples),
        errors=errors,
        set_aside=sum(sample.suppressed_init for sample in samples),
        warm=_statistics(warm),
        cold=_statistics(cold),
        cost=_cost(warm, price),
        max_memory_used_mb=141 if warm else None,
        trace_parts=TraceParts(
            invocation_ms=sum(s.duration_ms or 0 for s in warm) / len(warm), overhead_ms=1.4, service_ms=6.1
        )
        if warm
        else None,
        cold_cost=_cost(cold, price),
    )


def _cost(samples: Sequence[Sample], price: Price) -> SizeCost | None:
    if not samples:
        return None
    costs = [bill.invocation_cost(sample.billed_ms or 0, sample.memory_mb, price) for sample in samples]
    mean = bill.mean(costs, price.currency)
    spread = mean_interval([float(one.amount) * 1e6 for one in costs])
    return SizeCost(per_invocation=mean, per_million=bill.times(mean, 10**6), per_million_interval=spread)


def _statistics(samples: Sequence[Sample]) -> Statistics:
    return Statistics(
        samples=len(samples),
        duration_ms=describe([s.duration_ms for s in samples if s.duration_ms is not None]),
        billed_ms=describe([s.billed_ms for s in samples if s.billed_ms is not None]),
        init_ms=describe([s.init_ms for s in samples if s.init_ms is not None]),
        restore_ms=describe([s.restore_ms for s in samples if s.restore_ms is not None]),
        latency_ms=describe([s.latency_ms for s in samples if s.latency_ms is not None]),
    )


def recommend(rows: Sequence[SizeResult], memory_mb: int, present_mb: int, equivalent: Sequence[int]) -> Recommendation:
    """The recommendation of ``memory_mb`` with the figures that its row has."""
    by_size = {row.memory_mb: row for row in rows}
    best, present = by_size[memory_mb], by_size.get(present_mb)
    assert best.cost is not None
    assert best.warm.duration_ms is not None
    change = None
    if present is not None and present.cost is not None and present.warm.duration_ms is not None:
        change = Change(
            from_memory_mb=present_mb,
            to_memory_mb=memory_mb,
            duration=best.warm.duration_ms.mean / present.warm.duration_ms.mean - 1,
            cost=float(best.cost.per_invocation.amount / present.cost.per_invocation.amount) - 1,
            duration_within_noise=False,
            cost_within_noise=False,
        )
    return Recommendation(
        memory_mb=memory_mb,
        strategy=Strategy.COST,
        expected_duration_ms=best.warm.duration_ms.mean,
        expected_cost=best.cost.per_invocation,
        expected_cost_per_million=best.cost.per_million,
        change=change,
        reasons=("The cheapest of the sizes within 5 % of the lowest cost is also the fastest of them.",),
        equivalent_sizes_mb=tuple(equivalent),
    )


def build_result(
    *,
    sizes_mb: Sequence[int] = SIZES_MB,
    failing_mb: Sequence[int] = (128,),
    present_mb: int = 512,
    best_mb: int | None = 1769,
    equivalent_mb: Sequence[int] = (1024,),
    invocations: int = 10,
    cold: int = 1,
    price: Price = PRICE,
    **changes: Any,
) -> TuningResult:
    """A finished run on AWS; any field of the result can be given in ``changes``."""
    samples = {mb: make_samples(mb, invocations, cold=cold, failed=mb in failing_mb) for mb in sizes_mb}
    rows = tuple(summarise(mb, samples[mb], price) for mb in sizes_mb)
    drawn = tuple(sample for mb in sizes_mb for sample in samples[mb])
    every = [bill.invocation_cost(s.billed_ms or 0, s.memory_mb, price) for s in drawn]
    spent, steps = bill.total(every, price.currency), bill.transitions_cost(34, price)
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:orders-api"
    result = TuningResult(
        run_id="20261124-113402-7f3a",
        powertune_version="0.1.0",
        started_at="2026-11-24T11:34:02+00:00",
        finished_at="2026-11-24T11:37:14+00:00",
        function=FunctionFacts(
            arn=arn,
            name="orders-api",
            region="eu-central-1",
            architecture=Architecture.ARM64,
            runtime="python3.13",
            original_memory_mb=present_mb,
            timeout_s=30,
            code_sha256="q0S4vE8c1pQm2dJb0ZC0Zq9b3m1m0yG3s6oVn0dN1aE=",
            ephemeral_mb=512,
            log_format=LogFormat.TEXT,
        ),
        request=TuningRequest(
            function_arn=FunctionArn.parse(arn), memory_sizes_mb=tuple(sizes_mb), invocations=invocations
        ).without_payload_texts(),
        environment=Environment(kind="aws"),
        price=price,
        memory_sizes=rows,
        recommendation=None if best_mb is None else recommend(rows, best_mb, present_mb, equivalent_mb),
        spend=Spend(
            invocations=len(drawn),
            gb_seconds=float(sum(bill.gb_seconds(s.billed_ms or 0, s.memory_mb) for s in drawn)),
            lambda_cost=spent,
            workflow_cost=steps,
            total_cost=bill.total([spent, steps], price.currency),
            state_transitions=34,
            aws_calls={"lambda:Invoke": len(drawn), "lambda:PublishVersion": 6, "logs:StartQuery": 3},
            lines=(
                _line("invocations of the function", len(drawn), "invocations", spent),
                _line("state transitions", 34, "transitions", steps),
            ),
        ),
        warnings=("3 % of the samples at 256 MB lie far above the others; the mean includes them.",),
        restored=True,
        samples=drawn,
    )
    return replace(result, **changes)


def _line(what: str, quantity: float, unit: str, cost: Money | None) -> SpendLine:
    return SpendLine(what=what, quantity=quantity, unit=unit, cost=cost)


@pytest.fixture
def make_snapshot() -> Callable[..., FunctionSnapshot]:
    """Makes a `FunctionSnapshot`; any field can be given."""

    def make(**changes: Any) -> FunctionSnapshot:
        snapshot = FunctionSnapshot(
            arn=FunctionArn.parse("arn:aws:lambda:eu-central-1:123456789012:function:orders-api"),
            memory_mb=512,
            timeout_s=30,
            architecture=Architecture.ARM64,
            runtime="python3.13",
            handler="app.handler",
            code_sha256="q0S4vE8c1pQm2dJb0ZC0Zq9b3m1m0yG3s6oVn0dN1aE=",
            revision_id="2f1d4c0e-5a51-4a0e-9f4e-0c6f6f7d2b11",
            tracing_active=True,
            log_group="/aws/lambda/orders-api",
            log_format=LogFormat.TEXT,
            system_log_level=None,
            ephemeral_mb=512,
            snap_start=False,
        )
        return replace(snapshot, **changes)

    return make


@pytest.fixture
def make_result() -> Callable[..., TuningResult]:
    """Makes a `TuningResult`; see `build_result` for what can be chosen."""
    return build_result


@pytest.fixture
def local_environment() -> Environment:
    """Where a run on the embedded endpoint happened."""
    return Environment(
        kind="local", cpu_method="token bucket", cores=2, notes=("CPU above 2 cores cannot be given here.",)
    )


@pytest.fixture
def lopsided_interval() -> Interval:
    """An interval whose sides differ."""
    return Interval(low=98.0, high=121.0)
