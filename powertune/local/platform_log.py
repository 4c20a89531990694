"""The lines that Lambda itself writes around an invocation, in text and in JSON.

Forms: AWS docs, lambda/latest/dg/python-logging, lambda/latest/dg/lambda-runtime-environment and, for JSON,
lambda/latest/dg/telemetry-schema-reference. Which JSON records a system log level lets through:
lambda/latest/dg/monitoring-cloudwatchlogs-log-level.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from powertune.local.facts import FunctionSpec

TAIL_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The numbers of one invocation. ``init_ms`` is None unless the invocation carried a billed init."""

    request_id: str
    duration_ms: float
    init_ms: float | None
    memory_mb: int
    max_memory_used_mb: int
    status: str = "success"  # success, error or timeout
    error_type: str | None = None
    trace_id: str | None = None
    segment_id: str | None = None

    @property
    def billed_ms(self) -> int:
        """Duration plus init, rounded up; inits are billed since 2025-08-01 (AWS Compute Blog)."""
        hundredths = round(self.duration_ms * 100) + round((self.init_ms or 0.0) * 100)
        return max(1, -(-hundredths // 100))


def stream_name(spec: FunctionSpec, now_s: float) -> str:
    """A new log stream: date, version in brackets, environment; in a group of another name also the function.

    Both forms: AWS docs, lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.
    """
    day = datetime.fromtimestamp(now_s, tz=UTC).strftime("%Y/%m/%d")
    environment = secrets.token_hex(16)
    if spec.log_group == f"/aws/lambda/{spec.name}":
        return f"{day}/[{spec.version}]{environment}"
    return f"{day}/{spec.name}[{spec.version}][{environment}]"


class PlatformLog:
    """Writes for one function, in its log format and at its system log level."""

    def __init__(self, spec: FunctionSpec) -> None:
        self._json = spec.json_logs
        self._level = spec.system_log_level or "INFO"
        self._version = spec.version
        self._runtime = spec.runtime

    def init_start(self, now_s: float) -> list[str]:
        """The first line of an environment."""
        if not self._json:
            return [f"INIT_START Runtime Version: {self._runtime}.powertune\tRuntime Version ARN: local"]
        record = {"initializationType": "on-demand", "phase": "init", "runtimeVersion": f"{self._runtime}.powertune"}
        return self._record(now_s, "platform.initStart", record, "INFO")

    def init_report(self, now_s: float, init_ms: float, phase: str, status: str, error_type: str) -> list[str]:
        """The line of an init that failed."""
        if not self._json:
            text = f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: {phase}\tStatus: {status}"
            return [f"{text}\tError Type: {error_type}"]
        record = {
            "initializationType": "on-demand",
            "phase": phase,
            "status": status,
            "errorType": error_type,
            "metrics": {"durationMs": round(init_ms, 3)},
        }
        return self._record(now_s, "platform.initReport", record, "WARN")

    def start(self, now_s: float, request_id: str) -> list[str]:
        """The line before the function's own."""
        if not self._json:
            return [f"START RequestId: {request_id} Version: {self._version}"]
        record = {"requestId": request_id, "version": self._version}
        return self._record(now_s, "platform.start", record, "INFO")

    def end(self, now_s: float, report: Report, error_text: str | None) -> list[str]:
        """The lines after the function's own: error, END, REPORT."""
        if not self._json:
            error = [error_text] if error_text else []
            return [*error, f"END RequestId: {report.request_id}", _report_text(report)]
        level = "INFO" if report.status == "success" else "WARN"
        return self._record(now_s, "platform.report", _report_record(report), level)

    def _record(self, now_s: float, kind: str, record: dict[str, Any], level: str) -> list[str]:
        ranks = {"DEBUG": 0, "INFO": 1, "WARN": 2}
        if ranks[level] < ranks[self._level]:
            return []
        moment = datetime.fromtimestamp(now_s, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return [json.dumps({"time": moment, "type": kind, "record": record}, separators=(",", ":"))]


def _report_text(report: Report) -> str:
    fields = [
        f"REPORT RequestId: {report.request_id}",
        f"Duration: {report.duration_ms:.2f} ms",
        f"Billed Duration: {report.billed_ms} ms",
        f"Memory Size: {report.memory_mb} MB",
        f"Max Memory Used: {report.max_memory_used_mb} MB",
    ]
    if report.init_ms is not None:
        fields.append(f"Init Duration: {report.init_ms:.2f} ms")
    if report.status != "success":
        fields.append(f"Status: {report.status}")
    if report.error_type is not None:
        fields.append(f"Error Type: {report.error_type}")
    text = "\t".join(fields) + "\t"
    if report.trace_id is not None:
        text += f"\nXRAY TraceId: {report.trace_id}\tSegmentId: {report.segment_id}\tSampled: true\t"
    return text


def _report_record(report: Report) -> dict[str, Any]:
    metrics: dict[str, Any] = {
        "durationMs": round(report.duration_ms, 2),
        "billedDurationMs": report.billed_ms,
        "memorySizeMB": report.memory_mb,
        "maxMemoryUsedMB": report.max_memory_used_mb,
    }
    if report.init_ms is not None:
        metrics["initDurationMs"] = round(report.init_ms, 2)
    record: dict[str, Any] = {"requestId": report.request_id, "metrics": metrics, "status": report.status}
    if report.error_type is not None:
        record["errorType"] = report.error_type
    if report.trace_id is not None:
        header = f"Root={report.trace_id};Parent={report.segment_id};Sampled=1"
        record["tracing"] = {"spanId": report.segment_id, "type": "X-Amzn-Trace-Id", "value": header}
    return record


def tail(lines: list[str]) -> bytes:
    """The last 4 KB of an invocation's log, as Invoke returns it."""
    return "".join(line + "\n" for line in lines).encode()[-TAIL_BYTES:]
