"""Unpacks wheels for Lambda's Linux with pip, on whatever machine this is. No docker, nothing is compiled."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from powertune.domain.function import Architecture
from powertune.errors import UsageError
from powertune.workflow.package import Wheels

_MACHINES = {Architecture.X86_64: "x86_64", Architecture.ARM64: "aarch64"}
_TAGS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
"""What runs on Amazon Linux 2023, whose glibc is 2.34 (AWS docs, lambda/latest/dg/lambda-runtimes). pip takes the tags
as they are: a newer glibc does not make it look for wheels of older ones."""

_TIMEOUT_S = 900
_LAST_LINES = 5


def pip_command(wheels: Wheels, folder: Path) -> list[str]:
    """The command that unpacks wheels into a folder."""
    machine = _MACHINES[wheels.architecture]
    platforms = [option for tag in _TAGS for option in ("--platform", f"{tag}_{machine}")]
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"),
        *("--no-deps", "--no-compile", "--no-warn-conflicts", "--only-binary=:all:"),
        *platforms,
        *("--implementation", "cp", "--python-version", wheels.python),
        *("--target", str(folder)),
        *wheels.requirements,
    ]


def install_wheels(wheels: Wheels, folder: Path) -> None:
    """Unpack wheels into a folder, from wherever pip is configured to look.

    Raises:
        UsageError: there is no pip, or it cannot find a wheel.
    """
    if importlib.util.find_spec("pip") is None:
        raise UsageError(
            "The code packages of the task functions are made with pip, which this Python does not have. "
            "Nothing was uploaded.",
            next_step="Add it with: python -m ensurepip",
        )
    try:
        done = subprocess.run(
            pip_command(wheels, folder),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
            # Settings for installing into this Python, which pip would refuse to combine with a folder.
            env={**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"},
        )
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"pip did not finish within {_TIMEOUT_S // 60} minutes. Nothing was uploaded.",
            next_step="Check the network, and run again.",
        ) from None
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise UsageError(
            f"pip cannot get the wheels of the task functions for Python {wheels.python} on Linux "
            f"{_MACHINES[wheels.architecture]}, so nothing was uploaded:\n" + "\n".join(said[-_LAST_LINES:]),
            next_step="Check that pip reaches its package index; its own configuration says which.",
        )
