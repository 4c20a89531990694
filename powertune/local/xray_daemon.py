"""Listens for the segments that functions send with the X-Ray SDK, as the X-Ray daemon does on Lambda.

A datagram is a line of JSON, ``{"format": "json", "version": 1}``, and the document (AWS docs,
xray/latest/devguide/xray-api-sendingdata).
"""

import contextlib
import json
import socket
import threading

from powertune.local.xray_store import TraceStore

_MAX_DATAGRAM = 65_535
_LOOK_UP_S = 0.2


class XRayDaemon:
    """A UDP listener on 127.0.0.1. What it cannot read is dropped, as the daemon does."""

    def __init__(self, store: TraceStore) -> None:
        self._store = store
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # Closing a socket does not wake a thread that waits on it: it looks up by itself.
        self._socket.settimeout(_LOOK_UP_S)

    def start(self) -> int:
        """Listen on a free port, and say which."""
        self._socket.bind(("127.0.0.1", 0))
        port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, name="powertune-xray", daemon=True)
        self._thread.start()
        return port

    def stop(self) -> None:
        """Stop listening; what arrived before is in the store. Safe to repeat."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                datagram = self._socket.recv(_MAX_DATAGRAM)
            except TimeoutError:
                if self._stopped.is_set():
                    return
                continue
            except OSError:
                return
            header, _, document = datagram.decode(errors="replace").partition("\n")
            if _is_header(header):
                with contextlib.suppress(ValueError):
                    self._store.put_document(document)


def _is_header(text: str) -> bool:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and header.get("format") == "json" and header.get("version") == 1
