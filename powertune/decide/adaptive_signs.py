"""Signs that samples are not what the model takes them for, in words."""

from collections.abc import Mapping, Sequence

import numpy as np

from powertune.decide.posterior import Draws
from powertune.decide.words import megabytes

DRIFT_FROM = 3
TWO_KINDS_FROM = 8
ROUGH = 0.25


def drifting(durations_ms: Mapping[int, Sequence[float]]) -> bool:
    """Whether the first measurement at a size is slower than those that follow, beyond chance.

    The logarithm of the first one's share of the mean of the others, over all sizes with enough of them, is compared
    with its standard error.
    """
    shares = [
        float(np.log(max(values[0], 0.01) / max(float(np.mean(values[1:])), 0.01)))
        for values in durations_ms.values()
        if len(values) >= DRIFT_FROM
    ]
    if len(shares) < 3:
        return False
    mean, error = float(np.mean(shares)), float(np.std(shares, ddof=1)) / len(shares) ** 0.5
    return mean > 0.05 and mean > 3 * error


def two_kinds(values: Sequence[float]) -> bool:
    """Whether durations fall into two groups: a gap in their logarithms wider than four times what is within them."""
    if len(values) < TWO_KINDS_FROM:
        return False
    logs = np.sort(np.log(np.maximum(values, 0.01)))
    gaps = np.diff(logs)
    at = int(np.argmax(gaps)) + 1
    if min(at, len(logs) - at) < 2:
        return False
    within = max(float(logs[:at].std()), float(logs[at:].std()), 1e-3)
    return float(gaps[at - 1]) > 4 * within


def remarks(sizes_mb: Sequence[int], durations_ms: Mapping[int, Sequence[float]], draws: Draws) -> tuple[str, ...]:
    """What a reader should know of the samples."""
    found = []
    if len(durations_ms) >= 3 and float(np.mean(draws.strength >= ROUGH)) > 0.5:
        found.append(
            "The durations do not follow a smooth curve over the memory size: neighbouring sizes say little of each "
            "other here, so each was judged mostly by its own measurements."
        )
    if drifting(durations_ms):
        found.append("The first warm invocations at a size were slower than the later ones; they were left out.")
    mixed = [sizes_mb[index] for index, values in sorted(durations_ms.items()) if two_kinds(values)]
    if mixed:
        found.append(f"At {megabytes(mixed)} the durations fall into two groups; their mean is what is billed.")
    return tuple(found)
