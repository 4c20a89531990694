"""One run at a time per function, and the record of what must be undone: an alias of a fixed name.

Creating an alias is atomic and refuses a name that is taken, so the alias is a lock that needs no database.
Its description is the record. It is on the function before the first change and leaves with the last undo,
so any machine can finish the undo from it. It points at ``$LATEST`` and nothing invokes it.

Every change of the record holds only for the revision that was read (``RevisionId`` of UpdateAlias, AWS docs,
lambda/latest/api/API_UpdateAlias), so of two who want to change it one is told.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from powertune.aws.errors import code_of, explained
from powertune.domain.function import FunctionArn
from powertune.errors import FunctionChanged, LeaseHeld, LeaseLost, UsageError

LEASE_ALIAS = "powertune-lease"
_MAX_DESCRIPTION = 256
_TRIES = 5
_OVER_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who holds the function and what it was like.

    Attributes:
        run_id: the run.
        memory_mb: the memory size to go back to.
        set_mb: the sizes at which the run may have left ``$LATEST``: the one it found there and the one it is
            about to set; empty while ``$LATEST`` is as it was found.
        since_ms, until_ms: epoch milliseconds: when it was taken, and when the run should be over.
        log_level: the system log level to go back to, where the run may set another one; None where not.
        by: who holds it, in words for people; cut short where the record has no room.
        over: the run is at its end: all was undone, or what was applied is to stay. The lease is about to go.
        undoing: somebody is undoing the run; it may change nothing any more.
    """

    run_id: str
    memory_mb: int
    set_mb: tuple[int, ...]
    since_ms: int
    until_ms: int
    log_level: str | None = None
    by: str = ""
    over: bool = False
    undoing: bool = False

    def to_description(self) -> str:
        """The record as it stands in the alias; at most 256 characters."""
        fields = {
            "powertune": self.run_id,
            "memory_mb": self.memory_mb,
            "set_mb": list(self.set_mb),
            "since_ms": self.since_ms,
            "until_ms": self.until_ms,
            **({} if self.log_level is None else {"log_level": self.log_level}),
            **({"over": 1} if self.over else {}),
            **({"undoing": 1} if self.undoing else {}),
        }
        text = json.dumps(fields, separators=(",", ":"))
        if len(text) > _MAX_DESCRIPTION:
            raise UsageError(f"The run id '{self.run_id}' is too long.", next_step="Use a shorter one.")
        by = "".join(letter for letter in self.by if letter.isascii() and letter.isprintable() and letter not in '"\\')
        room = _MAX_DESCRIPTION - len(text) - len(',"by":""')
        return text if room < 1 or not by else f'{text[:-1]},"by":"{by[:room]}"}}'

    @classmethod
    def from_description(cls, text: str) -> "Lease | None":
        """Read a record back; None where the alias was not written by powertune."""
        try:
            fields = json.loads(text)
            return cls(
                run_id=str(fields["powertune"]),
                memory_mb=int(fields["memory_mb"]),
                set_mb=tuple(int(size) for size in fields["set_mb"]),
                since_ms=int(fields["since_ms"]),
                until_ms=int(fields["until_ms"]),
                log_level=str(fields["log_level"]) if "log_level" in fields else None,
                by=str(fields.get("by", "")),
                over=bool(fields.get("over")),
                undoing=bool(fields.get("undoing")),
            )
        except (ValueError, KeyError, TypeError):
            return None

    def is_expired(self, now_ms: int) -> bool:
        """Whether the run should have ended by then."""
        return now_ms > self.until_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The lease as it was read, with the revision that a change of it must name. ``lease`` is None where unreadable."""

    lease: Lease | None
    revision_id: str


def take(client: Any, arn: FunctionArn, lease: Lease) -> None:
    """Take the lease.

    Raises:
        LeaseHeld: another run has it. A repeated call of the same run is no conflict.
    """
    from botocore.exceptions import ClientError

    with explained("taking the lease", arn.name):
        try:
            client.create_alias(
                FunctionName=str(arn),
                Name=LEASE_ALIAS,
                FunctionVersion="$LATEST",
                Description=lease.to_description(),
            )
        except ClientError as error:
            if code_of(error) != "ResourceConflictException":
                raise
        else:
            return
    held = look(client, arn)
    if held is not None and held.lease is not None and held.lease.run_id == lease.run_id:
        if held.lease.undoing:
            raise lost(arn, lease.run_id)
        return
    raise refusal(arn, held, now_ms=lease.since_ms)


def refusal(arn: FunctionArn, held: Held | None, *, now_ms: int) -> LeaseHeld:
    """Why a run cannot have the function: who holds it, and since when."""
    if held is None:
        return LeaseHeld(
            f"{arn.name} was held by another run a moment ago. Nothing was changed.", next_step="Start again."
        )
    if held.lease is None:
        return LeaseHeld(
            f"{arn.name} has an alias '{LEASE_ALIAS}' that powertune cannot read. Nothing was changed.",
            next_step="Delete that alias if no powertune run is under way.",
        )
    lease = held.lease
    who = f"{held_by(arn, lease)} since {_moment(lease.since_ms)}"
    if lease.is_expired(now_ms):
        return LeaseHeld(
            f"{who}. It should have ended by {_moment(lease.until_ms)}: it may have died. Nothing was changed.",
            next_step=f"Undo a dead run with: powertune cleanup --function-arn {arn}",
        )
    return LeaseHeld(
        f"{who}. It is under way, or has died; if so, it is out of the way after {_moment(lease.until_ms)}. "
        "Nothing was changed.",
        next_step="Wait for it to end, or stop it. If you know that it died: powertune cleanup --function-arn "
        + str(arn),
    )


def held_by(arn: FunctionArn, lease: Lease) -> str:
    """Who holds a function, for people: the run, and who runs it where that is known."""
    by = f" ({lease.by})" if lease.by else ""
    return f"{arn.name} is held by the run {lease.run_id}{by}"


def _moment(ms: int) -> str:
    try:
        return f"{datetime.fromtimestamp(ms / 1000, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return f"{ms} ms after 1970"


def look(client: Any, arn: FunctionArn) -> Held | None:
    """The lease alias on the function, None where there is none."""
    from botocore.exceptions import ClientError

    with explained("reading the lease", arn.name):
        try:
            alias = client.get_alias(FunctionName=str(arn), Name=LEASE_ALIAS)
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise
    return Held(lease=Lease.from_description(alias.get("Description", "")), revision_id=alias["RevisionId"])


def read(client: Any, arn: FunctionArn) -> Lease | None:
    """The lease on the function, None where there is none or it is not powertune's."""
    held = look(client, arn)
    return None if held is None else held.lease


def holds(client: Any, arn: FunctionArn, run_id: str) -> bool:
    """Whether a run holds the lease, and nobody is undoing it."""
    lease = read(client, arn)
    return lease is not None and lease.run_id == run_id and not lease.undoing


def lost(arn: FunctionArn, run_id: str, so: str = "It changes nothing further.") -> LeaseLost:
    """What a run says that finds its lease gone: somebody undid it, or took the function over."""
    return LeaseLost(
        f"The run {run_id} has lost its lease on {arn.name}: somebody undid the run, or took the function over. {so}",
        next_step=f"See what is there with: powertune status --function-arn {arn}",
    )


def extend(client: Any, arn: FunctionArn, run_id: str, *, until_ms: int) -> bool:
    """Hold the function for longer: the run's own lease ends then, in place of the moment that it named before.

    Returns:
        Whether it is still the run's; not, where it is gone, another run's, or being undone by somebody.
    """
    mine = True

    def change(lease: Lease) -> Lease:
        nonlocal mine
        mine = not (lease.undoing or lease.over)
        return replace(lease, until_ms=until_ms) if mine else lease

    return _change(client, arn, run_id, change) and mine


def record_memory(client: Any, arn: FunctionArn, run_id: str, *, found_mb: int, next_mb: int) -> None:
    """Write down that ``$LATEST`` is about to go from one memory size to another.

    Raises:
        LeaseHeld: the lease is not this run's any more, so nothing may be changed.
        FunctionChanged: the size found is not one that this run left there.
    """

    def change(lease: Lease) -> Lease:
        if lease.undoing:
            raise lost(arn, run_id)
        if found_mb not in (lease.memory_mb, *lease.set_mb):
            raise FunctionChanged(
                f"Somebody set the memory size of {arn.name} to {found_mb} MB during the run; it was left so.",
                next_step="Run again when the other change is finished.",
            )
        return replace(lease, set_mb=(found_mb, next_mb))

    if not _change(client, arn, run_id, change):
        raise lost(arn, run_id)


def begin_undo(client: Any, arn: FunctionArn, run_id: str) -> Lease | None:
    """Write down that a run is being undone, so that the run itself, if it is alive, changes nothing any more.

    What the run records before this is in the lease that this returns; what it records after, it may not.

    Returns:
        The lease; None where it is not that run's any more.
    """
    if not _change(client, arn, run_id, lambda lease: lease if lease.over else replace(lease, undoing=True)):
        return None
    lease = read(client, arn)
    return lease if lease is not None and lease.run_id == run_id else None


def record_put_back(client: Any, arn: FunctionArn, run_id: str) -> None:
    """Write down that ``$LATEST`` has its own memory size again; nothing if the lease is not this run's."""
    _change(client, arn, run_id, lambda lease: replace(lease, set_mb=()))


def prolong(client: Any, arn: FunctionArn, expired: Held, *, until_ms: int, by: str) -> bool:
    """Take the lease of a dead run over in order to undo it; the record of what must be undone stays.

    Returns:
        Whether it is the caller's now; not, where somebody else was quicker.
    """
    if expired.lease is None:
        return False
    return _write(client, arn, replace(expired.lease, until_ms=until_ms, by=by), expired.revision_id)


def settle(client: Any, arn: FunctionArn, run_id: str, *, now_ms: int, memory_mb: int) -> None:
    """Write down, in one stroke, that what a run applied is to stay: from then on nothing of it is undone.

    Raises:
        LeaseHeld: the lease is not this run's any more.
    """

    def change(lease: Lease) -> Lease:
        if lease.undoing:
            raise lost(arn, run_id)
        until_ms = min(lease.until_ms, now_ms + _OVER_MS)
        return replace(lease, memory_mb=memory_mb, set_mb=(), over=True, until_ms=until_ms)

    if not _change(client, arn, run_id, change):
        raise lost(arn, run_id)


def release(client: Any, arn: FunctionArn, run_id: str, *, now_ms: int, undone: bool = False) -> None:
    """Give a run's lease back; nothing if it is gone, or somebody else's by now.

    ``undone`` says that ``$LATEST`` is as it was, so that a memory size set from now on is somebody else's.

    DeleteAlias takes no revision. So the record is marked first, which only the holder of the latest revision can
    do: whoever is late does not delete the lease of a later run.
    """
    from botocore.exceptions import ClientError

    def mark(lease: Lease) -> Lease:
        # Whoever dies here has a minute: then the next run may take the function over.
        until_ms = min(lease.until_ms, now_ms + _OVER_MS)
        return replace(lease, set_mb=() if undone else lease.set_mb, over=True, until_ms=until_ms)

    if not _change(client, arn, run_id, mark):
        return
    with explained("releasing the lease", arn.name):
        try:
            client.delete_alias(FunctionName=str(arn), Name=LEASE_ALIAS)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise


def _change(client: Any, arn: FunctionArn, run_id: str, change: Any) -> bool:
    """Change the record of a run; False where the lease is not that run's."""
    for _ in range(_TRIES):
        held = look(client, arn)
        if held is None or held.lease is None or held.lease.run_id != run_id:
            return False
        new = change(held.lease)
        # Its own first try may have got through while the answer was lost: then there is nothing left to do.
        if new == held.lease or _write(client, arn, new, held.revision_id):
            return True
    raise FunctionChanged(
        f"The lease on {arn.name} is being changed by somebody else all the time.",
        next_step=f"See who holds it with: powertune status --function-arn {arn}",
    )


def _write(client: Any, arn: FunctionArn, lease: Lease, revision_id: str) -> bool:
    """Write the record; False where it has another revision by now, or is gone."""
    from botocore.exceptions import ClientError

    with explained("recording the change", arn.name):
        try:
            client.update_alias(
                FunctionName=str(arn), Name=LEASE_ALIAS, Description=lease.to_description(), RevisionId=revision_id
            )
        except ClientError as error:
            if code_of(error) in ("PreconditionFailedException", "ResourceNotFoundException"):
                return False
            raise
    return True
