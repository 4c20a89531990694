"""The settings of ``$LATEST`` that a run changes: its memory size, and the system log level where that is lifted."""

import hashlib
import json
import re
from typing import Any

from powertune.aws.errors import code_of, explained, message_of
from powertune.domain.function import FunctionArn
from powertune.errors import FunctionChanged, FunctionRefused, MemoryRefused

LIFTED_LEVEL = "INFO"
"""The system log level at which Lambda writes a record of every invocation (AWS docs,
lambda/latest/dg/monitoring-cloudwatchlogs-log-level)."""
NEW_ACCOUNT_MB = 3008
"""What new accounts are limited to. AWS refuses more with "Member must have value less than or equal to 3008"."""

_MEASURED_WITH = (
    "Handler",
    "Runtime",
    "Role",
    "Timeout",
    "Environment",
    "Architectures",
    "EphemeralStorage",
    "TracingConfig",
    "KMSKeyArn",
    "FileSystemConfigs",
    "ImageConfigResponse",
)
_TOO_LATE = ("PreconditionFailedException", "ResourceConflictException")
"""What an update meets that comes after another one: a newer revision, or an update in progress."""

_AT_MOST = re.compile(r"less than or equal to ([0-9]{3,5})\b")


def log_level_of(configuration: dict[str, Any]) -> str | None:
    """The system log level of a configuration; None for text logs."""
    level = (configuration.get("LoggingConfig") or {}).get("SystemLogLevel")
    return None if level is None else str(level)


def update_settings(
    client: Any, arn: FunctionArn, configuration: dict[str, Any], memory_mb: int, log_level: str | None
) -> None:
    """Set the memory size of ``$LATEST``, and its system log level where that differs, if it is as it was read.

    Args:
        client: a Lambda client.
        arn: the function.
        configuration: ``$LATEST`` as it was read; the update holds only for its revision.
        memory_mb: the size.
        log_level: the level; None for text logs, which have none.

    Raises:
        FunctionChanged: ``$LATEST`` is at another revision, or being updated by somebody else.
        FunctionRefused: AWS does not accept the size; MemoryRefused where it is more than the account may have.
    """
    from botocore.exceptions import ClientError

    logging = {}
    if log_level != log_level_of(configuration):
        # The whole of it: what is left out would go back to its default.
        logging = {"LoggingConfig": {**configuration["LoggingConfig"], "SystemLogLevel": log_level}}
    with explained("setting the memory size", arn.name):
        try:
            client.update_function_configuration(
                FunctionName=str(arn), MemorySize=memory_mb, RevisionId=configuration["RevisionId"], **logging
            )
        except ClientError as error:
            if code_of(error) in ("ValidationException", "InvalidParameterValueException"):
                refused = f"AWS does not accept {memory_mb} MB for {arn.name}: {error}."
                next_step = "New accounts are limited to 3008 MB: leave larger sizes out, or ask AWS for more."
                allowed_mb = _allowed_mb(str(error), memory_mb)
                if allowed_mb is None:
                    raise FunctionRefused(refused, next_step=next_step) from None
                raise MemoryRefused(refused, next_step=next_step, allowed_mb=allowed_mb) from None
            if code_of(error) in _TOO_LATE and _was_repeated(error) and _is_set(client, arn, memory_mb, log_level):
                return
            if code_of(error) == "ResourceConflictException":
                raise FunctionChanged(
                    f"Somebody else is changing {arn.name}: {message_of(error)}",
                    next_step="Run again when the other change is finished.",
                ) from None
            raise


def _was_repeated(error: Any) -> bool:
    """Whether botocore sent the call more than once: then its first try may have got through."""
    return bool(error.response.get("ResponseMetadata", {}).get("RetryAttempts"))


def _is_set(client: Any, arn: FunctionArn, memory_mb: int, log_level: str | None) -> bool:
    present = client.get_function_configuration(FunctionName=str(arn))
    return bool(present["MemorySize"] == memory_mb) and log_level_of(present) == log_level


def settings_sha256(configuration: dict[str, Any]) -> str:
    """A hash of all settings that what is measured depends on, but the memory size and the log level.

    It is of the values, so that none of them, such as an environment variable, is kept where the hash is.
    """
    chosen = {name: configuration.get(name) for name in _MEASURED_WITH}
    chosen["Layers"] = [
        layer["Arn"] if isinstance(layer, dict) else layer for layer in configuration.get("Layers") or ()
    ]
    vpc = configuration.get("VpcConfig") or {}
    chosen["VpcConfig"] = [sorted(vpc.get(name) or ()) for name in ("SubnetIds", "SecurityGroupIds")]
    return hashlib.sha256(json.dumps(chosen, sort_keys=True, default=str).encode()).hexdigest()


def _allowed_mb(refusal: str, memory_mb: int) -> int | None:
    """The largest size that an account may have, by the refusal of a larger one; None where that had another reason.

    Where AWS does not say the size, one above what new accounts have was refused for being too large.
    """
    said = [int(size) for size in _AT_MOST.findall(refusal) if int(size) < memory_mb]
    if said:
        return min(said)
    return memory_mb - 1 if memory_mb > NEW_ACCOUNT_MB else None
