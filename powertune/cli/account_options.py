"""Options that say by which account, region and role AWS is reached."""

from collections.abc import Callable
from typing import Any

import click

from powertune.domain.function import FunctionArn
from powertune.domain.role import DEFAULT_SESSION_NAME, TargetRole
from powertune.errors import UsageError

Command = Callable[..., Any]

_REGION = click.option("--region", metavar="REGION", help="AWS region; that of the ARN by default.")
stack_region_option = click.option(
    "--stack-region", metavar="REGION", help="Region of the state machine, where it is not the function's."
)
_REACHING = (
    click.option("--profile", metavar="NAME", help="Profile of the AWS configuration."),
    click.option("--role-arn", metavar="ARN", help="Role to assume, for a function in another account."),
    click.option("--external-id", metavar="ID", help="With --role-arn: what its trust policy asks for."),
    click.option(
        "--role-session-name",
        metavar="NAME",
        default=DEFAULT_SESSION_NAME,
        show_default=True,
        help="With --role-arn: how CloudTrail names who did it.",
    ),
)


def account_options(command: Command) -> Command:
    """Add the options to a command: region, profile and role."""
    return _REGION(reaching_options(command))


def reaching_options(command: Command) -> Command:
    """Add the options by which a function is reached: profile and role."""
    for option in reversed(_REACHING):
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


def refuse_aws_options(options: dict[str, Any]) -> None:
    """Refuse what means nothing on the embedded endpoint.

    Raises:
        UsageError: an option for AWS is given.
    """
    for name in ("profile", "role_arn", "external_id", "stack_region"):
        if options[name] is not None:
            raise UsageError(
                f"--{name.replace('_', '-')} is for AWS; --local uses none.", next_step="Leave one of them out."
            )


def role_of(options: dict[str, Any]) -> TargetRole | None:
    """The role that the options name, None where they name none.

    Raises:
        UsageError: it cannot be one, or what goes with a role is there without it.
    """
    if options["role_arn"] is None:
        if options["external_id"] is not None or options["role_session_name"] != DEFAULT_SESSION_NAME:
            raise UsageError(
                "--external-id and --role-session-name go with --role-arn.", next_step="Add --role-arn, or leave them."
            )
        return None
    return TargetRole(
        arn=options["role_arn"], external_id=options["external_id"], session_name=options["role_session_name"]
    )


def home_session_of(options: dict[str, Any], region: str | None) -> Any:
    """Clients with the caller's own credentials, whatever role the options name."""
    from powertune.aws.session import AwsSession

    return AwsSession(region=region, profile=options["profile"])


def session_of(options: dict[str, Any], arn: FunctionArn) -> Any:
    """Clients of the account and region that a function is in, through the role that the options name."""
    return reaching(options, arn.region)


def reaching(options: dict[str, Any], region: str | None) -> Any:
    """Clients of a region, or of the configured one, through the role that the options name.

    Raises:
        UsageError: the role cannot be meant.
    """
    role = role_of(options)
    home = home_session_of(options, region)
    return home if role is None else home.reaching(role=role)
