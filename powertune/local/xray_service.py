"""X-Ray's API over the traces in memory, as far as reading and writing traces needs it.

Paths and shapes: botocore's xray model (rest-json).
"""

import json
import math
from collections.abc import Awaitable, Callable
from typing import Any

from powertune.local.xray_store import Document, Trace, TraceStore

Json = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Response]]

MAX_IDS = 5
"""Trace ids in one BatchGetTraces (AWS docs, xray/latest/api/API_BatchGetTraces)."""

_PAGE = 100
_LONGEST_RANGE_S = 6 * 3600
_VERBS = ("Cancel", "Create", "Delete", "Get", "List", "Put", "Start", "Tag", "Untag", "Update")
_ODD_PATHS = {"/TelemetryRecords": "PutTelemetryRecords", "/EncryptionConfig": "GetEncryptionConfig"}


class _Refused(Exception):
    """The request is invalid; the text says why."""


def handle(store: TraceStore) -> Handler:
    """A handler of X-Ray requests in MiniStack's form."""
    operations: dict[str, Callable[[TraceStore, Json], Json]] = {
        "/TraceSegments": _put_trace_segments,
        "/Traces": _batch_get_traces,
        "/TraceSummaries": _get_trace_summaries,
        "/GetTraceSegmentDestination": lambda *_: {"Destination": "XRay", "Status": "ACTIVE"},
    }

    async def answer(
        method: str,
        path: str,
        headers: dict[str, str],  # noqa: ARG001
        body: bytes,
        query: dict[str, Any],  # noqa: ARG001
    ) -> Response:
        try:
            operation = operations.get(path.rstrip("/"))
            if operation is None or method != "POST":
                raise _Refused(f"The embedded endpoint's X-Ray does not know {_operation(path)} ({method} {path}).")
            return 200, {"Content-Type": "application/json"}, json.dumps(operation(store, _decoded(body))).encode()
        except _Refused as error:
            refusal = {"Content-Type": "application/json", "x-amzn-errortype": "InvalidRequestException"}
            return 400, refusal, json.dumps({"Message": str(error)}).encode()

    return answer


def _operation(path: str) -> str:
    """The operation of a path: its name, or, for older ones, its name without Get."""
    path = path.rstrip("/")
    name = _ODD_PATHS.get(path, path.lstrip("/"))
    return name if name.startswith(_VERBS) else f"Get{name}"


def _decoded(body: bytes) -> Json:
    try:
        request = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise _Refused(f"The request is not JSON: {error}") from None
    if not isinstance(request, dict):
        raise _Refused("The request is not a JSON object.")
    return request


def _list(request: Json, key: str) -> list[Any]:
    value = request.get(key)
    if not isinstance(value, list):
        raise _Refused(f"{key} is required and a list.")
    return value


def _put_trace_segments(store: TraceStore, request: Json) -> Json:
    unprocessed = []
    for document in _list(request, "TraceSegmentDocuments"):
        try:
            store.put_document(document)
        except ValueError as error:
            unprocessed.append({"Id": _id_of(document), "ErrorCode": "ParseError", "Message": str(error)})
    return {"UnprocessedTraceSegments": unprocessed}


def _id_of(document: Any) -> str | None:
    try:
        decoded = json.loads(document)
    except (TypeError, ValueError, RecursionError):
        return None
    return str(decoded["id"]) if isinstance(decoded, dict) and "id" in decoded else None


def _batch_get_traces(store: TraceStore, request: Json) -> Json:
    """The traces that are known; the ids of others come back as unprocessed.

    The model calls those «requests that haven't been processed», which is what a trace that has not arrived is.
    """
    ids = list(dict.fromkeys(map(str, _list(request, "TraceIds"))))
    if not 1 <= len(ids) <= MAX_IDS:
        raise _Refused(f"TraceIds must hold 1 to {MAX_IDS} ids.")
    traces, unprocessed = [], []
    for trace_id in ids:
        documents = store.trace(trace_id)
        if documents is None:
            unprocessed.append(trace_id)
            continue
        segments = [{"Id": document["id"], "Document": json.dumps(document)} for document in documents]
        duration_s = _duration_s(documents)
        traces.append({"Id": trace_id, "Duration": duration_s, "LimitExceeded": False, "Segments": segments})
    return {"Traces": traces, "UnprocessedTraceIds": unprocessed}


def _get_trace_summaries(store: TraceStore, request: Json) -> Json:
    """Newest first, as the model says of the first page."""
    if request.get("FilterExpression"):
        raise _Refused("The embedded endpoint's X-Ray does not know filter expressions.")
    if request.get("Sampling") or request.get("SamplingStrategy"):
        raise _Refused("The embedded endpoint's X-Ray gives all summaries, not a sample of them.")
    start_s, end_s = _time(request, "StartTime"), _time(request, "EndTime")
    if end_s < start_s:
        raise _Refused("EndTime is before StartTime.")
    if end_s - start_s > _LONGEST_RANGE_S:
        raise _Refused("Time range cannot be longer than 6 hours.")
    moment = _MOMENTS.get(request.get("TimeRangeType") or "TraceId")
    if moment is None:
        raise _Refused(f"TimeRangeType is one of {', '.join(_MOMENTS)}.")
    token = request.get("NextToken")
    if token is not None and not (isinstance(token, str) and token.isascii() and token.isdigit() and len(token) < 10):
        raise _Refused("NextToken is not one of ours.")
    first = int(token or 0)
    found = sorted(
        ((at_s, trace.trace_id, trace) for trace in store.traces() if start_s <= (at_s := moment(trace)) <= end_s),
        key=lambda one: one[:2],
        reverse=True,
    )
    page = [_summary(trace) for _, _, trace in found[first : first + _PAGE]]
    more = {"NextToken": str(first + _PAGE)} if first + _PAGE < len(found) else {}
    return {"TraceSummaries": page, "TracesProcessedCount": len(found), "ApproximateTime": start_s, **more}


_MOMENTS: dict[str, Callable[[Trace], float]] = {
    "TraceId": lambda trace: _start_s(trace.documents),
    "Event": lambda trace: trace.updated_s,
    "Service": lambda trace: _start_s(trace.documents) + _duration_s(trace.documents),
}
"""What of a trace lies in the asked range: its start, its last change, the end of its last segment (the model)."""


def _time(request: Json, key: str) -> float:
    value: Any = request.get(key)
    if type(value) not in (int, float) or not math.isfinite(value):
        raise _Refused(f"{key} is required, in epoch seconds.")
    return float(value)


def _summary(trace: Trace) -> Json:
    documents = trace.documents
    ids = {document["id"] for document in documents}
    root = next((one for one in documents if one.get("parent_id") not in ids), documents[0])
    return {
        "Id": trace.trace_id,
        "StartTime": _start_s(documents),
        "Duration": _duration_s(documents),
        "ResponseTime": _duration_s([root]),
        "HasFault": bool(root.get("fault")),
        "HasError": bool(root.get("error")),
        "HasThrottle": any(bool(document.get("throttle")) for document in documents),
        "IsPartial": any(bool(document.get("in_progress")) for document in documents),
    }


def _start_s(documents: list[Document]) -> float:
    return min(float(document["start_time"]) for document in documents)


def _duration_s(documents: list[Document]) -> float:
    first_s = _start_s(documents)
    return max(0.0, max(float(document.get("end_time", first_s)) for document in documents) - first_s)
