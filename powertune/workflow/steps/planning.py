"""Plan: ask the planner, round by round, what to measure next."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from powertune.decide.search import Planner
from powertune.domain.check import CheckSides
from powertune.domain.events import Phase, Progress
from powertune.domain.request import TuningRequest
from powertune.domain.sample import Outcome, Sample
from powertune.domain.search import NO_LIMITS, SearchKind
from powertune.domain.work import Batch, RunState
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services
from powertune.workflow.steps.begin import check_not_stopped, price_of, price_of_side
from powertune.workflow.steps.lasting import MAX_ROUNDS

ENDED_EARLY = "The measuring ended early"
"""How the reason begins for which sizes were not measured to the end."""


MOST_REFUSED = 3
"""Memory sizes at which AWS may refuse every invocation before a search that got none through gives up."""


GIVE_UP_AFTER = 3
"""So many failures, and no success, say that a memory size, or a version, does not work."""


def _called(batch: Batch) -> str:
    return f"{batch.memory_mb:,} MB" if batch.version is None else called_version(batch.version)


def called_version(version: str) -> str:
    """What to call a version in a list: ``version 7``."""
    return f"version {version}" if version.isdigit() else version


def _refused_throughout(state: RunState, samples: Sequence[Sample]) -> bool:
    """Whether AWS let no invocation through, at several memory sizes: what refuses them has nothing to do with size.

    A size that the account may not have says nothing of the others.
    """
    if any(sample.outcome is not Outcome.THROTTLED for sample in samples):
        return False
    refused = {one.memory_mb for one in state.failures if one.allowed_mb is None}
    return len(refused | {sample.memory_mb for sample in samples}) >= MOST_REFUSED


def planner_of(state: RunState, request: TuningRequest, samples: Sequence[Sample]) -> Planner:
    """The run's planner, told all that is known."""
    from powertune.decide.search import planner_for

    snapshot = state.snapshot
    if state.check is not None:
        return _checker(state, state.check, request, samples)
    planner = planner_for(
        request,
        price=price_of(request, snapshot),
        present_memory_mb=snapshot.memory_mb,
        code_sha256=snapshot.code_sha256,
    )
    planner.rule_out(state.ruled_out(request.memory_sizes_mb))
    planner.tell(samples)
    return planner


def _checker(state: RunState, sides: CheckSides, request: TuningRequest, samples: Sequence[Sample]) -> Planner:
    from powertune.workflow.comparing import planner_of_check

    planner = planner_of_check(
        sides,
        request,
        price_of(request, state.snapshot),
        None if state.reference is None else price_of_side(request, state.snapshot, state.reference),
        confirmed=not state.unconfirmed,
    )
    planner.tell(samples)
    return planner


def fails(samples: Iterable[Sample]) -> bool:
    """Whether a version was invoked several times, and never with success."""
    outcomes = [sample.outcome for sample in samples]
    return len(outcomes) >= GIVE_UP_AFTER and Outcome.OK not in outcomes


def _is_hopeless(state: RunState, samples: Sequence[Sample]) -> bool:
    """Whether a version of a check fails or is refused, so that more of either tells nothing."""
    if state.check is None:
        return False
    versions = {sample.version for sample in samples}
    refused = any(failure.version is not None for failure in state.failures)
    return refused or any(fails(one for one in samples if one.version == version) for version in versions)


def plan(services: Services, state: RunState) -> RunState:
    """Ask the planner what to measure next."""
    check_not_stopped(services, is_check=state.check is not None)
    archive = Archive(services.store, state.run_id)
    request, samples = archive.request(), archive.samples()
    batches = planner_of(state, request, samples).ask()
    warnings = state.warnings
    if request.search is SearchKind.ADAPTIVE and _refused_throughout(state, samples):
        batches = ()
    if _is_hopeless(state, samples):
        batches = ()
    if batches and state.round >= MAX_ROUNDS:
        warnings = tuple(
            dict.fromkeys((*warnings, f"The run ended after {MAX_ROUNDS} rounds, though more was wanted."))
        )
        batches = ()
    guarded = request.search is SearchKind.ADAPTIVE or request.limits != NO_LIMITS
    early = guarded and any(one.reason.startswith(ENDED_EARLY) for one in state.failures)
    # Of a check no size failed then: what was measured of its versions counts.
    if early or (state.check is not None and any(note.startswith(ENDED_EARLY) for note in state.warnings)):
        # What ended the measuring would end it at the next size too, and what was lost with it is in no limit.
        batches = ()
    if state.ended_by is not None:
        batches = ()
    published = {variant.memory_mb for variant in state.variants}
    sizes = [
        batch.memory_mb
        for batch in batches
        if batch.version is None and (batch.anew or batch.memory_mb not in published)
    ]
    services.progress(
        Progress(
            phase=Phase.PLAN,
            detail=", ".join(_called(batch) for batch in batches),
            invocations_planned=sum(batch.count for batch in batches),
        )
    )
    return replace(
        state,
        round=state.round + 1,
        batches=batches,
        # The present size first: it needs no change of the function.
        to_publish=tuple(sorted(sizes, key=lambda size: (size != state.snapshot.memory_mb, size))),
        work=(),
        parts=0,
        measured=False,
        collected=False,
        collect_tries=0,
        collect_deadline_ms=None,
        # A search that is content has what log tails told it confirmed by the logs and traces, in a round without
        # batches. It may want more after that.
        finished=not batches and not state.unconfirmed,
        warnings=warnings,
    )
