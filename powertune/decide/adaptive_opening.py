"""Where a search begins, before anything warm is known of a function."""

import math
from collections.abc import Mapping, Sequence

from powertune.decide.evidence import SizeEvidence
from powertune.domain.search import Limits, Objective, Strategy
from powertune.domain.work import Batch

START_MB = {Strategy.COST: (512, 1769), Strategy.SPEED: (2048, 512), Strategy.BALANCED: (1024, 1769)}
"""Where the best size often is, and what tells much beside it: one full core ends what a single thread gains."""
START_UNDER_TARGET_MB = (1024, 512)
APART = 1.5
"""Sizes that are nearer to each other than by this factor tell much the same."""


def opening(
    usable: Sequence[int],
    told: Mapping[int, SizeEvidence],
    objective: Objective,
    limits: Limits,
    *,
    present_memory_mb: int | None,
    parallel: int,
    at_once: int,
    left: int,
) -> tuple[Batch, ...]:
    """The first batches: the function's present size, which everything is compared with, and typical best ones.

    The present size is invoked once more than the others: it is measured for certain. After a failure a larger size
    is tried. Under a limit of money or time a single invocation comes first.

    Args:
        usable: sizes that may be asked for.
        told: what is known; nothing of it warm.
        objective: what the best means.
        limits: where the search ends.
        present_memory_mb: the function's own size.
        parallel: invocations at the same time; as many of a new size's first ones are cold starts.
        at_once: batches of a round.
        left: invocations that are left.
    """
    typical = START_UNDER_TARGET_MB if objective.latency_target is not None else START_MB[objective.strategy]
    tried = max(told, default=0)
    present = [] if present_memory_mb is None else [present_memory_mb]
    wanted = [max(typical[0], 2 * tried)] if told else [*present, *typical]
    sizes: list[int] = []
    for memory_mb in wanted:
        fresh = [size for size in usable if size not in told and size not in sizes]
        larger = [size for size in fresh if size > tried] or fresh or ([] if sizes else list(usable))
        nearest = min(larger, key=lambda size: (abs(math.log(size / memory_mb)), size), default=None)
        if (
            nearest is not None
            and len(sizes) < at_once
            and all(max(nearest / size, size / nearest) >= APART for size in sizes)
        ):
            sizes.append(nearest)
    if limits.max_spend is not None or limits.max_time_ms is not None:
        return (Batch(memory_mb=sizes[0], count=1),)
    batches = []
    for size in sizes:
        count = min(parallel + (2 if size in present and not told else 1), left)
        left -= count
        if count > 0:
            batches.append(Batch(memory_mb=size, count=count))
    return tuple(batches)
