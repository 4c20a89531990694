"""One execution environment: a Python process with AWS's own runtime client, behind its Runtime API."""

import json
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powertune.local.facts import FunctionSpec
from powertune.local.output import Output
from powertune.local.processes import MB, ProcessGroup
from powertune.local.runtime_api import Event, RuntimeApi

INIT_TIMEOUT_S = 10
"""AWS docs, lambda/latest/dg/lambda-runtime-environment: init is cut off and run again within the invocation."""

_GRACE_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What every environment of an endpoint is started with."""

    python: Path
    search_path: tuple[Path, ...]
    endpoint_url: str
    daemon_address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an init or an invocation failed: the payload for the caller, and the type as AWS names it."""

    error_type: str
    payload: bytes
    status: str = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one invocation came to. ``duration_s`` is from the event's handing over to the next question."""

    payload: bytes
    failure: Failure | None
    duration_s: float
    usable: bool  # whether the environment can take another invocation


def failure(error_type: str, message: str, *, status: str = "error") -> Failure:
    """A failure with the payload that AWS gives for it."""
    payload = json.dumps({"errorMessage": message, "errorType": error_type}).encode()
    return Failure(error_type=error_type, payload=payload, status=status)


class Environment:
    """A process that can be initialised once and invoked one event at a time."""

    def __init__(self, spec: FunctionSpec, log_stream: str, launch: Launch) -> None:
        self.spec = spec
        self.log_stream = log_stream
        self.peak_parallel: float | None = None
        self.idle_since = time.monotonic()
        self.api = RuntimeApi()
        self.output = Output()
        self._closed = False
        self._process = subprocess.Popen(
            [str(launch.python), "-m", "awslambdaric", spec.handler],
            cwd=spec.code_dir,
            env=_variables(spec, log_stream, launch, self.api.address, self.output.frames_out),
            stdin=subprocess.DEVNULL,
            stdout=self.output.text_out,
            stderr=self.output.text_out,
            pass_fds=(self.output.frames_out,),
            start_new_session=True,
        )
        self.output.child_has_started()
        self.started_at = time.monotonic()
        self.group = ProcessGroup(self._process.pid)
        threading.Thread(target=self._await_exit, daemon=True).start()

    def initialise(self, timeout_s: float) -> tuple[float, Failure | None]:
        """Wait until the runtime asks for its first event: the seconds it took, and why it failed if it did."""
        api = self.api
        deadline = self.started_at + timeout_s
        with api.changed:
            while not (api.waiting or api.init_error is not None or self._exited):
                left = deadline - time.monotonic()
                if left <= 0:
                    return timeout_s, failure("Sandbox.Timedout", "init timed out", status="timeout")
                api.changed.wait(left)
            if api.waiting:
                assert api.first_asked_at is not None
                return api.first_asked_at - self.started_at, None
        seconds = time.monotonic() - self.started_at
        if api.init_error is not None:
            return seconds, Failure(error_type=_error_type(api.init_error), payload=api.init_error)
        return seconds, failure("Runtime.ExitError", f"Error: {self._exit_text()}")

    def invoke(self, event: Event, timeout_s: float) -> Ran:
        """Hand over an event and wait until the runtime asks for the next one, dies, or its time is up."""
        api = self.api
        began = time.monotonic()
        deadline = began + timeout_s
        api.give(event)
        with api.changed:
            while event.ended_at is None and not self._exited:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                api.changed.wait(left)
            ended_at, exited = event.ended_at, self._exited
        given_at = event.given_at or began
        if ended_at is not None:
            payload = event.answer or b"null"
            failed = Failure(error_type=_error_type(payload), payload=payload) if event.is_error else None
            return Ran(payload=payload, failure=failed, duration_s=ended_at - given_at, usable=True)
        if exited:
            text = f"RequestId: {event.request_id} Error: {self._exit_text()}"
            failed = failure("Runtime.ExitError", text)
            return Ran(payload=failed.payload, failure=failed, duration_s=time.monotonic() - given_at, usable=False)
        self.kill()
        text = f"RequestId: {event.request_id} Error: Task timed out after {self.spec.timeout_s:.2f} seconds"
        failed = failure("Sandbox.Timedout", text, status="timeout")
        return Ran(payload=failed.payload, failure=failed, duration_s=timeout_s, usable=False)

    def max_memory_used_mb(self) -> int:
        """The largest memory seen so far, in whole MB, at most the memory size."""
        return min(self.spec.memory_mb, -(-self.group.measure_peak() // MB))

    def kill(self) -> None:
        """End every process of the environment, stopped ones too."""
        self.group.signal(signal.SIGKILL)
        self._process.wait(_GRACE_S)

    def close(self) -> None:
        """End the environment. Safe to repeat."""
        if self._closed:
            return
        self._closed = True
        self.kill()
        self.api.close()
        self.output.close()

    @property
    def _exited(self) -> bool:
        return self._process.returncode is not None

    def _await_exit(self) -> None:
        self._process.wait()
        # Whatever the leader left running belongs to the environment and ends with it.
        self.group.signal(signal.SIGKILL)
        with self.api.changed:
            self.api.changed.notify_all()

    def _exit_text(self) -> str:
        code = self._process.returncode or 0
        if code < 0:
            name = {signal.SIGKILL: "killed", signal.SIGSEGV: "segmentation fault", signal.SIGTERM: "terminated"}
            return f"Runtime exited with error: signal: {name.get(signal.Signals(-code), signal.Signals(-code).name)}"
        if code == 0:
            return "Runtime exited without providing a reason"
        return f"Runtime exited with error: exit status {code}"


def _error_type(payload: bytes) -> str:
    try:
        body: Any = json.loads(payload)
        return str(body["errorType"])
    except (ValueError, KeyError, TypeError):
        return "Unhandled"


def _variables(spec: FunctionSpec, log_stream: str, launch: Launch, api: str, frames_fd: int) -> dict[str, str]:
    """A short list of our own, the function's variables, and nothing of the endpoint's.

    AWS docs, lambda/latest/dg/configuration-envvars, "Defined runtime environment variables".
    """
    variables = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        **spec.environment,
        "PYTHONPATH": ":".join(str(path) for path in (spec.code_dir, *launch.search_path)),
        "_HANDLER": spec.handler,
        "LAMBDA_TASK_ROOT": str(spec.code_dir),
        "LAMBDA_RUNTIME_DIR": str(launch.search_path[-1]) if launch.search_path else "",
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_ACCESS_KEY_ID": spec.account,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_ENDPOINT_URL": launch.endpoint_url,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "_LAMBDA_TELEMETRY_LOG_FD": str(frames_fd),
    }
    if launch.daemon_address is not None:
        host, _, port = launch.daemon_address.partition(":")
        variables |= {
            "AWS_XRAY_DAEMON_ADDRESS": launch.daemon_address,
            "_AWS_XRAY_DAEMON_ADDRESS": host,
            "_AWS_XRAY_DAEMON_PORT": port,
        }
    if spec.json_logs:
        variables["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
    if spec.application_log_level is not None:
        variables["AWS_LAMBDA_LOG_LEVEL"] = spec.application_log_level
    return variables
