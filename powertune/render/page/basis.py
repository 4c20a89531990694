"""The sections of the report that say what the numbers rest on: the sources, the order, the prices."""

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal

from powertune.domain.payload import PayloadUse
from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult
from powertune.domain.sample import Sample, Source
from powertune.domain.search import SearchKind
from powertune.render import figures
from powertune.render.markup import Markup, bullets, details, facts, safe, together
from powertune.render.page.unmeasured import unmeasured
from powertune.render.safe import escape

_SHOWN = 20
_SOURCE_NAMES = {
    Source.TAIL: "the log tail that Invoke returned",
    Source.INSIGHTS: "Logs Insights",
    Source.XRAY: "X-Ray",
}
_USE_NAMES = {
    PayloadUse.IN_TURN: "used in turn",
    PayloadUse.WEIGHTED: "by weight, shuffled",
    PayloadUse.ONCE: "each used once",
}


def how(result: TuningResult) -> Markup:
    """Who confirmed the samples, and how they were made. The payload may hold secrets: only its size is shown."""
    request, function = result.request, result.function
    rows = [
        ("Search", _search(request)),
        ("Memory sizes asked for", _sizes(request.memory_sizes_mb)),
        ("Invocations per size", _invocations(request)),
        ("Cold starts per size", _cold_starts(request)),
        ("In parallel at each size", figures.count(request.parallel)),
        ("Order", _order(request)),
        (
            "Pause after each invocation",
            figures.duration(float(request.sleep_ms)) if request.sleep_ms else "none",
        ),
        ("Seed", str(request.seed)),
        ("Equivalent within", figures.at_most(request.tolerance)),
        *_wanted(request),
        ("Payload" if len(request.payloads) < 2 else "Payloads", payload_words(request)),
        ("Allowed exceptions", ", ".join(safe(name, 80) for name in request.allowed_exceptions) or "none"),
        ("Timeout", figures.span(function.timeout_s)),
        ("Ephemeral storage", figures.memory(function.ephemeral_mb)),
    ]
    if request.peer is not None:
        rows.append(("Request", "in aws-lambda-power-tuning's form"))
    codes = [
        ("Pre-processor", request.pre_processor_arn),
        ("Post-processor", request.post_processor_arn),
        ("Code SHA-256", function.code_sha256),
    ]
    return (
        f'<section aria-labelledby="how"><h2 id="how">How it was measured</h2>{sources(result.samples)}'
        + facts(rows, long=[(term, f"<code>{safe(text)}</code>") for term, text in codes if text is not None])
        + f"<h3>What was not measured</h3>{bullets(unmeasured(result))}</section>"
    )


_MANY_SIZES = 20


def _sizes(sizes_mb: Sequence[int]) -> Markup:
    if len(sizes_mb) <= _MANY_SIZES:
        return together(", ".join(figures.memory(mb) for mb in sizes_mb))
    return f"{figures.count(len(sizes_mb))}, from {figures.memory(sizes_mb[0])} to {figures.memory(sizes_mb[-1])}"


def _search(request: TuningRequest) -> str:
    """How the memory sizes were gone through."""
    return "adaptive" if request.search is SearchKind.ADAPTIVE else "grid"


def _invocations(request: TuningRequest) -> str:
    if request.search is SearchKind.ADAPTIVE:
        return "as many as the search asked for"
    return "1, a dry run" if request.dry_run else figures.count(request.invocations)


def _wanted(request: TuningRequest) -> list[tuple[str, Markup]]:
    """What else was asked of the search, where it was."""
    rows = []
    if request.search is SearchKind.ADAPTIVE:
        rows.append(("Accepted risk", figures.percent(request.risk)))
    if request.min_headroom is not None:
        rows.append(("Memory to stay unused", f"{figures.percent(request.min_headroom)} of the memory size"))
    limits = request.limits
    for term, text in (
        ("At most invocations", limits.max_invocations and figures.count(limits.max_invocations)),
        ("At most spent", limits.max_spend and f"{limits.max_spend:f}, in the currency of the price"),
        ("At most time", limits.max_time_ms and figures.duration(limits.max_time_ms)),
    ):
        if text:
            rows.append((term, escape(text)))
    if request.prior is not None:
        rows.append(("Earlier run", safe(request.prior.run_id, 80)))
    return rows


def sources(samples: Sequence[Sample]) -> Markup:
    """Who confirmed the samples, and where sources disagree or a record does not fit itself."""
    # Few sequences of sources occur, however many samples there are.
    confirmed: Counter[Source] = Counter()
    for sources, times in Counter(sample.sources for sample in samples).items():
        confirmed.update(dict.fromkeys(sources, times))
    lines = [
        f"{figures.count(confirmed[source])} of {figures.plural(len(samples), 'sample')} "
        f"{'is' if len(samples) == 1 else 'are'} confirmed by {name}."
        for source, name in _SOURCE_NAMES.items()
    ]
    disagreeing = [sample for sample in samples if sample.disagreements]
    misfits = [sample for sample in samples if sample.misfit is not None]
    if disagreeing:
        lines.append(f"In {figures.plural(len(disagreeing), 'sample')} the sources disagree.")
    elif samples:
        lines.append("No sources disagree.")
    if misfits:
        records = figures.plural(len(misfits), "record")
        lines.append(f"The own arithmetic of {records} does not fit; what {_they(misfits)} was taken as it stands.")
    elif samples:
        lines.append("The arithmetic of every record fits.")
    return (
        bullets(lines)
        + _listed("The disagreements", disagreeing, lambda sample: "; ".join(sample.disagreements))
        + _listed("The records that do not fit", misfits, lambda sample: sample.misfit or "")
    )


def _they(samples: Sequence[Sample]) -> str:
    return "it says" if len(samples) == 1 else "they say"


def _listed(title: str, samples: Sequence[Sample], text: Callable[[Sample], str]) -> Markup:
    if not samples:
        return ""
    lines = [
        f"{figures.memory(sample.memory_mb)}, invocation {sample.order + 1}: {text(sample)}"
        for sample in samples[:_SHOWN]
    ]
    more = len(samples) - _SHOWN
    rest = f"<p>{figures.count(more)} more {'is' if more == 1 else 'are'} in result.json.</p>" if more > 0 else ""
    return details(title, bullets(lines) + rest)


def _cold_starts(request: TuningRequest) -> str:
    if request.dry_run or not request.cold_starts_wanted:
        return "not asked for"
    return f"{figures.count(request.cold_starts_wanted)} asked for{', and nothing else' * request.only_cold_starts}"


def _order(request: TuningRequest) -> str:
    if request.search is SearchKind.ADAPTIVE:
        return "in the rounds that the search asked for"
    at_once = request.sizes_at_once
    together = "one at a time" if at_once == 1 else f"{figures.count(at_once)} at a time"
    return f"sizes interleaved, shuffled with the seed, {together}"


def payload_words(request: TuningRequest) -> str:
    """How many payloads there are, how they were used and how large they are."""
    sizes = [payload.size_bytes for payload in request.payloads]
    if not sizes:
        return figures.UNKNOWN
    if len(sizes) == 1:
        return f"{figures.plural(sizes[0], 'byte')} (kept out of this page)"
    low, high = min(sizes), max(sizes)
    spread = figures.plural(high, "byte") + " each" if low == high else f"{low:,} to {figures.plural(high, 'byte')}"
    return f"{figures.count(len(sizes))}, {_USE_NAMES[request.payload_use]}, {spread} (kept out of this page)"


def prices(result: TuningResult) -> Markup:
    """The list prices that every cost follows from."""
    price = result.price

    def listed(value: Decimal | None, unit: str) -> Markup:
        return escape(figures.UNKNOWN if value is None else f"{figures.rate(value, price.currency)} {unit}")

    rows = [
        ("For", f"{safe(price.architecture.value)} in {safe(price.region)}"),
        ("Duration", listed(price.per_gb_second, "per GB-second")),
        ("Request", listed(price.per_request, "each")),
        ("Ephemeral storage over 512 MB", listed(price.ephemeral_per_gb_second, "per GB-second")),
        ("Step Functions", listed(price.per_state_transition, "per transition")),
    ]
    around = [
        ("Log queries", price.per_log_gb_scanned, "per GB scanned"),
        ("Traces recorded", price.per_trace_recorded, "each"),
        ("Traces retrieved", price.per_trace_retrieved, "each"),
        ("SnapStart cache", price.snapstart_cache_per_gb_second, "per GB-second"),
        ("SnapStart restore", price.snapstart_restore_per_gb, "per GB"),
    ]
    rows += [(term, listed(value, unit)) for term, value, unit in around if value is not None]
    rows.append(("As of", safe(price.as_of)))
    return (
        '<section aria-labelledby="prices"><h2 id="prices">The prices behind it</h2>'
        + facts(rows, long=[("Source", safe(price.source))])
        + "</section>"
    )
