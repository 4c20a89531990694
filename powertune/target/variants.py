"""Publishes a function at one memory size, and puts ``$LATEST`` back.

A version cannot be given a memory size; only ``$LATEST`` can, and a version is a copy of it. So ``$LATEST`` is
changed, copied, and changed back. What a run makes carries its run id: versions in their description, aliases
in their name. Whatever was there before carries neither and is never re-pointed or deleted.
"""

import re
from collections.abc import Collection
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import code_of, explained
from powertune.domain.function import MAX_MEMORY_MB, FunctionArn, FunctionSnapshot
from powertune.domain.work import Variant
from powertune.errors import FunctionChanged, FunctionRefused, MemoryRefused
from powertune.target.lease import record_memory, record_put_back
from powertune.target.snapshot import require_updated, settled_configuration

LIFTED_LEVEL = "INFO"
"""The system log level at which Lambda writes a record of every invocation (AWS docs,
lambda/latest/dg/monitoring-cloudwatchlogs-log-level)."""
NEW_ACCOUNT_MB = 3008
"""What new accounts are limited to. AWS refuses more with "Member must have value less than or equal to 3008"."""

_AT_MOST = re.compile(r"less than or equal to ([0-9]{3,5})\b")


def version_description(run_id: str, memory_mb: int) -> str:
    """The description by which a version is known to be this run's."""
    return f"powertune {run_id} {memory_mb} MB"


def alias_prefix(run_id: str) -> str:
    """How the names of this run's aliases begin."""
    return f"powertune-{run_id}-"


def publish(
    client: Any,
    snapshot: FunctionSnapshot,
    run_id: str,
    memory_mb: int,
    clock: Clock,
    *,
    used_versions: Collection[str] = (),
    nth: int = 1,
    anew: bool = False,
) -> Variant:
    """Publish the function at a memory size, with an alias. Safe to repeat.

    Args:
        client: a Lambda client.
        snapshot: the function as it was found.
        run_id: the run.
        memory_mb: the size.
        clock: for waiting.
        used_versions: what the run has published before; never given back again.
        nth: how many times the size has been published, this time included.
        anew: only a version that nobody can have invoked yet will do.

    Raises:
        FunctionChanged: the code, or the memory size, is not what this run left there.
        FunctionRefused: AWS refuses the memory size, or the version does not become active.
    """
    mark = version_description(run_id, memory_mb)
    version, description = _publish_version(client, snapshot, run_id, memory_mb, clock)
    if version in used_versions or (anew and description != mark):
        # PublishVersion gives the last version back when nothing changed since. Another one in between is a change.
        neighbour_mb = memory_mb + 1 if memory_mb < MAX_MEMORY_MB else memory_mb - 1
        _publish_version(client, snapshot, run_id, neighbour_mb, clock)
        version, description = _publish_version(client, snapshot, run_id, memory_mb, clock)
    alias = f"{alias_prefix(run_id)}{memory_mb}" + (f"-{nth}" if nth > 1 else "")
    _create_alias(client, snapshot.arn, alias, version)
    return Variant(memory_mb=memory_mb, version=version, alias=alias, owned=description == mark)


def _publish_version(
    client: Any, snapshot: FunctionSnapshot, run_id: str, memory_mb: int, clock: Clock
) -> tuple[str, str | None]:
    """Publish ``$LATEST`` at a size: the version, and its description, which may be an older one's."""
    arn = snapshot.arn
    level = LIFTED_LEVEL if snapshot.lift_log_level else snapshot.system_log_level
    configuration = _set(client, snapshot, run_id, memory_mb, level, clock)
    if configuration["CodeSha256"] != snapshot.code_sha256:
        raise FunctionChanged(
            f"The code of {arn.name} was changed during the run.", next_step="Run again once it is deployed."
        )
    with explained("publishing a version", arn.name):
        published = client.publish_version(
            FunctionName=str(arn),
            CodeSha256=snapshot.code_sha256,
            RevisionId=configuration["RevisionId"],
            Description=version_description(run_id, memory_mb),
        )
    version: str = published["Version"]
    active = settled_configuration(client, arn, clock, qualifier=version)
    if active["MemorySize"] != memory_mb:
        raise FunctionChanged(
            f"Version {version} of {arn.name} has {active['MemorySize']} MB, not the {memory_mb} MB just set.",
            next_step="Somebody else is changing the function; run again later.",
        )
    if active.get("State") == "Failed":
        raise FunctionRefused(
            f"Version {version} of {arn.name} failed to start: {active.get('StateReason') or 'no reason given'}.",
            next_step="Repair the function and run again.",
        )
    return version, active.get("Description")


def put_back(client: Any, snapshot: FunctionSnapshot, run_id: str, clock: Clock) -> None:
    """Give ``$LATEST`` its own settings again, and note in the lease that it has them."""
    _set(client, snapshot, run_id, snapshot.memory_mb, snapshot.system_log_level, clock)
    record_put_back(client, snapshot.arn, run_id)


def _set(
    client: Any, snapshot: FunctionSnapshot, run_id: str, memory_mb: int, log_level: str | None, clock: Clock
) -> dict[str, Any]:
    """Bring ``$LATEST`` to a memory size and a system log level, recorded first; its configuration then."""
    arn = snapshot.arn
    configuration = settled_configuration(client, arn, clock)
    if configuration["MemorySize"] == memory_mb and log_level_of(configuration) == log_level:
        return configuration
    record_memory(client, arn, run_id, found_mb=configuration["MemorySize"], next_mb=memory_mb)
    update_settings(client, arn, configuration, memory_mb, log_level)
    configuration = settled_configuration(client, arn, clock)
    require_updated(configuration, arn)
    return configuration


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
        FunctionChanged: ``$LATEST`` is at another revision.
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
            raise


def _allowed_mb(refusal: str, memory_mb: int) -> int | None:
    """The largest size that an account may have, by the refusal of a larger one; None where that had another reason.

    Where AWS does not say the size, one above what new accounts have was refused for being too large.
    """
    said = [int(size) for size in _AT_MOST.findall(refusal) if int(size) < memory_mb]
    if said:
        return min(said)
    return memory_mb - 1 if memory_mb > NEW_ACCOUNT_MB else None


def _create_alias(client: Any, arn: FunctionArn, alias: str, version: str) -> None:
    from botocore.exceptions import ClientError

    with explained("creating an alias", arn.name):
        try:
            client.create_alias(FunctionName=str(arn), Name=alias, FunctionVersion=version)
        except ClientError as error:
            if code_of(error) != "ResourceConflictException":
                raise
            # The name holds the run id, so the alias is this run's own: an earlier attempt made it.
            existing = client.get_alias(FunctionName=str(arn), Name=alias)
            if existing["FunctionVersion"] != version:
                client.update_alias(FunctionName=str(arn), Name=alias, FunctionVersion=version)
