"""The facts of both versions of a check, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from powertune.domain.check import CheckedVersion
from powertune.domain.result import CheckReport
from powertune.render import figures

_FACTS = (
    "Function",
    "Region",
    "Alias or version",
    "Version",
    "Code SHA-256",
    "Architecture",
    "Runtime",
    "Runtime version",
    "Memory size",
    "Timeout",
    "Ephemeral storage",
)
_MAY_DIFFER = frozenset({"Alias or version", "Version", "Code SHA-256"})
"""What a check is there to compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact of both versions; ``unlike`` marks one that should be alike, and is not."""

    name: str
    before: str
    after: str
    differs: bool
    unlike: bool


def facts_of(check: CheckReport) -> Iterator[Fact]:
    """Each fact that either of them has; without a reference, what was checked alone."""
    old = None if check.reference is None else check.reference.function
    for name, before, after in zip(_FACTS, _values(old), _values(check.subject), strict=True):
        known = old is not None and figures.UNKNOWN not in (before, after)
        differs = known and before != after
        if (before, after) != (figures.UNKNOWN, figures.UNKNOWN):
            yield Fact(
                name=name, before=before, after=after, differs=differs, unlike=differs and name not in _MAY_DIFFER
            )


def _values(version: CheckedVersion | None) -> Sequence[str]:
    unknown = figures.UNKNOWN
    if version is None:
        return [unknown] * len(_FACTS)
    return (
        version.name,
        version.region,
        version.qualifier or unknown,
        version.version or unknown,
        version.code_sha256 or unknown,
        version.architecture.value,
        version.runtime or "container image",
        version.runtime_version or unknown,
        figures.memory(version.memory_mb),
        figures.span(version.timeout_s),
        figures.memory(version.ephemeral_mb),
    )
