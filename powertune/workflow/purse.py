"""What a run has spent on the function's invocations, and whether its limit of money leaves room for more."""

import threading
from collections import Counter
from decimal import Decimal

from powertune.domain.price import Price
from powertune.domain.sample import Invocation, Outcome, Sample
from powertune.pricing.bill import invocation_cost
from powertune.pricing.most import longest_billed_ms


class Purse:
    """Money, as far as it is known, and a limit. For several threads at once.

    An invocation that may have run and left no record counts against the limit with the most that it can cost: its
    timeout and the longest init. What is under way is held to cost as much as the dearest so far: at a size that was
    invoked, of those there; at another one, of all, taken to last as long there where they ran at less memory.

    Args:
        limit: the most that the invocations may cost; None for no limit.
        price: of the run.
        timeout_s: the function's.
        ephemeral_mb: the function's ephemeral storage.
        foresees: count what is under way, and what is to be started. An adaptive search has planned with the limit.
    """

    def __init__(
        self, limit: Decimal | None, price: Price, *, timeout_s: int, ephemeral_mb: int, foresees: bool
    ) -> None:
        self.spent: Decimal | None = None
        self._limit, self._price, self._foresees = limit, price, foresees
        self._ephemeral_mb, self._longest_ms = ephemeral_mb, longest_billed_ms(timeout_s)
        self._counted = Decimal(0)
        self._dearest: dict[int, Decimal] = {}
        self._under_way: Counter[int] = Counter()
        self._lock = threading.Lock()

    def count(self, sample: Sample) -> None:
        """Take an invocation of an earlier round, with all that was found out about it."""
        self._take(sample.billed_ms, sample.memory_mb, sample.outcome, last=True)

    def add(self, invocation: Invocation) -> None:
        """Take an invocation that was just made; where it left no record in its answer, the logs may have one."""
        billed_ms = invocation.report.billed_ms if invocation.report else None
        answered = invocation.request_id is not None
        self._take(billed_ms, invocation.memory_mb, invocation.outcome, last=self._foresees or not answered)

    def _take(self, billed_ms: int | None, memory_mb: int, outcome: Outcome, *, last: bool) -> None:
        if outcome is Outcome.THROTTLED:
            return
        with self._lock:
            if billed_ms is not None:
                cost = self._cost(billed_ms, memory_mb)
                self.spent = (self.spent or Decimal(0)) + cost
                self._counted += cost
                self._dearest[memory_mb] = max(cost, self._dearest.get(memory_mb, Decimal(0)))
            elif last and self._limit is not None:
                self._counted += self._cost(self._longest_ms, memory_mb)

    def start(self, memory_mb: int, count: int) -> bool:
        """Whether so many invocations may be started; they count as under way until `ended` is told."""
        with self._lock:
            if self._limit is not None:
                expected = Decimal(0)
                if self._foresees:
                    expected = self._expected(memory_mb) * count
                    expected += sum(self._expected(size) * n for size, n in self._under_way.items())
                if self._counted >= self._limit or self._counted + expected > self._limit:
                    return False
            self._under_way[memory_mb] += count
            return True

    def ended(self, memory_mb: int, count: int) -> None:
        """So many invocations are not under way any more."""
        with self._lock:
            self._under_way[memory_mb] -= count

    def _expected(self, memory_mb: int) -> Decimal:
        if memory_mb in self._dearest:
            return self._dearest[memory_mb]
        return max((cost * max(memory_mb, size) / size for size, cost in self._dearest.items()), default=Decimal(0))

    def _cost(self, billed_ms: int, memory_mb: int) -> Decimal:
        return invocation_cost(billed_ms, memory_mb, self._price, ephemeral_mb=self._ephemeral_mb).amount
