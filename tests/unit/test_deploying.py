"""A deployment says what it would change, changes that and nothing else, and says how it ended."""

import pytest
from fake_aws import FakeClock
from fake_stacks import ACCOUNT, NOTHING, REGION, FakeStacks

from powertune.domain.function import Architecture
from powertune.errors import AwsError
from powertune.workflow import deployment
from powertune.workflow.buckets import ARTIFACTS_TAG
from powertune.workflow.change_set import Change, discard, stack_state
from powertune.workflow.package import Package
from powertune.workflow.steps import Role

ARTIFACTS = f"powertune-artifacts-{ACCOUNT}-{REGION}"
RESULTS = f"powertune-{ACCOUNT}-{REGION}"
PACKAGES = tuple(Package(role=role, data=b"zip", unzipped_bytes=3, digest="ab" * 32) for role in Role)
KEYS = {package.key for package in PACKAGES}


def wanted(**more):
    given = {
        "stack_name": "powertune",
        "prefix": "powertune",
        "architecture": None,
        "parameters": {},
        "tags": {},
        "artifact_bucket": None,
    }
    return deployment.Deployment(**{**given, **more})


def prepare(aws, **more):
    one = wanted(**more)
    state = deployment.look(aws, one.stack_name)
    architecture = deployment.architecture_of(one, state)
    return deployment.prepare(aws, one, PACKAGES, architecture, state, FakeClock())


def execute(aws, prepared, told=None):
    return deployment.execute(aws, prepared, FakeClock(), (told if told is not None else []).append)


def parameters(aws):
    given = aws.requests[-1]["Parameters"]
    return {one["ParameterKey"]: one.get("ParameterValue", "PREVIOUS") for one in given}


def test_a_first_deployment_creates_the_stack_and_a_private_bucket_for_its_code():
    aws = FakeStacks()
    told = []
    prepared = prepare(aws, parameters={"LogDays": "30"}, tags={"team": "payments"})
    after = execute(aws, prepared, told)
    assert after.status == "CREATE_COMPLETE"
    assert after.outputs["StateMachineArn"].endswith(":stateMachine:powertune")
    bucket = aws.buckets[ARTIFACTS]
    assert set(bucket["objects"]) == KEYS
    assert bucket["private"]
    assert bucket["encrypted"]
    (request,) = aws.requests
    assert request["ChangeSetType"] == "CREATE"
    assert request["Capabilities"] == ["CAPABILITY_IAM"]
    assert request["Tags"] == [{"Key": "team", "Value": "payments"}]
    assert parameters(aws)["LogDays"] == "30"
    assert "KmsKeyArn" not in parameters(aws)
    assert [event.status for event in told] == ["CREATE_IN_PROGRESS"]


def test_all_pages_of_a_change_set_are_shown():
    prepared = prepare(FakeStacks())
    assert [change.logical_id for change in prepared.change_set.changes] == ["ResultsBucket", "StateMachine"]
    assert {change.action for change in prepared.change_set.changes} == {"add"}


def test_nothing_to_change_is_a_success_and_leaves_no_change_set():
    aws = FakeStacks()
    aws.stack()
    aws.change_set_failure = NOTHING
    assert prepare(aws).change_set is None
    assert aws.change_sets == {}
    assert aws.calls["cloudformation:ExecuteChangeSet"] == 0


def test_a_change_set_that_fails_otherwise_is_deleted_and_its_reason_told():
    aws = FakeStacks()
    aws.change_set_failure = "Template error: no such parameter"
    with pytest.raises(AwsError, match=r"no such parameter\. Nothing was changed"):
        prepare(aws)
    assert aws.change_sets == {}
    assert stack_state(aws.client("cloudformation"), "powertune") is None


def test_an_update_keeps_what_no_option_names():
    aws = FakeStacks()
    aws.stack(KmsKeyArn="arn:aws:kms:eu-west-1:1:key/k", LogDays="30", Gone="x", Architecture="arm64")
    prepare(aws, parameters={"LogDays": "60"})
    given = parameters(aws)
    assert given["KmsKeyArn"] == "PREVIOUS"
    assert given["LogDays"] == "60"
    assert given["Architecture"] == "arm64"
    assert "Gone" not in given
    assert "ResultsDays" not in given
    assert "Tags" not in aws.requests[-1]


def test_the_architecture_is_the_one_asked_for_then_the_present_one_then_x86():
    aws = FakeStacks()
    assert deployment.architecture_of(wanted(), None) is Architecture.X86_64
    aws.stack(Architecture="arm64")
    state = deployment.look(aws, "powertune")
    assert deployment.architecture_of(wanted(), state) is Architecture.ARM64
    assert deployment.architecture_of(wanted(architecture=Architecture.X86_64), state) is Architecture.X86_64


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "CREATE_FAILED"])
def test_the_rest_of_a_failed_creation_is_deleted_first(status):
    aws = FakeStacks()
    old = aws.stack(status=status)
    prepared = prepare(aws)
    assert old["status"] == "DELETE_COMPLETE"
    assert status in prepared.notes[0]
    assert aws.requests[-1]["ChangeSetType"] == "CREATE"
    assert execute(aws, prepared).status == "CREATE_COMPLETE"


def test_a_rest_that_cannot_be_deleted_is_named():
    aws = FakeStacks()
    aws.stack(status="ROLLBACK_COMPLETE")
    aws.failures = [("WorkerRole", "AWS::IAM::Role", "Cannot delete entity")]
    with pytest.raises(AwsError, match=r"WorkerRole \(AWS::IAM::Role\): Cannot delete entity. It is DELETE_FAILED"):
        prepare(aws)
    assert aws.requests == []


def test_an_empty_stack_that_a_change_set_left_is_created():
    aws = FakeStacks()
    aws.stack(status="REVIEW_IN_PROGRESS")
    prepared = prepare(aws)
    assert aws.requests[-1]["ChangeSetType"] == "CREATE"
    assert execute(aws, prepared).status == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("UPDATE_IN_PROGRESS", "is being changed by somebody else"),
        ("UPDATE_ROLLBACK_FAILED", "could not be rolled back"),
        ("DELETE_FAILED", "is half deleted"),
    ],
)
def test_a_stack_that_cannot_be_changed_now_is_refused_before_anything(status, says):
    aws = FakeStacks()
    aws.stack(status=status)
    with pytest.raises(AwsError, match=says):
        deployment.look(aws, "powertune")
    assert set(aws.calls) == {"cloudformation:DescribeStacks"}


@pytest.mark.parametrize(
    ("operation", "doing"),
    [
        ("DescribeStacks", "looking at the stack powertune"),
        ("CreateChangeSet", "making a change set"),
        ("CreateBucket", "making the bucket"),
        ("GetCallerIdentity", "asking who is calling"),
    ],
)
def test_a_denial_says_what_was_denied(operation, doing):
    aws = FakeStacks()
    aws.denied = {operation}
    with pytest.raises(AwsError, match=f"AWS denied {doing}"):
        prepare(aws)


def test_a_failure_names_the_first_resource_that_failed_by_itself_and_how_the_stack_is_left():
    aws = FakeStacks()
    aws.failures = [
        ("WorkerFunction", "AWS::Lambda::Function", "Memory limit exceeded."),
        ("PlannerRole", "AWS::IAM::Role", "Resource creation cancelled"),
        ("CleanerLogs", "AWS::Logs::LogGroup", "later"),
    ]
    with pytest.raises(AwsError) as caught:
        execute(aws, prepare(aws))
    assert "WorkerFunction (AWS::Lambda::Function): Memory limit exceeded. It is ROLLBACK_COMPLETE" in str(caught.value)
    assert "everything that was made is deleted again" in str(caught.value)
    assert "later" not in str(caught.value)


def test_only_cancellations_do_not_hide_that_it_failed():
    aws = FakeStacks()
    aws.failures = [("PlannerRole", "AWS::IAM::Role", "Resource creation cancelled")]
    with pytest.raises(AwsError, match=r"no reason given\. It is ROLLBACK_COMPLETE"):
        execute(aws, prepare(aws))


def test_an_update_that_failed_says_that_the_stack_is_as_before():
    aws = FakeStacks()
    aws.stack()
    aws.failures = [("WorkerFunction", "AWS::Lambda::Function", "no")]
    with pytest.raises(AwsError, match="UPDATE_ROLLBACK_COMPLETE: it is as it was before"):
        execute(aws, prepare(aws))


def test_an_update_that_could_not_be_rolled_back_says_what_to_do():
    aws = FakeStacks()
    aws.stack()
    aws.failures = [("WorkerFunction", "AWS::Lambda::Function", "no")]
    aws.ends["execute"] = "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(AwsError, match="continue-update-rollback --stack-name powertune"):
        execute(aws, prepare(aws))


def test_a_change_that_is_declined_leaves_neither_change_set_nor_empty_stack():
    aws = FakeStacks()
    prepared = prepare(aws)
    discard(aws.client("cloudformation"), prepared.change_set)
    assert aws.change_sets == {}
    assert stack_state(aws.client("cloudformation"), "powertune") is None


def test_a_declined_update_leaves_the_stack():
    aws = FakeStacks()
    stack = aws.stack()
    discard(aws.client("cloudformation"), prepare(aws).change_set)
    assert aws.change_sets == {}
    assert stack["status"] == "CREATE_COMPLETE"


def test_an_empty_stack_of_somebody_else_is_not_deleted_when_declined():
    aws = FakeStacks()
    stack = aws.stack(status="REVIEW_IN_PROGRESS")
    discard(aws.client("cloudformation"), prepare(aws).change_set)
    assert stack["status"] == "REVIEW_IN_PROGRESS"


def test_a_results_bucket_that_an_earlier_stack_left_is_used_again():
    aws = FakeStacks()
    aws.bucket(RESULTS, "runs/1/result.json")
    prepared = prepare(aws)
    assert parameters(aws)["CreateResultsBucket"] == "false"
    assert RESULTS in prepared.notes[0]


def test_the_results_bucket_of_a_stack_that_is_there_stays_its_own():
    aws = FakeStacks()
    aws.stack(CreateResultsBucket="true")
    aws.bucket(RESULTS)
    prepare(aws)
    assert parameters(aws)["CreateResultsBucket"] == "PREVIOUS"


def test_a_bucket_of_another_account_is_never_written_to():
    aws = FakeStacks()
    aws.bucket(ARTIFACTS, owner="999999999999")
    with pytest.raises(AwsError, match="belongs to another account"):
        prepare(aws)
    assert aws.buckets[ARTIFACTS]["objects"] == {}
    assert aws.requests == []


def test_a_bucket_of_the_users_must_be_there():
    aws = FakeStacks()
    with pytest.raises(AwsError, match="There is no bucket mine"):
        prepare(aws, artifact_bucket="mine")


def test_code_that_is_there_already_is_not_uploaded_again():
    aws = FakeStacks()
    execute(aws, prepare(aws))
    uploads = aws.calls["s3:PutObject"]
    prepare(aws)
    assert aws.calls["s3:PutObject"] == uploads


def test_old_code_goes_but_for_what_a_rollback_would_need():
    aws = FakeStacks()
    aws.stack(WorkerKey="powertune-worker-1111111111111111.zip", PlannerKey="p1")
    aws.bucket(ARTIFACTS, "powertune-worker-0.zip", "powertune-worker-1111111111111111.zip", **{ARTIFACTS_TAG: "x"})
    execute(aws, prepare(aws))
    assert set(aws.buckets[ARTIFACTS]["objects"]) == KEYS | {"powertune-worker-1111111111111111.zip"}


def test_nothing_is_deleted_from_a_bucket_of_the_users():
    aws = FakeStacks()
    aws.bucket("mine", "precious.txt", team="payments")
    execute(aws, prepare(aws, artifact_bucket="mine"))
    assert set(aws.buckets["mine"]["objects"]) == {"precious.txt", *(f"powertune/{key}" for key in KEYS)}
    assert parameters(aws)["WorkerKey"] in aws.buckets["mine"]["objects"]


@pytest.mark.parametrize(
    ("change", "loses"),
    [
        (("Modify", "ResultsBucket", "True"), True),
        (("Modify", "ResultsBucket", "Conditional"), True),
        (("Remove", "ResultsBucket", None), True),
        (("Modify", "ResultsBucket", "False"), False),
        (("Modify", "StateMachine", "True"), False),
    ],
)
def test_only_another_results_bucket_loses_results(change, loses):
    action, name, replacement = change
    aws = FakeStacks()
    aws.stack()
    aws.changes = [(action, name, "AWS::Some::Thing", replacement)]
    (found,) = prepare(aws).change_set.changes
    assert found.loses_results is loses


def test_a_replacement_is_no_mere_modification():
    assert Change(action="replace", logical_id="ResultsBucket", kind="x").loses_results
    aws = FakeStacks()
    aws.stack()
    aws.changes = [("Modify", "WorkerFunction", "AWS::Lambda::Function", "True")]
    (found,) = prepare(aws).change_set.changes
    assert found.action == "replace"
