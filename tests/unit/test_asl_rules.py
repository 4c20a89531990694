"""The definition is plain Amazon States Language, says a parser that is not ours."""

import copy
import json
import re

import pytest
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from powertune.resources import read
from powertune.workflow.stack import definition

TEXT = definition(
    partition="aws",
    worker_arn="arn:aws:lambda:us-east-1:123456789012:function:powertune-worker",
    planner_arn="arn:aws:lambda:us-east-1:123456789012:function:powertune-planner",
)
MACHINE = json.loads(TEXT)


def targets(state):
    yield from (state[key] for key in ("Next", "Default") if key in state)
    yield from (choice["Next"] for choice in state.get("Choices", []))
    yield from (catcher["Next"] for catcher in state.get("Catch", []))


def test_an_independent_parser_accepts_the_definition():
    program, _ = AmazonStateLanguageParser.parse(TEXT)
    assert program.start_at.start_at_name == "Preflight"


def test_the_same_parser_refuses_a_broken_one():
    broken = copy.deepcopy(MACHINE)
    broken["States"]["Plan"]["Type"] = "Tusk"
    with pytest.raises(Exception, match="Tusk"):
        AmazonStateLanguageParser.parse(json.dumps(broken))


def test_every_next_state_exists_and_every_state_is_reached():
    named = {MACHINE["StartAt"]} | {target for state in MACHINE["States"].values() for target in targets(state)}
    assert named == set(MACHINE["States"])


def test_the_definition_uses_nothing_but_portable_jsonpath():
    assert "QueryLanguage" not in TEXT
    assert "{%" not in TEXT
    assert {state["Type"] for state in MACHINE["States"].values()} <= {"Task", "Choice", "Wait", "Pass", "Fail"}


def test_a_catch_of_everything_stands_alone_and_last():
    for state in MACHINE["States"].values():
        for rules in (state.get("Catch", []), state.get("Retry", [])):
            for place, rule in enumerate(rules):
                if "States.ALL" in rule["ErrorEquals"]:
                    assert rule["ErrorEquals"] == ["States.ALL"]
                    assert place == len(rules) - 1


def test_all_placeholders_are_filled_in():
    assert set(re.findall(r"\$\{(\w+)\}", read("statemachine", "tuning.asl.json"))) == {
        "Partition", "WorkerFunctionArn", "PlannerFunctionArn",
    }  # fmt: skip
    assert "${" not in TEXT
