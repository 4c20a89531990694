"""The alias that a user names: its record, the move to the run's version, and the way back.

Before the user's alias is touched, an alias ``powertune-RUN_ID-was`` is made. It points at the version that the user's
alias has, so nobody can delete that version meanwhile, and its description says which alias it stands for and where
the run sends it. It goes once what was applied is to stay, or with the undo.

Every write passes the RevisionId that was read (AWS docs, lambda/latest/api/API_UpdateAlias). DeleteAlias takes none:
an alias that the run itself made is looked at right before it is deleted.
"""

import json
from dataclasses import dataclass
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import code_of, explained
from powertune.domain.function import FunctionArn
from powertune.errors import FunctionChanged, FunctionRefused
from powertune.target.snapshot import UPDATE_TIMEOUT_S
from powertune.target.sweep import record_name

LATEST = "$LATEST"
_TRIES = 5
_PAUSE_S = 2.0
_NO_DIFFERENCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasRecord:
    """Where an alias pointed before the run, and where the run sends it.

    Attributes:
        alias: its name.
        was: the version that it had; None where the run makes the alias.
        to: the version that the run gives it.
        share: share of the invocations that version gets first, 1 for all of them at once.
    """

    alias: str
    was: str | None
    to: str
    share: float = 1.0

    def to_description(self) -> str:
        """The record as it stands in the alias that keeps it; far below its 256 characters."""
        fields = {"alias": self.alias, "new": self.was is None, "to": self.to, "share": self.share}
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def from_alias(cls, alias: dict[str, Any]) -> "AliasRecord | None":
        """Read a record back; None where the alias holds none."""
        try:
            fields = json.loads(alias.get("Description") or "")
            return cls(
                alias=str(fields["alias"]),
                was=None if fields["new"] else str(alias["FunctionVersion"]),
                to=str(fields["to"]),
                share=float(fields["share"]),
            )
        except (ValueError, KeyError, TypeError):
            return None

    def is_untouched(self, alias: dict[str, Any] | None) -> bool:
        """Whether an alias is as it was before the run; None is an alias that is not there."""
        if alias is None or self.was is None:
            return alias is None and self.was is None
        return bool(alias["FunctionVersion"] == self.was) and not weights_of(alias)

    def is_shared(self, alias: dict[str, Any] | None) -> bool:
        """Whether an alias gives the run's version just the share that the run gave it."""
        return (
            alias is not None
            and bool(alias["FunctionVersion"] == self.was)
            and set(weights_of(alias)) == {self.to}
            and self.kept_its_share(alias)
        )

    def kept_its_share(self, alias: dict[str, Any]) -> bool:
        """Whether an alias, whatever its own version, gives the run's version the share that the run gave it."""
        return abs(weights_of(alias).get(self.to, 0.0) - self.share) < _NO_DIFFERENCE

    def is_moved(self, alias: dict[str, Any] | None) -> bool:
        """Whether an alias has the run's version, also while Lambda itself still moves provisioned concurrency over."""
        return alias is not None and bool(alias["FunctionVersion"] == self.to) and set(weights_of(alias)) <= {self.was}


def weights_of(alias: dict[str, Any]) -> dict[str, float]:
    """The versions that an alias sends a share of its invocations to, beside its own version."""
    weights: dict[str, float] = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return weights


def find_alias(client: Any, arn: FunctionArn, name: str) -> dict[str, Any] | None:
    """An alias as AWS gives it; None where there is none."""
    from botocore.exceptions import ClientError

    with explained(f"reading the alias {name}", arn.name):
        try:
            alias: dict[str, Any] = client.get_alias(FunctionName=str(arn), Name=name)
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise
    return alias


def refuse_weights(arn: FunctionArn, alias: dict[str, Any] | None) -> None:
    """Refuse an alias that shares its invocations out already.

    Raises:
        FunctionRefused: somebody's own canary is under way.
    """
    if alias is not None and weights_of(alias):
        others = ", ".join(f"{share:.3g} to version {version}" for version, share in weights_of(alias).items())
        raise FunctionRefused(
            f"The alias {alias['Name']} of {arn.name} shares its invocations out already ({others} beside version "
            f"{alias['FunctionVersion']}): somebody's own deployment seems to be under way. It was left so.",
            next_step="Run again when that is over, or leave --alias out.",
        )


def record_alias(
    client: Any, arn: FunctionArn, run_id: str, name: str, version: str, *, share: float = 1.0
) -> AliasRecord | None:
    """Write down where an alias points, before it is sent to a version. Safe to repeat.

    Returns:
        The record; None where the alias has that version and nothing else already, so that nothing need be done.

    Raises:
        FunctionRefused: the alias shares its invocations out already.
        FunctionChanged: somebody else changed the alias after an earlier try of this run had recorded it.
    """
    from botocore.exceptions import ClientError

    present = find_alias(client, arn, name)
    kept = find_alias(client, arn, record_name(run_id))
    if kept is not None:
        record = AliasRecord.from_alias(kept)
        if record is None or not (
            record.is_untouched(present) or record.is_shared(present) or record.is_moved(present)
        ):
            raise _changed(arn, name)
        return record
    refuse_weights(arn, present)
    if present is not None and present["FunctionVersion"] == version:
        return None
    was = None if present is None else str(present["FunctionVersion"])
    record = AliasRecord(alias=name, was=was, to=version, share=share)
    with explained(f"recording where the alias {name} points", arn.name):
        try:
            client.create_alias(
                FunctionName=str(arn),
                Name=record_name(run_id),
                FunctionVersion=was or LATEST,
                Description=record.to_description(),
            )
        except ClientError as error:
            if code_of(error) != "ResourceConflictException":
                raise
            # An earlier try of this call got through, and its answer was lost; or the run is being run twice.
            kept = client.get_alias(FunctionName=str(arn), Name=record_name(run_id))
            if AliasRecord.from_alias(kept) != record:
                raise _changed(arn, name) from None
    return record


def share_alias(client: Any, arn: FunctionArn, record: AliasRecord, clock: Clock) -> None:
    """Give the run's version its share of the alias's invocations. Safe to repeat.

    Raises:
        FunctionChanged: the alias is not as it was recorded.
    """
    present = find_alias(client, arn, record.alias)
    if record.is_shared(present):
        return
    if present is None or not record.is_untouched(present):
        raise _changed(arn, record.alias)
    _update(client, arn, record.alias, present, present["FunctionVersion"], {record.to: record.share}, clock)


def move_alias(client: Any, arn: FunctionArn, record: AliasRecord, clock: Clock) -> None:
    """Send everything to the run's version; an alias that is not there is made. Safe to repeat.

    Raises:
        FunctionChanged: the alias is neither as it was recorded nor as this run left it.
    """
    from botocore.exceptions import ClientError

    present = find_alias(client, arn, record.alias)
    if record.is_moved(present):
        return
    if not (record.is_untouched(present) or record.is_shared(present)):
        raise _changed(arn, record.alias)
    if present is not None:
        _update(client, arn, record.alias, present, record.to, {}, clock)
        return
    with explained(f"making the alias {record.alias}", arn.name):
        try:
            client.create_alias(FunctionName=str(arn), Name=record.alias, FunctionVersion=record.to)
        except ClientError as error:
            if code_of(error) != "ResourceConflictException":
                raise
            # Lambda's own retry may have met the alias that its first try made.
            if not record.is_moved(client.get_alias(FunctionName=str(arn), Name=record.alias)):
                raise _changed(arn, record.alias) from None


def undo_alias(client: Any, arn: FunctionArn, run_id: str, clock: Clock) -> tuple[str, ...]:
    """Put the user's alias back as a run's record says; what somebody else changed is left alone, and told.

    The record itself stays: it goes with the run's other aliases.

    Raises:
        AwsError: a call failed; the undo can be repeated.
    """
    kept = find_alias(client, arn, record_name(run_id))
    record = None if kept is None else AliasRecord.from_alias(kept)
    return () if record is None else undo_recorded(client, arn, record, clock)


def undo_recorded(client: Any, arn: FunctionArn, record: AliasRecord, clock: Clock) -> tuple[str, ...]:
    """Put the user's alias back as a record says; see `undo_alias`."""
    for _ in range(_TRIES):
        present = find_alias(client, arn, record.alias)
        if record.is_untouched(present):
            return ()
        if not (record.is_shared(present) or record.is_moved(present)):
            if present is not None and record.kept_its_share(present):
                # UpdateAlias without weights keeps them (AWS docs, lambda/latest/dg/configuring-alias-routing): whoever
                # sent the alias to another version meant no share for the run's.
                others = {version: share for version, share in weights_of(present).items() if version != record.to}
                try:
                    _update(client, arn, record.alias, present, present["FunctionVersion"], others, clock)
                except FunctionChanged:
                    continue
                return (_without_share(record, present["FunctionVersion"]),)
            was = "did not exist" if record.was is None else f"pointed at version {record.was}"
            return (
                f"Somebody changed the alias {record.alias} during the run; it was left so (before the run it {was}).",
            )
        assert present is not None  # an alias that is not there was not moved
        if record.was is None:
            _delete(client, arn, record.alias)
            return ()
        try:
            _update(client, arn, record.alias, present, record.was, {}, clock)
        except FunctionChanged:
            continue  # somebody was quicker: look again
        return ()
    raise _changed(arn, record.alias)


def _without_share(record: AliasRecord, version: str) -> str:
    return (
        f"Somebody sent the alias {record.alias} to version {version} during the run, where it was left; the share of "
        f"its invocations that still went to the run's version {record.to} was taken away (before the run it pointed "
        f"at version {record.was})."
    )


def drop_record(client: Any, arn: FunctionArn, run_id: str) -> None:
    """Delete a run's record; no error where it is gone."""
    _delete(client, arn, record_name(run_id))


def _update(
    client: Any,
    arn: FunctionArn,
    name: str,
    present: dict[str, Any],
    version: str,
    weights: dict[str, float],
    clock: Clock,
) -> None:
    # Left out, the weights stay as they are; empty, they go (AWS docs, lambda/latest/dg/configuring-alias-routing).
    routing = {"RoutingConfig": {"AdditionalVersionWeights": weights}} if weights or weights_of(present) else {}
    from botocore.exceptions import ClientError

    with explained(f"pointing the alias {name}", arn.name):
        try:
            answer = client.update_alias(
                FunctionName=str(arn), Name=name, FunctionVersion=version, RevisionId=present["RevisionId"], **routing
            )
        except ClientError as error:
            if code_of(error) != "PreconditionFailedException":
                raise
            # An earlier try of this call got through, and its answer was lost.
            now = client.get_alias(FunctionName=str(arn), Name=name)
            if now["FunctionVersion"] != version or weights_of(now) != weights:
                raise
            answer = now
    # An alias with provisioned concurrency keeps sending everything to its old version, by a weight that Lambda sets,
    # until the new one has its environments.
    deadline_ms = clock.now_ms() + UPDATE_TIMEOUT_S * 1000
    while not weights and weights_of(answer) and clock.now_ms() < deadline_ms:
        clock.sleep(_PAUSE_S)
        with explained(f"reading the alias {name}", arn.name):
            answer = client.get_alias(FunctionName=str(arn), Name=name)


def _delete(client: Any, arn: FunctionArn, name: str) -> None:
    from botocore.exceptions import ClientError

    with explained(f"deleting the alias {name}", arn.name):
        try:
            client.delete_alias(FunctionName=str(arn), Name=name)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise


def _changed(arn: FunctionArn, name: str) -> FunctionChanged:
    return FunctionChanged(
        f"Somebody else changed the alias {name} of {arn.name} during the run; their change was not overwritten.",
        next_step="Run again when the other change is finished.",
    )
