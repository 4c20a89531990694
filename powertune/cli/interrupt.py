"""Ctrl-C, SIGTERM and a closed terminal as a wish that a run can follow in order."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

import click

# Windows has no SIGHUP.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def ended_by_signal(over: threading.Event) -> Iterator[None]:
    """While the block runs, Ctrl-C, SIGTERM and SIGHUP only set the event."""
    before = {number: signal.signal(number, lambda *_: over.set()) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class StopWish:
    """While the ``with`` block runs, the first signal is noted; a second one interrupts as usual.

    ``undoing`` says what is done once it is, in the middle of a sentence.
    """

    def __init__(self, undoing: str = "the function is being put back") -> None:
        self._undoing = undoing
        self._wished = threading.Event()
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Whether the user wants the run to end."""
        return self._wished.is_set()

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._noted)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _noted(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self._wished.is_set():
            raise KeyboardInterrupt
        self._wished.set()
        click.echo(f"\nStopping: {self._undoing}. Press Ctrl-C again only if you cannot wait.", err=True)
