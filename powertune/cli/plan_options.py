"""Options that say what will happen before it does, and ask."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from powertune.domain.request import TuningRequest

if TYPE_CHECKING:
    from powertune.cli.run_drive import Place

Command = Callable[..., Any]

_OPTIONS = (
    click.option("--plan", is_flag=True, help="Show what a run would do and cost at most, and do nothing."),
    click.option("--yes", is_flag=True, help="Start without asking, whatever the run may cost."),
)


def plan_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def show_plan(place: "Place", request: TuningRequest, options: dict[str, Any]) -> int:
    """Print what a run would do; the exit code."""
    raise NotImplementedError


def confirm(place: "Place", request: TuningRequest, options: dict[str, Any]) -> None:
    """Ask before a run that may cost much.

    Raises:
        UsageError: nobody can be asked, or the user declines.
    """
