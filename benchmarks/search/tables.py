"""From runs to figures: means over a source, and means of those."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

BAD_REGRET = 0.05
BALANCED = "balanced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One search of one function. ``spend`` is in shares of the peer's grid with the same seed."""

    source: str
    function: str
    goal: str
    method: str
    seed: int
    memory_mb: int | None
    regret: float
    missed: bool
    spend: float
    gb_seconds: float
    invocations: int
    claim: float | None
    stop_reason: str

    @property
    def broken(self) -> bool:
        """Whether it claimed more than is true; a hair's breadth apart, for rounding."""
        return self.claim is not None and (self.missed or self.regret > self.claim + 1e-9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of the runs of one method in one source, or the mean of such figures. None where there is no such run."""

    source: str
    functions: int
    regret: float | None
    bad: float
    missed: float
    spend: float
    invocations: float
    claimed: float
    broken: float | None


def figures_of(source: str, runs: Sequence[Run]) -> Figures:
    kept = [run for run in runs if not run.missed]
    claims = [run for run in runs if run.claim is not None]
    return Figures(
        source=source,
        functions=len({run.function for run in runs}),
        regret=fmean(run.regret for run in kept) if kept else None,
        bad=_share(run.regret > BAD_REGRET for run in runs if not run.missed),
        missed=_share(run.missed for run in runs),
        spend=fmean(run.spend for run in runs),
        invocations=fmean(run.invocations for run in runs),
        claimed=_share(run.claim is not None for run in runs),
        broken=_share(run.broken for run in claims) if claims else None,
    )


def balanced(rows: Sequence[Figures]) -> Figures:
    """The mean of the sources' figures: each source counts once, however many functions it has."""
    return Figures(
        source=BALANCED,
        functions=sum(row.functions for row in rows),
        regret=_mean(row.regret for row in rows),
        bad=fmean(row.bad for row in rows),
        missed=fmean(row.missed for row in rows),
        spend=fmean(row.spend for row in rows),
        invocations=fmean(row.invocations for row in rows),
        claimed=fmean(row.claimed for row in rows),
        broken=_mean(row.broken for row in rows),
    )


def summary(runs: Sequence[Run]) -> dict[tuple[str, str], list[Figures]]:
    """By goal and method: the figures of every source, and last the balanced ones."""
    groups: dict[tuple[str, str], dict[str, list[Run]]] = {}
    for run in runs:
        groups.setdefault((run.goal, run.method), {}).setdefault(run.source, []).append(run)
    found = {}
    for key, sources in groups.items():
        rows = [figures_of(source, sources[source]) for source in sources]
        found[key] = [*rows, balanced(rows)]
    return found


def as_data(runs: Sequence[Run]) -> list[dict[str, Any]]:
    return [
        {"goal": goal, "method": method, **asdict(row)}
        for (goal, method), rows in summary(runs).items()
        for row in rows
    ]


_TITLES = {
    "cost": "Cheapest",
    "speed": "Fastest",
    "latency": "Cheapest with a mean of at most 1.5 times the fastest",
}


def as_markdown(runs: Sequence[Run], risk: float) -> str:
    """Tables for each goal: the balanced figures of all methods, then each method's sources."""
    found = summary(runs)
    parts = []
    for goal, title in _TITLES.items():
        methods = {method: rows for (of, method), rows in found.items() if of == goal}
        if methods:
            parts.append(
                f"### {title}\n\n{_table('method', {name: rows[-1] for name, rows in methods.items()}, goal, risk)}"
            )
            parts += [
                f"{name}, by source:\n\n{_table('source', {row.source: row for row in rows}, goal, risk)}"
                for name, rows in methods.items()
            ]
    return "\n\n".join(parts)


def _table(first: str, rows: dict[str, Figures], goal: str, risk: float) -> str:
    columns: list[tuple[str, Callable[[Figures], str]]] = [
        ("functions", lambda row: str(row.functions)),
        ("mean over-cost" if goal == "latency" else "mean regret", lambda row: _percent(row.regret)),
        ("above 5 %", lambda row: _percent(row.bad)),
        *([("missed", lambda row: _percent(row.missed))] if goal == "latency" else []),
        ("spend of the peer's grid", lambda row: f"{row.spend:.3f}"),
        ("invocations", lambda row: f"{row.invocations:.1f}"),
        ("with a claim", lambda row: _percent(row.claimed)),
        (f"claims broken (claimed: {risk:.0%})", lambda row: _percent(row.broken)),
    ]
    lines = [
        f"| {first} | " + " | ".join(name for name, _ in columns) + " |",
        "|---|" + "--:|" * len(columns),
        *(f"| {name} | " + " | ".join(shown(row) for _, shown in columns) + " |" for name, row in rows.items()),
    ]
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "–" if share is None or math.isnan(share) else f"{share:.2%}".replace("%", " %")


def _share(of: Iterable[bool]) -> float:
    values = list(of)
    return sum(values) / len(values) if values else 0.0


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
