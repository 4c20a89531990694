"""What a run has spent on the function's invocations, and whether its limit of money leaves room for more."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from powertune.domain.price import Price
from powertune.domain.sample import Invocation, Outcome, Sample
from powertune.pricing.bill import invocation_cost
from powertune.pricing.most import longest_billed_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What an invocation's cost follows from, beside its memory size and how long it was billed for."""

    price: Price
    timeout_s: int
    ephemeral_mb: int

    def cost(self, billed_ms: int, memory_mb: int) -> Decimal:
        """Of one invocation."""
        return invocation_cost(billed_ms, memory_mb, self.price, ephemeral_mb=self.ephemeral_mb).amount

    def most(self, memory_mb: int) -> Decimal:
        """Of one that takes as long as any can."""
        return self.cost(longest_billed_ms(self.timeout_s), memory_mb)


class Purse:
    """Money, as far as it is known, and a limit. For several threads at once.

    An invocation that may have run and left no record counts against the limit with the most that it can cost: its
    timeout and the longest init. What is under way is held to cost as much as the dearest so far: at a size that was
    invoked, of those there; at another one, of all, taken to last as long there where they ran at less memory. Versions
    with a rate of their own are told apart, also where they have the same size.

    Args:
        limit: the most that the invocations may cost; None for no limit.
        rate: of the run.
        rates: of versions that have another one.
        foresees: count what is under way, and what is to be started. An adaptive search has planned with the limit.
    """

    def __init__(self, limit: Decimal | None, rate: Rate, rates: Mapping[str, Rate], *, foresees: bool) -> None:
        self.spent: Decimal | None = None
        self._limit, self._rate, self._rates, self._foresees = limit, rate, rates, foresees
        self._counted = Decimal(0)
        self._dearest: dict[_Kind, Decimal] = {}
        self._under_way: Counter[_Kind] = Counter()
        self._lock = threading.Lock()

    def count(self, sample: Sample) -> None:
        """Take an invocation of an earlier round, with all that was found out about it."""
        self._take(sample.billed_ms, self._kind(sample.memory_mb, sample.version), sample.outcome, last=True)

    def add(self, invocation: Invocation) -> None:
        """Take an invocation that was just made; where it left no record in its answer, the logs may have one."""
        billed_ms = invocation.report.billed_ms if invocation.report else None
        answered = invocation.request_id is not None
        kind = self._kind(invocation.memory_mb, invocation.version)
        self._take(billed_ms, kind, invocation.outcome, last=self._foresees or not answered)

    def _kind(self, memory_mb: int, version: str) -> "_Kind":
        return memory_mb, version if version in self._rates else None

    def _take(self, billed_ms: int | None, kind: "_Kind", outcome: Outcome, *, last: bool) -> None:
        if outcome is Outcome.THROTTLED:
            return
        memory_mb, version = kind
        rate = self._rate if version is None else self._rates[version]
        with self._lock:
            if billed_ms is not None:
                cost = rate.cost(billed_ms, memory_mb)
                self.spent = (self.spent or Decimal(0)) + cost
                self._counted += cost
                self._dearest[kind] = max(cost, self._dearest.get(kind, Decimal(0)))
            elif last and self._limit is not None:
                self._counted += rate.most(memory_mb)

    def start(self, memory_mb: int, version: str, count: int) -> bool:
        """Whether so many invocations may be started; they count as under way until `ended` is told."""
        kind = self._kind(memory_mb, version)
        with self._lock:
            if self._limit is not None:
                expected = Decimal(0)
                if self._foresees:
                    expected = self._expected(kind) * count
                    expected += sum(self._expected(other) * n for other, n in self._under_way.items())
                if self._counted >= self._limit or self._counted + expected > self._limit:
                    return False
            self._under_way[kind] += count
            return True

    def ended(self, memory_mb: int, version: str, count: int) -> None:
        """So many invocations are not under way any more."""
        with self._lock:
            self._under_way[self._kind(memory_mb, version)] -= count

    def _expected(self, kind: "_Kind") -> Decimal:
        if kind in self._dearest:
            return self._dearest[kind]
        memory_mb, _ = kind
        return max(
            (cost * max(memory_mb, size) / size for (size, _), cost in self._dearest.items()), default=Decimal(0)
        )


_Kind = tuple[int, str | None]
"""A memory size, and the version where that has a rate of its own."""
