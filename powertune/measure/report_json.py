"""A ``platform.report`` record, and its relatives, in JSON form. Pure.

Schema: AWS docs, lambda/latest/dg/telemetry-schema-reference. ``billedRestoreDurationMs`` is not in it, but in
records that people have published.
"""

import json
import re
from typing import Any

from powertune.domain.sample import ReportLine
from powertune.measure.report_arithmetic import misfit
from powertune.measure.report_text import REQUEST_ID, TRACE_ID, error_type_of, status_of, whole_number

_LARGEST = 1e9  # as in the text form: a longer number is not one that Lambda wrote
_LONGEST_INTEGER = 18
_IS_REQUEST_ID = re.compile(REQUEST_ID).fullmatch
_ROOT = re.compile(f"(?:.*;)?Root=({TRACE_ID})(?:;.*)?").fullmatch


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else None


_decode = json.JSONDecoder(parse_int=_integer, parse_constant=lambda _: None).decode


def read_json(text: str) -> ReportLine | None:
    """The record that this text is, all of it; None where it is none."""
    record = platform_record(text, "platform.report")
    if record is None:
        return None
    request_id = record.get("requestId")
    if type(request_id) is not str or not _IS_REQUEST_ID(request_id):
        return None
    metrics = object_of(record.get("metrics"))
    duration_ms, billed_ms = number_of(metrics, "durationMs"), whole_number(number_of(metrics, "billedDurationMs"))
    init_ms, restore_ms = number_of(metrics, "initDurationMs"), number_of(metrics, "restoreDurationMs")
    billed_restore_ms = whole_number(number_of(metrics, "billedRestoreDurationMs"))
    status = status_of(record.get("status"))
    unread = ("initDurationMs" in metrics and init_ms is None) or (
        "billedRestoreDurationMs" in metrics and billed_restore_ms is None
    )
    return ReportLine(
        request_id=request_id,
        duration_ms=duration_ms,
        billed_ms=billed_ms,
        init_ms=init_ms,
        restore_ms=restore_ms,
        billed_restore_ms=billed_restore_ms,
        memory_mb=whole_number(number_of(metrics, "memorySizeMB")),
        max_memory_used_mb=whole_number(number_of(metrics, "maxMemoryUsedMB")),
        status=status,
        error_type=error_type_of(record.get("errorType")),
        trace_id=_trace_id(record.get("tracing")),
        misfit=None if unread else misfit(duration_ms, billed_ms, init_ms, restore_ms, billed_restore_ms, status),
    )


def platform_record(text: str, kind: str) -> dict[str, Any] | None:
    """The ``record`` of an event of this type; None where the text is no such event."""
    try:
        event: Any = _decode(text)
    except (ValueError, RecursionError):
        return None
    if type(event) is not dict or event.get("type") != kind:
        return None
    record = event.get("record")
    return record if type(record) is dict else None


def number_of(metrics: dict[str, Any], name: str) -> float | None:
    """A number of this name, be it milliseconds or MB; None unless it is one, and neither negative nor absurd."""
    value: Any = metrics.get(name)
    return float(value) if type(value) in (int, float) and 0 <= value < _LARGEST else None


def object_of(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if type(value) is dict else {}


def _trace_id(tracing: Any) -> str | None:
    header = object_of(tracing).get("value")
    match = _ROOT(header) if type(header) is str else None
    return match[1] if match else None
