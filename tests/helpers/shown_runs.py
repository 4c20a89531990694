"""Results of runs that are not the usual one, from the builder of the unit tests: for what shows results."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from powertune.decide.score import recommend
from powertune.decide.summary import size_result
from powertune.domain.payload import Payload, PayloadUse
from powertune.domain.price import Money
from powertune.domain.request import TuningRequest
from powertune.domain.result import Applied, Drift, SizeResult, SpendLine, TuningResult
from powertune.domain.sample import Sample, TraceParts
from powertune.domain.traffic import MonthlyTraffic, TrafficSource
from powertune.pricing.bill import invocation_cost

Build = Callable[..., TuningResult]


def cold_run(build: Build, *, restore: bool = False) -> TuningResult:
    """A run with ``--only-cold-starts``: six at each size, with SnapStart's restore in place of the init if asked."""
    result = build(invocations=6, cold=6, failing_mb=(), best_mb=None)
    samples = result.samples
    if restore:
        samples = tuple(replace(sample, restore_ms=sample.init_ms, init_ms=None) for sample in samples)
    request = replace(result.request, only_cold_starts=True)
    return _scored(result, request, samples)


def dry_run(build: Build, *, cold: bool = True) -> TuningResult:
    """A run with ``--dry-run``: one invocation at each size, which failed at 128 MB."""
    result = build(invocations=3, cold=1 if cold else 0, best_mb=None)
    request = replace(result.request, dry_run=True)
    return _scored(result, request, tuple(sample for sample in result.samples if sample.order == 0))


def full_run(build: Build) -> TuningResult:
    """A run with everything that a result can say beside its figures."""
    result = build(cold=3)
    payloads = tuple(Payload.of(f'{{"secret": "{"x" * size}"}}', weight=1.0).without_text() for size in (10, 200))
    request = replace(
        result.request,
        payloads=payloads,
        payload_use=PayloadUse.WEIGHTED,
        cold_starts=3,
        sleep_ms=250,
        sizes_at_once=1,
        allowed_exceptions=("NotFound",),
        pre_processor_arn="arn:aws:lambda:eu-central-1:123456789012:function:before",
        post_processor_arn="arn:aws:lambda:eu-central-1:123456789012:function:after",
        apply=True,
        apply_alias="live",
        seed=4711,
    )
    misfit = "billed 90 ms, but duration and init make 81 ms"
    samples = tuple(
        replace(sample, misfit=misfit if sample.order == 5 else None, payload=sample.order % 2, error_type="NotFound")
        for sample in result.samples
    )
    traffic = MonthlyTraffic(invocations=1_200_000, source=TrafficSource.CLOUDWATCH, days=14)
    drift = Drift(early_ms=140.0, late_ms=105.0, p_value=0.002)
    rows = tuple(
        replace(size, drift=drift, trace_parts=TraceParts(invocation_ms=120.0, restore_ms=30.0))
        if size.memory_mb == 512
        else size
        for size in result.memory_sizes
    )
    lines = (
        *result.spend.lines,
        SpendLine(what="log queries", quantity=0.00123, unit="GB scanned", cost=None),
        SpendLine(what="pre- and post-processors", quantity=1, unit="invocations", cost=None),
        SpendLine(what="traces recorded", quantity=60, unit="traces", cost=_usd("0.0003")),
    )
    rest = sum((line.cost.amount for line in lines[1:] if line.cost is not None), Decimal(0))
    spend = replace(
        result.spend,
        lines=lines,
        workflow_cost=_usd(str(rest)),
        total_cost=_usd(str(rest + result.spend.lambda_cost.amount)),
    )
    return replace(
        result,
        request=request,
        samples=samples,
        memory_sizes=rows,
        spend=spend,
        applied=Applied(memory_mb=1769, version="7", alias="live"),
        traffic=traffic,
    )


def _scored(result: TuningResult, request: TuningRequest, samples: tuple[Sample, ...]) -> TuningResult:
    def cost_of(billed_ms: int, memory_mb: int) -> Money:
        return invocation_cost(billed_ms, memory_mb, result.price)

    rows: tuple[SizeResult, ...] = tuple(
        size_result(
            memory_mb,
            [sample for sample in samples if sample.memory_mb == memory_mb],
            cost_of,
            cold_only=request.only_cold_starts,
        )
        for memory_mb in request.memory_sizes_mb
    )
    best = recommend(
        rows,
        request.objective,
        present_memory_mb=result.function.original_memory_mb,
        cold=request.only_cold_starts,
    )
    return replace(
        result,
        request=request,
        samples=samples,
        memory_sizes=rows,
        recommendation=None if request.dry_run else best,
    )


def _usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")
