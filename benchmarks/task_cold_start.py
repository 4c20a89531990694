"""How long the task functions take to start from their unpacked packages, beside what they would take unpruned.

python benchmarks/task_cold_start.py [--rounds 9]

Builds the packages from wheels for this interpreter (pip and a package index are needed), unpacks each as Lambda does,
and imports its handler in a fresh process that can import nothing else, without bytecode, because a Lambda package
has none and cannot be written to. The worker and the planner start side by side in each round. A bare interpreter is
the floor. "with bytecode" is the same package once compiled, "whole wheels" everything that pip installs. On the
embedded endpoint the same handlers start with this machine's own packages and bytecode: that is the last row, as Init
Duration in their logs.
"""

import argparse
import base64
import compileall
import io
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from powertune.domain.function import Architecture
from powertune.workflow.package import MB, Package, Wheels, build_package, requirements, task_code
from powertune.workflow.steps import Role
from powertune.workflow.wheels import install_wheels

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = Architecture.ARM64 if platform.machine() in ("arm64", "aarch64") else Architecture.X86_64
HANDLERS = {
    "worker": (Role.WORKER, "powertune.workflow.tasks"),
    "cleaner": (Role.WORKER, "powertune.workflow.cleaner"),
    "planner": (Role.PLANNER, "powertune.workflow.tasks"),
}


def seconds(folder: Path, module: str) -> tuple[float, float]:
    """Wall and CPU time of a start. On a busy machine the second is the steadier one."""
    imports = "import numpy, scipy.special" if (folder / "numpy").is_dir() else "pass"
    code = f"import sys; sys.path.append({str(folder)!r}); {imports}; import {module}"
    environment = {"PATH": os.environ["PATH"], "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    if module.startswith("powertune"):
        environment["AWS_LAMBDA_RUNTIME_API"] = "unused"  # the handler then makes its clients, as it does on Lambda
    began, before = time.perf_counter(), _cpu_s()
    subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], check=True, env=environment)
    return time.perf_counter() - began, _cpu_s() - before


def _cpu_s() -> float:
    times = os.times()
    return times.children_user + times.children_system


def unpacked(package: Package, folder: Path) -> Path:
    zipfile.ZipFile(io.BytesIO(package.data)).extractall(folder)
    return folder


def with_bytecode(package: Package, folder: Path) -> Path:
    compileall.compile_dir(str(unpacked(package, folder)), quiet=2)
    return folder


def whole(role: Role, folder: Path) -> Path:
    folder.mkdir()
    version = RUNTIME.removeprefix("python")
    install_wheels(Wheels(requirements=requirements(role), architecture=ARCHITECTURE, python=version), folder)
    zipfile.ZipFile(io.BytesIO(task_code())).extractall(folder)
    return folder


def size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MB


def init_durations() -> dict[str, float]:
    """Init Duration of both task functions on the embedded endpoint, in ms, from its first run."""
    from powertune.local.endpoint import EndpointSettings, LocalEndpoint

    found: dict[str, float] = {}
    with LocalEndpoint(EndpointSettings()) as endpoint:
        functions = endpoint.session.client("lambda")
        for name in ("worker", "planner"):
            # An empty event is refused by the handler, after an init like any other.
            answer = functions.invoke(FunctionName=f"powertune-{name}", Payload=b"{}", LogType="Tail")
            tail = base64.b64decode(answer["LogResult"]).decode()
            match = re.search(r"Init Duration: ([0-9.]+) ms", tail)
            assert match is not None, tail
            found[name] = float(match[1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="powertune-") as scratch:
        root = Path(scratch)
        packages = {role: build_package(role, ARCHITECTURE, install_wheels, runtime=RUNTIME) for role in Role}
        pruned = {role: unpacked(package, root / role.value) for role, package in packages.items()}
        unpruned = {role: whole(role, root / f"whole-{role.value}") for role in Role}
        cases = {"bare interpreter": (root, "json")}
        cases |= {name: (pruned[role], module) for name, (role, module) in HANDLERS.items()}
        compiled = {role: with_bytecode(package, root / f"compiled-{role.value}") for role, package in packages.items()}
        cases |= {
            f"{name}, with bytecode": (compiled[role], module)
            for name, (role, module) in HANDLERS.items()
            if name != "cleaner"
        }
        cases |= {
            f"{name}, whole wheels": (unpruned[role], module)
            for name, (role, module) in HANDLERS.items()
            if name != "cleaner"
        }
        measured: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
        for _ in range(options.rounds):
            for name, (folder, module) in cases.items():
                measured[name].append(seconds(folder, module))
        print(f"{RUNTIME}, {ARCHITECTURE}, {options.rounds} rounds, {os.cpu_count()} cores")
        print(f"{'':24}{'zipped':>10}{'unpacked':>11}{'start':>10}{'CPU':>10}")
        for name, values in measured.items():
            folder, _ = cases[name]
            zips = {pruned[role]: len(package.data) / MB for role, package in packages.items()}
            zipped = f"{zips[folder]:.1f} MB" if folder in zips else ""
            whole_size = "" if name == "bare interpreter" else f"{size(folder):.1f} MB"
            print(
                f"{name:24}{zipped:>10}{whole_size:>11}"
                + "".join(f"{statistics.median(column) * 1000:7.0f} ms" for column in zip(*values, strict=True))
            )
    for name, init_ms in init_durations().items():
        print(f"{name + ', on the endpoint':24}{'':>10}{'':>11}{init_ms:7.0f} ms")


if __name__ == "__main__":
    main()
