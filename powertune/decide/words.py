"""Figures in the sentences of an answer, in the forms that the report has for them."""

import math
from collections.abc import Sequence
from decimal import Decimal

from powertune.domain.search import LatencyStatistic, LatencyTarget

_DIGITS, _MOST_DIGITS = 3, 15
_UNITS = ((0.001, "µs"), (1.0, "ms"), (1000.0, "s"))


def megabytes(sizes_mb: int | Sequence[int]) -> str:
    """``1,024 MB``; of several ``256, 512 and 1,024 MB``."""
    sizes = [sizes_mb] if isinstance(sizes_mb, int) else list(sizes_mb)
    *first, last = (f"{size:,}" for size in sizes)
    return f"{', '.join(first)} and {last} MB" if first else f"{last} MB"


def percent(share: float) -> str:
    """``5 %``; with one decimal below 10 % where it has one."""
    value = abs(share) * 100
    text = f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"
    return f"{text.removesuffix('.0')} %"


def at_most(share: float) -> str:
    """A bound as `percent` writes it, rounded up: it must not be passed."""
    places = 3 if share < 0.0995 else 2
    return percent(math.ceil(round(share * 10**places, 6)) / 10**places)


def milliseconds(value: float) -> str:
    """``912 ms``, to four digits."""
    return f"{float(f'{value:.4g}'):,.10g} ms"


def above(ms: float, limit_ms: float) -> str:
    """A duration above a limit as the report writes it, ``912 ms`` or ``1.23 s``.

    Three digits, and more only where these would not show that it is above.
    """
    digits, shown = _DIGITS, _rounded(ms, _DIGITS)
    while digits < _MOST_DIGITS and shown <= limit_ms:
        digits += 1
        shown = _rounded(ms, digits)
    scale, name = next((unit for unit in _UNITS if _rounded(ms / unit[0], _DIGITS) < 1000), _UNITS[-1])
    value = _rounded(ms / scale, digits)
    return f"{value:,.{max(0, digits - 1 - math.floor(math.log10(value)))}f} {name}"


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits - 1}e}")


def keeping(target: LatencyTarget) -> str:
    """What a memory size keeps: ``p95 within 800 ms``, ``the mean within 800 ms``."""
    return f"{'the ' if target.statistic is LatencyStatistic.MEAN else ''}{limit_of(target)}"


def limit_of(target: LatencyTarget) -> str:
    """``p95 within 800 ms``, with the share of cold starts where there is one."""
    cold = f" with {percent(target.cold_share)} cold starts" if target.cold_share else ""
    return f"{target.statistic.value} within {target.limit_ms:,.10g} ms{cold}"


def plain(amount: Decimal) -> str:
    """``0.00000822``: three digits of an amount, without an exponent."""
    return f"{Decimal(f'{amount:.3g}'):f}"
