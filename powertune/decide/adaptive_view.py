"""What a question to the adaptive search is answered from, and which memory sizes are considered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powertune.decide.curve_prior import Floats
from powertune.decide.losses import Flags
from powertune.decide.posterior import Draws

MOST_MODELLED = 120
"""Sizes that are modelled at most; of more, those evenly spread in log memory."""
MOST_OPTIONS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything that follows from the samples told: made anew for each question.

    ``data`` are durations by index of the size, earlier runs' among them; ``own`` counts those of this run.
    ``wanted`` are the losses with what is preferred among sizes that are nearly as good; nothing is claimed by them.
    ``cold_calls`` is how many invocations of a new size start cold; ``latencies`` is None without a target.
    """

    sizes_mb: tuple[int, ...]
    allowed: Flags
    data: Mapping[int, Sequence[float]]
    own: NDArray[np.int64]
    draws: Draws
    costs: Floats
    losses: Floats
    wanted: Floats
    cold_calls: int
    latencies: Floats | None


def promising(view: View, expected: Floats) -> list[int]:
    """Sizes worth a thought: all, or those measured, the best ones, and some spread over the rest."""
    usable = np.flatnonzero(view.allowed)
    if len(usable) <= MOST_OPTIONS:
        return [int(at) for at in usable]
    best = usable[np.argsort(expected[usable], kind="stable")][:: max(1, len(usable) // 60)][:10]
    spread = usable[np.linspace(0, len(usable) - 1, 12).astype(int)]
    measured = [at for at in view.data if view.allowed[at]]
    measured = sorted(measured, key=lambda at: (expected[at], at))[:8]
    return sorted({int(at) for at in (*best, *spread, *measured)})


def modelled(sizes_mb: Sequence[int], needed_mb: set[int]) -> tuple[int, ...]:
    """The sizes that are modelled: all of few, else some spread evenly in log memory and those needed."""
    if len(sizes_mb) <= MOST_MODELLED:
        return tuple(sizes_mb)
    wanted = np.geomspace(sizes_mb[0], sizes_mb[-1], MOST_MODELLED)
    places = np.searchsorted(np.asarray(sizes_mb, dtype=float), wanted).clip(0, len(sizes_mb) - 1)
    return tuple(sorted({sizes_mb[int(place)] for place in places} | needed_mb))
