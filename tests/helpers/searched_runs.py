"""Results of adaptive searches over a made-up function: the planner drives, and the answer is a run's own."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from powertune.decide.adaptive import AdaptivePlanner
from powertune.decide.outcome import outcome
from powertune.decide.summary import size_result
from powertune.domain.price import Money
from powertune.domain.request import SEARCHED_MEMORY_SIZES_MB
from powertune.domain.result import TuningResult
from powertune.domain.sample import Outcome, Sample, Source
from powertune.domain.search import SearchKind
from powertune.pricing.bill import gb_seconds, invocation_cost, mean, times, total

Build = Callable[..., TuningResult]


def searched(
    build: Build,
    duration_ms: Callable[[int], float] = lambda memory_mb: 30 + 380 / min(memory_mb / 1769, 1.08),
    *,
    noise: float = 0.05,
    used_mb: int | None = 100,
    seed: int = 1,
    present_mb: int = 512,
    **request: Any,
) -> TuningResult:
    """A finished adaptive search of a function with that duration at each memory size."""
    base = build(present_mb=present_mb, best_mb=None)
    asked = {"memory_sizes_mb": SEARCHED_MEMORY_SIZES_MB, "search": SearchKind.ADAPTIVE, "seed": seed, **request}
    made = replace(base.request, **asked)
    planner = AdaptivePlanner(
        made.memory_sizes_mb,
        made.objective,
        made.limits,
        per_gb_second=float(base.price.per_gb_second),
        per_request=float(base.price.per_request),
        seed=seed,
        present_memory_mb=present_mb,
    )
    chance = random.Random(seed)
    samples: list[Sample] = []
    while batches := planner.ask():
        now: list[Sample] = []
        for batch in batches:
            known = sum(1 for sample in samples if sample.memory_mb == batch.memory_mb)
            for order in range(known, known + batch.count):
                took = duration_ms(batch.memory_mb) * chance.lognormvariate(0, noise)
                now.append(_sample(batch.memory_mb, order, took, used_mb))
        samples += now
        planner.tell(now)

    def cost_of(billed_ms: int, memory_mb: int) -> Money:
        return invocation_cost(billed_ms, memory_mb, base.price)

    by_size = {size: [one for one in samples if one.memory_mb == size] for size in {one.memory_mb for one in samples}}
    rows = tuple(size_result(size, by_size[size], cost_of, among=len(by_size)) for size in sorted(by_size))
    best, search = outcome(made, rows, samples, planner.knowledge(), present_memory_mb=present_mb, complete=True)
    costs = [cost_of(sample.billed_ms or 0, sample.memory_mb) for sample in samples]
    spent = times(mean(costs, base.price.currency), len(costs))
    return replace(
        base,
        request=made,
        memory_sizes=rows,
        samples=tuple(samples),
        recommendation=best,
        search=search,
        spend=replace(
            base.spend,
            invocations=len(samples),
            gb_seconds=float(sum(gb_seconds(sample.billed_ms or 0, sample.memory_mb) for sample in samples)),
            lambda_cost=spent,
            total_cost=total((spent, base.spend.workflow_cost), base.price.currency),
            lines=(),
        ),
        warnings=(),
    )


def searched_until(build: Build, wanted: Callable[[TuningResult], bool], **given: Any) -> TuningResult:
    """The first of many searches, each with a seed of its own, that is as wanted."""
    return next(found for seed in range(60) if wanted(found := searched(build, seed=seed, **given)))


def _sample(memory_mb: int, order: int, took_ms: float, used_mb: int | None) -> Sample:
    init = 260.0 if order == 0 else None
    return Sample(
        memory_mb=memory_mb,
        version="3",
        order=order,
        request_id=f"request-{memory_mb}-{order}",
        trace_id=None,
        outcome=Outcome.OK,
        cold=order == 0,
        duration_ms=round(took_ms, 2),
        billed_ms=int(took_ms + (init or 0)) + 1,
        init_ms=init,
        max_memory_used_mb=used_mb,
        sources=(Source.TAIL,),
    )
