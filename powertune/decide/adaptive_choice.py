"""Which batches come next: those that are expected to take most off the loss beyond their price."""

import math
from collections.abc import Sequence

import numpy as np

from powertune.decide.acquire import Option, gains
from powertune.decide.adaptive_limits import Room, narrowest
from powertune.decide.adaptive_view import View, promising
from powertune.decide.curve_prior import Floats
from powertune.domain.search import Objective, Strategy
from powertune.domain.work import Batch

SEEN = 2
"""Sizes that must have been measured before anything is claimed: one does not show a curve."""
CONFIRMED_BY = 2
"""Measurements of its own that a size needs before it may be recommended."""
RATE = {Strategy.COST: 0.0042, Strategy.SPEED: 0.004, Strategy.BALANCED: 0.0045}
"""What share of the best size's cost (or duration) one invocation of ordinary price must be expected to save."""
RATE_UNDER_TARGET = 0.0045
UNSURE = 0.7
"""Share of the rate that counts while the risk is above what was asked for."""
PATIENCE = 8.0
PATIENCE_RECORDED = 40.0
"""Invocations of ordinary price after which further ones are held to save more and more. What was recorded may have
no smooth curve, and takes longer to search."""
ALSO = 0.3
"""Share of the best batch's worth that another of the same round must have."""
APART = 1.3
"""Factor between the memory sizes of a round: neighbours tell much the same."""
_ORDINARY_MB = (128, 256, 512, 1024, 1536, 3008)


def next_batches(
    view: View,
    rooms: Sequence[Room],
    objective: Objective,
    *,
    spent: float,
    patience: float,
    sure: bool,
    confirmed: bool,
    at_once: int,
) -> tuple[Batch, ...]:
    """The batches of a round, one for each size at most; none where none is worth its price or fits the limits.

    Args:
        view: everything known.
        rooms: what the limits leave.
        objective: what the best means.
        spent: money so far.
        patience: `PATIENCE` or `PATIENCE_RECORDED`.
        sure: the risk is as low as was asked for.
        confirmed: a size may be recommended.
        at_once: batches of a round.
    """
    prices = np.median(view.costs, axis=0)
    ordinary = {min(range(len(prices)), key=lambda at: abs(view.sizes_mb[at] - size)) for size in _ORDINARY_MB}
    unit = float(np.mean(prices[sorted(ordinary)]))
    rate = RATE_UNDER_TARGET if objective.latency_target is not None else RATE[objective.strategy]
    if confirmed and not sure:
        rate *= UNSURE
    rate *= max(1.0, spent / unit / patience) ** 1.5
    prices = prices * rate / unit
    room = narrowest(rooms)
    missing = np.maximum(CONFIRMED_BY - view.own, 0)
    cold = np.where(view.own == 0, view.cold_calls, 0)
    to_confirm = np.where(view.allowed, prices * (missing + np.where(missing > 0, cold, 0)), np.inf)
    expected = view.wanted.mean(axis=0) + to_confirm
    options = [
        Option(
            index=at,
            count=informs + int(cold[at]),
            informs=informs,
            known=len(view.data.get(at, ())),
            price=float(prices[at] * (informs + cold[at])),
            left=float(prices[at] * max(missing[at] - informs, 0)),
        )
        for at in promising(view, expected)
        for informs in (1, 2, 4)
        if informs + cold[at] <= room[at]
    ]
    if options:
        worth = gains(view.draws, view.wanted, options, to_confirm) - np.array([option.price for option in options])
        if len(view.data) < SEEN:
            # One size alone allows no comparison, however little another one may save.
            worth = np.where([option.index in view.data for option in options], worth, worth + 1.0)
        if worth.max() > 0:
            return _round(view, rooms, options, worth, at_once)
    favourite = int(np.argmin(np.where(missing + cold <= room, expected, np.inf)))
    if missing[favourite] and missing[favourite] + cold[favourite] <= room[favourite] and view.allowed[favourite]:
        return (Batch(memory_mb=view.sizes_mb[favourite], count=int(missing[favourite] + cold[favourite])),)
    return ()


def _round(
    view: View, rooms: Sequence[Room], options: Sequence[Option], worth: Floats, at_once: int
) -> tuple[Batch, ...]:
    """The best option, and others that are far from it, worth nearly as much, and fit beside it."""
    taken: list[Option] = []
    best = float(worth.max())
    for place in np.argsort(-worth, kind="stable"):
        option = options[int(place)]
        if len(taken) == at_once or worth[place] < best * ALSO or worth[place] <= 0:
            break
        near = (
            abs(math.log(view.sizes_mb[option.index] / view.sizes_mb[other.index])) < math.log(APART) for other in taken
        )
        if any(near) or narrowest(rooms)[option.index] < option.count:
            continue
        taken.append(option)
        rooms = [room.after(option.index, option.count) for room in rooms]
    return tuple(Batch(memory_mb=view.sizes_mb[option.index], count=option.count) for option in taken)
