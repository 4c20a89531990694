"""One case: a function, a run on it, a fault at its n-th call, cleanup, and whether all is as before."""

import json
import re
import shutil
import signal
import time
from dataclasses import dataclass, field

import fault_changes
import fault_kinds as kinds
from fault_lane import READ_TIMEOUT_S, WORKING
from fault_watch import differences, sent_twice, touched, touched_but_clones, touched_but_the_lease
from fault_zygote import CLEANER

SIZES_MB = (256, 512)
_GRID = ("--search", "grid", "--invocations", 3)
_SEARCH = ("--search", "adaptive", "--max-invocations", 7)
APPLIED_ALIAS = "RAM512"
_APPLY = ("--strategy", "speed", "--apply", "--alias", APPLIED_ALIAS)
_SETTINGS = {
    "direct": (*_GRID, "--direct"),
    "search": (*_SEARCH, "--direct"),
    "cleanup": (*_GRID, "--direct"),
    "isolated": (*_GRID, "--direct", "--isolate"),
    "apply": ("--search", "grid", "--invocations", 6, "--direct", *_APPLY),
    "stack": _GRID,
    "stack-search": _SEARCH,
    # Of what runs for a fraction of a millisecond the noise is large; which verdict it has is not the matter here.
    "check": ("--qualifier", "RAM512", "--against", "1", "--direct", "--max-invocations", 20, "--parallel", 4),
}
MODES = {
    "direct": (*kinds.ONCE, *kinds.FOR_GOOD, *kinds.INTERRUPTED, *kinds.OVERTAKEN, *fault_changes.OTHERS),
    "search": ("killed-before", "killed-after", "connection-lost", "timeout", *kinds.OVERTAKEN),
    "cleanup": (*kinds.ONCE, *kinds.FOR_GOOD),
    "isolated": (*kinds.ONCE, *kinds.FOR_GOOD, *kinds.OVERTAKEN),
    "apply": (*kinds.ONCE, *kinds.FOR_GOOD, *kinds.INTERRUPTED, *kinds.OVERTAKEN),
    "stack": (*kinds.ONCE, *kinds.FOR_GOOD, *kinds.STACK),
    "stack-search": ("killed-after", "timeout", "stopped-and-cleaned-up"),
    "check": (*kinds.ONCE, "offline-for-good", *kinds.INTERRUPTED, *kinds.OVERTAKEN, "memory-changed", "alias-moved"),
}
"""The faults of each way to run."""

_DOCUMENTED = {0, 2, 3, 4, 6, 130}
_WORSE = 1
_MOST_AT_A_SIZE = {
    "direct": 3, "search": 7, "cleanup": 3, "isolated": 3, "apply": 6, "stack": 3, "stack-search": 7, "check": 48,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Case:
    """``mode/kind/number``: which run, which fault, at which of its calls."""

    mode: str
    kind: str
    number: int

    def __str__(self):
        return f"{self.mode}/{self.kind}/{self.number}"

    @classmethod
    def parse(cls, text):
        mode, kind, number = text.split("/")
        if mode not in MODES or kind not in kinds.ALL:
            raise ValueError(text)
        return cls(mode=mode, kind=kind, number=int(number))

    @property
    def needs_stack(self):
        return self.mode.startswith("stack")


@dataclass(kw_only=True)
class Verdict:
    """What came of a case. Each list has a sentence for everything that is wrong."""

    case: Case
    call: str | None = None  # the call that was spoiled; None where the run had no such call
    left: list = field(default_factory=list)  # what differs after cleanup
    touched: list = field(default_factory=list)  # what was written that is not the run's
    twice: list = field(default_factory=list)  # invocations sent again
    manner: list = field(default_factory=list)  # a wrong exit code, a traceback, a change not told
    seconds: float = 0.0
    code: int | None = None
    err: str = ""

    @property
    def injected(self):
        return self.call is not None

    @property
    def wrong(self):
        return [f"{what}: {text}" for what in ("left", "touched", "twice", "manner") for text in getattr(self, what)]


def calls_of(lane, mode):
    """The calls of a run of a mode without a fault."""
    for _ in range(5):
        name, arn = _function(lane, mode, changed_since=True)
        run = _Run(lane, Case(mode=mode, kind="throttled", number=10**9), name, arn)
        verdict = run.judged()
        assert not verdict.wrong, verdict.wrong
        if mode != "apply" or any(
            call.named == APPLIED_ALIAS and call.operation == "UpdateAlias" for call in run.counted
        ):
            return run.counted
    raise AssertionError("on this machine no memory size is a gain beyond the noise")


def run_case(lane, case):
    """Run a case on a fresh function."""
    began = time.monotonic()
    # Every second function is unchanged since its last version, so that publishing gives the user's own back.
    name, arn = _function(lane, case.mode, changed_since=case.number % 2 == 0)
    verdict = _Run(lane, case, name, arn).judged()
    lane.delete(name)
    shutil.rmtree(lane.results, ignore_errors=True)
    verdict.seconds = time.monotonic() - began
    return verdict


def _is_applied(after):
    version = after["aliases"][APPLIED_ALIAS]["FunctionVersion"]
    size_mb = after["versions"][version]["MemorySize"]
    return version != "2" and size_mb == after["configuration"]["MemorySize"] == max(SIZES_MB)


def _function(lane, mode, *, changed_since):
    if mode == "apply":  # an alias is only moved from a version that is like $LATEST
        return lane.new_function(changed_since=False, handler=WORKING)
    return lane.new_function(changed_since=changed_since)


class _Run:
    def __init__(self, lane, case, name, arn):
        self.lane, self.case, self.name, self.arn = lane, case, name, arn
        self.before = lane.visible(name)
        self.verdict = Verdict(case=case)
        self.counted = []
        self.theirs, self.wanted = [], {}  # what another client changed, and how it must be at the end

    def judged(self):
        case, verdict, lane = self.case, self.verdict, self.lane
        earlier = self._dead_run() if case.mode == "cleanup" else []
        command, injection = self._spoiled()
        injection.end()
        verdict.call = injection.hit.name if injection.hit else None
        verdict.code, verdict.err = command.code, command.err
        self.counted = list(lane.proxy.calls)
        changed = self._different()
        self._judge_manner(command, injection, changed)
        self._clean_up_at_last()
        verdict.left += self._different()
        verdict.left += fault_changes.lost(lane.visible(self.name), self.wanted)
        calls = [*earlier, *lane.proxy.calls]
        alias = APPLIED_ALIAS if case.mode == "apply" else None
        if case.mode == "isolated":
            verdict.touched += touched_but_clones(calls)
        elif case.mode == "check":
            verdict.touched += touched_but_the_lease(calls, self.name)
        else:
            verdict.touched += touched(calls, self.name, self.before, (*SIZES_MB, *self._found_mb(injection)), alias)
        verdict.twice += sent_twice(calls, _MOST_AT_A_SIZE[case.mode], by_version=case.mode == "check")
        return verdict

    def _different(self):
        """What differs from before, but for what another client has changed."""
        after = self.lane.visible(self.name)
        found = differences(self.before, after) + [f"the clone {name} is there" for name in self.lane.clones(self.arn)]
        if self.case.mode == "apply" and _is_applied(after):
            # All of what was to be applied is there; that and nothing else.
            version = after["aliases"][APPLIED_ALIAS]["FunctionVersion"]
            theirs = ("configuration.MemorySize", f"aliases.{APPLIED_ALIAS}.", f"versions.{version}")
            return [one for one in found if not one.startswith(theirs)]
        # An alias that was moved and put back has another revision.
        revision = f"aliases.{APPLIED_ALIAS}.RevisionId" if self.case.mode == "apply" else "-"
        return [one for one in found if not one.startswith((revision, *self.theirs))]

    def _found_mb(self, injection):
        """The size to go back to, where another client set it before the run began."""
        leased = [call.number for call in self.counted if call.fields.get("Name") == "powertune-lease"]
        early = injection.hit is not None and leased and injection.hit.number < leased[0]
        return (fault_changes.OTHERS_MB,) if injection.kind == "memory-changed" and early else ()

    def _change(self, kind):
        self.theirs, self.wanted = fault_changes.make(self.lane, self.name, kind)

    def _arguments(self):
        if self.case.mode == "check":
            kept = self.lane.results / "baselines"
            return (
                "check", "--function-arn", self.arn, "--output-dir", self.lane.results, "--baseline", kept,
                *_SETTINGS["check"],
            )  # fmt: skip
        sizes = ",".join(map(str, SIZES_MB))
        return (
            "run", "--function-arn", self.arn, "--memory-sizes", sizes, "--output-dir", self.lane.results,
            "--yes", *_SETTINGS[self.case.mode],
        )  # fmt: skip

    def _dead_run(self):
        """Leave what a run leaves that is killed: at its first invocation, or with ``$LATEST`` at a test size."""
        fatal = "Invoke" if self.case.number % 2 else "UpdateFunctionConfiguration"
        injection = kinds.Injection(self.lane, "killed-after", 0, wanted=lambda call: call.operation == fatal)
        self._command(injection, self._arguments())
        assert injection.killed
        return list(self.lane.proxy.calls)

    def _spoiled(self):
        case = self.case
        injection = kinds.Injection(
            self.lane, case.kind, case.number, clean_up=self._clean_up_beside, change=self._change
        )
        cleanup = ("cleanup", "--function-arn", self.arn)
        command = self._command(injection, cleanup if case.mode == "cleanup" else self._arguments())
        if case.needs_stack:
            # Only a stopped execution leaves a task behind.
            quiet_s = 1.5 if case.kind.startswith("stop") and injection.hit else 0.0
            self.lane.wait_for_executions(quiet_s=quiet_s)
        return command, injection

    def _command(self, injection, arguments):
        lane = self.lane
        lane.proxy.reset(injection)
        short = READ_TIMEOUT_S if self.case.kind == "timeout" else None
        injection.command = lane.zygote.start(*arguments, read_timeout_s=short, **lane.variables())
        if not injection.command.ended.wait(150):
            injection.command.kill()
            self.verdict.manner.append("the command did not end in 150 s")
        return injection.command

    def _clean_up_beside(self):
        """While the run goes on: the command, or for every second case of the stack what EventBridge calls."""
        if self.case.kind == "stopped-and-cleaned-up" and self.case.number % 2:
            self._call_cleaner()
        else:
            self._cleanup(through_proxy=False)

    def _call_cleaner(self):
        lane = self.lane
        variables = {**lane.variables(through_proxy=False), "POWERTUNE_BUCKET": lane.endpoint.stack.bucket}
        done = lane.zygote.run(CLEANER, json.dumps(lane.last_event()), **variables)
        if done.code != 0:
            self.verdict.manner.append(f"the cleaner failed: {done.err.strip()[-600:]}")

    def _cleanup(self, *, through_proxy):
        variables = self.lane.variables(through_proxy=through_proxy)
        # A clone may be in use until its run's time is over, unless somebody says that the run is over.
        made = [call.fields for call in self.counted if call.operation == "CreateFunction"]
        run_id = ("--run-id", made[0]["Tags"]["powertune:run"]) if made else ()
        done = self.lane.zygote.run("cleanup", "--function-arn", self.arn, *run_id, **variables)
        if "Traceback" in done.err or done.code != 0:
            self.verdict.manner.append(f"cleanup ended with {done.code}: {done.err.strip()[-600:]}")
        return done

    def _clean_up_at_last(self):
        self._cleanup(through_proxy=True)
        if self.case.number % 5 == 0 and self.case.mode != "isolated":
            again = self._cleanup(through_proxy=True)
            # Of a run that applied, a version is there on purpose.
            nothing = "so nothing was done" if self.case.mode == "apply" else "No powertune run has left anything"
            if nothing not in again.out and "No powertune run has left anything" not in again.out:
                self.verdict.manner.append(f"a second cleanup found something: {again.out.strip()}")

    def _judge_manner(self, command, injection, changed):
        """A run that ends by itself says how it ended, and that the function is changed where it is."""
        wrong, told = self.verdict.manner, command.err
        # What was applied is to stay; that only the lease could not be given back is a warning beside the answer.
        done = self.case.mode == "apply" and command.code == 0 and "powertune cleanup" in " ".join(command.out.split())
        if "Traceback" in told:
            wrong.append(f"a traceback: {told.strip()[-1500:]}")
        if injection.killed or (command.code == -signal.SIGTERM and injection.kind == "sigterm" and not changed):
            return  # before a run begins, SIGTERM ends the process as it ends any
        if command.code not in _DOCUMENTED and not (self.case.mode == "check" and command.code == _WORSE):
            wrong.append(f"exit code {command.code}: {told.strip()[-600:]}")
        if command.code == 0 and changed and not done and self.case.mode != "cleanup":
            wrong.append(f"exit code 0, though the function is changed: {changed}")
        if command.code != 0 and not told.strip():
            wrong.append(f"exit code {command.code} without a word")
        if not changed or done:
            return
        if self.case.mode != "cleanup" and command.code != 6 and not self._stopped_from_outside(injection):
            wrong.append(f"exit code {command.code}, not 6, though the function is changed: {changed}; {told.strip()}")
        if not re.search(r"powertune cleanup --function-arn", told):
            wrong.append(f"the function is changed, and nothing says how to undo it: {told.strip()} ({changed})")

    def _stopped_from_outside(self, injection):
        return injection.kind.startswith("stop") and injection.hit is not None
