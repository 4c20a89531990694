"""X-Ray: where the time of an invocation went.

Lambda writes two segments for a traced invocation, ``AWS::Lambda`` (the service) and ``AWS::Lambda::Function``.
The function segment holds Initialization or Init, Invocation, and Overhead as subsegments; newer segments have
no Invocation, and say the runtime's overhead in their ``aws`` block (AWS docs, lambda/latest/dg/services-xray).
"""

import json
from collections.abc import Sequence
from typing import Any

from powertune.aws.errors import explained
from powertune.domain.sample import TraceParts

_IDS_PER_CALL = 5
_INIT_NAMES = ("Initialization", "Init")


def fetch_parts(client: Any, trace_ids: Sequence[str]) -> dict[str, TraceParts]:
    """The parts of each trace that X-Ray has complete, by trace id. A trace still under way is left out."""
    parts: dict[str, TraceParts] = {}
    for start in range(0, len(trace_ids), _IDS_PER_CALL):
        with explained("reading traces"):
            answer = client.batch_get_traces(TraceIds=list(trace_ids[start : start + _IDS_PER_CALL]))
        for trace in answer.get("Traces", []):
            found = _parts([json.loads(segment["Document"]) for segment in trace.get("Segments", [])])
            if found is not None:
                parts[trace["Id"]] = found
    return parts


def _parts(segments: list[dict[str, Any]]) -> TraceParts | None:
    function = _ended(segments, "AWS::Lambda::Function")
    if function is None:
        return None
    named = {sub.get("name"): _length_ms(sub) for sub in function.get("subsegments", [])}
    init_ms = next((named[name] for name in _INIT_NAMES if name in named), None)
    service = _ended(segments, "AWS::Lambda")
    service_ms, function_ms = _length_ms(service), _length_ms(function)
    return TraceParts(
        init_ms=init_ms,
        invocation_ms=named.get("Invocation", function_ms),
        overhead_ms=named.get("Overhead"),
        service_ms=max(0.0, service_ms - function_ms) if service_ms is not None and function_ms is not None else None,
    )


def _ended(segments: list[dict[str, Any]], origin: str) -> dict[str, Any] | None:
    return next(
        (s for s in segments if s.get("origin") == origin and not s.get("in_progress") and "end_time" in s),
        None,
    )


def _length_ms(segment: dict[str, Any] | None) -> float | None:
    if segment is None or "end_time" not in segment:
        return None
    return (float(segment["end_time"]) - float(segment["start_time"])) * 1000
