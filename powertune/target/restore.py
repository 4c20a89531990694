"""Undoes a run from the record on the function alone. Safe to repeat, on any machine."""

from dataclasses import dataclass
from typing import Any

from powertune.aws.clock import Clock
from powertune.domain.function import FunctionArn
from powertune.errors import FunctionChanged
from powertune.target.alias_record import undo_alias
from powertune.target.lease import Held, Lease, begin_undo, look, prolong, read, refusal, release
from powertune.target.settings import LIFTED_LEVEL, log_level_of, update_settings
from powertune.target.snapshot import require_updated, settled_configuration
from powertune.target.sweep import sweep

TAKE_OVER_MS = 15 * 60 * 1000
"""What undoing a dead run may take."""

_TRIES = 5
_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was undone. ``left_alone`` says what somebody else had changed, and so was not touched.

    ``memory_mb`` is the memory size that the run had found; None where no lease says it. ``applied_stays`` says that
    the run was over, so what it had applied was left.
    """

    run_id: str
    memory_mb: int | None
    memory_put_back: bool
    aliases_deleted: tuple[str, ...]
    versions_deleted: tuple[str, ...]
    left_alone: tuple[str, ...]
    applied_stays: bool = False


def restore(client: Any, arn: FunctionArn, clock: Clock, *, run_id: str | None = None) -> Restored | None:
    """Put the function back as the lease on it says, delete what that run made, and release the lease.

    Args:
        client: a Lambda client.
        arn: the function.
        clock: for waiting.
        run_id: undo this run only; None undoes whichever run holds the lease.

    Returns:
        What was undone; None where there was nothing to undo. A run that does not hold the lease loses what carries
        its name, and nothing else is touched: it sets no memory size without its lease (`variants.publish`).

    Raises:
        AwsError: a call failed, so the undo is not complete; it can be repeated.
    """
    held = look(client, arn)
    if held is not None and held.lease is None:
        return _unreadable(client, arn, held, run_id, clock)
    lease = None if held is None else held.lease
    if lease is not None and run_id in (None, lease.run_id):
        lease = begin_undo(client, arn, lease.run_id)
    if lease is None or run_id not in (None, lease.run_id):
        return None if run_id is None else _swept(client, arn, run_id, clock)
    # The user's alias first: real traffic goes through it. Where the run was over, what it had applied is to stay.
    changed = () if lease.over else undo_alias(client, arn, lease.run_id, clock)
    put_back, left_alone = _memory(client, arn, lease, clock)
    aliases, versions, kept = sweep(client, arn, lease.run_id, clock, lease=lease)
    kept = () if lease.over else kept
    release(client, arn, lease.run_id, now_ms=clock.now_ms(), undone=True)
    return Restored(
        run_id=lease.run_id,
        memory_mb=lease.memory_mb,
        memory_put_back=put_back,
        aliases_deleted=aliases,
        versions_deleted=versions,
        left_alone=(*changed, *left_alone, *kept),
        applied_stays=lease.over,
    )


def _unreadable(client: Any, arn: FunctionArn, held: Held, run_id: str | None, clock: Clock) -> Restored | None:
    """The record was not written by powertune, or was changed by somebody: nothing says what to go back to."""
    swept = None if run_id is None else _swept(client, arn, run_id, clock)
    if run_id is None or swept is not None:
        raise refusal(arn, held, now_ms=clock.now_ms())
    return None


def _swept(client: Any, arn: FunctionArn, run_id: str, clock: Clock) -> Restored | None:
    changed = undo_alias(client, arn, run_id, clock)
    aliases, versions, kept = sweep(client, arn, run_id, clock)
    kept = (*changed, *kept)
    if not (aliases or versions or kept):
        return None
    return Restored(
        run_id=run_id,
        memory_mb=None,
        memory_put_back=False,
        aliases_deleted=aliases,
        versions_deleted=versions,
        left_alone=kept,
    )


def take_over(client: Any, arn: FunctionArn, clock: Clock, *, run_id: str, by: str) -> Restored | None:
    """Undo a dead run, so that another one can have the function.

    Args:
        client: a Lambda client.
        arn: the function.
        clock: for waiting.
        run_id: the run that wants the function.
        by: who runs it.

    Returns:
        What was undone; None where no other run holds the function.

    Raises:
        LeaseHeld: a run holds it that should not be over yet, or somebody else is undoing it.
    """
    held = look(client, arn)
    if held is None or (held.lease is not None and held.lease.run_id == run_id):
        return None
    now_ms = clock.now_ms()
    if held.lease is None or not held.lease.is_expired(now_ms):
        raise refusal(arn, held, now_ms=now_ms)
    if not prolong(client, arn, held, until_ms=now_ms + TAKE_OVER_MS, by=by):
        raise refusal(arn, look(client, arn), now_ms=now_ms)
    return restore(client, arn, clock, run_id=held.lease.run_id)


def _memory(client: Any, arn: FunctionArn, lease: Lease, clock: Clock) -> tuple[bool, tuple[str, ...]]:
    for attempt in range(_TRIES):
        configuration = settled_configuration(client, arn, clock)
        present_mb, level = configuration["MemorySize"], log_level_of(configuration)
        memory_mb = lease.memory_mb if present_mb in lease.set_mb else present_mb
        if lease.log_level is not None and level == LIFTED_LEVEL and lease.set_mb:
            level = lease.log_level
        changed = memory_mb != present_mb or level != log_level_of(configuration)
        # Read after the configuration: where others have undone the run by now, a later change is somebody's own, and
        # an earlier one makes the update below fail by its revision.
        if changed and _is_still_there(client, arn, lease):
            try:
                update_settings(client, arn, configuration, memory_mb, level)
            except FunctionChanged:
                if attempt + 1 == _TRIES:
                    raise
                clock.sleep(_PAUSE_S)
                continue
            require_updated(settled_configuration(client, arn, clock), arn)
        break
    if memory_mb == lease.memory_mb:
        return changed, ()
    note = (
        f"Somebody set the memory size to {present_mb} MB during the run; "
        f"it was left so (before the run: {lease.memory_mb} MB)."
    )
    return changed, (note,)


def _is_still_there(client: Any, arn: FunctionArn, lease: Lease) -> bool:
    present = read(client, arn)
    return present is not None and present.run_id == lease.run_id
