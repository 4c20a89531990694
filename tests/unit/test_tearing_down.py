"""``powertune destroy`` removes what ``powertune deploy`` made, and nothing else."""

import pytest
from fake_aws import FakeClock
from fake_stacks import ACCOUNT, REGION, FakeStacks

from powertune.errors import AwsError, LeaseHeld
from powertune.workflow.buckets import ARTIFACTS_TAG
from powertune.workflow.teardown import check_idle, destroy, leftovers

ARTIFACTS = f"powertune-artifacts-{ACCOUNT}-{REGION}"
RESULTS = f"powertune-{ACCOUNT}-{REGION}"


@pytest.fixture
def aws():
    fake = FakeStacks()
    fake.stack(NamePrefix="powertune", ArtifactBucket=ARTIFACTS)
    fake.bucket(ARTIFACTS, "powertune-worker-0123456789abcdef.zip", **{ARTIFACTS_TAG: "made by powertune deploy"})
    fake.bucket(RESULTS, "runs/1/result.json", "runs/2/result.json")
    return fake


def remove(aws, *, keep_results=False):
    destroy(aws, leftovers(aws, "powertune", "powertune"), FakeClock(), lambda _: None, keep_results=keep_results)


def stack(aws):
    (found,) = aws.stacks.values()
    return found


def test_stack_results_and_code_are_deleted(aws):
    remove(aws)
    assert stack(aws)["status"] == "DELETE_COMPLETE"
    assert aws.buckets == {}


def test_results_may_be_kept(aws):
    remove(aws, keep_results=True)
    assert set(aws.buckets) == {RESULTS}
    assert len(aws.buckets[RESULTS]["objects"]) == 2


def test_what_there_is_is_counted_beforehand(aws):
    found = leftovers(aws, "powertune", "powertune")
    assert found.results == 2
    assert found.artifacts_bucket == ARTIFACTS
    assert not found.is_nothing


def test_runs_under_way_refuse_it(aws):
    aws.running = ["20261126T101500-ab12cd"]
    with pytest.raises(LeaseHeld, match="20261126T101500-ab12cd"):
        check_idle(leftovers(aws, "powertune", "powertune"))


def test_a_stack_that_cannot_be_deleted_keeps_its_results(aws):
    aws.failures = [("WorkerRole", "AWS::IAM::Role", "it is in use")]
    with pytest.raises(AwsError, match=r"WorkerRole \(AWS::IAM::Role\): it is in use. It is DELETE_FAILED"):
        remove(aws)
    assert len(aws.buckets[RESULTS]["objects"]) == 2


def test_a_half_deleted_stack_is_finished(aws):
    stack(aws)["status"] = "DELETE_FAILED"
    remove(aws)
    assert stack(aws)["status"] == "DELETE_COMPLETE"


def test_a_stack_that_is_being_changed_is_left_alone(aws):
    stack(aws)["status"] = "UPDATE_IN_PROGRESS"
    with pytest.raises(AwsError, match="is being changed"):
        leftovers(aws, "powertune", "powertune")


def test_what_a_stack_left_is_found_without_it(aws):
    remove(aws, keep_results=True)
    found = leftovers(aws, "powertune", "powertune")
    assert found.state is None
    assert found.results == 2
    destroy(aws, found, FakeClock(), lambda _: None, keep_results=False)
    assert leftovers(aws, "powertune", "powertune").is_nothing


def test_the_prefix_of_a_stack_of_another_name_is_its_own():
    aws = FakeStacks()
    aws.stack("tuning", NamePrefix="tuner", ArtifactBucket="mine")
    aws.bucket(f"tuner-{ACCOUNT}-{REGION}", "runs/1/result.json")
    assert leftovers(aws, "tuning", "powertune").results == 1


def test_a_bucket_that_only_has_the_name_is_not_deleted(aws):
    aws.buckets[ARTIFACTS]["tags"] = {}
    remove(aws)
    assert ARTIFACTS in aws.buckets


def test_in_a_bucket_of_the_users_only_the_stacks_own_code_is_deleted():
    aws = FakeStacks()
    package = "powertune-worker-0123456789abcdef.zip"
    aws.stack(NamePrefix="powertune", ArtifactBucket="mine", WorkerKey=f"powertune/{package}", PlannerKey="x.txt")
    others = {package, f"other/{package}", "x.txt"}
    aws.bucket("mine", f"powertune/{package}", *others)
    remove(aws)
    assert set(aws.buckets["mine"]["objects"]) == others


def test_code_that_somebody_uploaded_by_hand_is_left():
    aws = FakeStacks()
    package = "powertune-worker-0123456789abcdef.zip"
    aws.stack(NamePrefix="powertune", ArtifactBucket="mine", WorkerKey=package)
    aws.bucket("mine", package)
    remove(aws)
    assert set(aws.buckets["mine"]["objects"]) == {package}


def test_a_bucket_of_another_account_is_refused(aws):
    aws.buckets[RESULTS]["owner"] = "999999999999"
    with pytest.raises(AwsError, match="belongs to another account"):
        remove(aws)
    assert aws.buckets[RESULTS]["objects"]
    assert stack(aws)["status"] == "CREATE_COMPLETE"
