"""Where the figures of a function's checks changed: what no single check sees is seen over many."""

import functools
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from powertune.domain.check import CheckSettings, Metric
from powertune.domain.check_history import (
    fewest_figures,
    figure_of,
    last_stretch,
    metrics_with_figures,
    oldest_first,
    smallest_told,
)
from powertune.domain.result import ChangePoint, CheckEntry, Trend

Series: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.float64]]"

MOST_ENTRIES = 200
"""Checks that are looked at, the last ones: more than half a year of nights."""

_MOST_CHANGES = 3
"""Of a metric. What lies before them is history."""

_SHUFFLES = 9_999
_MOST_SHUFFLES = 99_999
_SHUFFLED_AT_ONCE = 2_000
_SEED = 0x7E4D
_ROUNDING = 1e-9
_MOST_STAYS = 0.9
_BY_CHANCE = 1.28
"""Deviations of an autocorrelation that one of ten series of independent figures exceeds."""


def trend_of(entries: Sequence[CheckEntry], settings: CheckSettings) -> Trend:
    """Since which checks the figures of a function have been others.

    The test asks of every place in the series whether the figures after it rank unlike those before it, by Mann and
    Whitney's statistic as A. N. Pettitt (1979) has it, each divided by its own deviation (D. M. Hawkins and Q. Deng,
    2010), so that a change is seen also where it lies near the end. The greatest of these is held against shuffles
    of the same figures, always the same ones. No distribution is taken for granted, and one outlier makes no change.
    A series that grows a little every night has its greatest difference between its halves, and is seen as well.

    A change counts where that test says so at ``settings.confidence``, divided by the number of metrics that are
    looked at (C. E. Bonferroni, 1936), and the medians on both sides of it differ by more than
    ``settings.threshold``. Both sides are then searched in the same way, for up to three changes of a metric. Where a
    straight line fits the figures better than such steps (by the absolute residuals and G. Schwarz's criterion, 1978),
    there is one gradual change instead. A figure that rises and falls back in the middle of a series may go unseen: the
    test asks for one change first.

    What is between them is searched once more, for changes that are as sure but smaller, from `smallest_told` on.
    These are not ``beyond`` the threshold. One that would break a change beyond it into two small ones is left out.

    Checks are not independent: a platform is slow for days. Where what is left beside the changes clearly stays from
    one check to the next, the test asks for more of a small change. It does not of one beyond the threshold, because
    changes that go unseen beside it look like such spells.

    Only the checks since the memory size last changed are compared: another size has other figures. The same check
    twice counts once; a figure that is unknown, not finite or not above zero is left out, and so is a cost in another
    currency than the last one's.

    Args:
        entries: checks of one function or alias, in any order; only the last `MOST_ENTRIES` are looked at.
        settings: threshold and confidence, and which metrics are looked at.
    """
    ordered = oldest_first(entries)[-MOST_ENTRIES:]
    compared = last_stretch(ordered)
    metrics = metrics_with_figures(compared, settings)
    level = (1 - settings.confidence) / max(1, len(metrics))
    changes = [
        change
        for metric in metrics
        for change in _changes(metric, _known(compared, metric), settings=settings, level=level)
    ]
    return Trend(entries=ordered, changes=tuple(changes))


def _known(entries: Sequence[CheckEntry], metric: Metric) -> list[tuple[CheckEntry, float]]:
    figures = [(entry, figure_of(entry, metric, entries[-1].currency)) for entry in entries]
    return [(entry, figure) for entry, figure in figures if figure is not None]


def _changes(
    metric: Metric, found: Sequence[tuple[CheckEntry, float]], *, settings: CheckSettings, level: float
) -> list[ChangePoint]:
    values = np.asarray([value for _, value in found], dtype=float)
    least = smallest_told(settings)
    free = _steps(values, {}, least=least, level=level)
    if not free:
        return []
    great = _steps(values, {}, least=settings.threshold, level=level)
    steps, gradual = _told(values, great)
    if not gradual:
        weight = _weight(values, sorted(free))
        steps = _steps(values, great, least=least, level=level, weight=weight, beyond=settings.threshold)
        if not great:
            steps, gradual = _told(values, steps)
    at = sorted(steps)
    levels = _levels(values, at)
    return [
        ChangePoint(
            metric=metric,
            run_id=found[index][0].run_id,
            at=found[index][0].at,
            before=before,
            after=after,
            change=after / before - 1,
            p_value=steps[index],
            gradual=gradual,
            beyond=abs(after / before - 1) > settings.threshold,
        )
        for index, (before, after) in zip(at, pairwise(levels), strict=True)
    ]


def _told(values: Series, steps: dict[int, float]) -> tuple[dict[int, float], bool]:
    """The steps, or the one between the parts that differ most where the series is gradual; and whether it is."""
    if not steps or not _is_gradual(values, sorted(steps)):
        return steps, False
    first = next(iter(steps))
    return {first: steps[first]}, True


def _steps(
    values: Series, known: dict[int, float], *, least: float, level: float, weight: float = 1.0, beyond: float = 0.0
) -> dict[int, float]:
    """Where the series changes by more than ``least``, by index of the first new figure, with p-values.

    The one found first comes first. Those that are ``known`` are among them, and stay greater than ``beyond``.
    """
    steps = dict(known)
    parts = list(pairwise([0, *sorted(known), len(values)]))
    while parts and len(steps) < _MOST_CHANGES:
        start, end = parts.pop(0)
        split = _split(values[start:end], level, weight)
        if split is None or split[1] > level:
            continue
        index = start + split[0]
        at = sorted([*steps, index])
        # A split of a slope makes both its sides more alike: it must not hide what was found before.
        if all(
            abs(after / before - 1) > (beyond if one in known else least)
            for one, (before, after) in zip(at, pairwise(_levels(values, at)), strict=True)
        ):
            steps[index] = split[1]
            parts += [(start, index), (index, end)]
    return steps


def _weight(values: Series, at: Sequence[int]) -> float:
    """What a score counts for, where what is left beside the steps stays from one check to the next.

    The variance of the mean of figures of which a share ``r`` stays is (1 + r) / (1 - r) times that of independent
    ones (G. V. Bayley and J. M. Hammersley, 1946). A series that grows evenly is taken for a line instead.
    """
    ranks = _ranks(values)
    beside_steps = np.concatenate([part - part.mean() for part in np.split(ranks, at)])
    places = np.arange(len(ranks)) - (len(ranks) - 1) / 2
    beside_line = ranks - ranks.mean() - places * float(places @ ranks) / float(places @ places)
    stays = min(_stays(beside_steps), _stays(beside_line))
    return math.sqrt((1 - stays) / (1 + stays))


def _stays(residuals: Series) -> float:
    total = float(residuals @ residuals)
    if total < _ROUNDING:
        return 0.0
    stays = float(residuals[1:] @ residuals[:-1]) / total
    return min(stays, _MOST_STAYS) if stays > _BY_CHANCE / math.sqrt(len(residuals)) else 0.0


def _levels(values: Series, at: Sequence[int]) -> list[float]:
    return [float(np.median(part)) for part in np.split(values, at)]


def _split(values: Series, level: float, weight: float) -> tuple[int, float] | None:
    """Where the two sides differ most, and the p-value of that; None for a series that is too short or constant."""
    count = len(values)
    if count < fewest_figures(level) or values.min() == values.max():
        return None
    ranks = _ranks(values)
    scores = _scores(ranks[np.newaxis, :])[0]
    index = int(scores.argmax())
    shuffles = min(max(_SHUFFLES, math.ceil(10 / level)), _MOST_SHUFFLES)
    by_chance = _greatest(tuple(sorted(ranks.tolist())), shuffles)
    beyond = len(by_chance) - int(np.searchsorted(by_chance, scores[index] * weight - _ROUNDING))
    return index + 1, (1 + beyond) / (1 + shuffles)


def _ranks(values: Series) -> Series:
    """Ranks, with the mean of those that are tied."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Series = ((last - counts + last - 1) / 2)[inverse.reshape(-1)]
    return ranks


def _scores(
    ranks: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Of each row, for every place, how far the ranks before it are from their mean, in their own deviations."""
    count = ranks.shape[1]
    before = np.arange(1, count)
    deviation = np.sqrt(before * (count - before) / (count - 1) * ranks[0].var())
    sums = np.cumsum(ranks - ranks[0].mean(), axis=1)[:, :-1]
    scores: np.ndarray[tuple[int, int], np.dtype[np.float64]] = np.abs(sums) / deviation
    return scores


@functools.lru_cache(maxsize=64)
def _greatest(ranks: tuple[float, ...], shuffles: int) -> Series:
    """The greatest scores of shuffled ranks, ascending. Without ties they are the same for all series of a length."""
    random = np.random.default_rng([_SEED, len(ranks)])
    row, found = np.asarray(ranks, dtype=float), []
    for start in range(0, shuffles, _SHUFFLED_AT_ONCE):
        rows = np.tile(row, (min(_SHUFFLED_AT_ONCE, shuffles - start), 1))
        found.append(_scores(random.permuted(rows, axis=1)).max(axis=1))
    return np.sort(np.concatenate(found))


def _is_gradual(values: Series, at: Sequence[int]) -> bool:
    """Whether a line tells the series better than its steps do."""
    places = np.arange(len(values), dtype=float)
    first, second = np.triu_indices(len(values), 1)
    # H. Theil (1950), P. K. Sen (1968): the median of the slopes of all pairs.
    slope = float(np.median((values[second] - values[first]) / (places[second] - places[first])))
    line = values - slope * places
    around_line = float(np.abs(line - np.median(line)).sum())
    around_steps = sum(float(np.abs(part - np.median(part)).sum()) for part in np.split(values, at))
    return _criterion(around_line, len(values), 2) < _criterion(around_steps, len(values), 2 * len(at) + 1)


def _criterion(residuals: float, count: int, parameters: int) -> float:
    return 2 * count * math.log(max(residuals, 1e-300)) + parameters * math.log(count)
