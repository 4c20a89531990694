"""Reads REPORT lines and ``platform.report`` records out of logs. Pure.

The forms are in docs/report-lines.md, with what is read from each. What a record does not say is None, and never 0.

A function may print whatever it likes, so where a record stands matters. It must begin its line, and only a line feed
ends one; every line is judged on its own, so that nothing printed before can hide the record; and the platform
writes after the function has ended, so that of several records of a request the last one counts, whatever its form.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from operator import itemgetter

from powertune.domain.sample import ReportLine
from powertune.measure.report_arithmetic import misfit
from powertune.measure.report_init import InitReport, read_init_report
from powertune.measure.report_json import read_json
from powertune.measure.report_text import JSON_MARK, PREFIX, is_timeout_after, read_text, timed_out, trace_of

__all__ = ["InitReport", "find_report", "read_init_report", "read_message", "read_reports", "scan"]

_MOST_LINES_OF_A_RECORD = 500


def find_report(text: str, request_id: str) -> ReportLine | None:
    """The platform's record of one request in a log tail; None if it is not there or was cut off.

    Where something that might be the record follows the last one that could be read, the answer is None too: the one
    that was read may then have been printed by the function.
    """
    lines = _lines(text)
    found, place = None, 0
    for number, record in _numbered(lines):
        if record.request_id == request_id:
            found, place = record, number
    if any(_may_be_record(line, request_id) for line in lines[place + 1 :]):
        return None
    return found


def read_reports(text: str) -> tuple[ReportLine, ...]:
    """Every record in a text, in order.

    They are what the text holds: a function can print a record, of a request of its own or of another. Of several
    with one request id, trust the last.
    """
    return tuple(scan(_lines(text)))


def read_message(message: str) -> ReportLine | None:
    """The record that one log event is, all of it; None where the event is none.

    A function can print such an event. Of several events with one request id, trust the last.
    """
    if message.startswith("{"):
        return read_json(message)
    if not message.startswith(PREFIX):
        return None
    line, *others = message.rstrip("\r\n").split("\n")
    trace_id = trace_of(others[0]) if others else None
    if len(others) > 1 or (others and trace_id is None):
        return None
    return read_text(f"{line}\n", trace_id)


def scan(lines: Iterable[str]) -> Iterator[ReportLine]:
    r"""Every record in these lines, in order, in one pass and little memory.

    Args:
        lines: lines with their line feeds, as of a file opened with ``newline="\n"``. With any other ``newline`` a
            carriage return printed by a function would begin a line.
    """
    return map(itemgetter(1), _numbered(lines))


def _lines(text: str) -> list[str]:
    return list(io.StringIO(text, newline="\n"))


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, ReportLine]]:
    """The records, each with the number of its line (of its last one, if it is printed over several)."""
    held, held_number, trace_id = "", 0, None  # a REPORT line waits for the lines that may belong to it
    limits: dict[str, float] = {}
    printed: list[str] | None = None  # the beginning of a JSON object printed over several lines
    number = -1
    for number, line in enumerate(lines):
        if line.startswith(PREFIX):
            if held and (record := _finished(held, trace_id, limits) if limits else read_text(held, trace_id)):
                yield held_number, record
            held, held_number, trace_id, printed = line, number, None, None
            continue
        if held:
            if trace_id is None and (trace_id := trace_of(line)):
                continue
            if line.isspace() or _noted(line, limits):
                continue
            if record := _finished(held, trace_id, limits):
                yield held_number, record
            held, trace_id = "", None
        elif "Task timed out" in line:
            _noted(line, limits)
        if line.startswith("{"):
            printed = [] if line.rstrip() == "{" else None
            if JSON_MARK in line and (record := read_json(line)):
                yield number, record
        if printed is not None:
            printed.append(line)
            if line.startswith("}"):
                if record := _printed_record(printed):
                    yield number, record
                printed = None
            elif len(printed) == _MOST_LINES_OF_A_RECORD:
                printed = None
    if held and (record := _finished(held, trace_id, limits)):
        yield held_number, record


def _finished(line: str, trace_id: str | None, limits: dict[str, float]) -> ReportLine | None:
    """The record of a REPORT line; in the older form, another line says that it timed out."""
    record = read_text(line, trace_id)
    if record is None or not limits:
        return record
    for seconds in (limits.pop(record.request_id, None), limits.pop("", None)):
        if seconds is not None and is_timeout_after(record, seconds):
            return _timed_out(record)
    return record


def _timed_out(record: ReportLine) -> ReportLine:
    words = misfit(
        record.duration_ms, record.billed_ms, record.init_ms, record.restore_ms, record.billed_restore_ms, "timeout"
    )
    return replace(record, status="timeout", misfit=words)


def _noted(line: str, limits: dict[str, float]) -> bool:
    said = timed_out(line)
    if said is not None:
        limits[said[0]] = said[1]
    return said is not None


def _printed_record(lines: list[str]) -> ReportLine | None:
    text = "".join(lines)
    return read_json(text) if JSON_MARK in text else None


def _may_be_record(line: str, request_id: str) -> bool:
    """Whether a line could be the record, spoilt: cut off, or begun in the middle of the line."""
    if request_id in line:
        return PREFIX in line or JSON_MARK in line
    if line.endswith("\n"):
        return False
    return f"{PREFIX}{request_id}".startswith(line) or (line.startswith("{") and read_json(line) is None)
