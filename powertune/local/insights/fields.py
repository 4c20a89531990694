"""The fields that Logs Insights discovers in an event.

AWS docs, AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields: for Lambda's text records, and, for
JSON, the leaves of the first object in the message, named by dots and positions.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from powertune.local.facts import LogEvent
from powertune.local.insights.values import Timestamp, Value

ACCOUNT = "000000000000"
"""The embedded endpoint's account: ``@log`` is account and group (AWS docs, same page)."""

MAX_JSON_FIELDS = 200
"""AWS docs, same page."""

DEFAULT_COLUMNS = ("@timestamp", "@message")
"""What is shown of an event when nothing was chosen (AWS docs, CWL_QuerySyntax, filter)."""

_BYTES_PER_MB = 1_000_000
"""AWS's own sample divides @memorySize by 1000 twice to get MB."""

_MOST_BRACES = 50  # places of a message at which its JSON is looked for
_ID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_PLATFORM = re.compile(rf"(?P<type>START|END|REPORT) RequestId: (?P<id>{_ID})(?=\s|$)(?P<rest>[^\n]*)")
_OTHER_PLATFORM = re.compile(r"(?P<type>INIT_START|INIT_REPORT|RESTORE_START|RESTORE_REPORT|EXTENSION)\b")
_RUNTIME_LOG = re.compile(rf"\[[A-Z]+\]\t[^\t]*\t(?P<id>{_ID})\t")
_XRAY = re.compile(r"\nXRAY TraceId: (?P<trace>1-[0-9a-f]{8}-[0-9a-f]{24})(?:\tSegmentId: (?P<segment>[0-9a-f]{16}))?")
_NUMBERS = {
    "@duration": re.compile(r"\tDuration: (\d+(?:\.\d+)?) ms", re.ASCII),
    "@billedDuration": re.compile(r"\tBilled Duration: (\d+(?:\.\d+)?) ms", re.ASCII),
    "@initDuration": re.compile(r"\tInit Duration: (\d+(?:\.\d+)?) ms", re.ASCII),
    "@memorySize": re.compile(r"\tMemory Size: (\d+) MB", re.ASCII),
    "@maxMemoryUsed": re.compile(r"\tMax Memory Used: (\d+) MB", re.ASCII),
}
_MEMORY = frozenset({"@memorySize", "@maxMemoryUsed"})


class Row:
    """An event, or a line of aggregates, with what the query has added to it."""

    __slots__ = ("_discovered", "_from_json", "_parsed", "event", "made", "shown")

    def __init__(self, event: LogEvent | None, index: int) -> None:
        self.event = event
        self.made: dict[str, Value] = {}
        self.shown: list[str] | None = None  # None: nothing was chosen yet
        self._parsed: list[str] = []
        self._discovered: dict[str, Value] | None = None
        self._from_json: dict[str, Value] | None = None
        if event is not None:
            self.made["@ptr"] = f"{event.log_stream}#{event.event_id}#{index}"

    def get(self, name: str) -> Value:
        """The value of a field, None where there is none."""
        if name in self.made:
            return self.made[name]
        if self.event is None:
            return None
        if name.startswith("@") and not name.startswith("@@"):
            if self._discovered is None:
                self._discovered = _discover(self.event)
            return self._discovered.get(name)
        if self._from_json is None:
            self._from_json = _json_fields(self.event.message)
        return self._from_json.get(name)

    def choose(self, names: Sequence[str], *, only: bool) -> None:
        """Show columns: these besides what was chosen or parsed before, or these only."""
        before = [] if only else self._parsed if self.shown is None else self.shown
        self.shown = list(dict.fromkeys([*before, *names]))

    def parsed(self, names: Sequence[str]) -> None:
        """Show columns that parse made, which choose nothing: the default ones stay until fields or display."""
        if self.shown is None:
            self._parsed = list(dict.fromkeys([*self._parsed, *names]))
        else:
            self.choose(names, only=False)

    def columns(self) -> list[str]:
        """The columns in their order; for an event, ``@ptr`` last."""
        names = self.shown if self.shown is not None else [*DEFAULT_COLUMNS, *self._parsed]
        return names if self.event is None else [*(name for name in names if name != "@ptr"), "@ptr"]


def _json_fields(message: str) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, value in _leaves(_first_object(message)):
        found.setdefault(name, value)
        if len(found) == MAX_JSON_FIELDS:
            break
    return found


def _first_object(message: str) -> dict[str, Any]:
    decoder = json.JSONDecoder()
    at = message.find("{")
    for _ in range(_MOST_BRACES):
        if at < 0:
            break
        try:
            found, _end = decoder.raw_decode(message, at)
        except (ValueError, RecursionError):
            at = message.find("{", at + 1)
            continue
        return found if isinstance(found, dict) else {}
    return {}


def _leaves(document: dict[str, Any]) -> Iterator[tuple[str, Value]]:
    """Every value that is neither object, list nor null. A key that begins with @ is shown with one more."""
    pending: list[tuple[str, Any]] = [
        (f"@{key}" if key.startswith("@") else key, value) for key, value in reversed(document.items())
    ]
    while pending:
        name, value = pending.pop()
        if isinstance(value, dict):
            pending.extend((f"{name}.{key}", inner) for key, inner in reversed(value.items()))
        elif isinstance(value, list):
            pending.extend((f"{name}.{place}", value[place]) for place in reversed(range(len(value))))
        elif isinstance(value, bool):
            yield name, int(value)
        elif isinstance(value, str | int | float):
            yield name, value


def _discover(event: LogEvent) -> dict[str, Value]:
    found: dict[str, Value] = {
        "@timestamp": Timestamp(event.timestamp_ms),
        "@ingestionTime": Timestamp(event.ingestion_ms),
        "@message": event.message,
        "@logStream": event.log_stream,
        "@log": event.log_group if ":" in event.log_group else f"{ACCOUNT}:{event.log_group}",
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
                found[name] = float(number[1]) * (_BYTES_PER_MB if name in _MEMORY else 1)
        xray = _XRAY.match(message, match.end())
        if xray is not None:
            found["@xrayTraceId"] = xray["trace"]
            if xray["segment"] is not None:
                found["@xraySegmentId"] = xray["segment"]
    return found
