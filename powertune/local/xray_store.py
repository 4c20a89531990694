"""Traces in memory: what Lambda writes for an invocation, and what functions send themselves.

Segment documents: AWS docs, xray/latest/devguide/xray-api-segmentdocuments. The two segments of an invocation:
lambda/latest/dg/services-xray (the older style, which is still in the field).
"""

import json
import math
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from powertune.local.facts import InvocationFacts

MAX_TRACES = 100_000
MAX_DOCUMENT_BYTES = 64 * 1024
_DEEPEST = 200
_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_SEGMENT_ID = re.compile(r"[0-9a-f]{16}")

Document = dict[str, Any]


@dataclass(slots=True)
class Trace:
    """The documents of a trace, and when it last changed (epoch seconds)."""

    trace_id: str
    updated_s: float
    documents: list[Document] = field(default_factory=list)


class TraceStore:
    """Segments by trace. Thread-safe; the oldest traces are forgotten beyond ``MAX_TRACES``."""

    def __init__(self, now_s: Callable[[], float] = time.time) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._traces: OrderedDict[str, Trace] = OrderedDict()

    def put_document(self, document: str) -> None:
        """Take a segment or subsegment document, or a list of them: all or none.

        Raises:
            ValueError: it is not one; the text says why.
        """
        if not isinstance(document, str):
            raise ValueError("a segment document is a string")
        if len(document.encode(errors="replace")) > MAX_DOCUMENT_BYTES:
            raise ValueError(f"a segment document has at most {MAX_DOCUMENT_BYTES} bytes")
        try:
            decoded = json.loads(document, parse_constant=_no_constant)
        except RecursionError:
            raise ValueError("the document is nested too deeply") from None
        found = decoded if isinstance(decoded, list) else [decoded]
        for one in found:
            _check(one)
        for one in found:
            self._add(one)

    def record(self, facts: InvocationFacts) -> None:
        """Write the two segments of a sampled invocation; nothing for one that is not sampled."""
        if not facts.sampled or facts.trace_id is None or facts.segment_id is None:
            return
        service_id = secrets.token_hex(8)
        both: Document = {
            "trace_id": facts.trace_id,
            "name": facts.spec.name,
            "end_time": facts.ended_s,
            "resource_arn": facts.spec.function_arn,
            **_failure(facts),
        }
        service: Document = {
            **both,
            "id": service_id,
            "origin": "AWS::Lambda",
            "start_time": facts.received_s,
            "aws": {"request_id": facts.request_id},
            **({"parent_id": facts.parent_id} if facts.parent_id else {}),
        }
        function: Document = {
            **both,
            "id": facts.segment_id,
            "parent_id": service_id,
            "origin": "AWS::Lambda::Function",
            "start_time": facts.started_s if facts.init_started_s is None else facts.init_started_s,
            "aws": {"request_id": facts.request_id, "function_arn": facts.spec.function_arn},
            "subsegments": _parts(facts),
        }
        self._add(service)
        self._add(function)

    def trace(self, trace_id: str) -> list[Document] | None:
        """Copies of the documents of a trace; None for a trace that is not known.

        Subsegments that were sent on their own stand inside the segment or subsegment that they belong to, if it
        is there, as X-Ray returns them; else, or where that would nest them too deeply for JSON, beside it.
        """
        with self._lock:
            trace = self._traces.get(trace_id)
            text = None if trace is None else json.dumps(trace.documents)
        if text is None:
            return None
        nested = _nested(json.loads(text))
        return nested if _depth(nested) <= _DEEPEST else list(json.loads(text))

    def traces(self) -> list[Trace]:
        """Every trace, as it is now. The documents are shared: read them only."""
        with self._lock:
            return [Trace(trace.trace_id, trace.updated_s, list(trace.documents)) for trace in self._traces.values()]

    def _add(self, document: Document) -> None:
        with self._lock:
            trace = self._traces.setdefault(document["trace_id"], Trace(document["trace_id"], 0.0))
            same = next((other for other in trace.documents if other["id"] == document["id"]), None)
            # A segment in progress is sent again when it has ended; datagrams may overtake each other.
            if same is not None and document.get("in_progress") and not same.get("in_progress"):
                return
            trace.documents[:] = [other for other in trace.documents if other is not same]
            trace.documents.append(document)
            trace.updated_s = self._now_s()
            while len(self._traces) > MAX_TRACES:
                self._traces.popitem(last=False)


def _check(document: Any) -> None:
    if not isinstance(document, dict):
        raise ValueError("a segment document is a JSON object")
    for key in ("id", "trace_id", "name", "start_time"):
        if key not in document:
            raise ValueError(f"{key} is missing")
    if not isinstance(document["trace_id"], str) or not _TRACE_ID.fullmatch(document["trace_id"]):
        raise ValueError("trace_id is malformed")
    if not _is_id(document["id"]):
        raise ValueError("id is malformed")
    if "parent_id" in document and not _is_id(document["parent_id"]):
        raise ValueError("parent_id is malformed")
    if not isinstance(document["name"], str) or not document["name"]:
        raise ValueError("name is empty or no text")
    if document.get("type") == "subsegment" and "parent_id" not in document:
        raise ValueError("a subsegment that is sent on its own needs a parent_id")
    if "end_time" not in document and document.get("in_progress") is not True:
        raise ValueError("end_time is missing, and in_progress is not set")
    for key in ("start_time", "end_time"):
        if key in document and not _is_time(document[key]):
            raise ValueError(f"{key} is no time")
    if _depth(document) > _DEEPEST:
        raise ValueError("the document is nested too deeply")
    parts = document.get("subsegments", [])
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise ValueError("subsegments is no list of objects")


def _depth(value: Any) -> int:
    """How many objects and lists stand within each other at most."""
    deepest = 0
    pending = [(value, 1)]
    while pending:
        one, level = pending.pop()
        if isinstance(one, dict | list):
            deepest = max(deepest, level)
            pending.extend((inner, level + 1) for inner in (one.values() if isinstance(one, dict) else one))
    return deepest


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _SEGMENT_ID.fullmatch(value) is not None


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12 and math.isfinite(value)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _failure(facts: InvocationFacts) -> Document:
    if facts.error_type is None:
        return {}
    exception = {"id": secrets.token_hex(8), "type": facts.error_type, "message": facts.error_message or ""}
    return {"fault": True, "cause": {"exceptions": [exception]}}


def _parts(facts: InvocationFacts) -> list[Document]:
    parts = []
    if facts.init_started_s is not None and facts.init_ended_s is not None:
        parts.append(_part("Initialization", facts.init_started_s, facts.init_ended_s))
    invocation = {**_part("Invocation", facts.started_s, facts.ended_s), **_failure(facts)}
    return [*parts, invocation, _part("Overhead", facts.ended_s, facts.ended_s)]


def _part(name: str, start_s: float, end_s: float) -> Document:
    return {"id": secrets.token_hex(8), "name": name, "start_time": start_s, "end_time": end_s}


def _nested(documents: list[Document]) -> list[Document]:
    holders = {one["id"]: one for document in documents for one in _with_parts(document) if "id" in one}
    top = []
    for document in documents:
        parent = holders.get(document.get("parent_id", ""))
        # One that is said to lie within itself would otherwise vanish with all it holds.
        if (
            document.get("type") != "subsegment"
            or parent is None
            or any(parent is one for one in _with_parts(document))
        ):
            top.append(document)
        else:
            parent.setdefault("subsegments", []).append(document)
    return top


def _with_parts(document: Document) -> Iterator[Document]:
    pending = [document]
    while pending:
        one = pending.pop()
        yield one
        parts = one.get("subsegments")
        if isinstance(parts, list):
            pending.extend(part for part in parts if isinstance(part, dict))
