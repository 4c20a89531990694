"""Traces in memory: what Lambda writes for an invocation, and what functions send themselves.

Segment documents: AWS docs, xray/latest/devguide/xray-api-segmentdocuments. The two segments of an invocation:
lambda/latest/dg/services-xray (the older style, which is still in the field).
"""

import json
import re
import secrets
import threading
from collections import OrderedDict
from typing import Any

from powertune.local.facts import InvocationFacts

MAX_TRACES = 100_000
_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_SEGMENT_ID = re.compile(r"[0-9a-f]{16}")

Document = dict[str, Any]


class TraceStore:
    """Segments by trace. Thread-safe; the oldest traces are forgotten beyond ``MAX_TRACES``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._traces: OrderedDict[str, list[Document]] = OrderedDict()

    def put_document(self, text: str) -> None:
        """Take a segment or subsegment document.

        Raises:
            ValueError: it is not one; the text says why.
        """
        document = json.loads(text)
        if not isinstance(document, dict):
            raise ValueError("a segment document is a JSON object")
        for key in ("id", "trace_id", "name", "start_time"):
            if key not in document:
                raise ValueError(f"{key} is missing")
        if not _TRACE_ID.fullmatch(str(document["trace_id"])):
            raise ValueError("trace_id is malformed")
        if not _SEGMENT_ID.fullmatch(str(document["id"])):
            raise ValueError("id is malformed")
        if "end_time" not in document and not document.get("in_progress"):
            raise ValueError("end_time is missing, and in_progress is not set")
        self._add(document)

    def record(self, facts: InvocationFacts) -> None:
        """Write the two segments of a sampled invocation; nothing for one that is not sampled."""
        if not facts.sampled or facts.trace_id is None or facts.segment_id is None:
            return
        service_id = secrets.token_hex(8)
        flags: Document = {}
        if facts.error_type is not None:
            flags = {
                "fault": True,
                "cause": {
                    "exceptions": [
                        {"id": secrets.token_hex(8), "type": facts.error_type, "message": facts.error_message or ""}
                    ]
                },
            }
        service: Document = {
            "id": service_id,
            "trace_id": facts.trace_id,
            "name": facts.spec.name,
            "origin": "AWS::Lambda",
            "start_time": facts.received_s,
            "end_time": facts.ended_s,
            "aws": {"request_id": facts.request_id},
            "resource_arn": facts.spec.function_arn,
            **({"parent_id": facts.parent_id} if facts.parent_id else {}),
            **flags,
        }
        function: Document = {
            "id": facts.segment_id,
            "trace_id": facts.trace_id,
            "parent_id": service_id,
            "name": facts.spec.name,
            "origin": "AWS::Lambda::Function",
            "start_time": facts.init_started_s or facts.started_s,
            "end_time": facts.ended_s,
            "aws": {"request_id": facts.request_id, "function_arn": facts.spec.function_arn},
            "resource_arn": facts.spec.function_arn,
            "subsegments": _parts(facts),
            **flags,
        }
        self._add(service)
        self._add(function)

    def segments(self, trace_id: str) -> list[tuple[str, str]] | None:
        """The documents of a trace, as (id, JSON); None for a trace that is not known.

        Subsegments that were sent on their own stand inside the segment that they belong to, if it is there.
        """
        with self._lock:
            documents = self._traces.get(trace_id)
            if documents is None:
                return None
            nested = _nested(json.loads(json.dumps(documents)))
        return [(str(document["id"]), json.dumps(document)) for document in nested]

    def between(self, start_s: float, end_s: float) -> list[tuple[str, list[Document]]]:
        """The traces whose first segment starts between two moments, oldest first."""
        with self._lock:
            found = [
                (min(float(document["start_time"]) for document in documents), trace_id, list(documents))
                for trace_id, documents in self._traces.items()
            ]
        found.sort(key=lambda one: one[:2])
        return [(trace_id, documents) for first_s, trace_id, documents in found if start_s <= first_s <= end_s]

    def _add(self, document: Document) -> None:
        with self._lock:
            documents = self._traces.setdefault(document["trace_id"], [])
            # A segment in progress is sent again when it has ended.
            documents[:] = [other for other in documents if other["id"] != document["id"]]
            documents.append(document)
            while len(self._traces) > MAX_TRACES:
                self._traces.popitem(last=False)


def _parts(facts: InvocationFacts) -> list[Document]:
    parts = []
    if facts.init_started_s is not None and facts.init_ended_s is not None:
        parts.append(_part("Initialization", facts.init_started_s, facts.init_ended_s))
    parts.append(_part("Invocation", facts.started_s, facts.ended_s))
    parts.append(_part("Overhead", facts.ended_s, facts.ended_s))
    return parts


def _part(name: str, start_s: float, end_s: float) -> Document:
    return {"id": secrets.token_hex(8), "name": name, "start_time": start_s, "end_time": end_s}


def _nested(documents: list[Document]) -> list[Document]:
    by_id = {document["id"]: document for document in documents}
    top = []
    for document in documents:
        parent = by_id.get(document.get("parent_id"))
        if document.get("type") == "subsegment" and parent is not None:
            parent.setdefault("subsegments", []).append(document)
        else:
            top.append(document)
    return top
