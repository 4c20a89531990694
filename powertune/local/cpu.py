"""Holds an execution environment to its share of the CPU: memory size / 1769 of a core.

The token bucket is closed-loop: tokens are CPU seconds, they flow in at the rate of the share, and what the
process group's own clocks say it used flows out. While there are none, the whole group is stopped. A stop that
came late is made up for by a longer pause, so the error does not add up.

Lambda's share is there whenever the function wants it; here it may have to wait for a core that something else
has. What such a wait costs is counted: the tokens that flowed in meanwhile and found the bucket full. The time they
stand for is no part of the duration.
"""

import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum

from powertune.domain.function import MB_PER_VCPU
from powertune.local.processes import ProcessGroup

PERIOD_S = 0.02
"""The bucket holds one period's worth of tokens, as the kernel's own CPU quota would."""

_SHORTEST_NAP_S = 0.0005
_WATCH_S = 0.02


class CpuMethod(StrEnum):
    """How the CPU share is brought about."""

    TOKEN_BUCKET = "token-bucket"  # noqa: S105 - no password
    MODEL = "model"
    NONE = "none"


def default_method() -> CpuMethod:
    """The token bucket where processes can be stopped and continued, the model elsewhere."""
    return CpuMethod.MODEL if sys.platform == "win32" else CpuMethod.TOKEN_BUCKET


def cpu_share(memory_mb: int) -> float:
    """Cores that come with a memory size (AWS docs, lambda/latest/dg/configuration-memory)."""
    return memory_mb / MB_PER_VCPU


@dataclass(slots=True)
class _Governed:
    group: ProcessGroup
    share: float | None  # None: watched for its memory only
    memory_limit_bytes: int
    tokens_s: float
    cpu_s: float
    checked_at: float
    next_check: float
    stopped: bool = False
    peak_parallel: float = 0.0
    over_limit: bool = False
    delays_s: dict[str, float] = field(default_factory=dict)
    began_cpu_s: float = 0.0
    waited_s: float = 0.0
    lost_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How an invocation went.

    Whether it broke its memory limit, how many cores it used at most at any moment, how long it was kept from its
    share because other processes had the cores, and its CPU time.
    """

    over_limit: bool = False
    peak_parallel: float = 0.0
    lost_s: float = 0.0
    cpu_s: float = 0.0


class Governor:
    """One thread that holds every running invocation to its share and its memory limit.

    Args:
        cores: the machine's; a share of all of them or more needs no holding back.
        method: how.
    """

    def __init__(self, cores: float, method: CpuMethod) -> None:
        self._cores = cores
        self.method = method
        self._governed: dict[int, _Governed] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="powertune-governor", daemon=True)
        self._thread.start()

    def begin(self, group: ProcessGroup, memory_mb: int, *, hold: bool) -> None:
        """An invocation starts: from now on its group is held to its share, if ``hold``, and to its memory."""
        share = cpu_share(memory_mb)
        held = hold and self.method is CpuMethod.TOKEN_BUCKET and share < self._cores
        group.measure_peak()
        now = time.monotonic()
        entry = _Governed(
            group=group,
            share=share if held else None,
            memory_limit_bytes=memory_mb * 1024 * 1024 if hold else 1 << 62,
            # Half a bucket: what is left in it at the end is half a bucket on average too.
            tokens_s=share * PERIOD_S / 2,
            cpu_s=group.cpu_s(),
            checked_at=now,
            next_check=now + (min(PERIOD_S / 2, share * PERIOD_S / 2) if held else _WATCH_S),
            delays_s=group.run_delays_s() if hold else {},
        )
        entry.began_cpu_s = entry.cpu_s
        with self._changed:
            self._governed[group.pid] = entry
            self._changed.notify_all()

    def end(self, group: ProcessGroup) -> Held:
        """The invocation is over."""
        with self._changed:
            entry = self._governed.pop(group.pid, None)
            if entry is None:
                return Held()
            if entry.stopped:
                group.signal(signal.SIGCONT)
            self._settle(entry)
            return Held(
                over_limit=entry.over_limit,
                peak_parallel=entry.peak_parallel,
                lost_s=entry.lost_s,
                cpu_s=max(0.0, group.cpu_s() - entry.began_cpu_s),
            )

    def _settle(self, entry: _Governed) -> None:
        """Count what waiting cost since the last look."""
        if not entry.delays_s:
            return
        waited_s = _waited_s(entry)
        entry.waited_s += waited_s
        if entry.share is None:
            entry.lost_s += waited_s
            return
        now = time.monotonic()
        tokens_s = entry.tokens_s + entry.share * (now - entry.checked_at) - self._note_parallel(entry, now)
        # More than the half bucket that an invocation begins with is what it could not use any more.
        unused_s = max(0.0, tokens_s - entry.share * PERIOD_S / 2)
        entry.lost_s += min(entry.waited_s - entry.lost_s, unused_s / entry.share)

    def close(self) -> None:
        """Let everything run and stop governing."""
        with self._changed:
            self._closed = True
            for entry in self._governed.values():
                if entry.stopped:
                    entry.group.signal(signal.SIGCONT)
            self._governed.clear()
            self._changed.notify_all()

    def _loop(self) -> None:
        while True:
            with self._changed:
                while not self._governed and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                now = time.monotonic()
                for entry in self._governed.values():
                    if entry.next_check <= now:
                        self._check(entry, time.monotonic())
                soonest = min(entry.next_check for entry in self._governed.values())
                nap = max(_SHORTEST_NAP_S, soonest - time.monotonic())
                self._changed.wait(nap)

    def _check(self, entry: _Governed, now: float) -> None:
        if entry.group.resident_bytes() > entry.memory_limit_bytes:
            entry.over_limit = True
            entry.group.signal(signal.SIGKILL)
        if entry.share is None:
            self._note_parallel(entry, now)
            if entry.delays_s:
                waited_s = _waited_s(entry)
                entry.waited_s += waited_s
                entry.lost_s += waited_s
            entry.next_check = now + _WATCH_S
            return
        used_s = self._note_parallel(entry, now)
        bucket_s = entry.share * PERIOD_S
        tokens_s = entry.tokens_s + entry.share * (now - entry.checked_at) - used_s
        if entry.delays_s:
            waited_s = _waited_s(entry)
            entry.waited_s += waited_s
            entry.lost_s += min(waited_s, max(0.0, tokens_s - bucket_s) / entry.share)
        entry.tokens_s = min(bucket_s, tokens_s)
        entry.checked_at = now
        if entry.tokens_s <= 0:
            if not entry.stopped:
                entry.group.signal(signal.SIGSTOP)
                entry.stopped = True
            entry.next_check = now + (bucket_s - entry.tokens_s) / entry.share
        else:
            if entry.stopped:
                entry.group.signal(signal.SIGCONT)
                entry.stopped = False
            entry.next_check = now + min(PERIOD_S, entry.tokens_s / max(1.0, entry.peak_parallel))

    def _note_parallel(self, entry: _Governed, now: float) -> float:
        cpu_s = entry.group.cpu_s()
        used_s = max(0.0, cpu_s - entry.cpu_s)
        elapsed_s = now - entry.checked_at
        if elapsed_s > _SHORTEST_NAP_S and not entry.stopped:
            entry.peak_parallel = max(entry.peak_parallel, min(used_s / elapsed_s, self._cores))
        entry.cpu_s = cpu_s
        if entry.share is None:
            entry.checked_at = now
        return used_s


def _waited_s(entry: _Governed) -> float:
    """How long the thread that waited most was kept from running since the last look."""
    before, entry.delays_s = entry.delays_s, entry.group.run_delays_s() or entry.delays_s
    return max((delay - before.get(thread, 0.0) for thread, delay in entry.delays_s.items()), default=0.0)
