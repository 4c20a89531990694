"""What `--plan` says of the examples, and what their runs then do."""

from decimal import Decimal

import pytest
from command_line import EXAMPLES, powertune


def money(data):
    return None if data is None else Decimal(str(data["amount"]))


def planned_and_run(tmp_path, example, *options):
    where = ("--local", EXAMPLES / example, "--output-dir", tmp_path, "--json", *options)
    plan = powertune("run", *where, "--plan")
    assert plan.code == 0, plan.err
    assert not list(tmp_path.iterdir()), "a plan leaves no result"
    ended = powertune("run", *where, timeout=290)
    assert ended.code == 0, ended.err
    return plan.json, ended.json


def compare(plan, result):
    spend = result["spend"]
    assert 0 < spend["invocations"] <= plan["most_invocations"]
    assert 0 < money(spend["lambda_cost"]) <= money(plan["cost"]["invocations"])
    most = {line["what"]: line for line in plan["cost"]["others"]}
    for line in spend["lines"][1:]:
        bound = most[line["what"]]
        if bound["most"] is not None:
            assert money(line["cost"]) <= money(bound["most"]), line
            assert line["quantity"] <= bound["quantity"], line
    assert {size["memory_mb"] for size in result["memory_sizes"]} <= set(plan["memory_sizes_mb"])


def test_the_plan_of_an_example_bounds_the_calls_and_the_money_of_its_run(tmp_path):
    compare(*planned_and_run(tmp_path, "waiting"))


@pytest.mark.heavy
@pytest.mark.parametrize("example", ["primes", "waiting", "hungry"])
@pytest.mark.parametrize("options", [(), ("--search", "grid"), ("--direct", "--cold-starts", 3)], ids=str)
def test_the_plans_of_all_examples_bound_their_runs(tmp_path, example, options):
    compare(*planned_and_run(tmp_path, example, *options))


def test_a_dry_run_is_planned_and_made_as_one_invocation_at_the_present_size(tmp_path):
    where = ("--local", EXAMPLES / "waiting", "--output-dir", tmp_path, "--dry-run", "--direct")
    said = powertune("run", *where, "--plan")
    assert said.code == 0, said.err
    assert "Most calls        1 invocation of the function" in said.out
    assert "nothing is billed on the embedded endpoint" in said.out
    assert said.out.endswith("This was a plan: nothing was invoked, and nothing was changed.\n")
    ended = powertune("run", *where, "--json")
    assert ended.code == 0, ended.err
    (sample,) = ended.json["samples"]
    assert sample["memory_mb"] == ended.json["function"]["original_memory_mb"]
