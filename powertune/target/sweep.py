"""What a run makes on a function carries its run id; that is how it is found, and deleted."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import code_of, explained, message_of
from powertune.domain.function import FunctionArn
from powertune.errors import AwsError
from powertune.target.lease import Lease
from powertune.target.snapshot import settled_configuration

_TRIES = 6
_PAUSE_S = 1.0


def run_mark(run_id: str) -> str:
    """How the description of whatever a run makes begins. No other run's does, whatever their ids."""
    return f"powertune {run_id} "


def version_description(run_id: str, memory_mb: int) -> str:
    """The description by which a version is known to be this run's."""
    return f"{run_mark(run_id)}{memory_mb} MB"


def alias_prefix(run_id: str) -> str:
    """How the names of this run's aliases begin."""
    return f"powertune-{run_id}-"


def record_name(run_id: str) -> str:
    """The name of the alias that keeps where the user's alias pointed (`alias_record`)."""
    return f"{alias_prefix(run_id)}was"


def sweep(
    client: Any, arn: FunctionArn, run_id: str, clock: Clock, *, lease: Lease | None = None
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Delete the aliases and versions that carry a run's name.

    Args:
        client: a Lambda client.
        arn: the function.
        run_id: the run.
        clock: for waiting.
        lease: its lease, where it has one: then a version that somebody else published meanwhile is noticed.

    Returns:
        The aliases and versions deleted, and what was left and why.
    """
    held = aliases_of(client, arn)
    aliases = tuple(_delete_aliases(client, arn, run_id, held, clock))
    others = {version: alias["Name"] for alias in held if alias["Name"] not in aliases for version in served_by(alias)}
    present = versions_of(client, arn)
    versions, kept = _delete_versions(client, arn, run_id, present, others, clock)
    strange = () if lease is None else tuple(_strange(present, lease))
    return aliases, versions, (*kept, *strange)


def aliases_of(client: Any, arn: FunctionArn) -> list[dict[str, Any]]:
    """All aliases of a function as AWS gives them."""
    with explained("listing the aliases", arn.name):
        return [
            alias
            for page in client.get_paginator("list_aliases").paginate(FunctionName=str(arn))
            for alias in page["Aliases"]
        ]


def served_by(alias: dict[str, Any]) -> set[str]:
    """The versions that an alias sends invocations to."""
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return {alias["FunctionVersion"], *weights}


def is_alias_of(alias: dict[str, Any], run_id: str) -> bool:
    """Whether a run made an alias: its name and its description both say so, since anybody may use such a name."""
    name, said = str(alias["Name"]), str(alias.get("Description") or "")
    if name == record_name(run_id):
        return said.startswith('{"alias":')
    return name.startswith(alias_prefix(run_id)) and said.startswith(run_mark(run_id))


def _delete_aliases(
    client: Any, arn: FunctionArn, run_id: str, held: Iterable[dict[str, Any]], clock: Clock
) -> Iterator[str]:
    for alias in held:
        if is_alias_of(alias, run_id):
            name = alias["Name"]
            _delete(arn, "deleting an alias", clock, client.delete_alias, FunctionName=str(arn), Name=name)
            yield name


def versions_of(client: Any, arn: FunctionArn) -> list[dict[str, Any]]:
    """All versions of a function as AWS gives them, ``$LATEST`` among them."""
    with explained("listing the versions", arn.name):
        return [
            version
            for page in client.get_paginator("list_versions_by_function").paginate(FunctionName=str(arn))
            for version in page["Versions"]
        ]


def _is_made_by(version: dict[str, Any], run_id: str) -> bool:
    return str(version.get("Description") or "").startswith(run_mark(run_id))


def _delete_versions(
    client: Any,
    arn: FunctionArn,
    run_id: str,
    present: Iterable[dict[str, Any]],
    others: Mapping[str, str],
    clock: Clock,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Delete the run's versions but those that somebody else's alias points at: what was deleted, and notes."""
    deleted, kept = [], []
    for version in [one["Version"] for one in present if _is_made_by(one, run_id)]:
        if version in others:
            kept.append(
                f"Version {version}, which the run published, was kept: the alias {others[version]} points at it."
            )
        # Without a numeric qualifier DeleteFunction would delete the function itself.
        elif version.isdigit():
            _delete_version(client, arn, version, clock)
            deleted.append(version)
    return tuple(deleted), tuple(kept)


def _delete_version(client: Any, arn: FunctionArn, version: str, clock: Clock) -> None:
    try:
        _delete(arn, "deleting a version", clock, client.delete_function, FunctionName=str(arn), Qualifier=version)
    except _InUse:
        # A version with a snapshot to make may be pending for minutes.
        settled_configuration(client, arn, clock, qualifier=version)
        _delete(arn, "deleting a version", clock, client.delete_function, FunctionName=str(arn), Qualifier=version)


def _strange(present: Iterable[dict[str, Any]], lease: Lease) -> Iterator[str]:
    """Versions that somebody else published while ``$LATEST`` had a memory size of this run's."""
    for version in present:
        memory_mb, published_ms = version.get("MemorySize"), _modified_ms(version)
        mine = version["Version"] == "$LATEST" or _is_made_by(version, lease.run_id)
        if mine or memory_mb == lease.memory_mb or published_ms is None or published_ms < lease.since_ms:
            continue
        yield (
            f"Version {version['Version']} was published by somebody else during the run, and has {memory_mb} MB; "
            f"before the run $LATEST had {lease.memory_mb} MB."
        )


def _modified_ms(version: dict[str, Any]) -> float | None:
    try:
        return datetime.fromisoformat(str(version["LastModified"])).timestamp() * 1000
    except (KeyError, ValueError):
        return None


class _InUse(AwsError):
    """What is to be deleted is still in use."""


def _delete(arn: FunctionArn, doing: str, clock: Clock, call: Any, **arguments: str) -> None:
    """Delete one thing; what is gone already is no error, and what is still in use is tried again for a while."""
    from botocore.exceptions import ClientError

    for attempt in range(_TRIES):
        if attempt:
            clock.sleep(_PAUSE_S)
        with explained(doing, arn.name):
            try:
                call(**arguments)
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return
                if code_of(error) != "ResourceConflictException":
                    raise
                refused = message_of(error)
            else:
                return
    raise _InUse(f"AWS refused {doing} of {arn.name}: {refused}", next_step="Try again later.")
