"""Three sources, one sample. Pure.

Logs Insights is the record. The log tail says the same earlier and fills in where Insights has nothing; X-Ray
adds the parts. Where they differ by more than a millisecond, or the record is of another memory size than was
invoked, the sample says so.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from powertune.domain.sample import Invocation, Outcome, ReportLine, Sample, Source, TraceParts
from powertune.measure.insights import InsightsRow

AGREEMENT_MS = 1.0
_VERSION = re.compile(r"\[([0-9]+)\]")
"""The version in the name of a log stream (AWS docs, lambda/latest/dg/monitoring-cloudwatchlogs-loggroups)."""

_CRASHES = frozenset({Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY})
_CRASH_ERRORS = frozenset({"Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout"})


def join(
    invocations: Sequence[Invocation],
    rows: Mapping[str, InsightsRow],
    parts: Mapping[str, TraceParts],
    own_versions: Collection[str] = (),
    earlier: Sequence[Sample] = (),
) -> tuple[Sample, ...]:
    """One sample for each invocation, in the order given.

    Args:
        invocations: what was called.
        rows: Logs Insights' reports by request id.
        parts: X-Ray's parts by trace id.
        own_versions: versions that nobody but this run invokes. A record there that belongs to no answer is that
            of a call whose answer was lost: it says what that call was billed.
        earlier: the samples of earlier rounds: their records are no lost call's, and their last may have crashed.
    """
    suppressed = _after_a_crash(invocations, rows, earlier)
    claimed = {sample.request_id for sample in earlier if sample.request_id is not None}
    found = _found_again(invocations, rows, own_versions, claimed)
    return tuple(
        _sample(
            call,
            found.get(index) or rows.get(call.request_id or ""),
            parts.get(call.trace_id or ""),
            suppressed=call.request_id in suppressed,
        )
        for index, call in enumerate(invocations)
    )


def _found_again(
    invocations: Sequence[Invocation],
    rows: Mapping[str, InsightsRow],
    own_versions: Collection[str],
    claimed: Collection[str],
) -> dict[int, InsightsRow]:
    """Records of calls whose answer was lost, by the place of the call; in the order of time at each version."""
    known = {call.request_id for call in invocations} | set(claimed)
    unclaimed: dict[str, list[InsightsRow]] = defaultdict(list)
    for row in sorted(rows.values(), key=lambda row: row.timestamp_ms or 0):
        match = _VERSION.search(row.log_stream or "")
        if row.request_id not in known and match is not None and match[1] in own_versions:
            unclaimed[match[1]].append(row)
    found = {}
    lost = [index for index, call in enumerate(invocations) if call.outcome is Outcome.LOST]
    for index in sorted(lost, key=lambda index: invocations[index].sent_at_ms):
        waiting = unclaimed[invocations[index].version]
        if waiting:
            found[index] = waiting.pop(0)
    return found


def _sample(call: Invocation, row: InsightsRow | None, parts: TraceParts | None, *, suppressed: bool) -> Sample:
    report = call.report
    best: ReportLine | InsightsRow | None = row or report
    present = {Source.TAIL: report, Source.INSIGHTS: row, Source.XRAY: parts}
    init_ms = best.init_ms if best else None
    restore_ms = best.restore_ms if best else None
    known = best is not None and best.duration_ms is not None
    return Sample(
        memory_mb=call.memory_mb,
        version=call.version,
        order=call.order,
        request_id=call.request_id or (row.request_id if row else None),
        trace_id=call.trace_id,
        outcome=call.outcome,
        sent_at_ms=call.sent_at_ms,
        payload=call.payload,
        # A record whose end was cut off may have lost its init.
        cold=(init_ms is not None or restore_ms is not None) if known else None,
        suppressed_init=suppressed,
        duration_ms=best.duration_ms if best else None,
        billed_ms=best.billed_ms if best else None,
        init_ms=init_ms,
        restore_ms=restore_ms,
        billed_restore_ms=best.billed_restore_ms if best else None,
        misfit=best.misfit if best else None,
        max_memory_used_mb=best.max_memory_used_mb if best else None,
        log_stream=row.log_stream if row else None,
        error_type=call.error_type,
        error_message=call.error_message,
        parts=parts,
        sources=tuple(source for source, value in present.items() if value is not None),
        disagreements=(
            *_disagreements(report, row),
            *_other_size(call, best),
            *_other_duration(best, parts),
        ),
    )


def _disagreements(report: ReportLine | None, row: InsightsRow | None) -> tuple[str, ...]:
    if report is None or row is None:
        return ()
    pairs = {
        "duration": (report.duration_ms, row.duration_ms),
        "billed duration": (report.billed_ms, row.billed_ms),
        "init duration": (report.init_ms, row.init_ms),
        "restore duration": (report.restore_ms, row.restore_ms),
    }
    return tuple(
        f"{name}: the log tail says {tail} ms, Logs Insights {insights} ms"
        for name, (tail, insights) in pairs.items()
        if (tail is None) != (insights is None)
        or (tail is not None and insights is not None and abs(tail - insights) > AGREEMENT_MS)
    )


def _other_size(call: Invocation, best: ReportLine | InsightsRow | None) -> tuple[str, ...]:
    if best is None or best.memory_mb in (None, call.memory_mb):
        return ()
    return (f"memory size: {call.memory_mb} MB was invoked, the record says {best.memory_mb} MB",)


def _other_duration(best: ReportLine | InsightsRow | None, parts: TraceParts | None) -> tuple[str, ...]:
    """A trace that does not show the duration of the record.

    Duration lasts from the event's handing over until the runtime is ready for the next one; a trace shows that as
    the invocation and the overhead after it. AWS promises no exact equality, so one in a hundred may differ.
    """
    if best is None or parts is None or best.duration_ms is None or parts.invocation_ms is None:
        return ()
    low, high = parts.invocation_ms, parts.invocation_ms + (parts.overhead_ms or 0.0)
    allowed = max(AGREEMENT_MS, 0.01 * best.duration_ms)
    if low - allowed <= best.duration_ms <= high + allowed:
        return ()
    return (f"duration: the record says {best.duration_ms} ms, X-Ray {high:.2f} ms",)


def _after_a_crash(
    invocations: Sequence[Invocation], rows: Mapping[str, InsightsRow], earlier: Sequence[Sample]
) -> set[str | None]:
    """Request ids whose environment had crashed just before.

    Lambda then runs the init again inside the next invocation's duration and prints no Init Duration
    (AWS docs, lambda/latest/dg/lambda-runtime-environment). One log stream is one environment; where it is not
    known, all calls of a version count as one, so that rather one too many is set aside.
    """
    streams: dict[str, list[tuple[int, Invocation]]] = defaultdict(list)
    for call in invocations:
        row = rows.get(call.request_id or "")
        if row is not None and row.log_stream and row.timestamp_ms is not None:
            streams[row.log_stream].append((row.timestamp_ms, call))
        else:
            streams[f"version {call.version}"].append((call.sent_at_ms, call))
    left: dict[str, Sample] = {}
    for sample in sorted(earlier, key=lambda sample: sample.sent_at_ms or 0):
        left[sample.log_stream or f"version {sample.version}"] = sample
    marked: set[str | None] = set()
    for stream, calls in streams.items():
        ordered = [call for _, call in sorted(calls, key=lambda pair: (pair[0], pair[1].order))]
        if stream in left and ordered and _crashed(left[stream]) and not _crashed(ordered[0]):
            marked.add(ordered[0].request_id)
        for before, after in pairwise(ordered):
            if _crashed(before) and not _crashed(after):
                marked.add(after.request_id)
    return marked


def _crashed(call: Invocation | Sample) -> bool:
    return call.outcome in _CRASHES or call.error_type in _CRASH_ERRORS
