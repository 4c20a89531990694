"""X-Ray's API over the traces in memory, as far as reading and writing traces needs it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from powertune.local.xray_store import TraceStore

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Response]]

MAX_IDS = 5
"""Trace ids in one BatchGetTraces (AWS docs, xray/latest/devguide/xray-api-gettingdata)."""

_PAGE = 100
_LONGEST_RANGE_S = 6 * 3600


class _Refused(Exception):
    """The request is invalid; the text says why."""


def handle(store: TraceStore) -> Handler:
    """A handler of X-Ray requests in MiniStack's form."""
    operations: dict[str, Callable[[TraceStore, dict[str, Any]], dict[str, Any]]] = {
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
            if operation is None:
                raise _Refused(f"The embedded endpoint's X-Ray does not know {method} {path}.")
            return 200, {"Content-Type": "application/json"}, json.dumps(operation(store, _decoded(body))).encode()
        except _Refused as error:
            refusal = {"Content-Type": "application/json", "x-amzn-errortype": "InvalidRequestException"}
            return 400, refusal, json.dumps({"Message": str(error)}).encode()

    return answer


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError as error:
        raise _Refused(f"The request is not JSON: {error}") from None
    if not isinstance(request, dict):
        raise _Refused("The request is not a JSON object.")
    return request


def _put_trace_segments(store: TraceStore, request: dict[str, Any]) -> dict[str, Any]:
    unprocessed = []
    for document in request.get("TraceSegmentDocuments", []):
        try:
            store.put_document(document)
        except ValueError as error:
            unprocessed.append({"ErrorCode": "ParseError", "Message": str(error)})
    return {"UnprocessedTraceSegments": unprocessed}


def _batch_get_traces(store: TraceStore, request: dict[str, Any]) -> dict[str, Any]:
    ids = request.get("TraceIds", [])
    if not 1 <= len(ids) <= MAX_IDS:
        raise _Refused(f"TraceIds must hold 1 to {MAX_IDS} ids.")
    traces, unprocessed = [], []
    for trace_id in ids:
        segments = store.segments(trace_id)
        if segments is None:
            unprocessed.append(trace_id)
            continue
        documents = [json.loads(document) for _, document in segments]
        traces.append(
            {
                "Id": trace_id,
                "Duration": _duration_s(documents),
                "LimitExceeded": False,
                "Segments": [{"Id": segment_id, "Document": document} for segment_id, document in segments],
            }
        )
    return {"Traces": traces, "UnprocessedTraceIds": unprocessed}


def _get_trace_summaries(store: TraceStore, request: dict[str, Any]) -> dict[str, Any]:
    if request.get("FilterExpression"):
        raise _Refused("The embedded endpoint's X-Ray does not know filter expressions.")
    if "StartTime" not in request or "EndTime" not in request:
        raise _Refused("StartTime and EndTime are required.")
    start_s, end_s = float(request["StartTime"]), float(request["EndTime"])
    if end_s - start_s > _LONGEST_RANGE_S:
        raise _Refused("Time range cannot be longer than 6 hours.")
    token = request.get("NextToken")
    if token is not None and not str(token).isdigit():
        raise _Refused("NextToken is not one of ours.")
    first = int(token or 0)
    found = store.between(start_s, end_s)
    answer: dict[str, Any] = {
        "TraceSummaries": [_summary(trace_id, documents) for trace_id, documents in found[first : first + _PAGE]],
        "TracesProcessedCount": len(found),
        "ApproximateTime": end_s,
    }
    if first + _PAGE < len(found):
        answer["NextToken"] = str(first + _PAGE)
    return answer


def _summary(trace_id: str, documents: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Id": trace_id,
        "StartTime": min(float(document["start_time"]) for document in documents),
        "Duration": _duration_s(documents),
        "ResponseTime": _duration_s(documents),
        "HasFault": any(document.get("fault") for document in documents),
        "HasError": any(document.get("error") for document in documents),
        "HasThrottle": any(document.get("throttle") for document in documents),
        "IsPartial": any(document.get("in_progress") for document in documents),
    }


def _duration_s(documents: list[dict[str, Any]]) -> float:
    first = min(float(document["start_time"]) for document in documents)
    return max(float(document.get("end_time", first)) for document in documents) - first
