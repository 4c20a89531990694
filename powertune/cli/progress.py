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
    Phase.APPLY: "applying the recommended memory size",
    Phase.FINISH: "finishing",
}


class ProgressLine:
    """Shows progress while the ``with`` block runs, and clears its line after."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._sizes: dict[str, tuple[Progress, float]] = {}
        self._since = 0.0

    def say(self, text: str) -> None:
        """Show a text of its own."""
        if self._shown:
            click.echo(f"\r\x1b[2K{text}", nl=False, err=True)

    def show(self, progress: Progress) -> None:
        """Show a moment of the run. While it measures, each moment is that of one memory size."""
        if progress.phase is not Phase.MEASURE:
            detail = f" ({progress.detail})" if progress.detail else ""
            self.say(f"{_WORDS[progress.phase]}{detail}")
            return
        now = time.monotonic()
        self._since = self._since or now
        before = self._sizes.get(progress.detail)
        if before is None or before[0].invocations_done != progress.invocations_done:
            self._sizes[progress.detail] = (progress, now)
        self.say(measuring(list(self._sizes.values()), self._since, now))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.say("")


def measuring(sizes: list[tuple[Progress, float]], since: float, now: float) -> str:
    """How far the measuring is: ``sizes`` holds the latest moment of each memory size and when it was.

    The time left is that of the slowest size: the sizes are measured side by side.
    """
    done = sum(progress.invocations_done for progress, _ in sizes)
    planned = sum(progress.invocations_planned for progress, _ in sizes)
    text = f"measuring: {done} of {planned} invocations"
    spent = [progress.spent for progress, _ in sizes if progress.spent is not None]
    if spent:
        text += f", {sum(spent[1:], spent[0]):.6f} {sizes[0][0].currency} spent"
    left_s = [
        (at - since) / progress.invocations_done * (progress.invocations_planned - progress.invocations_done)
        - (now - at)
        for progress, at in sizes
        if progress.invocations_done
    ]
    if left_s and done < planned:
        text += f", about {max(1.0, *left_s):.0f} s left"
    return text
