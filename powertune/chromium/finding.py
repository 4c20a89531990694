"""Which browser of the machine draws, and where it can read."""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from powertune.errors import UsageError

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
        return _absolute(found)
    folders = (Path("/Applications"), Path.home() / "Applications") if sys.platform == "darwin" else ()
    applications = [str(folder / name) for folder in folders for name in _MAC_APPLICATIONS]
    for name in (*NAMES, *applications):
        if found := shutil.which(name):
            return _absolute(found)
    raise UsageError(
        "Pictures are drawn by a Chromium, and none was found. No picture was drawn.",
        next_step="Install one (on Debian: apt install chromium; or Google Chrome, or Microsoft Edge), or set "
        f"{VARIABLE} to the path of one. The HTML report needs none.",
    )


def _absolute(found: str) -> str:
    """Its path from the root: the browser is started in another folder. A link stays one: a snap goes by its name."""
    return str(Path(found).absolute())


def snap_folder(browser: str) -> str | None:
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
