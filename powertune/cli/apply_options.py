"""Options that put a recommendation into effect."""

from collections.abc import Callable
from typing import Any

import click

from powertune.domain.result import TuningResult

Command = Callable[..., Any]

_OPTIONS = (
    click.option("--apply", is_flag=True, help="Set the function to the recommended memory size."),
    click.option(
        "--alias",
        "--apply-alias",
        "apply_alias",
        metavar="NAME",
        help="With --apply: publish it, and point this alias at the version.",
    ),
)


def apply_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def apply_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """What the options say of the request."""
    return {"apply": options["apply"], "apply_alias": options["apply_alias"]}


def write_down(result: TuningResult, options: dict[str, Any]) -> None:
    """Put the recommendation where the function's template says its memory size, as far as was asked for."""
