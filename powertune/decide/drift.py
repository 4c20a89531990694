"""Whether warm durations changed while a size was measured: just-in-time compilers and caches do that."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from powertune.domain.result import Drift

_FEWEST = 6
_MOST = 2_000
_SIGNIFICANT = 0.01
_WORTH_SAYING = 0.05


def drift_of(durations_ms: Sequence[float], *, among: int = 1) -> Drift | None:
    """A trend in durations that are in the order of their invocations; None where there is none to speak of.

    The test is Mann and Kendall's (H. B. Mann, 1945; M. G. Kendall, 1975), with the normal approximation and its
    correction for ties: it takes no distribution for granted, and one outlier makes no trend. A trend counts at
    p < 0.01, divided by the number of series that are looked at (``among``; C. E. Bonferroni, 1936), and where the
    last third differs from the first by more than 5 %.
    """
    count = len(durations_ms)
    if count < _FEWEST:
        return None
    data = np.asarray(durations_ms, dtype=float)
    # The test looks at all pairs; evenly thinned, a long series shows the same trend.
    p_value = _trend_p_value(data[:: -(-count // _MOST)])
    third = count // 3
    early, late = float(data[:third].mean()), float(data[-third:].mean())
    if p_value * among >= _SIGNIFICANT or early <= 0 or abs(late / early - 1) <= _WORTH_SAYING:
        return None
    return Drift(early_ms=early, late_ms=late, p_value=p_value)


def _trend_p_value(data: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
    count = len(data)
    score = sum(float(np.sign(data[index + 1 :] - data[index]).sum()) for index in range(count - 1))
    _, ties = np.unique(data, return_counts=True)
    variance = (count * (count - 1) * (2 * count + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    if variance <= 0 or score == 0:
        return 1.0
    z = (abs(score) - 1) / math.sqrt(variance)
    return float(2 * special.ndtr(-z))
