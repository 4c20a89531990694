"""Whether a zip package can run on an instruction set: by the compiled files in it. Reads bytes, runs nothing.

Machine numbers: the ELF specification (``EM_X86_64`` 62, ``EM_AARCH64`` 183); for .NET's ReadyToRun images the PE
machine, which on Linux carries 0x7B79 on top of it (dotnet/runtime, docs/design/coreclr/botr/readytorun-format.md);
platform tags of Python packages: packaging.python.org, "Platform compatibility tags".
"""

import lzma
import re
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from powertune.domain.function import Architecture

_MACHINES = {62: Architecture.X86_64, 183: Architecture.ARM64}
_OTHER_MACHINES = {3: "32-bit x86", 40: "32-bit Arm"}
_DOTNET_ON_LINUX = {0x8664 ^ 0x7B79: Architecture.X86_64, 0xAA64 ^ 0x7B79: Architecture.ARM64}
_HEAD = 1024
_ELF = b"\x7fELF"
_NESTED = (".jar", ".war", ".whl", ".egg", ".zip")
_LARGEST_NESTED = 150 * 1024 * 1024
_IN_MEMORY = 16 * 1024 * 1024
_DEEPEST = 2
_WHEEL = re.compile(r"^Tag: \S+?-\S+?-(\S+)$", re.MULTILINE)
_PLATFORMS = {"x86_64": Architecture.X86_64, "amd64": Architecture.X86_64, "aarch64": Architecture.ARM64}
_SHOWN = 3
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What zipfile raises for damaged archives, encrypted ones, and such as are packed in an unknown way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A compiled file, or the tag of a package of such files: where it is, and what it is for."""

    path: str
    machine: str


def obstacles(package: IO[bytes], wanted: Architecture) -> tuple[str, ...]:
    """Why a zip package cannot run on an instruction set, or may not, in sentences; none where nothing says so.

    Files for another instruction set speak against it also where there are such for the wanted one beside them: which
    of them are used nobody can see from outside. Within one archive of a package (a jar) both together are a
    library that chooses by itself, and speak for it.
    """
    try:
        with zipfile.ZipFile(package) as archive:
            found, unread = _compiled(archive, wanted, 0)
    except _UNREADABLE as error:
        return (f"The package cannot be read: {error}.",)
    foreign = [one for one in found if one.machine != wanted.value]
    said = []
    if foreign:
        places = ", ".join(f"{one.path} ({one.machine})" for one in foreign[:_SHOWN])
        more = f" and {len(foreign) - _SHOWN} more" if len(foreign) > _SHOWN else ""
        beside = " beside such for it" if len(foreign) < len(found) else ""
        said.append(f"It has compiled files for another instruction set than {wanted.value}{beside}: {places}{more}.")
    if unread:
        said.append(f"It has archives that cannot be looked into: {', '.join(unread[:_SHOWN])}.")
    return tuple(said)


def _compiled(archive: zipfile.ZipFile, wanted: Architecture, depth: int) -> tuple[list[Compiled], list[str]]:
    found: list[Compiled] = []
    unread: list[str] = []
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        with archive.open(entry) as file:
            head = file.read(_HEAD)
        machine = _machine_of(head)
        if machine is not None:
            found.append(Compiled(path=entry.filename, machine=machine))
        elif entry.filename.endswith(".dist-info/WHEEL"):
            with archive.open(entry) as file:
                text = file.read(64 * 1024).decode(errors="replace")
            found += [Compiled(path=entry.filename, machine=machine) for machine in _tags(text, wanted)]
        elif head.startswith(b"PK\x03\x04") and entry.filename.lower().endswith(_NESTED):
            if depth >= _DEEPEST or entry.file_size > _LARGEST_NESTED:
                unread.append(entry.filename)
                continue
            try:
                # A copy: seeking back in a packed file would unpack it from its beginning each time.
                with archive.open(entry) as file, tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
                    shutil.copyfileobj(file, copy)
                    with zipfile.ZipFile(copy) as inner:
                        deeper, closed = _compiled(inner, wanted, depth + 1)
            except _UNREADABLE:
                unread.append(entry.filename)
                continue
            unread += [f"{entry.filename}!{path}" for path in closed]
            if not any(one.machine == wanted.value for one in deeper):
                found += [Compiled(path=f"{entry.filename}!{one.path}", machine=one.machine) for one in deeper]
    return found, unread


def _machine_of(head: bytes) -> str | None:
    """What a file is compiled for, by its beginning; None for anything that is not compiled code for Linux."""
    if head.startswith(_ELF) and len(head) >= 20:
        order = "<" if head[5] == 1 else ">"
        number: int = struct.unpack_from(f"{order}H", head, 18)[0]
        known = _MACHINES.get(number)
        return known.value if known else _OTHER_MACHINES.get(number, f"machine {number}")
    if head.startswith(b"MZ") and len(head) >= 0x40:
        place: int = struct.unpack_from("<I", head, 0x3C)[0]
        if place + 6 <= len(head) and head[place : place + 4] == b"PE\0\0":
            dotnet = _DOTNET_ON_LINUX.get(struct.unpack_from("<H", head, place + 4)[0])
            return dotnet.value if dotnet else None
    return None


def _tags(text: str, wanted: Architecture) -> Iterator[str]:
    """The instruction set of a wheel by its tags; nothing where one of them is for any, or for the wanted one."""
    machines = {
        machine.value: None
        for platforms in _WHEEL.findall(text)
        for platform in platforms.split(".")
        for name, machine in _PLATFORMS.items()
        if platform.endswith(f"_{name}")
    }
    if wanted.value not in machines and "any" not in _WHEEL.findall(text):
        yield from machines
