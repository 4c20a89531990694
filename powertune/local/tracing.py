"""Decides whether an invocation is traced, and under which ids.

AWS docs, lambda/latest/dg/services-xray: with active tracing the caller's header decides, and without a header
Lambda samples the first request of a second and one in twenty of the rest; with passive tracing nothing is sent.
"""

import secrets
import threading
import time
from dataclasses import dataclass

_ONE_IN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceDecision:
    """What one invocation's trace is. ``segment_id`` is that of the function's segment, None if not sampled."""

    trace_id: str
    parent_id: str | None
    segment_id: str | None

    @property
    def sampled(self) -> bool:
        """Whether segments are recorded."""
        return self.segment_id is not None

    @property
    def header(self) -> str:
        """The header that the function gets."""
        parent = self.segment_id or self.parent_id or secrets.token_hex(8)
        return f"Root={self.trace_id};Parent={parent};Sampled={int(self.sampled)}"


class Sampler:
    """Decides for one endpoint."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._second = 0
        self._count = 0

    def decide(self, header: str | None, *, active: bool) -> TraceDecision:
        """Take the caller's ``X-Amzn-Trace-Id``, or make a trace of our own."""
        fields = dict(part.strip().split("=", 1) for part in (header or "").split(";") if "=" in part)
        told = {"1": True, "0": False}.get(fields.get("Sampled", ""))
        sampled = active and (self._own_choice() if told is None else told)
        return TraceDecision(
            trace_id=fields.get("Root") or f"1-{int(time.time()):08x}-{secrets.token_hex(12)}",
            parent_id=fields.get("Parent"),
            segment_id=secrets.token_hex(8) if sampled else None,
        )

    def _own_choice(self) -> bool:
        with self._lock:
            now = int(time.time())
            if now != self._second:
                self._second = now
                return True
            self._count += 1
            return self._count % _ONE_IN == 0
