"""What powertune is doing on a function, or has left there: read, and nothing else."""

import re
from dataclasses import dataclass
from typing import Any

from powertune.aws.clock import Clock
from powertune.domain.function import FunctionArn
from powertune.errors import AwsError
from powertune.target.clone import Clone, find_clones
from powertune.target.lease import Lease, look
from powertune.target.sweep import aliases_of, is_alias_of, served_by, versions_of

_VERSION = re.compile(r"powertune (?P<run>\S+) [0-9]+ MB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What of one run is on a function: aliases by name, versions by number.

    ``in_use`` are those of its versions that somebody else's alias points at, as after applying.
    """

    run_id: str
    aliases: tuple[str, ...]
    versions: tuple[str, ...]
    in_use: tuple[str, ...] = ()

    @property
    def is_left_over(self) -> bool:
        """Whether there is anything that nobody uses."""
        return bool(self.aliases) or bool(set(self.versions) - set(self.in_use))


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionStatus:
    """What a function tells of powertune.

    Attributes:
        arn: the function.
        lease: who holds it; None where nobody does.
        unreadable: there is an alias of the lease's name that powertune did not write.
        expired: the run that holds it should be over.
        runs: versions and aliases of runs, the holder's and others'.
        clones: temporary clones of the function; None where the caller may not look for them.
    """

    arn: FunctionArn
    lease: Lease | None
    unreadable: bool
    expired: bool
    runs: tuple[Traces, ...]
    clones: tuple[Clone, ...] | None


def status_of(client: Any, arn: FunctionArn, clock: Clock) -> FunctionStatus:
    """Read what powertune is doing on a function, or has left there.

    Raises:
        FunctionNotFound: there is no such function.
        AwsError: AWS does not let the caller look.
    """
    held = look(client, arn)
    lease = None if held is None else held.lease
    runs: dict[str, tuple[list[str], list[str]]] = {}
    versions = versions_of(client, arn)
    for version in versions:
        match = _VERSION.fullmatch(str(version.get("Description") or ""))
        if match is not None and version["Version"].isdigit():
            runs.setdefault(match["run"], ([], []))[1].append(version["Version"])
    known = {*runs, *(() if lease is None else (lease.run_id,))}
    served: dict[str, set[str]] = {}
    for alias in aliases_of(client, arn):
        served[alias["Name"]] = served_by(alias)
        match = _VERSION.fullmatch(str(alias.get("Description") or ""))
        for run_id in known if match is None else {match["run"]}:
            if is_alias_of(alias, run_id):
                runs.setdefault(run_id, ([], []))[0].append(alias["Name"])
    return FunctionStatus(
        arn=arn,
        lease=lease,
        unreadable=held is not None and lease is None,
        expired=lease is not None and lease.is_expired(clock.now_ms()),
        runs=tuple(
            Traces(
                run_id=run_id,
                aliases=tuple(sorted(aliases)),
                versions=tuple(sorted(numbers, key=int)),
                in_use=tuple(
                    number
                    for number in sorted(numbers, key=int)
                    if any(number in versions for name, versions in served.items() if name not in aliases)
                ),
            )
            for run_id, (aliases, numbers) in sorted(runs.items())
        ),
        clones=_clones(client, arn),
    )


def _clones(client: Any, arn: FunctionArn) -> tuple[Clone, ...] | None:
    try:
        return find_clones(client, arn)
    except AwsError:
        return None
