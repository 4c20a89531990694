"""Results of samples that a test spells out, summed up by powertune's own code."""

from decimal import Decimal

from powertune.decide.score import recommend
from powertune.decide.summary import size_result
from powertune.domain.function import Architecture, FunctionArn, LogFormat
from powertune.domain.price import Money
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment, FunctionFacts, Spend, TuningResult
from powertune.domain.sample import Outcome, Sample, Source
from powertune.pricing.bill import invocation_cost
from powertune.pricing.table import price_for


def sample(memory_mb, order, duration_ms, *, init_ms=None, billed_ms=None, sources=(Source.TAIL,), **more):
    """One invocation, billed as AWS bills: duration and init, rounded up."""
    if billed_ms is None and duration_ms is not None:
        billed_ms = -int(-(duration_ms + (init_ms or 0)) // 1)
    return Sample(
        memory_mb=memory_mb,
        version="1",
        order=order,
        request_id=f"{memory_mb}-{order}",
        trace_id=None,
        outcome=more.pop("outcome", Outcome.OK),
        cold=None if duration_ms is None else init_ms is not None or more.get("restore_ms") is not None,
        duration_ms=duration_ms,
        billed_ms=billed_ms,
        init_ms=init_ms,
        sources=sources,
        **more,
    )


def warm(memory_mb, durations_ms):
    """Warm invocations at one memory size."""
    return tuple(sample(memory_mb, order, duration) for order, duration in enumerate(durations_ms))


def result_of(
    samples,
    *,
    region="us-east-1",
    architecture=Architecture.X86_64,
    ephemeral_mb=512,
    price=None,
    log_format=LogFormat.TEXT,
    **request,
):
    """The result of a run that took just these samples."""
    sizes_mb = sorted({one.memory_mb for one in samples})
    arn = FunctionArn(partition="aws", region=region, account="123456789012", name="orders")
    made = TuningRequest(function_arn=arn, **{"memory_sizes_mb": tuple(sizes_mb), "tolerance": 0.0, **request})
    price = price or price_for(region, architecture)

    def cost_of(billed_ms, memory_mb):
        return invocation_cost(billed_ms, memory_mb, price, ephemeral_mb=ephemeral_mb)

    cold = made.only_cold_starts
    sizes = tuple(
        size_result(mb, [one for one in samples if one.memory_mb == mb], cost_of, cold_only=cold)
        for mb in made.memory_sizes_mb
    )
    return TuningResult(
        run_id="20261125T101112-abcdef",
        powertune_version="0.1.0",
        started_at="2026-11-25T10:11:12+00:00",
        finished_at="2026-11-25T10:12:13+00:00",
        function=FunctionFacts(
            arn=str(arn),
            name=arn.name,
            region=region,
            architecture=architecture,
            runtime="python3.13",
            original_memory_mb=sizes_mb[0],
            timeout_s=30,
            code_sha256="x",
            ephemeral_mb=ephemeral_mb,
            log_format=log_format,
        ),
        request=made,
        environment=Environment(kind="aws"),
        price=price,
        memory_sizes=sizes,
        recommendation=None
        if made.dry_run
        else recommend(
            sizes,
            made.objective,
            present_memory_mb=sizes_mb[0],
            cold=cold,
        ),
        spend=Spend(
            invocations=len(samples),
            gb_seconds=1.0,
            lambda_cost=Money(amount=Decimal("0.00125"), currency=price.currency),
            workflow_cost=Money(amount=Decimal("0.0006"), currency=price.currency),
            total_cost=Money(amount=Decimal("0.00185"), currency=price.currency),
            state_transitions=24,
        ),
        warnings=(),
        restored=True,
        samples=tuple(samples),
    )
