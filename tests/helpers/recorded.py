"""Recordings made for tests: curves that are known, with or without noise."""

import math

from powertune.decide.replay import Recording
from powertune.measure.recorded import measurement

SIZES = (128, 256, 512, 1024, 1769, 3008)


def recording(curve, *, function="orders", source="made", copies=3, cold_ms=None):
    """``curve`` gives durations by memory size: one number, or several."""
    samples = []
    for size, durations in curve.items():
        for duration in durations if isinstance(durations, tuple) else (durations,) * copies:
            samples.append(made(size, duration, order=len(samples)))
        if cold_ms is not None:
            samples.append(made(size, cold_ms, order=len(samples), cold=True))
    return Recording(source=source, function=function, samples=tuple(samples))


def made(size, duration_ms, *, order=0, cold=False):
    return measurement(
        memory_mb=size, order=order, duration_ms=duration_ms, billed_ms=max(math.ceil(duration_ms), 1), cold=cold
    )


def csv_text(rows, header="source,function,memory_mb,duration_ms,billed_ms,cold"):
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"
