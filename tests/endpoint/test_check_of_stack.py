"""`powertune check` through the state machine, with its baselines in the bucket of the stack."""

import runpy
from pathlib import Path

import pytest
from command_line import powertune

from powertune.domain.check import Baseline
from powertune.wire import loads

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "check_on_endpoint.py"


@pytest.mark.heavy
def test_the_stack_measures_a_check_and_keeps_its_baseline(endpoint, tmp_path):
    deployed = runpy.run_path(str(BENCHMARK))["Deployed"](endpoint, "waiting", "kept-in-the-stack")
    where = ("--function-arn", deployed.arn, "--baseline", "stack")
    few = ("--max-invocations", "25", "--parallel", "5", "--output-dir", tmp_path)
    missing = powertune("check", *where, *few, "--require-baseline", **endpoint.variables())
    assert missing.code == 2, missing.err
    assert not list(tmp_path.iterdir()), "nothing was measured"
    first = powertune("check", *where, *few, "--json", "--trend", **endpoint.variables())
    assert first.code == 0, first.err
    key = "baselines/000000000000/us-east-1/kept-in-the-stack.json"
    assert first.json["check"]["kept_at"] == f"s3://powertune-000000000000-us-east-1/{key}"
    assert [entry["run_id"] for entry in first.json["check"]["trend"]["entries"]] == [first.json["run_id"]]
    assert first.json["spend"]["state_transitions"] > 0
    shown = powertune("baseline", "show", *where, "--json", **endpoint.variables())
    assert loads(shown.out, Baseline).run_id == first.json["run_id"]
    # Whether it is decided with so few invocations is the machine's luck; that it compares is not.
    second = powertune("check", *where, *few, "--require-baseline", "--threshold", "900%", **endpoint.variables())
    assert second.code == 0, second.err
    assert "than the baseline of" in " ".join(second.out.split())
