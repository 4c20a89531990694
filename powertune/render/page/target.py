"""The latency target of a run, and what is compared with it at each memory size."""

from powertune.domain.result import SizeResult, TuningResult
from powertune.domain.search import LatencyStatistic, LatencyTarget
from powertune.render import figures
from powertune.render.certainty import limit_of
from powertune.render.compared import compared_by, is_measured


def target_of(result: TuningResult) -> LatencyTarget | None:
    """The target that the memory sizes had to keep; a dry run holds nothing against it."""
    return None if compared_by(result).once else result.request.latency_target


def label(target: LatencyTarget) -> str:
    """``target: p95 within 800 ms``."""
    return f"target: {limit_of(target)}"


def is_mixed(result: TuningResult, target: LatencyTarget) -> bool:
    """Whether the target is for warm invocations with cold starts among them: then no size has its figure alone."""
    return target.cold_share > 0 and not compared_by(result).cold


def figure(result: TuningResult, size: SizeResult) -> float | None:
    """The figure of a size that is held against the target, in milliseconds; None where the result does not say it."""
    target, found = target_of(result), compared_by(result).duration(size)
    if target is None or found is None or is_mixed(result, target) or not is_measured(result, size):
        return None
    return float(getattr(found, target.statistic.value))


def has_own_marks(result: TuningResult) -> bool:
    """Whether that figure is marked beside the mean: a target for the mean itself needs no further mark."""
    target = target_of(result)
    return target is not None and target.statistic is not LatencyStatistic.MEAN and bool(_known(result))


def figure_words(result: TuningResult, size: SizeResult) -> str:
    """``p95 780 ms, within the target``, of a mean without its figure; empty where there is no target or no figure."""
    target, found = target_of(result), figure(result, size)
    if target is None or found is None:
        return ""
    kept = "within the target" if found <= target.limit_ms else "above the target"
    is_mean = target.statistic is LatencyStatistic.MEAN  # which stands beside it already, to its interval's digits
    return kept if is_mean else f"{target.statistic.value} {figures.duration(found)}, {kept}"


def marks(result: TuningResult) -> list[tuple[int, float, str]]:
    """The marks of the duration chart: memory size, figure in milliseconds, and the same in words."""
    if not has_own_marks(result):
        return []
    return [
        (size.memory_mb, found, f"{figures.memory(size.memory_mb)}: {figure_words(result, size)}")
        for size, found in _known(result)
    ]


def _known(result: TuningResult) -> list[tuple[SizeResult, float]]:
    return [(size, found) for size in result.memory_sizes if (found := figure(result, size)) is not None]
