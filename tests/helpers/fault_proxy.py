"""A proxy on 127.0.0.1 between powertune and the embedded endpoint: it numbers every AWS call and may spoil it.

``fault(call, forward)`` is asked for every call, in the order in which they come. It returns what is answered, as
(status, headers, body), or `CUT`, or `SILENCE`. ``forward()`` sends the call on, and gives the endpoint's answer.
"""

import contextlib
import http.client
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fault_calls import call_of

CUT = "cut"
"""The connection ends without an answer."""

SILENCE = "silence"
"""Nothing comes, until the caller gives up."""

_HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "expect", "te", "upgrade"}
_LONGEST_SILENCE_S = 30
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: the connection is reset, not closed in order


class Proxy:
    """Two ports, so that calls from the terminal can be told from those of the state machine's tasks."""

    def __init__(self, url, *, refusal=lambda call: None):
        self.refusal = refusal  # what AWS would refuse and the endpoint does not: the answer, or None
        self._upstream = url.rpartition("//")[2]
        self._lock = threading.Lock()
        self._servers = {}
        self.reset()
        for origin in ("terminal", "tasks"):
            server = _Server(self, origin)
            self._servers[origin] = server
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 60}, daemon=True).start()

    def reset(self, fault=None):
        """Begin to count anew."""
        with self._lock:
            self.calls = []
            self.fault = fault or (lambda call, forward: forward())
            self.under_way = 0
            self.last_s = time.monotonic()

    def url(self, origin):
        return f"http://127.0.0.1:{self._servers[origin].server_address[1]}"

    def port(self, origin):
        return self._servers[origin].server_address[1]

    def quiet_for(self):
        """Seconds without a call."""
        with self._lock:
            return 0.0 if self.under_way else time.monotonic() - self.last_s

    def close(self):
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def take(self, call):
        with self._lock:
            call.number = len(self.calls)
            self.calls.append(call)
            self.under_way += 1
            return self.fault

    def done(self):
        with self._lock:
            self.under_way = max(0, self.under_way - 1)
            self.last_s = time.monotonic()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, proxy, origin):
        self.proxy = proxy
        self.origin = origin
        super().__init__(("127.0.0.1", 0), _Handler)

    def shutdown(self):
        self._BaseServer__shutdown_request = True  # serve_forever looks once a minute, and it is a daemon's thread
        self.socket.close()

    def handle_error(self, request, client_address):
        pass  # whoever called is dead, or was cut off


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.upstream = None

    def finish(self):
        if self.upstream is not None:
            self.upstream.close()
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *_):
        pass

    def handle_any(self):
        proxy = self.server.proxy
        body = self._body()
        call = call_of(self.command, self.path, dict(self.headers.items()), body)
        call.origin = self.server.origin
        call.client_port = self.client_address[1]
        fault = proxy.take(call)
        try:
            answer = fault(call, lambda: self._forwarded(call, body))
            if answer is SILENCE:
                self._silence()
                answer = CUT
            if answer is CUT:
                self.close_connection = True
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                self.connection.close()
                return
            self._give(*answer)
        finally:
            proxy.done()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = handle_any

    def _body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _forwarded(self, call, body):
        if self.upstream is None:
            self.upstream = http.client.HTTPConnection(self.server.proxy._upstream, timeout=120)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        headers["Content-Length"] = str(len(body))
        refused = self.server.proxy.refusal(call)
        if refused is not None:
            return refused
        call.forwarded = True
        self.upstream.request(self.command, self.path, body=body, headers=headers)
        response = self.upstream.getresponse()
        answered = response.read()
        call.status = response.status
        kept = {name: value for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP}
        return response.status, kept, answered

    def _give(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        length = headers.get("Content-Length") or headers.get("content-length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _silence(self):
        """Wait until the caller closes."""
        self.connection.settimeout(_LONGEST_SILENCE_S)
        with contextlib.suppress(OSError):
            while self.connection.recv(1024):
                pass
