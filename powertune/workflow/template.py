"""The stack's template as it is deployed: statemachine/template.yaml, with the state machine put into it."""

import json
import re
from collections.abc import Mapping

from powertune.domain.function import Architecture
from powertune.resources import read
from powertune.workflow.package import RUNTIME

MOST_BODY_BYTES = 51_200
"""Largest template that CloudFormation takes in a request (AWS docs, AWSCloudFormation/latest/UserGuide,
cloudformation-limits); a larger one would have to lie in a bucket."""

_DEFINITION = re.compile(r"^( +)DefinitionString: '.*'$", re.MULTILINE)


def packaged_template(keys: Mapping[str, str], architecture: Architecture, *, runtime: str = RUNTIME) -> str:
    """The template with its state machine, and with the code packages as defaults of its parameters.

    Args:
        keys: the S3 key of each code package by the parameter for it: ``WorkerKey`` and ``PlannerKey``.
        architecture: what the packages were built for.
        runtime: what they were built for.
    """
    machine = json.dumps(json.loads(read("statemachine", "tuning.asl.json")), separators=(",", ":"))
    # A whole ARN as placeholder: cfn-lint knows no other partition's ARNs where only a part is one.
    quoted = machine.replace("arn:${Partition}:states:::lambda:invoke", "${LambdaInvoke}").replace("'", "''")
    text = read("statemachine", "template.yaml")
    text, found = _DEFINITION.subn(lambda match: f"{match[1]}DefinitionString: '{quoted}'", text)
    assert found == 1, "the template has one state machine"
    for name, value in {**keys, "Runtime": runtime, "Architecture": architecture.value}.items():
        text = _with_default(text, name, value)
    return text


def parameter_names() -> frozenset[str]:
    """The parameters that the template has."""
    section = read("statemachine", "template.yaml").split("\nParameters:\n")[1].split("\nConditions:\n")[0]
    return frozenset(re.findall(r"^  (\w+):$", section, re.MULTILINE))


def _with_default(text: str, name: str, value: str) -> str:
    pattern = re.compile(rf"(^  {name}:\n    Type: String\n    Default: )\S+$", re.MULTILINE)
    text, found = pattern.subn(lambda match: match[1] + value, text)
    assert found == 1, name
    return text
