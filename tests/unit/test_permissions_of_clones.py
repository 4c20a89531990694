"""An isolated run makes the calls that its policy allows, and the policy allows nothing that would write the target."""

import pytest
from fake_account import FakeAccount
from fake_aws import ACCOUNT, ARN, NAME, REGION, FakeClock
from policed_aws import PolicedAws

from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.permissions import Feature, Mode, Scope, allows, statements_for
from powertune.store import MemoryStore
from powertune.target import cloning
from powertune.target.clone import clone_arn, delete_clone, find_clones
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services

TARGET = FunctionArn.parse(ARN)
LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:tools:3"
SCOPE = Scope(function=TARGET, function_role_arn=f"arn:aws:iam::{ACCOUNT}:role/orders", layer_arns=(LAYER,))
ISOLATED = statements_for(Mode.DIRECT, SCOPE, (Feature.ISOLATE,))


class PolicedAccount(PolicedAws, FakeAccount):
    """The account with IAM: what CreateFunction needs beside itself is checked too."""

    def check(self, action, resource):
        # IAM's name for the call that takes a layer's ARN (Service Authorization Reference, AWS Lambda).
        super().check("lambda:GetLayerVersion" if action == "lambda:GetLayerVersionByArn" else action, resource)

    def _resource(self, service, operation, given):
        if operation == "create_function":
            arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{given['FunctionName']}"
            self.check("lambda:TagResource", arn)
            self.check("iam:PassRole", given["Role"])
            for layer in given.get("Layers", ()):
                self.check("lambda:GetLayerVersion", layer)
            return arn
        if operation == "list_functions":
            return "*"
        if operation == "get_layer_version_by_arn":
            return given["Arn"]
        if operation == "list_tags":
            return given["Resource"]
        return super()._resource(service, operation, given)


@pytest.fixture
def aws(monkeypatch):
    aws = PolicedAccount(ISOLATED)
    aws.latest["Layers"] = [{"Arn": LAYER}]
    aws.layers = {LAYER: {"CompatibleArchitectures": ["x86_64", "arm64"]}}
    monkeypatch.setattr(cloning, "download", aws.download)
    return aws


def run(aws, **more):
    services = Services(session=aws, store=MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"))
    request = TuningRequest(function_arn=TARGET, memory_sizes_mb=(128, 512), invocations=3, isolate=True, **more)
    return run_direct(services, request, "run-1")


@pytest.mark.parametrize("architecture", [None, Architecture.ARM64])
def test_an_isolated_run_and_its_cleanup_make_only_calls_that_the_policy_allows(aws, architecture):
    assert run(aws, architecture=architecture).restored
    for clone in find_clones(aws.client("lambda"), TARGET):
        delete_clone(aws.client("lambda"), clone, FakeClock())
    assert aws.denied == []
    assert aws.made == {}


@pytest.mark.parametrize(
    "action",
    [
        "lambda:UpdateFunctionConfiguration",
        "lambda:UpdateFunctionCode",
        "lambda:PublishVersion",
        "lambda:CreateAlias",
        "lambda:UpdateAlias",
        "lambda:DeleteAlias",
        "lambda:DeleteFunction",
        "lambda:TagResource",
        "lambda:InvokeFunction",
    ],
)
def test_the_policy_of_an_isolated_run_allows_nothing_that_writes_or_invokes_the_target(action):
    for resource in (ARN, f"{ARN}:1", f"{ARN}:live"):
        assert not allows(ISOLATED, action, resource)


def test_a_clone_may_be_made_and_deleted_and_no_other_function_may():
    for action in ("lambda:CreateFunction", "lambda:DeleteFunction"):
        assert allows(ISOLATED, action, str(clone_arn(TARGET, "run-1")))
        assert not allows(ISOLATED, action, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}-2")
