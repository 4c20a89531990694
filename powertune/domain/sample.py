"""What one invocation told us, and who confirmed it."""

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """Where a sample's numbers come from."""

    TAIL = "tail"  # the last 4 KB of log that Invoke returned
    INSIGHTS = "insights"  # CloudWatch Logs Insights, the record
    XRAY = "xray"  # the trace


class Outcome(StrEnum):
    """How an invocation ended."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out-of-memory"
    THROTTLED = "throttled"  # never ran
    LOST = "lost"  # sent, but no answer came: it may have run


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceParts:
    """Where the time of one traced invocation went, in milliseconds.

    ``service_ms`` is what Lambda itself took outside the function (placement, download); it is not billed.
    """

    init_ms: float | None = None
    invocation_ms: float | None = None
    overhead_ms: float | None = None
    service_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """The numbers of one REPORT line; what the line does not say is None.

    ``billed_ms`` contains the init and the billed part of the restore. ``misfit`` says in words where the
    line's own arithmetic does not fit; such a line is not corrected.
    """

    request_id: str
    duration_ms: float | None = None
    billed_ms: int | None = None
    init_ms: float | None = None
    restore_ms: float | None = None
    billed_restore_ms: int | None = None
    memory_mb: int | None = None
    max_memory_used_mb: int | None = None
    status: str | None = None
    error_type: str | None = None
    trace_id: str | None = None
    misfit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One call as its caller saw it. ``order`` counts from 0 within the memory size."""

    memory_mb: int
    version: str
    order: int
    request_id: str | None
    trace_id: str | None
    outcome: Outcome
    sent_at_ms: int  # epoch
    error_type: str | None = None
    error_message: str | None = None
    report: ReportLine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One invocation with its sources joined.

    ``cold`` is True where the invocation carried an init or a restore, None where no source says.
    ``suppressed_init`` marks the first invocation after a crash: its duration contains an init that no log
    line mentions, so it is kept out of the statistics.
    """

    memory_mb: int
    version: str
    order: int
    request_id: str | None
    trace_id: str | None
    outcome: Outcome
    cold: bool | None = None
    suppressed_init: bool = False
    duration_ms: float | None = None
    billed_ms: int | None = None
    init_ms: float | None = None
    restore_ms: float | None = None
    max_memory_used_mb: int | None = None
    log_stream: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    parts: TraceParts | None = None
    sources: tuple[Source, ...] = ()
    disagreements: tuple[str, ...] = ()

    @property
    def is_warm_measurement(self) -> bool:
        """Whether this sample belongs in the warm statistics."""
        return (
            self.outcome is Outcome.OK
            and self.cold is False
            and not self.suppressed_init
            and self.duration_ms is not None
            and self.billed_ms is not None
        )
