"""Lets an invocation run only while there are cores for it, so that samples do not starve each other.

First come, first served: whoever waits longest is next, even if a smaller demand behind it would fit. Otherwise
a stream of small invocations could keep a large one out for ever.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

_ROUNDING = 1e-9


class Admission:
    """Shares out so many cores.

    Args:
        cores: how many there are. A demand for more is taken as a demand for all.
    """

    def __init__(self, cores: float) -> None:
        self.cores = cores
        self._free = cores
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def admitted(self, demand: float) -> Iterator[None]:
        """Wait for so many cores, and hold them while the block runs. A demand of 0 never waits."""
        demand = min(demand, self.cores)
        if demand <= 0:
            yield
            return
        self._acquire(demand)
        try:
            yield
        finally:
            with self._changed:
                self._free += demand
                self._changed.notify_all()

    def _acquire(self, demand: float) -> None:
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                while self._waiting[0] is not ticket or self._free + _ROUNDING < demand:
                    self._changed.wait()
                self._free -= demand
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
