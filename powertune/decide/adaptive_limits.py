"""How far a search may still go."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from powertune.decide.adaptive_view import View
from powertune.decide.curve_prior import Floats
from powertune.decide.evidence import Evidence
from powertune.domain.search import MOST_INVOCATIONS, Limits, StopReason

Rates = tuple[float, float]
"""Per GB-second and per request."""
REPEATED = 4.0
"""An invocation at a size that was measured is held to take at most so many times the longest one there. Of the noise
a single measurement says nothing, and the model allows for any: a small limit would then end with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What one limit leaves, and what an invocation at each size takes of it."""

    left: float
    each: Floats
    reason: StopReason

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many invocations at each size fit."""
        return np.minimum(self.left / np.maximum(self.each, 1e-15), 1e6).astype(np.int64)

    def after(self, index: int, count: int) -> "Room":
        """What is left after so many invocations at a size."""
        return replace(self, left=max(self.left - count * float(self.each[index]), 0.0))


def reached(limits: Limits, evidence: Evidence, rates: Rates) -> StopReason | None:
    """The limit at which the search is, if any."""
    # What is throttled again and again never counts: there must be an end all the same.
    if evidence.count >= _most(limits) or evidence.sent >= max(_most(limits), MOST_INVOCATIONS):
        return StopReason.MAX_INVOCATIONS
    if limits.max_spend is not None and evidence.spend(*rates) >= float(limits.max_spend):
        return StopReason.MAX_SPEND
    if limits.max_time_ms is not None and evidence.time_ms >= limits.max_time_ms:
        return StopReason.MAX_TIME
    return None


def rooms(limits: Limits, evidence: Evidence, rates: Rates, view: View) -> list[Room]:
    """What every limit leaves, with money and time estimated on the high side.

    A single invocation may well take longer than the mean, a cold start longer still, and nothing bounds either:
    the estimate is the mean's 99 % quantile, with two standard deviations of the noise on top. At a size that was
    never invoked here an invocation may fail as one did before: then it takes as long.
    """
    repeated = {at: REPEATED * max(values) for at, values in view.data.items() if view.own[at]}
    failure_ms = np.where(view.own == 0, evidence.longest_failure_ms, 0.0)
    margin = np.where((view.own == 0) & (view.cold_calls > 0), 1.5, 1.0)
    margin = margin * math.exp(2 * float(np.quantile(view.draws.spread, 0.9)))
    ones = np.ones(len(view.sizes_mb))
    found = [Room(left=_most(limits) - evidence.count, each=ones, reason=StopReason.MAX_INVOCATIONS)]
    if limits.max_spend is not None:
        failure = np.array([_money(size, ms, rates) for size, ms in zip(view.sizes_mb, failure_ms, strict=True)])
        each = np.maximum(np.quantile(view.costs, 0.99, axis=0) * margin, failure)
        for at, longest_ms in repeated.items():
            each[at] = min(each[at], _money(view.sizes_mb[at], longest_ms, rates))
        found.append(
            Room(left=float(limits.max_spend) - evidence.spend(*rates), each=each, reason=StopReason.MAX_SPEND)
        )
    if limits.max_time_ms is not None:
        each = np.maximum(np.exp(np.quantile(view.draws.log_mean, 0.99, axis=0)) * margin, failure_ms)
        for at, longest_ms in repeated.items():
            each[at] = min(each[at], longest_ms)
        found.append(Room(left=limits.max_time_ms - evidence.time_ms, each=each, reason=StopReason.MAX_TIME))
    return found


def narrowest(among: Sequence[Room]) -> NDArray[np.int64]:
    """How many invocations at each size every limit has room for."""
    return np.asarray(np.min([room.counts for room in among], axis=0))


def fits(limits: Limits, evidence: Evidence, rates: Rates, memory_mb: int, time_ms: float) -> bool:
    """Whether one invocation more, of at most so long a time, is within the limits of money and time."""
    if limits.max_time_ms is not None and evidence.time_ms + time_ms > limits.max_time_ms:
        return False
    money = _money(memory_mb, time_ms, rates)
    return limits.max_spend is None or evidence.spend(*rates) + money <= float(limits.max_spend)


def tight(limits: Limits) -> StopReason:
    """The limit that leaves no room for one invocation more where too little is known to say which."""
    return StopReason.MAX_TIME if limits.max_spend is None else StopReason.MAX_SPEND


def left(limits: Limits, evidence: Evidence) -> int:
    """Invocations that are left."""
    return _most(limits) - evidence.count


def _most(limits: Limits) -> int:
    return MOST_INVOCATIONS if limits.max_invocations is None else limits.max_invocations


def _money(memory_mb: int, time_ms: float, rates: Rates) -> float:
    return math.ceil(time_ms) / 1000 * memory_mb / 1024 * rates[0] + rates[1]
