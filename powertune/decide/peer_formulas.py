"""aws-lambda-power-tuning's arithmetic, as it stands in version 4.4.0, right or wrong.

Written from what its lambda/utils.js, executor.js and analyzer.js compute, in floats as there. Its prices are those
of its template.yml. docs/migrating.md says where they differ from powertune's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from powertune.domain.function import Architecture
from powertune.domain.search import Strategy

_X86_PER_MS = {
    "ap-east-1": 2.9e-9,
    "af-south-1": 2.8e-9,
    "me-south-1": 2.6e-9,
    "eu-south-1": 2.4e-9,
    "ap-northeast-3": 2.7e-9,
    "cn-north-1": 1.42e-8,
    "cn-northwest-1": 1.42e-8,
}
_PER_MS = {Architecture.X86_64: 2.1e-9, Architecture.ARM64: 1.7e-9}
"""Price of a millisecond at 128 MB; the same everywhere but in the regions above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRow:
    """What it computes for one memory size; prices are per invocation."""

    memory_mb: int
    average_duration_ms: float
    average_price: float


def base_price(region: str, architecture: Architecture) -> float:
    """Its price of a millisecond at 128 MB, in dollars, or in yuan for x86_64 in China."""
    if architecture is Architecture.X86_64 and region in _X86_PER_MS:
        return _X86_PER_MS[region]
    return _PER_MS[architecture]


def has_own_price(region: str, architecture: Architecture) -> bool:
    """Whether it has a price for this region, rather than the one for all regions that it does not know."""
    return architecture is Architecture.X86_64 and region in _X86_PER_MS


def price(duration_ms: float, base: float, memory_mb: int) -> float:
    """Its price of one invocation: the duration rounded up, whether it is one invocation's or a mean."""
    return math.ceil(duration_ms) * base * (memory_mb / 128)


def discarded(count: int, share: float) -> int:
    """How many values it drops at each end."""
    return int(count * share)


def trimmed_mean(values: Sequence[float], share: float) -> float:
    """The mean without the lowest and the highest values; 0 for none.

    Args:
        values: durations or billed durations.
        share: how large a part of them to drop at each end, at most 0.4.
    """
    if not values:
        return 0.0
    dropped = discarded(len(values), share)
    kept = sorted(values)[dropped : len(values) - dropped]
    return sum(kept) / len(kept)


def choose(rows: Sequence[PeerRow], strategy: Strategy, balanced_weight: float) -> int | None:
    """The memory size that it chooses; None where every row is empty.

    Equal costs are decided by duration and equal durations by cost, then by the order of the rows. A row whose
    average duration is 0 is left out without a word.
    """
    usable = [row for row in rows if row.average_duration_ms]
    if not usable:
        return None
    dearest = max(row.average_price for row in usable) or 1.0
    slowest = max(row.average_duration_ms for row in usable)

    def key(row: PeerRow) -> tuple[float, float]:
        if strategy is Strategy.COST:
            return row.average_price, row.average_duration_ms
        if strategy is Strategy.SPEED:
            return row.average_duration_ms, row.average_price
        share_of_cost = balanced_weight * row.average_price / dearest
        return share_of_cost + (1 - balanced_weight) * row.average_duration_ms / slowest, 0.0

    return min(usable, key=key).memory_mb
