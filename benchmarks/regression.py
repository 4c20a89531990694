"""How often a check cries wolf, and what it misses: checks of functions that somebody really measured, drawn anew.

A trial takes one memory size of a recorded function, draws both versions' warm durations from what was recorded there,
and drives the planner and the comparison that a real check uses, round by round. The new version is the same, or slower
by a tenth. Every duration is billed as AWS bills it: rounded up to the millisecond.

The data has one row for each invocation: source, function, memory_mb, duration_ms, cold.
"""

import argparse
import csv
import math
import multiprocessing
import random
import statistics
import sys
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from powertune.domain.check import (
    Baseline,
    BaselinePayload,
    BaselineSize,
    CheckedVersion,
    CheckRequest,
    CheckSides,
    Verdict,
    check_samples,
)
from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.payload import EMPTY
from powertune.domain.request import TuningRequest
from powertune.domain.sample import Outcome, Sample
from powertune.domain.work import Batch
from powertune.pricing.table import price_for
from powertune.workflow.comparing import planner_of_check, reference_measured, reference_of, report_of

ARN = FunctionArn.parse("arn:aws:lambda:us-east-1:123456789012:function:recorded")
PRICE = price_for("us-east-1", Architecture.X86_64)
FEWEST = 8
"""Recorded durations below which a memory size says too little of its own noise to draw from."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What was recorded of a function, by memory size."""

    name: str
    durations_ms: dict[int, tuple[float, ...]]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One check that did not take place."""

    verdict: Verdict
    noise: float
    invocations: int
    metrics: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a series of trials is of."""

    recorded: Recorded
    trials: int
    slower: float
    luck: float
    stored: bool
    parallel: int


def read(path: Path) -> tuple[Recorded, ...]:
    """The recorded functions, without cold starts where those are told apart."""
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["cold"] != "1":
                found[f"{row['source']}/{row['function']}"][int(row["memory_mb"])].append(float(row["duration_ms"]))
    return tuple(
        Recorded(
            name=name, durations_ms={size: tuple(values) for size, values in sizes.items() if len(values) >= FEWEST}
        )
        for name, sizes in sorted(found.items())
    )


class Function:
    """A version that answers from a recording: environments come into being as they are needed, each with its luck."""

    def __init__(self, durations_ms: Sequence[float], slower: float, luck: float, draw: random.Random) -> None:
        self._durations_ms, self._slower, self._luck, self._draw = durations_ms, slower, luck, draw
        self._environments: list[float] = []

    def invoke(self, batch: Batch, order: int) -> Iterator[Sample]:
        """A batch of invocations, as they would be collected."""
        width = batch.parallel or 1
        for number in range(batch.count):
            place = number % width
            cold = place >= len(self._environments)
            if cold:
                self._environments.append(math.exp(self._draw.gauss(0, self._luck)))
            duration_ms = self._draw.choice(self._durations_ms) * self._slower * self._environments[place]
            yield Sample(
                memory_mb=batch.memory_mb,
                version=batch.version or "",
                order=order + number,
                request_id="drawn",
                trace_id=None,
                outcome=Outcome.OK,
                cold=cold,
                duration_ms=duration_ms,
                billed_ms=math.ceil(duration_ms),
                log_stream=f"{batch.version}/{place}",
            )


def version(number: str, memory_mb: int) -> CheckedVersion:
    """A version of the recorded function."""
    return CheckedVersion(
        arn=str(ARN),
        name=ARN.name,
        region=ARN.region,
        qualifier=number,
        version=number,
        code_sha256=number,
        architecture=Architecture.X86_64,
        runtime=None,
        memory_mb=memory_mb,
        timeout_s=900,
        ephemeral_mb=512,
    )


def measured(
    sides: CheckSides, request: TuningRequest, functions: dict[str | None, Function]
) -> tuple[list[Sample], int]:
    """All that a check's planner asks for, and the looks that it planned.

    As in a run, rounds go on from what the log tails say, and environments are known only once the logs were asked:
    when the planner wants no more. It may want more after that.
    """
    samples: list[Sample] = []
    confirmed = 0
    while True:
        told = [*samples[:confirmed], *(replace(one, log_stream=None) for one in samples[confirmed:])]
        planner = planner_of_check(sides, request, PRICE, confirmed=confirmed == len(samples))
        planner.tell(told)
        batches = planner.ask()
        if not batches and confirmed == len(samples):
            return samples, planner.looks
        confirmed = confirmed if batches else len(samples)
        for batch in batches:
            samples.extend(functions[batch.version].invoke(batch, len(samples)))


def trial(plan: Plan, number: int) -> Trial:
    """One check of a recorded function."""
    seed = zlib.crc32(f"{plan.recorded.name} {plan.slower} {plan.luck} {plan.stored} {number}".encode())
    draw = random.Random(seed)
    memory_mb = draw.choice(sorted(plan.recorded.durations_ms))
    durations_ms = plan.recorded.durations_ms[memory_mb]
    old, new = version("1", memory_mb), version("2", memory_mb)
    functions: dict[str | None, Function] = {
        "1": Function(durations_ms, 1.0, plan.luck, draw),
        "2": Function(durations_ms, plan.slower, plan.luck, draw),
    }
    request = TuningRequest(
        function_arn=ARN, memory_sizes_mb=(memory_mb,), parallel=plan.parallel, check=CheckRequest(), seed=seed
    )
    assert request.check is not None
    if plan.stored:
        kept, _ = measured(CheckSides(subject=old), request, functions)
        baseline = Baseline(
            run_id="kept",
            powertune_version="",
            measured_at="",
            function=old,
            environment="aws",
            payloads=(BaselinePayload(sha256=EMPTY.sha256, weight=None),),
            price=PRICE,
            sizes=(BaselineSize(memory_mb=memory_mb, samples=check_samples(kept)),),
        )
        request = replace(request, check=CheckRequest(baseline=baseline))
        samples, looks = measured(CheckSides(subject=new), request, functions)
        reference = reference_of(baseline, memory_mb)
    else:
        request = replace(request, check=CheckRequest(against="1"))
        samples, looks = measured(CheckSides(subject=new, reference=old), request, functions)
        reference = reference_measured(old, [one for one in samples if one.version == "1"], PRICE, "")
    of_new = [one for one in samples if one.version == "2"]
    report = report_of(
        new,
        of_new,
        reference,
        settings=request.check.settings if request.check else CheckRequest().settings,
        price=PRICE,
        reference_price=PRICE,
        interleaved=not plan.stored,
        looks=looks,
        seed=seed,
    )
    assert report.verdict is not None
    return Trial(
        verdict=report.verdict,
        noise=statistics.stdev(durations_ms) / statistics.mean(durations_ms),
        invocations=len(of_new),
        metrics=tuple(one.metric.value for one in report.metrics if one.verdict is Verdict.WORSE),
    )


def _job(job: tuple[Plan, int, int]) -> list[Trial]:
    plan, start, end = job
    return [trial(plan, number) for number in range(start, end)]


def run(plan: Plan, pool: "multiprocessing.pool.Pool", at_once: int = 25) -> list[Trial]:
    """All trials of a plan."""
    jobs = [(plan, start, min(start + at_once, plan.trials)) for start in range(0, plan.trials, at_once)]
    return [one for part in pool.imap(_job, jobs) for one in part]


def percent(part: int, whole: int) -> str:
    """A share in words: the counts are exact, the percentage is what is asked for."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="CSV of recorded invocations")
    parser.add_argument("--trials", type=int, default=1000, help="checks of each function, same and slower (1000)")
    parser.add_argument("--slower", type=float, default=0.10, help="by which share the new version is slower (0.10)")
    parser.add_argument("--luck", type=float, default=0.0, help="how much execution environments differ, a share (0)")
    parser.add_argument("--stored", action="store_true", help="compare with a stored baseline")
    parser.add_argument("--parallel", type=int, default=20, help="invocations at the same time (20)")
    parser.add_argument("--functions", default="", help="only functions whose name contains this")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    given = parser.parse_args()
    recorded = [one for one in read(given.data) if given.functions in one.name]
    print(
        f"{given.trials} checks of each function, {'stored baseline' if given.stored else 'versions interleaved'}, "
        f"environments {given.luck:.0%} apart\n"
    )
    head = ("function", "noise", "same: worse", "undecided", "invocations", f"+{given.slower:.0%}: worse",
            "undecided", "missed", "invocations")  # fmt: skip
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    sums: dict[bool, list[Trial]] = {False: [], True: []}
    with multiprocessing.get_context("fork").Pool(given.jobs) as pool:
        for one in recorded:
            row = []
            for slower in (False, True):
                plan = Plan(
                    recorded=one,
                    trials=given.trials,
                    slower=1 + given.slower if slower else 1.0,
                    luck=given.luck,
                    stored=given.stored,
                    parallel=given.parallel,
                )
                trials = run(plan, pool)
                sums[slower] += trials
                row.append(trials)
            same, worse = row
            _print(one.name, same, worse)
            sys.stdout.flush()
    _print("all", sums[False], sums[True])
    print()
    for limit, called in ((0.13, "at most 13 %"), (math.inf, "more than 13 %")):
        chosen = [t for t in sums[True] if (t.noise <= 0.13) == (limit == 0.13)]
        caught = sum(1 for t in chosen if t.verdict is Verdict.WORSE)
        share = percent(caught, len(chosen))
        print(f"slower, at sizes with a noise of {called}: {caught} of {len(chosen)} caught, {share}")


def _print(name: str, same: list[Trial], worse: list[Trial]) -> None:
    noises = sorted(one.noise for one in same)
    cells = [name, f"{noises[len(noises) // 2]:.1%} ({noises[0]:.1%} to {noises[-1]:.1%})"]
    for trials, missed in ((same, False), (worse, True)):
        cells.append(percent(sum(1 for one in trials if one.verdict is Verdict.WORSE), len(trials)))
        cells.append(percent(sum(1 for one in trials if one.verdict is Verdict.UNDECIDED), len(trials)))
        if missed:
            wrong = (Verdict.SAME, Verdict.BETTER)
            cells.append(percent(sum(1 for one in trials if one.verdict in wrong), len(trials)))
        cells.append(f"{statistics.median(one.invocations for one in trials):.0f}")
    print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
