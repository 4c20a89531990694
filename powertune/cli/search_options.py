"""Options that say what a search looks for and where it ends: those of ``run`` and ``replay``."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from powertune.domain.request import (
    DEFAULT_MEMORY_SIZES_MB,
    SEARCHED_MEMORY_SIZES_MB,
    TuningRequest,
    parse_memory_sizes,
)
from powertune.domain.sample import Sample
from powertune.domain.search import Limits, Prior, PriorSample, SearchKind
from powertune.errors import UsageError

Command = Callable[..., Any]

PRIOR_SAMPLES = 5
"""Of each memory size of an earlier run, the latest."""

_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,20})?|\.[0-9]{1,20}")
_TIME = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|s|m|h)")
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}

max_spend_option = click.option(
    "--max-spend",
    metavar="AMOUNT",
    help="Most that the invocations of a run may cost at list price, in its currency.",
)
_BOTH = (
    click.option(
        "--latency-target",
        metavar="FIGURE=LIMIT",
        help="Only sizes that keep it: p95=800ms, mean=1.5s; p99=2s,cold=0.02 with 2 % cold starts.",
    ),
    click.option(
        "--min-headroom",
        type=float,
        metavar="SHARE",
        help="Only sizes of which this share stays unused, by Max Memory Used: 0.2.",
    ),
    click.option(
        "--risk",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=0.05,
        show_default=True,
        metavar="SHARE",
        help="Accepted probability of a recommendation that is worse than the best by more than the tolerance.",
    ),
    click.option("--max-invocations", type=click.IntRange(1), metavar="N", help="Most invocations of a run."),
    max_spend_option,
    click.option(
        "--max-time",
        metavar="TIME",
        help="Longest that a search may run the function, as in 90s or 5m: the sum of all invocations' durations.",
    ),
)
_RUN = (
    click.option(
        "--search",
        "kind",
        metavar="|".join(SearchKind),
        help="adaptive measures where it learns most for its money, grid every memory size as often. By default "
        "adaptive, but grid with --memory-sizes and with options that only a grid has.",
    ),
    *_BOTH,
    click.option(
        "--prior",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="RESULT",
        help="result.json of an earlier run of this function, to begin with what it measured if the code is the same.",
    ),
)
NAMES = ("kind", "latency_target", "min_headroom", "risk", "max_invocations", "max_spend", "max_time", "prior")
"""What click calls these options."""

_ONLY_GRID = (
    "invocations", "payloads", "each_payload_once", "cold_starts", "only_cold_starts", "dry_run",
)  # fmt: skip
_ONLY_ADAPTIVE = ("max_time", "prior")


def search_options(command: Command) -> Command:
    """Add the options of a replay to a command."""
    return _with(_BOTH, command)


def run_search_options(command: Command) -> Command:
    """Add the options of a run to a command."""
    return _with(_RUN, command)


def _with(options: tuple[Callable[[Command], Command], ...], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def limits_of(options: dict[str, Any]) -> Limits:
    """The limits that the options give.

    Raises:
        UsageError: a text is no amount or no time above 0.
    """
    return Limits(
        max_invocations=options["max_invocations"],
        max_spend=None if options["max_spend"] is None else amount(options["max_spend"], "--max-spend"),
        max_time_ms=None if options["max_time"] is None else time_ms(options["max_time"], "--max-time"),
    )


def amount(text: str, option: str, *, zero: bool = False) -> Decimal:
    """The money that an option gives.

    Args:
        text: what was written.
        option: its name.
        zero: whether nothing is an amount as well.

    Raises:
        UsageError: it is none.
    """
    given = text.strip()
    if not _AMOUNT.fullmatch(given) or not (zero or Decimal(given)):
        least = "of 0 or more" if zero else "above 0"
        raise UsageError(f"{option} is an amount {least}, not '{text}'.", next_step="Write it as 0.05.")
    return Decimal(given)


def time_ms(text: str, option: str) -> float:
    """The time that an option gives, in milliseconds.

    Raises:
        UsageError: it is none above 0.
    """
    match = _TIME.fullmatch(text.strip().lower())
    if match is None or not Decimal(match[1]):
        raise UsageError(f"{option} is a time above 0, not '{text}'.", next_step="Write it as 90s, 5m or 1500ms.")
    return float(Decimal(match[1]) * _UNIT_MS[match[2]])


def search_kind(options: dict[str, Any]) -> SearchKind:
    """The kind of search that the options of a run ask for.

    Raises:
        UsageError: they contradict each other.
    """
    given = options["kind"]
    if given is not None and given not in list(SearchKind):
        raise UsageError(f"'{given}' is no search.", next_step=f"There are: {', '.join(SearchKind)}.")
    grids = [name for name in _ONLY_GRID if options[name]]
    # Weights, or several events, in S3: only a grid gives every memory size the same mix.
    if (options["payload_s3"] or "").endswith((".jsonl", ".ndjson")):
        grids.append("payload_s3")
    if given == SearchKind.ADAPTIVE and grids:
        raise UsageError(
            f"An adaptive search chooses itself how often it invokes, with one event, so {flag(grids[0])} does not go "
            "with it.",
            next_step=f"Leave {flag(grids[0])} out, or choose --search grid.",
        )
    if given is not None:
        kind = SearchKind(given)
    elif grids or options["memory_sizes"] is not None:
        kind = SearchKind.GRID
    else:
        kind = SearchKind.ADAPTIVE
    limits = [name for name in _ONLY_ADAPTIVE if options[name] is not None]
    if kind is SearchKind.GRID and limits:
        why = "--search grid" if given else flag((grids or ["memory_sizes"])[0])
        raise UsageError(
            f"{flag(limits[0])} is for the adaptive search, and {why} asks for a grid.",
            next_step="Leave one of them out." if given or grids else "Add --search adaptive.",
        )
    return kind


def flag(name: str) -> str:
    """The option as it is written."""
    return "--search" if name == "kind" else f"--{name.replace('_', '-')}"


def candidates(text: str | None, kind: SearchKind) -> tuple[int, ...]:
    """The memory sizes that a run may measure; a search that was given none gets the present size besides.

    Raises:
        UsageError: the text names none.
    """
    if text is not None:
        return parse_memory_sizes(text)
    return DEFAULT_MEMORY_SIZES_MB if kind is SearchKind.GRID else SEARCHED_MEMORY_SIZES_MB


def with_prior(request: TuningRequest, path: Path | None) -> TuningRequest:
    """The request with what an earlier run of the function measured warm with the same event.

    Other code is no error: the run finds out, and says so.

    Raises:
        UsageError: the file cannot be read, or is of another function or another event.
    """
    if path is None:
        return request
    from powertune.wire import read_result

    result = read_result(path)
    if result.function.arn != str(request.function_arn):
        raise UsageError(
            f"{path} is of {result.function.arn}, not of {request.function_arn}.",
            next_step="Give a result of the same function.",
        )
    events = {payload.sha256 for payload in result.request.payloads}
    wanted = {payload.sha256 for payload in request.payloads} or events  # one in S3 is compared once it is read
    if len(events) != 1 or events != wanted or result.request.pre_processor_arn != request.pre_processor_arn:
        raise UsageError(
            f"The run {result.run_id} in {path} had another event, so what it measured says nothing of this one.",
            next_step="Give a result with the same event and pre-processor, or leave --prior out.",
        )
    samples = _latest(result.samples)
    if not samples:
        raise UsageError(f"{path} has no warm measurement.", next_step="Leave --prior out.")
    prior = Prior(
        run_id=result.run_id,
        code_sha256=result.function.code_sha256,
        architecture=result.function.architecture,
        payload_sha256=events.pop(),
        samples=samples,
    )
    return replace(request, prior=prior)


def _latest(samples: tuple[Sample, ...]) -> tuple[PriorSample, ...]:
    by_size: dict[int, list[Sample]] = defaultdict(list)
    for sample in sorted(samples, key=lambda sample: (sample.sent_at_ms or 0, sample.order)):
        if sample.is_warm_measurement:
            by_size[sample.memory_mb].append(sample)
    return tuple(
        PriorSample(memory_mb=size, duration_ms=sample.duration_ms, billed_ms=sample.billed_ms)
        for size in sorted(by_size)
        for sample in by_size[size][-PRIOR_SAMPLES:]
        if sample.duration_ms is not None and sample.billed_ms is not None
    )
