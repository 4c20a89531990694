"""The history of a function's checks: in which order they stand, and which of them have figures to compare."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from powertune.domain.result import CheckEntry

_NEVER = datetime.min.replace(tzinfo=UTC)


def oldest_first(entries: Iterable[CheckEntry]) -> tuple[CheckEntry, ...]:
    """Each check once, the last of those with the same run id, in the order of time; first what has no time."""
    once = {entry.run_id: entry for entry in entries}
    return tuple(sorted(once.values(), key=lambda entry: (_moment(entry.at), entry.at, entry.run_id)))


def stretches(entries: Sequence[CheckEntry]) -> tuple[tuple[CheckEntry, ...], ...]:
    """Checks in the order given, parted where the memory size changed: another size has other figures."""
    found: list[list[CheckEntry]] = []
    for entry in entries:
        if not found or found[-1][-1].memory_mb != entry.memory_mb:
            found.append([])
        found[-1].append(entry)
    return tuple(map(tuple, found))


def last_stretch(entries: Sequence[CheckEntry]) -> tuple[CheckEntry, ...]:
    """The checks since the memory size last changed."""
    return stretches(entries)[-1] if entries else ()


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return _NEVER
