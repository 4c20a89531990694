"""``powertune replay``: a search against recorded invocations instead of a function."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from powertune.cli.progress import ProgressLine
from powertune.cli.search_options import limits_of, search_options
from powertune.domain.request import DEFAULT_INVOCATIONS, DEFAULT_MEMORY_SIZES_MB, parse_memory_sizes
from powertune.domain.request_checks import check_limits, check_objective
from powertune.domain.search import Limits, Objective, SearchKind, Strategy, parse_latency_target
from powertune.errors import UsageError
from powertune.render.safe import one_line

_EPILOG = """\b
Examples:
  powertune replay durations.csv
  powertune replay durations.csv --function orders --strategy speed --seeds 20
  powertune replay durations.csv --latency-target p95=800ms --json | jq .recommended_memory_mb
  powertune replay durations.csv --search grid --memory-sizes 128,512,2048
  powertune replay --from-logs orders --since 14d --save orders.csv

\b
FILE has a line for each invocation, and names its columns in the first:
  source,function,memory_mb,duration_ms,billed_ms,cold
billed_ms may be blank (then it is computed), and so may cold (then it counts as warm); init_ms may be added.
"""
_MOST_SEEDS = 10_000
_MANY = 40
"""From so many searches on, further processes are worth their start."""


@click.command("replay", epilog=_EPILOG)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--from-logs", metavar="FUNCTION", help="A function's own logs in place of FILE; nothing is invoked.")
@click.option("--since", metavar="TIME", help="With --from-logs: how far back, 14d by default.")
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE.csv", help="With --from-logs: write them down.")
@click.option("--profile", metavar="NAME", help="With --from-logs: profile of the AWS configuration.")
@click.option("--function", "functions", multiple=True, metavar="NAME", help="Only this function; may be repeated.")
@click.option(
    "--search",
    "kind",
    type=click.Choice([kind.value for kind in SearchKind]),
    default=SearchKind.ADAPTIVE.value,
    show_default=True,
    help="The planner.",
)
@click.option(
    "--memory-sizes",
    metavar="MB,MB",
    help="Recorded sizes to search: all by default, and for a grid those nearest its default sizes.",
)
@click.option(
    "--invocations",
    type=click.IntRange(3, 100_000),
    default=DEFAULT_INVOCATIONS,
    show_default=True,
    help="Of a grid, at each memory size.",
)
@click.option(
    "--strategy",
    type=click.Choice([strategy.value for strategy in Strategy]),
    default=Strategy.COST.value,
    show_default=True,
    help="What the best memory size means.",
)
@click.option("--balanced-weight", type=click.FloatRange(0, 1), default=0.5, show_default=True, metavar="0..1",
              help="Share of cost in the balanced strategy.")  # fmt: skip
@click.option("--tolerance", type=click.FloatRange(0, 1, min_open=True), default=0.05, show_default=True,
              metavar="SHARE", help="How much worse than the best still counts as it.")  # fmt: skip
@search_options
@click.option(
    "--seeds",
    type=click.IntRange(1, _MOST_SEEDS),
    default=1,
    show_default=True,
    metavar="N",
    help="Searches of each function, with the seeds 0 to N-1.",
)
@click.option("--region", metavar="REGION", help="Region of the prices, us-east-1 by default; of --from-logs, AWS's.")
@click.option("--architecture", metavar="x86_64|arm64", help="Architecture of the prices; x86_64 by default.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line for each function and seed.")
def command(**options: Any) -> int:
    """Run a search against recorded invocations instead of a function.

    What the planner asks for is drawn from the recording, with replacement: the first invocation at a memory size
    from its cold starts where there are any, the others from the warm ones. The same file, seed and options give the
    same answer. The planners are those of powertune run, with the patience that a recording deserves.
    """
    from powertune.cli.replay_answer import as_line, as_table
    from powertune.decide.replay import grid_gb_seconds

    plan = _plan(options)
    recordings, price = _recordings(options)
    searches = [_search(recording, plan, price) for recording in recordings]
    if plan.kind is SearchKind.GRID and plan.wanted_mb is None:
        _tell_grids(searches)
    rows: list[Any] = [(search.recording, [], []) for search in searches]
    tasks = [(at, seed) for at in range(len(searches)) for seed in range(options["seeds"])]
    with ProgressLine() as line, closing(_outcomes([(searches[at], seed) for at, seed in tasks])) as outcomes:
        for (at, seed), outcome in zip(tasks, outcomes, strict=True):
            recording, found, grids = rows[at]
            line.say(f"{recording.function}: seed {seed}")
            if options["as_json"]:
                click.echo(as_line(outcome))
            else:
                found.append(outcome)
                grids.append(grid_gb_seconds(recording, seed, options["invocations"]))
    if not options["as_json"]:
        click.echo("\n".join(as_table(rows, plan.objective, plan.kind, price, options["invocations"])))
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What to search for in every recording."""

    kind: SearchKind
    objective: Objective
    limits: Limits
    wanted_mb: tuple[int, ...] | None
    invocations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """One recording, with the sizes to search in it."""

    recording: Any
    sizes_mb: tuple[int, ...]
    plan: _Plan
    price: Any

    def outcome(self, seed: int) -> Any:
        """Search it once."""
        from powertune.decide.replay import replay

        return replay(
            self.recording,
            self._planner(seed),
            seed=seed,
            limits=self.plan.limits,
            per_gb_second=self.price.per_gb_second,
            per_request=self.price.per_request,
        )

    def _planner(self, seed: int) -> Any:
        plan, rate, fee = self.plan, float(self.price.per_gb_second), float(self.price.per_request)
        if plan.kind is SearchKind.GRID:
            from powertune.decide.replay_grid import GridSearch

            return GridSearch(
                self.sizes_mb, plan.objective, per_gb_second=rate, per_request=fee, invocations=plan.invocations
            )
        from powertune.decide.adaptive import AdaptivePlanner
        from powertune.decide.replay import planner_seed

        return AdaptivePlanner(
            self.sizes_mb,
            plan.objective,
            plan.limits,
            per_gb_second=rate,
            per_request=fee,
            seed=planner_seed(self.recording, seed),
            recorded=True,
        )


def _outcomes(tasks: list[tuple[_Search, int]]) -> Generator[Any, None, None]:
    """All searches in their order; many of them on all cores."""
    if len(tasks) < _MANY:
        yield from map(_outcome, tasks)
        return
    import multiprocessing
    import signal

    with multiprocessing.Pool(initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
        yield from pool.imap(_outcome, tasks, chunksize=4)


def _outcome(task: tuple[_Search, int]) -> Any:
    search, seed = task
    return search.outcome(seed)


def _plan(options: dict[str, Any]) -> _Plan:
    if (options["file"] is None) == (options["from_logs"] is None):
        raise UsageError(
            "There must be something to replay, and one thing only.", next_step="Give FILE.csv or --from-logs FUNCTION."
        )
    for name in ("since", "save", "profile"):
        if options[name] is not None and options["from_logs"] is None:
            raise UsageError(f"--{name} goes with --from-logs.", next_step="Leave it out.")
    if options["functions"] and options["from_logs"] is not None:
        raise UsageError("--function chooses in a file; --from-logs names its own.", next_step="Leave it out.")
    if options["architecture"] is not None and options["from_logs"] is not None:
        raise UsageError("--from-logs prices the function as it is.", next_step="Leave --architecture out.")
    sizes = options["memory_sizes"]
    return _Plan(
        kind=SearchKind(options["kind"]),
        objective=_objective(options),
        limits=_limits(options),
        wanted_mb=None if sizes is None else tuple(sorted(set(parse_memory_sizes(sizes)))),
        invocations=options["invocations"],
    )


def _objective(options: dict[str, Any]) -> Objective:
    target, grid = options["latency_target"], options["kind"] == SearchKind.GRID
    if options["min_headroom"] is not None and (grid or options["from_logs"] is None):
        raise UsageError(
            "What memory was used is known from logs alone, and to the adaptive search.",
            next_step="Leave --min-headroom out, or give it with --from-logs and --search adaptive.",
        )
    objective = Objective(
        strategy=Strategy(options["strategy"]),
        balanced_weight=options["balanced_weight"],
        latency_target=None if target is None else parse_latency_target(target),
        min_headroom=options["min_headroom"],
        tolerance=options["tolerance"],
        risk=options["risk"],
    )
    check_objective(objective)
    return objective


def _limits(options: dict[str, Any]) -> Limits:
    limits = limits_of(options)
    check_limits(limits)
    return limits


def _recordings(options: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:
    """What is to be searched, and the prices."""
    if options["from_logs"] is not None:
        from powertune.cli.replay_logs import recording_from_logs

        recording, price = recording_from_logs(options)
        return (recording,), price
    from powertune.measure.recorded import chosen, read_recordings

    price = _price(options["region"] or "us-east-1", options["architecture"] or "x86_64")
    found = chosen(read_recordings(options["file"]), options["functions"])
    for recording in found:
        if recording.only_cold_mb:
            sizes = ", ".join(str(size) for size in recording.only_cold_mb)
            click.echo(f"{recording.function}: only cold starts were recorded at {sizes} MB; left out.", err=True)
    usable = tuple(recording for recording in found if recording.memory_sizes_mb)
    if not usable:
        raise UsageError(
            f"Only cold starts were recorded of {', '.join(recording.function for recording in found[:8])}: "
            "there is nothing warm to compare memory sizes by.",
            next_step="Where every invocation counts as a measurement whatever it was, leave the column cold blank.",
        )
    return usable, price


def _price(region: str, architecture: str) -> Any:
    from powertune.domain.function import Architecture
    from powertune.pricing.table import price_for
    from powertune.pricing.user_table import user_table

    if architecture not in list(Architecture):
        raise UsageError(f"'{architecture}' is no architecture.", next_step=f"There are: {', '.join(Architecture)}.")
    return price_for(region, Architecture(architecture), user_table())


def _search(recording: Any, plan: _Plan, price: Any) -> _Search:
    from powertune.decide.replay_grid import nearest_sizes

    recorded = recording.memory_sizes_mb
    if plan.wanted_mb is not None:
        unknown = [str(size) for size in plan.wanted_mb if size not in recorded]
        if unknown:
            raise UsageError(
                f"{recording.function} was not recorded at {', '.join(unknown)} MB.",
                next_step=f"There are: {', '.join(str(size) for size in recorded)}.",
            )
        sizes = plan.wanted_mb
    elif plan.kind is SearchKind.GRID:
        sizes = nearest_sizes(recorded, DEFAULT_MEMORY_SIZES_MB)
    else:
        sizes = recorded
    return _Search(recording=recording, sizes_mb=sizes, plan=plan, price=price)


def _tell_grids(searches: list[_Search]) -> None:
    """Which recorded sizes stand in for the default ones."""
    grids: dict[tuple[int, ...], list[str]] = {}
    for search in searches:
        if search.sizes_mb != DEFAULT_MEMORY_SIZES_MB:
            grids.setdefault(search.sizes_mb, []).append(search.recording.function)
    for sizes, names in grids.items():
        of = one_line(names[0]) + (f" and {len(names) - 1} more" if len(names) > 1 else "")
        shown = ", ".join(str(size) for size in sizes)
        click.echo(f"{of}: the grid is {shown} MB, the recorded sizes nearest its default ones.", err=True)
