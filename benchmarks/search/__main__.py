"""How well the searches find the best memory size, and what that costs, over a folder of real measurements.

    python benchmarks/search DATA_FOLDER [--seeds 20] [--sources cebert,mbwilding] [--quick] [--json]

DATA_FOLDER holds durations.csv (one line for each invocation) or curves.csv (published means, and p99 where there is
one), or both. Of a curve samples are made: 200 at each size, a log-normal through mean and p99, or with a coefficient
of variation of 10 % where no p99 was published. The truth of a function is the means of its own samples, warm. The
peer's grid is the recorded sizes nearest 128, 256, 512, 1024, 1536 and 3008 MB, ten invocations at each: fewer than six
where two of these have the same nearest one, so that no method is set beside a dearer grid than need be. Every method
meets the same luck (see powertune/decide/replay.py). Every source counts once in the balanced rows, however many
functions it has.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from baselines import Parrotfish, PeerGrid
from recordings import read_folder
from tables import Run, as_data, as_markdown
from truth import GOALS, Truth, truth_of

from powertune.decide.replay import Recording, SearchPlanner, planner_seed, replay, stream_seed
from powertune.decide.replay_grid import GridSearch, nearest_sizes
from powertune.domain.function import Architecture
from powertune.domain.request import DEFAULT_MEMORY_SIZES_MB
from powertune.domain.search import Limits, Objective
from powertune.pricing.table import price_for

RISK = Objective().risk
NO_ANSWER_REGRET = 1.0
"""A search without a recommendation counts as one that costs twice the best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every function is searched with."""

    seeds: int
    goals: tuple[str, ...]
    methods: tuple[str, ...]
    per_gb_second: float
    per_request: float
    six: bool


def _adaptive(recording: Recording, objective: Objective, seed: int, settings: Settings) -> SearchPlanner:
    from powertune.decide.adaptive import AdaptivePlanner

    return AdaptivePlanner(
        recording.memory_sizes_mb,
        objective,
        Limits(),
        per_gb_second=settings.per_gb_second,
        per_request=settings.per_request,
        seed=planner_seed(recording, seed),
        recorded=True,
    )


def _grid(recording: Recording, objective: Objective, seed: int, settings: Settings) -> SearchPlanner:  # noqa: ARG001
    return GridSearch(
        nearest_sizes(recording.memory_sizes_mb, DEFAULT_MEMORY_SIZES_MB),
        objective,
        per_gb_second=settings.per_gb_second,
        per_request=settings.per_request,
    )


METHODS: dict[str, Callable[[Recording, Objective, int, Settings], SearchPlanner]] = {
    "adaptive": _adaptive,
    "grid": _grid,
    "peer's grid": lambda recording, objective, _, settings: PeerGrid(
        recording.memory_sizes_mb, objective, six=settings.six
    ),
    "Parrotfish's method": lambda recording, objective, *_: Parrotfish(recording.memory_sizes_mb, objective),
}


def runs_of(recording: Recording, settings: Settings) -> list[Run]:
    """All searches of one function."""
    truth = truth_of(recording, settings.per_gb_second, settings.per_request)
    found = []
    for seed in range(settings.seeds):
        peer = replay(recording, PeerGrid(recording.memory_sizes_mb, Objective(), six=settings.six), seed=seed)
        for goal in settings.goals:
            for method in settings.methods:
                found.append(_run(recording, truth, goal, method, seed, settings, peer.gb_seconds))
    return found


def _run(
    recording: Recording, truth: Truth, goal: str, method: str, seed: int, settings: Settings, peer_gb_seconds: float
) -> Run:
    planner = METHODS[method](recording, truth.objective(goal), seed, settings)
    outcome = replay(recording, planner, seed=seed)
    memory_mb = outcome.recommended_memory_mb
    return Run(
        source=recording.source,
        function=recording.function,
        goal=goal,
        method=method,
        seed=seed,
        memory_mb=memory_mb,
        regret=NO_ANSWER_REGRET if memory_mb is None else truth.regret(goal, memory_mb),
        missed=goal == "latency" if memory_mb is None else truth.misses(goal, memory_mb),
        spend=outcome.gb_seconds / peer_gb_seconds if peer_gb_seconds else 0.0,
        gb_seconds=outcome.gb_seconds,
        invocations=outcome.invocations,
        claim=outcome.claimed_regret_bound,
        stop_reason=outcome.stop_reason.value,
    )


def _chosen(folder: Path, options: argparse.Namespace) -> list[Recording]:
    wanted = options.sources.split(",") if options.sources else None
    found = [
        recording
        for recording in read_folder(folder)
        if len(recording.memory_sizes_mb) >= options.min_sizes and (wanted is None or recording.source in wanted)
    ]
    if options.part != "all":
        # By a hash of the name, so that it does not change when data are added.
        half = {"first": 0, "second": 1}[options.part]
        found = [recording for recording in found if stream_seed(recording, 0, "part") % 2 == half]
    if options.quick:
        kept: dict[str, list[Recording]] = {}
        for recording in found:
            kept.setdefault(recording.source, []).append(recording)
        found = [one for of in kept.values() for one in of[:: max(len(of) // 4, 1)][:4]]
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--sources", help="only these, separated by commas")
    parser.add_argument("--goals", default=",".join(GOALS), help=f"of {', '.join(GOALS)}")
    parser.add_argument("--methods", default=",".join(METHODS), help=f"of {', '.join(METHODS)}")
    parser.add_argument("--min-sizes", type=int, default=5, help="functions with fewer recorded sizes are left out")
    parser.add_argument("--part", choices=("all", "first", "second"), default="all", help="half of the functions")
    parser.add_argument("--six", action="store_true", help="the peer's grid has six sizes where two are nearest one")
    parser.add_argument("--no-request-fee", action="store_true", help="costs are GB-seconds alone")
    parser.add_argument("--quick", action="store_true", help="two seeds, four functions of each source")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    parser.add_argument("--runs", type=Path, help="write every run as a line of JSON to this file")
    return parser.parse_args()


def main() -> None:
    options = _options()
    recordings = _chosen(options.folder, options)
    if not recordings:
        sys.exit(f"{options.folder} has no durations.csv or curves.csv with such functions.")
    price = price_for("us-east-1", Architecture.X86_64)
    settings = Settings(
        seeds=min(options.seeds, 2) if options.quick else options.seeds,
        goals=tuple(options.goals.split(",")),
        methods=tuple(options.methods.split(",")),
        per_gb_second=float(price.per_gb_second),
        six=options.six,
        per_request=0.0 if options.no_request_fee else float(price.per_request),
    )
    started = time.monotonic()
    runs: list[Run] = []
    with multiprocessing.Pool(options.processes) as pool:
        for done, part in enumerate(pool.imap(partial(runs_of, settings=settings), recordings), start=1):
            runs += part
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{done} of {len(recordings)} functions ")
    if options.runs is not None:
        options.runs.write_text("".join(f"{json.dumps(asdict(run))}\n" for run in runs), encoding="utf-8")
    if options.json:
        print(json.dumps(as_data(runs), indent=1))
        return
    print(as_markdown(runs, RISK))
    print(
        f"\n{len(recordings)} functions with {options.min_sizes} or more sizes, {settings.seeds} seeds, "
        f"{time.monotonic() - started:.0f} s."
    )


if __name__ == "__main__":
    main()
