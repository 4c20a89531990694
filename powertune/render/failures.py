"""The sizes without a measurement, with one reason said once, however many sizes it is of."""

from collections.abc import Iterator

from powertune.domain.result import TuningResult
from powertune.render.compared import is_measured, state_of
from powertune.render.page.rows import named


def failures(result: TuningResult) -> Iterator[tuple[str, str, str | None]]:
    """The sizes in words, what became of them, and why, as far as that is known: ``128 MB and 256 MB``, ``failed``."""
    sizes_mb: dict[tuple[str, str | None], list[int]] = {}
    for size in result.memory_sizes:
        if not is_measured(result, size):
            sizes_mb.setdefault((state_of(result, size), size.reason), []).append(size.memory_mb)
    for (state, reason), found in sizes_mb.items():
        yield named(found), state, reason
