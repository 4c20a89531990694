"""What ``powertune replay`` found, as JSON lines and as a table."""

import json
from collections import Counter
from collections.abc import Sequence

from powertune.decide.replay import Recording, ReplayOutcome
from powertune.domain.price import Price
from powertune.domain.search import Objective, SearchKind, Strategy
from powertune.render.safe import one_line

Row = tuple[Recording, Sequence[ReplayOutcome], Sequence[float]]
"""A recording, its searches, and for each seed what a grid of all recorded sizes would have been billed for."""

_BEST = {Strategy.COST: "cheapest", Strategy.SPEED: "fastest", Strategy.BALANCED: "balanced"}
_MOST_SHOWN = 3


def as_line(outcome: ReplayOutcome) -> str:
    """One search as a line of JSON."""
    return json.dumps(
        {
            "source": outcome.source,
            "function": outcome.function,
            "seed": outcome.seed,
            "recommended_memory_mb": outcome.recommended_memory_mb,
            "invocations": outcome.invocations,
            "gb_seconds": outcome.gb_seconds,
            "memory_sizes": {str(size): count for size, count in outcome.memory_sizes.items()},
            "claimed_regret_bound": outcome.claimed_regret_bound,
            "stop_reason": outcome.stop_reason.value,
        }
    )


def as_table(rows: Sequence[Row], objective: Objective, kind: SearchKind, price: Price, invocations: int) -> list[str]:
    """Every function with its recommendation and what that took, each a mean over its seeds."""
    seeds = len(rows[0][1])
    target = objective.latency_target
    what = _BEST[objective.strategy] + (
        "" if target is None else f" with {target.statistic} of at most {target.limit_ms:g} ms"
    )
    header = ("Function", "Recorded sizes", "Recommended", "Invocations", "GB-seconds", "Of a full grid", "Ended")
    table = [header, *(_cells(*row) for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(header))]
    searched = f"{kind.value} search, {what}, {seeds} seed{'s' if seeds > 1 else ''}"
    lines = [
        f"{searched}, prices of {price.region} for {price.architecture.value} as of {price.as_of}",
        "",
        *("  ".join(_aligned(cell, widths[at], at) for at, cell in enumerate(line)).rstrip() for line in table),
        "",
        f"Of a full grid: GB-seconds beside {invocations} invocations at every recorded size, with the same luck.",
    ]
    notes = Counter(
        f"{recording.function}: {note}" if len(rows) > 1 else note
        for recording, outcomes, _ in rows
        for outcome in outcomes
        for note in outcome.verdict.notes
    )
    more = len(notes) - _MOST_SHOWN
    rest = [f"{more} more {'note is' if more == 1 else 'notes are'} not shown."] if more > 0 else []
    return [*lines, *(f"Note: {one_line(note)}" for note, _ in notes.most_common(_MOST_SHOWN)), *rest]


def _cells(recording: Recording, outcomes: Sequence[ReplayOutcome], grids: Sequence[float]) -> tuple[str, ...]:
    recommended = Counter(outcome.recommended_memory_mb for outcome in outcomes)
    sizes = recording.memory_sizes_mb
    spent, grid = sum(outcome.gb_seconds for outcome in outcomes), sum(grids)
    span = f"{len(sizes)} of {sizes[0]}-{sizes[-1]} MB" if len(sizes) > 1 else f"{sizes[0]} MB"
    return (
        one_line(recording.function),
        span,
        _most(recommended, len(outcomes)),
        f"{sum(outcome.invocations for outcome in outcomes) / len(outcomes):.1f}",
        f"{spent / len(outcomes):.4g}",
        f"{spent / grid:.1%}" if grid else "–",
        ", ".join(reason for reason, _ in Counter(outcome.stop_reason.value for outcome in outcomes).most_common(2)),
    )


def _most(recommended: Counter[int | None], seeds: int) -> str:
    shown = [
        ("none" if size is None else f"{size} MB") + (f" ({count})" if seeds > 1 else "")
        for size, count in recommended.most_common(_MOST_SHOWN)
    ]
    return ", ".join(shown) + (", …" if len(recommended) > _MOST_SHOWN else "")


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.rjust(width) if column in (3, 4, 5) else cell.ljust(width)
