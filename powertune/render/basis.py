"""The sections of the report that say what the numbers rest on: the bill, the sources, the prices."""

from collections import Counter

from powertune.domain.payload import PayloadUse
from powertune.domain.price import Money
from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult
from powertune.domain.sample import Source
from powertune.render import figures
from powertune.render.markup import Markup, bullets, details, facts, safe
from powertune.render.safe import escape

_SHOWN_DISAGREEMENTS = 20
_SOURCE_NAMES = {
    Source.TAIL: "the log tail that Invoke returned",
    Source.INSIGHTS: "Logs Insights",
    Source.XRAY: "X-Ray",
}


def bill(result: TuningResult) -> Markup:
    """What the run cost."""
    spend = result.spend
    local = result.environment.kind != "aws"
    lead = (
        "Nobody bills this run. The same on AWS would cost, at list prices:"
        if local
        else "At list prices, before free tier, discounts and taxes:"
    )
    rows = [
        ("Total", _money(spend.total_cost)),
        ("Lambda", _money(spend.lambda_cost)),
        (
            "Step Functions",
            f"{_money(spend.workflow_cost)} ({figures.count(spend.state_transitions)} state transitions)",
        ),
        ("Invocations", figures.count(spend.invocations)),
        ("Compute", figures.gb_seconds(spend.gb_seconds)),
    ]
    calls = ""
    if spend.aws_calls:
        lines = "".join(
            f'<tr><th scope="row">{safe(name)}</th><td>{figures.count(times)}</td></tr>'
            for name, times in sorted(spend.aws_calls.items())
        )
        total = figures.count(sum(spend.aws_calls.values()))
        calls = details(f"{total} AWS API calls", f'<table class="plain"><tbody>{lines}</tbody></table>')
    return (
        f'<section aria-labelledby="bill"><h2 id="bill">What the run cost</h2><p class="lead">{lead}</p>'
        f"{facts(rows)}{calls}</section>"
    )


def how(result: TuningResult) -> Markup:
    """Who confirmed the samples, and how they were made. The payload may hold secrets: only its size is shown."""
    request, samples = result.request, result.samples
    confirmed = Counter(source for sample in samples for source in set(sample.sources))
    sources = [
        f"{figures.count(confirmed[source])} of {figures.count(len(samples))} samples are confirmed by {name}."
        for source, name in _SOURCE_NAMES.items()
    ]
    disagreeing = [sample for sample in samples if sample.disagreements]
    if disagreeing:
        sources.append(f"In {figures.count(len(disagreeing))} samples the sources disagree.")
    elif samples:
        sources.append("No sources disagree.")
    lines = [
        f"{figures.memory(sample.memory_mb)}, invocation {sample.order + 1}: {'; '.join(sample.disagreements)}"
        for sample in disagreeing
    ]
    listed = bullets(lines[:_SHOWN_DISAGREEMENTS])
    if len(lines) > _SHOWN_DISAGREEMENTS:
        listed += f"<p>{figures.count(len(lines) - _SHOWN_DISAGREEMENTS)} more are in result.json.</p>"
    rows = [
        ("Memory sizes asked for", ", ".join(figures.memory(mb) for mb in request.memory_sizes_mb)),
        ("Invocations per size", figures.count(request.invocations)),
        ("In parallel", figures.count(request.parallel)),
        ("Order", f"sizes interleaved and shuffled, {figures.count(request.sizes_at_once)} at a time"),
        ("Equivalent within", figures.percent(request.tolerance)),
        ("Seed", str(request.seed)),
        ("Payload", _payloads(request)),
        ("Timeout", figures.span(result.function.timeout_s)),
        ("Ephemeral storage", figures.memory(result.function.ephemeral_mb)),
    ]
    return (
        '<section aria-labelledby="how"><h2 id="how">How it was measured</h2>'
        f"{bullets(sources)}{details('The disagreements', listed) if lines else ''}"
        + facts(rows, long=[("Code SHA-256", f"<code>{safe(result.function.code_sha256)}</code>")])
        + "</section>"
    )


def _payloads(request: TuningRequest) -> str:
    sizes = [payload.size_bytes for payload in request.payloads]
    if not sizes:
        return figures.UNKNOWN
    if len(sizes) == 1:
        return f"{figures.count(sizes[0])} bytes (kept out of this page)"
    use = {
        PayloadUse.IN_TURN: "used in turn",
        PayloadUse.WEIGHTED: "by weight, shuffled",
        PayloadUse.ONCE: "each used once",
    }
    spread = f"{figures.count(min(sizes))} to {figures.count(max(sizes))} bytes"
    return f"{figures.count(len(sizes))} payloads, {use[request.payload_use]}, {spread} (kept out of this page)"


def prices(result: TuningResult) -> Markup:
    """The list prices that every cost follows from."""
    price = result.price

    def listed(text: str, unit: str) -> Markup:
        return escape(text if text == figures.UNKNOWN else f"{text} {unit}")

    rows = [
        ("For", f"{safe(price.architecture.value)} in {safe(price.region)}"),
        ("Duration", listed(figures.rate(price.per_gb_second, price.currency), "per GB-second")),
        ("Request", listed(figures.rate(price.per_request, price.currency), "each")),
        (
            "Ephemeral storage over 512 MB",
            listed(figures.rate(price.ephemeral_per_gb_second, price.currency), "per GB-second"),
        ),
        (
            "Step Functions",
            listed(figures.rate(price.per_state_transition, price.currency), "per transition"),
        ),
        ("As of", safe(price.as_of)),
    ]
    return (
        '<section aria-labelledby="prices"><h2 id="prices">The prices behind it</h2>'
        + facts(rows, long=[("Source", safe(price.source))])
        + "</section>"
    )


def _money(amount: Money) -> Markup:
    return escape(figures.money(amount))
