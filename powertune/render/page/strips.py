"""What is marked in the charts against memory size: strips, lines, and their labels, each by its role."""

from collections.abc import Iterable
from typing import Any

from powertune.domain.result import TuningResult
from powertune.render.compared import equivalent_sizes, is_measured, state_of
from powertune.render.page.points import Spread
from powertune.render.sentence import is_present, present_size, present_word


def shapes(result: TuningResult, spread: Spread) -> Iterable[dict[str, Any]]:
    """The strips of equivalent and of missing sizes, and the lines of the recommended and the present one."""
    alike = equivalent_sizes(result)
    for size in result.memory_sizes:
        low, high = spread.band(size.memory_mb)
        strip = {"type": "rect", "xref": "x", "yref": "paper", "x0": low, "x1": high, "y0": 0, "y1": 1}
        strip |= {"layer": "below", "line": {"width": 0}}
        if not is_measured(result, size):
            yield strip | {"name": "missing"}
        elif size.memory_mb in alike:
            yield strip | {"name": "equivalent"}
    for role, mb, top in _marked(result):
        line = {"type": "line", "xref": "x", "yref": "paper", "x0": mb, "x1": mb, "y0": 0, "y1": top}
        dash = "dash" if role == "present" else "solid"
        yield line | {"name": role, "layer": "between", "line": {"width": 2, "dash": dash}}


def labels(result: TuningResult) -> Iterable[dict[str, Any]]:
    """The words of those lines and strips."""
    for role, mb, top in _marked(result):
        text = "recommended" if role == "recommended" else present_word(result)
        if role == "recommended" and is_present(result, mb):
            text = "present and recommended"
        yield _label(role, mb, text) | {"y": top, "yanchor": "bottom"}
    for size in result.memory_sizes:
        if not is_measured(result, size):
            yield _label("missing", size.memory_mb, state_of(result, size)) | {
                "y": 0.03,
                "yanchor": "bottom",
                "xshift": -12,
                "textangle": -90,
            }


def _label(role: str, mb: int, text: str) -> dict[str, Any]:
    return {"name": role, "xref": "x", "yref": "paper", "x": mb, "text": text, "showarrow": False}


def _marked(result: TuningResult) -> Iterable[tuple[str, int, float]]:
    if result.recommendation is not None:
        yield "recommended", result.recommendation.memory_mb, 1.0
    if marks_present(result):
        yield "present", result.function.original_memory_mb, 1.07


def marks_present(result: TuningResult) -> bool:
    """Whether the memory size that the function had has a line of its own: it was measured, and is not the best."""
    present, best = result.function.original_memory_mb, result.recommendation
    return (best is None or best.memory_mb != present) and present_size(result) is not None


def worth_a_tick(result: TuningResult) -> list[int]:
    """The sizes that the axis names first, however little room there is."""
    sizes = {size.memory_mb for size in result.memory_sizes}
    best = [result.recommendation.memory_mb] if result.recommendation else []
    wanted = [*best, result.function.original_memory_mb, *([min(sizes), max(sizes)] if sizes else [])]
    return [mb for mb in dict.fromkeys(wanted) if mb in sizes]
