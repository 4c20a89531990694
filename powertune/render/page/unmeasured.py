"""What a run did not measure: as much a part of how far its numbers reach as what it did."""

from collections import Counter
from collections.abc import Iterator

from powertune.domain.result import SizeStatus, TuningResult
from powertune.domain.sample import Outcome, Source
from powertune.domain.search import SearchKind
from powertune.render import figures
from powertune.render.compared import is_measured
from powertune.render.page.rows import named


def unmeasured(result: TuningResult) -> list[str]:
    """Sentences on what was not measured, only what is true of this result; all samples are gone through once."""
    counts = _counted(result)
    return [
        *_sizes(result),
        *_warm_and_cold(result),
        *_records(result, counts),
        *_traces(counts),
        *_memory(result),
        *_other(result),
    ]


def _counted(result: TuningResult) -> Counter[str]:
    """How many samples lack what; ``all`` has their number, ``ran`` that of those which are known to have run."""
    counts: Counter[str] = Counter()
    for sample in result.samples:
        counts["all"] += 1
        if sample.outcome is Outcome.THROTTLED:
            counts["throttled"] += 1
            continue
        if sample.outcome is Outcome.LOST:
            counts["lost"] += 1
        counts["ran"] += 1
        if sample.duration_ms is None:
            counts["no record"] += 1
        elif sample.billed_ms is None:
            counts["not billed"] += 1
        if sample.cold is None:
            counts["warm or cold"] += 1
        if sample.trace_id is not None or sample.parts is not None or Source.XRAY in sample.sources:
            counts["sent with a trace"] += 1
        if sample.parts is not None or Source.XRAY in sample.sources:
            counts["traced"] += 1
    return counts


def _sizes(result: TuningResult) -> Iterator[str]:
    without = [size.memory_mb for size in result.memory_sizes if not is_measured(result, size)]
    if without:
        have = "has" if len(without) == 1 else "have"
        yield f"{named(without)} {have} no measurement; the top of the page says why."
    request = result.request
    if request.dry_run:
        yield "A dry run measures nothing: one invocation says whether the function works, not how long it takes."
    if request.search is SearchKind.ADAPTIVE and not request.dry_run:
        tried = {size.memory_mb for size in result.memory_sizes if size.status is not SizeStatus.NOT_MEASURED}
        rest = len([mb for mb in request.memory_sizes_mb if mb not in tried])
        if rest:
            yield (
                f"Of the {figures.plural(len(request.memory_sizes_mb), 'memory size')} that the search considered, "
                f"{figures.count(rest)} {'was' if rest == 1 else 'were'} never invoked: what is said of them comes "
                "from its model."
            )
    elif not request.dry_run:
        yield "Memory sizes beside those in the table: nothing is known of them, nor between two that are in it."
    if not any(size.memory_mb == result.function.original_memory_mb for size in result.memory_sizes):
        yield f"The present {figures.memory(result.function.original_memory_mb)}: no change from it can be told."


def _warm_and_cold(result: TuningResult) -> Iterator[str]:
    request = result.request
    if request.dry_run:
        return
    if request.only_cold_starts:
        yield "Warm invocations: only cold starts were asked for."
    elif not request.cold_starts_wanted:
        seen = sum(size.cold.samples for size in result.memory_sizes)
        chance = f"; {figures.plural(seen, 'cold start')} came about by themselves" if seen else ""
        yield f"Cold starts were not asked for{chance}."


def _records(result: TuningResult, counts: Counter[str]) -> Iterator[str]:
    ran = figures.plural(counts["ran"], "invocation")
    for name, said in (
        ("no record", "no record of a duration was found"),
        ("not billed", "no record says what was billed"),
        ("warm or cold", "no source tells warm from cold"),
    ):
        if counts[name]:
            yield f"For {figures.count(counts[name])} of {ran} {said}."
    if counts["lost"]:
        yield f"{figures.count(counts['lost'])} of {ran} got no answer: they may have run."
    if counts["throttled"]:
        them = "it" if counts["throttled"] == 1 else "them"
        yield f"{figures.plural(counts['throttled'], 'invocation')} never ran, because Lambda throttled {them}."
    aside = sum(size.set_aside for size in result.memory_sizes)
    if aside:
        were = "was" if aside == 1 else "were"
        yield (
            f"{figures.plural(aside, 'invocation')} {were} set aside, in no statistic: after a crash, without a "
            "record, or beyond the planned mix of payloads."
        )


def _traces(counts: Counter[str]) -> Iterator[str]:
    if not counts["ran"]:
        return
    if not counts["sent with a trace"]:
        yield "Where the time went: no invocation was traced, as X-Ray tracing is off or could not be read."
    elif counts["traced"] < counts["ran"]:
        missing = counts["ran"] - counts["traced"]
        yield (
            f"Where the time went in {figures.count(missing)} of {figures.plural(counts['ran'], 'invocation')}: X-Ray "
            "had no trace of them."
        )


def _memory(result: TuningResult) -> Iterator[str]:
    unknown = [s.memory_mb for s in result.memory_sizes if s.max_memory_used_mb is None and s.invocations]
    if unknown:
        yield f"How much memory was used at {named(unknown)}: no record says it."


def _other(result: TuningResult) -> Iterator[str]:
    function = result.function
    if not result.architectures:
        other = "x86_64" if function.architecture.value == "arm64" else "arm64"
        yield f"The other instruction set, {other}."
    if len(result.request.payloads) == 1 and not result.request.dry_run:
        yield "Other events than the one payload that every invocation got."
    if result.environment.kind != "aws":
        yield "AWS itself: this machine's CPU, its load and its network are in the durations."
    yield (
        "What the function calls: waits for networks, databases and other services are in its durations as they were "
        "during the run."
    )
