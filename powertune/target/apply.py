"""Sets the function to the recommended memory size, because its user asked for that.

What is to be undone is on record first: the memory size in the lease, where the user's alias pointed in an alias of its
own (`alias_record`). `lease.settle` ends that in one stroke; a run that dies before is undone whole, one that dies
after it leaves all that was applied.
"""

from collections.abc import Callable
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import explained
from powertune.domain.canary import CanaryWatch
from powertune.domain.function import FunctionArn, FunctionSnapshot
from powertune.domain.result import Applied
from powertune.errors import AwsError, FunctionChanged
from powertune.target import lease as leases
from powertune.target.alias_check import check_alias
from powertune.target.alias_record import (
    AliasRecord,
    drop_record,
    find_alias,
    move_alias,
    record_alias,
    share_alias,
    undo_recorded,
)
from powertune.target.lease import Lease
from powertune.target.settings import log_level_of
from powertune.target.snapshot import settled_configuration
from powertune.target.sweep import record_name, version_description, versions_of
from powertune.target.variants import put_back, set_latest

Note = Callable[[Applied], None]


def apply_memory(
    client: Any,
    snapshot: FunctionSnapshot,
    lease: Lease,
    memory_mb: int,
    alias: str | None,
    clock: Clock,
    *,
    note: Note,
) -> tuple[str, ...]:
    """Set ``$LATEST`` to a memory size and, with an alias, publish it there. Safe to repeat.

    The run has been undone by then. A lease is held while this goes on, so that what dies half-way can be put
    back from its record; it is released at the end, once ``note`` has written down what was applied.

    Returns:
        What a user should know of the end, in sentences.

    Raises:
        FunctionChanged: the code, the memory size or the alias is not what the run found.
        FunctionRefused: the alias shares its invocations out, or has another version than one of ``$LATEST``.
        AwsError: AWS refuses; the lease stays for `restore` to undo the change from.
    """
    arn, run_id = snapshot.arn, lease.run_id
    leases.take(client, arn, lease)
    if _is_settled(client, arn, run_id):
        return _leave(client, arn, run_id, clock, with_alias=alias is not None)
    version = None
    configuration = _latest(client, snapshot, clock)
    if alias is not None:
        version = _in_place(client, arn, run_id, alias, configuration, memory_mb, canary=False)
    configuration = _with_size(client, arn, run_id, configuration, memory_mb, clock)
    if alias is not None and version is None:
        version = _published(client, arn, configuration, run_id, memory_mb, clock)
        record = record_alias(client, arn, run_id, alias, version)
        if record is not None:
            _require_lease(client, arn, run_id)
            move_alias(client, arn, record, clock)
            _take_back_if_lost(client, arn, run_id, record, clock)
    note(Applied(memory_mb=memory_mb, version=version, alias=alias))
    leases.settle(client, arn, run_id, now_ms=clock.now_ms(), memory_mb=memory_mb)
    return _leave(client, arn, run_id, clock, with_alias=alias is not None)


def begin_canary(
    client: Any, snapshot: FunctionSnapshot, lease: Lease, memory_mb: int, alias: str, share: float, clock: Clock
) -> tuple[AliasRecord, int] | None:
    """Publish a memory size and give that version a share of an alias's invocations. Safe to repeat.

    ``$LATEST`` has its own memory size again before any invocation is shared: a deployment meanwhile finds it as ever.

    Returns:
        The record of the alias, and the memory size of the version that it had; None where the alias's version has the
        memory size already. The lease stays.

    Raises:
        As `apply_memory` does.
    """
    arn, run_id = snapshot.arn, lease.run_id
    leases.take(client, arn, lease)
    configuration = _latest(client, snapshot, clock)
    if _in_place(client, arn, run_id, alias, configuration, memory_mb, canary=True) is not None:
        return None
    version = _own_version(client, arn, configuration, run_id, memory_mb)
    if version is None:
        configuration = _with_size(client, arn, run_id, configuration, memory_mb, clock)
        version = _published(client, arn, configuration, run_id, memory_mb, clock)
    put_back(client, snapshot, run_id, clock)
    record = record_alias(client, arn, run_id, alias, version, share=share)
    if record is None or record.was is None:
        return None
    _require_lease(client, arn, run_id)
    share_alias(client, arn, record, clock)
    _take_back_if_lost(client, arn, run_id, record, clock)
    with explained(f"reading version {record.was}", arn.name):
        old = client.get_function_configuration(FunctionName=str(arn), Qualifier=record.was)
    return record, int(old["MemorySize"])


def canary_is_untouched(client: Any, arn: FunctionArn, run_id: str) -> bool:
    """Whether the run still holds the function and the alias shares its invocations out as the run left it."""
    record = _record(client, arn, run_id)
    if record is None or not leases.holds(client, arn, run_id):
        return False
    alias = find_alias(client, arn, record.alias)
    return record.is_shared(alias) or record.is_moved(alias)


def complete_canary(
    client: Any, snapshot: FunctionSnapshot, watch: CanaryWatch, run_id: str, clock: Clock, *, note: Note
) -> tuple[str, ...]:
    """Send all of the alias's invocations to the new version, and set ``$LATEST`` to its memory size. Safe to repeat.

    Returns:
        What a user should know of the end, in sentences.

    Raises:
        FunctionChanged: somebody else changed the code, the memory size or the alias meanwhile.
        LeaseHeld: the lease is not this run's any more.
        AwsError: AWS refuses; the lease stays for `restore` to undo all of it from.
    """
    arn = snapshot.arn
    if not _is_settled(client, arn, run_id):
        record = _record(client, arn, run_id)
        if record is None:
            raise leases.lost(arn, run_id)
        configuration = _latest(client, snapshot, clock)
        _with_size(client, arn, run_id, configuration, watch.memory_mb, clock)
        _require_lease(client, arn, run_id)
        move_alias(client, arn, record, clock)
        _take_back_if_lost(client, arn, run_id, record, clock)
        note(Applied(memory_mb=watch.memory_mb, version=watch.new_version, alias=watch.alias))
        leases.settle(client, arn, run_id, now_ms=clock.now_ms(), memory_mb=watch.memory_mb)
    return _leave(client, arn, run_id, clock, with_alias=True)


def _is_settled(client: Any, arn: FunctionArn, run_id: str) -> bool:
    held = leases.read(client, arn)
    return held is not None and held.run_id == run_id and held.over


def _leave(client: Any, arn: FunctionArn, run_id: str, clock: Clock, *, with_alias: bool) -> tuple[str, ...]:
    """Take the records away. What was applied stays in any case, so the run has not failed where that fails."""
    try:
        if with_alias:
            drop_record(client, arn, run_id)
        leases.release(client, arn, run_id, now_ms=clock.now_ms())
    except AwsError as error:
        note = (
            f"The run's records could not be taken off {arn.name}: {error.message} They hold up nothing after a "
            f"minute, and go with the next run or: powertune cleanup --function-arn {arn}"
        )
        return (note,)
    return ()


def _require_lease(client: Any, arn: FunctionArn, run_id: str) -> None:
    if not leases.holds(client, arn, run_id):
        raise leases.lost(arn, run_id)


def _take_back_if_lost(client: Any, arn: FunctionArn, run_id: str, record: AliasRecord, clock: Clock) -> None:
    """Put the user's alias back where the run was undone while it was being moved: its record may be gone by now."""
    if not leases.holds(client, arn, run_id):
        undo_recorded(client, arn, record, clock)
        raise leases.lost(arn, run_id)


def _record(client: Any, arn: FunctionArn, run_id: str) -> AliasRecord | None:
    kept = find_alias(client, arn, record_name(run_id))
    return None if kept is None else AliasRecord.from_alias(kept)


def _latest(client: Any, snapshot: FunctionSnapshot, clock: Clock) -> dict[str, Any]:
    configuration = settled_configuration(client, snapshot.arn, clock)
    if configuration["CodeSha256"] != snapshot.code_sha256:
        raise FunctionChanged(
            f"The code of {snapshot.arn.name} was changed during the run, so the recommended memory size was not "
            "applied.",
            next_step="Run again with the new code.",
        )
    return configuration


def _in_place(
    client: Any,
    arn: FunctionArn,
    run_id: str,
    alias: str,
    configuration: dict[str, Any],
    memory_mb: int,
    *,
    canary: bool,
) -> str | None:
    """The version that the alias has, where that has the memory size already; None where the alias has to be moved."""
    if _record(client, arn, run_id) is not None:
        return None  # an earlier try began to move it
    present = check_alias(client, arn, alias, configuration, canary=canary)
    return str(present["Version"]) if present is not None and present["MemorySize"] == memory_mb else None


def _with_size(
    client: Any, arn: FunctionArn, run_id: str, configuration: dict[str, Any], memory_mb: int, clock: Clock
) -> dict[str, Any]:
    if configuration["MemorySize"] == memory_mb:
        return configuration
    level = log_level_of(configuration)
    back_to = (configuration["MemorySize"], level)
    return set_latest(client, arn, run_id, configuration, memory_mb, level, clock, back_to=back_to)


def _own_version(
    client: Any, arn: FunctionArn, configuration: dict[str, Any], run_id: str, memory_mb: int
) -> str | None:
    """The version that an earlier try of this run published for this; None where there is none."""
    mark = version_description(run_id, memory_mb)
    own = [
        str(version["Version"])
        for version in versions_of(client, arn)
        if version.get("Description") == mark and version["Version"].isdigit()
        if version["CodeSha256"] == configuration["CodeSha256"] and version["MemorySize"] == memory_mb
    ]
    return max(own, key=int, default=None)


def _published(
    client: Any, arn: FunctionArn, configuration: dict[str, Any], run_id: str, memory_mb: int, clock: Clock
) -> str:
    with explained("publishing a version", arn.name):
        version: str = client.publish_version(
            FunctionName=str(arn),
            CodeSha256=configuration["CodeSha256"],
            RevisionId=configuration["RevisionId"],
            Description=version_description(run_id, memory_mb),
        )["Version"]
    active = settled_configuration(client, arn, clock, qualifier=version)
    if active["MemorySize"] != memory_mb or active.get("State") == "Failed":
        raise FunctionChanged(
            f"Version {version} of {arn.name} is not what was just published: it has {active['MemorySize']} MB and is "
            f"in state {active.get('State')}.",
            next_step="Somebody else may be changing the function; run again later.",
        )
    return version
