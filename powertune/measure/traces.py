"""X-Ray: where the time of an invocation went.

Lambda writes two segments for a traced invocation, both named after the function: ``AWS::Lambda`` (the service) and
``AWS::Lambda::Function``. There are two styles of the latter (AWS docs, lambda/latest/dg/services-xray):

* the older has subsegments Initialization (Restore with SnapStart), Invocation and Overhead;
* the newer has Init (or Restore) and no Invocation, and says of itself ``aws.responseLatency`` (the function's run),
  ``aws.responseDuration`` (sending the response), ``aws.runtimeOverhead`` and ``aws.extensionOverhead``.

AWS calls those annotations, and says neither where in the document they stand nor in which unit they are. So they
are looked for among the annotations and in the ``aws`` block, and count only where, read as milliseconds, they fit
into their segment.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import explained
from powertune.domain.sample import TraceParts
from powertune.errors import AwsError

_IDS_PER_CALL = 5
"""Most ids that BatchGetTraces takes (AWS docs, xray/latest/api/API_BatchGetTraces)."""

_PAUSES_S = (0.1, 0.2, 0.4, 0.8)
"""Before ids that X-Ray left unprocessed are asked for again. Short: the caller asks for late traces by itself."""

_FUNCTION, _SERVICE = "AWS::Lambda::Function", "AWS::Lambda"
_INIT_NAMES = ("Initialization", "Init")
_RUN, *_AFTER = "responseLatency", "responseDuration", "runtimeOverhead", "extensionOverhead"
_ROUNDING_MS = 1.0

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """Parts by trace id, and how many traces X-Ray gave out for them, which is what it bills by."""

    parts: dict[str, TraceParts]
    retrieved: int


def fetch_parts(client: Any, trace_ids: Sequence[str], clock: Clock, *, function_name: str | None = None) -> Traced:
    """The parts of each trace that X-Ray has complete, by trace id.

    Left out are traces under way or not yet there, and those above X-Ray's limit of 500 KB, of which segments may
    be missing.

    Args:
        client: an X-Ray client.
        trace_ids: the traces.
        clock: for the pauses before ids that were left unprocessed are asked for again.
        function_name: whose segments count, where a trace goes on into other functions; without it those of the
            function that began first.

    Raises:
        AwsError: X-Ray refused or did not answer.
    """
    parts: dict[str, TraceParts] = {}
    retrieved = 0
    wanted = list(dict.fromkeys(trace_ids))
    for pause_s in (*_PAUSES_S, None):
        unprocessed: list[str] = []
        for start in range(0, len(wanted), _IDS_PER_CALL):
            segments, complete, left = _batch(client, wanted[start : start + _IDS_PER_CALL])
            retrieved += len(segments)
            unprocessed += left
            for trace_id in complete:
                found = _parts(segments[trace_id], function_name)
                if found is not None:
                    parts[trace_id] = found
        if not unprocessed or pause_s is None:
            break
        clock.sleep(pause_s)
        wanted = unprocessed
    return Traced(parts=parts, retrieved=retrieved)


def trace_destination(client: Any) -> str | None:
    """Where the account's traces go: ``XRay``, or ``CloudWatchLogs`` with Transaction Search.

    With the latter, BatchGetTraces finds only the share of traces that is indexed (AWS docs,
    AmazonCloudWatch/latest/monitoring/CloudWatch-Transaction-Search). None where the caller may not ask, or AWS
    does not say.
    """
    try:
        with explained("asking where traces go"):
            destination = client.get_trace_segment_destination().get("Destination")
    except AwsError:
        return None
    return None if destination is None else str(destination)


def _batch(client: Any, trace_ids: Sequence[str]) -> tuple[dict[str, list[Document]], list[str], list[str]]:
    """Documents by trace id, the ids among them that are within X-Ray's limit, and the ids left unprocessed."""
    segments: dict[str, list[Document]] = {}
    cut: set[str] = set()
    left: list[str] = []
    more: dict[str, str] = {}
    while True:
        with explained("reading traces"):
            answer = client.batch_get_traces(TraceIds=list(trace_ids), **more)
        for trace in answer.get("Traces") or ():
            segments.setdefault(trace["Id"], []).extend(_documents(trace))
            if trace.get("LimitExceeded"):
                cut.add(trace["Id"])
        left += [trace_id for trace_id in answer.get("UnprocessedTraceIds") or () if trace_id in trace_ids]
        token = answer.get("NextToken")
        if not token or token == more.get("NextToken"):
            return segments, [one for one in segments if one not in cut], [one for one in left if one not in segments]
        more = {"NextToken": token}


def _documents(trace: Mapping[str, Any]) -> Iterator[Document]:
    for segment in trace.get("Segments") or ():
        try:
            document = json.loads(segment["Document"])
        except (KeyError, TypeError, ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            yield document


def _parts(documents: Sequence[Document], function_name: str | None) -> TraceParts | None:
    function, service = _own(documents, function_name)
    function_ms = _length_ms(function)
    if function is None or function_ms is None or function.get("in_progress"):
        return None
    named = _subsegments(function)
    init = next((named[name] for name in _INIT_NAMES if name in named), None)
    restore = named.get("Restore")
    if "Invocation" in named:
        invocation_ms, overhead_ms = _length_ms(named["Invocation"]), _length_ms(named.get("Overhead"))
    else:
        rest_ms = max(0.0, function_ms - _overlap_ms(init, function) - _overlap_ms(restore, function))
        invocation_ms, overhead_ms = _said(function, rest_ms) or (rest_ms, None)
    service_ms = None if service is None or service.get("in_progress") else _length_ms(service)
    return TraceParts(
        init_ms=_length_ms(init),
        invocation_ms=invocation_ms,
        overhead_ms=overhead_ms,
        service_ms=None if service_ms is None else max(0.0, service_ms - function_ms),
        restore_ms=_length_ms(restore),
    )


def _own(documents: Sequence[Document], function_name: str | None) -> tuple[Document | None, Document | None]:
    """The function's own segment and that of the service in front of it, each the first of its kind by time."""
    ours = sorted(
        (one for one in documents if one.get("origin") in (_FUNCTION, _SERVICE)),
        key=lambda one: _seconds(one, "start_time") or 0.0,
    )
    name = function_name or (ours[0].get("name") if ours else None)
    found: dict[str, Document] = {}
    for document in ours:
        if document.get("name") == name:
            found.setdefault(document["origin"], document)
    return found.get(_FUNCTION), found.get(_SERVICE)


def _subsegments(function: Document) -> dict[str, Document]:
    """Subsegments by name, the first of each: user code may name one of its own like one of Lambda's."""
    subsegments = function.get("subsegments")
    found: dict[str, Document] = {}
    for one in subsegments if isinstance(subsegments, list) else ():
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            found.setdefault(one["name"], one)
    return found


def _said(function: Document, rest_ms: float) -> tuple[float, float | None] | None:
    """Run and overheads as a segment of the newer style says them; None where it does not, or not in milliseconds."""
    run_ms = _figure(function, _RUN)
    after = [figure for figure in (_figure(function, name) for name in _AFTER) if figure is not None]
    whole_ms = (run_ms or 0.0) + sum(after)
    # A figure in seconds would be a thousandth of its segment, one in microseconds a thousand times as long.
    if run_ms is None or not rest_ms / 10 <= whole_ms <= rest_ms + max(_ROUNDING_MS, rest_ms / 10):
        return None
    return run_ms, sum(after) if after else None


def _figure(function: Document, name: str) -> float | None:
    for block, key in (("annotations", f"aws.{name}"), ("aws", name), ("aws", f"aws.{name}")):
        inside = function.get(block)
        value = _finite(inside.get(key)) if isinstance(inside, dict) else None
        if value is not None and value >= 0:
            return value
    return None


def _length_ms(segment: Document | None) -> float | None:
    if segment is None:
        return None
    start_s, end_s = _seconds(segment, "start_time"), _seconds(segment, "end_time")
    return None if start_s is None or end_s is None or end_s < start_s else (end_s - start_s) * 1000


def _overlap_ms(part: Document | None, whole: Document) -> float:
    """How much of a part lies within the whole: an init may have taken place long before the invocation."""
    if part is None or _length_ms(part) is None:
        return 0.0
    start_s = max(part["start_time"], whole["start_time"])
    return float(max(0.0, (min(part["end_time"], whole["end_time"]) - start_s) * 1000))


def _seconds(segment: Document, key: str) -> float | None:
    return _finite(segment.get(key))


def _finite(value: Any) -> float | None:
    try:
        return float(value) if type(value) in (int, float) and math.isfinite(value) else None
    except OverflowError:
        return None
