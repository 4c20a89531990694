"""Everything that must pass: ``python tests/check.py``. Installs Debian's Chromium where no Chromium is found."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ALONE = {
    "test_first_command",
    "test_lambda_service",
    "test_measuring",
    "test_migration",
    "test_repeatability",
    "test_run_locally",
    "test_search_locally",
    "test_serve",
    "test_waker",
}
"""Of the tests on the endpoint, those that measure durations or look for what a process leaves behind."""
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
    endpoint = sorted((ROOT / "tests" / "endpoint").glob("test_*.py"))
    alone = [path for path in endpoint if path.stem in ALONE]
    together = [path for path in endpoint if path.stem not in ALONE]
    pytest = (python, "-m", "pytest", "-q")
    # Tests on the endpoint mostly wait: there are more processes than cores, and what waits begins first.
    several = ("--numprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder")
    run(*pytest, *several, *map(str, together), "tests/packaging", "tests/unit", "tests/house", *sys.argv[1:])
    run(*pytest, "--numprocesses", "2", "--dist", "loadfile", "tests/faults", *sys.argv[1:])
    run(*pytest, *map(str, alone), *sys.argv[1:])


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
