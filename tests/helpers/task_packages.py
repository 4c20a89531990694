"""Code packages of the task functions without a package index: the wheels are what is installed here."""

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path


def no_wheels(wheels, folder):
    """Nothing beside powertune's own code: enough where the packages of this machine stand in."""


def installed_wheels(wheels, folder):
    """What this interpreter has installed of the packages that are asked for."""
    for requirement in wheels.requirements:
        name = re.match(r"[A-Za-z0-9_.-]+?(?===)", requirement)[0]
        for file in metadata.files(name):
            if ".." not in file.parts:
                target = folder.joinpath(*file.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(file.locate())


def run_with_only(folder, code):
    """Run code that can import nothing but the standard library and what lies in a folder; what it printed."""
    begin = f"import sys; sys.path.append({str(folder)!r}); sys.dont_write_bytecode = True\n"
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", begin + code],
        capture_output=True, text=True, check=False, cwd=Path(folder), env=kept,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
