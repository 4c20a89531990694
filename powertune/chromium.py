"""Pictures of our own pages, drawn by whatever Chromium there is: a headless process of its own, gone when it is done.

A page says that it is finished by the attribute ``data-drawn`` of its ``html`` element; its value is the page's picture
as SVG, in base64. A page that cannot be drawn says so in ``data-failed`` instead.
"""

import base64
import binascii
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
from html.parser import HTMLParser
from pathlib import Path
from types import FrameType
from typing import NoReturn

from powertune.errors import PowertuneError, UsageError

VARIABLE = "POWERTUNE_CHROMIUM"
"""The environment variable that names a browser, by its path or its name; it wins over all that is installed."""

NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("msedge", "microsoft-edge", "microsoft-edge-stable"),
)
_MAC_APPLICATIONS = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Chromium.app/Contents/MacOS/Chromium",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)

TIMEOUT_S = 120.0
"""How long a picture may take; it usually takes two seconds."""
_BUDGET_MS = 20_000
"""How much time the page is given by its own clock, which Chromium winds forward whenever the page only waits."""
_SHOWN_CHARACTERS = 400
_NO_SANDBOX = ("No usable sandbox", "SUID sandbox", "Failed to move to new namespace")
"""What Chromium says where it may not start its sandbox (content/browser/zygote_host and sandbox/linux)."""
_PNG = b"\x89PNG\r\n\x1a\n"

_OPTIONS = (
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


def find() -> str:
    """The path of the browser that draws.

    Raises:
        UsageError: none is installed, or the one that ``POWERTUNE_CHROMIUM`` names is not there.
    """
    if wanted := os.environ.get(VARIABLE):
        found = shutil.which(wanted)
        if found is None:
            raise UsageError(
                f"{VARIABLE} names {wanted}, which is not a program. No picture was drawn.",
                next_step=f"Set {VARIABLE} to the path of a Chromium or Chrome, or unset it.",
            )
        return found
    folders = (Path("/Applications"), Path.home() / "Applications") if sys.platform == "darwin" else ()
    applications = [str(folder / name) for folder in folders for name in _MAC_APPLICATIONS]
    for name in (*NAMES, *applications):
        if found := shutil.which(name):
            return found
    raise UsageError(
        "Pictures are drawn by a Chromium, and none was found. No picture was drawn.",
        next_step="Install one (on Debian: apt install chromium; or Google Chrome, or Microsoft Edge), or set "
        f"{VARIABLE} to the path of one. The HTML report needs none.",
    )


def png(page: str, *, width: int = 1600, height: int = 900, scale: float = 2, timeout_s: float = TIMEOUT_S) -> bytes:
    """A page as a PNG.

    Args:
        page: HTML that marks itself as drawn, as the module says.
        width: of the picture, in the page's own pixels.
        height: the same.
        scale: how many pixels of the picture each of them becomes, across and down.
        timeout_s: how long it may take, in seconds.

    Raises:
        UsageError: no browser was found.
        PowertuneError: the browser broke down, took too long or made no picture.
    """
    size = (f"--window-size={width},{height}", f"--force-device-scale-factor={scale:g}")
    with _folder(browser := find()) as folder:
        picture = folder / "picture.png"
        _drawn(_dom(browser, folder, page, [*size, f"--screenshot={picture}"], timeout_s))
        made = picture.read_bytes() if picture.is_file() else b""
    if not made.startswith(_PNG):
        raise PowertuneError("Chromium ended without a picture.", next_step="It has to be version 112 or later.")
    return made


def svg(page: str, *, timeout_s: float = TIMEOUT_S) -> str:
    """The SVG that a page has drawn of itself.

    Args:
        page: HTML that marks itself as drawn, as the module says.
        timeout_s: how long it may take, in seconds.

    Raises:
        UsageError: no browser was found.
        PowertuneError: the browser broke down or took too long, or the page drew nothing.
    """
    with _folder(browser := find()) as folder:
        drawn = _drawn(_dom(browser, folder, page, ["--window-size=1600,900"], timeout_s))
    try:
        text = base64.b64decode(drawn, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    if not text:
        raise PowertuneError("The page was opened, but it drew no SVG.", next_step="Ask for PNG instead.")
    return text


@contextmanager
def _folder(browser: str) -> Iterator[Path]:
    """A folder for everything that the browser reads and writes, which is gone at the end, also where we are ended."""
    try:
        made = Path(tempfile.mkdtemp(prefix="powertune-picture-", dir=_snap_folder(browser)))
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


def _snap_folder(browser: str) -> str | None:
    """Where a Chromium from a snap can read: it has a /tmp of its own, and sees no hidden folder."""
    path = Path(browser).resolve()
    if "snap" not in path.parts and path.name != "snap":
        with suppress(OSError), path.open("rb") as start:
            # Ubuntu's chromium-browser is a script that starts the snap.
            head = start.read(4096)
            if not (head.startswith(b"#!") and b"/snap/bin/" in head):
                return None
    common = Path.home() / "snap" / "chromium" / "common"
    return str(common) if common.is_dir() else None


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


def _dom(browser: str, folder: Path, page: str, wanted: Sequence[str], timeout_s: float) -> str:
    """Opens the page and gives the document that came of it."""
    source, answer, complaints = folder / "page.html", folder / "document", folder / "complaints"
    source.write_text(page, encoding="utf-8")
    command = [browser, *_OPTIONS, *_sandbox(), f"--user-data-dir={folder / 'profile'}", *wanted, "--dump-dom"]
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
    if sys.platform == "linux" and _snap_folder(browser) is None:
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
    last = re.sub(r"[^\x20-\x7e]", "?", lines[-1])[:_SHOWN_CHARACTERS] if lines else "nothing"
    return PowertuneError(
        f"Chromium {how} before there was a picture. The last that it said: {last}",
        next_step=f"Try again; the browser is {browser}, and {VARIABLE} names another.",
    )


class _Root(HTMLParser):
    """The attributes of a document's first element: what stands further on may be somebody else's text."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.attributes is None:
            self.attributes = {name: value or "" for name, value in attrs} if tag == "html" else {}


def _drawn(document: str) -> str:
    """What the page says in ``data-drawn``."""
    root = _Root()
    # The parser is for the first tag alone; with that the pattern need not be trusted with quotes.
    root.feed(document[: document.find(">", document.lower().find("<html")) + 1])
    found = root.attributes or {}
    if "data-drawn" in found:
        return found["data-drawn"]
    why = found.get("data-failed", "")
    why = re.sub(r"[^\x20-\x7e]", "?", why)[:_SHOWN_CHARACTERS]
    raise PowertuneError(
        "Chromium opened the page, but the page did not draw itself" + (f": {why}" if why else "."),
        next_step="If it happens again, it is a fault of powertune: please report it with the result.json.",
    )
