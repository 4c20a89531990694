"""The roles in the template are what powertune.permissions says that the parts of the stack need."""

import re

import pytest
from iam_linter import findings
from template_policies import ACCOUNT, REGION, Template, actions_in, lets

from powertune.domain.function import FunctionArn
from powertune.permissions import Feature, Scope, StackRole, allows, role_statements
from powertune.resources import read

FN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
ARN = f"{FN}:orders"
SETUP = f"{FN}:setup"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/orders"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/abc"
LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:tools:3"
FAR = "arn:aws:iam::999999999999:role/tuner"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"

ONE = {"FunctionScope": ARN, "LogGroupScope": f"{LOGS}:/aws/lambda/orders"}
WAYS = {
    "one function": (ONE, {}, ()),
    "with clones": (
        {**ONE, "AllowIsolated": "true", "TargetRoleArns": ROLE},
        {"function_role_arn": ROLE, "layer_arns": (LAYER,)},
        (Feature.ISOLATE, Feature.APPLY),
    ),
    "with all around it": (
        {**ONE, "ProcessorArns": SETUP, "PayloadArns": "arn:aws:s3:::events/one.json", "KmsKeyArn": KEY},
        {"processor_arns": (SETUP,), "payload_s3": "s3://events/one.json", "kms_key_arn": KEY},
        (Feature.PROCESSORS, Feature.PAYLOAD_S3),
    ),
}
RESOURCES = (
    ARN, f"{ARN}:1", f"{ARN}:live", f"{ARN}s", f"{ARN}s:1", f"{FN}:powertune-worker", f"{FN}:powertune-planner:1",
    f"{FN}:powertune-clone-run-1", f"{FN}:powertune-clone-run-1:1", f"{FN}:powertune-cleaner", SETUP, ROLE, f"{ROLE}s",
    f"{LOGS}:/aws/lambda/orders:*", f"{LOGS}:/aws/lambda/other:*", f"{LOGS}:/aws/lambda/powertune-worker:*",
    f"{LOGS}:/aws/lambda/powertune-planner:*", f"{LOGS}:/aws/lambda/powertune-cleaner:*",
    f"arn:aws:s3:::powertune-{ACCOUNT}-{REGION}", f"arn:aws:s3:::powertune-{ACCOUNT}-{REGION}/runs/r/result.json",
    f"arn:aws:s3:::powertune-{ACCOUNT}-{REGION}/baselines/{ACCOUNT}/{REGION}/orders@live.json",
    f"arn:aws:s3:::powertune-{ACCOUNT}-{REGION}/checks/{ACCOUNT}/{REGION}/orders/run-1.json",
    f"arn:aws:s3:::powertune-{ACCOUNT}-{REGION}/other", "arn:aws:s3:::events/one.json", "arn:aws:s3:::events/two.json",
    f"arn:aws:states:{REGION}:{ACCOUNT}:execution:powertune:r", f"arn:aws:states:{REGION}:{ACCOUNT}:execution:other:r",
    KEY, LAYER, FAR, "*",
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("role", StackRole)
def test_a_role_of_the_template_allows_what_the_permissions_say_and_nothing_else(role, way):
    parameters, more, wanted = WAYS[way]
    policy = Template(Tracing="true", **parameters).policy(role.value)
    scope = Scope(function=FunctionArn.parse(ARN), **more)
    statements = role_statements(role, scope, (*wanted, Feature.CANARY))
    said = {action for one in statements if not one.deny for action in one.actions}
    traces = set() if role is StackRole.STATE_MACHINE else {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
    assert actions_in(policy) - traces == said
    differing = [
        (action, resource)
        for action in sorted(said)
        for resource in RESOURCES
        if lets(policy, action, resource) != allows(statements, action, resource)
    ]
    assert differing == []


@pytest.mark.parametrize("role", ["worker", "cleaner"])
def test_a_role_that_may_tune_any_function_still_deletes_none_and_leaves_the_stack_alone(role):
    policy = Template().policy(role)
    for name in ("orders", "powertune-clone-run-1", "powertune-worker"):
        assert not lets(policy, "lambda:DeleteFunction", f"{FN}:{name}")
    assert lets(policy, "lambda:DeleteFunction", f"{ARN}:1")
    for own in ("worker", "planner", "cleaner"):
        for action in ("UpdateFunctionConfiguration", "DeleteFunction", "DeleteAlias", "UpdateAlias"):
            assert not lets(policy, f"lambda:{action}", f"{FN}:powertune-{own}:1")
    assert lets(policy, "lambda:UpdateFunctionConfiguration", ARN)
    assert not lets(policy, "lambda:InvokeFunction", ARN)


def test_only_named_roles_of_other_accounts_may_be_assumed():
    policy = Template(AssumeRoleArns=FAR).policy("worker")
    assert lets(policy, "sts:AssumeRole", FAR)
    assert not lets(policy, "sts:AssumeRole", f"{FAR}s")
    assert "sts:AssumeRole" not in actions_in(Template().policy("worker"))


EVERYTHING = {
    **WAYS["with all around it"][0], **WAYS["with clones"][0], "AssumeRoleArns": FAR, "Tracing": "true",
    "SubnetIds": "subnet-1", "SecurityGroupIds": "sg-1",
}  # fmt: skip


@pytest.mark.parametrize("parameters", [{}, ONE, EVERYTHING], ids=["any function", "one function", "everything"])
@pytest.mark.parametrize("role", [role.value for role in StackRole])
def test_an_iam_linter_finds_nothing_in_the_roles_of_the_template(role, parameters):
    assert findings(Template(**parameters).policy(role)) == []


def test_every_wildcard_resource_of_the_template_is_explained_beside_it():
    lines = [line for line in read("statemachine", "template.yaml").splitlines() if re.search(r'Resource: +"\*"', line)]
    assert len(lines) > 5
    assert all(re.search(r'"\*" +# .{10}', line) for line in lines)


@pytest.mark.parametrize("role", [role.value for role in StackRole])
def test_no_role_of_the_template_has_a_wildcard_action(role):
    assert not any("*" in action for action in actions_in(Template(**EVERYTHING).policy(role)))
