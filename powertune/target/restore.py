"""Undoes a run from the record on the function alone. Safe to repeat, on any machine."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import code_of, explained
from powertune.domain.function import FunctionArn
from powertune.target.lease import Lease, read, release
from powertune.target.snapshot import settled_configuration
from powertune.target.variants import LIFTED_LEVEL, alias_prefix, log_level_of, update_settings

_TRIES = 6
_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was undone. ``left_alone`` says what somebody else had changed, and so was not touched."""

    run_id: str
    memory_mb: int
    memory_put_back: bool
    aliases_deleted: tuple[str, ...]
    versions_deleted: tuple[str, ...]
    left_alone: tuple[str, ...]


def restore(client: Any, arn: FunctionArn, clock: Clock, *, run_id: str | None = None) -> Restored | None:
    """Put the function back as the lease on it says, delete what that run made, and release the lease.

    Args:
        client: a Lambda client.
        arn: the function.
        clock: for waiting.
        run_id: undo only if this run holds the lease; None undoes whichever run does.

    Returns:
        What was undone; None where there is no lease, or it is another run's: then nothing was touched,
        because a run takes the lease before its first change and releases it after the last undo.
    """
    lease = read(client, arn)
    if lease is None or (run_id is not None and lease.run_id != run_id):
        return None
    put_back, left_alone = _memory(client, arn, lease, clock)
    held = _aliases(client, arn)
    aliases = tuple(_delete_aliases(client, arn, lease.run_id, held, clock))
    others = {version: name for name, version in held.items() if name not in aliases}
    versions, kept = _delete_versions(client, arn, lease.run_id, others, clock)
    release(client, arn)
    return Restored(
        run_id=lease.run_id,
        memory_mb=lease.memory_mb,
        memory_put_back=put_back,
        aliases_deleted=aliases,
        versions_deleted=versions,
        left_alone=(*left_alone, *kept),
    )


def _memory(client: Any, arn: FunctionArn, lease: Lease, clock: Clock) -> tuple[bool, tuple[str, ...]]:
    configuration = settled_configuration(client, arn, clock)
    present_mb, level = configuration["MemorySize"], log_level_of(configuration)
    memory_mb = lease.memory_mb if present_mb in lease.set_mb else present_mb
    if lease.log_level is not None and level == LIFTED_LEVEL:
        level = lease.log_level
    changed = memory_mb != present_mb or level != log_level_of(configuration)
    if changed:
        update_settings(client, arn, configuration, memory_mb, level)
        settled_configuration(client, arn, clock)
    if memory_mb == lease.memory_mb:
        return changed, ()
    note = (
        f"Somebody set the memory size to {present_mb} MB during the run; "
        f"it was left so (before the run: {lease.memory_mb} MB)."
    )
    return changed, (note,)


def _aliases(client: Any, arn: FunctionArn) -> dict[str, str]:
    """The version that each alias points at, by name."""
    with explained("listing the aliases", arn.name):
        return {
            alias["Name"]: alias["FunctionVersion"]
            for page in client.get_paginator("list_aliases").paginate(FunctionName=str(arn))
            for alias in page["Aliases"]
        }


def _delete_aliases(client: Any, arn: FunctionArn, run_id: str, names: Iterable[str], clock: Clock) -> Iterator[str]:
    for name in names:
        if name.startswith(alias_prefix(run_id)):
            _delete(arn, "deleting an alias", clock, client.delete_alias, FunctionName=str(arn), Name=name)
            yield name


def _delete_versions(
    client: Any, arn: FunctionArn, run_id: str, others: Mapping[str, str], clock: Clock
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Delete the run's versions but those that somebody else's alias points at: what was deleted, and notes."""
    mark = f"powertune {run_id} "
    with explained("listing the versions", arn.name):
        versions = [
            version["Version"]
            for page in client.get_paginator("list_versions_by_function").paginate(FunctionName=str(arn))
            for version in page["Versions"]
            if version.get("Description", "").startswith(mark)
        ]
    deleted, kept = [], []
    for version in versions:
        if version in others:
            kept.append(
                f"Version {version}, which the run published, was kept: the alias {others[version]} points at it."
            )
        # Without a numeric qualifier DeleteFunction would delete the function itself.
        elif version.isdigit():
            _delete(arn, "deleting a version", clock, client.delete_function, FunctionName=str(arn), Qualifier=version)
            deleted.append(version)
    return tuple(deleted), tuple(kept)


def _delete(arn: FunctionArn, doing: str, clock: Clock, call: Any, **arguments: str) -> None:
    """Delete one thing; what is gone already is no error, and what is still in use is tried again for a while."""
    from botocore.exceptions import ClientError

    for attempt in range(_TRIES):
        with explained(doing, arn.name):
            try:
                call(**arguments)
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return
                if code_of(error) != "ResourceConflictException" or attempt + 1 == _TRIES:
                    raise
            else:
                return
        clock.sleep(_PAUSE_S)
