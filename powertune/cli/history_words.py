"""What ``powertune history`` says about times, and about runs that are not in a list."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click

from powertune.errors import UsageError

_UNITS = {"m": "minute", "h": "hour", "d": "day", "w": "week"}
_NAMED = 3
_LONGEST_REASON = 200
_LONGEST_LINE = 700


def ago(text: str, option: str) -> datetime:
    """The moment that an option such as ``30d`` names, before now.

    Raises:
        UsageError: it is no length of time.
    """
    from powertune.cli.logs import length_s

    try:
        seconds = length_s(text)
    except UsageError as error:
        raise UsageError(error.message, next_step=f"Write {option} as 24h, 30d or 12w.") from None
    return datetime.now(tz=UTC) - timedelta(seconds=seconds)


def length_in_words(text: str) -> str:
    """``30d`` in words: ``30 days``; ``1m``: ``minute``."""
    number, unit = int(text.strip()[:-1]), _UNITS[text.strip()[-1]]
    return unit if number == 1 else f"{number:,} {unit}s"


def say_left_out(skipped: Sequence[str], trouble: str = "") -> None:
    """Say in one line on standard error how many runs could not be read, and why the first of them.

    Args:
        skipped: in a sentence each run that could not be read.
        trouble: why no run could be looked for at all, in a line of its own.
    """
    from powertune.render.safe import one_line

    if trouble:
        click.echo(one_line(trouble, _LONGEST_LINE), err=True)
    if not skipped:
        return
    reasons = [one_line(text.rstrip("."), _LONGEST_REASON) for text in skipped[:_NAMED]]
    more = len(skipped) - len(reasons)
    many = "1 run cannot be read and is" if len(skipped) == 1 else f"{len(skipped):,} runs cannot be read and are"
    line = f"{many} left out: {'; '.join(reasons)}{f'; and {more:,} more' if more else ''}."
    click.echo(one_line(line, _LONGEST_LINE), err=True)
