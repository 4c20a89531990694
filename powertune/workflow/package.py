"""Packs powertune's own code, and what it imports, for the task functions of the state machine.

The same code and the same wheels give the same package under the same name: file names are sorted, dates are fixed.
"""

import hashlib
import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import powertune
from powertune.domain.function import Architecture
from powertune.errors import UsageError
from powertune.workflow.steps import Role

TASK_HANDLER = "powertune.workflow.tasks.handler"
CLEANER_HANDLER = "powertune.workflow.cleaner.handler"
TASK_HANDLERS = frozenset({TASK_HANDLER, CLEANER_HANDLER})
"""Handlers of powertune's own functions."""

RUNTIME = "python3.13"
"""The newest Lambda runtime for which every package has wheels. It need not be the Python that deploys."""

MB = 1024 * 1024
MOST_UNZIPPED_BYTES = 250 * MB
"""AWS docs, lambda/latest/dg/gettingstarted-limits: a function's code and layers, unpacked."""
MOST_WORKER_ZIPPED_BYTES = 20 * MB
"""powertune's own limit: it is what a cold start has to fetch."""

PACKAGE_KEY = re.compile(r"powertune-(worker|planner)-[0-9a-f]{16}\.zip")
"""What the names of code packages look like."""

_SUFFIXES = (".py", ".json")
_NOT_IN_TASKS = frozenset({"cli", "local", "reports", "statemachine"})
_COMPRESSION = zipfile.ZIP_DEFLATED
_EPOCH = (1980, 1, 1, 0, 0, 0)

SERVICES = frozenset({"cloudwatch", "ecr", "lambda", "logs", "s3", "stepfunctions", "sts", "xray"})
"""AWS services whose descriptions the task functions carry: those that they call. All of them are 25 MB, zipped."""

_SCIPY_PARTS = frozenset({"_lib", "special"})
"""All of scipy that powertune imports; a test runs the planner with nothing else."""

_NOT_AT_RUN_TIME = (".pyi", ".pxd", ".pyx", ".h", ".c", ".cpp", ".a", ".lib", ".pyc", ".dist-info", "-stubs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A code package: its zip, its size once unpacked, in bytes, and a digest of what is in it."""

    role: Role
    data: bytes
    unzipped_bytes: int
    digest: str

    @property
    def key(self) -> str:
        """Its name, by its content: another content is another name, so that CloudFormation sees it.

        The digest is of the files, not of the zip, whose bytes depend on the zlib that this Python was built with.
        """
        return f"powertune-{self.role.value}-{self.digest[:16]}.zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheels:
    """What is to be unpacked from wheels: requirements with exact versions, for a Lambda runtime and architecture."""

    requirements: tuple[str, ...]
    architecture: Architecture
    python: str  # as in 3.13


WheelSource = Callable[[Wheels, Path], None]
"""Unpacks wheels into a folder."""


def task_code() -> bytes:
    """A zip of powertune's own code, without its dependencies."""
    return _zipped(dict(_own_files()))


def build_package(role: Role, architecture: Architecture, source: WheelSource, *, runtime: str = RUNTIME) -> Package:
    """Build the code package of a task function.

    Args:
        role: which. The worker's is the cleaner's too.
        architecture: instruction set of the task function.
        source: where wheels come from.
        runtime: the Lambda runtime, such as ``python3.13``.

    Raises:
        UsageError: a wheel cannot be had, or the package is larger than it may be.
    """
    wheels = Wheels(requirements=requirements(role), architecture=architecture, python=runtime.removeprefix("python"))
    with tempfile.TemporaryDirectory(prefix="powertune-") as folder:
        source(wheels, Path(folder))
        files = {**_wheel_files(Path(folder)), **dict(_own_files())}
    package = Package(
        role=role,
        data=_zipped(files),
        unzipped_bytes=sum(map(len, files.values())),
        digest=_digest(files, wheels),
    )
    check_size(package)
    return package


def check_size(package: Package) -> None:
    """Refuse a package that Lambda, or a quick cold start, would not take.

    Raises:
        UsageError: it is too large. Nothing was uploaded.
    """
    name, zipped, unzipped = package.role.value, len(package.data), package.unzipped_bytes
    if unzipped > MOST_UNZIPPED_BYTES:
        raise UsageError(
            f"The {name}'s code package has {unzipped / MB:.0f} MB unpacked, and Lambda allows "
            f"{MOST_UNZIPPED_BYTES // MB} MB. Nothing was uploaded.",
            next_step="Please report it, with the versions that pip installed.",
        )
    if package.role is Role.WORKER and zipped > MOST_WORKER_ZIPPED_BYTES:
        raise UsageError(
            f"The {name}'s code package has {zipped / MB:.0f} MB, and {MOST_WORKER_ZIPPED_BYTES // MB} MB is the most "
            "it should have. Nothing was uploaded.",
            next_step="Please report it, with the versions that pip installed.",
        )


def requirements(role: Role) -> tuple[str, ...]:
    """What a task function's package carries: every package with its exact version, nothing left to resolve."""
    from powertune.resources import read

    names = ("worker.txt",) if role is Role.WORKER else ("worker.txt", "planner.txt")
    lines = (line.strip() for name in names for line in read("statemachine", name).splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _own_files() -> Iterator[tuple[str, bytes]]:
    root = Path(powertune.__file__).resolve().parent
    for path in root.rglob("*"):
        inside = path.relative_to(root)
        if path.suffix in _SUFFIXES and inside.parts[0] not in _NOT_IN_TASKS and "__pycache__" not in inside.parts:
            yield (PurePosixPath("powertune") / inside.as_posix()).as_posix(), path.read_bytes()


def _wheel_files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    names = ((path, PurePosixPath(path.relative_to(folder).as_posix())) for path in paths)
    return {name.as_posix(): path.read_bytes() for path, name in names if is_needed(name)}


def is_needed(name: PurePosixPath) -> bool:
    """Whether a file of an installed wheel is imported or read when a task function runs."""
    parts = name.parts
    if any(part in ("__pycache__", "tests", "test") for part in parts) or parts[0] == "bin":
        return False
    if name.suffix in _NOT_AT_RUN_TIME or parts[0].endswith(_NOT_AT_RUN_TIME):
        return False
    match parts:
        case ("botocore", "data", service, _, *_):
            return service in SERVICES
        case ("boto3", "data" | "examples", *_):
            return False
        case ("scipy", part, _, *_):
            return part in _SCIPY_PARTS
        case _:
            return True


def _digest(files: dict[str, bytes], wheels: Wheels) -> str:
    digest = hashlib.sha256(f"{wheels.python} {wheels.architecture}".encode())
    for name in sorted(files):
        digest.update(f"\n{name} {len(files[name])}\n".encode())
        digest.update(files[name])
    return digest.hexdigest()


def _zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, date_time=_EPOCH)
            info.create_system = 3  # as if made on Unix: the mode below is read, and the bytes are the same everywhere
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name], _COMPRESSION)
    return buffer.getvalue()
