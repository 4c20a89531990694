"""Checks of a function, one a night."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from powertune.domain.check import Verdict
from powertune.domain.result import CheckEntry

BEGINNING = datetime(2026, 9, 1, 3, tzinfo=UTC)


def night(number: int, duration_ms: float | None, *, memory_mb: int = 512, **more: Any) -> CheckEntry:
    """The check of a night, whose mean, median, 95th percentile and cost go together."""
    known = duration_ms is not None
    return CheckEntry(
        **{
            "run_id": f"20260901T000000Z-{number:05}",
            "at": (BEGINNING + timedelta(days=number)).isoformat(),
            "verdict": Verdict.SAME,
            "version": str(number + 1),
            "code_sha256": f"{number:04}" * 11,
            "memory_mb": memory_mb,
            "samples": 200,
            "duration_mean_ms": duration_ms,
            "duration_p50_ms": duration_ms * 0.97 if known else None,
            "duration_p95_ms": duration_ms * 1.2 if known else None,
            "cost_per_million": duration_ms * 0.0083 if known else None,
            "currency": "USD",
            "init_ms": 310.0,
            "max_memory_used_mb": 81,
            **more,
        }
    )


def nights(durations_ms: Sequence[float | None], *, first: int = 0, memory_mb: int = 512) -> list[CheckEntry]:
    """The checks of so many nights, the oldest first."""
    return [night(first + at, duration, memory_mb=memory_mb) for at, duration in enumerate(durations_ms)]
