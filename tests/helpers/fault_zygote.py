"""Starts powertune commands as processes of their own, quickly: a process that has imported everything forks.

Reads one JSON line for each command from standard input; writes ``{"started": id, "pid": pid}`` and later
``{"ended": id, "code": code}``. A child is a process like any other: it can be killed at any moment.
"""

import functools
import itertools
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

from powertune.aws.clock import SystemClock

CLEANER = "the cleaner"
"""In the place of a command: the function that EventBridge calls when an execution ends abnormally."""

LONGEST_PAUSE_S = 0.05
"""Between two tries of botocore, for which it takes up to 20 s."""


def _serve():
    import botocore.retries.standard
    from botocore.config import Config
    from botocore.loaders import JSONFileLoader

    import powertune.aws.session as sessions

    JSONFileLoader.load_file = functools.cache(JSONFileLoader.load_file)

    ended, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running = {}
    line = b""
    while True:
        ready, _, _ = select.select([0, ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
            while running:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                _tell(ended=running.pop(pid), code=os.waitstatus_to_exitcode(status))
        if 0 in ready:
            got = os.read(0, 65536)
            if not got:
                for pid in running:
                    os.kill(pid, signal.SIGKILL)
                return
            line += got
            while b"\n" in line:
                first, _, line = line.partition(b"\n")
                order = json.loads(first)
                if order["inside"]:
                    _tell(started=order["id"], pid=0)
                    _tell(ended=order["id"], code=_main(order, inside=True))
                    continue
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    _be(order, sessions, Config, botocore.retries.standard.ExponentialBackoff)
                running[pid] = order["id"]
                _tell(started=order["id"], pid=pid)


def _tell(**what):
    os.write(1, json.dumps(what).encode() + b"\n")


def _be(order, sessions, config, backoff):
    """Be the command. Never returns."""
    code = 70
    try:
        os.setsid()
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        shorten(order.get("read_timeout_s"), sessions, config, backoff)
        code = _main(order)
    finally:
        os._exit(code)


def _main(order, *, inside=False):
    """Run the command in this process, with its standard streams redirected: the exit code."""
    kept = {number: os.dup(number) for number in (1, 2)} if inside else {}
    for number, path in ((1, order["out"]), (2, order["err"])):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.update(order["variables"])
    from powertune.cli.main import main

    try:
        if order["arguments"][0] == CLEANER:
            _clean(json.loads(order["arguments"][1]))
        else:
            main(order["arguments"])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - as Python itself does at the end of a process
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    for number, copy in kept.items():
        os.dup2(copy, number)
        os.close(copy)
    return code


def _clean(event):
    """What EventBridge's rule calls, with pauses that a sweep can afford."""
    from powertune.workflow.cleaner import handler

    class Clock(SystemClock):
        def sleep(self, seconds):
            time.sleep(min(seconds, 1.0))

    context = SimpleNamespace(memory_limit_in_mb="512", get_remaining_time_in_millis=lambda: 900_000)
    print(json.dumps(handler(event, context, clock=Clock())))  # noqa: T201 - a command's output


def shorten(read_timeout_s, sessions, config, backoff):
    """Make botocore wait less for answers and between tries, so that thousands of faults are affordable."""
    made = backoff.__init__
    backoff.__init__ = lambda self, max_backoff=LONGEST_PAUSE_S, **more: made(self, LONGEST_PAUSE_S, **more)
    if read_timeout_s:
        config.OPTION_DEFAULTS["read_timeout"] = read_timeout_s
        sessions.INVOKE_MARGIN_S = 0


class Running:
    """A command under way."""

    def __init__(self, folder):
        self.pid = None
        self.code = None
        self.ended = threading.Event()
        self._folder = folder

    @property
    def out(self):
        return (self._folder / "out").read_text(errors="replace")

    @property
    def err(self):
        return (self._folder / "err").read_text(errors="replace")

    def kill(self, number=signal.SIGKILL):
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return
        if number == signal.SIGKILL:
            self.ended.wait(10)


class Zygote:
    """The forking process, as whoever orders commands sees it."""

    def __init__(self, folder):
        self._folder = Path(folder)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        kept |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "AWS_EC2_METADATA_DISABLED": "true"}
        kept |= {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=kept, start_new_session=True
        )
        self._ids = itertools.count()
        self._lock = threading.Lock()
        self._started = queue.Queue()
        self._running = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, *arguments, read_timeout_s=None, inside=False, **variables):
        """Start a powertune command; ``inside`` runs it in the forking process, so that later ones are quick."""
        with self._lock:
            number = next(self._ids)
            folder = self._folder / f"command-{number}"
            folder.mkdir(parents=True)
            running = self._running[number] = Running(folder)
            order = {
                "id": number,
                "arguments": [str(argument) for argument in arguments],
                "variables": variables,
                "out": str(folder / "out"),
                "err": str(folder / "err"),
                "read_timeout_s": read_timeout_s,
                "inside": inside,
            }
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            running.pid = self._started.get(timeout=60)
        return running

    def run(self, *arguments, timeout_s=120, **more):
        """Run a powertune command to its end."""
        running = self.start(*arguments, **more)
        if not running.ended.wait(timeout_s):
            running.kill()
            raise AssertionError(f"{arguments} did not end in {timeout_s} s:\n{running.err}")
        return running

    def _listen(self):
        for line in self._process.stdout:
            told = json.loads(line)
            if "started" in told:
                self._started.put(told["pid"])
            else:
                running = self._running.pop(told["ended"])
                running.code = told["code"]
                running.ended.set()

    def close(self):
        self._process.stdin.close()
        self._process.wait(10)


if __name__ == "__main__":
    _serve()
