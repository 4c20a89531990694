"""Reads REPORT lines and ``platform.report`` records. Pure.

Forms: AWS docs, lambda/latest/dg/python-logging and lambda/latest/dg/telemetry-schema-reference. A line counts
only if it begins a message and names the request id asked for, so text printed by the function cannot pass for
one unless it forges both. What a record does not say is None.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from powertune.domain.sample import ReportLine

_REPORT = re.compile(r"^REPORT RequestId: (?P<request_id>[0-9a-fA-F-]{36})\t(?P<rest>[^\n]*)", re.MULTILINE)
_XRAY = re.compile(r"\nXRAY TraceId: (?P<trace_id>1-[0-9a-f]{8}-[0-9a-f]{24})\t")
_NUMBER = re.compile(r"(?P<number>\d+(?:\.\d+)?) (?:ms|MB)")


def find_report(text: str, request_id: str) -> ReportLine | None:
    """The record of one request in a log tail; None if it is not there, or was cut off."""
    found = [record for record in _records(text) if record.request_id == request_id]
    # The platform writes after the function has ended: the last record is the genuine one.
    return found[-1] if found else None


def read_message(message: str) -> ReportLine | None:
    """The record that one log event is; None where the event is none."""
    return next(iter(_records(message)), None)


def _records(text: str) -> Iterator[ReportLine]:
    for match in _REPORT.finditer(text):
        xray = _XRAY.match(text, match.end())
        yield _from_text(match["request_id"], match["rest"], xray["trace_id"] if xray else None)
    # Not splitlines(): a line separator inside a JSON string would begin a forged record.
    for line in text.split("\n"):
        if line.startswith("{") and "platform.report" in line:
            record = _from_json(line)
            if record is not None:
                yield record


def _from_text(request_id: str, rest: str, trace_id: str | None) -> ReportLine:
    fields = dict(part.split(": ", 1) for part in rest.split("\t") if ": " in part)
    return ReportLine(
        request_id=request_id,
        duration_ms=_number(fields.get("Duration")),
        billed_ms=_whole(fields.get("Billed Duration")),
        init_ms=_number(fields.get("Init Duration")),
        restore_ms=_number(fields.get("Restore Duration")),
        memory_mb=_whole(fields.get("Memory Size")),
        max_memory_used_mb=_whole(fields.get("Max Memory Used")),
        status=fields.get("Status"),
        error_type=fields.get("Error Type"),
        trace_id=trace_id,
    )


def _number(text: str | None) -> float | None:
    match = _NUMBER.fullmatch(text.strip()) if text else None
    return float(match["number"]) if match else None


def _whole(text: str | None) -> int | None:
    number = _number(text)
    return int(number) if number is not None and number.is_integer() else None


def _from_json(line: str) -> ReportLine | None:
    try:
        event: Any = json.loads(line)
        record = event["record"]
        metrics = record.get("metrics", {})
        if event["type"] != "platform.report":
            return None
        return ReportLine(
            request_id=str(record["requestId"]),
            duration_ms=_json_number(metrics.get("durationMs")),
            billed_ms=_json_whole(metrics.get("billedDurationMs")),
            init_ms=_json_number(metrics.get("initDurationMs")),
            restore_ms=_json_number(metrics.get("restoreDurationMs")),
            memory_mb=_json_whole(metrics.get("memorySizeMB")),
            max_memory_used_mb=_json_whole(metrics.get("maxMemoryUsedMB")),
            status=record.get("status"),
            error_type=record.get("errorType"),
            trace_id=_root(record.get("tracing", {}).get("value", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _json_number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) else None


def _json_whole(value: Any) -> int | None:
    number = _json_number(value)
    return int(number) if number is not None and number.is_integer() else None


def _root(header: str) -> str | None:
    for part in header.split(";"):
        if part.startswith("Root="):
            return part.removeprefix("Root=")
    return None
