"""In which order the versions of a round are invoked. Pure.

A tuning has one version for each memory size; a check has two versions, maybe of one size. A sweep invokes every
version once, in an order of its own. So whatever changes while a run lasts (a shared database, a neighbour, a cache)
meets every version alike, and none is always the first.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from powertune.domain.work import SizeWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Invocations of one version that are sent at the same time. ``sweep`` counts from 0."""

    memory_mb: int
    version: str
    sweep: int
    orders: tuple[int, ...]


def slots(work: Sequence[SizeWork], *, parallel: int, seed: int, round_: int) -> tuple[Slot, ...]:
    """Everything that is left to invoke, in order.

    The order follows from the seed, the round and the sweep alone: work that is continued goes on where it
    stopped. The cold starts of a batch are its first slot, all at the same time; after that ``parallel``
    invocations make a slot, or fewer where the batch says so.
    """
    waiting = {one.version: [] if one.is_over else _bursts(one, parallel) for one in work}
    done = {one.version: one.first_order + one.done for one in work}
    sizes = {one.version: one.memory_mb for one in work}
    planned: list[Slot] = []
    for sweep in range(max((len(bursts) for bursts in waiting.values()), default=0)):
        versions = sorted(waiting, key=lambda version: (sizes[version], version))
        random.Random(f"{seed} round {round_} sweep {sweep}").shuffle(versions)
        for version in versions:
            bursts = waiting[version]
            left = tuple(order for order in bursts[sweep] if order >= done[version]) if sweep < len(bursts) else ()
            if left:
                planned.append(Slot(memory_mb=sizes[version], version=version, sweep=sweep, orders=left))
    return tuple(planned)


def _bursts(work: SizeWork, parallel: int) -> list[tuple[int, ...]]:
    """All order numbers of a batch, done ones too, as they are sent together."""
    orders = range(work.first_order, work.first_order + work.count)
    parallel = parallel if work.parallel is None else min(work.parallel, parallel)
    first = max(work.cold, parallel) if work.cold else parallel
    starts = [0, *range(first, work.count, parallel)]
    return [tuple(orders[start:end]) for start, end in zip(starts, [*starts[1:], work.count], strict=True)]
