"""The word beside a memory size: recommended, present, equivalent. The same in every form of the answer as text."""

from powertune.domain.result import TuningResult
from powertune.render import sentence
from powertune.render.certainty import knows_best, misses_target, stays
from powertune.render.compared import is_measured


def mark(result: TuningResult, memory_mb: int) -> str:
    """``recommended``, ``present``, ``equivalent`` or what else is to be said of a memory size; empty for nothing.

    A recommended size that is the present one has one word for both: ``already best``, ``keep`` where another did
    better in the mean, ``nearest`` where no size keeps the latency target.
    """
    best, present = result.recommendation, sentence.is_present(result, memory_mb)
    if best is not None and memory_mb == best.memory_mb:
        if not present:
            return "recommended"
        if misses_target(result) is not None:
            return "nearest"
        if sum(is_measured(result, size) for size in result.memory_sizes) == 1:
            return sentence.present_word(result)
        return "keep" if stays(result) or not knows_best(result) else "already best"
    alike = ["equivalent"] * (best is not None and memory_mb in best.equivalent_sizes_mb)
    return ", ".join([*([sentence.present_word(result)] * present), *alike])


def is_recommended(result: TuningResult, memory_mb: int) -> bool:
    """Whether a memory size is the recommended one, whatever word stands beside it."""
    return result.recommendation is not None and result.recommendation.memory_mb == memory_mb
