"""Runs of one function on two instruction sets, summed up and judged by the product's own code."""

import random
from dataclasses import replace
from decimal import Decimal

from peer_results import sample

from powertune.decide.outcome import outcome
from powertune.decide.summary import size_result
from powertune.domain.function import Architecture
from powertune.domain.search import Strategy
from powertune.pricing.bill import invocation_cost

X86, ARM = Architecture.X86_64, Architecture.ARM64
SIZES_MB = (512, 1024, 1769)


def result_on(
    build, architecture, *, work_ms=380.0, factor="1", works=True, invocations=20, strategy=Strategy.COST, **more
):
    """A run of a function of ``work_ms`` at one full core; ``factor`` makes a GB-second dearer; it has arm64."""
    base = build(sizes_mb=SIZES_MB, failing_mb=(), best_mb=None)
    price = replace(base.price, architecture=architecture, per_gb_second=base.price.per_gb_second * Decimal(factor))
    request = replace(base.request, strategy=strategy, invocations=max(invocations, 3), **more)
    samples = []
    for memory_mb in SIZES_MB if works else ():
        chance = random.Random(f"{memory_mb} {architecture}")
        for order in range(invocations):
            took = (30 + work_ms / (memory_mb / 1769)) * chance.lognormvariate(0, 0.04)
            samples.append(sample(memory_mb, order, round(took, 2), init_ms=200.0 if order == 0 else None))
    rows = tuple(
        size_result(
            memory_mb,
            [one for one in samples if one.memory_mb == memory_mb],
            lambda billed_ms, mb: invocation_cost(billed_ms, mb, price),
            failure=None if works else "it does not start",
        )
        for memory_mb in SIZES_MB
    )
    present_mb = 512 if architecture is ARM else None
    best, search = outcome(request, rows, samples, None, present_memory_mb=present_mb, complete=True)
    return replace(
        base,
        run_id=f"run-{architecture}",
        price=price,
        function=replace(
            base.function,
            architecture=architecture,
            clone=f"powertune-clone-run-{architecture}",
            own_architecture=None if architecture is ARM else ARM,
        ),
        request=request,
        samples=tuple(samples),
        memory_sizes=rows,
        recommendation=best,
        search=search,
        warnings=(),
    )
