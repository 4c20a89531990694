"""Runs side by side as CSV: a line for each run at each memory size that they share."""

from collections.abc import Iterator

from powertune.domain.result import Interval
from powertune.domain.side_by_side import Side, SideBySide, SideSize, Versus
from powertune.render.text.csv_tables import written
from powertune.render.text.exact import Exact

COLUMNS = (
    "memory_mb",
    "label",
    "run_id",
    "started_at",
    "function_arn",
    "architecture",
    "environment",
    "code_sha256",
    "compared",
    "measured",
    "recommended",
    "present",
    "invocations",
    "errors",
    "samples",
    "mean_ms",
    "mean_ms_low",
    "mean_ms_high",
    "mean_versus_first",
    "mean_within_noise",
    "p95_ms",
    "currency",
    "cost_per_million",
    "cost_per_million_low",
    "cost_per_million_high",
    "cost_versus_first",
    "cost_within_noise",
    "cold_starts",
    "cold_init_mean_ms",
    "max_memory_used_mb",
    "reason",
)


def sides_csv(compared: SideBySide) -> str:
    """A header line and the lines; numbers are exact, and what is unknown is an empty cell."""
    lines = (
        _cells(memory_mb, run, run.sizes[at]) for at, memory_mb in enumerate(compared.sizes_mb) for run in compared.runs
    )
    return "".join(written(COLUMNS, lines))


def _cells(memory_mb: int, run: Side, size: SideSize) -> Iterator[Exact]:
    yield from (memory_mb, run.label, run.run_id, run.started_at, run.function_arn, run.architecture.value)
    yield from (run.environment, run.code_sha256, run.figure.value, size.measured)
    yield from (memory_mb == run.recommended_mb, memory_mb == run.present_mb)
    yield from (size.invocations, size.errors, size.samples if size.measured else None, size.duration_ms)
    yield from (*_ends(size.duration_interval), *_versus(size.duration_versus), size.p95_ms, run.currency)
    yield size.per_million.amount if size.per_million is not None else None
    yield from (*_ends(size.per_million_interval), *_versus(size.cost_versus))
    yield from (size.cold_starts, size.cold_init_ms, size.max_memory_used_mb, size.reason)


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (None, None) if interval is None else (interval.low, interval.high)


def _versus(found: Versus | None) -> tuple[float | None, bool | None]:
    return (None, None) if found is None else (found.share, found.within_noise)
