"""A result as the runs that it holds: one, or one for each instruction set."""

from collections.abc import Iterator
from dataclasses import replace

from powertune.domain.result import ArchitectureRun, TuningResult


def runs_of(result: TuningResult) -> Iterator[TuningResult]:
    """The run that the result is about, then each on another instruction set that measured anything, as its own."""
    yield result
    for one in result.architectures:
        if one.failure is None and one.run_id is not None and one.price is not None and one.spend is not None:
            yield _as_result(result, one)


def failures_of(result: TuningResult) -> Iterator[ArchitectureRun]:
    """The runs on another instruction set that came to no end."""
    yield from (one for one in result.architectures if one.failure is not None)


def _as_result(result: TuningResult, one: ArchitectureRun) -> TuningResult:
    assert one.run_id is not None
    assert one.price is not None
    assert one.spend is not None
    own = result.function.own_architecture or result.function.architecture
    return replace(
        result,
        run_id=one.run_id,
        function=replace(
            result.function,
            architecture=one.architecture,
            own_architecture=None if one.architecture is own else own,
        ),
        price=one.price,
        memory_sizes=one.memory_sizes,
        recommendation=one.recommendation,
        search=one.search,
        spend=one.spend,
        warnings=one.warnings,
        samples=one.samples,
        applied=None,
        canary=None,
        architectures=(),
        comparison=None,
    )
