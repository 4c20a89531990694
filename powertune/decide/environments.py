"""How far a mean can be trusted whose values come from a few execution environments.

Each environment is somewhere: one host is faster than another, and all invocations in it share that. A thousand of
them in five environments tell the function's mean hardly better than five would. So environments are what is counted:
the variance of a mean is that of the one-way random effects model (S. R. Searle, G. Casella and C. E. McCulloch,
Variance Components, 1992, chapter 3), never less than that of the invocations alone, with the degrees of freedom that
so many environments have. A test for their differences does not come first: with few environments it misses what
matters.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from scipy import special

from powertune.domain.check import CheckSample

Floats: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"

ASSUMED_LUCK = 0.03
"""By how much environments are taken to differ where the data cannot say it: what a search takes too, at least."""

_FEWEST_TO_TELL = 4
"""With fewer environments their differences say next to nothing of how they differ; but more than is taken for granted
counts."""

_LUCK_SEEN = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Measurements of one side.

    Attributes:
        values: the figures.
        environments: in which environment each was measured; None where that is unknown.
        started: how many environments were started, where their names are unknown.
        independent: each value is of an environment of its own.
    """

    values: Floats
    environments: tuple[str | None, ...]
    started: int = 1
    independent: bool = False

    def groups(self) -> list[Floats]:
        """The values by environment, as far as that is known; none where it is known of less than half of them."""
        places: dict[str, list[int]] = defaultdict(list)
        for place, environment in enumerate(self.environments):
            if environment is not None:
                places[environment].append(place)
        if 2 * sum(map(len, places.values())) < len(self.values):
            return []
        return [self.values[found] for found in places.values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How well one side's mean is known.

    Attributes:
        variance: of the mean, in the square of the values' unit.
        freedom: degrees of freedom of that.
        units: what can be dealt out anew in a permutation test: the means of the environments, or values that are of
            an environment each; nothing where neither is known.
        effective: how many independent invocations would tell as much.
        environments: how many there were, as far as is known.
        lucky: the environments differ by more than chance explains, or are taken to differ.
    """

    variance: float
    freedom: float
    units: Floats
    effective: float
    environments: int
    lucky: bool


def side(values: Sequence[float], environments: Sequence[str | None] | None = None, *, started: int = 1) -> Side:
    """The measurements of one side; without environments each is of one of its own."""
    return Side(
        values=np.asarray(values, dtype=float),
        environments=tuple(environments) if environments is not None else (None,) * len(values),
        started=max(started, 1),
        independent=environments is None,
    )


def warm_durations(samples: Iterable[CheckSample]) -> Side:
    """The durations of the warm invocations, in milliseconds."""
    every = tuple(samples)
    return warm_figures(every, [one.duration_ms or 0.0 for one in every if one.is_warm])


def warm_figures(samples: Sequence[CheckSample], figures: Sequence[float]) -> Side:
    """A figure of each warm invocation, with the environments of those."""
    environments = [one.environment for one in samples if one.is_warm]
    return side(figures, environments, started=sum(1 for one in samples if one.cold))


def spread_of(side: Side) -> Spread:
    """How well a side's mean is known."""
    groups = side.groups()
    if side.independent or len(groups) == len(side.values):
        return _independent(side)
    if len(groups) < 2:
        return _assumed(side, len(groups) or side.started)
    seen = _clustered(side, groups)
    if len(groups) >= _FEWEST_TO_TELL:
        return seen
    assumed = _assumed(side, len(groups))
    return replace(assumed, variance=max(assumed.variance, seen.variance), units=seen.units)


def _alone(values: Floats) -> float:
    """The variance of the mean of values that have nothing in common."""
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else 0.0


def _independent(side: Side) -> Spread:
    count = len(side.values)
    return Spread(
        variance=_alone(side.values),
        freedom=max(count - 1, 1),
        units=side.values,
        effective=float(count),
        environments=count,
        lucky=False,
    )


def _assumed(side: Side, environments: int) -> Spread:
    """The values of one environment, or of such as have no names: what they share is not in their own spread."""
    alone = _alone(side.values)
    variance = alone + (ASSUMED_LUCK * float(side.values.mean())) ** 2 / environments
    return Spread(
        variance=variance,
        freedom=max(len(side.values) - 1, 1),
        units=np.empty(0),
        effective=_effective(side.values, alone, variance),
        environments=environments,
        lucky=True,
    )


def _clustered(side: Side, groups: list[Floats]) -> Spread:
    sizes = np.asarray([len(group) for group in groups], dtype=float)
    count, means = float(sizes.sum()), np.asarray([float(group.mean()) for group in groups])
    whole = float((means * sizes).sum()) / count
    above, below = len(groups) - 1, count - len(groups)
    between = float((sizes * (means - whole) ** 2).sum()) / above
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups) / below if below else 0.0
    usual = (count - float((sizes**2).sum()) / count) / above
    share = float((sizes**2).sum()) / (count**2 * usual)
    rest = max(1 / count - share, 0.0)
    alone = _alone(side.values)
    variance = max(share * between + rest * within, alone)
    parts = ((share * between) ** 2 / above, (rest * within) ** 2 / below if below else 0.0)
    total = share * between + rest * within
    return Spread(
        variance=variance,
        # Where chance alone made them more alike than their values are, they are no more certain for that.
        freedom=min(max(total**2 / sum(parts), 1.0), float(above)) if total > 0 else float(above),
        units=means,
        effective=_effective(side.values, alone, variance),
        environments=len(groups),
        lucky=within > 0 and bool(special.fdtrc(above, below, between / within) < _LUCK_SEEN),
    )


def _effective(values: Floats, alone: float, variance: float) -> float:
    return len(values) * min(alone / variance, 1.0) if variance > 0 else float(len(values))
