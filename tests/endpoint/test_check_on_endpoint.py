"""A function becomes slower, and equal again, and the check says so: the command itself, as a pipeline runs it."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import powertune
from junitparser import Failure, JUnitXml

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "check_on_endpoint.py"


def checked(endpoint, arn, folder, *options):
    return powertune(
        "check", "--direct", "--function-arn", arn, "--baseline", folder / "kept", "--output-dir", folder / "results",
        "--junit", folder / "check.xml", "--max-invocations", 100, "--parallel", 8, *options, **endpoint.variables(),
    )  # fmt: skip


def failures(folder):
    (suite,) = JUnitXml.fromfile(str(folder / "check.xml"))
    return {case.name for case in suite if any(isinstance(one, Failure) for one in case.result)}


@pytest.mark.heavy
def test_a_slower_release_fails_and_names_the_metric_and_an_equal_one_passes(endpoint, tmp_path):
    deployed = runpy.run_path(str(BENCHMARK))["Deployed"](endpoint, "waiting", "released")
    first = checked(endpoint, deployed.arn, tmp_path)
    assert first.code == 0, first.err
    assert "this measurement is the baseline from now on" in " ".join(first.out.split())

    deployed.release(slower=True)
    slower = checked(endpoint, deployed.arn, tmp_path)
    assert slower.code == 1, slower.err
    assert "is slower" in slower.err
    assert "duration +" in slower.err
    assert failures(tmp_path)

    deployed.release(slower=False)
    # Other tests run beside this one, in other processes of the same machine.
    equal = checked(endpoint, deployed.arn, tmp_path, "--threshold", "8%")
    assert equal.code == 0, equal.err
    assert not failures(tmp_path)


@pytest.mark.heavy
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("compared", [(), ("--against",)], ids=["with-a-baseline", "with-a-version"])
@pytest.mark.parametrize("function", ["waiting", "primes"])
def test_twenty_slower_releases_and_twenty_equal_ones_have_no_wrong_verdict(function, compared):
    """The table is printed: ``pytest -m heavy -s``. It wants a machine that does nothing else."""
    command = [sys.executable, str(BENCHMARK), "--function", function, *compared, "--times", "20"]
    assert subprocess.run(command, check=False).returncode == 0
