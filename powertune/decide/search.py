"""Planners: which memory sizes to measure next. ask() gives batches, tell() takes samples.

A planner is pure: the same request and the same samples give the same answer, so that a step of the state
machine can make one anew, tell it what the store holds, and ask on.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from powertune.domain.request import TuningRequest
from powertune.domain.sample import Sample
from powertune.domain.work import Batch


class Planner(Protocol):
    """What the run asks and tells."""

    def ask(self) -> tuple[Batch, ...]:
        """The next batches, one for each memory size at most; none when the planner is content."""
        ...

    def tell(self, samples: Iterable[Sample]) -> None:
        """Take samples of batches asked for."""
        ...

    def rule_out(self, memory_sizes_mb: Iterable[int]) -> None:
        """Sizes that cannot be measured: never ask for them again."""
        ...


class GridPlanner:
    """Every memory size of the request, the same number of invocations at each, in one round.

    A size that was told of, in whatever state, is not asked for again: what failed there would fail again.
    """

    def __init__(self, request: TuningRequest) -> None:
        self._request = request
        self._told: Counter[int] = Counter()

    def ask(self) -> tuple[Batch, ...]:
        """All sizes that nothing is known of yet."""
        return tuple(
            Batch(memory_mb=size, count=self._request.invocations)
            for size in self._request.memory_sizes_mb
            if not self._told[size]
        )

    def tell(self, samples: Iterable[Sample]) -> None:
        """Note which sizes have been measured."""
        self._told.update(sample.memory_mb for sample in samples)

    def rule_out(self, memory_sizes_mb: Iterable[int]) -> None:
        """Take sizes off the list."""
        self._told.update(memory_sizes_mb)


def planner_for(request: TuningRequest) -> Planner:
    """The planner that a request asks for."""
    return GridPlanner(request)
