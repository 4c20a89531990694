"""The Lambda Runtime API for one execution environment, on a port of its own.

AWS docs, lambda/latest/dg/runtimes-api. The runtime asks for the next event, posts its answer, and asks again:
an invocation has ended when the runtime asks again, not when it answers.
"""

import contextlib
import socketserver
import threading
import time
from dataclasses import dataclass, field
from typing import Any

_PREFIX = "/2018-06-01/runtime/"


@dataclass(slots=True)
class Event:
    """One event for the runtime, and what became of it. Times are of `time.monotonic`."""

    request_id: str
    body: bytes
    headers: dict[str, str]
    given_at: float | None = None
    ended_at: float | None = None
    answer: bytes | None = None
    is_error: bool = False


@dataclass(slots=True)
class _Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)


class RuntimeApi:
    """Serves one runtime. ``changed`` is notified whenever something happened."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.waiting = False  # the runtime has asked for an event and has none
        self.first_asked_at: float | None = None
        self.init_error: bytes | None = None
        self._event: Event | None = None
        self._closed = False
        api = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self) -> None:
                with contextlib.suppress(ConnectionError, ValueError, OSError):
                    while (request := _read(self.rfile, self.wfile)) is not None:
                        self.wfile.write(api._answer(request))

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.5,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """For ``AWS_LAMBDA_RUNTIME_API``."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def give(self, event: Event) -> None:
        """Hand an event to the runtime, which must be waiting for one."""
        with self.changed:
            self._event = event
            self.waiting = False
            self.changed.notify_all()

    def close(self) -> None:
        """Stop serving."""
        with self.changed:
            self._closed = True
            self.changed.notify_all()
        threading.Thread(target=self._shut, daemon=True).start()

    def _shut(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: _Request) -> bytes:
        what = request.path.removeprefix(_PREFIX)
        if request.method == "GET" and what == "invocation/next":
            return self._next()
        with self.changed:
            if what == "init/error":
                self.init_error = request.body
            elif self._event is not None and what.startswith(f"invocation/{self._event.request_id}/"):
                self._event.answer = request.body
                self._event.is_error = what.endswith("/error")
            else:
                return _response(400, b'{"errorMessage":"unknown request id","errorType":"InvalidRequestID"}')
            self.changed.notify_all()
        return _response(202, b'{"status":"OK"}')

    def _next(self) -> bytes:
        now = time.monotonic()
        with self.changed:
            if self.first_asked_at is None:
                self.first_asked_at = now
            if self._event is not None:
                self._event.ended_at = now
                self._event = None
            self.waiting = True
            self.changed.notify_all()
            self.changed.wait_for(lambda: self._event is not None or self._closed)
            event: Event | None = self._event
            if event is None:
                raise ConnectionError("the environment is over")
            event.given_at = time.monotonic()
            return _response(200, event.body, event.headers)


def _read(rfile: Any, wfile: Any) -> _Request | None:
    line = rfile.readline(65536)
    if not line:
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := rfile.readline(1024 * 1024 + 65536)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _Request(method, path, headers, _chunks(rfile))
    return _Request(method, path, headers, rfile.read(int(headers.get("content-length", 0))))


def _chunks(rfile: Any) -> bytes:
    parts = []
    while size := int(rfile.readline(1024).split(b";")[0], 16):
        parts.append(rfile.read(size))
        rfile.readline(4)
    while rfile.readline(65536) not in (b"\r\n", b"\n", b""):
        pass
    return b"".join(parts)


def _response(status: int, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    reason = {200: "OK", 202: "Accepted", 400: "Bad Request"}[status]
    lines = [f"HTTP/1.1 {status} {reason}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
