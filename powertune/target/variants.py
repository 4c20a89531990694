"""Publishes a function at one memory size, and puts ``$LATEST`` back.

A version cannot be given a memory size; only ``$LATEST`` can, and a version is a copy of it. So ``$LATEST`` is
changed, copied, and changed back. What a run makes carries its run id: versions in their description, aliases
in their name. Whatever was there before carries neither and is never re-pointed or deleted.
"""

from collections.abc import Collection
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import code_of, explained
from powertune.domain.function import MAX_MEMORY_MB, FunctionArn, FunctionSnapshot
from powertune.domain.work import Variant
from powertune.errors import FunctionChanged, FunctionRefused
from powertune.target.lease import holds, lost, record_memory, record_put_back
from powertune.target.settings import LIFTED_LEVEL, log_level_of, settings_sha256, update_settings
from powertune.target.snapshot import require_updated, settled_configuration
from powertune.target.sweep import alias_prefix, is_alias_of, sweep, version_description


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
        LeaseHeld: the run does not hold the function any more; what this call had done is undone.
    """
    mark = version_description(run_id, memory_mb)
    version, description = _publish_version(client, snapshot, run_id, memory_mb, clock)
    if version in used_versions or (anew and description != mark):
        # PublishVersion gives the last version back when nothing changed since. Another one in between is a change.
        neighbour_mb = memory_mb + 1 if memory_mb < MAX_MEMORY_MB else memory_mb - 1
        _publish_version(client, snapshot, run_id, neighbour_mb, clock)
        version, description = _publish_version(client, snapshot, run_id, memory_mb, clock)
    alias = f"{alias_prefix(run_id)}{memory_mb}" + (f"-{nth}" if nth > 1 else "")
    _create_alias(client, snapshot.arn, run_id, alias, version, mark)
    if not holds(client, snapshot.arn, run_id):
        # Whoever undid the run may have looked for versions before this one was there.
        sweep(client, snapshot.arn, run_id, clock)
        raise lost(snapshot.arn, run_id)
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
    found, known = settings_sha256(active), snapshot.settings_sha256
    # A clone is nobody else's, and has not all settings of its target.
    if known is not None and found != known and snapshot.clone_of is None:
        raise FunctionChanged(
            f"Somebody changed the settings of {arn.name} during the run, so its memory sizes would not have been "
            "measured alike. The change was left as it is.",
            next_step="Run again when the other change is finished.",
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
    """Bring ``$LATEST`` to a memory size and a system log level; its configuration then."""
    found = settled_configuration(client, snapshot.arn, clock)
    if found["MemorySize"] == memory_mb and log_level_of(found) == log_level:
        return found
    back_to = (snapshot.memory_mb, snapshot.system_log_level)
    return set_latest(client, snapshot.arn, run_id, found, memory_mb, log_level, clock, back_to=back_to)


def set_latest(
    client: Any,
    arn: FunctionArn,
    run_id: str,
    found: dict[str, Any],
    memory_mb: int,
    log_level: str | None,
    clock: Clock,
    *,
    back_to: tuple[int, str | None],
) -> dict[str, Any]:
    """Set the memory size and the system log level of ``$LATEST``, recorded first.

    Args:
        client: a Lambda client.
        arn: the function.
        run_id: the run, which holds the lease.
        found: the configuration as it was read.
        memory_mb: the memory size to set.
        log_level: the system log level to set.
        clock: for waiting.
        back_to: the memory size and log level from before the run.

    Returns:
        The configuration once the update is over.

    Raises:
        LeaseHeld: the run was undone meanwhile; this change of it is taken back.
        FunctionChanged: somebody else changed ``$LATEST``.
        FunctionRefused: AWS does not accept the size, or the update failed.
    """
    record_memory(client, arn, run_id, found_mb=found["MemorySize"], next_mb=memory_mb)
    update_settings(client, arn, found, memory_mb, log_level)
    configuration = settled_configuration(client, arn, clock)
    if not holds(client, arn, run_id):
        # Whoever undid the run may have looked at the function before this change was there.
        if configuration["MemorySize"] == memory_mb:
            update_settings(client, arn, configuration, *back_to)
            settled_configuration(client, arn, clock)
        raise lost(arn, run_id)
    require_updated(configuration, arn)
    return configuration


def _create_alias(client: Any, arn: FunctionArn, run_id: str, alias: str, version: str, mark: str) -> None:
    """Make an alias of the run's. Safe to repeat.

    Raises:
        FunctionRefused: somebody else's alias has that name.
    """
    from botocore.exceptions import ClientError

    with explained("creating an alias", arn.name):
        try:
            client.create_alias(FunctionName=str(arn), Name=alias, FunctionVersion=version, Description=mark)
        except ClientError as error:
            if code_of(error) != "ResourceConflictException":
                raise
            existing = client.get_alias(FunctionName=str(arn), Name=alias)
            if not is_alias_of(existing, run_id):
                raise FunctionRefused(
                    f"{arn.name} has an alias {alias} that this run has not made; it was left alone.",
                    next_step="Start the run under another name.",
                ) from None
            if existing["FunctionVersion"] != version:
                client.update_alias(
                    FunctionName=str(arn), Name=alias, FunctionVersion=version, RevisionId=existing["RevisionId"]
                )
