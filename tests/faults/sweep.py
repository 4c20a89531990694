"""Runs powertune once for each fault at each of its AWS calls, and prints what came of it.

    python tests/faults/sweep.py [--jobs N] [--sample N] [--seed S] [--modes direct,stack] [--only MODE/KIND/NUMBER]

docs/faults.md describes the method.
"""

import argparse
import queue
import random
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from fault_cases import MODES, Case, Verdict, calls_of, run_case
from fault_lane import Lane

_COLUMNS = ("injected", "left a difference", "user-owned touched", "sent twice", "wrong manner", "seconds")


def main():
    options = _options()
    only = [Case.parse(text) for text in options.only or ()]
    with_stack = any(case.needs_stack for case in only) or (not only and any("stack" in mode for mode in options.modes))
    began = time.monotonic()
    lanes = [Lane(stack=with_stack) for _ in range(min(options.jobs, len(only) or options.jobs))]
    try:
        cases = only or planned(lanes[0], options.modes, options.kinds, options.sample, options.seed)
        print(f"{len(cases)} cases, {len(lanes)} at a time", flush=True)
        verdicts = run_all(lanes, cases, tell=_tell)
    finally:
        for lane in lanes:
            lane.__exit__()
    print(table(verdicts))
    print(f"\n{time.monotonic() - began:.0f} s in all")
    failed = [verdict for verdict in verdicts if verdict.wrong]
    if failed:
        print(f"\n{len(failed)} of {len(verdicts)} went wrong. Each alone, with all that was wrong:")
        for verdict in failed:
            print(f"  python tests/faults/sweep.py --only {verdict.case}")
    return 1 if failed else 0


def planned(lane, modes, fault_kinds, sample, seed):
    """Every fault at every call of each mode, shuffled; or a sample of them."""
    cases = []
    for mode in modes:
        count = len(calls_of(lane, mode))
        print(f"{mode}: {count} calls", flush=True)
        chosen = [kind for kind in MODES[mode] if not fault_kinds or kind in fault_kinds]
        cases += [Case(mode=mode, kind=kind, number=number) for kind in chosen for number in range(count)]
    random.Random(seed).shuffle(cases)
    return cases[:sample] if sample else cases


def run_all(lanes, cases, tell=lambda verdict, done, total: None):
    """Run cases in the lanes, each lane one after the other: the verdicts."""
    waiting, verdicts, lock = queue.SimpleQueue(), [], threading.Lock()
    for case in cases:
        waiting.put(case)

    def work(lane):
        while True:
            try:
                case = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                verdict = run_case(lane, case)
            except Exception as error:  # a case that could not be judged is a failed one
                verdict = Verdict(case=case, call="?", manner=[f"the case broke: {type(error).__name__}: {error}"])
            with lock:
                verdicts.append(verdict)
                tell(verdict, len(verdicts), len(cases))

    threads = [threading.Thread(target=work, args=(lane,)) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return verdicts


def _tell(verdict, done, total):
    if verdict.wrong:
        print(f"{verdict.case} at {verdict.call} (exit {verdict.code}):", *verdict.wrong, sep="\n    ", flush=True)
    if done % 50 == 0 or done == total:
        print(f"{done} of {total}", file=sys.stderr, flush=True)


def table(verdicts):
    """Rows for each way to run and each kind of fault."""
    rows = defaultdict(lambda: [0] * 5 + [0.0])
    for verdict in verdicts:
        if verdict.injected:
            row = rows[f"{verdict.case.mode} {verdict.case.kind}"]
            found = (verdict.left, verdict.touched, verdict.twice, verdict.manner)
            for column, value in enumerate((1, *map(bool, found), verdict.seconds)):
                row[column] += value
    total = [sum(column) for column in zip(*rows.values(), strict=True)] if rows else [0] * 6
    width = max(map(len, rows), default=0)
    lines = ["  ".join([" " * width, *_COLUMNS])]
    for name, row in [*sorted(rows.items()), ("total", total)]:
        cells = [str(value).rjust(len(title)) for value, title in zip(row[:5], _COLUMNS, strict=False)]
        lines.append("  ".join([name.ljust(width), *cells, f"{row[5]:.0f}".rjust(len(_COLUMNS[5]))]))
    return "\n".join(lines)


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=4, help="runs at the same time, each on an endpoint of its own")
    parser.add_argument("--sample", type=int, help="so many cases, drawn by the seed, instead of all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--modes", type=lambda text: text.split(","), default=list(MODES), help=", ".join(MODES))
    parser.add_argument("--kinds", type=lambda text: text.split(","), help="these kinds of fault only")
    parser.add_argument("--only", action="append", metavar="MODE/KIND/NUMBER", help="this case; repeatable")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
