"""Time as something that can be passed in, and how far this machine's is from AWS's."""

import threading
import time
from email.utils import parsedate_to_datetime
from typing import Protocol


class Clock(Protocol):
    """Wall clock and sleep."""

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        time.sleep(seconds)


_UNCERTAIN_MS = 5_000
"""A Date is to the second, and an answer is under way for a while: less than this may be nothing."""

_HALF_A_SECOND_MS = 500


class ClockDifference:
    """How far this machine's clock is ahead of AWS's, by the Date of its answers (RFC 9110, section 6.6.1).

    Records in CloudWatch have AWS's time, and what a run writes down has this machine's. For several threads at once.

    Args:
        clock: this machine's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None

    def note(self, date: str | None) -> None:
        """Take the Date of an answer that came just now; nothing where it says none."""
        now_ms = self._clock.now_ms()
        try:
            answered_ms = int(parsedate_to_datetime(date or "").timestamp() * 1000) + _HALF_A_SECOND_MS
        except (ValueError, TypeError, OverflowError, OSError):
            return
        ahead_ms = now_ms - answered_ms
        with self._lock:
            least, most = self._seen or (ahead_ms, ahead_ms)
            self._seen = min(least, ahead_ms), max(most, ahead_ms)

    @property
    def ahead_ms(self) -> tuple[int, int]:
        """The least and the most so far, negative where this machine's clock is behind; 0 for what may be nothing.

        They differ where a clock was set right half-way.
        """
        with self._lock:
            least, most = self._seen or (0, 0)
        return (0 if abs(least) < _UNCERTAIN_MS else least), (0 if abs(most) < _UNCERTAIN_MS else most)

    @property
    def certain_ms(self) -> int:
        """By how much it was ahead all the time, negative for behind; 0 where it was right for a while."""
        least, most = self.ahead_ms
        if least > 0:
            return least
        return most if most < 0 else 0
