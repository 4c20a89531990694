"""Publishes a function at one memory size, and puts ``$LATEST`` back.

A version cannot be given a memory size; only ``$LATEST`` can, and a version is a copy of it. So ``$LATEST`` is
changed, copied, and changed back. What a run makes carries its run id: versions in their description, aliases
in their name. Whatever was there before carries neither and is never re-pointed or deleted.
"""

from collections.abc import Sequence
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import code_of, explained
from powertune.domain.function import MAX_MEMORY_MB, FunctionArn, FunctionSnapshot
from powertune.domain.work import Variant
from powertune.errors import FunctionChanged, FunctionRefused
from powertune.target.lease import record_memory, record_put_back
from powertune.target.snapshot import require_updated, settled_configuration


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
    earlier: Sequence[Variant] = (),
    anew: bool = False,
) -> Variant:
    """Publish the function at a memory size, with an alias. Safe to repeat.

    Args:
        client: a Lambda client.
        snapshot: the function as it was found.
        run_id: the run.
        memory_mb: the size.
        clock: for waiting.
        earlier: what the run has published before; never given back again.
        anew: only a version that nobody can have invoked yet will do.

    Raises:
        FunctionChanged: the code, or the memory size, is not what this run left there.
        FunctionRefused: AWS refuses the memory size, or the version does not become active.
    """
    mark = version_description(run_id, memory_mb)
    used = {variant.version for variant in earlier}
    version, description = _publish_version(client, snapshot, run_id, memory_mb, clock)
    if version in used or (anew and description != mark):
        # PublishVersion gives the last version back when nothing changed since. Another one in between is a change.
        neighbour_mb = memory_mb + 1 if memory_mb < MAX_MEMORY_MB else memory_mb - 1
        _publish_version(client, snapshot, run_id, neighbour_mb, clock)
        version, description = _publish_version(client, snapshot, run_id, memory_mb, clock)
    nth = sum(1 for variant in earlier if variant.memory_mb == memory_mb)
    alias = f"{alias_prefix(run_id)}{memory_mb}" + (f"-{nth + 1}" if nth else "")
    _create_alias(client, snapshot.arn, alias, version)
    return Variant(memory_mb=memory_mb, version=version, alias=alias, owned=description == mark)


def _publish_version(
    client: Any, snapshot: FunctionSnapshot, run_id: str, memory_mb: int, clock: Clock
) -> tuple[str, str | None]:
    """Publish ``$LATEST`` at a size: the version, and its description, which may be an older one's."""
    arn = snapshot.arn
    configuration = _set_memory(client, snapshot, run_id, memory_mb, clock)
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
    """Give ``$LATEST`` its memory size again, and note in the lease that it has it."""
    _set_memory(client, snapshot, run_id, snapshot.memory_mb, clock)


def _set_memory(client: Any, snapshot: FunctionSnapshot, run_id: str, memory_mb: int, clock: Clock) -> dict[str, Any]:
    arn = snapshot.arn
    original_mb = snapshot.memory_mb
    configuration = settled_configuration(client, arn, clock)
    if configuration["MemorySize"] == memory_mb:
        return configuration
    record_memory(client, arn, run_id, found_mb=configuration["MemorySize"], next_mb=memory_mb)
    update_memory(client, arn, memory_mb, configuration["RevisionId"])
    configuration = settled_configuration(client, arn, clock)
    require_updated(configuration, arn)
    if memory_mb == original_mb:
        record_put_back(client, arn, run_id)
    return configuration


def update_memory(client: Any, arn: FunctionArn, memory_mb: int, revision_id: str) -> None:
    """Set the memory size of ``$LATEST`` if it still is at that revision.

    Raises:
        FunctionChanged: it is not.
        FunctionRefused: AWS does not accept the size, as in new accounts above 3008 MB.
    """
    from botocore.exceptions import ClientError

    with explained("setting the memory size", arn.name):
        try:
            client.update_function_configuration(FunctionName=str(arn), MemorySize=memory_mb, RevisionId=revision_id)
        except ClientError as error:
            if code_of(error) in ("ValidationException", "InvalidParameterValueException"):
                raise FunctionRefused(
                    f"AWS does not accept {memory_mb} MB for {arn.name}: {error}.",
                    next_step="New accounts are limited to 3008 MB: leave larger sizes out, or ask AWS for more.",
                ) from None
            raise


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
                raise
