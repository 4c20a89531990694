"""Runs powertune once for each fault at each of its AWS calls, and prints what came of it.

    python tests/faults/sweep.py [--jobs N] [--sample N] [--seed S] [--modes direct,stack] [--only MODE/KIND/NUMBER]

docs/faults.md describes the method.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from fault_cases import MODES, Case
from fault_lane import Lane
from fault_sweep import planned, run_all, table


def main():
    options = _options()
    only = [Case.parse(text) for text in options.only or ()]
    with_stack = any(case.needs_stack for case in only) or (not only and any("stack" in mode for mode in options.modes))
    jobs = min(options.jobs, len(only) or options.jobs)
    began = time.monotonic()
    with ThreadPoolExecutor(jobs) as pool:
        lanes = list(pool.map(lambda _: Lane(stack=with_stack), range(jobs)))
    try:
        cases = only or planned(lanes[0], options.modes, options.kinds, seed=options.seed, tell=_say)[: options.sample]
        _say(f"{len(cases)} cases, {len(lanes)} at a time")
        verdicts = run_all(lanes, cases, tell=_tell, seconds=60 * options.minutes)
    finally:
        for lane in lanes:
            lane.close()
    _say(table(verdicts))
    _say(f"\n{len(verdicts)} cases in {time.monotonic() - began:.0f} s")
    failed = [verdict for verdict in verdicts if verdict.wrong]
    if failed:
        _say(f"\n{len(failed)} of {len(verdicts)} went wrong. Each alone, with all that was wrong:")
        for verdict in failed:
            _say(f"  python tests/faults/sweep.py --only {verdict.case}")
    return 1 if failed else 0


def _say(text):
    print(text, flush=True)


def _tell(verdict, done):
    if verdict.wrong:
        print(f"{verdict.case} at {verdict.call} (exit {verdict.code}):", *verdict.wrong, sep="\n    ", flush=True)
    if done % 50 == 0:
        print(done, file=sys.stderr, flush=True)


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=4, help="runs at the same time, each on an endpoint of its own")
    parser.add_argument("--sample", type=int, help="so many cases, drawn by the seed, instead of all")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no case after so long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--modes", type=lambda text: text.split(","), default=list(MODES), help=", ".join(MODES))
    parser.add_argument("--kinds", type=lambda text: text.split(","), default=(), help="these kinds of fault only")
    parser.add_argument("--only", action="append", metavar="MODE/KIND/NUMBER", help="this case; repeatable")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
