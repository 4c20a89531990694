"""What cannot be tuned is refused before anything is changed."""

import pytest
from fake_aws import ARN, FakeAws, FakeClock

from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.domain.work import RunInput
from powertune.errors import FunctionRefused, LeaseHeld, UsageError
from powertune.store import FolderStore, S3Store
from powertune.target import lease
from powertune.target.snapshot import preflight_warnings, take_snapshot
from powertune.workflow.services import Services
from powertune.workflow.steps.begin import preflight

FUNCTION = FunctionArn.parse(ARN)


def refused(aws, tmp_path, **more):
    request = TuningRequest(function_arn=FUNCTION, **more.pop("request", {}))
    services = Services(
        session=aws, store=FolderStore(tmp_path), clock=FakeClock(), environment=Environment(kind="aws"), **more
    )
    before = aws.visible()
    with pytest.raises((FunctionRefused, UsageError, LeaseHeld)) as caught:
        preflight(services, RunInput(run_id="run", request=request))
    assert aws.visible() == before
    return caught.value.message


@pytest.mark.parametrize(("configuration", "said"), [
    ({"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no such role"}, "no such role"),
    ({"State": "Failed", "StateReason": "broken image"}, "broken image"),
    ({"CapacityProviderConfig": {"x": 1}}, "Managed Instances"),
    ({"DurableConfig": {"ExecutionTimeout": 9}}, "durable"),
    ({"TenancyConfig": {"TenantIsolationMode": "PER_TENANT"}}, "tenant-isolated"),
    ({"LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "WARN"}}, "SystemLogLevel WARN"),
])  # fmt: skip
def test_a_function_that_cannot_be_tuned_is_refused_with_the_reason(configuration, said, tmp_path):
    aws = FakeAws()
    aws.latest.update(configuration)
    assert said in refused(aws, tmp_path)


def test_a_reserved_concurrency_below_the_parallel_invocations_is_refused(tmp_path):
    aws = FakeAws()
    aws.reserved = 2
    assert "reserved concurrency of 2" in refused(aws, tmp_path, request={"parallel": 3})


def test_a_function_that_outlasts_the_task_is_refused_by_the_state_machine(tmp_path):
    assert "longer than the task function" in refused(FakeAws(), tmp_path, time_left_ms=lambda: 20_000)


def test_a_region_without_a_price_is_refused_before_the_lease(tmp_path):
    aws = FakeAws()
    arn = FunctionArn(partition="aws", region="ap-east-2", account="1" * 12, name="orders")
    services = Services(
        session=aws, store=FolderStore(tmp_path), clock=FakeClock(), environment=Environment(kind="aws")
    )
    with pytest.raises(UsageError, match="no Lambda price"):
        preflight(services, RunInput(run_id="run", request=TuningRequest(function_arn=arn)))
    assert aws.aliases == {}


def test_an_update_under_way_is_waited_for():
    aws = FakeAws()
    aws.update_function_configuration(ARN, 1024)
    snapshot = take_snapshot(aws.client("lambda"), FUNCTION, FakeClock())
    assert snapshot.memory_mb == 1024
    assert aws.calls["lambda:GetFunctionConfiguration"] > 1


def test_an_update_that_never_ends_is_given_up():
    aws = FakeAws()
    aws.latest["LastUpdateStatus"] = "InProgress"
    with pytest.raises(FunctionRefused, match="still being updated"):
        take_snapshot(aws.client("lambda"), FUNCTION, FakeClock())


def test_the_log_group_is_the_functions_own():
    aws = FakeAws(tracing=False)
    assert take_snapshot(aws.client("lambda"), FUNCTION, FakeClock()).log_group == "/aws/lambda/orders"
    aws.latest["LoggingConfig"] = {"LogGroup": "shared", "LogFormat": "JSON"}
    snapshot = take_snapshot(aws.client("lambda"), FUNCTION, FakeClock())
    assert (snapshot.log_group, snapshot.log_format) == ("shared", "JSON")
    assert "tracing is off" in preflight_warnings(snapshot)[0]


def test_the_lease_fits_into_an_aliass_description_and_comes_back_as_it_was():
    held = lease.Lease(run_id="r" * 80, memory_mb=10_240, set_mb=(10_240, 10_176), since_ms=10**12, until_ms=10**12)
    text = held.to_description()
    assert len(text) <= 256
    assert lease.Lease.from_description(text) == held


@pytest.mark.parametrize("text", ["", "my own alias", "{}", "[]", '{"powertune": 1}', "null"])
def test_an_alias_that_powertune_did_not_write_is_no_lease(text):
    assert lease.Lease.from_description(text) is None


def test_an_unreadable_alias_of_the_leases_name_is_left_alone(tmp_path):
    aws = FakeAws()
    aws.create_alias(ARN, lease.LEASE_ALIAS, "$LATEST", "mine")
    assert "cannot read" in refused(aws, tmp_path)


@pytest.mark.parametrize(
    "make", [lambda path: FolderStore(path), lambda path: S3Store(FakeAws().client("s3"), "b", "p/")]
)
def test_a_store_keeps_texts_by_key(make, tmp_path):
    store = make(tmp_path)
    store.put("runs/a/1.json", "één")
    store.put("runs/a/2.json", "two")
    store.put("runs/b/1.json", "")
    assert store.get("runs/a/1.json") == "één"
    assert store.get("runs/b/1.json") == ""
    assert store.get("runs/c") is None
    assert store.keys("runs/a/") == ["runs/a/1.json", "runs/a/2.json"]
