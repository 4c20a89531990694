"""In what runs are not alike."""

from collections.abc import Callable, Sequence

from powertune.domain.compared import ComparedBy, compared_by
from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult
from powertune.domain.side_by_side import Difference, DifferenceKind, Figure

_SUBJECT, _CONDITION, _ANSWER = DifferenceKind
_HASH_SHOWN = 12
_FIGURES = {
    Figure.WARM: "warm invocations",
    Figure.COLD: "cold starts alone",
    Figure.SINGLE: "a dry run, one invocation",
}

_FIGURE_OF = {ComparedBy.WARM: Figure.WARM, ComparedBy.COLD: Figure.COLD, ComparedBy.ONCE: Figure.SINGLE}

Of = Callable[[TuningResult], str]


def figure_of(result: TuningResult) -> Figure:
    """What the means of a run are of."""
    return _FIGURE_OF[compared_by(result)]


def differences(results: Sequence[TuningResult]) -> tuple[Difference, ...]:
    """All in which the runs differ, as far as their results say it: what is compared first, then everything else."""
    found = []
    for what, kind, of in _LOOKED_AT:
        values = tuple(of(result) for result in results)
        if len(set(values)) > 1:
            found.append(Difference(what=what, kind=kind, values=values))
    rates = tuple(_rates(result) for result in results)
    if len(set(rates)) > 1:
        # Each instruction set has its own: then they belong to what is compared, unless they are of different days.
        by_nature = len({(one.price.region, one.price.currency, one.price.as_of) for one in results}) == 1
        values = tuple(f"{rate} (as of {one.price.as_of})" for rate, one in zip(rates, results, strict=True))
        found.append(Difference(what="Prices", kind=_SUBJECT if by_nature else _CONDITION, values=values))
    return tuple(found)


def _environment(result: TuningResult) -> str:
    where = result.environment
    if where.kind == "aws":
        return "AWS"
    limits = [where.cpu_method] if where.cpu_method else []
    limits += [f"{where.cores} cores"] if where.cores is not None else []
    place = "the embedded endpoint, not AWS" if where.kind == "local" else f"{where.kind}, not AWS"
    return f"{place} ({', '.join(limits)})" if limits else place


def _payloads(result: TuningResult) -> str:
    request = result.request
    if not request.payloads:
        return f"at {request.payload_s3}" if request.payload_s3 else "unknown"
    known = [
        one.sha256[:_HASH_SHOWN] + (f" weight {one.weight:g}" if one.weight is not None else "")
        for one in request.payloads
    ]
    if len(known) == 1:
        return f"SHA-256 {known[0]}, {request.payloads[0].size_bytes} bytes"
    return f"{len(known)} payloads, {request.payload_use.value}: {', '.join(known)}"


def _processors(request: TuningRequest) -> str:
    given = [
        f"{name} {arn}"
        for name, arn in (("before", request.pre_processor_arn), ("after", request.post_processor_arn))
        if arn is not None
    ]
    return ", ".join(given) or "none"


def _rates(result: TuningResult) -> str:
    price = result.price
    ephemeral = "" if price.ephemeral_per_gb_second is None else f", {price.ephemeral_per_gb_second:f} for /tmp"
    return f"{price.currency} {price.per_gb_second:f} a GB-second, {price.per_request:f} a request{ephemeral}"


def _goal(result: TuningResult) -> str:
    request = result.request
    if request.dry_run:
        return "none"
    parts = [request.strategy.value]
    if request.strategy.value == "balanced":
        parts.append(f"weight {request.balanced_weight:g}")
    if request.latency_target is not None:
        target = request.latency_target
        cold = f", cold {target.cold_share:g}" if target.cold_share else ""
        parts.append(f"{target.statistic.value} within {target.limit_ms:g} ms{cold}")
    if request.min_headroom is not None:
        parts.append(f"headroom {request.min_headroom:g}")
    parts.append(f"tolerance {request.tolerance:g}")
    return ", ".join(parts)


_LOOKED_AT: tuple[tuple[str, DifferenceKind, Of], ...] = (
    ("Code (CodeSha256)", _SUBJECT, lambda one: one.function.code_sha256),
    ("Architecture", _SUBJECT, lambda one: one.function.architecture.value),
    ("Runtime", _SUBJECT, lambda one: one.function.runtime or "container image"),
    ("Function", _CONDITION, lambda one: one.function.arn.rpartition(":")[2] or one.function.name),
    ("Account", _CONDITION, lambda one: one.request.function_arn.account),
    ("Region", _CONDITION, lambda one: one.function.region),
    ("Place", _CONDITION, _environment),
    ("Kind of invocation", _CONDITION, lambda one: _FIGURES[figure_of(one)]),
    ("Payloads", _CONDITION, _payloads),
    ("Currency", _CONDITION, lambda one: one.price.currency),
    ("Ephemeral storage", _CONDITION, lambda one: f"{one.function.ephemeral_mb} MB"),
    ("Parallel invocations", _CONDITION, lambda one: str(one.request.parallel)),
    ("Memory sizes at once", _CONDITION, lambda one: str(one.request.sizes_at_once)),
    ("Pause after an invocation", _CONDITION, lambda one: f"{one.request.sleep_ms} ms"),
    ("Processors", _CONDITION, lambda one: _processors(one.request)),
    ("Allowed exceptions", _CONDITION, lambda one: ", ".join(sorted(one.request.allowed_exceptions)) or "none"),
    ("Use of a clone", _CONDITION, lambda one: "yes" if one.function.clone else "no"),
    ("Log level lifted", _CONDITION, lambda one: "yes" if one.request.lift_log_level else "no"),
    ("Goal", _ANSWER, _goal),
    ("Search", _ANSWER, lambda one: one.request.search.value),
    ("Memory size before the run", _ANSWER, lambda one: f"{one.function.original_memory_mb} MB"),
)
"""What, why it matters, and each run's value."""
