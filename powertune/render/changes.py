"""Growths with their intervals as text: what `powertune.render.figures` is for figures, for comparisons of them."""

import math

from powertune.render import figures

_POINTS = " points"
_TWO_DIGITS_BELOW = 9.95
_NOTHING_BELOW = 0.05
_MOST_DECIMALS = 4
_IN_TIMES_FROM = 10.0


def exact_percent(share: float) -> str:
    """A share that somebody gave, with all its digits: ``5 %``, ``99.9 %``."""
    return f"{round(100 * share, 10):,.10g} %" if math.isfinite(share) else figures.UNKNOWN


def exact_points(share: float) -> str:
    """A difference of shares that somebody gave, in percentage points: ``1 point``, ``0.5 points``."""
    if not math.isfinite(share):
        return figures.UNKNOWN
    number = f"{round(100 * share, 10):,.10g}"
    return f"{number} point" if number == "1" else f"{number} points"


def growth(share: float | None, *, beside: float | None = None) -> str:
    """A share with its sign: ``+21 %``, ``−0.6 %``, ``0 %``; from more than ten times on ``134,000 times``.

    Next to ``beside`` as many decimals are written as tell the two apart: 5.04 % are not 5 % where that is a threshold.
    """
    if share is None or not math.isfinite(share):
        return figures.UNKNOWN
    if 1 + share > _IN_TIMES_FROM:
        return figures.difference(share)
    return f"{_signed(100 * share, beside)} %"


def points(share: float | None, *, beside: float | None = None) -> str:
    """A difference of two shares with its sign, in percentage points: ``+1.2 points``; like `growth` otherwise."""
    if share is None or not math.isfinite(share):
        return figures.UNKNOWN
    return f"{_signed(100 * share, beside)}{_POINTS}"


def interval(low: float | None, high: float | None, *, beside: float | None = None, in_points: bool = False) -> str:
    """``+18 % to +24 %``; ``+18 % or more`` and ``+24 % or less`` where an end is missing, a dash where both are."""
    say = points if in_points else growth
    ends = [None if end is None or not math.isfinite(end) else say(end, beside=beside) for end in (low, high)]
    if ends[0] is None:
        return figures.UNKNOWN if ends[1] is None else f"{ends[1]} or less"
    if ends[1] is None:
        return f"{ends[0]} or more"
    return f"{ends[0].removesuffix(_POINTS) if in_points else ends[0]} to {ends[1]}"


def _signed(value: float, beside: float | None) -> str:
    decimals = 1 if abs(value) < _TWO_DIGITS_BELOW else 0
    limit = None if beside is None else 100 * beside
    while limit is not None and decimals < _MOST_DECIMALS and _hides(value, limit, decimals):
        decimals += 1
    if abs(value) < _NOTHING_BELOW and round(value, decimals) == 0:
        return "0"
    return f"{figures.MINUS if value < 0 else '+'}{abs(value):,.{decimals}f}"


def _hides(value: float, limit: float, decimals: int) -> bool:
    """Whether so many decimals make one of two figures that differ."""
    apart = abs(value - limit) > 1e-9 * max(abs(value), abs(limit))
    return apart and round(value, decimals) == round(limit, decimals)
