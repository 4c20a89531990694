"""One run at a time per function, and the record of what must be undone: an alias of a fixed name.

Creating an alias is atomic and refuses a name that is taken, so the alias is a lock that needs no database.
Its description is the record. It is on the function before the first change and leaves with the last undo,
so any machine can finish the undo from it. It points at ``$LATEST`` and nothing invokes it.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

from powertune.aws.errors import code_of, explained
from powertune.domain.function import FunctionArn
from powertune.errors import FunctionChanged, LeaseHeld, UsageError

LEASE_ALIAS = "powertune-lease"
_MAX_DESCRIPTION = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who holds the function and what it was like.

    ``memory_mb`` is the memory size to go back to. ``set_mb`` holds the sizes at which the run may have left
    ``$LATEST``: the one it found there and the one it is about to set; empty while ``$LATEST`` is as it was
    found. ``since_ms`` and ``until_ms`` are epoch milliseconds. ``log_level`` is the system log level to go back
    to, where the run may set another one; None where it does not touch it.
    """

    run_id: str
    memory_mb: int
    set_mb: tuple[int, ...]
    since_ms: int
    until_ms: int
    log_level: str | None = None

    def to_description(self) -> str:
        """The record as it stands in the alias; at most 256 characters."""
        fields = {
            "powertune": self.run_id,
            "memory_mb": self.memory_mb,
            "set_mb": list(self.set_mb),
            "since_ms": self.since_ms,
            "until_ms": self.until_ms,
            **({} if self.log_level is None else {"log_level": self.log_level}),
        }
        text = json.dumps(fields, separators=(",", ":"))
        if len(text) > _MAX_DESCRIPTION:
            raise UsageError(f"The run id '{self.run_id}' is too long.", next_step="Use a shorter one.")
        return text

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
            )
        except (ValueError, KeyError, TypeError):
            return None


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
    held = read(client, arn)
    if held is not None and held.run_id == lease.run_id:
        return
    if held is None:
        raise LeaseHeld(
            f"{arn.name} has an alias '{LEASE_ALIAS}' that powertune cannot read.",
            next_step="Delete that alias if no powertune run is under way.",
        )
    over = lease.since_ms > held.until_ms
    raise LeaseHeld(
        f"{arn.name} is held by the run {held.run_id}"
        + (", which should have ended by now: it may have died." if over else ", which is still under way."),
        next_step=f"Undo a dead run with: powertune cleanup --function-arn {arn}"
        if over
        else "Wait for it to end, or stop it.",
    )


def read(client: Any, arn: FunctionArn) -> Lease | None:
    """The lease on the function, None where there is none or it is not powertune's."""
    from botocore.exceptions import ClientError

    with explained("reading the lease", arn.name):
        try:
            alias = client.get_alias(FunctionName=str(arn), Name=LEASE_ALIAS)
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise
    return Lease.from_description(alias.get("Description", ""))


def record_memory(client: Any, arn: FunctionArn, run_id: str, *, found_mb: int, next_mb: int) -> None:
    """Write down that ``$LATEST`` is about to go from one memory size to another.

    Raises:
        LeaseHeld: the lease is not this run's any more, so nothing may be changed.
        FunctionChanged: the size found is not one that this run left there.
    """
    held = read(client, arn)
    if held is None or held.run_id != run_id:
        raise LeaseHeld(
            f"The run {run_id} has lost its lease on {arn.name}; nothing further was changed.",
            next_step=f"See what is left with: powertune cleanup --function-arn {arn}",
        )
    if found_mb not in (held.memory_mb, *held.set_mb):
        raise FunctionChanged(
            f"Somebody set the memory size of {arn.name} to {found_mb} MB during the run; it was left so.",
            next_step="Run again when the other change is finished.",
        )
    _write(client, arn, replace(held, set_mb=(found_mb, next_mb)))


def record_put_back(client: Any, arn: FunctionArn, run_id: str) -> None:
    """Write down that ``$LATEST`` has its own memory size again; nothing if the lease is not this run's."""
    held = read(client, arn)
    if held is not None and held.run_id == run_id and held.set_mb:
        _write(client, arn, replace(held, set_mb=()))


def _write(client: Any, arn: FunctionArn, lease: Lease) -> None:
    with explained("recording the change", arn.name):
        client.update_alias(FunctionName=str(arn), Name=LEASE_ALIAS, Description=lease.to_description())


def release(client: Any, arn: FunctionArn) -> None:
    """Give the lease back; no error if it is gone."""
    from botocore.exceptions import ClientError

    with explained("releasing the lease", arn.name):
        try:
            client.delete_alias(FunctionName=str(arn), Name=LEASE_ALIAS)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
