"""One line on stderr that says how far a run is; silent where nobody watches."""

import sys
import time
from types import TracebackType
from typing import Self

import click

from powertune.domain.events import Phase, Progress

_WORDS = {
    Phase.PREFLIGHT: "reading the function",
    Phase.PLAN: "planning",
    Phase.PUBLISH: "publishing",
    Phase.MEASURE: "measuring",
    Phase.COLLECT: "collecting logs and traces",
    Phase.SCORE: "scoring",
    Phase.RESTORE: "restoring the function",
    Phase.FINISH: "finishing",
}


class ProgressLine:
    """Shows progress while the ``with`` block runs, and clears its line after."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._measuring_since: float | None = None
        self._per_size: dict[str, Progress] = {}

    def say(self, text: str) -> None:
        """Show a text of its own."""
        if self._shown:
            click.echo(f"\r\x1b[2K{text}", nl=False, err=True)

    def show(self, progress: Progress) -> None:
        """Show a moment of the run."""
        if progress.phase is not Phase.MEASURE:
            detail = f" ({progress.detail})" if progress.detail else ""
            self.say(f"{_WORDS[progress.phase]}{detail}")
            return
        if progress.detail:  # one memory size of several, told in this process
            self._per_size[progress.detail] = progress
            progress = _together(self._per_size)
        self.say(self._measuring(progress))

    def _measuring(self, progress: Progress) -> str:
        now = time.monotonic()
        self._measuring_since = self._measuring_since or now
        done, planned = progress.invocations_done, max(progress.invocations_planned, progress.invocations_done)
        text = f"measuring: {done} of {planned} invocations"
        if progress.spent is not None:
            text += f", {progress.spent:.6f} {progress.currency} spent"
        if done:
            left_s = (now - self._measuring_since) / done * (planned - done)
            text += f", about {left_s:.0f} s left"
        return text

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.say("")


def _together(sizes: dict[str, Progress]) -> Progress:
    spent = [progress.spent for progress in sizes.values() if progress.spent is not None]
    return Progress(
        phase=Phase.MEASURE,
        invocations_done=sum(progress.invocations_done for progress in sizes.values()),
        invocations_planned=sum(progress.invocations_planned for progress in sizes.values()),
        spent=sum(spent[1:], spent[0]) if spent else None,
        currency=next(iter(sizes.values())).currency,
    )
