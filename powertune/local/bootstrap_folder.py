"""Lays out what every execution environment imports, apart from the function's own packages."""

import importlib.util
import platform
import subprocess
import sys
from importlib import resources
from pathlib import Path

_PACKAGES = ("awslambdaric", "simplejson", "snapshot_restore_py")


def lay_out(folder: Path, python: Path) -> Path:
    """Make a folder with awslambdaric for this interpreter, linked from where it is installed.

    A function then sees awslambdaric without seeing everything that powertune itself is installed with. The
    compiled Runtime API client fits one version of Python; another gets powertune's stand-in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            origin = Path(spec.origin)
            source = origin.parent if origin.name == "__init__.py" else origin
            _link(folder / source.name, source)
    compiled = importlib.util.find_spec("runtime_client")
    if compiled is not None and compiled.origin is not None and _abi(python) == _abi(Path(sys.executable)):
        _link(folder / Path(compiled.origin).name, Path(compiled.origin))
    else:
        stand_in = resources.files("powertune.local.bootstrap").joinpath("runtime_client.py")
        (folder / "runtime_client.py").write_text(stand_in.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


def _link(path: Path, target: Path) -> None:
    if not path.exists():
        path.symlink_to(target)


def _abi(python: Path) -> str:
    if python == Path(sys.executable):
        return f"{sys.implementation.cache_tag}-{platform.machine()}"
    code = "import sys, platform; print(f'{sys.implementation.cache_tag}-{platform.machine()}')"
    answer = subprocess.run([str(python), "-c", code], capture_output=True, text=True, timeout=30, check=False)
    return answer.stdout.strip()
