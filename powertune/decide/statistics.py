"""Summaries of samples, with intervals."""

from collections.abc import Sequence

import numpy as np
from scipy import special

from powertune.domain.result import Distribution, Interval

CONFIDENCE = 0.95
FEWEST = 3
"""Values for an interval: that of two is 13 times their deviation to each side, and says nothing."""


def describe(values: Sequence[float]) -> Distribution | None:
    """Summarise values; None for none. Quantiles interpolate linearly (Hyndman and Fan's type 7)."""
    if not values:
        return None
    data = np.asarray(values, dtype=float)
    p50, p90, p95, p99 = (float(q) for q in np.quantile(data, [0.5, 0.9, 0.95, 0.99]))
    return Distribution(
        count=len(values),
        mean=float(data.mean()),
        mean_interval=mean_interval(values),
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99,
        minimum=float(data.min()),
        maximum=float(data.max()),
    )


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval | None:
    """Student's interval for the mean (W. S. Gosset, 1908); None with fewer than `FEWEST` values.

    It takes the values for independent and not too skewed. With heavy tails and few samples it is too narrow:
    it is shown to warn, not to decide.
    """
    if len(values) < FEWEST:
        return None
    data = np.asarray(values, dtype=float)
    half = float(special.stdtrit(len(values) - 1, (1 + confidence) / 2)) * float(
        data.std(ddof=1) / np.sqrt(len(values))
    )
    centre = float(data.mean())
    return Interval(low=centre - half, high=centre + half, confidence=confidence)
