"""What a further batch is worth: the knowledge gradient, by reweighting draws.

The value of a batch is what it is expected to take off the loss of the recommendation that follows it (P. Frazier,
W. Powell and S. Dayanik, The knowledge-gradient policy for correlated normal beliefs, 2009), here for any loss and
without a normal posterior: a pretended result weighs the draws by how well they explain it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from powertune.decide.curve_prior import Floats
from powertune.decide.posterior import Draws

MOST_CHOICES = 30
"""Sizes that are considered as the recommendation after a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A batch that could be asked for: its size's index, its invocations, those of them that inform, what it costs.

    ``known`` is how many measurements the size has already. ``price`` and ``left`` are in units of
    loss; ``left`` is what confirming this size would still cost afterwards.
    """

    index: int
    count: int
    informs: int
    known: int
    price: float
    left: float


def gains(draws: Draws, losses: Floats, options: Sequence[Option], to_confirm: Floats) -> Floats:
    """Expected reduction of the expected loss by each option.

    Args:
        draws: the posterior.
        losses: from `Judge.losses`.
        options: the batches.
        to_confirm: what each size would still cost before it may be recommended, in units of loss.
    """
    total = len(draws.spread)
    expected = losses.mean(axis=0) + to_confirm
    usable = np.flatnonzero(np.isfinite(expected))
    choices = usable[np.argsort(expected[usable], kind="stable")][:MOST_CHOICES]
    now = float(expected[choices[0]])
    considered = losses[:, choices]
    pick = (_RANKS * total).astype(int)
    found = np.empty(len(options))
    noise, luck = float(np.median(draws.spread**2)), float(np.median(draws.luck**2))
    orders = {
        index: np.argsort(draws.log_mean[:, index], kind="stable") for index in {option.index for option in options}
    }
    for place, option in enumerate(options):
        values, order = draws.log_mean[:, option.index], orders[option.index]
        variance = _variance(noise, luck, option)
        # Few draws lie near each other: their distance blurs what the batch could tell.
        low, high = values[order[int(0.1 * total)]], values[order[int(0.9 * total)]]
        blur = (float(high - low) / total * 8) ** 2
        results = values[order[pick]] + np.sqrt(variance) * _SPOTS
        weights = np.exp(-0.5 * (results[:, None] - values[None, :]) ** 2 / (variance + blur + 1e-12))
        weights /= weights.sum(axis=1, keepdims=True)
        after = weights @ considered + to_confirm[choices]
        after[:, choices == option.index] += option.left - to_confirm[option.index]
        found[place] = now - float(after.min(axis=1) @ _SHARES)
    return found


def _variance(noise: float, luck: float, option: Option) -> float:
    """Of a single result that would tell as much of the size as the batch does.

    The mean of n measurements has the variance ``luck + noise / n``: more of them cannot tell what they all share.
    """
    known, then = option.known, option.known + option.informs
    gained = 1 / (luck + noise / then) - (1 / (luck + noise / known) if known else 0.0)
    return 1 / gained


_EDGES = np.array([0, 0.015, 0.04, 0.09, 0.17, 0.26, 0.36, 0.47, 0.59, 0.71, 0.82, 0.92, 1.0])
_RANKS = (_EDGES[1:] + _EDGES[:-1]) / 2
_SHARES = np.diff(_EDGES)
# Normal quantiles in an order that does not follow that of the draws they are added to.
_SPOTS = np.array([0.21, -1.38, 0.67, -0.10, 1.73, -0.67, 1.00, -0.43, 0.10, 1.38, -1.73, -1.0])
