"""An isolated run makes the calls that its policy allows, and the policy allows nothing that would write the target."""

import pytest
from fake_aws import ACCOUNT, ARN, NAME, REGION, FakeClock, Killed
from policed_account import PolicedAccount, PolicedStackAccount

from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.permissions import Feature, Mode, Scope, StackRole, allows, role_statements, statements_for
from powertune.store import MemoryStore
from powertune.target.clone import clone_arn, delete_clone, find_clones
from powertune.wire import to_data
from powertune.workflow.direct import run_direct
from powertune.workflow.execution import run_execution
from powertune.workflow.services import Services
from powertune.workflow.stack import find_stack
from powertune.workflow.steps import run_step

TARGET = FunctionArn.parse(ARN)
LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:tools:3"
SCOPE = Scope(function=TARGET, function_role_arn=f"arn:aws:iam::{ACCOUNT}:role/orders", layer_arns=(LAYER,))
ISOLATED = statements_for(Mode.DIRECT, SCOPE, (Feature.ISOLATE,))


@pytest.fixture
def aws(monkeypatch):
    aws = PolicedAccount(ISOLATED)
    aws.latest["Layers"] = [{"Arn": LAYER}]
    aws.layers = {LAYER: {"CompatibleArchitectures": ["x86_64", "arm64"]}}
    aws.serve_code(monkeypatch)
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


def test_an_isolated_run_through_the_state_machine_makes_only_calls_that_its_roles_allow(monkeypatch):
    roles = {role.value: role_statements(role, SCOPE, (Feature.ISOLATE,)) for role in StackRole}
    clock = FakeClock()
    aws = PolicedStackAccount(statements_for(Mode.STACK, SCOPE), roles, clock, monkeypatch)
    aws.serve_code(monkeypatch)
    request = TuningRequest(function_arn=TARGET, memory_sizes_mb=(128, 512), invocations=3, isolate=True)
    before = aws.visible()
    result = run_execution(
        aws, find_stack(aws, ACCOUNT), request, "run-1", clock, progress=lambda _: None, stop_requested=lambda: False
    )
    assert result.restored
    assert (aws.denied, aws.made) == ([], {})
    assert aws.visible() == before


def test_the_cleaner_may_delete_the_clone_of_a_run_that_died(monkeypatch):
    made = PolicedAccount(ISOLATED)
    made.serve_code(monkeypatch)

    def die(number, service, operation, when):
        if operation == "invoke":
            made.fault = lambda *_: dead()

    def dead():
        raise Killed

    made.fault = die
    with pytest.raises(Killed):
        run(made)
    assert made.made
    made.fault = lambda *_: None
    services = Services(session=made, store=MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"))
    request = TuningRequest(function_arn=TARGET, memory_sizes_mb=(128, 512), invocations=3, isolate=True)
    data = {"run_id": "run-1", "request": to_data(request)}
    with made.under(role_statements(StackRole.CLEANER, SCOPE, (Feature.ISOLATE,))):
        assert run_step(services, "restore", data)["restored"]
    assert (made.denied, made.made) == ([], {})
