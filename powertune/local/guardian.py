"""Kills what a dead endpoint leaves: a process of its own that outlives any death of the server.

Reads process group ids, one a line, from its standard input, first of all the scratch folder. When the input
ends, the server has gone, be it by kill -9: every group is killed and the folder removed.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path


class Guardian:
    """The server's side: tells the guarding process what to kill."""

    def __init__(self, scratch: Path) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            env={},
        )
        self._tell(str(scratch))

    def watch(self, group: int) -> None:
        """Kill this process group when the server dies."""
        self._tell(f"+{group}")

    def forget(self, group: int) -> None:
        """The group has ended: its id may be given to somebody else."""
        self._tell(f"-{group}")

    def close(self) -> None:
        """End the guard; it kills what is still there."""
        with self._lock:
            if self._process.stdin is not None and not self._process.stdin.closed:
                self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        with self._lock:
            assert self._process.stdin is not None
            if not self._process.stdin.closed:
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()


def _guard() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    scratch = sys.stdin.readline().rstrip("\n")
    groups: set[int] = set()
    for line in sys.stdin:
        if line.startswith("+"):
            groups.add(int(line[1:]))
        else:
            groups.discard(int(line[1:]))
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    _guard()
