"""Listens for the segments that functions send with the X-Ray SDK, as the X-Ray daemon does on Lambda."""

import contextlib
import socket
import threading

from powertune.local.xray_store import TraceStore

_MAX_DATAGRAM = 65_535


class XRayDaemon:
    """A UDP listener on 127.0.0.1. What it cannot read is dropped, as the daemon does."""

    def __init__(self, store: TraceStore) -> None:
        self._store = store
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def start(self) -> int:
        """Listen on a free port, and say which."""
        self._socket.bind(("127.0.0.1", 0))
        threading.Thread(target=self._listen, name="powertune-xray", daemon=True).start()
        port: int = self._socket.getsockname()[1]
        return port

    def stop(self) -> None:
        """Stop listening. Safe to repeat."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                datagram = self._socket.recv(_MAX_DATAGRAM)
            except OSError:
                return
            _, _, document = datagram.decode(errors="replace").partition("\n")
            with contextlib.suppress(ValueError):
                self._store.put_document(document)
