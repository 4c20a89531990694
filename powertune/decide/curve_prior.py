"""Plausible curves of duration over memory size, before anything is measured.

A Lambda function's duration follows, to a few percent, ``wait + work / speed``: the wait does not depend on the
memory size, the speed grows with the CPU share, which is memory / 1769 MB up to one core (AWS documents one vCPU at
1,769 MB; measured curves bend softly between 1.8 and 2.05 GB). Beyond one core only what runs in parallel gains
(G. Amdahl, 1967). Little memory may cost extra: collectors and page caches. Where one of these does not hold, the
posterior's residual takes up what is left (decide/posterior.py).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ONE_CORE_MB = 1769.0
CURVES = 1500


def library(sizes_mb: Sequence[int], seed: int, count: int = CURVES) -> Floats:
    """Draw curves: natural logarithms of duration, a row for each, a column for each memory size; the level is free."""
    rng = np.random.default_rng((seed, 1))
    memory = np.asarray(sizes_mb, dtype=float)[None, :]

    def column(values: Floats) -> Floats:
        return values[:, None]

    knee = column(rng.uniform(1.0, 1.16, count))
    sharpness = column(rng.uniform(3.0, 14.0, count))
    share = memory / ONE_CORE_MB
    single = _soft_minimum(share, knee, sharpness)
    cores = column(rng.uniform(1.2, 6.0, count))
    many = _soft_minimum(share, cores, sharpness)
    # Most handlers run in one thread.
    parallel = column(np.where(rng.random(count) < 0.55, 0.0, rng.beta(1.2, 1.2, count)))
    work = (1 - parallel) / single + parallel / many
    # The wait's share of the time at one core: nothing, or anything.
    kind = rng.random(count)
    waiting = np.where(kind < 0.3, 0.0, np.where(kind < 0.9, rng.beta(0.7, 0.9, count), 1 - rng.beta(1, 30, count)))
    wait = column(waiting)
    log_duration = np.log(wait + (1 - wait) * work)
    scarce = column(np.where(rng.random(count) < 0.5, 0.0, 1.0))
    needed_mb = column(np.exp(rng.uniform(np.log(25.0), np.log(700.0), count)))
    steepness = column(rng.uniform(1.0, 3.5, count))
    log_duration += scarce * np.log1p(np.minimum((needed_mb / memory) ** steepness, 1e3))
    tilt = column(rng.normal(0.0, 0.02, count))
    return np.asarray(log_duration + tilt * np.log(share))


def _soft_minimum(share: Floats, limit: Floats, sharpness: Floats) -> Floats:
    """The smaller of two, rounded off where they meet: a power mean with a negative exponent."""
    return np.asarray((share**-sharpness + limit**-sharpness) ** (-1 / sharpness))
