"""A recording from a function's own logs: the records of what it did in production, by the memory size they name.

Reads only; nothing is invoked. The function had each of its memory sizes at another time, perhaps with other code and
other events: what a recording says of the sizes is only as good as these were alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from powertune.aws.clock import Clock
from powertune.decide.replay import Recording
from powertune.domain.sample import ReportLine, Sample
from powertune.measure.insights import BEGINNING
from powertune.measure.insights_query import run_query
from powertune.measure.log_queries import LogReport, MemoryUse, found_in, query_for, streams_of
from powertune.measure.recorded import measurement
from powertune.measure.report_line import read_message

MOST_SIZES = 50
RECORDS_PER_SIZE = 1_000
"""Most records taken at one memory size, the newest: enough to draw from, and one short answer of Logs Insights."""

FEW = 10
"""Fewer warm records than this at a size are called few."""

_TIMEOUT_S = 600

_CONFOUNDED = (
    "Each memory size was recorded at another time, perhaps with other code and other events: a difference between "
    "sizes may come from that. powertune run measures them side by side."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRecording:
    """What the logs hold.

    Attributes:
        recording: the invocations; of one memory size only, where there was no other.
        sizes: what is known of each memory size.
        left_out: records of failed invocations, and such as cannot be trusted.
        bytes_scanned: what AWS bills by, None where it does not say.
    """

    recording: Recording
    sizes: tuple[MemoryUse, ...]
    left_out: int
    bytes_scanned: int | None


def size_query(function_name: str, log_group: str, memory_mb: int) -> str:
    """The query for the newest records of a function at one memory size, as text or as JSON."""
    memory = rf'/Memory Size: {memory_mb} MB|"memorySizeMB": ?{memory_mb}[^0-9.]/'
    return (
        f"filter @message like {BEGINNING}\n"
        f"  and @logStream like {streams_of(function_name, log_group)}\n"
        f"  and @message like {memory}\n"
        f"| fields @timestamp, @logStream, @message\n"
        f"| sort @timestamp desc\n| dedup @message\n| limit {RECORDS_PER_SIZE}"
    )


def read_logs(client: Any, function_name: str, log_group: str, *, start_s: int, end_s: int, clock: Clock) -> (
    LoggedRecording
):  # fmt: skip
    """The recording of a function between two moments, in epoch seconds.

    One query counts the memory sizes; where there are several, one for each of them brings its newest records.

    Raises:
        AwsError: or one of its kinds in `powertune.measure.insights_query`.
    """
    scanned: int | None = 0

    def asked(query: str, limit: int) -> Sequence[Mapping[str, str]]:
        nonlocal scanned
        answer = run_query(
            client, log_group, query, start_s=start_s, end_s=end_s, limit=limit, clock=clock, timeout_s=_TIMEOUT_S
        )
        scanned = None if scanned is None or answer.bytes_scanned is None else scanned + answer.bytes_scanned
        return answer.rows

    counted = asked(query_for(LogReport.OVERPROVISIONED, function_name, log_group, MOST_SIZES), MOST_SIZES)
    found = found_in(LogReport.OVERPROVISIONED, counted, None)
    sizes = tuple(use for use in found if isinstance(use, MemoryUse))
    samples: list[Sample] = []
    left_out = 0
    for use in sizes if len(sizes) > 1 else ():
        rows = asked(size_query(function_name, log_group, use.memory_mb), RECORDS_PER_SIZE)
        # The newest come first; the first invocation that was recorded is to be the first here.
        taken = list(_samples(reversed(rows), use.memory_mb))
        left_out += len(rows) - len(taken)
        samples.extend(taken)
    return LoggedRecording(
        recording=Recording(source="logs", function=function_name, samples=tuple(samples)),
        sizes=sizes,
        left_out=left_out,
        bytes_scanned=scanned,
    )


def notes_on(logged: LoggedRecording) -> tuple[str, ...]:
    """What a reader of such a recording should know."""
    recording = logged.recording
    notes = [_CONFOUNDED]
    few = [
        f"{size} MB ({len(recording.warm.get(size, ()))})"
        for size in sorted({sample.memory_mb for sample in recording.samples})
        if len(recording.warm.get(size, ())) < FEW
    ]
    if few:
        notes.append(f"Few warm records to draw from: {', '.join(few)}.")
    if logged.left_out:
        notes.append(
            f"{logged.left_out} records were left out: the invocation failed, or their numbers do not fit together."
        )
    cut = [str(use.memory_mb) for use in logged.sizes if use.invocations > RECORDS_PER_SIZE]
    if cut and len(logged.sizes) > 1:
        notes.append(f"Of {', '.join(cut)} MB the newest {RECORDS_PER_SIZE:,} records were taken.")
    return tuple(notes)


def _samples(rows: Iterator[Mapping[str, str]], memory_mb: int) -> Iterator[Sample]:
    order = 0
    for row in rows:
        report = read_message(row.get("@message", ""))
        if report is None or report.memory_mb != memory_mb or not _is_good(report):
            continue
        assert report.duration_ms is not None
        assert report.billed_ms is not None
        cold = report.init_ms is not None or report.restore_ms is not None
        sample = measurement(
            memory_mb=memory_mb,
            order=order,
            duration_ms=report.duration_ms,
            billed_ms=report.billed_ms,
            cold=cold,
        )
        order += 1
        yield replace(
            sample,
            request_id=report.request_id,
            init_ms=report.init_ms,
            restore_ms=report.restore_ms,
            billed_restore_ms=report.billed_restore_ms,
            max_memory_used_mb=report.max_memory_used_mb,
        )


def _is_good(report: ReportLine) -> bool:
    return (
        report.status in (None, "success")
        and report.error_type is None
        and report.misfit is None
        and report.duration_ms is not None
        and report.billed_ms is not None
    )
