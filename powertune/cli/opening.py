"""Shows a file or a link in the user's browser."""

import os
import subprocess
import sys
from pathlib import Path

import click

_STARTS_WITHIN_S = 5
"""An opener that is still there after so long has become the browser itself, or waits for it."""


def show_file(path: Path) -> None:
    """Open a file in a browser; where none can be opened, say where the file is."""
    whole = path.absolute()
    show(whole.as_uri(), f"the file is {whole}")


def show(url: str, called: str) -> None:
    """Open a browser; where none can be, say where to look instead. What was written stays, so that it is no failure.

    Args:
        url: a link, or a file's address.
        called: what it is, for people, such as "the file is report.html".
    """
    if not _opened(url):
        click.echo(f"No browser could be opened; {called}", err=True)


def _opened(url: str) -> bool:
    if not sys.platform.startswith("linux"):
        return click.launch(url) == 0
    if not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME")):
        # xdg-open would try one text browser after the other, and say of each that it is not there.
        return False
    try:
        opener = subprocess.Popen(
            ["xdg-open", url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return opener.wait(timeout=_STARTS_WITHIN_S) == 0
    except subprocess.TimeoutExpired:
        return True
    except OSError:
        return False
