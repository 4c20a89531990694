"""The code packages of the task functions hold what the steps import, and no more."""

import io
import re
import sys
import zipfile
from importlib import metadata
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import pytest
from task_packages import installed_wheels, no_wheels, run_with_only

import powertune
from powertune.domain.function import Architecture
from powertune.errors import UsageError
from powertune.workflow import package, wheels
from powertune.workflow.package import MB, Package, Wheels, build_package, check_size, is_needed, requirements
from powertune.workflow.steps import STEPS, Role

THIS_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
ASKED = Wheels(requirements=("numpy==2.4.6",), architecture=Architecture.ARM64, python="3.13")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Each package, unpacked as Lambda does."""
    folders = {}
    for role in Role:
        folders[role] = tmp_path_factory.mktemp(role.value)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(package, "_COMPRESSION", zipfile.ZIP_STORED)  # quicker; the files are the same
            built = build_package(role, Architecture.X86_64, installed_wheels, runtime=THIS_PYTHON)
        zipfile.ZipFile(io.BytesIO(built.data)).extractall(folders[role])
    return folders


def names(built):
    return zipfile.ZipFile(io.BytesIO(built.data)).namelist()


def bare(role=Role.WORKER, **more):
    return build_package(role, Architecture.X86_64, no_wheels, **more)


# --- what is in them -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handler", ["powertune.workflow.tasks", "powertune.workflow.cleaner"])
def test_the_worker_starts_with_nothing_but_its_package(unpacked, handler):
    code = (
        "import os; os.environ.update(AWS_LAMBDA_RUNTIME_API='x', AWS_REGION='eu-west-1',"
        " AWS_DEFAULT_REGION='eu-west-1')\n"
        f"import {handler} as module, sys\n"
        "from aws_xray_sdk.core.models.traceid import TraceId\n"
        "print(callable(module.handler), sorted({'numpy', 'scipy', 'click', 'plotly'} & set(sys.modules)))"
    )
    assert run_with_only(unpacked[Role.WORKER], code).strip() == "True []"


def test_the_worker_can_call_every_service_that_it_carries(unpacked):
    code = (
        "from powertune.aws.session import AwsSession, Credentials\n"
        "session = AwsSession(region='eu-west-1', credentials=Credentials(access_key='a', secret_key='b'))\n"
        f"for service in {sorted(package.SERVICES)}: print(session.client(service).meta.endpoint_url)"
    )
    urls = run_with_only(unpacked[Role.WORKER], code).splitlines()
    assert len(urls) == len(package.SERVICES)
    assert all(url.startswith("https://") for url in urls)


def test_the_planner_plans_and_scores_with_nothing_but_its_package(unpacked):
    code = (
        "import powertune.workflow.tasks, pkgutil, importlib, powertune.decide as rooms\n"
        "for one in pkgutil.iter_modules(rooms.__path__): importlib.import_module(f'powertune.decide.{one.name}')\n"
        "from powertune.decide import statistics, drift, losses\n"
        "from scipy import special\n"
        "import numpy as np\n"
        "print(float(special.ndtri(0.975)), float(special.stdtrit(5, 0.975)), float(special.ndtr(0)))\n"
        "print(np.linalg.slogdet(np.eye(3))[1], np.random.default_rng(1).integers(9) < 9)"
    )
    first, second = run_with_only(unpacked[Role.PLANNER], code).splitlines()
    assert [round(float(one), 3) for one in first.split()] == [1.96, 2.571, 0.5]
    assert second == "0.0 True"


def test_every_step_of_a_role_can_be_imported_by_its_function(unpacked):
    for role in Role:
        modules = sorted({step.run.__module__ for step in STEPS.values() if step.role is role})
        run_with_only(unpacked[role], "".join(f"import {module}\n" for module in modules))


def test_only_the_planner_carries_numpy_and_scipy(unpacked):
    assert {path.name for path in unpacked[Role.PLANNER].iterdir()} >= {"numpy", "scipy", "powertune", "boto3"}
    assert not {"numpy", "scipy"} & {path.name for path in unpacked[Role.WORKER].iterdir()}


def test_no_package_carries_what_only_a_terminal_needs(unpacked):
    for folder in unpacked.values():
        assert not {"click", "plotly", "ministack", "pip"} & {path.name for path in folder.iterdir()}
        assert {"cli", "local", "reports", "statemachine"}.isdisjoint(p.name for p in (folder / "powertune").iterdir())


def test_tests_types_and_unused_services_stay_behind(unpacked):
    for folder in unpacked.values():
        found = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
        assert not [path for path in found if path.suffix in (".pyi", ".pyc") or "tests" in path.parts]
        services = {path.parts[2] for path in found if path.parts[:2] == ("botocore", "data") and len(path.parts) > 3}
        assert services == package.SERVICES


def test_the_packages_are_well_within_their_limits(unpacked):
    sizes = {role: sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) for role, folder in unpacked.items()}
    assert sizes[Role.WORKER] < 20 * MB
    assert sizes[Role.PLANNER] < 150 * MB


def test_every_service_that_a_task_may_call_is_carried():
    root = Path(powertune.__file__).parent
    rooms = ("workflow", "target", "measure", "store.py")
    sources = [
        path for room in rooms for path in ((root / room).rglob("*.py") if (root / room).is_dir() else [root / room])
    ]
    # What only the command line reaches: deploying, planning, and estimating.
    aside = {
        "buckets.py", "deployment.py", "teardown.py", "stack.py", "emitting.py",
        "permission_check.py", "preview.py", "traffic.py",
    }  # fmt: skip
    called = {
        name
        for path in sources
        if path.name not in aside
        for name in re.findall(r"\.client\(\s*\"([a-z0-9-]+)\"", path.read_text(encoding="utf-8"))
    }
    assert {"lambda", "logs", "xray", "stepfunctions"} <= called
    assert called <= package.SERVICES


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("boto3/session.py", True),
        ("boto3/data/ec2/2016-11-15/resources-1.json.gz", False),
        ("boto3/examples/s3.rst", False),
        ("botocore/data/lambda/2015-03-31/service-2.json.gz", True),
        ("botocore/data/ec2/2016-11-15/service-2.json.gz", False),
        ("botocore/data/endpoints.json", True),
        ("botocore/cacert.pem", True),
        ("numpy/_core/tests/test_x.py", False),
        ("numpy/testing/__init__.py", True),
        ("numpy/__init__.pyi", False),
        ("numpy/random/lib/libnpyrandom.a", False),
        ("scipy/special/_ufuncs.so", True),
        ("scipy/__init__.py", True),
        ("scipy/stats/__init__.py", False),
        ("scipy.libs/libgfortran.so", True),
        ("numpy-2.4.6.dist-info/METADATA", False),
        ("wrapt-stubs/__init__.pyi", False),
        ("bin/f2py", False),
        ("six.py", True),
    ],
)
def test_what_is_needed_when_a_task_runs(name, needed):
    assert is_needed(PurePosixPath(name)) is needed


# --- same bytes, and limits ------------------------------------------------------------------------------------


def test_the_same_code_gives_the_same_bytes_whatever_the_order_and_dates_of_files(tmp_path):
    def source(order):
        def unpack(wheels, folder):
            for name in order:
                (folder / name).write_text(f"NAME = '{name}'\n", encoding="utf-8")

        return unpack

    first = build_package(Role.WORKER, Architecture.X86_64, source(["a.py", "b.py"]))
    second = build_package(Role.WORKER, Architecture.X86_64, source(["b.py", "a.py"]))
    assert first == second
    assert names(first) == sorted(names(first))
    infos = zipfile.ZipFile(io.BytesIO(first.data)).infolist()
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.external_attr >> 16 for info in infos} == {0o644}
    assert {info.create_system for info in infos} == {3}


def test_another_code_runtime_or_architecture_has_another_name():
    def source(wheels, folder):
        (folder / "a.py").write_text("A = 2\n", encoding="utf-8")

    keys = {
        bare().key,
        bare(runtime="python3.12").key,
        build_package(Role.WORKER, Architecture.ARM64, no_wheels).key,
        build_package(Role.WORKER, Architecture.X86_64, source).key,
        bare(Role.PLANNER).key,
    }
    assert len(keys) == 5
    assert all(package.PACKAGE_KEY.fullmatch(key) for key in keys)


def test_names_in_a_package_have_forward_slashes_on_every_system():
    assert not [name for name in names(bare()) if "\\" in name or name.startswith("/")]
    assert "powertune/workflow/tasks.py" in names(bare())
    assert [name for name in names(bare()) if re.fullmatch(r"powertune/pricing/\w+\.json", name)]


def test_a_package_that_lambda_would_refuse_is_refused_before_it_is_uploaded():
    large = Package(role=Role.PLANNER, data=b"", unzipped_bytes=251 * MB, digest="0" * 64)
    with pytest.raises(UsageError, match=r"251 MB unpacked, and Lambda allows 250 MB\. Nothing was uploaded"):
        check_size(large)


def test_a_worker_that_has_grown_is_refused_and_a_planner_of_that_size_is_not():
    data = bytes(21 * MB)
    with pytest.raises(UsageError, match="21 MB, and 20 MB is the most"):
        check_size(Package(role=Role.WORKER, data=data, unzipped_bytes=len(data), digest="0" * 64))
    check_size(Package(role=Role.PLANNER, data=data, unzipped_bytes=len(data), digest="0" * 64))


# --- wheels ----------------------------------------------------------------------------------------------------


def test_every_requirement_has_one_exact_version_and_satisfies_what_powertune_asks_for():
    from packaging.requirements import Requirement

    pinned = {}
    for text in requirements(Role.PLANNER):
        requirement = Requirement(text)
        ((operator, version),) = [(one.operator, one.version) for one in requirement.specifier]
        assert operator == "=="
        pinned[requirement.name.lower().replace("_", "-")] = version
    asked = [Requirement(text) for text in metadata.requires("powertune")]
    shared = [one for one in asked if one.marker is None and one.name in pinned]
    assert {"boto3", "cattrs", "numpy", "scipy"} <= {one.name for one in shared}
    assert [one for one in shared if not one.specifier.contains(pinned[one.name])] == []
    assert set(requirements(Role.WORKER)) < set(requirements(Role.PLANNER))


def test_pip_is_asked_for_wheels_of_lambdas_linux_and_for_nothing_else():
    command = wheels.pip_command(ASKED, Path("folder"))
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    platforms = [command[place + 1] for place, one in enumerate(command) if one == "--platform"]
    assert "manylinux2014_aarch64" in platforms
    assert "manylinux_2_28_aarch64" in platforms
    assert all(one.endswith("_aarch64") for one in platforms)
    assert "--only-binary=:all:" in command
    assert "--no-deps" in command
    assert command[command.index("--python-version") + 1] == "3.13"
    assert command[-1] == "numpy==2.4.6"


def test_a_python_without_pip_is_told_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(wheels.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="does not have") as caught:
        wheels.install_wheels(ASKED, tmp_path)
    assert "ensurepip" in caught.value.next_step


def test_what_pip_says_is_passed_on(monkeypatch, tmp_path):
    said = "WARNING: noise\nERROR: No matching distribution found for numpy==2.4.6\n"
    answer = SimpleNamespace(returncode=1, stderr=said)
    monkeypatch.setattr(wheels.subprocess, "run", lambda *_, **__: answer)
    with pytest.raises(UsageError, match=r"No matching distribution found for numpy==2\.4\.6") as caught:
        wheels.install_wheels(ASKED, tmp_path)
    assert "noise" not in str(caught.value)
    assert "nothing was uploaded" in str(caught.value)


def test_a_pip_that_hangs_is_given_up(monkeypatch, tmp_path):
    def hang(*arguments, **settings):
        raise wheels.subprocess.TimeoutExpired("pip", settings["timeout"])

    monkeypatch.setattr(wheels.subprocess, "run", hang)
    with pytest.raises(UsageError, match="within 15 minutes"):
        wheels.install_wheels(ASKED, tmp_path)


def test_the_endpoints_code_is_powertunes_alone():
    found = zipfile.ZipFile(io.BytesIO(package.task_code())).namelist()
    assert {name.split("/")[0] for name in found} == {"powertune"}
    assert found == sorted(found)
