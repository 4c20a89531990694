"""What a version number or an alias of a function stands for. Read, and nothing else."""

import contextlib
from dataclasses import dataclass
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import explained
from powertune.domain.function import FunctionArn, FunctionSnapshot
from powertune.errors import AwsError, FunctionNotFound
from powertune.target.alias_record import LATEST, find_alias, weights_of
from powertune.target.snapshot import settled_configuration, snapshot_of
from powertune.target.sweep import aliases_of, versions_of

_OURS = "powertune-"
_MOST_LISTED = 10
_NO_NOTES: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A version, as it is configured.

    Attributes:
        version: its number, or ``$LATEST``.
        snapshot: its configuration.
        runtime_version: ARN of the runtime's patch level; None where AWS does not say it.
        notes: what a reader should know of how it was found.
    """

    version: str
    snapshot: FunctionSnapshot
    runtime_version: str | None
    notes: tuple[str, ...] = ()


def memory_of(client: Any, arn: FunctionArn) -> int:
    """The memory size of ``$LATEST``, also while it is being updated.

    Raises:
        FunctionNotFound: there is no such function.
    """
    with explained("reading the configuration", arn.name):
        return int(client.get_function_configuration(FunctionName=str(arn))["MemorySize"])


def resolve(client: Any, arn: FunctionArn, qualifier: str | None, clock: Clock) -> Resolved:
    """The version that a number or an alias stands for; ``$LATEST`` for None.

    An alias that shares its invocations out stands for its main version.

    Raises:
        FunctionNotFound: there is no such function, alias or version; the text names what there is.
        FunctionRefused: it cannot be invoked; the text says why.
    """
    if qualifier in (None, LATEST):
        return _resolved(LATEST, settled_configuration(client, arn, clock), arn, arn.name, ())
    version, notes = str(qualifier), _NO_NOTES
    if not version.isdigit():
        alias = find_alias(client, arn, version)
        if alias is None:
            raise _not_found(client, arn, f"the alias {version}")
        version, notes = str(alias["FunctionVersion"]), _weighted(arn, alias)
    found = find_version(client, arn, version, clock)
    if found is None:
        raise _not_found(client, arn, f"the version {version}")
    return Resolved(version=version, snapshot=found.snapshot, runtime_version=found.runtime_version, notes=notes)


def find_version(client: Any, arn: FunctionArn, version: str, clock: Clock) -> Resolved | None:
    """A version of a function that there is; None where there is no such version.

    Raises:
        FunctionRefused: it cannot be invoked; the text says why.
    """
    if version == LATEST:
        return resolve(client, arn, None, clock)
    try:
        configuration = settled_configuration(client, arn, clock, qualifier=version)
    except FunctionNotFound:
        return None
    return _resolved(version, configuration, arn, f"{arn.name}:{version}", ())


def _resolved(
    version: str, configuration: dict[str, Any], arn: FunctionArn, called: str, notes: tuple[str, ...]
) -> Resolved:
    return Resolved(
        version=version,
        snapshot=snapshot_of(configuration, arn, called),
        runtime_version=(configuration.get("RuntimeVersionConfig") or {}).get("RuntimeVersionArn"),
        notes=notes,
    )


def _weighted(arn: FunctionArn, alias: dict[str, Any]) -> tuple[str, ...]:
    weights = weights_of(alias)
    if not weights:
        return ()
    others = ", ".join(f"{share:.3g} to version {version}" for version, share in weights.items())
    text = (
        f"The alias {alias['Name']} of {arn.name} shares its invocations out ({others}): its main version "
        f"{alias['FunctionVersion']} was taken."
    )
    return (text,)


def _not_found(client: Any, arn: FunctionArn, what: str) -> FunctionNotFound:
    """That something is not there, and what there is, as far as the caller may know it."""
    there = []
    with contextlib.suppress(AwsError):
        names = sorted(alias["Name"] for alias in aliases_of(client, arn) if not alias["Name"].startswith(_OURS))
        numbers = [one["Version"] for one in versions_of(client, arn) if one["Version"].isdigit()]
        there.append(f"aliases: {_listed(names)}")
        there.append(f"versions: {_listed(sorted(numbers, key=int, reverse=True))}")
    return FunctionNotFound(
        f"{arn.name} does not have {what}. Nothing was invoked.",
        next_step=f"There is: {'; '.join(there)}." if there else "Correct it, or leave it out for $LATEST.",
    )


def _listed(names: list[str]) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return f"{', '.join(names[:_MOST_LISTED])}{more}"
