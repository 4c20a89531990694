"""Collects what the processes of an environment print and log, line by line, with the time of arrival."""

import os
import select
import threading
import time

_FRAME_HEADER = 16
_FRAME_MAGIC = b"\xa5\x5a"
_CHUNK = 65536
_MAX_LINE = 256 * 1024
"""Largest log event (AWS docs, AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl)."""


class Output:
    """Two pipes: plain text for what is printed, framed messages for what the runtime logs.

    A framed message stays one event, whatever line breaks it has (AWS docs, lambda/latest/dg/runtimes-logs-api).
    """

    def __init__(self) -> None:
        self._text_in, self.text_out = os.pipe()
        self._frames_in, self.frames_out = os.pipe()
        self._wake_in, self._wake_out = os.pipe()
        for fd in (self._text_in, self._frames_in):
            os.set_blocking(fd, False)
        self._lock = threading.Lock()
        self._buffers = {self._text_in: b"", self._frames_in: b""}
        self._lines: list[tuple[int, str]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def child_has_started(self) -> None:
        """Close our copies of the child's ends."""
        os.close(self.text_out)
        os.close(self.frames_out)

    def take(self) -> list[tuple[int, str]]:
        """Everything that has arrived since the last call: (epoch ms, text)."""
        with self._lock:
            if not self._over.is_set():
                for fd in self._buffers:
                    self._drain(fd)
            rest = self._buffers[self._text_in]
            if rest:
                self._add(rest)
                self._buffers[self._text_in] = b""
            lines, self._lines = self._lines, []
        return lines

    def close(self) -> None:
        """Stop collecting."""
        with self._lock:
            if self._over.is_set():
                return
            self._over.set()
        os.write(self._wake_out, b"x")
        self._thread.join()
        for fd in (self._text_in, self._frames_in, self._wake_in, self._wake_out):
            os.close(fd)

    def _follow(self) -> None:
        # Not select(): with many environments the numbers of file descriptors pass its limit of 1024.
        poll = select.poll()
        for fd in (self._text_in, self._frames_in, self._wake_in):
            poll.register(fd, select.POLLIN)
        while not self._over.is_set():
            ready = {fd for fd, _ in poll.poll()}
            with self._lock:
                if self._over.is_set():
                    return
                ended = {fd for fd in ready if fd != self._wake_in and not self._drain(fd)}
            for fd in ended:
                poll.unregister(fd)

    def _drain(self, fd: int) -> bool:
        """Read what there is; False once the other side is closed."""
        while True:
            try:
                data = os.read(fd, _CHUNK)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not data:
                return False
            self._buffers[fd] += data
            if fd == self._text_in:
                self._split_lines()
            else:
                self._split_frames()

    def _split_lines(self) -> None:
        *lines, rest = self._buffers[self._text_in].split(b"\n")
        self._buffers[self._text_in] = rest
        for line in lines:
            self._add(line)

    def _split_frames(self) -> None:
        buffer = self._buffers[self._frames_in]
        while len(buffer) >= _FRAME_HEADER and buffer.startswith(_FRAME_MAGIC):
            size = int.from_bytes(buffer[4:8], "big")
            if len(buffer) < _FRAME_HEADER + size:
                break
            self._add(buffer[_FRAME_HEADER : _FRAME_HEADER + size].rstrip(b"\n"))
            buffer = buffer[_FRAME_HEADER + size :]
        self._buffers[self._frames_in] = buffer

    def _add(self, line: bytes) -> None:
        if line:
            self._lines.append((time.time_ns() // 1_000_000, line[:_MAX_LINE].decode(errors="replace")))
