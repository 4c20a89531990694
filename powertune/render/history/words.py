"""What every form of a history says of its runs in the same words."""

from collections.abc import Sequence
from dataclasses import dataclass

from powertune.domain.compared import ComparedBy
from powertune.domain.history import RunSummary, SizeSummary
from powertune.domain.intervals import may_be_chance
from powertune.domain.search import SearchKind
from powertune.render import figures, means
from powertune.render.checks.words import verdict_word
from powertune.render.safe import one_line

CODE_CHARACTERS = 8
"""How much of a CodeSha256 is shown: enough to tell deployments apart."""

NO_CLAIM = "no claim (grid)"

_LONGEST_ID = 60
_OF = {ComparedBy.WARM: "", ComparedBy.COLD: "cold starts", ComparedBy.ONCE: "dry run"}
_KIND = {
    ComparedBy.WARM: "a run of warm invocations",
    ComparedBy.COLD: "a run of cold starts",
    ComparedBy.ONCE: "a dry run",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Other code than before: the first run that measured it, and the last one, in the same place, before that."""

    run: RunSummary
    before: RunSummary


def oldest_first(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """The runs whose beginning is known, in the order of time."""
    timed = [(begun, run) for run in runs if (begun := figures.parse_moment(run.started_at)) is not None]
    return [run for _, run in sorted(timed, key=lambda one: (one[0], one[1].run_id))]


def functions(runs: Sequence[RunSummary]) -> dict[str, list[RunSummary]]:
    """The runs of each function by its ARN, in the order in which they are given."""
    found: dict[str, list[RunSummary]] = {}
    for run in runs:
        found.setdefault(str(run.function_arn), []).append(run)
    return found


def deployments(runs: Sequence[RunSummary]) -> list[Deployment]:
    """Where the code changed from one run to the next in the same environment, in the order of time.

    The code behind an alias that checks are of is not that of the function itself.
    """
    found: list[Deployment] = []
    latest: dict[tuple[str, str | None], RunSummary] = {}
    for run in oldest_first(runs):
        of = run.environment, qualifier(run)
        before = latest.get(of)
        if before is not None and before.code_sha256 != run.code_sha256:
            found.append(Deployment(run=run, before=before))
        latest[of] = run
    return found


def alike(run: RunSummary) -> tuple[object, ...]:
    """What two runs must share for their durations to be joined by a line: else something besides the code differs."""
    return run.environment, run.architecture, run.compared, run.payloads_sha256, qualifier(run)


def qualifier(run: RunSummary) -> str | None:
    """The alias or version that a check was of; None for the function itself, which every tuning is of."""
    return None if run.check is None else run.check.qualifier


def run_id(run: RunSummary) -> str:
    """The run's id on one line; as text, still to be escaped."""
    return one_line(run.run_id, _LONGEST_ID)


def code(run: RunSummary) -> str:
    """The beginning of the CodeSha256."""
    return one_line(run.code_sha256[:CODE_CHARACTERS]) or figures.UNKNOWN


def date(run: RunSummary) -> str:
    """``2026-11-24 11:34``, in UTC; as it stands where it is no time."""
    begun = figures.parse_moment(run.started_at)
    return one_line(run.started_at, 20) if begun is None else f"{begun:%Y-%m-%d %H:%M}"


def memory(run: RunSummary) -> str:
    """``512 → 1,769 MB``; one size where it stays, and of a check, which looks for no other."""
    if run.check is not None:
        return figures.memory(run.present_mb)
    if run.recommended_mb is None:
        return f"{figures.count(run.present_mb)} → {figures.UNKNOWN}"
    if run.recommended_mb == run.present_mb:
        return figures.memory(run.present_mb)
    return f"{figures.count(run.present_mb)} → {figures.memory(run.recommended_mb)}"


def at_size(run: RunSummary, memory_mb: int) -> SizeSummary | None:
    """What the run says of a memory size; it says something of two at most."""
    return next((size for size in (run.present, run.recommended) if size and size.memory_mb == memory_mb), None)


def duration(size: SizeSummary | None) -> str:
    """The mean duration at a size."""
    return means.duration(size.duration_ms if size else None)


def cost(size: SizeSummary | None) -> str:
    """The mean cost per million at a size."""
    return means.cost(size.cost if size else None)


def from_to(run: RunSummary, present: str, recommended: str) -> str:
    """Two figures, of the size that the function had and of the recommended one; one where these are the same."""
    if run.recommended_mb == run.present_mb or (run.recommended is None and run.recommended_mb is None):
        return present
    return f"{present} → {recommended}"


def sure(run: RunSummary) -> str:
    """What the search claims, in a few words: ``within 3.5 %, 95 % sure``."""
    if run.recommended_mb is None or run.compared is ComparedBy.ONCE:
        return figures.UNKNOWN
    if run.search is SearchKind.GRID or run.search is None:
        return NO_CLAIM
    if run.regret_bound is None or run.risk is None:
        return "no claim"
    return f"within {figures.at_most(run.regret_bound)}, {figures.percent(1 - run.risk)} sure"


def remarks(run: RunSummary) -> list[str]:
    """What sets a run apart from the usual."""
    said = [_OF[run.compared]] if _OF[run.compared] else []
    if run.check is not None:
        of = "" if run.check.qualifier is None else f" of {one_line(run.check.qualifier, _LONGEST_ID)}"
        said.append(f"check{of}: {verdict_word(run.check.verdict)}")
    if run.is_local:
        said.append("local" if run.environment == "local" else "not AWS")
    if run.own_architecture is not None:
        said.append(f"on {run.architecture}")
    if run.applied_mb is not None:
        said.append("applied")
    if not run.restored:
        said.append("not ended, or not put back")
    if run.warnings:
        said.append(figures.plural(run.warnings, "warning"))
    return said


def headline(runs: Sequence[RunSummary]) -> str:
    """The history in one sentence: how many runs, over what time, and how often the code changed."""
    if not runs:
        return "No run was kept."
    timed = oldest_first(runs)
    over = _span(timed)
    name = runs[0].function_arn.name
    changes = len(deployments(runs))
    count = {0: "no change", 1: "one change"}.get(changes, f"{figures.count(changes)} changes")
    changed = f", with {count} of code" if len(runs) > 1 else ""
    return f"{name}: {figures.plural(len(runs), 'run')}{over}{changed}."


def _span(timed: list[RunSummary]) -> str:
    days = [begun for run in (timed[:1] + timed[-1:]) if (begun := figures.parse_moment(run.started_at)) is not None]
    if not days:
        return ""
    first, last = (f"{day.day} {day:%B}" for day in days)
    if days[0].date() == days[1].date():
        return f" on {last} {days[1].year}"
    year = "" if days[0].year == days[1].year else f" {days[0].year}"
    return f" from {first}{year} to {last} {days[1].year}"


def in_words(change: Deployment) -> str:
    """What the first run of other code found beside the last of the code before, at a size that both measured."""
    run, before = change.run, change.before
    said = f"{date(run)}: code {code(run)}, before {code(before)}"
    if differences := _differences(before, run):
        return f"{said}; not compared: {', '.join(differences)}."
    pair = _comparable(before, run)
    if pair is None:
        return f"{said}; the two runs have no memory size to compare."
    old, new = pair
    assert old.duration_ms is not None
    assert new.duration_ms is not None
    told = f"{said}; at {figures.memory(new.memory_mb)} {duration(new)}, before {duration(old)}"
    if may_be_chance(old.duration_ms.mean_interval, new.duration_ms.mean_interval):
        return f"{told}, which may be chance."
    return f"{told} ({figures.faster(new.duration_ms.mean / old.duration_ms.mean - 1)})."


def _differences(before: RunSummary, run: RunSummary) -> list[str]:
    """Why two runs in the same environment are not compared, as the end of a sentence; nothing where they are."""
    found = []
    if run.compared is not before.compared:
        found.append(f"this is {_KIND[run.compared]}, before it was {_KIND[before.compared]}")
    elif run.compared is ComparedBy.ONCE:
        found.append("both are dry runs")
    if run.architecture is not before.architecture:
        found.append(f"this is on {run.architecture}, before it was on {before.architecture}")
    if run.payloads_sha256 != before.payloads_sha256:
        found.append("the payloads are others")
    return found


def _comparable(before: RunSummary, run: RunSummary) -> tuple[SizeSummary, SizeSummary] | None:
    for new in (run.present, run.recommended):
        for old in (before.present, before.recommended):
            if new is None or old is None or new.memory_mb != old.memory_mb:
                continue
            if new.duration_ms is not None and old.duration_ms is not None and old.duration_ms.mean > 0:
                return old, new
    return None
