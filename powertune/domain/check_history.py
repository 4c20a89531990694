"""The history of a function's checks: in which order they stand, and which of them have figures to compare."""

import functools
import math
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from powertune.domain.check import CheckSettings, Metric
from powertune.domain.result import CheckEntry

TREND_METRICS = (
    Metric.DURATION_MEAN,
    Metric.DURATION_P50,
    Metric.DURATION_P95,
    Metric.COST,
    Metric.INIT,
    Metric.MEMORY_USED,
)
"""What a history of checks has figures of."""

_TOLD_FROM = 0.2
"""Of the threshold, as a share. Five such changes make one that matters; smaller ones are lost in what the platform
itself changes from one month to the next."""

_LEAST, _MOST = 1e-12, 1e15
"""What no function takes, costs or uses in any unit; NaN is not between them."""

_NEVER = datetime.min.replace(tzinfo=UTC)


def oldest_first(entries: Iterable[CheckEntry]) -> tuple[CheckEntry, ...]:
    """Each check once, the last of those with the same run id, in the order of time; first what has no time."""
    once = {entry.run_id: entry for entry in entries}
    return tuple(sorted(once.values(), key=lambda entry: (_moment(entry.at), entry.at, entry.run_id)))


def stretches(entries: Sequence[CheckEntry]) -> tuple[tuple[CheckEntry, ...], ...]:
    """Checks in the order given, parted where the memory size changed: another size has other figures."""
    found: list[list[CheckEntry]] = []
    for entry in entries:
        if not found or found[-1][-1].memory_mb != entry.memory_mb:
            found.append([])
        found[-1].append(entry)
    return tuple(map(tuple, found))


def last_stretch(entries: Sequence[CheckEntry]) -> tuple[CheckEntry, ...]:
    """The checks since the memory size last changed."""
    return stretches(entries)[-1] if entries else ()


def figure_of(entry: CheckEntry, metric: Metric, currency: str) -> float | None:
    """A figure of a check that can be compared with others: above zero, not absurd, and of cost in a currency."""
    value = {
        Metric.DURATION_MEAN: entry.duration_mean_ms,
        Metric.DURATION_P50: entry.duration_p50_ms,
        Metric.DURATION_P95: entry.duration_p95_ms,
        Metric.COST: entry.cost_per_million if entry.currency == currency else None,
        Metric.INIT: entry.init_ms,
        Metric.MEMORY_USED: entry.max_memory_used_mb,
    }.get(metric)
    return float(value) if value is not None and _LEAST <= value <= _MOST else None


def metrics_with_figures(entries: Sequence[CheckEntry], settings: CheckSettings) -> tuple[Metric, ...]:
    """The metrics of the settings of which one of the checks has a figure."""
    currency = entries[-1].currency if entries else ""
    return tuple(
        metric
        for metric in TREND_METRICS
        if metric in settings.metrics and any(figure_of(entry, metric, currency) is not None for entry in entries)
    )


def smallest_told(settings: CheckSettings) -> float:
    """By how much a figure must have changed to be told of, as a share; only beyond the threshold does it fail."""
    return _TOLD_FROM * settings.threshold


@functools.cache
def fewest_figures(level: float) -> int:
    """From how many figures on a change can be told from chance: where even the clearest order is rarer than that."""
    if level <= 0:
        return sys.maxsize
    count = 4
    while 2 / math.comb(count, count // 2) > level:
        count += 1
    return count


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return _NEVER
