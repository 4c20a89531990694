"""How far a mean can be trusted whose values come from a few execution environments.

Each environment is somewhere: one host is faster than another, and all invocations in it share that. A thousand of
them in five environments tell the function's mean hardly better than five would. Where the data show such luck, the
variance of a mean is that of the one-way random effects model (S. R. Searle, G. Casella and C. E. McCulloch, Variance
Components, 1992, chapter 3); where they do not, invocations count one by one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import special

from powertune.domain.check import CheckSample

Floats: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"

_POOLED_ABOVE = 0.25
"""Environments count where chance would explain their differences in less than a quarter of all cases: the usual bound
for pooling after a first test (T. A. Bancroft, 1944), wide on purpose, because not to see them is what costs."""

_FEWEST_ENVIRONMENTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Measurements of one side, each with the environment it was made in; None where that is unknown."""

    values: Floats
    environments: tuple[str | None, ...]

    def groups(self) -> list[Floats] | None:
        """The values by environment; None where one is unknown, or all are of a kind that tells nothing."""
        if None in self.environments:
            return None
        places: dict[str | None, list[int]] = defaultdict(list)
        for place, environment in enumerate(self.environments):
            places[environment].append(place)
        if not _FEWEST_ENVIRONMENTS <= len(places) < len(self.values):
            return None
        return [self.values[found] for found in places.values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How well one side's mean is known.

    Attributes:
        variance: of the mean, in the square of the values' unit.
        freedom: degrees of freedom of that.
        clustered: environments were seen to differ.
        units: how many independent values there are: environments where those differ, else invocations.
        means: the means of the environments, where those differ; else nothing.
        effective: how many independent invocations would tell as much.
    """

    variance: float
    freedom: float
    clustered: bool
    units: int
    means: Floats
    effective: float


def side(values: Sequence[float], environments: Sequence[str | None] | None = None) -> Side:
    """The measurements of one side; without environments they count as independent."""
    return Side(
        values=np.asarray(values, dtype=float),
        environments=tuple(environments) if environments is not None else (None,) * len(values),
    )


def warm_durations(samples: Iterable[CheckSample]) -> Side:
    """The durations of the warm invocations, in milliseconds."""
    warm = [one for one in samples if one.is_warm]
    return side([one.duration_ms or 0.0 for one in warm], [one.environment for one in warm])


def spread_of(before: Side, after: Side) -> tuple[Spread, Spread]:
    """How well both means are known.

    Whether environments differ is asked of both sides together, relative to their means: one side alone has too few of
    them to tell.
    """
    grouped = [one.groups() for one in (before, after)]
    differ = _differ([groups for groups in grouped if groups is not None])
    first, second = (
        _clustered(side, groups) if differ and groups is not None else _independent(side)
        for side, groups in zip((before, after), grouped, strict=True)
    )
    return first, second


def _independent(side: Side) -> Spread:
    count = len(side.values)
    variance = float(side.values.var(ddof=1)) / count if count > 1 else 0.0
    return Spread(
        variance=variance,
        freedom=max(count - 1, 1),
        clustered=False,
        units=count,
        means=np.empty(0),
        effective=float(count),
    )


def _clustered(side: Side, groups: list[Floats]) -> Spread:
    count = len(side.values)
    sizes = np.asarray([len(group) for group in groups], dtype=float)
    between, within, usual = _mean_squares(groups)
    luck = max(between - within, 0.0) / usual
    from_luck, from_noise = luck * float((sizes**2).sum()) / count**2, within / count
    variance = from_luck + from_noise
    parts = [(from_luck, len(groups) - 1), (from_noise, count - len(groups))]
    known = [part**2 / freedom for part, freedom in parts if part > 0 and freedom > 0]
    alone = float(side.values.var(ddof=1)) / count
    return Spread(
        variance=max(variance, alone),
        freedom=max(variance**2 / sum(known), 1.0) if known else float(len(groups) - 1),
        clustered=True,
        units=len(groups),
        means=np.asarray([float(group.mean()) for group in groups]),
        effective=count * min(alone / variance, 1.0) if variance > 0 else float(count),
    )


def _mean_squares(
    groups: list[Floats],
) -> tuple[float, float, float]:
    """The mean squares between and within groups, and the usual size of a group."""
    sizes = np.asarray([len(group) for group in groups], dtype=float)
    count = float(sizes.sum())
    means = np.asarray([float(group.mean()) for group in groups])
    whole = float((means * sizes).sum()) / count
    between = float((sizes * (means - whole) ** 2).sum()) / (len(groups) - 1)
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups) / (count - len(groups))
    usual = (count - float((sizes**2).sum()) / count) / (len(groups) - 1)
    return between, within, usual


def _differ(sides: list[list[Floats]]) -> bool:
    """Whether the environments of all sides differ by more than chance explains: the F test of one way."""
    between, within, above, below = 0.0, 0.0, 0, 0
    for groups in sides:
        whole = float(np.concatenate(groups).mean())
        if whole <= 0:
            continue
        relative = [group / whole for group in groups]
        ms_between, ms_within, _ = _mean_squares(relative)
        inside = sum(len(group) for group in groups) - len(groups)
        between += ms_between * (len(groups) - 1)
        within += ms_within * inside
        above += len(groups) - 1
        below += inside
    if above == 0 or below == 0 or between <= 0:
        return False
    if within <= 0:
        return True
    return bool(special.fdtrc(above, below, (between / above) / (within / below)) < _POOLED_ABOVE)
