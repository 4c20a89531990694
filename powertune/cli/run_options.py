"""The options of ``powertune run`` that say what to measure, and the request that they make."""

import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from powertune.cli.apply_options import apply_arguments
from powertune.cli.given_events import payload_arguments, text_of
from powertune.cli.isolation_options import isolation_arguments
from powertune.cli.search_options import NAMES, candidates, flag, limits_of, run_search_options, search_kind, with_prior
from powertune.domain.function import FunctionArn
from powertune.domain.request import (
    DEFAULT_INVOCATIONS,
    DEFAULT_MEMORY_SIZES_MB,
    DEFAULT_SIZES_AT_ONCE,
    SEARCHED_MEMORY_SIZES_MB,
    TuningRequest,
)
from powertune.domain.search import Strategy, parse_latency_target
from powertune.errors import UsageError

Command = Callable[..., Any]

_OPTIONS: dict[str, Callable[[Command], Command]] = {
    "memory_sizes": click.option(
        "--memory-sizes",
        metavar="MB,MB,…|all",
        help="Memory sizes to measure, or with --search adaptive those to choose from; all is every 64 MB from 128 to "
        f"10240. A grid has {','.join(str(size) for size in DEFAULT_MEMORY_SIZES_MB)} by default, a search "
        f"{len(SEARCHED_MEMORY_SIZES_MB)} from 128 to 10240.",
    ),
    "invocations": click.option(
        "--invocations",
        type=int,
        metavar="N",
        help=f"Invocations of a grid at each memory size, {DEFAULT_INVOCATIONS} by default, the first cold start "
        "included; with several payloads it comes on top.",
    ),
    "payload": click.option("--payload", metavar="JSON|@FILE", help="The event; {} where nothing else gives one."),
    "payloads": click.option(
        "--payloads",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Several events: a JSON array or JSON Lines, used in turn; by weight where each is "
        '{"payload": …, "weight": N}.',
    ),
    "payload_s3": click.option(
        "--payload-s3", metavar="s3://BUCKET/KEY", help="The event, or with --payloads's forms several, in S3."
    ),
    "each_payload_once": click.option(
        "--each-payload-once", is_flag=True, help="Use every payload for one invocation of the run only."
    ),
    "strategy": click.option(
        "--strategy",
        default=Strategy.COST.value,
        show_default=True,
        metavar="|".join(Strategy),
        help="What the best memory size means.",
    ),
    "balanced_weight": click.option(
        "--balanced-weight",
        type=float,
        default=0.5,
        show_default=True,
        metavar="0..1",
        help="Share of cost in the balanced strategy; 0 is speed alone, 1 cost alone.",
    ),
    "parallel": click.option(
        "--parallel",
        type=int,
        default=1,
        show_default=True,
        metavar="N",
        help="Invocations at the same time at each memory size; each starts an environment of its own.",
    ),
    "sizes_at_once": click.option(
        "--sizes-at-once",
        type=int,
        default=DEFAULT_SIZES_AT_ONCE,
        show_default=True,
        metavar="N",
        help="Memory sizes invoked at the same time, in shuffled order; 1 where they would compete for something.",
    ),
    "sleep_ms": click.option("--sleep-ms", type=int, default=0, metavar="N", help="Pause after each invocation."),
    "cold_starts": click.option(
        "--cold-starts", type=int, default=0, metavar="N", help="Cold starts to measure at each memory size."
    ),
    "only_cold_starts": click.option(
        "--only-cold-starts", is_flag=True, help="Measure and compare cold starts, and nothing else."
    ),
    "pre_processor": click.option(
        "--pre-processor", metavar="ARN", help="Function called before each invocation; its answer is the event."
    ),
    "post_processor": click.option(
        "--post-processor", metavar="ARN", help="Function called after each invocation, with its answer."
    ),
    "allow_exception": click.option(
        "--allow-exception",
        multiple=True,
        metavar="TYPE",
        help="Error type that counts as a normal answer; repeatable.",
    ),
    "tolerance": click.option(
        "--tolerance",
        type=float,
        default=0.05,
        show_default=True,
        metavar="SHARE",
        help="Memory sizes within this share of the best count as equivalent.",
    ),
    "dry_run": click.option(
        "--dry-run", is_flag=True, help="Invoke once, at the present memory size, and recommend nothing."
    ),
    "price": click.option(
        "--price",
        metavar="GB_SECOND,REQUEST[,CURRENCY]",
        help="Prices to use in place of the list's, as in 0.0000166667,0.0000002,USD.",
    ),
    "monthly_invocations": click.option(
        "--monthly-invocations",
        type=int,
        metavar="N",
        help="How often the function is invoked in a month of 30 days, for what a month costs; in place of its metric.",
    ),
    "lift_log_level": click.option(
        "--lift-log-level",
        is_flag=True,
        help="Where the function logs with SystemLogLevel WARN: give the run's versions INFO.",
    ),
    "include_payload": click.option("--include-payload", is_flag=True, help="Keep the payloads in result.json."),
    "seed": click.option(
        "--seed", type=int, metavar="N", help="Repeat the random choices of an earlier run; result.json has its seed."
    ),
    "input_file": click.option(
        "--input",
        "input_file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Take an execution input of aws-lambda-power-tuning, unchanged, instead of the options above.",
    ),
}
_NAMES = (
    "memory_sizes", "invocations", "payload", "payloads", "payload_s3", "each_payload_once", "strategy",
    "balanced_weight", "parallel", "sizes_at_once", "sleep_ms", "cold_starts", "only_cold_starts", "pre_processor",
    "post_processor", "allow_exception", "tolerance", "apply", "apply_alias", "canary", "dry_run",
    *(name for name in NAMES if name not in ("max_invocations", "max_spend")),
)  # fmt: skip
"""Options that an input in the other form says in its own way, or has no room for."""


def request_options(command: Command) -> Command:
    """Add the options to a command."""
    command = run_search_options(command)
    for option in reversed(_OPTIONS.values()):
        command = option(command)
    return command


def some_options(*names: str) -> Callable[[Command], Command]:
    """Adds only the options of these names to a command."""

    def add(command: Command) -> Command:
        for name in reversed(names):
            command = _OPTIONS[name](command)
        return command

    return add


def read_input(path: Path) -> dict[str, Any]:
    """An execution input of aws-lambda-power-tuning from a file; ``-`` is standard input.

    Raises:
        UsageError: it is not one, or an option says the same thing in another way.
    """
    from powertune.peer import is_peer_input

    context = click.get_current_context()
    for name in _NAMES:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"{flag(name)} and --input both say what to measure.", next_step="Leave one of them out.")
    try:
        data = json.loads(text_of(path, "--input"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON: {error}.", next_step="Give an execution input as JSON.") from None
    if not is_peer_input(data):
        raise UsageError(
            f"{path} is not an execution input of aws-lambda-power-tuning: it has no lambdaARN.",
            next_step="Give one as docs/migrating.md describes it.",
        )
    given: dict[str, Any] = data
    return given


def request_of(arn: FunctionArn, options: dict[str, Any], *, default_payload: str | None = None) -> TuningRequest:
    """The request that the options make.

    Args:
        arn: the function.
        options: what click read, and as ``given_input`` what `read_input` did; None without such an input.
        default_payload: the event where no option gives one.

    Raises:
        UsageError: it cannot be meant.
    """
    seed = secrets.randbits(32) if options["seed"] is None else options["seed"]
    if options["given_input"] is not None:
        from powertune.peer import request_from

        request = request_from({**options["given_input"], "lambdaARN": str(arn)}, seed=seed)
        return replace(
            request,
            include_payload=options["include_payload"],
            lift_log_level=options["lift_log_level"],
            monthly_invocations=options["monthly_invocations"],
            limits=limits_of(options),
            **isolation_arguments(options),
        )
    try:
        strategy = Strategy(options["strategy"])
    except ValueError:
        raise UsageError(
            f"'{options['strategy']}' is no strategy.", next_step=f"There are: {', '.join(Strategy)}."
        ) from None
    _refuse_contradictions(options)
    kind, target, invocations = search_kind(options), options["latency_target"], options["invocations"]
    request = TuningRequest(
        function_arn=arn,
        search=kind,
        memory_sizes_mb=candidates(options["memory_sizes"], kind),
        invocations=DEFAULT_INVOCATIONS if invocations is None else invocations,
        **payload_arguments(options, default_payload),
        strategy=strategy,
        balanced_weight=options["balanced_weight"],
        parallel=options["parallel"],
        sizes_at_once=options["sizes_at_once"],
        sleep_ms=options["sleep_ms"],
        cold_starts=options["cold_starts"],
        only_cold_starts=options["only_cold_starts"],
        pre_processor_arn=options["pre_processor"],
        post_processor_arn=options["post_processor"],
        allowed_exceptions=tuple(options["allow_exception"]),
        **apply_arguments(options),
        **isolation_arguments(options),
        dry_run=options["dry_run"],
        tolerance=options["tolerance"],
        latency_target=None if target is None else parse_latency_target(target),
        min_headroom=options["min_headroom"],
        risk=options["risk"],
        limits=limits_of(options),
        include_payload=options["include_payload"],
        lift_log_level=options["lift_log_level"],
        monthly_invocations=options["monthly_invocations"],
        seed=seed,
    )
    return with_prior(request, options["prior"])


def _refuse_contradictions(options: dict[str, Any]) -> None:
    pairs = {
        ("dry_run", "apply"): "A dry run recommends nothing, so there is nothing to apply.",
        ("dry_run", "cold_starts"): "A dry run invokes once, so it has no cold starts on purpose.",
        ("dry_run", "memory_sizes"): "A dry run invokes once, at the function's present memory size.",
        ("only_cold_starts", "cold_starts"): "--only-cold-starts measures as many as --invocations says.",
    }
    for (one, other), why in pairs.items():
        if options[one] and options[other]:
            raise UsageError(why, next_step=f"Leave --{one.replace('_', '-')} or --{other.replace('_', '-')} out.")
