"""A headless process of the browser: what it is started with, where it writes, and that it ends with all it started."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from powertune.chromium.finding import VARIABLE, snap_folder
from powertune.errors import PowertuneError, UsageError

_BUDGET_MS = 20_000
"""How much time the page is given by its own clock, which Chromium winds forward whenever the page only waits."""
SHOWN_CHARACTERS = 400
_NO_SANDBOX = ("No usable sandbox", "SUID sandbox", "Failed to move to new namespace")
"""What Chromium says where it may not start its sandbox (content/browser/zygote_host and sandbox/linux)."""

OPTIONS = (
    "--headless=new",
    "--disable-gpu",
    # A container's /dev/shm is often too small for a page.
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--mute-audio",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-extensions",
    "--disable-breakpad",
    "--password-store=basic",
    "--use-mock-keychain",
    # Nothing is to leave the machine: most of the browser's own errands are off, and for the rest no name leads
    # anywhere, not through a proxy either.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--metrics-recording-only",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-proxy-server",
    f"--virtual-time-budget={_BUDGET_MS}",
)


@contextmanager
def own_folder(browser: str) -> Iterator[Path]:
    """A folder for everything that the browser reads and writes, which is gone at the end, also where we are ended."""
    try:
        made = Path(tempfile.mkdtemp(prefix="powertune-picture-", dir=snap_folder(browser)))
    except OSError as error:
        raise PowertuneError(
            f"No folder could be made for Chromium: {error.strerror or error}. No picture was drawn.",
            next_step="Make room there, or set TMPDIR to another folder.",
        ) from None
    try:
        with _ended_properly():
            yield made
    except OSError as error:
        raise PowertuneError(
            f"Chromium could not be given its page, or its picture not be read: {error.strerror or error}.",
            next_step="Make room in the folder for temporary files, or set TMPDIR to another one.",
        ) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _ended_properly() -> Iterator[None]:
    """Lets the signals that would end this process at once end it as Ctrl-C does: by way of every ``finally``."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]

    def end(number: int, _: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in before:
            signal.signal(number, signal.SIG_DFL)


def opened(browser: str, folder: Path, page: str, wanted: Sequence[str], timeout_s: float) -> str:
    """Opens the page and gives the document that came of it."""
    source, answer, complaints = folder / "page.html", folder / "document", folder / "complaints"
    source.write_text(page, encoding="utf-8")
    command = [browser, *OPTIONS, *_sandbox(), f"--user-data-dir={folder / 'profile'}", *wanted, "--dump-dom"]
    with answer.open("wb") as out, complaints.open("wb") as err:
        # Files instead of pipes: a process that the browser leaves behind would hold a pipe open.
        code = _run([*command, source.as_uri()], folder, out.fileno(), err.fileno(), timeout_s)
    said = complaints.read_bytes().decode("utf-8", "replace")
    if code is None:
        raise PowertuneError(
            f"Chromium did not finish its picture within {timeout_s:g} s, and was ended.",
            next_step=f"Try again when the machine is less busy. The browser is {browser}; {VARIABLE} names another.",
        )
    if code != 0:
        raise _crash(browser, code, said)
    return answer.read_bytes().decode("utf-8", "replace")


def _run(command: Sequence[str], folder: Path, out: int, err: int, timeout_s: float) -> int | None:
    """The exit code; None where the time was up. Whatever happens, the browser and its processes have ended."""
    process: subprocess.Popen[bytes] | None = None
    try:
        try:
            # A session of its own: Ctrl-C reaches us alone, and all of the browser's processes end together.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=folder,
                env=_environment(command[0], folder),
                start_new_session=True,
            )
        except OSError as error:
            raise UsageError(
                f"{command[0]} cannot be started: {error.strerror or error}. No picture was drawn.",
                next_step=f"Set {VARIABLE} to the path of a Chromium or Chrome.",
            ) from None
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
    finally:
        if process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _sandbox() -> tuple[str, ...]:
    # Chromium refuses to start its sandbox as root, which is what a container or a CI machine often is. The page is
    # ours, its policy names its scripts, and nothing is loaded: what the sandbox would hold back is not there.
    return ("--no-sandbox",) if os.geteuid() == 0 else ()


def _environment(browser: str, folder: Path) -> dict[str, str]:
    """Ours without AWS's credentials; on Linux with a home of its own, where crash reports and caches go."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    if sys.platform == "linux" and snap_folder(browser) is None:
        kept = {name: value for name, value in kept.items() if not name.startswith("XDG_")}
        kept |= {"HOME": str(folder), "TMPDIR": str(folder)}
    return kept


def _crash(browser: str, code: int, said: str) -> PowertuneError:
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    if any(sign in said for sign in _NO_SANDBOX):
        return PowertuneError(
            f"Chromium ({browser}) cannot start its sandbox here, as in many containers. No picture was drawn.",
            next_step=f"Allow it unprivileged user namespaces, or set {VARIABLE} to a script that starts Chromium with "
            "--no-sandbox.",
        )
    lines = [line for line in said.splitlines() if line.strip()]
    last = re.sub(r"[^\x20-\x7e]", "?", lines[-1])[:SHOWN_CHARACTERS] if lines else "nothing"
    return PowertuneError(
        f"Chromium {how} before there was a picture. The last that it said: {last}",
        next_step=f"Try again; the browser is {browser}, and {VARIABLE} names another.",
    )
