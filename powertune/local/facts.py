"""What the parts of the embedded endpoint tell each other."""

from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
"""The only address that anything of the endpoint listens on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """One event of a log stream. Times are epoch milliseconds."""

    timestamp_ms: int
    message: str
    log_group: str
    log_stream: str
    ingestion_ms: int
    event_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSpec:
    """One published version (or ``$LATEST``) of a function, as an execution environment needs it."""

    name: str
    function_arn: str  # unqualified
    version: str
    revision: str  # changes whenever code or configuration changed: environments are not shared across it
    handler: str
    runtime: str
    memory_mb: int
    timeout_s: int
    code_dir: Path
    environment: dict[str, str] = field(default_factory=dict)
    log_group: str
    json_logs: bool = False
    application_log_level: str | None = None
    system_log_level: str | None = None
    tracing_active: bool = False
    is_task: bool = False  # one of powertune's own task functions: neither throttled nor admitted
    region: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationFacts:
    """A finished invocation as the platform saw it. ``*_s`` are epoch seconds."""

    spec: FunctionSpec
    request_id: str
    trace_id: str | None  # 1-xxxxxxxx-…, None when not traced
    parent_id: str | None  # the caller's segment, from the trace header
    sampled: bool
    segment_id: str | None  # id of the AWS::Lambda::Function segment, the one on the REPORT line's XRAY part
    received_s: float  # the request reached the service
    init_started_s: float | None  # only for a cold start
    init_ended_s: float | None
    started_s: float  # the handler was given the event
    ended_s: float  # the runtime asked for the next event
    error_type: str | None
    error_message: str | None
