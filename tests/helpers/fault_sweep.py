"""Runs many cases, several at the same time, and sums them up."""

import queue
import random
import threading
import time
from collections import defaultdict

from fault_cases import MODES, Case, Verdict, calls_of, run_case

_COLUMNS = ("injected", "left a difference", "user-owned touched", "sent twice", "wrong manner", "seconds")


def planned(lane, modes, fault_kinds=(), *, seed=1, tell=lambda text: None):
    """Every fault at every call of each mode that another mode does not have as well, shuffled by the seed."""
    cases = []
    for mode in modes:
        calls = calls_of(lane, mode)
        tell(f"{mode}: {len(calls)} calls")
        chosen = [kind for kind in MODES[mode] if not fault_kinds or kind in fault_kinds]
        cases += [
            Case(mode=mode, kind=kind, number=number)
            for number in _numbers(mode, calls)
            for kind in chosen
            if _matters(mode, kind, calls[number])
        ]
    random.Random(seed).shuffle(cases)
    return cases


def _numbers(mode, calls):
    if mode == "check":  # most of its calls follow the same call
        after = [None, *(call.name for call in calls)]
        return [call.number for call in calls if call.name != after[call.number] or call.number % 9 == 0]
    if mode != "apply":
        return range(len(calls))
    # What comes before the function is back as it was is what a direct run does.
    restored = [call.number for call in calls if call.operation == "DeleteAlias" and call.named == "powertune-lease"]
    return range(restored[0] - 10, len(calls))


def _matters(mode, kind, call):
    """In the stack, the store and the logs are called as often as Lambda: there, some faults stand for all."""
    if not mode.startswith("stack") or call.service in ("lambda", "states"):
        return True
    return mode == "stack" and kind in ("killed-after", "server-error", "offline-for-good", "stopped-and-cleaned-up")


def run_all(lanes, cases, tell=lambda verdict, done: None, *, seconds=float("inf")):
    """Run cases in the lanes, each lane one after the other: the verdicts, with whatever broke among them.

    After so many seconds no further case is begun.
    """
    until_s = time.monotonic() + seconds
    waiting, verdicts, lock = queue.SimpleQueue(), [], threading.Lock()
    for case in cases:
        waiting.put(case)

    def work(lane):
        while time.monotonic() < until_s:
            try:
                case = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                verdict = run_case(lane, case)
            except Exception as error:  # noqa: BLE001 - a case that could not be judged is a failed one
                verdict = Verdict(case=case, call="?", manner=[f"the case broke: {type(error).__name__}: {error}"])
            with lock:
                verdicts.append(verdict)
                tell(verdict, len(verdicts))

    threads = [threading.Thread(target=work, args=(lane,)) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return verdicts


def table(verdicts):
    """Rows for each way to run and each kind of fault: in how many cases something was wrong."""
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
        cells = [f"{value:.0f}".rjust(len(title)) for value, title in zip(row, _COLUMNS, strict=True)]
        lines.append("  ".join([name.ljust(width), *cells]))
    return "\n".join(lines)
