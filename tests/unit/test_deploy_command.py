"""``powertune deploy`` and ``powertune destroy`` as a user meets them."""

import json

import pytest
from click.testing import CliRunner
from fake_aws import FakeClock
from fake_stacks import ACCOUNT, NOTHING, REGION, FakeStacks
from task_packages import no_wheels

from powertune.aws import clock, session
from powertune.cli import deploy as deploy_module
from powertune.cli import deploy_options
from powertune.cli import destroy as destroy_module
from powertune.cli.main import cli
from powertune.errors import AwsError, LeaseHeld, PowertuneError, Stopped, UsageError
from powertune.workflow import wheels
from powertune.workflow.buckets import ARTIFACTS_TAG

SCOPE = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
ARTIFACTS = f"powertune-artifacts-{ACCOUNT}-{REGION}"
RESULTS = f"powertune-{ACCOUNT}-{REGION}"


@pytest.fixture
def aws(monkeypatch):
    fake = FakeStacks()
    monkeypatch.setattr(session, "AwsSession", lambda **_: fake)
    monkeypatch.setattr(clock, "SystemClock", FakeClock)
    monkeypatch.setattr(wheels, "install_wheels", no_wheels)
    return fake


@pytest.fixture
def terminal(monkeypatch):
    for module in (deploy_options, deploy_module, destroy_module):
        monkeypatch.setattr(module, "somebody_is_there", lambda: True)


def run(*arguments, answer=None):
    done = CliRunner().invoke(cli, list(arguments), input=answer, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done


def parameters(aws):
    given = aws.requests[-1]["Parameters"]
    return {one["ParameterKey"]: one.get("ParameterValue", "PREVIOUS") for one in given}


# --- deploy ----------------------------------------------------------------------------------------------------


def test_the_change_set_is_shown_and_the_answer_is_the_state_machine(aws):
    done = run("deploy", "--yes", "--function-scope", SCOPE)
    assert "+ add         StateMachine (AWS::StepFunctions::StateMachine)" in done.stderr
    assert f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:powertune" in done.stdout
    assert "is created" in done.stdout
    assert "every function" not in done.stderr


def test_a_scope_of_everything_is_said(aws):
    assert "every function of this account and region" in run("deploy", "--yes").stderr


def test_json_says_what_was_done(aws):
    answer = json.loads(run("deploy", "--yes", "--json").stdout)
    assert answer["status"] == "created"
    assert answer["results_bucket"] == RESULTS
    assert {change["resource"] for change in answer["changes"]} == {"ResultsBucket", "StateMachine"}


def test_no_change_is_a_success(aws):
    aws.stack()
    aws.change_set_failure = NOTHING
    done = run("deploy", "--yes")
    assert done.return_value == 0
    assert "up to date: nothing was changed" in done.stdout


def test_every_option_becomes_its_parameter(aws):
    run(
        "deploy", "--yes", "--architecture", "arm64", "--function-scope", SCOPE, "--function-scope", f"{SCOPE}-2",
        "--log-group-scope", "arn:aws:logs:r:1:log-group:mine:*", "--kms-key-arn", "arn:aws:kms:r:1:key/k",
        "--subnet-ids", "s-1,s-2", "--security-group-ids", "sg-1", "--permissions-boundary", "arn:aws:iam::1:policy/b",
        "--allow-isolated", "--target-role-arn", "arn:aws:iam::1:role/a", "--assume-role-arn", "arn:aws:iam::2:role/b",
        "--results-days", "7", "--log-days", "30", "--tag", "team=payments", "--parameter", "Tracing=true",
    )  # fmt: skip
    expected = {
        "Architecture": "arm64",
        "FunctionScope": f"{SCOPE},{SCOPE}-2",
        "LogGroupScope": "arn:aws:logs:r:1:log-group:mine",
        "KmsKeyArn": "arn:aws:kms:r:1:key/k",
        "SubnetIds": "s-1,s-2",
        "SecurityGroupIds": "sg-1",
        "PermissionsBoundary": "arn:aws:iam::1:policy/b",
        "AllowIsolated": "true",
        "TargetRoleArns": "arn:aws:iam::1:role/a",
        "AssumeRoleArns": "arn:aws:iam::2:role/b",
        "ResultsDays": "7",
        "LogDays": "30",
        "Tracing": "true",
        "NamePrefix": "powertune",
    }
    assert expected.items() <= parameters(aws).items()
    assert aws.requests[-1]["Tags"] == [{"Key": "team", "Value": "payments"}]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--name-prefix", "Bad_Name"], "cannot be a name prefix"),
        (["--stack-name", "1x"], "cannot be the name of a stack"),
        (["--function-scope", f"{SCOPE}:live"], "is not the ARN of a function"),
        (["--subnet-ids", "s-1"], "go together"),
        (["--target-role-arn", "arn:aws:iam::1:role/a"], "goes with --allow-isolated"),
        (["--tag", "team"], "takes KEY=VALUE"),
        (["--parameter", "Nothing=1"], "has no parameter 'Nothing'"),
        (["--parameter", "WorkerKey=1"], "is set by powertune deploy itself"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything(aws, arguments, says):
    with pytest.raises(UsageError, match=says):
        run("deploy", "--yes", *arguments)
    assert not aws.calls


def test_a_parameter_can_be_set_back_to_nothing(aws):
    aws.stack(FunctionScope=SCOPE)
    done = run("deploy", "--yes", "--parameter", "FunctionScope=")
    assert parameters(aws)["FunctionScope"] == ""
    assert "every function" in done.stderr


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_where_nobody_can_be_asked_yes_must_be_said(aws, command):
    with pytest.raises(UsageError, match="Nobody can be asked") as caught:
        run(command)
    assert "--yes" in caught.value.next_step
    assert not aws.calls


def test_a_no_leaves_nothing_behind(aws, terminal):
    with pytest.raises(Stopped, match="Nothing was changed"):
        run("deploy", answer="n\n")
    assert aws.change_sets == {}
    assert aws.calls["cloudformation:ExecuteChangeSet"] == 0


def test_ctrl_c_at_the_question_is_a_no(aws, terminal):
    with pytest.raises(Stopped, match="Nothing was changed"):
        run("deploy", answer="")
    assert aws.change_sets == {}


def test_a_yes_changes_the_stack(aws, terminal):
    assert "is created" in run("deploy", answer="y\n").stdout


def test_ctrl_c_while_the_stack_changes_says_that_it_goes_on(aws, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(deploy_module.ProgressLine, "say", lambda self, text: interrupted() if ":" in text else None)
    with pytest.raises(Stopped, match="CloudFormation goes on changing it"):
        run("deploy", "--yes")


def test_another_results_bucket_is_warned_of(aws):
    aws.stack()
    aws.changes = [("Modify", "ResultsBucket", "AWS::S3::Bucket", "True")]
    done = run("deploy", "--yes")
    assert "! replace     ResultsBucket" in done.stderr
    assert "Warning: the results bucket is replaced" in done.stderr


def test_a_failure_is_an_error_for_people(aws):
    aws.failures = [("WorkerFunction", "AWS::Lambda::Function", "no")]
    with pytest.raises(AwsError, match="WorkerFunction") as caught:
        run("deploy", "--yes")
    assert caught.value.exit_code == 3
    assert isinstance(caught.value, PowertuneError)


def test_another_prefix_says_how_it_is_found(aws):
    done = run("deploy", "--yes", "--name-prefix", "tuner")
    assert "export POWERTUNE_NAME_PREFIX=tuner" in done.stdout
    assert aws.requests[-1]["StackName"] == "tuner"
    assert f"tuner-artifacts-{ACCOUNT}-{REGION}" in aws.buckets


def test_files_are_emitted_without_aws(aws, tmp_path):
    folder = tmp_path / "with space" / "packaged"
    done = run("deploy", "--emit", str(folder), "--architecture", "arm64", "--json")
    files = {path.name for path in folder.iterdir()}
    assert {"template.yaml", "README.txt"} < files
    assert len([name for name in files if name.endswith(".zip")]) == 2
    assert len(json.loads(done.stdout)["files"]) == 4
    text = (folder / "template.yaml").read_text(encoding="utf-8")
    assert "Default: arm64" in text
    assert all(name in text for name in files if name.endswith(".zip"))
    assert "sam deploy" in (folder / "README.txt").read_text(encoding="utf-8")
    assert not aws.calls


# --- destroy ---------------------------------------------------------------------------------------------------


@pytest.fixture
def deployed(aws):
    aws.stack(NamePrefix="powertune", ArtifactBucket=ARTIFACTS)
    aws.bucket(ARTIFACTS, **{ARTIFACTS_TAG: "made by powertune deploy"})
    aws.bucket(RESULTS, "runs/1/result.json")
    return aws


def test_what_goes_is_shown_and_goes(deployed, terminal):
    done = run("destroy", answer="y\n")
    assert f"the results bucket {RESULTS} with 1 object in it" in done.stderr
    assert "Deleted the stack powertune" in done.stdout
    assert deployed.buckets == {}


def test_kept_results_are_named(deployed):
    assert f"Kept the results bucket {RESULTS}" in run("destroy", "--yes", "--keep-results").stdout
    assert set(deployed.buckets) == {RESULTS}


def test_a_no_deletes_nothing(deployed, terminal):
    with pytest.raises(Stopped, match="Nothing was deleted"):
        run("destroy", answer="n\n")
    assert set(deployed.buckets) == {ARTIFACTS, RESULTS}


def test_runs_under_way_are_only_overridden_by_force(deployed):
    deployed.running = ["run-1"]
    with pytest.raises(LeaseHeld, match="run-1"):
        run("destroy", "--yes")
    assert set(deployed.buckets) == {ARTIFACTS, RESULTS}
    run("destroy", "--yes", "--force")
    assert deployed.buckets == {}


def test_nothing_to_destroy_is_a_success(aws):
    done = run("destroy", "--yes")
    assert done.return_value == 0
    assert "nothing of powertune to delete" in done.stdout
    assert json.loads(run("destroy", "--yes", "--json").stdout) == {"deleted": [], "kept": []}
