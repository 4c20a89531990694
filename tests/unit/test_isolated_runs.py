"""An isolated run measures a temporary clone: the target is never written, and no clone is left behind."""

import dataclasses
import re
from collections import Counter

import pytest
from both_drivers import by_state_machine, directly, services_of
from botocore.exceptions import ConnectionClosedError, HTTPClientError
from fake_account import FakeAccount, package
from fake_aws import ACCOUNT, ARN, NAME, REGION, FakeClock, Killed, refusal

from powertune.aws.errors import code_of, message_of
from powertune.domain.events import Phase
from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.errors import (
    AwsError,
    FunctionChanged,
    FunctionRefused,
    LeaseHeld,
    NotRestored,
    PowertuneError,
    UsageError,
)
from powertune.store import FolderStore
from powertune.target import function_code
from powertune.target.clone import Clone, clone_arn, clone_by_tags, clone_of_run, clone_tags, delete_clone, find_clones
from powertune.wire import to_data
from powertune.workflow import tasks
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services

RUN_ID = "20261124T120000-abc123"
TARGET = FunctionArn.parse(ARN)
CLONE = f"powertune-clone-{RUN_ID}"


@pytest.fixture
def account(monkeypatch):
    def make(**more):
        aws = FakeAccount(**more)
        aws.serve_code(monkeypatch)
        return aws

    return make


class Named(Counter):
    """Calls that are asked for by AWS's names of them."""

    def __missing__(self, name):
        return self.get(re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower(), 0)


def services(aws, folder, **more):
    return Services(
        session=aws, store=FolderStore(folder), clock=FakeClock(), environment=Environment(kind="aws"), **more
    )


def run(aws, folder, sizes=(128, 512, 1024), **more):
    request = TuningRequest(function_arn=TARGET, memory_sizes_mb=sizes, **{"isolate": True, "invocations": 3, **more})
    return run_direct(services(aws, folder), request, RUN_ID)


def with_things_of_the_user(account, **more):
    aws = account(**more)
    aws.publish_version(ARN, Description="release 1")
    aws.create_alias(ARN, "live", "1")
    return aws


def test_the_target_is_never_written_and_the_clone_is_gone_at_the_end(account, tmp_path):
    aws = with_things_of_the_user(account)
    before = aws.visible()
    result = run(aws, tmp_path)
    assert result.restored
    assert aws.written == []
    assert aws.visible() == before
    assert aws.made == {}
    assert [created["FunctionName"] for created in aws.created] == [CLONE]


def test_the_result_is_about_the_target_and_names_the_clone(account, tmp_path):
    result = run(account(), tmp_path)
    assert (result.function.arn, result.function.name, result.function.original_memory_mb) == (ARN, NAME, 512)
    assert result.function.clone == CLONE
    assert result.recommendation is not None
    assert {sample.memory_mb for sample in result.samples} == {128, 512, 1024}


def test_the_clone_gets_code_and_settings_but_nothing_that_would_invoke_it(account, tmp_path):
    aws = account()
    aws.signing = "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0"
    aws.latest.update(
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"], "VpcId": "vpc-1"},
        Layers=[{"Arn": "arn:aws:lambda:us-east-1:123456789012:layer:tools:3", "CodeSize": 1}],
        EphemeralStorage={"Size": 1024},
        KMSKeyArn="arn:aws:kms:us-east-1:123456789012:key/1",
        FileSystemConfigs=[{"Arn": "arn:aws:elasticfilesystem:us-east-1:1:access-point/a", "LocalMountPath": "/mnt/a"}],
        DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"},
        LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "INFO", "LogGroup": "shared"},
        SnapStart={"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"},
    )
    run(aws, tmp_path)
    (made,) = aws.created
    assert made["Code"] == {"ZipFile": aws.code}
    assert made["Role"] == f"arn:aws:iam::{ACCOUNT}:role/orders"
    assert made["VpcConfig"] == {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert made["Layers"] == ["arn:aws:lambda:us-east-1:123456789012:layer:tools:3"]
    assert made["EphemeralStorage"] == {"Size": 1024}
    assert made["KMSKeyArn"].endswith("key/1")
    assert made["FileSystemConfigs"][0]["LocalMountPath"] == "/mnt/a"
    assert made["LoggingConfig"] == {"LogFormat": "JSON", "SystemLogLevel": "INFO", "LogGroup": "shared"}
    assert made["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert made["Environment"] == {"Variables": {"TABLE": "orders"}}
    assert made["CodeSigningConfigArn"] == aws.signing
    assert made["Tags"]["powertune:run"] == RUN_ID
    assert made["Tags"]["powertune:target"] == ARN
    assert int(made["Tags"]["powertune:until"]) > FakeClock().ms
    assert "DeadLetterConfig" not in made
    assert "put_function_concurrency" not in aws.log


def test_the_default_log_group_of_the_target_is_written_out_for_the_clone(account, tmp_path):
    aws = account()
    del aws.latest["LoggingConfig"]
    run(aws, tmp_path)
    assert aws.created[0]["LoggingConfig"] == {"LogGroup": f"/aws/lambda/{NAME}"}


def test_a_container_image_is_cloned_by_its_digest(account, tmp_path):
    aws = account()
    aws.latest.update(PackageType="Image", ImageConfigResponse={"ImageConfig": {"Command": ["app.handler"]}})
    del aws.latest["Runtime"], aws.latest["Handler"]
    assert run(aws, tmp_path).function.clone == CLONE
    (made,) = aws.created
    assert made["Code"] == {"ImageUri": "r/orders@sha256:0ff"}
    assert made["PackageType"] == "Image"
    assert made["ImageConfig"] == {"Command": ["app.handler"]}
    assert "Runtime" not in made
    assert "lambda:get_function_code_signing_config" not in aws.log


def test_production_records_in_the_shared_log_group_are_not_taken_for_the_runs(account, tmp_path):
    lost = []

    def lose(number, service, operation, when):
        if operation == "invoke" and when == "after" and not lost:
            lost.append(number)
            from botocore.exceptions import ReadTimeoutError

            raise ReadTimeoutError(endpoint_url="lambda")

    aws = account(fault=lose)
    text = "REPORT RequestId: prod-{}\tDuration: 9000.00 ms\tBilled Duration: 9000 ms\tMemory Size: 512 MB\t\n"
    aws.reports = [
        {"request_id": f"prod-{version}", "version": version, "duration": 9000.0, "text": text.format(version)}
        | {"billed": 9000, "init": None, "at": 1}
        for version in ("1", "2", "3")
    ]
    result = run(aws, tmp_path)
    assert lost
    assert all(sample.duration_ms != 9000.0 for sample in result.samples)
    found = [sample for sample in result.samples if sample.outcome == "lost" and sample.duration_ms is not None]
    assert len(found) == 1  # its record is in the log, under the clone's name
    assert CLONE in found[0].log_stream


# --- dying and failing ------------------------------------------------------------------------------------------


def cleanup(aws):
    client = aws.client("lambda")
    for clone in find_clones(client, TARGET):
        delete_clone(client, clone, FakeClock())


@pytest.mark.parametrize("when", ["before", "after"])
def test_after_death_at_any_call_cleanup_finds_the_clone_and_the_target_was_never_written(account, tmp_path, when):
    counting = with_things_of_the_user(account)
    run(counting, tmp_path / "count")
    total = len(counting.log)
    assert total > 50
    for fatal in range(total):

        def die(number, service, operation, moment, fatal=fatal):
            if number > fatal or (number == fatal and moment == when):
                raise Killed

        aws = with_things_of_the_user(account, fault=die)
        before = aws.visible()
        with pytest.raises(Killed):
            run(aws, tmp_path / f"{when}-{fatal}")
        aws.fault = lambda *_: None
        cleanup(aws)
        assert aws.made == {}, f"a clone is left after dying {when} call {fatal}, {aws.log[fatal]}"
        assert aws.written == []
        assert aws.visible() == before


@pytest.mark.parametrize("code", ["ServiceException", "AccessDeniedException"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_after_an_error_at_any_call_the_run_deletes_its_clone_itself(account, tmp_path, code, when):
    counting = with_things_of_the_user(account)
    run(counting, tmp_path / "count")
    for failing in range(len(counting.log)):

        def fail(number, service, operation, moment, failing=failing):
            if number == failing and moment == when and operation != "invoke":
                raise refusal(operation, code, status=500)

        aws = with_things_of_the_user(account, fault=fail)
        before = aws.visible()
        try:
            run(aws, tmp_path / f"{code}-{when}-{failing}")
        except NotRestored:
            cleanup(aws)  # the undo itself met the error
        except PowertuneError:
            pass  # reported, and undone
        assert aws.made == {}, f"a clone is left after {code} {when} call {failing}, {aws.log[failing]}"
        assert aws.written == []
        assert aws.visible() == before


def test_a_clone_whose_making_was_answered_too_late_is_used(account, tmp_path):
    """The first try got through and its answer was lost: the SDK sends the call again."""
    aws = account()
    real = aws.create_function

    def twice(**given):
        real(**given)
        return real(**given)

    aws.create_function = twice
    assert run(aws, tmp_path).restored
    assert aws.made == {}


def test_a_function_of_the_users_with_the_clones_name_is_neither_used_nor_deleted(account, tmp_path):
    aws = account()
    aws.create_function(
        FunctionName=CLONE, Role=f"arn:aws:iam::{ACCOUNT}:role/other", Architectures=["x86_64"], Code={"ZipFile": b"z"}
    )
    with pytest.raises(AwsError, match="already exist"):
        run(aws, tmp_path)
    assert list(aws.made) == [CLONE]


def test_a_denied_creation_says_which_permissions_a_clone_needs(account, tmp_path):
    def deny(number, service, operation, when):
        if operation == "create_function":
            text = (
                "User: me is not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/orders"
            )
            raise refusal("CreateFunction", "AccessDeniedException", text)

    with pytest.raises(AwsError, match="iam:PassRole") as caught:
        run(account(fault=deny), tmp_path)
    assert "--allow-isolated" in caught.value.next_step
    assert "role/orders" in caught.value.next_step


def test_a_clone_that_is_there_and_cannot_be_deleted_is_told_before_what_went_wrong(account, tmp_path):
    def offline(number, service, operation, when):
        if "lambda:create_function" in aws.log[:-1]:
            raise ConnectionClosedError(endpoint_url="https://lambda")

    aws = account(fault=offline)
    aws.calls = Named()
    with pytest.raises(NotRestored, match=f"{CLONE} of orders was not deleted") as caught:
        run(aws, tmp_path)
    assert f"--run-id {RUN_ID}" in caught.value.next_step
    assert "orders itself was not changed" in caught.value.message


def test_an_error_of_the_connection_has_no_code():
    assert code_of(ConnectionClosedError(endpoint_url="https://lambda")) == ""
    assert code_of(HTTPClientError(error="closed")) == ""
    assert message_of(HTTPClientError(error="closed"))


def test_no_clone_is_made_whose_tags_could_not_be_read_again(account, tmp_path):
    def deny(number, service, operation, when):
        if operation == "list_tags":
            raise refusal("ListTags", "AccessDeniedException", "not authorized to perform: lambda:ListTags")

    aws = account(fault=deny)
    with pytest.raises(AwsError, match="lambda:ListTags") as caught:
        run(aws, tmp_path)
    assert not isinstance(caught.value, NotRestored)
    assert aws.created == []


def test_code_that_its_signing_configuration_refuses_is_said_in_words(account, tmp_path):
    def refuse(number, service, operation, when):
        if operation == "create_function":
            raise refusal("CreateFunction", "CodeVerificationFailedException", "signature expired")

    with pytest.raises(FunctionRefused, match=r"does not let its code be deployed again: signature expired"):
        run(account(fault=refuse), tmp_path)


def test_a_runtime_that_aws_gives_to_no_new_function_is_said_in_words(account, tmp_path):
    def refuse(number, service, operation, when):
        if operation == "create_function":
            text = "The runtime parameter of python3.7 is no longer supported for creating or updating functions."
            raise refusal("CreateFunction", "InvalidParameterValueException", text)

    with pytest.raises(
        FunctionRefused, match=r"no new function like orders: The runtime parameter of python3\.7"
    ) as caught:
        run(account(fault=refuse), tmp_path)
    assert "without --isolate" in caught.value.next_step


def test_another_version_of_the_runtime_in_the_clone_is_said(account, tmp_path):
    aws = account()
    arn = "arn:aws:lambda:us-east-1::runtime:"
    aws.latest["RuntimeVersionConfig"] = {"RuntimeVersionArn": f"{arn}old"}

    def newer(number, service, operation, when):
        if operation == "create_function" and when == "after":
            aws.made[CLONE].latest["RuntimeVersionConfig"] = {"RuntimeVersionArn": f"{arn}new"}

    aws.fault = newer
    assert any("another version of the runtime" in warning for warning in run(aws, tmp_path).warnings)


def test_two_isolated_runs_of_one_function_do_not_meet(account, tmp_path):
    aws, nested = account(), []

    def second(progress):
        if progress.phase is Phase.COLLECT and not nested:
            nested.append(list(aws.made))
            run_direct(services_of(aws), asked(), "another-run")
            nested.append(list(aws.made))

    result = run_direct(services(aws, tmp_path, progress=second), asked(), RUN_ID)
    assert result.restored
    assert nested == [[CLONE], [CLONE]]
    assert [made["FunctionName"] for made in aws.created] == [CLONE, "powertune-clone-another-run"]
    assert aws.made == {}
    assert aws.written == []


def test_a_function_that_another_run_holds_is_not_cloned(account, tmp_path):
    aws = account()
    aws.create_alias(
        ARN,
        "powertune-lease",
        "$LATEST",
        '{"powertune":"other","memory_mb":512,"set_mb":[1024],"since_ms":1690000000000,"until_ms":1690000000001}',
    )
    with pytest.raises(LeaseHeld, match="other"):
        run(aws, tmp_path)
    assert aws.created == []
    assert aws.written == []
    assert "powertune-lease" in aws.aliases


def test_environment_variables_that_cannot_be_read_are_not_left_out_of_the_clone(account, tmp_path):
    aws = account()
    aws.latest["Environment"] = {"Error": {"ErrorCode": "AccessDeniedException", "Message": "no kms:Decrypt"}}
    with pytest.raises(FunctionRefused, match="no kms:Decrypt"):
        run(aws, tmp_path)
    assert aws.created == []


def test_code_that_is_deployed_in_between_is_noticed(account, tmp_path):
    def deploy(number, service, operation, when):
        if operation == "get_function" and when == "before":
            aws.latest["CodeSha256"] = "other"

    aws = account(fault=deploy)
    with pytest.raises(FunctionChanged):
        run(aws, tmp_path)
    assert aws.created == []


def test_code_of_more_than_50_mb_goes_through_the_bucket_or_not_at_all(account, tmp_path, monkeypatch):
    monkeypatch.setattr(function_code, "MOST_DIRECT_BYTES", 10)
    with pytest.raises(FunctionRefused, match="has to go through a bucket"):
        run(account(), tmp_path)
    from powertune.store import S3Store

    aws = account()
    services_ = dataclasses.replace(services(aws, tmp_path), store=S3Store(aws.client("s3"), "results"))
    request = TuningRequest(function_arn=TARGET, memory_sizes_mb=(512,), invocations=3, isolate=True)
    run_direct(services_, request, RUN_ID)
    assert aws.created[0]["Code"] == {"S3Bucket": "results", "S3Key": f"runs/{RUN_ID}/code.zip"}


def test_code_that_lies_in_its_owners_bucket_is_referred_to_there(account, tmp_path):
    aws = account()
    real = aws.get_function
    lies = {"S3Bucket": "owners", "S3Key": "orders.zip", "S3ObjectVersion": "7"}
    aws.get_function = lambda **more: {**real(**more), "Code": {"ResolvedS3Object": lies}}
    run(aws, tmp_path)
    assert aws.created[0]["Code"] == {**lies, "S3ObjectStorageMode": "REFERENCE"}


def asked(**more):
    return TuningRequest(function_arn=TARGET, memory_sizes_mb=(128, 512), invocations=3, isolate=True, **more)


def test_the_state_machine_and_the_terminal_do_the_same(account, monkeypatch):
    one, other = account(), account()
    one.serve_code(monkeypatch)
    first = directly(one, asked(apply=True))
    second, entered = by_state_machine(other, asked(apply=True), monkeypatch)
    assert "Apply" in entered
    assert first.function == second.function
    assert first.memory_sizes == second.memory_sizes
    assert first.applied == second.applied
    assert one.made == other.made == {}
    assert [call for call in one.log if "create_function" in call] == [
        call for call in other.log if "create_fun" in call
    ]


def test_a_state_machine_that_was_stopped_leaves_a_clone_that_the_restoring_task_deletes_from_the_input_alone(
    account, monkeypatch
):
    def stop(number, service, operation, when):
        if "lambda:invoke" in aws.log:
            raise Killed

    aws = account(fault=stop)
    with pytest.raises(Killed):
        run_direct(services_of(aws), asked(), "run-1")
    aws.fault = lambda *_: None
    assert list(aws.made) == ["powertune-clone-run-1"]
    monkeypatch.setattr(tasks, "_session", lambda *_, **__: aws)
    monkeypatch.setattr(tasks, "_services", lambda *_, **__: services_of(aws))
    event = {"step": "restore", "input": {"request": to_data(asked())}, "execution": "e", "name": "run-1"}
    assert tasks.handler(event, None)["restored"]
    assert aws.made == {}
    assert aws.written == []


# --- applying ---------------------------------------------------------------------------------------------------


def test_what_was_measured_on_the_clone_is_applied_to_the_target(account, tmp_path):
    aws = account(duration_ms=lambda memory_mb: 50_000 / memory_mb**1.5)
    result = run(aws, tmp_path, apply=True, invocations=6)
    assert result.applied is not None
    assert aws.latest["MemorySize"] == result.applied.memory_mb == result.recommendation.memory_mb != 512
    assert aws.made == {}
    assert aws.aliases == {}


def test_what_was_measured_on_another_instruction_set_is_not_applied(account, tmp_path):
    aws = account()
    with pytest.raises(UsageError, match="arm64"):
        run(aws, tmp_path, apply=True, architecture=Architecture.ARM64)
    assert aws.created == []


# --- another instruction set ------------------------------------------------------------------------------------


def elf(machine):
    return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + machine.to_bytes(2, "little") + bytes(100)


def test_a_package_without_compiled_files_is_measured_on_the_other_instruction_set(account, tmp_path):
    aws = account()
    result = run(aws, tmp_path, architecture=Architecture.ARM64)
    assert aws.created[0]["Architectures"] == ["arm64"]
    assert result.function.architecture is Architecture.ARM64
    assert result.function.own_architecture is Architecture.X86_64
    assert result.price.architecture is Architecture.ARM64
    assert "Measured on arm64; the function itself has x86_64." in result.warnings


def test_a_package_with_files_compiled_for_the_own_one_is_refused_unless_promised_to_work(account, tmp_path):
    code = package(**{"app.py": b"", "numpy/core.so": elf(62)})
    aws = account(code=code)
    with pytest.raises(FunctionRefused, match=r"numpy/core\.so \(x86_64\)") as caught:
        run(aws, tmp_path / "a", architecture=Architecture.ARM64)
    assert "--assume-portable" in caught.value.next_step
    assert aws.created == []
    result = run(account(code=code), tmp_path / "b", architecture=Architecture.ARM64, assume_portable=True)
    assert any("not looked into" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ({"CompatibleArchitectures": ["x86_64"]}, "is for x86_64 only"),
        ({"Content": {"Location": "layer-zip", "CodeSha256": "x"}}, "lib/a.so"),
        ({}, "could not be read"),
    ],
)
def test_a_layer_that_is_not_for_the_instruction_set_is_refused(account, tmp_path, layer, said):
    aws = account()
    arn = "arn:aws:lambda:us-east-1:123456789012:layer:tools:3"
    aws.latest["Layers"] = [{"Arn": arn}]
    aws.layers = {arn: layer, "layer-zip": package(**{"lib/a.so": elf(62)})}
    with pytest.raises(FunctionRefused, match=said):
        run(aws, tmp_path, architecture=Architecture.ARM64)


def test_a_layer_for_both_is_fine_and_one_that_may_not_be_looked_at_is_not(account, tmp_path):
    arn = "arn:aws:lambda:us-east-1:123456789012:layer:tools:3"

    def deny(number, service, operation, when):
        if operation == "get_layer_version_by_arn":
            raise refusal("GetLayerVersion", "AccessDeniedException")

    for fault in (None, deny):
        aws = account(fault=fault)
        aws.latest["Layers"] = [{"Arn": arn}]
        aws.layers = {arn: {"CompatibleArchitectures": ["x86_64", "arm64"]}}
        if fault is None:
            assert run(aws, tmp_path / "fine", architecture=Architecture.ARM64).restored
        else:
            with pytest.raises(FunctionRefused, match="could not be found out"):
                run(aws, tmp_path / "denied", architecture=Architecture.ARM64)


def test_a_container_image_is_refused_on_another_instruction_set(account, tmp_path):
    aws = account()
    aws.latest.update(PackageType="Image")
    with pytest.raises(FunctionRefused, match="container image"):
        run(aws, tmp_path, architecture=Architecture.ARM64, assume_portable=True)
    assert aws.created == []


def test_another_instruction_set_without_a_clone_cannot_be_asked_for():
    with pytest.raises(UsageError, match="temporary clone"):
        TuningRequest(function_arn=TARGET, architecture=Architecture.ARM64)
    with pytest.raises(UsageError, match="instruction set"):
        TuningRequest(function_arn=TARGET, isolate=True, assume_portable=True)


# --- names, tags, and what may be deleted ---------------------------------------------------------------------------


def test_a_clones_name_follows_from_the_run_id_and_fits_lambdas_limit():
    assert clone_arn(TARGET, RUN_ID).name == CLONE
    long = clone_arn(TARGET, "x" * 60).name
    assert len(long) <= 64
    assert long.startswith("powertune-clone-")
    assert long != clone_arn(TARGET, "y" * 60).name


def test_only_what_has_a_clones_name_and_a_clones_tags_of_the_same_run_is_deleted(account):
    aws = account()
    client = aws.client("lambda")
    arn = clone_arn(TARGET, RUN_ID)
    clone = Clone(arn=arn, run_id=RUN_ID, target=TARGET, until_ms=1)
    assert delete_clone(client, clone, FakeClock()) is False
    role = f"arn:aws:iam::{ACCOUNT}:role/orders"
    aws.create_function(FunctionName=arn.name, Role=role, Architectures=["x86_64"], Code={"ZipFile": b"z"})
    with pytest.raises(FunctionRefused, match="tags"):
        delete_clone(client, clone, FakeClock())
    aws.tags[arn.name] = clone_tags(TARGET, "another", 1)
    with pytest.raises(FunctionRefused, match="another run"):
        delete_clone(client, clone, FakeClock())
    with pytest.raises(FunctionRefused, match="name"):
        delete_clone(client, dataclasses.replace(clone, arn=TARGET), FakeClock())
    assert arn.name in aws.made
    aws.tags[arn.name] = clone_tags(TARGET, RUN_ID, 1)
    assert clone_of_run(client, TARGET, RUN_ID) == clone
    assert delete_clone(client, clone, FakeClock()) is True
    assert aws.made == {}
    assert aws.written == []


def test_clones_of_other_functions_are_not_found(account):
    aws = account()
    other = FunctionArn(partition="aws", region=REGION, account=ACCOUNT, name="invoices")
    for target, run_id in ((TARGET, "a"), (other, "b")):
        aws.create_function(
            FunctionName=clone_arn(target, run_id).name,
            Role=f"arn:aws:iam::{ACCOUNT}:role/orders",
            Architectures=["x86_64"],
            Code={"ZipFile": b"z"},
            Tags=clone_tags(target, run_id, 1_790_000_000_000),
        )
    (found,) = find_clones(aws.client("lambda"), TARGET)
    assert (found.run_id, found.target) == ("a", TARGET)
    assert found.is_expired(1_790_000_000_001)
    assert not found.is_expired(1_790_000_000_000)


def test_a_clone_being_updated_is_deleted_when_that_is_over(account, tmp_path):
    refusals = iter(range(3))

    def busy(number, service, operation, when):
        if operation == "delete_function" and when == "before" and next(refusals, None) is not None:
            raise refusal(operation, "ResourceConflictException", "An update is in progress", 409)

    aws = account(fault=busy)
    assert run(aws, tmp_path).restored
    assert aws.made == {}


@pytest.mark.parametrize("tags", [{}, {"powertune:run": "a"}, {"powertune:run": "a", "powertune:target": "orders"}])
def test_tags_that_do_not_say_whose_clone_it_is_make_none(tags):
    assert clone_by_tags(clone_arn(TARGET, "a"), tags) is None


def test_a_clone_whose_time_cannot_be_read_is_never_expired():
    clone = clone_by_tags(
        clone_arn(TARGET, "a"), {"powertune:run": "a", "powertune:target": ARN, "powertune:until": "?"}
    )
    assert not clone.is_expired(10**15)
