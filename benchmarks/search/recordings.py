"""The data folder as recordings: what was measured call by call, and made samples for what was published as means."""

import csv
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from statistics import NormalDist, fmean

from powertune.decide.replay import Recording
from powertune.measure.recorded import billed_of, measurement, read_recordings

SAMPLES_PER_SIZE = 200
CV_WITHOUT_P99 = 0.10
"""Coefficient of variation of the samples of a curve that was published without a p99."""

_NORMAL = NormalDist()
_Z99 = _NORMAL.inv_cdf(0.99)


def read_folder(folder: Path) -> list[Recording]:
    """All functions of durations.csv and curves.csv, in their order."""
    found: list[Recording] = []
    if (folder / "durations.csv").exists():
        found += read_recordings(folder / "durations.csv")
    if (folder / "curves.csv").exists():
        found += _curves(folder / "curves.csv")
    return found


def log_sigma(mean: float, p99: float | None) -> float:
    """The log-normal's sigma through a mean and a p99.

    ln(p99/mean) = z * sigma - sigma^2/2 with z of 99 %, whose smaller root counts. No log-normal has a p99 above
    exp(z^2/2) times its mean, and none a p99 below it but with a tail that these data do not have: then, as without a
    p99, sigma is that of `CV_WITHOUT_P99`.
    """
    if p99 is None or p99 <= mean:
        return math.sqrt(math.log(1 + CV_WITHOUT_P99**2))
    return _Z99 - math.sqrt(max(_Z99**2 - 2 * math.log(p99 / mean), 0.0))


def made_durations(mean: float, p99: float | None) -> list[float]:
    """Durations at evenly spread probabilities of the log-normal, scaled to the mean exactly."""
    sigma = log_sigma(mean, p99)
    steps = ((index + 0.5) / SAMPLES_PER_SIZE for index in range(SAMPLES_PER_SIZE))
    raw = [math.exp(sigma * _NORMAL.inv_cdf(step)) for step in steps]
    scale = mean / fmean(raw)
    return [value * scale for value in raw]


def _curves(path: Path) -> Iterator[Recording]:
    rows: dict[tuple[str, str], list[tuple[int, float, float | None]]] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            p99 = float(row["p99_ms"]) if row["p99_ms"] else None
            point = int(row["memory_mb"]), float(row["mean_ms"]), p99
            rows.setdefault((row["source"], row["function"]), []).append(point)
    for (source, function), points in rows.items():
        samples = [
            measurement(
                memory_mb=size,
                order=order,
                duration_ms=duration,
                billed_ms=billed_of(Decimal(repr(duration)), Decimal(0)),
            )
            for size, mean, p99 in points
            for order, duration in enumerate(made_durations(mean, p99))
        ]
        yield Recording(source=source, function=function, samples=tuple(samples))
