"""A run makes the calls that its policy allows, and the policy allows no others."""

import json
from dataclasses import replace

import pytest
from fake_aws import ACCOUNT, ARN, REGION, FakeClock, Killed
from policed_aws import PolicedAws, PolicedStack

from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.errors import NotRestored, PowertuneError
from powertune.permissions import (
    Feature,
    Mode,
    Scope,
    StackRole,
    allows,
    needed_actions,
    policy_document,
    role_statements,
    statements_for,
    what_is_lost,
)
from powertune.store import MemoryStore
from powertune.target.restore import restore
from powertune.workflow.direct import run_direct
from powertune.workflow.execution import run_execution
from powertune.workflow.services import Services
from powertune.workflow.stack import bucket_name, find_stack

FUNCTION = FunctionArn.parse(ARN)
SCOPE = Scope(function=FUNCTION)
SELDOM = {"logs:StopQuery": "a query that is given up is stopped"}
"""Allowed, and called in no ordinary run."""


def request(**more):
    return TuningRequest(function_arn=FUNCTION, memory_sizes_mb=(128, 512), invocations=3, **more)


def without(statements, action):
    rest = (replace(one, actions=tuple(name for name in one.actions if name != action)) for one in statements)
    return tuple(one for one in rest if one.actions)


def actions_of(statements):
    return {action for one in statements if not one.deny for action in one.actions}


def direct(aws, **more):
    services = Services(session=aws, store=MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"))
    return run_direct(services, request(**more), "run-1")


DIRECT = statements_for(Mode.DIRECT, SCOPE)


# --- from the terminal -----------------------------------------------------------------------------------------


def test_a_run_from_the_terminal_makes_only_calls_that_its_policy_allows():
    aws = PolicedAws(DIRECT)
    result = direct(aws)
    assert result.restored
    assert aws.denied == []


def test_a_run_from_the_terminal_makes_every_call_that_its_policy_allows():
    aws = PolicedAws(DIRECT)
    direct(aws, apply=True, apply_alias="live")
    assert actions_of(DIRECT) - {action for action, _ in aws.used} == set(SELDOM)


@pytest.mark.parametrize("action", sorted(actions_of(DIRECT) - set(SELDOM)))
def test_a_run_without_one_of_its_permissions_fails_or_says_what_is_lost(action):
    aws = PolicedAws(without(DIRECT, action))
    try:
        result = direct(aws)
    except PowertuneError:
        assert what_is_lost(Mode.DIRECT, SCOPE, action) == ""
    else:
        assert result.recommendation is None or what_is_lost(Mode.DIRECT, SCOPE, action)
    assert {denied for denied, _ in aws.denied} == {action}


@pytest.mark.parametrize("action", ["logs:StartQuery", "xray:BatchGetTraces"])
def test_a_run_without_a_source_warns(action):
    result = direct(PolicedAws(without(DIRECT, action)))
    assert any("could not be read" in warning for warning in result.warnings)


def test_a_policy_with_the_function_alone_would_not_let_a_run_read_its_versions():
    narrow = tuple(replace(one, resources=tuple(r for r in one.resources if r != f"{ARN}:*")) for one in DIRECT)
    aws = PolicedAws([one for one in narrow if one.resources])
    with pytest.raises(NotRestored):
        direct(aws)
    assert ("lambda:GetFunctionConfiguration", f"{ARN}:1") in aws.denied


def test_cleanup_needs_nothing_that_a_run_does_not():
    def die(number, service, operation, when):
        if operation == "invoke":
            aws.fault = lambda *_: died()

    def died():
        raise Killed

    aws = PolicedAws(DIRECT, fault=die)
    before = aws.visible()
    with pytest.raises(Killed):
        direct(aws)
    aws.fault = lambda *_: None
    restore(aws.client("lambda"), FUNCTION, FakeClock())
    assert aws.denied == []
    assert aws.visible() == before


# --- what nothing may do ---------------------------------------------------------------------------------------

EVERYTHING = [
    *(statements_for(mode, SCOPE, tuple(Feature)) for mode in Mode),
    *(statements_for(mode, SCOPE, (Feature.CHECK, Feature.BASELINES)) for mode in Mode),
    *(role_statements(role, SCOPE, tuple(Feature)) for role in StackRole),
]


@pytest.mark.parametrize("statements", EVERYTHING)
def test_no_policy_deletes_the_function_or_invokes_it_without_a_version(statements):
    assert not allows(statements, "lambda:DeleteFunction", ARN)
    assert not allows(statements, "lambda:InvokeFunction", ARN)


@pytest.mark.parametrize("statements", EVERYTHING)
@pytest.mark.parametrize("other", [f"{ARN}-archive", f"{ARN}s:1", ARN.replace(REGION, "eu-west-1")])
def test_no_policy_reaches_a_function_of_another_name_or_region(statements, other):
    for one in statements:
        for action in one.actions:
            if action.startswith("lambda:") and "*" not in one.resources:
                assert not allows(statements, action, other), action


def test_deleting_the_function_stays_forbidden_under_a_policy_that_allows_everything_else():
    broad = replace(DIRECT[0], actions=("lambda:DeleteFunction",), resources=("*",))
    assert allows([broad], "lambda:DeleteFunction", ARN)
    assert not allows([*DIRECT, broad], "lambda:DeleteFunction", ARN)
    assert allows([*DIRECT, broad], "lambda:DeleteFunction", f"{ARN}:7")


@pytest.mark.parametrize("statements", EVERYTHING)
def test_no_action_is_a_wildcard_and_every_wildcard_resource_says_why(statements):
    for one in statements:
        assert not any("*" in action for action in one.actions)
        assert one.why
        if "*" in one.resources:
            assert "AWS checks it on no resource" in one.why


@pytest.mark.parametrize("statements", EVERYTHING)
def test_a_policy_has_each_sid_once(statements):
    sids = [one["Sid"] for one in policy_document(statements)["Statement"]]
    assert len(sids) == len(set(sids))
    assert all(sid.isalnum() for sid in sids)


def test_a_policy_is_within_what_iam_takes():
    # A managed policy has 6,144 characters, white space not counted (IAM User Guide, reference_iam-quotas).
    for statements in EVERYTHING:
        assert len(json.dumps(policy_document(statements), separators=(",", ":"))) < 6_144


def test_reading_only_allows_nothing_that_writes():
    verbs = {action.partition(":")[2] for action in actions_of(statements_for(Mode.READONLY, SCOPE, [Feature.PLAN]))}
    assert all(verb.startswith(("Get", "List", "Describe", "Simulate", "StartQuery", "StopQuery")) for verb in verbs)


# --- through the state machine ---------------------------------------------------------------------------------

ROLES = {role.value: role_statements(role, SCOPE) for role in StackRole}
CALLER = statements_for(Mode.STACK, SCOPE)


def through_the_stack(monkeypatch, caller=CALLER, roles=ROLES, **more):
    clock = FakeClock()
    aws = PolicedStack(caller, roles, clock, monkeypatch)
    stack = find_stack(aws, ACCOUNT)
    aws.client("lambda").get_function_configuration(FunctionName=ARN)  # as the command does, for the price
    result = run_execution(
        aws, stack, request(**more), "run-1", clock, progress=lambda _: None, stop_requested=lambda: False
    )
    return aws, result


def test_a_run_through_the_state_machine_makes_only_calls_that_its_policies_allow(monkeypatch):
    aws, result = through_the_stack(monkeypatch)
    assert result.restored
    assert aws.denied == []


def test_the_bucket_and_the_state_machine_are_named_as_the_stack_names_them():
    assert SCOPE.bucket_arn == f"arn:aws:s3:::{bucket_name(ACCOUNT, REGION)}"
    assert SCOPE.state_machine_arn.endswith(f":{ACCOUNT}:stateMachine:powertune")


def calls_under(monkeypatch, run):
    """What was called under each policy."""
    used = {}
    check = PolicedAws.check

    def noting(self, action, resource):
        check(self, action, resource)
        used.setdefault(id(self.policy), set()).add(action)

    monkeypatch.setattr(PolicedAws, "check", noting)
    run()
    return used


OF_THE_STACK_ITSELF = {
    "logs:CreateLogStream", "logs:PutLogEvents", "logs:CreateLogDelivery", "logs:GetLogDelivery",
    "logs:UpdateLogDelivery", "logs:DeleteLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies", "logs:DescribeLogGroups", "xray:PutTraceSegments", "xray:PutTelemetryRecords",
    "xray:GetSamplingRules", "xray:GetSamplingTargets",
}  # fmt: skip
"""What Lambda and Step Functions do with a role on their own account, not powertune's code."""


def test_every_policy_of_the_stack_allows_just_what_is_called_with_it(monkeypatch):
    def run():
        through_the_stack(monkeypatch, apply=True, apply_alias="live")

    used = calls_under(monkeypatch, run)
    # A large request and the wish to stop are put; a text that is not there yet needs the list.
    assert actions_of(CALLER) == used[id(CALLER)] | {"s3:PutObject", "s3:ListBucket"}
    assert actions_of(ROLES["worker"]) - OF_THE_STACK_ITSELF == used[id(ROLES["worker"])] - OF_THE_STACK_ITSELF | set(
        SELDOM
    )
    assert actions_of(ROLES["planner"]) - OF_THE_STACK_ITSELF == used[id(ROLES["planner"])]
    assert actions_of(ROLES["state-machine"]) - OF_THE_STACK_ITSELF == used[id(ROLES["state-machine"])]


# --- what is to be checked beforehand --------------------------------------------------------------------------


@pytest.mark.parametrize("mode", Mode)
def test_what_is_needed_is_what_the_policy_allows(mode):
    for wanted in [(), tuple(Feature)]:
        statements = statements_for(mode, SCOPE, wanted)
        needed = needed_actions(mode, SCOPE, wanted)
        assert {action for action, _ in needed} == actions_of(statements)
        assert all(allows(statements, action, resource) for action, resource in needed)
        assert all(resource == "*" or "*" not in resource or ":log-group:" in resource for _, resource in needed)


def test_a_clone_is_written_in_the_functions_place():
    statements = statements_for(Mode.DIRECT, SCOPE, [Feature.ISOLATE])
    clone = ARN.replace(":orders", ":powertune-clone-run-1")
    for action in ("UpdateFunctionConfiguration", "PublishVersion", "CreateAlias", "DeleteAlias"):
        assert allows(statements, f"lambda:{action}", clone)
        assert not allows(statements, f"lambda:{action}", ARN)
    assert allows(statements, "lambda:DeleteFunction", clone)
    assert not allows(statements, "lambda:InvokeFunction", f"{ARN}:1")


def test_a_caller_who_goes_through_a_role_needs_that_role_and_nothing_on_the_function():
    role = "arn:aws:iam::999999999999:role/tuner"
    assert needed_actions(Mode.DIRECT, replace(SCOPE, role_arn=role)) == (("sts:AssumeRole", role),)
    stack = {action for action, _ in needed_actions(Mode.STACK, replace(SCOPE, role_arn=role))}
    assert "sts:AssumeRole" in stack
    assert not any(action.startswith("lambda:") for action in stack)


def test_a_policy_follows_the_partition():
    china = FunctionArn.parse("arn:aws-cn:lambda:cn-north-1:123456789012:function:orders")
    scope = Scope(function=china)
    for mode in Mode:
        text = json.dumps(policy_document(statements_for(mode, scope, tuple(Feature))))
        assert "arn:aws:" not in text
