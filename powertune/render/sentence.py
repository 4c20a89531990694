"""The answer in one sentence."""

from powertune.domain.result import Change, Recommendation, SizeResult, SizeStatus, TuningResult
from powertune.render import figures


def answer(result: TuningResult) -> str:
    """What to do, in one sentence of plain text."""
    best = result.recommendation
    measured = [size for size in result.memory_sizes if size.status is SizeStatus.MEASURED]
    if best is None:
        if measured:
            return "No memory size can be recommended."
        return "No memory size could be measured."
    present_mb = result.function.original_memory_mb
    if best.memory_mb == present_mb:
        if len(measured) == 1:
            return f"{figures.memory(present_mb)} is the only size that was measured: {_expected(best)}."
        return f"{figures.memory(present_mb)} is already the best size: {_expected(best)}."
    if best.change is None:
        return (
            f"Use {figures.memory(best.memory_mb)}: {_expected(best)} "
            f"(the present {figures.memory(present_mb)} {_why_not(present_size(result))})."
        )
    return (
        f"Use {figures.memory(best.memory_mb)} instead of {figures.memory(best.change.from_memory_mb)}: "
        f"{_in_words(best.change)}."
    )


def _in_words(change: Change) -> str:
    """What changes, without a figure that chance alone may have made."""
    duration = "about as fast" if change.duration_within_noise else figures.faster(change.duration)
    cost = "at about the same cost" if change.cost_within_noise else figures.cheaper(change.cost)
    return f"{duration}, {cost}"


def present_size(result: TuningResult) -> SizeResult | None:
    """The memory size that the function has now, None where the run did not include it."""
    for size in result.memory_sizes:
        if size.memory_mb == result.function.original_memory_mb:
            return size
    return None


def where(result: TuningResult) -> str:
    """What a reader must know about a run that did not happen on AWS; empty for one that did."""
    environment = result.environment
    if environment.kind == "aws":
        return ""
    limits = [environment.cpu_method] if environment.cpu_method else []
    if environment.cores is not None:
        limits.append("1 core" if environment.cores == 1 else f"{figures.count(environment.cores)} cores")
    return (
        "Measured on the embedded endpoint on one machine, not on AWS: nothing was billed, and costs are AWS list "
        f"prices for {result.price.region} applied to local durations."
        + (f" CPU share: {', '.join(limits)}." if limits else "")
    )


def _expected(best: Recommendation) -> str:
    return (
        f"{figures.duration(best.expected_duration_ms)} and "
        f"{figures.money(best.expected_cost_per_million)} per million invocations"
    )


def _why_not(size: SizeResult | None) -> str:
    return "failed" if size is not None and size.status is SizeStatus.FAILED else "was not measured"
