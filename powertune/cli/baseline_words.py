"""Baselines in words: one, and a list of them."""

from collections.abc import Iterator, Sequence

from powertune.domain.check import LATEST, Baseline
from powertune.domain.result import SizeResult
from powertune.render import figures, means
from powertune.render.paper import Column, Paper, Table
from powertune.render.safe import one_line

_PLACES = {"aws": "on AWS", "local": "on the embedded endpoint"}
_LONGEST = 400
_MOST_PAYLOADS = 5


def described(baseline: Baseline, where: str, *, width: int = 100) -> str:
    """What a baseline is of, and its figures at each memory size."""
    function = baseline.function
    facts = (
        ("Baseline", where),
        ("Function", function.arn),
        ("Alias", "" if function.qualifier in (None, LATEST) else str(function.qualifier)),
        ("Version", "a version of its own run" if function.version is None else function.version),
        ("Code", function.code_sha256),
        ("Runtime", " ".join(filter(None, (function.runtime or "container image", function.runtime_version)))),
        ("Architecture", function.architecture.value),
        ("Function's size", figures.memory(function.memory_mb)),
        ("Measured", f"{figures.moment(baseline.measured_at)}, {_PLACES.get(baseline.environment, 'elsewhere')}"),
        ("Run", f"{baseline.run_id} (powertune {baseline.powertune_version})"),
        ("Payloads", ", ".join(_payloads(baseline))),
    )
    paper = Paper(width=width)
    wide = max(len(name) for name, _ in facts) + 2
    lines = [f"{name:{wide}}{one_line(text, _LONGEST)}" for name, text in facts if text]
    table = _sizes(baseline, paper)
    lines += ["", *table.head(paper), *(table.row(at) for at in range(len(baseline.sizes)))]
    return "".join(f"{line}\n" for line in lines)


def listed(found: Sequence[tuple[str, Baseline]], *, width: int) -> str:
    """A table of baselines."""
    paper = Paper(width=width)
    functions = [one.function for _, one in found]
    columns = [
        _column(paper, "Function", [one.name for one in functions], keep=9, left=True),
        _column(paper, "Alias", ["" if one.qualifier is None else one.qualifier for one in functions], 8, left=True),
        _column(paper, "Version", [one.version or "" for one in functions], keep=7),
        _column(paper, "Region", [one.region for one in functions], keep=3, left=True),
        _column(paper, "Memory", [_memory(one) for _, one in found], keep=5),
        _column(paper, "Measured", [figures.moment(one.measured_at) for _, one in found], keep=6, left=True),
        _column(paper, "Place", [where for where, _ in found], keep=1, left=True),
    ]
    table = Table.fitted(columns, paper.width, least=2)
    lines = [*table.head(paper), *(table.row(at) for at in range(len(found)))]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _memory(baseline: Baseline) -> str:
    sizes = [size.memory_mb for size in baseline.sizes]
    return figures.memory(sizes[0]) if len(sizes) == 1 else f"{len(sizes)} sizes"


def _payloads(baseline: Baseline) -> Iterator[str]:
    for payload in baseline.payloads[:_MOST_PAYLOADS]:
        weight = "" if payload.weight is None else f" (weight {payload.weight:g})"
        yield f"{payload.sha256[:12]}{weight}"
    if len(baseline.payloads) > _MOST_PAYLOADS:
        yield f"and {len(baseline.payloads) - _MOST_PAYLOADS} more"


def _sizes(baseline: Baseline, paper: Paper) -> Table:
    from powertune.workflow.comparing import reference_of

    found: list[SizeResult] = [reference_of(baseline, size.memory_mb).size for size in baseline.sizes]
    columns = [
        _column(paper, "Memory", [figures.memory(one.memory_mb) for one in found], keep=9),
        _column(paper, "Warm", [figures.count(one.warm.samples) for one in found], keep=5),
        _column(paper, "Mean", [means.duration(one.warm.duration_ms) for one in found], keep=8),
        _column(paper, "p95", [_p95(one) for one in found], keep=7),
        _column(paper, "Per million", [means.cost(one.cost) for one in found], keep=6),
        _column(paper, "Cold starts", [figures.count(one.cold_starts) for one in found], keep=2),
        _column(paper, "Failed", [figures.count(one.errors) for one in found], keep=3),
    ]
    return Table.fitted(columns, paper.width, least=2)


def _p95(size: SizeResult) -> str:
    return figures.UNKNOWN if size.warm.duration_ms is None else figures.duration(size.warm.duration_ms.p95)


def _column(paper: Paper, title: str, texts: list[str], keep: int, *, left: bool = False) -> Column:
    return Column(title=title, texts=tuple(paper.text(one_line(text)) for text in texts), keep=keep, left=left)
