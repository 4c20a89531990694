"""Keeps the machine's cores awake while functions run.

A core that dozed between two invocations, or whose virtual machine was set aside meanwhile, is slow to come back: the
same work was seen to take half as much CPU time again. So a process of idle priority turns on each core as long as
invocations follow one another. The kernel gives it only what nobody else wants (sched(7), SCHED_IDLE).
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_LINGER_S = 1.0
_TURN = """
import os
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
try:
    # Sessions share the cores as equals, whatever the priorities inside them: sched(7), "The autogroup feature".
    with open("/proc/self/autogroup", "w") as file:
        file.write("19")
except OSError:
    pass
while True:
    pass
"""


class Waker:
    """Processes that turn while there is an invocation, and for a second after it.

    Args:
        watch: told the process group of each, to be killed when this process dies.
    """

    def __init__(self, watch: Callable[[int], None]) -> None:
        self._watch = watch
        self._processes: list[subprocess.Popen[bytes]] | None = None
        self._active = 0
        self._turning = False
        self._over = False
        self._changed = threading.Condition()

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Within the block the cores are kept awake."""
        with self._changed:
            self._active += 1
            if not self._turning and not self._over:
                self._turn(signal.SIGCONT)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._active -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """End the processes. Safe to repeat."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
            processes, self._processes = self._processes or [], []
        for process in processes:
            process.kill()
            process.wait()

    def _turn(self, number: signal.Signals) -> None:
        if self._processes is None:
            self._processes = [self._start() for _ in range(os.cpu_count() or 1)] if _may_turn() else []
            if self._processes:
                threading.Thread(target=self._doze, name="powertune-waker", daemon=True).start()
        self._turning = number == signal.SIGCONT
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _TURN], stdin=subprocess.DEVNULL, start_new_session=True, env={}
        )
        self._watch(process.pid)
        return process

    def _doze(self) -> None:
        """Stop the processes once nothing has run for a while."""
        with self._changed:
            while not self._over:
                if self._active or not self._turning:
                    self._changed.wait()
                elif not self._changed.wait(_LINGER_S) and not self._active:
                    self._turn(signal.SIGSTOP)


def _may_turn() -> bool:
    """Whether idle time is free here: where a container's CPU time is rationed, turning would use up the ration."""
    return hasattr(os, "SCHED_IDLE") and not any(_rationed(path) for path in _quota_files())


def _quota_files() -> Iterator[Path]:
    root = Path("/sys/fs/cgroup")
    yield root / "cpu.max"
    yield root / "cpu" / "cpu.cfs_quota_us"
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            yield root / line.rpartition(":")[2].lstrip("/") / "cpu.max"


def _rationed(path: Path) -> bool:
    try:
        quota = path.read_text().split()[0]
    except (OSError, IndexError):
        return False
    return quota not in ("max", "-1")
