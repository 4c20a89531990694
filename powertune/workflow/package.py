"""Packs powertune's own code for its task functions."""

import io
import zipfile
from pathlib import Path

import powertune

TASK_HANDLER = "powertune.workflow.tasks.handler"
_SUFFIXES = (".py", ".json")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def task_code() -> bytes:
    """A zip of this powertune, without its dependencies; the same bytes for the same code."""
    root = Path(powertune.__file__).resolve().parent
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(root.rglob("*")):
            if path.suffix in _SUFFIXES and "__pycache__" not in path.parts:
                name = Path("powertune") / path.relative_to(root)
                info = zipfile.ZipInfo(name.as_posix(), date_time=_EPOCH)
                info.external_attr = 0o644 << 16
                archive.writestr(info, path.read_bytes())
    return buffer.getvalue()
