"""A REPORT line in text form, its numbers and the lines that belong to it. Pure.

Forms: AWS docs, lambda/latest/dg/python-logging and lambda/latest/dg/lambda-runtime-environment. Tabs stand between
the fields; docs/report-lines.md shows every form that is read.
"""

import re

from powertune.domain.sample import ReportLine
from powertune.measure.report_arithmetic import misfit

PREFIX = "REPORT RequestId: "
JSON_MARK = '"platform.report"'
REQUEST_ID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
TRACE_ID = "1-[0-9a-f]{8}-[0-9a-f]{24}"

# At most nine digits before the point: eleven days in ms. A longer number is not one that Lambda wrote. Not \d,
# which takes the digits of every script.
_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
_WHOLE = r"[0-9]{1,9}"
_USUAL = re.compile(
    rf"REPORT RequestId: ({REQUEST_ID})\tDuration: ({_NUMBER}) ms\tBilled Duration: ({_WHOLE}) ms"
    rf"\tMemory Size: ({_WHOLE}) MB\tMax Memory Used: ({_WHOLE}) MB(?:\tInit Duration: ({_NUMBER}) ms)?\t?\r?\n?\Z"
).match
_BEGINNING = re.compile(rf"REPORT RequestId: ({REQUEST_ID})(?:\t|\Z)").match
_MS = re.compile(rf"({_NUMBER}) ms").fullmatch
_MB = re.compile(rf"({_NUMBER}) MB").fullmatch
_STATUS = re.compile("[A-Za-z][A-Za-z_-]{0,31}").fullmatch
_XRAY = re.compile(rf"XRAY TraceId: ({TRACE_ID})(?:[\t\r\n]|\Z)").match
_TIMED_OUT = re.compile(
    r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z[ \t]+)?"
    rf"(?:(?:RequestId: )?({REQUEST_ID})[ \t]+)?(?:Error: )?"
    rf"Task timed out after ({_NUMBER}) seconds[ \t\r\n]*"
).fullmatch

_STATUSES = frozenset({"success", "failure", "error", "timeout"})
_LONGEST_ERROR_TYPE = 256
_TIMED_OUT_WITHIN_MS = 100.0


def read_text(line: str, trace_id: str | None = None) -> ReportLine | None:
    """The record in a line that begins with `PREFIX`; None where the prefix is not whole.

    A line that does not end in a line feed may be cut off: its last field is then taken only if nothing can be
    missing from it.
    """
    usual = _USUAL(line)
    if usual is None:
        return _read_fields(line, trace_id)
    request_id, duration, billed, memory, max_memory, init = usual.groups()
    duration_ms, billed_ms, init_ms = float(duration), int(billed), float(init) if init else None
    # Nearly every record fits, and is told quickly; the few others are looked at closely.
    fits = billed_ms and 0 <= billed_ms - duration_ms - (init_ms or 0.0) < 1
    return ReportLine(
        request_id=request_id,
        duration_ms=duration_ms,
        billed_ms=billed_ms,
        init_ms=init_ms,
        memory_mb=int(memory),
        max_memory_used_mb=int(max_memory),
        trace_id=trace_id,
        misfit=None if fits else misfit(duration_ms, billed_ms, init_ms),
    )


def _read_fields(line: str, trace_id: str | None) -> ReportLine | None:
    text = without_line_end(line)
    beginning = _BEGINNING(text)
    if beginning is None:
        return None
    rest = text[beginning.end() :]
    if PREFIX in rest or JSON_MARK in rest:
        return None  # what the function printed last ended in no line feed: the record stands behind it
    fields = fields_of(rest, whole=line.endswith("\n"))
    duration_ms, billed_ms = ms(fields.get("Duration")), whole_number(ms(fields.get("Billed Duration")))
    init_ms, restore_ms = ms(fields.get("Init Duration")), ms(fields.get("Restore Duration"))
    billed_restore_ms = whole_number(ms(fields.get("Billed Restore Duration")))
    status = status_of(fields.get("Status"))
    unread = ("Init Duration" in fields and init_ms is None) or (
        "Billed Restore Duration" in fields and billed_restore_ms is None
    )
    return ReportLine(
        request_id=beginning[1],
        duration_ms=duration_ms,
        billed_ms=billed_ms,
        init_ms=init_ms,
        restore_ms=restore_ms,
        billed_restore_ms=billed_restore_ms,
        memory_mb=whole_number(_mb(fields.get("Memory Size"))),
        max_memory_used_mb=whole_number(_mb(fields.get("Max Memory Used"))),
        status=status,
        error_type=error_type_of(fields.get("Error Type")),
        trace_id=trace_id,
        misfit=None if unread else misfit(duration_ms, billed_ms, init_ms, restore_ms, billed_restore_ms, status),
    )


def fields_of(text: str, *, whole: bool) -> dict[str, str | None]:
    """The fields between tabs, by name.

    A name that stands there twice says nothing: its value is None. Where the text is not ``whole``, its last field
    may be cut off; numbers show that by their missing unit, words do not, so an error type there is None.
    """
    fields: dict[str, str | None] = {}
    name = value = ""
    for part in text.split("\t"):
        name, separator, value = part.partition(": ")
        if separator:
            fields[name] = None if name in fields else value.rstrip(" ")
    if not whole and (name == "Error Type" or (name == "Status" and value not in _STATUSES)):
        fields[name] = None
    return fields


def without_line_end(line: str) -> str:
    """The line without its LF or CRLF. Any other character that ends lines elsewhere is text here."""
    return line.removesuffix("\n").removesuffix("\r")


def ms(text: str | None) -> float | None:
    """A number of milliseconds; None unless the text is a whole number with its unit."""
    match = _MS(text) if text else None
    return float(match[1]) if match else None


def _mb(text: str | None) -> float | None:
    match = _MB(text) if text else None
    return float(match[1]) if match else None


def whole_number(number: float | None) -> int | None:
    """The number as an integer; None where it has a fraction."""
    return int(number) if number is not None and number.is_integer() else None


def status_of(value: object) -> str | None:
    """A status: one word, which may be one that is not known here."""
    return value if isinstance(value, str) and _STATUS(value) else None


def error_type_of(value: object) -> str | None:
    """An error type: some printable characters."""
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_ERROR_TYPE and value.isprintable() else None


def trace_of(line: str) -> str | None:
    """The trace id in the second line of a REPORT event."""
    match = _XRAY(line)
    return match[1] if match else None


def timed_out(line: str) -> tuple[str, float] | None:
    """Request id ("" where the line names none) and seconds of a line that says that a task timed out."""
    match = _TIMED_OUT(line) if "Task timed out after " in line else None
    return (match[1] or "", float(match[2])) if match else None


def is_timeout_after(record: ReportLine, seconds: float) -> bool:
    """Whether a record without a status is that of an invocation that timed out after this long.

    A function can print such a line too: it counts only where it gives the record's own duration. That also holds
    for a line of an older form, which gives the duration and not the limit ("after 18.02 seconds").
    """
    return (
        record.status is None
        and record.duration_ms is not None
        and abs(record.duration_ms - seconds * 1000) <= _TIMED_OUT_WITHIN_MS
    )
