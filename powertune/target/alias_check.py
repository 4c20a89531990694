"""Whether an alias may be sent to a version of ``$LATEST`` without deploying anything but a memory size."""

from collections.abc import Mapping
from typing import Any

from powertune.aws.errors import code_of, explained
from powertune.domain.function import FunctionArn
from powertune.errors import FunctionRefused
from powertune.target.alias_record import LATEST, find_alias, refuse_weights

_SETTINGS = {
    "CodeSha256": "code",
    "Handler": "handler",
    "Runtime": "runtime",
    "Architectures": "architecture",
    "Role": "role",
    "Timeout": "timeout",
    "Environment": "environment variables",
    "Layers": "layers",
    "VpcConfig": "VPC",
    "EphemeralStorage": "ephemeral storage",
    "FileSystemConfigs": "file systems",
    "DeadLetterConfig": "dead-letter queue",
    "KMSKeyArn": "KMS key",
    "TracingConfig": "tracing",
    "LoggingConfig": "logging",
    "ImageConfigResponse": "image configuration",
    "SnapStart": "SnapStart",
}
"""What publishing ``$LATEST`` would take to an alias (AWS docs, lambda/latest/dg/configuration-versions), and a run
does not mean to change."""


def check_alias(
    client: Any, arn: FunctionArn, name: str, latest: Mapping[str, Any], *, canary: bool = False
) -> dict[str, Any] | None:
    """Refuse to send an alias to a version of ``$LATEST`` where that would do more than change the memory size.

    Args:
        client: a Lambda client.
        arn: the function.
        name: the alias.
        latest: the configuration of ``$LATEST``.
        canary: two versions are to share the alias's invocations. Both must then be published, and the alias there.

    Returns:
        The configuration of the version that the alias has; None where there is no alias, or it has ``$LATEST``.

    Raises:
        FunctionRefused: why not.
    """
    alias = find_alias(client, arn, name)
    refuse_weights(arn, alias)
    if canary and (alias is None or alias["FunctionVersion"] == LATEST):
        state = "does not exist" if alias is None else f"points at {LATEST}"
        raise FunctionRefused(
            f"The alias {name} of {arn.name} {state}, so there is no version for a canary to share its invocations "
            "with. Nothing was changed.",
            next_step="Leave --canary out, or name an alias that points at a published version.",
        )
    if alias is None or alias["FunctionVersion"] == LATEST:
        return None
    ready = _provisioned(client, arn, name)
    if ready:
        raise FunctionRefused(
            f"The alias {name} of {arn.name} has a provisioned concurrency of {ready}. Lambda moves that to a new "
            "version in its own time; a run could not put it back for sure. The alias was left.",
            next_step="Leave --alias out and deploy the memory size yourself, for example with --write-template.",
        )
    version = str(alias["FunctionVersion"])
    with explained(f"reading version {version}", arn.name):
        published: dict[str, Any] = client.get_function_configuration(FunctionName=str(arn), Qualifier=version)
    others = differences(latest, published)
    if others:
        raise FunctionRefused(
            f"The alias {name} of {arn.name} points at version {version}, which differs from {LATEST} in: "
            f"{', '.join(others)}. A run measures {LATEST}; moving the alias to it would deploy more than a memory "
            "size. The alias was left.",
            next_step=f"Deploy first, so that {name} points at what {LATEST} is, or leave --alias out.",
        )
    return published


def _provisioned(client: Any, arn: FunctionArn, name: str) -> int | None:
    """Environments that are kept ready for an alias; None where the caller may not ask."""
    from botocore.exceptions import ClientError

    with explained("reading the provisioned concurrency", arn.name):
        try:
            answer = client.get_provisioned_concurrency_config(FunctionName=str(arn), Qualifier=name)
        except ClientError as error:
            return 0 if code_of(error) == "ProvisionedConcurrencyConfigNotFoundException" else None
    return int(answer.get("RequestedProvisionedConcurrentExecutions") or 0)


def differences(latest: Mapping[str, Any], version: Mapping[str, Any]) -> tuple[str, ...]:
    """The settings beside the memory size in which a version differs from ``$LATEST``, in words."""
    return tuple(words for key, words in _SETTINGS.items() if _plain(key, latest) != _plain(key, version))


def _plain(key: str, configuration: Mapping[str, Any]) -> Any:
    """A setting without what AWS writes or leaves out as it likes."""
    value = configuration.get(key)
    if key == "Layers":
        return [layer.get("Arn") for layer in value or ()]
    if key == "VpcConfig":
        return [sorted((value or {}).get(part) or ()) for part in ("SubnetIds", "SecurityGroupIds")]
    if key == "SnapStart":
        return (value or {}).get("ApplyOn", "None")
    if key == "Environment":
        return (value or {}).get("Variables") or None
    return value or None
