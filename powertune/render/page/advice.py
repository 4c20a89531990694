"""What to look at next, as far as the result itself supports it. Nothing here changes what is recommended."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from powertune.domain.function import FunctionArn
from powertune.domain.request import MAX_INVOCATIONS
from powertune.domain.result import Distribution, SizeResult, TuningResult
from powertune.domain.sample import Source
from powertune.domain.search import SearchKind
from powertune.errors import UsageError
from powertune.render import figures, means
from powertune.render.compared import compared_by, is_measured
from powertune.render.page.used import is_tight, used_words

_NEAR_TIMEOUT = 0.8
_LARGE_INIT = 0.5
_LEAST_INIT_MS = 100.0
"""A shorter init than this is no matter, whatever its share."""
_FLAT = 0.1
"""Means that lie within this share of each other do not follow the memory size."""
_FLAT_FROM_RATIO = 2.0
_FLAT_FROM_MS = 5.0
"""Shorter durations are mostly what Lambda and the runtime take by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing to look at.

    Attributes:
        about: a name for it.
        found: what the result shows, with its figures, in a sentence or two.
        then: what to do next.
        command: the same as a command; None where there is none.
    """

    about: str
    found: str
    then: str
    command: str | None = None


def advice(result: TuningResult) -> tuple[Advice, ...]:
    """Everything that the data support, the most pressing first; nothing for a dry run."""
    if result.request.dry_run:
        return ()
    best = means.recommended(result)
    found: list[Advice] = []
    if best is not None:
        for look in _AT_BEST:
            found.extend(look(result, best))
    for look_at_all in _OF_ALL:
        found.extend(look_at_all(result))
    return tuple(found)


def _memory(result: TuningResult, best: SizeResult) -> Iterator[Advice]:
    if is_tight(best):
        yield Advice(
            about="memory",
            found=f"At {figures.memory(best.memory_mb)} the function used {used_words(best)}: a larger event may end "
            "it for want of memory.",
            then="Measure with the largest event that you expect, or ask for memory to stay unused:",
            command=_run(result, "--min-headroom 0.2"),
        )


def _timeout(result: TuningResult, best: SizeResult) -> Iterator[Advice]:
    slowest = max((found.maximum for found in _of_both(best)), default=0.0)
    limit_ms = 1000.0 * result.function.timeout_s
    if slowest >= _NEAR_TIMEOUT * limit_ms > 0:
        yield Advice(
            about="timeout",
            found=f"The slowest invocation at {figures.memory(best.memory_mb)} took {figures.duration(slowest)}, "
            f"{figures.percent(slowest / limit_ms)} of the timeout of {figures.span(result.function.timeout_s)}.",
            then="A slower one is ended by Lambda. Set a longer timeout, or find out what made it slow.",
        )


def _errors(result: TuningResult, best: SizeResult) -> Iterator[Advice]:
    on_aws = result.environment.kind == "aws"
    if best.errors:
        kind = f" {figures.count(best.exhausted)} of them timed out or ran out of memory." if best.exhausted else ""
        yield Advice(
            about="errors",
            found=f"{figures.count(best.errors)} of {figures.plural(best.invocations, 'invocation')} at "
            f"{figures.memory(best.memory_mb)} failed; no statistic has them.{kind}",
            then=f"See in the function's own logs whether it fails like this in production{':' if on_aws else '.'}",
            command=f"powertune logs {_arn(result) or 'ARN'}" if on_aws else None,
        )


def _init(result: TuningResult, best: SizeResult) -> Iterator[Advice]:
    cold = best.cold
    before, what = (cold.restore_ms, "restore") if cold.restore_ms is not None else (cold.init_ms, "init")
    if before is None or cold.latency_ms is None or cold.latency_ms.mean <= 0:
        return
    share = before.mean / cold.latency_ms.mean
    if share < _LARGE_INIT or before.mean < _LEAST_INIT_MS:
        return
    found = (
        f"The caller of a cold start at {figures.memory(best.memory_mb)} waits {means.duration(cold.latency_ms)}, of "
        f"which the {what} is {means.duration(before)}, {figures.percent(share)} "
        f"(mean of {figures.plural(cold.samples, 'cold start')})."
    )
    if what == "restore":
        then = "A smaller snapshot is restored sooner; provisioned concurrency keeps environments ready, for a price."
    else:
        then = (
            "Load less before the handler; SnapStart, where the runtime has it, restores a snapshot instead; "
            "provisioned concurrency keeps environments ready, for a price."
        )
    more = None if result.request.cold_starts_wanted else _run(result, "--cold-starts 10")
    yield Advice(
        about="cold starts",
        found=found,
        then=then if more is None else f"{then} To know more of them first:",
        command=more,
    )


def _drift(result: TuningResult, best: SizeResult) -> Iterator[Advice]:
    drift = best.drift
    if drift is None or compared_by(result).cold:
        return
    yield Advice(
        about="drift",
        found=f"Durations at {figures.memory(best.memory_mb)} went from {figures.duration(drift.early_ms)} to "
        f"{figures.duration(drift.late_ms)} while they were measured, so the mean is that of neither.",
        then="More invocations show where they settle:",
        command=_run(result, f"--memory-sizes {best.memory_mb} --invocations {_more(best, 4.0)}"),
    )


def _interval(result: TuningResult, best: SizeResult) -> Iterator[Advice]:
    found = compared_by(result).duration(best)
    if result.request.search is SearchKind.ADAPTIVE or found is None or found.mean_interval is None or found.mean <= 0:
        return
    half = (found.mean_interval.high - found.mean_interval.low) / 2 / found.mean
    tolerance = result.request.tolerance
    if half <= tolerance or tolerance <= 0:
        return
    needed = _more(best, (half / tolerance) ** 2)
    yield Advice(
        about="spread",
        found=f"The mean at {figures.memory(best.memory_mb)} is {means.duration_estimate(found)}, known to "
        f"{figures.at_most(half)} only; sizes count as alike within {figures.percent(tolerance)}.",
        then=f"An interval gets half as wide with four times the invocations: about {figures.count(needed)} would do.",
        command=_run(result, f"--invocations {needed}"),
    )


def _present(result: TuningResult) -> Iterator[Advice]:
    present_mb, best = result.function.original_memory_mb, result.recommendation
    if best is None or best.memory_mb == present_mb or any(s.memory_mb == present_mb for s in result.memory_sizes):
        return
    sizes = ",".join(map(str, sorted({present_mb, best.memory_mb})))
    yield Advice(
        about="present size",
        found=f"The present {figures.memory(present_mb)} was not measured, so nothing says what a change to "
        f"{figures.memory(best.memory_mb)} wins.",
        then="Measure both:",
        command=_run(result, f"--memory-sizes {sizes}"),
    )


def _flat(result: TuningResult) -> Iterator[Advice]:
    by = compared_by(result)
    known = sorted(
        (
            (size.memory_mb, found)
            for size in result.memory_sizes
            if is_measured(result, size) and (found := by.duration(size)) is not None
        ),
        key=lambda one: one[0],
    )
    if by.cold or len(known) < 2 or known[-1][0] < _FLAT_FROM_RATIO * known[0][0]:
        return
    by_mean = sorted((found for _, found in known), key=lambda found: found.mean)
    shortest, longest = by_mean[0], by_mean[-1]
    best = result.recommendation
    # Where the recommendation promises speed, the means do differ.
    promised = best is not None and best.change is not None and not best.change.duration_within_noise
    if shortest.mean < _FLAT_FROM_MS or longest.mean > (1 + _FLAT) * shortest.mean or promised:
        return
    low, high = means.duration(shortest), means.duration(longest)
    where = f"lie between {low} and {high}" if low != high else f"are about {low}"
    yield Advice(
        about="waiting",
        found=f"From {figures.memory(known[0][0])} to {figures.memory(known[-1][0])} all means {where}: "
        "more memory, and the CPU that comes with it, does not make the function faster.",
        then="It waits for something else. “Where the time went”, or the function's own traces, may say for what.",
    )


def _failing_below(result: TuningResult) -> Iterator[Advice]:
    full = [size for size in result.memory_sizes if is_measured(result, size) and size.errors and size.exhausted]
    best = result.recommendation
    others = [size for size in full if best is None or size.memory_mb != best.memory_mb]
    if others:
        yield Advice(
            about="exhausted",
            found="Some invocations timed out or ran out of memory at "
            f"{', '.join(figures.memory(size.memory_mb) for size in others)}, though others succeeded there.",
            then="Do not set these sizes before you know which events make them fail.",
        )


def _architecture(result: TuningResult) -> Iterator[Advice]:
    function = result.function
    if result.architectures or result.request.architecture is not None or function.own_architecture is not None:
        return
    # An image is built for one instruction set, and nothing can be tried without building another.
    if function.runtime is None or result.environment.kind != "aws" or result.recommendation is None:
        return
    other = "x86_64" if function.architecture.value == "arm64" else "arm64"
    yield Advice(
        about="architecture",
        found=f"Only {function.architecture.value} was measured; {other} has prices and speeds of its own.",
        then="Where the package can run on both, a run on temporary clones compares them:",
        command=_run(result, "--architectures x86_64,arm64"),
    )


def _traces(result: TuningResult) -> Iterator[Advice]:
    if result.environment.kind != "aws" or not result.samples:
        return
    if any(s.trace_id is not None or s.parts is not None or Source.XRAY in s.sources for s in result.samples):
        return
    yield Advice(
        about="traces",
        found=f"None of {figures.plural(len(result.samples), 'invocation')} was traced, so where the time goes is not "
        "known.",
        then="With active tracing (X-Ray) on the function, the next run shows the parts of the time:",
        command=_tracing(result),
    )


_AT_BEST: Sequence[Callable[[TuningResult, SizeResult], Iterator[Advice]]] = (
    _memory,
    _timeout,
    _errors,
    _drift,
    _interval,
    _init,
)
_OF_ALL: Sequence[Callable[[TuningResult], Iterator[Advice]]] = (
    _failing_below,
    _present,
    _flat,
    _architecture,
    _traces,
)


def _of_both(size: SizeResult) -> list[Distribution]:
    return [found for found in (size.warm.duration_ms, size.cold.duration_ms) if found is not None]


def _more(size: SizeResult, times: float) -> int:
    """So many times the invocations that the size had, rounded up to two digits."""
    wanted = math.ceil(max(size.invocations, 1) * times)
    step = int(10 ** max(0, len(str(wanted)) - 2))
    return min(-(-wanted // step) * step, MAX_INVOCATIONS)


def _arn(result: TuningResult) -> FunctionArn | None:
    """The ARN where it is one: what goes into a command is not just any text."""
    try:
        return FunctionArn.parse(result.function.arn)
    except UsageError:
        return None


def _run(result: TuningResult, options: str) -> str:
    where = f"--function-arn {_arn(result) or 'ARN'}" if result.environment.kind == "aws" else "--local PATH"
    return f"powertune run {where} {'--only-cold-starts ' * result.request.only_cold_starts}{options}"


def _tracing(result: TuningResult) -> str:
    arn = _arn(result)
    # The AWS CLI goes to the region that it is told or set to, whatever the ARN says.
    region = arn.region if arn is not None else "REGION"
    return (
        f"aws lambda update-function-configuration --region {region} --function-name {arn or 'ARN'} "
        "--tracing-config Mode=Active"
    )
