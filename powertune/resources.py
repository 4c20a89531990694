"""Finds the data folders ``statemachine/`` and ``reports/``, installed or in a checkout."""

from importlib import resources
from pathlib import Path

from powertune.errors import PowertuneError


def read(folder: str, name: str) -> str:
    """The text of ``folder/name``.

    Raises:
        PowertuneError: the file is neither in the installed package nor beside setup.cfg.
    """
    installed = resources.files("powertune").joinpath(folder, name)
    if installed.is_file():
        return installed.read_text(encoding="utf-8")
    root = Path(__file__).resolve().parent.parent
    beside = root / folder / name
    if (root / "setup.cfg").is_file() and beside.is_file():
        return beside.read_text(encoding="utf-8")
    raise PowertuneError(
        f"{folder}/{name} is missing from this installation of powertune.",
        next_step="Install powertune again.",
    )
