"""Makes a function on the embedded endpoint from a folder."""

import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from powertune.aws.errors import explained
from powertune.aws.session import AwsSession
from powertune.domain.function import Architecture, FunctionArn
from powertune.errors import UsageError
from powertune.local.project import LocalProject

MAX_CODE_BYTES = 250 * 1024 * 1024
"""Lambda's limit for an unzipped package (AWS docs, lambda/latest/dg/gettingstarted-limits)."""

_LEFT_OUT = frozenset({".git", "__pycache__", ".venv", "venv", "node_modules", ".mypy_cache", "powertune-results"})


def create_function(session: AwsSession, account: str, project: LocalProject, runtime: str) -> FunctionArn:
    """Create the function.

    Raises:
        UsageError: the folder is larger than Lambda takes.
        AwsError: the endpoint refuses it.
    """
    architecture = Architecture.ARM64 if platform.machine() in ("arm64", "aarch64") else Architecture.X86_64
    with explained("creating the function", project.name):
        answer = session.client("lambda").create_function(
            FunctionName=project.name,
            Runtime=runtime,
            Role=f"arn:aws:iam::{account}:role/{project.name}",
            Handler=project.handler,
            Code={"ZipFile": zip_folder(project.folder)},
            Timeout=project.timeout_s,
            MemorySize=project.memory_mb,
            Architectures=[architecture.value],
            Environment={"Variables": project.environment},
            TracingConfig={"Mode": "Active" if project.tracing else "PassThrough"},
        )
    return FunctionArn.parse(answer["FunctionArn"])


def zip_folder(folder: Path) -> bytes:
    """The folder as a zip, without what never belongs into a function.

    Raises:
        UsageError: it is larger than Lambda takes.
    """
    buffer = io.BytesIO()
    size = 0
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _files(folder):
            size += path.stat().st_size
            if size > MAX_CODE_BYTES:
                raise UsageError(
                    f"{folder} is larger than the 250 MB that Lambda takes.",
                    next_step="Give a folder that holds only the function.",
                )
            archive.write(path, path.relative_to(folder).as_posix())
    return buffer.getvalue()


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - _LEFT_OUT)
        for name in sorted(names):
            path = Path(root, name)
            if path.is_file():
                yield path


def interpreter(choice: Path | None) -> tuple[Path, str]:
    """The interpreter for a handler and the runtime identifier that goes with it, such as ``python3.12``.

    Raises:
        UsageError: it cannot be run, or is older than what Lambda runs.
    """
    if choice is None:
        return Path(sys.executable), f"python{sys.version_info.major}.{sys.version_info.minor}"
    # A virtual environment's interpreter is a link: resolved, it would lose the environment.
    path = Path(shutil.which(str(choice)) or choice).absolute()
    code = "import sys; print('python%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([str(path), "-c", code], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(
            f"{choice} is no Python interpreter that can be run: {error}.",
            next_step="Give the python of the handler's virtual environment.",
        ) from None
    return path, answer.stdout.strip()


def install_requirements(requirements: Path, python: Path, runtime: str) -> Path:
    """Install what a handler imports, once for each content of the file, and return the folder.

    Raises:
        UsageError: pip cannot install it.
    """
    key = hashlib.sha256(requirements.read_bytes() + f"{runtime} {platform.machine()}".encode()).hexdigest()[:24]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "powertune" / "requirements" / key
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent))
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    result = subprocess.run(
        [*command, "--requirement", str(requirements), "--target", str(partial)],
        capture_output=True,
        text=True,
        check=False,
        cwd=requirements.parent,
    )
    if result.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise UsageError(
            f"pip could not install {requirements}: {result.stderr.strip()[-1000:]}",
            next_step="Correct it, or give an interpreter that has what the handler imports with --python.",
        )
    partial.rename(folder)
    return folder
