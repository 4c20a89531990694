"""The code packages from real wheels, as ``powertune deploy`` builds them. Needs a package index."""

import io
import struct
import zipfile

import pytest

from powertune.domain.function import Architecture
from powertune.workflow.package import MB, RUNTIME, build_package
from powertune.workflow.steps import Role
from powertune.workflow.wheels import install_wheels

pytestmark = pytest.mark.heavy

MACHINES = {Architecture.X86_64: 62, Architecture.ARM64: 183}
"""e_machine in an ELF header: EM_X86_64 and EM_AARCH64 (the ELF specification's machine supplements)."""


@pytest.mark.parametrize("architecture", Architecture)
def test_packages_are_for_lambdas_linux_and_stay_within_their_limits(architecture):
    worker, planner = (build_package(role, architecture, install_wheels) for role in (Role.WORKER, Role.PLANNER))
    assert len(worker.data) < 5 * MB
    assert worker.unzipped_bytes < 20 * MB
    assert len(planner.data) < 50 * MB
    assert planner.unzipped_bytes < 150 * MB
    for package in (worker, planner):
        archive = zipfile.ZipFile(io.BytesIO(package.data))
        libraries = [name for name in archive.namelist() if ".so" in name]
        assert libraries
        for name in libraries:
            header = archive.read(name)[:20]
            assert header[:4] == b"\x7fELF"
            assert struct.unpack("<H", header[18:20])[0] == MACHINES[architecture], name
        tagged = [name for name in libraries if ".cpython-" in name]
        assert tagged
        assert all(f".cpython-{RUNTIME.removeprefix('python').replace('.', '')}-" in name for name in tagged)


def test_building_twice_gives_the_same_bytes():
    first, second = (build_package(Role.WORKER, Architecture.ARM64, install_wheels) for _ in range(2))
    assert first == second
