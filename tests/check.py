"""Everything that must pass: ``python tests/check.py``. Installs Debian's Chromium where no Chromium is found."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def run(*command: str) -> None:
    print("$", " ".join(command), flush=True)
    subprocess.run(command, cwd=ROOT, check=True)


def ensure_chromium() -> None:
    if any(shutil.which(name) for name in BROWSERS):
        return
    apt = shutil.which("apt-get")
    if apt is None:
        sys.exit("The report's tests need a Chromium; install one and run again.")
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    run(*sudo, apt, "update", "-qq")
    run(*sudo, apt, "install", "-y", "-qq", "--no-install-recommends", "chromium")


def main() -> None:
    ensure_chromium()
    python = sys.executable
    run(python, "-m", "ruff", "format", "--check", ".")
    run(python, "-m", "ruff", "check", ".")
    run(python, "-m", "mypy")
    run(str(Path(python).parent / "lint-imports"))
    # What computes shares the cores; what measures time, or kills processes, has them for itself.
    run(python, "-m", "pytest", "-q", "--numprocesses", "2", "tests/unit", "tests/house", *sys.argv[1:])
    run(python, "-m", "pytest", "-q", "tests/endpoint", "tests/faults", "tests/packaging", *sys.argv[1:])


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
