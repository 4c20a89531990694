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

    ``invocation_ms`` is the function's run until its response is ready: in the older style of segments the
    Invocation subsegment, in the newer one ``aws.responseLatency``. ``overhead_ms`` is what comes after, until the
    environment is ready for the next invocation: Overhead, or the sum of ``aws.responseDuration``,
    ``aws.runtimeOverhead`` and ``aws.extensionOverhead``. Where a newer segment says none of these,
    ``invocation_ms`` is its length without init and restore, overhead included, and ``overhead_ms`` is None. So
    `duration_ms` is in all cases what a REPORT calls Duration, as far as a trace can say it.

    ``init_ms`` and ``restore_ms`` may have taken place before the invocation. ``service_ms`` is what Lambda itself
    took outside the function (placement, download); it is not billed.
    """

    init_ms: float | None = None
    invocation_ms: float | None = None
    overhead_ms: float | None = None
    service_ms: float | None = None
    restore_ms: float | None = None

    @property
    def duration_ms(self) -> float | None:
        """What corresponds to a REPORT's Duration: the run and what comes after, without init and restore."""
        return None if self.invocation_ms is None else self.invocation_ms + (self.overhead_ms or 0.0)


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
class ProcessorCall:
    """A call of a pre- or post-processor; ``report`` is None where its log tail did not have its record."""

    arn: str
    report: ReportLine | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One call as its caller saw it.

    Attributes:
        memory_mb: the memory size it ran at.
        version: the version that answered.
        order: counts from 0 within the memory size.
        payload: index of its payload among the request's.
        request_id: Lambda's request id; None where no answer came.
        trace_id: the trace it was sent with; None where tracing is off.
        outcome: how it ended.
        sent_at_ms: epoch milliseconds.
        error_type: the function's error type, also where the user allows that exception.
        error_message: its text.
        report: the REPORT record of the log tail.
        processors: the calls of the pre- and post-processor, where there are any.
    """

    memory_mb: int
    version: str
    order: int
    request_id: str | None
    trace_id: str | None
    outcome: Outcome
    sent_at_ms: int
    payload: int = 0
    error_type: str | None = None
    error_message: str | None = None
    report: ReportLine | None = None
    processors: tuple[ProcessorCall, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One invocation with its sources joined.

    ``cold`` is True where the invocation carried an init or a restore, None where no source says.
    ``suppressed_init`` marks the first invocation after a crash: its duration contains an init that no log
    line mentions, so it is kept out of the statistics. ``misfit`` says where the record's own arithmetic does
    not fit. ``payload`` is the index of its payload among the request's.
    """

    memory_mb: int
    version: str
    order: int
    request_id: str | None
    trace_id: str | None
    outcome: Outcome
    sent_at_ms: int | None = None
    payload: int = 0
    cold: bool | None = None
    suppressed_init: bool = False
    duration_ms: float | None = None
    billed_ms: int | None = None
    init_ms: float | None = None
    restore_ms: float | None = None
    billed_restore_ms: int | None = None
    max_memory_used_mb: int | None = None
    misfit: str | None = None
    log_stream: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    parts: TraceParts | None = None
    sources: tuple[Source, ...] = ()
    disagreements: tuple[str, ...] = ()

    @property
    def is_warm_measurement(self) -> bool:
        """Whether this sample belongs in the warm statistics."""
        return self._is_usable and self.cold is False

    @property
    def is_cold_measurement(self) -> bool:
        """Whether this sample belongs in the statistics of cold starts."""
        return self._is_usable and self.cold is True

    @property
    def _is_usable(self) -> bool:
        return (
            self.outcome is Outcome.OK
            and not self.suppressed_init
            and self.duration_ms is not None
            and self.billed_ms is not None
        )

    @property
    def latency_ms(self) -> float | None:
        """What a caller waits for: init or restore, and the duration; None where the duration is unknown."""
        if self.duration_ms is None:
            return None
        return self.duration_ms + (self.init_ms or 0.0) + (self.restore_ms or 0.0)
