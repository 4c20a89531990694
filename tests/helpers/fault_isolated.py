"""The same faults in runs on a temporary clone: the target is never written at all, and no clone is left."""

import random
import signal
import time

import fault_kinds as kinds
from fault_cases import _DOCUMENTED, _GRID, Case, Verdict
from fault_lane import READ_TIMEOUT_S
from fault_watch import differences, sent_twice

CLONES = "powertune-clone-"
KINDS = (*kinds.ONCE, *kinds.FOR_GOOD, *kinds.INTERRUPTED, *kinds.OVERTAKEN)


def isolated_cases(lane, *, seed=1, sample=None):
    """Every fault at every call of an isolated run, shuffled by the seed."""
    calls = _Run(lane, Case(mode="isolate", kind="throttled", number=10**9)).judged(healthy=True)
    cases = [Case(mode="isolate", kind=kind, number=number) for number in range(calls) for kind in KINDS]
    random.Random(seed).shuffle(cases)
    return cases[:sample]


def run_isolated(lane, case):
    """Run a case on a fresh function."""
    began = time.monotonic()
    verdict = _Run(lane, case).judged()
    verdict.seconds = time.monotonic() - began
    return verdict


class _Run:
    def __init__(self, lane, case):
        self.lane, self.case = lane, case
        self.name, self.arn = lane.new_function(changed_since=case.number % 2 == 0)
        self.before = lane.visible(self.name)
        self.verdict = Verdict(case=case)

    def judged(self, *, healthy=False):
        lane, case, verdict = self.lane, self.case, self.verdict
        injection = kinds.Injection(lane, case.kind, case.number, clean_up=lambda: self._cleanup())
        lane.proxy.reset(injection)
        short = READ_TIMEOUT_S if case.kind == "timeout" else None
        sizes = ("--memory-sizes", "256,512", "--output-dir", lane.folder / "results", "--yes")
        injection.command = command = lane.zygote.start(
            "run", "--function-arn", self.arn, "--isolate", "--direct", *_GRID, *sizes,
            read_timeout_s=short, **lane.variables(),
        )  # fmt: skip
        if not command.ended.wait(150):
            command.kill()
            verdict.manner.append("the command did not end in 150 s")
        injection.end()
        calls = list(lane.proxy.calls)
        verdict.call = injection.hit.name if injection.hit else None
        verdict.code, verdict.err = command.code, command.err
        verdict.left += differences(self.before, lane.visible(self.name))  # even before any cleanup
        self._judge_manner(command, injection)
        for run_id in self._clones():
            self._cleanup("--run-id", run_id)
        verdict.left += [f"the clone of {run_id}" for run_id in self._clones()]
        verdict.left += differences(self.before, lane.visible(self.name))
        verdict.touched += [
            f"call {call.number}, {call.operation} of {call.function}"
            for call in calls
            if call.forwarded
            and call.writes_function
            and not str(call.function or call.fields.get("FunctionName")).startswith(CLONES)
        ]
        verdict.twice += sent_twice(calls, 3)
        lane.delete(self.name)
        if healthy:
            assert not verdict.wrong, verdict.wrong
            return len(calls)
        return verdict

    def _clones(self):
        functions = self.lane.functions
        pages = functions.get_paginator("list_functions").paginate()
        named = [one["FunctionArn"] for page in pages for one in page["Functions"]]
        tags = [functions.list_tags(Resource=arn)["Tags"] for arn in named if f":{CLONES}" in arn]
        return [one["powertune:run"] for one in tags if one.get("powertune:target") == self.arn]

    def _cleanup(self, *more):
        done = self.lane.zygote.run("cleanup", "--function-arn", self.arn, *more, **self.lane.variables())
        if "Traceback" in done.err or done.code != 0:
            self.verdict.manner.append(f"cleanup ended with {done.code}: {done.err.strip()[-600:]}")

    def _judge_manner(self, command, injection):
        wrong, told = self.verdict.manner, command.err
        if "Traceback" in told:
            wrong.append(f"a traceback: {told.strip()[-1500:]}")
        if injection.killed:
            return
        if command.code == -signal.SIGTERM and injection.hit is not None and injection.hit.number == 0:
            return  # the command ends like any other until its run has begun
        if command.code not in _DOCUMENTED or (command.code != 0 and not told.strip()):
            wrong.append(f"exit code {command.code}: {told.strip()[-600:]}")
        left = self._clones()
        if left and (command.code != 6 or f"--run-id {left[0]}" not in told):
            wrong.append(f"exit code {command.code}, and nothing says how to delete the clone: {told.strip()[-600:]}")
