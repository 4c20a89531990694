"""Options of ``powertune deploy``, and the parameters of the template that they stand for."""

import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

import click

from powertune.errors import UsageError

Command = Callable[..., Any]

_PREFIX = re.compile("[a-z][a-z0-9-]{0,22}[a-z0-9]")
_FUNCTION = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}\*?")

PLACE_OPTIONS = (
    click.option("--region", metavar="REGION", help="AWS region; the configuration's by default."),
    click.option("--profile", metavar="NAME", help="Profile of the AWS configuration."),
    click.option(
        "--name-prefix",
        metavar="NAME",
        envvar="POWERTUNE_NAME_PREFIX",
        default="powertune",
        show_default=True,
        help="Name of the state machine, and the beginning of every other name.",
    ),
    click.option("--stack-name", metavar="NAME", help="Name of the stack; the name prefix by default."),
)

_OPTIONS = (
    click.option(
        "--architecture", type=click.Choice(["x86_64", "arm64"]), help="Of the task functions; x86_64 at first."
    ),
    click.option(
        "--function-scope",
        "function_scope",
        multiple=True,
        metavar="ARN",
        help="A function that may be tuned; repeat it for more. All of the account and region by default.",
    ),
    click.option(
        "--log-group-scope",
        multiple=True,
        metavar="ARN",
        help="A log group that those functions write to; /aws/lambda/* by default.",
    ),
    click.option("--kms-key-arn", metavar="ARN", help="Key for the results, the logs and the environments."),
    click.option("--subnet-ids", metavar="ID,ID", help="Subnets for the task functions."),
    click.option("--security-group-ids", metavar="ID,ID", help="Security groups for the task functions."),
    click.option("--permissions-boundary", metavar="ARN", help="Policy that bounds every role of the stack."),
    click.option("--allow-isolated", is_flag=True, help="Let runs make temporary clones of functions (--isolate)."),
    click.option(
        "--target-role-arn", multiple=True, metavar="ARN", help="With --allow-isolated: a role a clone may have."
    ),
    click.option("--assume-role-arn", multiple=True, metavar="ARN", help="A role of another account runs may assume."),
    click.option("--results-days", type=click.IntRange(1), metavar="DAYS", help="Keep results so long; 90 at first."),
    click.option("--log-days", type=click.IntRange(1), metavar="DAYS", help="Keep logs so long; 14 at first."),
    click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Tag of everything in the stack."),
    click.option("--parameter", "more", multiple=True, metavar="NAME=VALUE", help="Any parameter of the template."),
    click.option("--artifact-bucket", metavar="BUCKET", help="A bucket of yours for the code, instead of a new one."),
)


def somebody_is_there() -> bool:
    """Whether a question would reach anybody."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agreed(question: str) -> bool:
    """Whether the user says yes; Ctrl-C is a no."""
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        click.echo(err=True)
        return False


def place_options(command: Command) -> Command:
    """Add the options that say which stack."""
    for option in reversed(PLACE_OPTIONS):
        command = option(command)
    return command


def deploy_options(command: Command) -> Command:
    """Add the options that say what the stack shall be like."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def check_names(prefix: str, stack_name: str | None) -> str:
    """The stack's name.

    Raises:
        UsageError: the prefix, or the name, cannot be one.
    """
    if not _PREFIX.fullmatch(prefix):
        raise UsageError(
            f"'{prefix}' cannot be a name prefix.",
            next_step="Take 2 to 24 small letters, digits and hyphens, with a letter first.",
        )
    name = stack_name or prefix
    if not re.fullmatch("[A-Za-z][A-Za-z0-9-]{0,127}", name):
        raise UsageError(
            f"'{name}' cannot be the name of a stack.", next_step="Take letters, digits and hyphens, a letter first."
        )
    return name


def parameters_of(options: dict[str, Any]) -> dict[str, str]:
    """The template's parameters that the options give; what was not given is not among them.

    Raises:
        UsageError: they contradict each other, or name what there is not.
    """
    from powertune.workflow.template import parameter_names

    for arn in options["function_scope"]:
        if not _FUNCTION.fullmatch(arn):
            raise UsageError(
                f"'{arn}' is not the ARN of a function.",
                next_step="Give it without version or alias: arn:aws:lambda:REGION:ACCOUNT:function:NAME.",
            )
    if (options["subnet_ids"] is None) != (options["security_group_ids"] is None):
        raise UsageError("--subnet-ids and --security-group-ids go together.", next_step="Give both, or neither.")
    if options["target_role_arn"] and not options["allow_isolated"]:
        raise UsageError("--target-role-arn goes with --allow-isolated.", next_step="Add --allow-isolated.")
    given = {
        "FunctionScope": _joined(options["function_scope"]),
        "LogGroupScope": _joined(arn.removesuffix(":*") for arn in options["log_group_scope"]),
        "KmsKeyArn": options["kms_key_arn"],
        "SubnetIds": options["subnet_ids"],
        "SecurityGroupIds": options["security_group_ids"],
        "PermissionsBoundary": options["permissions_boundary"],
        "AllowIsolated": "true" if options["allow_isolated"] else None,
        "TargetRoleArns": _joined(options["target_role_arn"]),
        "AssumeRoleArns": _joined(options["assume_role_arn"]),
        "ResultsDays": options["results_days"],
        "LogDays": options["log_days"],
    }
    parameters = {name: str(value) for name, value in given.items() if value is not None}
    for name, value in pairs(options["more"], "--parameter").items():
        if name not in parameter_names():
            raise UsageError(
                f"The template has no parameter '{name}'.",
                next_step=f"It has: {', '.join(sorted(parameter_names()))}.",
            )
        if name in ("NamePrefix", "ArtifactBucket", "WorkerKey", "PlannerKey", "Runtime", "Architecture"):
            raise UsageError(
                f"{name} is set by powertune deploy itself.",
                next_step="See --name-prefix, --artifact-bucket and --architecture.",
            )
        parameters[name] = value
    return parameters


def pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """Texts such as ``KEY=VALUE`` taken apart.

    Raises:
        UsageError: one has no equals sign, or no key.
    """
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UsageError(f"{option} takes KEY=VALUE, not '{text}'.", next_step="Put an equals sign between them.")
        found[key] = value
    return found


def _joined(texts: Iterable[str]) -> str | None:
    return ",".join(texts) or None
