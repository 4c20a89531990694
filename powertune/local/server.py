"""The endpoint's own process: MiniStack behind hypercorn, with powertune's services in it.

Started by `powertune.local.endpoint`, which holds this process's standard input: when that closes, whatever
happened to the other side, the endpoint ends and takes everything with it.
"""

import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from powertune.local.facts import HOST, FunctionSpec, LogEvent
from powertune.workflow.package import TASK_HANDLERS

_FILES = 65_536
_OWN = "powertune/"


def main() -> None:
    """Serve until standard input closes. Settings come as one line of JSON on standard input."""
    settings = json.loads(sys.stdin.readline())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _allow_many_files()
    scratch = Path(tempfile.mkdtemp(prefix="powertune-"))
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, settings["port"]))
        listener.listen(256)
        _set_environment(scratch, listener.getsockname()[1], settings["region"])
        asyncio.run(_serve(listener, scratch, settings))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _allow_many_files() -> None:
    """An environment takes about ten file descriptors; the usual soft limit of 1024 is soon reached."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _set_environment(scratch: Path, port: int, region: str) -> None:
    """MiniStack reads its settings from the environment when it is imported."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "MINISTACK_", "LAMBDA_", "S3_", "SFN_"))]:
        del os.environ[name]
    os.environ.update(
        {
            "TMPDIR": str(scratch),
            "GATEWAY_PORT": str(port),
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "MINISTACK_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "ERROR",
            "S3_DATA_DIR": str(scratch / "s3"),
        }
    )
    tempfile.tempdir = str(scratch)


def _end_with_clients() -> None:
    """Let go of a connection when its client does.

    hypercorn 0.18 holds it until its keep-alive time is over, so that the clients of an afternoon would use up what
    files a process may open.
    """
    from hypercorn.asyncio.tcp_server import TCPServer

    read_data = TCPServer._read_data

    async def read_to_the_end(self: Any) -> None:
        await read_data(self)
        await self.idle_task.stop()

    TCPServer._read_data = read_to_the_end


async def _serve(listener: socket.socket, scratch: Path, settings: dict[str, Any]) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app

    from powertune.local import seams
    from powertune.local.lambda_service import LambdaService
    from powertune.local.logs_service import InsightsService
    from powertune.local.xray_daemon import XRayDaemon
    from powertune.local.xray_service import handle
    from powertune.local.xray_store import TraceStore

    logs, traces = seams.Logs(), TraceStore()
    daemon = XRayDaemon(traces)
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    service = LambdaService(
        python=Path(settings["handler_python"]),
        task_python=Path(sys.executable),
        handler_path=tuple(Path(path) for path in settings["handler_path"]),
        scratch=scratch,
        write_logs=logs.write,
        record=traces.record,
        daemon_address=f"{HOST}:{daemon.start()}",
        endpoint_url=url,
    )

    async def fetch(group: str, start_ms: int, end_ms: int) -> list[LogEvent] | None:
        events = await logs.events(group, start_ms, end_ms)
        return None if events is None else [_log_event(group, event) for event in events]

    code = _Code(scratch / "code")

    def execute(func: dict[str, Any], event: Any, request_id: str, trace_header: str | None) -> seams.Executed:
        config = func.get("config") or func
        outcome = service.invoke(
            code.spec(func, config),
            json.dumps(event, ensure_ascii=False).encode(),
            request_id=request_id,
            invoked_arn=config["FunctionArn"],
            trace_header=trace_header,
        )
        return seams.Executed(
            payload=json.loads(outcome.payload or b"null"),
            is_error=outcome.function_error,
            log_tail=outcome.log_tail.decode(errors="replace"),
            trace_header=outcome.trace_header,
        )

    _end_with_clients()
    seams.install(execute=execute, queries=InsightsService(fetch).handle, xray=handle(traces))
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.graceful_timeout = 0.1
    config.errorlog = None
    config.keep_alive_timeout = 600
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    loop.run_in_executor(None, _wait_for_end, loop, over)
    ready = {"url": url, "cpu_method": str(service.cpu_method), "cores": os.cpu_count()}
    loop.call_later(0.01, lambda: print(json.dumps(ready), flush=True))  # noqa: T201 - the other side waits for it
    try:
        await serve(seams.with_request_ids(app.app), config, shutdown_trigger=over.wait)
    finally:
        service.close()
        daemon.stop()
        # Threads of MiniStack may still wait for invocations; there is nothing to wait for any more.
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(0)


def _wait_for_end(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    loop.call_soon_threadsafe(over.set)


def _log_event(group: str, event: dict[str, Any]) -> LogEvent:
    return LogEvent(
        timestamp_ms=event["timestamp"],
        message=event["message"],
        log_group=group,
        log_stream=event["logStreamName"],
        ingestion_ms=event.get("ingestionTime", event["timestamp"]),
        event_id=str(event.get("eventId", "")),
    )


class _Code:
    """Unpacks each code package once, and describes functions to the Lambda service."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def spec(self, func: dict[str, Any], config: dict[str, Any]) -> FunctionSpec:
        logging = config.get("LoggingConfig") or {}
        parts = config["FunctionArn"].split(":")
        return FunctionSpec(
            name=config["FunctionName"],
            function_arn=":".join(parts[:7]),
            version=config["Version"],
            revision=config["RevisionId"],
            handler=config["Handler"],
            runtime=config["Runtime"],
            memory_mb=config["MemorySize"],
            timeout_s=config["Timeout"],
            code_dir=self._unpacked(func["code_zip"], config["CodeSha256"], is_task=config["Handler"] in TASK_HANDLERS),
            environment=(config.get("Environment") or {}).get("Variables") or {},
            log_group=logging.get("LogGroup") or f"/aws/lambda/{config['FunctionName']}",
            json_logs=logging.get("LogFormat") == "JSON",
            application_log_level=logging.get("ApplicationLogLevel"),
            system_log_level=logging.get("SystemLogLevel"),
            tracing_active=(config.get("TracingConfig") or {}).get("Mode") == "Active",
            is_task=config["Handler"] in TASK_HANDLERS,
            region=parts[3],
            account=parts[4],
        )

    def _unpacked(self, code: bytes, sha256: str, *, is_task: bool) -> Path:
        folder = self._folder / "".join(c for c in sha256 if c.isalnum())
        if not folder.is_dir():
            self._folder.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(dir=self._folder))
            with zipfile.ZipFile(BytesIO(code)) as archive:
                # A task function runs with this interpreter and its packages: those in the zip are for Lambda's.
                names = archive.namelist()
                archive.extractall(partial, [name for name in names if name.startswith(_OWN)] if is_task else names)
            try:
                partial.rename(folder)
            except OSError:  # another thread was quicker
                shutil.rmtree(partial)
        return folder


if __name__ == "__main__":
    main()
