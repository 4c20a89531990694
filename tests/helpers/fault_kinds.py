"""What can be done to a call: each kind of fault, done to the n-th call of a run."""

import os
import signal
import threading
import time
from dataclasses import dataclass, field

import fault_answers
import fault_changes
from fault_lane import process_at
from fault_proxy import CUT, SILENCE

ONCE = (
    "killed-before", "killed-after", "throttled", "server-error", "connection-lost", "timeout", "access-denied",
)  # fmt: skip
"""Done to one call; what follows is healthy again."""

FOR_GOOD = ("denied-for-good", "expired-for-good", "offline-for-good")
"""From one call on until the run has ended: every call of that operation, or every call at all, fails."""

INTERRUPTED = ("ctrl-c", "sigterm")
"""The terminal's process is told to end; what it then says and does is its own."""

OVERTAKEN = ("cleaned-up-meanwhile",)
"""Just before the call, somebody runs ``powertune cleanup`` to its end, although the run goes on."""

STACK = ("stop-execution", "stopped-and-cleaned-up", "terminal-killed")
"""For runs of the state machine. StopExecution does not stop the task under way: it goes on to its end."""

ALL = (*ONCE, *FOR_GOOD, *INTERRUPTED, *OVERTAKEN, *STACK, *fault_changes.OTHERS)

KILLS_THE_TERMINAL = frozenset({"killed-before", "killed-after", "terminal-killed"})


@dataclass
class Injection:
    """Does one kind of fault to the n-th call that ``wanted`` accepts, and keeps what call that was."""

    lane: object
    kind: str
    number: int
    clean_up: object = None  # called without arguments: runs a cleanup to its end
    change: object = None  # called with a kind of change: another client makes it
    wanted: object = lambda call: True
    hit: object = None  # the call that was spoiled
    command: object = None  # the terminal's process
    killed: bool = False  # whether that process was killed
    over: bool = False
    _seen: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, call, forward):
        if self.over or not self.wanted(call):
            return forward()
        with self._lock:
            number, self._seen = self._seen, self._seen + 1
        if number == self.number:
            self.hit = call
            if self.kind in fault_changes.OTHERS:
                self.change(self.kind)
                return forward()
            return getattr(self, "_" + self.kind.replace("-", "_"))(call, forward)
        if number > self.number and self.hit is not None and self.kind in FOR_GOOD:
            return self._later(call, forward)
        return forward()

    def end(self):
        """The run is over: nothing is spoiled any more."""
        self.over = True

    # --- once --------------------------------------------------------------------------------------------------

    def _killed_before(self, call, forward):
        self._kill(call)
        return CUT

    def _killed_after(self, call, forward):
        forward()
        self._kill(call)
        return CUT

    def _throttled(self, call, forward):
        return fault_answers.throttled(call)

    def _server_error(self, call, forward):
        return fault_answers.broken(call)

    def _connection_lost(self, call, forward):
        forward()
        return CUT

    def _timeout(self, call, forward):
        forward()
        return SILENCE

    def _access_denied(self, call, forward):
        return fault_answers.denied(call)

    def _kill(self, call):
        """SIGKILL, as the kernel or Lambda does it: to whoever made the call."""
        if call.origin == "terminal":
            self._kill_terminal()
            return
        pid = process_at(call.client_port, self.lane.proxy.port("tasks"))
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    def _kill_terminal(self):
        self._started()
        self.killed = True
        self.command.kill()

    def _started(self):
        """The command's first call may come before whoever started it knows its process."""
        while self.command is None:
            time.sleep(0.005)

    # --- for good ----------------------------------------------------------------------------------------------

    def _denied_for_good(self, call, forward):
        return fault_answers.denied(call)

    def _expired_for_good(self, call, forward):
        return fault_answers.expired(call)

    def _offline_for_good(self, call, forward):
        return CUT

    def _later(self, call, forward):
        if call.origin != self.hit.origin:
            return forward()
        if self.kind == "denied-for-good" and call.name != self.hit.name:
            return forward()
        return getattr(self, "_" + self.kind.replace("-", "_"))(call, forward)

    # --- interrupted, overtaken, stopped -----------------------------------------------------------------------

    def _ctrl_c(self, call, forward):
        self._started()
        self.command.kill(signal.SIGINT)
        return forward()

    def _sigterm(self, call, forward):
        self._started()
        self.command.kill(signal.SIGTERM)
        return forward()

    def _cleaned_up_meanwhile(self, call, forward):
        self.clean_up()
        return forward()

    def _stop_execution(self, call, forward):
        self._stop()
        return forward()

    def _stopped_and_cleaned_up(self, call, forward):
        if self._stop():
            self.clean_up()
        return forward()

    def _terminal_killed(self, call, forward):
        self._kill_terminal()
        return CUT if call.origin == "terminal" else forward()

    def _stop(self):
        execution = self.lane.running_execution()
        if execution is None:
            self.hit = None  # it has not begun, or is over
            return False
        self.lane.stop_execution(execution)
        return True
