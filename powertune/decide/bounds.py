"""How much a run can do at most, by what its planner may ask for. Pure.

The figures are bounds, not expectations: a grid seldom asks a second time, and a search that is left alone takes a
dozen or two invocations. tests/unit/test_plan_bounds.py holds them against runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from powertune.decide.search import COLD_AT_ONCE, MOST_TIMES_PLANNED
from powertune.domain.payload import PayloadUse
from powertune.domain.request import TuningRequest
from powertune.domain.request_checks import planned_invocations
from powertune.domain.search import MOST_INVOCATIONS, SearchKind

_INFORMS_AT_MOST = 4
"""Invocations of a batch of an adaptive search, without its cold starts (decide/adaptive_choice.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a run can do at most.

    Attributes:
        planned: invocations planned from the start; None for a search, which decides itself.
        invocations: invocations in all.
        each: the same at one memory size.
        rounds: how many times something is published, invoked and collected.
        versions: versions published.
        bursts: times that a memory size is invoked one after another, each with all that go at the same time.
        under_way: invocations at the same time; for a search those of a whole round.
    """

    planned: int | None
    invocations: int
    each: int
    rounds: int
    versions: int
    bursts: int
    under_way: int

    def dearest(self, costs: Mapping[int, int]) -> dict[int, int]:
        """How the invocations fall on memory sizes so that they cost most: as many as may be at the dearest.

        Args:
            costs: a rank of what one costs, by memory size.
        """
        left, taken = self.invocations, {}
        for memory_mb in sorted(costs, key=lambda size: costs[size], reverse=True):
            taken[memory_mb] = min(self.each, left)
            left -= taken[memory_mb]
        return {memory_mb: count for memory_mb, count in taken.items() if count}


def bounds_of(request: TuningRequest, *, most_rounds: int, most_in_flight: int) -> Bounds:
    """The bounds of a run.

    Args:
        request: with the memory sizes that may be measured, the present one among them.
        most_rounds: rounds after which a run ends in any case.
        most_in_flight: invocations at the same time of all sizes, unless a single one takes more.
    """
    lanes, widest = lanes_of(request, most_in_flight=most_in_flight)
    if request.search is SearchKind.ADAPTIVE:
        return _adaptive(request, most_rounds)
    sizes, first = len(request.memory_sizes_mb), request.first_batch
    planned = planned_invocations(request)
    extra = 0 if request.dry_run or request.payload_use is PayloadUse.ONCE else (MOST_TIMES_PLANNED - 1) * first
    most = min(sizes * (first + extra), request.limits.max_invocations or 10**12)
    extra = min(extra, most - planned)
    # A round that makes up for something asks for one invocation at least, where all were cold for as many as planned.
    simple = not request.cold_starts_wanted and not request.mixes_payloads
    rounds = min(1 + (-(-extra // first) if simple else extra), most_rounds)
    # For cold starts a version is published anew, and another one in between where nothing would have changed.
    versions = sizes * (2 * rounds if request.cold_starts_wanted else 1)
    bursts = (-(-(first + extra) // request.parallel) + rounds) * -(-sizes // lanes)
    return Bounds(
        planned=planned,
        invocations=most,
        each=first + extra,
        rounds=rounds,
        versions=versions,
        bursts=bursts,
        under_way=lanes * widest,
    )


def lanes_of(request: TuningRequest, *, most_in_flight: int) -> tuple[int, int]:
    """How many memory sizes are invoked at the same time, and how many invocations at one of them."""
    cold = 0 if request.dry_run else request.cold_starts_wanted
    widest = max(1 if request.dry_run else request.parallel, min(cold, COLD_AT_ONCE))
    return min(request.sizes_at_once, len(request.memory_sizes_mb), max(1, most_in_flight // widest)), widest


def _adaptive(request: TuningRequest, most_rounds: int) -> Bounds:
    most = MOST_INVOCATIONS if request.limits.max_invocations is None else request.limits.max_invocations
    rounds = min(most, most_rounds)
    a_round = request.sizes_at_once * (_INFORMS_AT_MOST + request.parallel)
    return Bounds(
        planned=None,
        invocations=most,
        each=most,
        rounds=rounds,
        versions=min(len(request.memory_sizes_mb), most),
        bursts=most,
        under_way=min(a_round, most),
    )
