"""The processes of one execution environment: their CPU time, their memory, and signals for all of them.

The handler's process leads a session of its own; whatever it starts belongs to the same process group, and is
counted and stopped with it. On Linux the figures come from the kernel's clocks and /proc, elsewhere from psutil.
"""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

_LINUX = sys.platform == "linux"
_RESCAN_S = 0.1
_PAGE = os.sysconf("SC_PAGE_SIZE") if _LINUX else 4096
_TICKS = os.sysconf("SC_CLK_TCK") if _LINUX else 100
_CPUCLOCK_SCHED = 2
MB = 1024 * 1024


class ProcessGroup:
    """A process, its descendants, and their figures. CPU in seconds, memory in bytes."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._members = {pid}
        self._scanned_at = 0.0
        self._had_children = False
        self.peak_bytes = 0

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to every process of the group; no error if there is none any more."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def cpu_s(self) -> float:
        """CPU time used so far by the group, also by children that have ended."""
        self._rescan()
        total = sum(_clock_s(pid) for pid in self._members)
        return total + _waited_s(self.pid) if self._had_children else total

    def resident_bytes(self) -> int:
        """Memory resident at this moment; the largest ever seen is kept in ``peak_bytes``."""
        self._rescan()
        now = sum(_resident_bytes(pid) for pid in self._members)
        self.peak_bytes = max(self.peak_bytes, now)
        return now

    def measure_peak(self) -> int:
        """The high-water mark of the group's memory, as the kernel kept it for the leading process."""
        self.resident_bytes()
        self.peak_bytes = max(self.peak_bytes, _peak_bytes(self.pid))
        return self.peak_bytes

    def run_delay_s(self) -> float:
        """Time that the leading process's threads were ready to run and had to wait for a core."""
        return sum(self.run_delays_s().values())

    def run_delays_s(self) -> dict[str, float]:
        """The same by thread; empty off Linux."""
        delays: dict[str, float] = {}
        with contextlib.suppress(OSError, ValueError, IndexError):
            for path in Path(f"/proc/{self.pid}/task").iterdir():
                delays[path.name] = int((path / "schedstat").read_text().split()[1]) / 1e9
        return delays

    def _rescan(self) -> None:
        now = time.monotonic()
        if now - self._scanned_at < _RESCAN_S:
            return
        self._scanned_at = now
        found = {self.pid}
        pending = [self.pid]
        while pending:
            children = _children(pending.pop())
            pending.extend(children - found)
            found |= children
        self._members = found
        self._had_children = self._had_children or len(found) > 1


def _clock_s(pid: int) -> float:
    if not _LINUX:
        return _psutil_cpu_s(pid)
    try:
        # The kernel's clock id of another process's CPU time: see clock_getcpuclockid(3).
        return time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)
    except OSError:
        return 0.0


def _waited_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / _TICKS
    except (OSError, ValueError, IndexError):
        return 0.0


def _children(pid: int) -> set[int]:
    found: set[int] = set()
    if not _LINUX:
        return _psutil_children(pid)
    with contextlib.suppress(OSError, ValueError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found.update(int(child) for child in (task / "children").read_text().split())
    return found


def _resident_bytes(pid: int) -> int:
    if not _LINUX:
        return _psutil_resident_bytes(pid)
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def _peak_bytes(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return 0


def _psutil_cpu_s(pid: int) -> float:
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _psutil_children(pid: int) -> set[int]:
    import psutil

    try:
        return {child.pid for child in psutil.Process(pid).children()}
    except psutil.Error:
        return set()


def _psutil_resident_bytes(pid: int) -> int:
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
