"""A check makes the calls that its policy allows, and the policy allows no others."""

from dataclasses import replace

import pytest
from checked_aws import CheckedAws, check, check_request
from fake_aws import ACCOUNT, ARN, REGION, FakeClock
from policed_aws import PolicedAws, PolicedStack

from powertune.domain.check import LATEST, CheckSettings, Verdict
from powertune.domain.function import FunctionArn
from powertune.errors import AwsError, PowertuneError
from powertune.permissions import (
    STACK,
    Feature,
    Mode,
    Scope,
    StackRole,
    allows,
    needed_actions,
    role_statements,
    statements_for,
    what_is_lost,
)
from powertune.store import S3Store
from powertune.target import lease
from powertune.target.lease_wait import wait_until_free
from powertune.workflow.baselines import Shelf
from powertune.workflow.execution import run_execution
from powertune.workflow.stack import find_stack

FUNCTION = FunctionArn.parse(ARN)
SCOPE = Scope(function=FUNCTION, baselines="s3://keep/perf")
CHECK = (Feature.CHECK,)
DIRECT = statements_for(Mode.DIRECT, SCOPE, CHECK)
SELDOM = {
    "logs:StopQuery",  # a query that is given up is stopped
}
FEW = CheckSettings(max_invocations=20)


class PolicedChecks(PolicedAws, CheckedAws):
    pass


class PolicedStackChecks(PolicedStack, CheckedAws):
    pass


def without(statements, action):
    rest = (replace(one, actions=tuple(name for name in one.actions if name != action)) for one in statements)
    return tuple(one for one in rest if one.actions)


def actions_of(statements):
    return {action for one in statements if not one.deny for action in one.actions}


# --- from the terminal -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("qualifier", "against"), [("staging", "live"), (None, "2"), ("2", LATEST)])
def test_a_check_makes_only_calls_that_its_policy_allows(qualifier, against):
    aws = PolicedChecks(DIRECT)
    result = check(aws, check_request(settings=FEW, qualifier=qualifier, against=against))
    assert result.restored
    assert aws.denied == []


def test_a_check_makes_every_call_that_its_policy_allows():
    aws = PolicedChecks(DIRECT)
    check(aws, check_request(settings=FEW))
    assert actions_of(DIRECT) - {action for action, _ in aws.used} == SELDOM


@pytest.mark.parametrize("action", sorted(actions_of(DIRECT) - SELDOM))
def test_a_check_without_one_of_its_permissions_fails_or_says_what_is_lost(action):
    aws = PolicedChecks(without(DIRECT, action))
    lost = what_is_lost(Mode.DIRECT, SCOPE, action, CHECK)
    try:
        check(aws, check_request(settings=FEW))
    except PowertuneError:
        assert lost == ""
    else:
        assert lost
    assert {denied for denied, _ in aws.denied} == {action}


def test_a_check_never_invokes_the_function_without_a_qualifier():
    aws = PolicedChecks(DIRECT)
    check(aws, check_request(settings=FEW, qualifier=None, against="live"))
    assert {resource for action, resource in aws.used if action == "lambda:InvokeFunction"} == {
        f"{ARN}:$LATEST", f"{ARN}:1",
    }  # fmt: skip
    assert not allows(DIRECT, "lambda:InvokeFunction", ARN)


def test_a_check_that_finds_a_dead_tuning_needs_a_run_s_permissions_to_undo_it_and_says_which():
    aws = PolicedChecks(DIRECT)
    dead = lease.Lease(run_id="dead", memory_mb=512, set_mb=(512, 1024), since_ms=0, until_ms=1)
    with aws.under(statements_for(Mode.DIRECT, SCOPE)):
        lease.take(aws.client("lambda"), FUNCTION, dead)
    aws.latest["MemorySize"] = 1024
    with pytest.raises(AwsError, match="UpdateFunctionConfiguration"):
        check(aws, check_request(settings=FEW))
    assert not aws.invoked


def test_a_retune_has_what_a_run_has():
    assert statements_for(Mode.DIRECT, SCOPE, (Feature.CHECK, Feature.RETUNE)) == statements_for(Mode.DIRECT, SCOPE)


# --- baselines -------------------------------------------------------------------------------------------------


def kept_in(place, mode=Mode.DIRECT, features=(Feature.CHECK, Feature.BASELINES)):
    """A shelf in a place, reached under the policy for it."""
    scope = replace(SCOPE, baselines=place)
    aws = PolicedChecks(statements_for(mode, scope, features))
    bucket, _, prefix = scope.baselines_arns[1].rpartition(":::")[2].partition("/")
    return aws, Shelf(S3Store(aws.client("s3"), bucket, prefix), place)


@pytest.mark.parametrize("place", ["s3://keep", "s3://keep/perf/", STACK])
@pytest.mark.parametrize("mode", [Mode.DIRECT, Mode.STACK])
def test_baselines_and_checks_are_read_and_kept_where_the_policy_says(place, mode):
    aws, shelf = kept_in(place, mode)
    result = check(CheckedAws(), check_request(settings=FEW, against=None))
    from powertune.domain.baselines import baseline_of, entry_of

    assert shelf.baseline(FUNCTION, "staging") is None  # which S3 tells only whoever may list
    shelf.keep(FUNCTION, "staging", baseline_of(result))
    shelf.add(FUNCTION, "staging", entry_of(result))
    assert shelf.baseline(FUNCTION, "staging").run_id == result.run_id
    assert [one.run_id for one in shelf.entries(FUNCTION, "staging", most=5)] == [result.run_id]
    assert len(list(shelf.all())) == 1
    assert aws.denied == []


def test_whoever_only_looks_reads_baselines_and_keeps_none():
    aws, shelf = kept_in("s3://keep", Mode.READONLY, (Feature.BASELINES,))
    assert shelf.baseline(FUNCTION, None) is None
    assert shelf.entries(FUNCTION, None, most=5) == ()
    with pytest.raises(AwsError, match="PutObject"):
        S3Store(aws.client("s3"), "keep").put("baselines/x.json", "{}")


# --- through the state machine ---------------------------------------------------------------------------------

ROLES = {role.value: role_statements(role, SCOPE) for role in StackRole}
CALLER = statements_for(Mode.STACK, SCOPE, CHECK)


@pytest.mark.parametrize("stored", [False, True])
def test_a_check_through_the_state_machine_makes_only_calls_that_its_policies_allow(monkeypatch, stored):
    clock = FakeClock()
    aws = PolicedStackChecks(CALLER, ROLES, clock, monkeypatch)
    request = check_request(settings=FEW, against=None if stored else "live", stored=stored)
    results = []
    for run_id in ("20261124T120000-aaaaaa", "20261124T130000-bbbbbb"):
        wait_until_free(
            aws.client("lambda"), FUNCTION, clock, longest_ms=0, stop_requested=lambda: False, tell=lambda _: None
        )
        results.append(run_execution(
            aws, find_stack(aws, ACCOUNT), request, run_id, clock, progress=lambda _: None,
            stop_requested=lambda: False,
        ))  # fmt: skip
    assert aws.denied == []
    assert [one.check.verdict is None for one in results] == [stored, False]
    assert not any(one.check.verdict is Verdict.WORSE for one in results)
    kept = [key for key in aws.objects if not key.startswith("runs/")]
    assert len(kept) == (3 if stored else 0)  # the baseline, and two checks


def test_the_planner_and_the_cleaner_reach_no_baseline():
    key = f"arn:aws:s3:::powertune-{ACCOUNT}-{REGION}/baselines/{ACCOUNT}/{REGION}/orders.json"
    assert allows(ROLES["worker"], "s3:PutObject", key)
    for role in ("planner", "cleaner", "state-machine"):
        assert not allows(ROLES[role], "s3:GetObject", key)


def test_what_a_check_needs_can_be_asked_beforehand():
    needed = needed_actions(Mode.DIRECT, SCOPE, (Feature.CHECK, Feature.BASELINES))
    assert ("lambda:InvokeFunction", f"{ARN}:1") in needed
    assert ("s3:PutObject", "arn:aws:s3:::keep/perf/baselines/powertune") in needed
    assert not any(action == "lambda:UpdateFunctionConfiguration" for action, _ in needed)
