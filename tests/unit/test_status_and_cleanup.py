"""What powertune says of a function that runs have held, and what cleanup does about it."""

import datetime
import json

import pytest
from click.testing import CliRunner
from fake_aws import ARN, FakeAws, refusal

from powertune.cli import cleanup, status
from powertune.domain.function import FunctionArn
from powertune.errors import FunctionNotFound, NotRestored
from powertune.target import lease
from powertune.target.clone import CLONE_PREFIX, RUN_TAG, TARGET_TAG, UNTIL_TAG

FUNCTION = FunctionArn.parse(ARN)
FAR_MS = 4_000_000_000_000
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:powertune"


class Aws(FakeAws):
    """With clones and executions."""

    def __init__(self):
        super().__init__()
        self.tags = {}
        self.executions = []

    def list_functions(self):
        return [
            {
                "Functions": [
                    {"FunctionName": "orders"},
                    *({"FunctionName": name, "FunctionArn": ARN.replace("orders", name)} for name in self.tags),
                ]
            }
        ]

    def list_tags(self, Resource):
        name = Resource.rpartition(":")[2]
        if name not in self.tags:
            raise refusal("ListTags", "ResourceNotFoundException", status=404)
        return {"Tags": self.tags[name]}

    def delete_function(self, FunctionName, Qualifier=None):
        name = FunctionName.rpartition(":")[2]
        if Qualifier is None and name in self.tags:
            del self.tags[name]
            return
        super().delete_function(FunctionName, Qualifier)

    def describe_state_machine(self, stateMachineArn):
        if not self.executions:
            raise refusal("DescribeStateMachine", "StateMachineDoesNotExist")
        return {}

    def get_caller_identity(self):
        return {"Account": "123456789012"}

    def list_executions(self, stateMachineArn, statusFilter):
        return [{"executions": self.executions}]

    def describe_execution(self, executionArn):
        return {"input": json.dumps({"lambdaARN": ARN})}


@pytest.fixture
def aws(monkeypatch):
    found = Aws()
    for module in (status, cleanup):
        monkeypatch.setattr(module, "session_of", lambda *_: found)
    return found


def told(command, *options):
    done = CliRunner().invoke(command, ["--function-arn", ARN, *options], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def hold(aws, *, until_ms=FAR_MS, run_id="20261126T101500-ab12cd"):
    held = lease.Lease(
        run_id=run_id, memory_mb=512, set_mb=(), since_ms=1_790_000_000_000, until_ms=until_ms, by="ana@build-7"
    )
    lease.take(aws.client("lambda"), FUNCTION, held)
    lease.record_memory(aws.client("lambda"), FUNCTION, run_id, found_mb=512, next_mb=1024)
    aws.latest["MemorySize"] = 1024
    aws.publish_version(ARN, Description=f"powertune {run_id} 1024 MB")
    aws.create_alias(ARN, f"powertune-{run_id}-1024", "1", f"powertune {run_id} 1024 MB")


def clone(aws, run_id, until_ms, target=ARN):
    aws.tags[f"{CLONE_PREFIX}{run_id}"] = {RUN_TAG: run_id, TARGET_TAG: target, UNTIL_TAG: str(until_ms)}


def test_of_a_function_that_nobody_holds_status_says_so(aws):
    assert told(status.command) == "No run holds orders.\n"


def test_status_says_who_holds_the_function_since_when_and_what_is_there(aws):
    hold(aws)
    said = told(status.command)
    assert "orders is held by the run 20261126T101500-ab12cd (ana@build-7) since 2026-09-21T14:13:20+00:00." in said
    assert "It is under way, or has died" in said
    assert "Memory size before it: 512 MB." in said
    assert "1 version 1; 1 alias powertune-20261126T101500-ab12cd-1024." in said


def test_status_says_that_a_run_should_have_ended(aws):
    hold(aws, until_ms=1_790_000_000_001)
    assert "It should have ended by 2026-09-21T14:13:20+00:00, so it has probably died." in told(status.command)


def test_status_as_json_has_the_same(aws):
    hold(aws)
    clone(aws, "r2", FAR_MS)
    aws.executions.append(
        {"name": "r3", "executionArn": "arn:r3", "startDate": datetime.datetime(2026, 11, 26, tzinfo=datetime.UTC)}
    )
    data = json.loads(told(status.command, "--json"))
    assert data["held_by"]["by"] == "ana@build-7"
    assert data["held_by"]["set_mb"] == [512, 1024]
    assert data["runs"] == [
        {
            "run_id": "20261126T101500-ab12cd",
            "aliases": ["powertune-20261126T101500-ab12cd-1024"],
            "versions": ["1"],
            "in_use": [],
        }
    ]
    assert [one["run_id"] for one in data["clones"]] == ["r2"]
    assert [one["run_id"] for one in data["executions"]] == ["r3"]


def test_status_changes_nothing(aws):
    hold(aws)
    before = aws.visible()
    told(status.command)
    assert aws.visible() == before


def test_status_without_the_right_to_list_functions_says_what_it_does_not_know(aws):
    def denied(number, service, operation, moment):
        if operation == "list_functions":
            raise refusal("ListFunctions", "AccessDeniedException")

    aws.fault = denied
    assert "Whether there are clones of it is not known" in told(status.command)
    assert json.loads(told(status.command, "--json"))["clones"] is None


def test_an_alias_of_the_users_own_with_a_name_like_ours_is_not_shown_as_ours(aws):
    aws.create_alias(ARN, "powertune-canary-512", "$LATEST")
    assert told(status.command) == "No run holds orders.\n"


def test_cleanup_undoes_the_run_that_holds_the_function_and_can_be_repeated(aws):
    before = aws.visible()
    hold(aws)
    assert "the memory size put back to 512 MB, 1 alias and 1 version were deleted" in told(cleanup.command)
    assert aws.visible() == before
    assert told(cleanup.command) == "No powertune run has left anything on orders.\n"


def test_cleanup_of_one_run_leaves_another_alone(aws):
    hold(aws)
    before = aws.visible()
    assert told(cleanup.command, "--run-id", "other") == "The run other left nothing on orders.\n"
    assert aws.visible() == before


def test_cleanup_of_one_run_deletes_what_carries_its_name_even_without_a_lease(aws):
    before = aws.visible()
    hold(aws, run_id="old")
    del aws.aliases[lease.LEASE_ALIAS]
    aws.latest["MemorySize"] = 512
    assert "1 alias and 1 version" in told(cleanup.command, "--run-id", "old")
    assert aws.visible() == before


def test_cleanup_deletes_the_clones_of_dead_runs_and_tells_of_the_others(aws):
    clone(aws, "dead", 1)
    clone(aws, "alive", FAR_MS)
    clone(aws, "foreign", 1, target=ARN + "-other")
    said = told(cleanup.command)
    assert f"Deleted the clone {CLONE_PREFIX}dead." in said
    assert f"The clone {CLONE_PREFIX}alive may be in use by the run alive" in said
    assert list(aws.tags) == [f"{CLONE_PREFIX}alive", f"{CLONE_PREFIX}foreign"]


def test_cleanup_deletes_a_clone_in_use_only_by_its_runs_name(aws):
    clone(aws, "alive", FAR_MS)
    clone(aws, "also", FAR_MS)
    assert f"Deleted the clone {CLONE_PREFIX}alive." in told(cleanup.command, "--run-id", "alive")
    assert list(aws.tags) == [f"{CLONE_PREFIX}also"]


def test_cleanup_as_json_is_null_where_nothing_was_left(aws):
    assert json.loads(told(cleanup.command, "--json")) is None
    hold(aws)
    assert json.loads(told(cleanup.command, "--json"))["versions_deleted"] == ["1"]


def test_status_of_a_region_shows_the_executions_under_way_and_every_clone(aws, monkeypatch):
    monkeypatch.setattr(status, "reaching", lambda *_: aws)
    clone(aws, "r2", FAR_MS)
    aws.executions.append(
        {"name": "r3", "executionArn": "arn:r3", "startDate": datetime.datetime(2026, 11, 26, tzinfo=datetime.UTC)}
    )
    done = CliRunner().invoke(status.command, ["--region", "us-east-1"], standalone_mode=False)
    assert f"The state machine runs r3 on {ARN} since 2026-11-26T00:00:00+00:00." in done.stdout
    assert f"Clone {CLONE_PREFIX}r2 of orders, by the run r2" in done.stdout


def test_status_of_a_region_where_nothing_is_there_says_so(aws, monkeypatch):
    monkeypatch.setattr(status, "reaching", lambda *_: aws)
    done = CliRunner().invoke(status.command, ["--region", "us-east-1"], standalone_mode=False)
    assert done.stdout == "There is no powertune state machine in us-east-1, and no clone.\n"


def test_cleanup_says_that_what_a_finished_run_applied_stays(aws):
    client = aws.client("lambda")
    lease.take(client, FUNCTION, lease.Lease(run_id="r", memory_mb=512, set_mb=(), since_ms=1, until_ms=FAR_MS))
    lease.settle(client, FUNCTION, "r", now_ms=2, memory_mb=1024)
    aws.latest["MemorySize"] = 1024
    assert "The run r on orders was over, and what it applied stays" in told(cleanup.command)
    assert aws.latest["MemorySize"] == 1024


def test_cleanup_of_a_function_that_is_not_there_says_so(aws):
    def missing(FunctionName, Qualifier=None):
        raise refusal("GetFunctionConfiguration", "ResourceNotFoundException", "Function not found", 404)

    aws.get_function_configuration = missing
    with pytest.raises(FunctionNotFound):
        told(cleanup.command)


def test_cleanup_without_a_lease_names_what_of_runs_is_there_and_deletes_none_of_it(aws):
    hold(aws, run_id="old")
    del aws.aliases[lease.LEASE_ALIAS]
    before = aws.visible()
    said = told(cleanup.command)
    assert "No run holds orders, so nothing was done." in said
    assert "Of the run old there are 1 version and 1 alias." in said
    assert f"powertune cleanup --function-arn {ARN} --run-id old" in said
    assert aws.visible() == before


def test_cleanup_with_a_record_that_cannot_be_read_says_that_nothing_was_undone(aws):
    aws.create_alias(ARN, lease.LEASE_ALIAS, "$LATEST", "somebody's words")
    with pytest.raises(NotRestored) as refused:
        told(cleanup.command)
    assert "cannot read" in refused.value.message


def test_an_alias_of_a_name_like_ours_that_the_run_did_not_make_is_not_deleted(aws):
    hold(aws, run_id="prod")
    aws.create_alias(ARN, "powertune-prod-blue", "$LATEST", "mine")
    aws.create_alias(ARN, "powertune-prod-2-512", "$LATEST", "powertune prod-2 512 MB")
    told(cleanup.command)
    assert set(aws.aliases) == {"powertune-prod-blue", "powertune-prod-2-512"}


def test_a_version_that_a_run_applied_is_no_left_over(aws):
    hold(aws, run_id="old")
    for name in (lease.LEASE_ALIAS, "powertune-old-1024"):
        del aws.aliases[name]
    aws.create_alias(ARN, "live", "1")
    assert told(cleanup.command) == "No powertune run has left anything on orders.\n"
    assert "Of these, an alias of yours uses 1 version 1." in told(status.command)


def test_a_tag_that_somebody_else_wrote_steers_no_terminal(aws):
    evil = "r\x1b]0;owned\x07\x1b[2J\u202e"
    aws.tags[f"{CLONE_PREFIX}r1"] = {RUN_TAG: evil, TARGET_TAG: ARN, UNTIL_TAG: str(FAR_MS)}
    for command in (status.command, cleanup.command):
        said = told(command)
        assert "owned" in said
        assert not set("\x1b\x07\u202e") & set(said)
