"""The environments of all functions: taken for an invocation, given back warm, ended when idle for long."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable

from powertune.local.environment import Environment
from powertune.local.facts import FunctionSpec

Key = tuple[str, str, str]


def key_of(spec: FunctionSpec) -> Key:
    """Environments are shared by invocations of the same code and configuration."""
    return spec.function_arn, spec.version, spec.revision


class Pool:
    """Idle environments, and the log streams of those that crashed.

    After a crash Lambda goes on in the same environment: the same log stream, with a new init inside the next
    invocation. So a crashed environment leaves its log stream here for its successor.
    """

    def __init__(self, keep_idle_s: float, ended: Callable[[Environment], None]) -> None:
        self._keep_idle_s = keep_idle_s
        self._ended = ended
        self._idle: dict[Key, list[Environment]] = defaultdict(list)
        self._crashed: dict[Key, list[str]] = defaultdict(list)
        self._busy: set[Environment] = set()
        self._lock = threading.Lock()
        self._over = threading.Event()
        threading.Thread(target=self._reap, name="powertune-reaper", daemon=True).start()

    def take(self, spec: FunctionSpec) -> Environment | None:
        """The environment that was used last, None if none is idle."""
        with self._lock:
            idle = self._idle[key_of(spec)]
            environment = idle.pop() if idle else None
            if environment is not None:
                self._busy.add(environment)
            return environment

    def take_crashed(self, spec: FunctionSpec) -> str | None:
        """The log stream of a crashed environment, to be gone on with."""
        with self._lock:
            crashed = self._crashed[key_of(spec)]
            return crashed.pop() if crashed else None

    def add(self, environment: Environment) -> None:
        """A new environment has started."""
        with self._lock:
            self._busy.add(environment)

    def discard(self, environment: Environment) -> None:
        """The environment never came to be: its init failed, and another takes its place at once."""
        with self._lock:
            self._busy.discard(environment)
        self._end(environment)

    def give_back(self, environment: Environment) -> None:
        """The environment can take another invocation."""
        environment.idle_since = time.monotonic()
        with self._lock:
            self._busy.discard(environment)
            if not self._over.is_set():
                self._idle[key_of(environment.spec)].append(environment)
                return
        self._end(environment)

    def crashed(self, environment: Environment) -> None:
        """The environment cannot go on; the next invocation gets a new process under its log stream."""
        with self._lock:
            self._busy.discard(environment)
            self._crashed[key_of(environment.spec)].append(environment.log_stream)
        self._end(environment)

    def close(self) -> None:
        """End every environment, busy ones too."""
        self._over.set()
        with self._lock:
            everything = [*self._busy, *(one for idle in self._idle.values() for one in idle)]
            self._busy.clear()
            self._idle.clear()
        for environment in everything:
            self._end(environment)

    def _end(self, environment: Environment) -> None:
        environment.close()
        self._ended(environment)

    def _reap(self) -> None:
        while not self._over.wait(min(5.0, self._keep_idle_s)):
            oldest = time.monotonic() - self._keep_idle_s
            with self._lock:
                tired = [one for idle in self._idle.values() for one in idle if one.idle_since < oldest]
                for environment in tired:
                    self._idle[key_of(environment.spec)].remove(environment)
            for environment in tired:
                self._end(environment)
