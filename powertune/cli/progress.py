"""One line on stderr that says how far a run is; silent where nobody watches."""

import sys
import time
from types import TracebackType
from typing import Self

import click

from powertune.domain.events import Phase, Progress
from powertune.domain.price import Money
from powertune.render import figures
from powertune.render.safe import one_line

_WORDS = {
    Phase.PREFLIGHT: "reading the function",
    Phase.PLAN: "planning",
    Phase.PUBLISH: "publishing",
    Phase.MEASURE: "measuring",
    Phase.COLLECT: "collecting logs and traces",
    Phase.SCORE: "scoring",
    Phase.RESTORE: "restoring the function",
    Phase.APPLY: "applying the recommended memory size",
    Phase.FINISH: "finishing",
}

_LONGEST = 300


class ProgressLine:
    """Shows progress while the ``with`` block runs, and clears its line after."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._round: tuple[int, float] | None = None

    def say(self, text: str) -> None:
        """Show a text of its own."""
        if self._shown:
            click.echo(f"\r\x1b[2K{one_line(text, _LONGEST)}", nl=False, err=True)

    def show(self, progress: Progress) -> None:
        """Show a moment of the run."""
        if progress.phase is not Phase.MEASURE:
            self._round = None
            self.say(phase_words(progress))
            return
        now = time.monotonic()
        # What was done when the round was first seen says nothing about its pace.
        self._round = self._round or (progress.invocations_done - 1, now)
        done_before, since = self._round
        self.say(measuring(progress, progress.invocations_done - done_before, now - since))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.say("")


def phase_words(progress: Progress) -> str:
    """What a run is doing, without how far it is with it."""
    return f"{_WORDS[progress.phase]}{f' ({progress.detail})' if progress.detail else ''}"


def measuring(progress: Progress, seen: int, elapsed_s: float) -> str:
    """How far the measuring is, where so many invocations were seen to end in so many seconds."""
    done, planned = progress.invocations_done, progress.invocations_planned
    at = f" at {progress.detail}" if progress.detail else ""
    text = f"measuring{at}: {done} of {planned} invocations"
    if progress.spent is not None:
        text += f", {figures.money(Money(amount=progress.spent, currency=progress.currency))} spent"
    if seen > 1 and elapsed_s > 0 and done < planned:
        # The sizes are interleaved, so what is left takes about as long as what was.
        text += f", about {max(1.0, elapsed_s / seen * (planned - done)):.0f} s left"
    return text
