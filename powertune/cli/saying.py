"""Says lines to people in which texts of others may stand: names, records on a function, answers of AWS."""

import contextlib
import os
import sys
from typing import TextIO

import click


def say(text: str, *, err: bool = False) -> None:
    """Print a text on the lines that it has, without anything in it that steers a terminal.

    What is said on standard error and cannot be written there, as where its reader is gone, is lost and ends nothing.
    """
    from powertune.render.safe import lines

    if not err:
        click.echo(lines(text))
        return
    try:
        click.echo(lines(text), err=True)
    except OSError:
        give_up(sys.stderr)


def give_up(stream: TextIO | None) -> None:
    """What is left of an output that cannot be written goes nowhere: else Python would complain of it at its end."""
    if stream is None:
        return
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
