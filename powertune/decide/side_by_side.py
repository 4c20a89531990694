"""Several runs set side by side. Pure, and without a verdict."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from powertune.decide.side_differences import differences, figure_of
from powertune.domain.compared import compared_by
from powertune.domain.intervals import overlap
from powertune.domain.result import SizeResult, SizeStatus, TuningResult
from powertune.domain.sample import Outcome
from powertune.domain.side_by_side import Figure, Side, SideBySide, SideSize, Versus
from powertune.errors import UsageError

LONGEST_LABEL = 40
_LONGEST_WITH_DATE = 24
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_HASH_SHOWN = 8


def side_by_side(
    results: Sequence[TuningResult], labels: Sequence[str], answers: Sequence[str], places: Sequence[str] = ()
) -> SideBySide:
    """Set runs side by side, in the order given; the first one is what the others are compared with.

    Two means are compared where both runs measured that memory size, by the same kind of figure: warm invocations with
    warm ones, cold starts with cold starts. Amounts in different currencies never are.

    Args:
        results: two runs or more.
        labels: what to call each; none for names by what differs.
        answers: each run's own answer, in a sentence.
        places: what a reader must know of where each measured; none where all were on AWS.

    Raises:
        UsageError: a run is there twice, or labels cannot tell the runs apart.
    """
    for index, result in enumerate(results):
        if result in results[:index]:
            raise UsageError(
                f"The run {result.run_id} is there twice.", next_step="Give each run once: it equals itself."
            )
    names = _checked(labels) if labels else default_labels(results)
    measured = [_measured(result) for result in results]
    counted = Counter(memory_mb for sizes in measured for memory_mb in sizes)
    shared = tuple(sorted(memory_mb for memory_mb, runs in counted.items() if runs > 1))
    first = [_size(results[0], memory_mb) for memory_mb in shared]
    sides = []
    told = zip(results, names, answers, places or [""] * len(results), strict=True)
    for index, (result, name, answer, place) in enumerate(told):
        sizes = first if index == 0 else [_size(result, memory_mb) for memory_mb in shared]
        if index > 0 and figure_of(result) is figure_of(results[0]) is not Figure.SINGLE:
            sizes = [_against(one, base) for one, base in zip(sizes, first, strict=True)]
        sides.append(replace(_side(result, name, answer, sizes, measured[index]), where=place))
    focus = (None, *(_focus(sides[0], other) for other in sides[1:]))
    return SideBySide(runs=tuple(sides), differences=differences(results), sizes_mb=shared, focus_mb=focus)


def _checked(labels: Sequence[str]) -> list[str]:
    names = [" ".join(label.split()) for label in labels]
    for name in names:
        if not name or len(name) > LONGEST_LABEL:
            raise UsageError(f"A label has 1 to {LONGEST_LABEL} characters.", next_step="Give other labels.")
    if len(set(names)) < len(names):
        raise UsageError("Two runs have the same label.", next_step="Give each run a label of its own.")
    return names


def default_labels(results: Sequence[TuningResult]) -> list[str]:
    """What to call the runs: by what differs between them, with the date where that is not enough, else A, B, C.

    A name stands in sentences, tables and legends again and again, so it is short; what else a run is, a legend says.
    """
    functions = [result.function for result in results]
    parts = [
        [one.name for one in functions],
        [one.architecture.value for one in functions],
        [f"code {one.code_sha256[:_HASH_SHOWN]}" for one in functions],
    ]
    told = [part for part in parts if len(set(part)) > 1]
    dates = [result.started_at[:16].replace("T", " ") for result in results]
    for wanted, longest in ((told, LONGEST_LABEL), ([*told, dates], _LONGEST_WITH_DATE), ([dates], _LONGEST_WITH_DATE)):
        names = [", ".join(part[index] for part in wanted) for index in range(len(results))]
        if wanted and len(set(names)) == len(names) and all(0 < len(name) <= longest for name in names):
            return names
    if len(results) <= len(_LETTERS):
        return list(_LETTERS[: len(results)])
    return [f"run {at + 1}" for at in range(len(results))]


def _is_measured(result: TuningResult, size: SizeResult) -> bool:
    if result.request.dry_run:
        return any(one.outcome is Outcome.OK for one in result.samples if one.memory_mb == size.memory_mb)
    return size.status is SizeStatus.MEASURED and compared_by(result).duration(size) is not None


def _measured(result: TuningResult) -> dict[int, SizeResult]:
    return {size.memory_mb: size for size in result.memory_sizes if _is_measured(result, size)}


def _size(result: TuningResult, memory_mb: int) -> SideSize:
    size = next((one for one in result.memory_sizes if one.memory_mb == memory_mb), None)
    if size is None:
        return SideSize(memory_mb=memory_mb, measured=False)
    measured = _is_measured(result, size)
    tried = SideSize(
        memory_mb=memory_mb,
        measured=measured,
        reason=None if measured else size.reason,
        invocations=size.invocations,
        cold_starts=size.cold_starts,
        max_memory_used_mb=size.max_memory_used_mb,
        errors=size.errors,
    )
    by = compared_by(result)
    duration, cost = by.duration(size), by.cost(size)
    if not measured or duration is None:
        return tried
    begun = size.cold.init_ms or size.cold.restore_ms
    return replace(
        tried,
        samples=duration.count,
        duration_ms=duration.mean,
        duration_interval=duration.mean_interval,
        p95_ms=duration.p95,
        per_million=cost.per_million if cost else None,
        per_million_interval=cost.per_million_interval if cost else None,
        cold_init_ms=begun.mean if begun else None,
        cold_init_interval=begun.mean_interval if begun else None,
    )


def _against(one: SideSize, base: SideSize) -> SideSize:
    """The same figures, with how they differ from those of the first run."""
    duration = cost = None
    if one.duration_ms is not None and base.duration_ms:
        noisy = overlap(one.duration_interval, base.duration_interval)
        duration = Versus(share=one.duration_ms / base.duration_ms - 1, within_noise=noisy)
    now, was = one.per_million, base.per_million
    if now is not None and was is not None and now.currency == was.currency and was.amount:
        noisy = overlap(one.per_million_interval, base.per_million_interval)
        cost = Versus(share=float(now.amount / was.amount) - 1, within_noise=noisy)
    return replace(one, duration_versus=duration, cost_versus=cost)


def _side(
    result: TuningResult, label: str, answer: str, sizes: Sequence[SideSize], measured: dict[int, SizeResult]
) -> Side:
    function, best = result.function, result.recommendation
    return Side(
        label=label,
        run_id=result.run_id,
        started_at=result.started_at,
        powertune_version=result.powertune_version,
        function_arn=function.arn,
        function_name=function.name,
        region=function.region,
        architecture=function.architecture,
        environment=result.environment.kind,
        runtime=function.runtime,
        code_sha256=function.code_sha256,
        currency=result.price.currency,
        figure=figure_of(result),
        present_mb=function.original_memory_mb,
        recommended_mb=best.memory_mb if best is not None else None,
        sentence=answer,
        measured_mb=tuple(sorted(measured)),
        sizes=tuple(sizes),
    )


def _focus(first: Side, other: Side) -> int | None:
    """The shared memory size by which two runs are told in one sentence: one that matters to their users, if any."""
    shared = [
        one.memory_mb
        for one, base in zip(other.sizes, first.sizes, strict=True)
        if one.duration_versus is not None and base.measured
    ]
    for wanted in (first.recommended_mb, other.recommended_mb, first.present_mb, other.present_mb):
        if wanted in shared:
            return wanted
    return shared[len(shared) // 2] if shared else None
