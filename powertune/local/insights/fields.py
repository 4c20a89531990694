"""The fields that Logs Insights discovers in an event.

AWS docs, AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields: for Lambda's text records, and, for
JSON, the keys of the message's object by dots.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any

from powertune.local.facts import LogEvent

_BYTES_PER_MB = 1_000_000
"""AWS's own sample divides @memorySize by 1000 twice to get MB."""

_ID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_PLATFORM = re.compile(rf"(?P<type>START|END|REPORT) RequestId: (?P<id>{_ID})(?=\s|$)(?P<rest>[^\n]*)")
_OTHER_PLATFORM = re.compile(r"(?P<type>INIT_START|INIT_REPORT|RESTORE_START|RESTORE_REPORT|EXTENSION)\b")
_RUNTIME_LOG = re.compile(rf"\[[A-Z]+\]\t[^\t]*\t(?P<id>{_ID})\t")
_XRAY = re.compile(r"\nXRAY TraceId: (?P<trace>1-[0-9a-f]{8}-[0-9a-f]{24})(?:\tSegmentId: (?P<segment>[0-9a-f]{16}))?")
_NUMBERS = {
    "@duration": re.compile(r"\tDuration: (\d+(?:\.\d+)?) ms"),
    "@billedDuration": re.compile(r"\tBilled Duration: (\d+(?:\.\d+)?) ms"),
    "@initDuration": re.compile(r"\tInit Duration: (\d+(?:\.\d+)?) ms"),
    "@memorySize": re.compile(r"\tMemory Size: (\d+) MB"),
    "@maxMemoryUsed": re.compile(r"\tMax Memory Used: (\d+) MB"),
}
_MEMORY = frozenset({"@memorySize", "@maxMemoryUsed"})


class Timestamp(int):
    """Epoch milliseconds that are shown as a date."""

    def __str__(self) -> str:
        try:
            moment = datetime.fromtimestamp(self // 1000, tz=UTC)
        except (OverflowError, ValueError, OSError):
            return str(int(self))
        return f"{moment:%Y-%m-%d %H:%M:%S}.{self % 1000:03}"


Value = str | int | float | bool | None


class Row:
    """An event, or a line of aggregates, with what the query has added to it."""

    __slots__ = ("_discovered", "_json", "event", "made", "shown")

    def __init__(self, event: LogEvent | None, index: int) -> None:
        self.event = event
        self.made: dict[str, Value] = {}
        self.shown: list[str] | None = None  # None: nothing was chosen, @timestamp and @message are shown
        self._discovered: dict[str, Value] | None = None
        self._json: Any = None
        if event is not None:
            self.made["@ptr"] = f"{event.log_stream}#{event.event_id or index}"

    def get(self, name: str) -> Value:
        """The value of a field, None where there is none."""
        if name in self.made:
            return self.made[name]
        if self.event is None:
            return None
        if self._discovered is None:
            self._discovered = _discover(self.event)
        if name in self._discovered:
            return self._discovered[name]
        return None if name.startswith("@") else self._from_json(name)

    def show(self, names: list[str]) -> None:
        """Add columns to what is shown."""
        self.shown = [*(self.shown or []), *(name for name in names if name not in (self.shown or []))]

    def _from_json(self, name: str) -> Value:
        assert self.event is not None
        if self._json is None:
            self._json = _object(self.event.message)
        value = self._json
        if name in value:
            return _plain(value[name])
        for part in name.split("."):
            if isinstance(value, dict) and part in value:
                value = value[part]
            elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            else:
                return None
        return _plain(value)


def _object(message: str) -> dict[str, Any]:
    if not message.lstrip().startswith("{"):
        return {}
    try:
        found, _ = json.JSONDecoder().raw_decode(message.lstrip())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _plain(value: Any) -> Value:
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"))
    if isinstance(value, bool):
        return int(value)
    return value if isinstance(value, str | int | float) else None


def _discover(event: LogEvent) -> dict[str, Value]:
    found: dict[str, Value] = {
        "@timestamp": Timestamp(event.timestamp_ms),
        "@ingestionTime": Timestamp(event.ingestion_ms),
        "@message": event.message,
        "@logStream": event.log_stream,
        "@log": event.log_group,
    }
    message = event.message
    match = _PLATFORM.match(message)
    if match is None:
        other = _OTHER_PLATFORM.match(message)
        if other is not None:
            found["@type"] = other["type"]
        logged = _RUNTIME_LOG.match(message)
        if logged is not None:
            found["@requestId"] = logged["id"]
        return found
    found["@type"] = match["type"]
    found["@requestId"] = match["id"]
    if match["type"] == "REPORT":
        for name, pattern in _NUMBERS.items():
            number = pattern.search(match["rest"])
            if number is not None:
                found[name] = _number(number[1]) * (_BYTES_PER_MB if name in _MEMORY else 1)
        xray = _XRAY.match(message, match.end())
        if xray is not None:
            found["@xrayTraceId"] = xray["trace"]
            if xray["segment"] is not None:
                found["@xraySegmentId"] = xray["segment"]
    return found


def _number(text: str) -> float | int:
    return int(text) if text.isdigit() else float(text)
