"""A machine of a CI system: a Python with all that powertune needs but itself, which pip finds as a fresh wheel."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from ci_systems import ROOT

_OWN = ("powertune", "__editable__", "__pycache__")


class Machine:
    """A virtual environment in a folder, with pip, and the wheel of this checkout.

    powertune's dependencies are those of the tests' own environment, seen through links, which spares their
    installation; pip takes them for installed and looks whether they fit.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources = folder / "sources"
        self._wheels = folder / "wheels"
        self._links = folder / "dependencies"
        self._links.mkdir(parents=True)
        for there in {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")}:
            for entry in there.iterdir():
                if not entry.name.startswith(_OWN) and not (self._links / entry.name).exists():
                    (self._links / entry.name).symlink_to(entry)
        self._build_wheel()
        tools = folder / "tools"
        tools.mkdir()
        # What makes a virtual environment on this machine, as the action does, gets one that sees the links.
        _script(
            tools / "python3",
            f'if [ "$1 $2 $3" = "-I -m venv" ]; then exec {sys.executable} {__file__} "$4" {self._links}; fi\n'
            f'exec {sys.executable} "$@"',
        )
        make_venv(folder / "venv", self._links)
        _script(folder / "venv" / "bin" / "pip", f'exec {folder / "venv" / "bin" / "python"} -m pip "$@"')

    def _build_wheel(self) -> None:
        # Of a copy: building leaves files beside the sources, and another test builds too.
        copy = self.sources
        for name in ("powertune", "statemachine", "reports"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, copy / name)
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps",
             "--wheel-dir", str(self._wheels), str(copy)],
            check=True, capture_output=True,
        )  # fmt: skip

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which pip finds nothing but the wheel, and a shell the machine's tools."""
        return {
            "TEST_TOOLS": f"{self.folder / 'tools'}:{self.folder / 'venv' / 'bin'}",
            "HOME": str(self.folder),
            "PIP_FIND_LINKS": str(self._wheels),
            "PIP_NO_INDEX": "1",
        }

    def without_powertune(self) -> None:
        """Take powertune away again, if a job has installed it."""
        python = self.folder / "venv" / "bin" / "python"
        subprocess.run(
            [python, "-m", "pip", "uninstall", "--quiet", "--yes", "powertune"], check=True, capture_output=True
        )


def make_venv(folder: Path, links: Path) -> None:
    """A virtual environment that sees the packages that are linked in a folder."""
    venv.create(folder, with_pip=False, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (site / "dependencies.pth").write_text(f"{links}\n", encoding="utf-8")


def _script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


if __name__ == "__main__":
    make_venv(Path(sys.argv[1]), Path(sys.argv[2]))
