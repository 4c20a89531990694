"""A ``powertune``, a ``pip`` and a ``python3`` that write down how they were called, for tests of shell scripts."""

import json
import sys
from pathlib import Path

_POWERTUNE = """\
#!{python}
import json, os, pathlib, signal, sys, time
if sys.argv[1:] == ["--version"]:
    sys.exit(0)
pathlib.Path({calls!r}).write_text(json.dumps([sys.argv[1:], os.getcwd()]))
given = dict(zip(sys.argv, sys.argv[1:]))
given.update(word.split("=", 1) for word in sys.argv if word.startswith("--") and "=" in word)
if {pause}:
    def stop(*_):
        pathlib.Path({calls!r} + ".stopped").touch()
        sys.exit(130)
    signal.signal(signal.SIGTERM, stop)
    print("waiting", flush=True)
    time.sleep(30)
print({said!r})
if {verdict!r} != "-":
    folder = pathlib.Path(given["--output-dir"]) / "20261126T101500-ab12cd"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps({{"check": {{"verdict": {verdict!r} or None}}}}))
    (folder / "report.html").write_text("<html>")
    pathlib.Path(given["--markdown"]).write_text("## orders\\n")
    pathlib.Path(given["--junit"]).write_text("<testsuite/>")
sys.exit({code})
"""
_PYTHON = """\
#!{python}
import os, pathlib, sys
if sys.argv[1:4] == ["-I", "-m", "venv"]:
    tools = pathlib.Path(sys.argv[4]) / "bin"
    tools.mkdir(parents=True, exist_ok=True)
    (tools / "python").symlink_to({own!r})
    (tools / "powertune").symlink_to({powertune!r})
elif sys.argv[1:4] == ["-I", "-m", "pip"]:
    pathlib.Path({calls!r} + ".pip").write_text(repr(sys.argv[4:]))
else:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
"""


_PIP = """\
#!{python}
import pathlib, sys
pathlib.Path({calls!r} + ".pip").write_text(repr(sys.argv[1:]))
"""


class StandIns:
    """A folder of tools.

    Args:
        folder: where they lie, for the ``PATH``.
        code: how ``powertune check`` ends.
        verdict: what it found; empty where there was nothing to compare with, ``-`` where it leaves no result.
        said: what it prints.
        pause: it waits for half a minute, or until it is told to stop.
    """

    def __init__(
        self, folder: Path, *, code: int = 0, verdict: str = "same", said: str = "", pause: bool = False
    ) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._calls = folder / "calls"
        fields = {"python": sys.executable, "calls": str(self._calls), "own": str(folder / "python3")}
        self._write("powertune", _POWERTUNE.format(code=code, verdict=verdict, said=said, pause=pause, **fields))
        self._write("pip", _PIP.format(**fields))
        self._write("python3", _PYTHON.format(powertune=str(folder / "powertune"), **fields))

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")
        (self.folder / name).chmod(0o755)

    @property
    def arguments(self) -> list[str]:
        """The arguments of the last ``powertune check``."""
        called: list[str] = json.loads(self._calls.read_text(encoding="utf-8"))[0]
        return called

    @property
    def installed(self) -> str:
        """The arguments of the last ``pip``, as Python writes them."""
        return Path(f"{self._calls}.pip").read_text(encoding="utf-8")

    @property
    def stopped(self) -> bool:
        """Whether ``powertune check`` was told to stop."""
        return Path(f"{self._calls}.stopped").exists()
