"""How far the value axis of a chart with a model reaches: as what was measured says, not the far ends of the model."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from powertune.render.model import Modelled

_ROOM = 1.6
"""As many times the largest of what was measured is shown at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The values from ``low`` to ``high`` are shown, and ``cut`` says whether the model goes on beyond."""

    low: float
    high: float
    cut: bool


def reach(values: Sequence[float], modelled: Sequence[Modelled], measured_mb: Collection[int]) -> Reach | None:
    """From the samples and means that are drawn, and the curve between the measured sizes.

    Args:
        values: the samples and means.
        modelled: the model's curve; without one, nothing is to be cut.
        measured_mb: the memory sizes that those are of.
    """
    positive = [value for value in values if value > 0]
    if not modelled or not positive or not measured_mb:
        return None
    first, last = min(measured_mb), max(measured_mb)
    near = [*positive, *(one.value for one in modelled if first <= one.memory_mb <= last and one.value > 0)]
    lows = [end for one in modelled for end in (one.value, one.low) if end > 0]
    highs = [end for one in modelled for end in (one.value, one.high)]
    low, high = min(near) / _ROOM, max(near) * _ROOM
    return Reach(
        low=max(low, min([*near, *lows])),
        high=min(high, max([*near, *highs])),
        cut=max(highs) > high or min(lows, default=low) < low,
    )
