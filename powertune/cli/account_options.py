"""Options that say by which account, region and role AWS is reached."""

from collections.abc import Callable
from typing import Any

import click

from powertune.domain.function import FunctionArn
from powertune.errors import UsageError

Command = Callable[..., Any]

_OPTIONS = (
    click.option("--region", metavar="REGION", help="AWS region; that of the ARN by default."),
    click.option("--profile", metavar="NAME", help="Profile of the AWS configuration."),
)


def account_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def check_region(region: str | None, arn: FunctionArn) -> None:
    """Refuse a region that the ARN contradicts.

    Raises:
        UsageError: it does.
    """
    if region not in (None, arn.region):
        raise UsageError(
            f"The function is in {arn.region}, not in {region}.", next_step="Leave --region out: the ARN says it."
        )


def session_of(options: dict[str, Any], arn: FunctionArn) -> Any:
    """Clients of the account and region that a function is in."""
    from powertune.aws.session import AwsSession

    return AwsSession(region=arn.region, profile=options["profile"])
