"""Three sources, one sample. Pure.

Logs Insights is the record. The log tail says the same earlier and fills in where Insights has nothing; X-Ray
adds the parts. Where tail and Insights differ by more than a millisecond, the sample says so.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from powertune.domain.sample import Invocation, Outcome, ReportLine, Sample, Source, TraceParts
from powertune.measure.insights import InsightsRow

AGREEMENT_MS = 1.0
_CRASHES = frozenset({Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY})
_CRASH_ERRORS = frozenset({"Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout"})


def join(
    invocations: Sequence[Invocation],
    rows: Mapping[str, InsightsRow],
    parts: Mapping[str, TraceParts],
) -> tuple[Sample, ...]:
    """One sample for each invocation, in the order given.

    Args:
        invocations: what was called.
        rows: Logs Insights' reports by request id.
        parts: X-Ray's parts by trace id.
    """
    suppressed = _after_a_crash(invocations, rows)
    return tuple(
        _sample(
            call,
            rows.get(call.request_id or ""),
            parts.get(call.trace_id or ""),
            suppressed=call.request_id in suppressed,
        )
        for call in invocations
    )


def _sample(call: Invocation, row: InsightsRow | None, parts: TraceParts | None, *, suppressed: bool) -> Sample:
    report = call.report
    best: ReportLine | InsightsRow | None = row or report
    present = {Source.TAIL: report, Source.INSIGHTS: row, Source.XRAY: parts}
    init_ms = best.init_ms if best else None
    restore_ms = best.restore_ms if best else None
    return Sample(
        memory_mb=call.memory_mb,
        version=call.version,
        order=call.order,
        request_id=call.request_id,
        trace_id=call.trace_id,
        outcome=call.outcome,
        cold=None if best is None else init_ms is not None or restore_ms is not None,
        suppressed_init=suppressed,
        duration_ms=best.duration_ms if best else None,
        billed_ms=best.billed_ms if best else None,
        init_ms=init_ms,
        restore_ms=restore_ms,
        max_memory_used_mb=best.max_memory_used_mb if best else None,
        log_stream=row.log_stream if row else None,
        error_type=call.error_type,
        error_message=call.error_message,
        parts=parts,
        sources=tuple(source for source, value in present.items() if value is not None),
        disagreements=_disagreements(report, row),
    )


def _disagreements(report: ReportLine | None, row: InsightsRow | None) -> tuple[str, ...]:
    if report is None or row is None:
        return ()
    pairs = {
        "duration": (report.duration_ms, row.duration_ms),
        "billed duration": (report.billed_ms, row.billed_ms),
        "init duration": (report.init_ms, row.init_ms),
    }
    return tuple(
        f"{name}: the log tail says {tail} ms, Logs Insights {insights} ms"
        for name, (tail, insights) in pairs.items()
        if (tail is None) != (insights is None)
        or (tail is not None and insights is not None and abs(tail - insights) > AGREEMENT_MS)
    )


def _after_a_crash(invocations: Sequence[Invocation], rows: Mapping[str, InsightsRow]) -> set[str | None]:
    """Request ids whose environment had crashed just before.

    Lambda then runs the init again inside the next invocation's duration and prints no Init Duration
    (AWS docs, lambda/latest/dg/lambda-runtime-environment). One log stream is one environment.
    """
    streams: dict[str, list[tuple[int, Invocation]]] = defaultdict(list)
    for call in invocations:
        row = rows.get(call.request_id or "")
        if row is not None and row.log_stream and row.timestamp_ms is not None:
            streams[row.log_stream].append((row.timestamp_ms, call))
    marked: set[str | None] = set()
    for calls in streams.values():
        ordered = [call for _, call in sorted(calls, key=lambda pair: (pair[0], pair[1].order))]
        for before, after in pairwise(ordered):
            if before.outcome in _CRASHES or before.error_type in _CRASH_ERRORS:
                marked.add(after.request_id)
    return marked
