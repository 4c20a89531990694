"""What a plan says, and that it only reads."""

import json
import re
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path

import pytest
from both_drivers import by_state_machine, directly, services_of
from fake_aws import ACCOUNT, ARN
from plan_aws import ROLE, PlanAws

from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload, PayloadForm
from powertune.domain.plan import CostLine, MostCost, Permissions, Quota, RunPlan
from powertune.domain.request import DEFAULT_MEMORY_SIZES_MB, SEARCHED_MEMORY_SIZES_MB, PeerInput, TuningRequest
from powertune.domain.result import Environment
from powertune.domain.search import MOST_INVOCATIONS, Limits, SearchKind
from powertune.errors import FunctionNotFound, FunctionRefused, PowertuneError
from powertune.permissions import Feature, Mode, Scope, statements_for
from powertune.pricing.table import price_for
from powertune.render.text.plan import render_plan
from powertune.resources import read
from powertune.target import lease
from powertune.wire import dumps, to_data
from powertune.workflow import preview as module
from powertune.workflow.preview import most_cost, preview

ADAPTIVE = {"search": SearchKind.ADAPTIVE, "memory_sizes_mb": SEARCHED_MEMORY_SIZES_MB}


def request(**more):
    return TuningRequest(function_arn=FunctionArn.parse(ARN), **more)


def planned(aws, the_request=None, place="direct", **more):
    return preview(services_of(aws, **more), the_request or request(), place=place)


def said(plan):
    return " ".join(render_plan(plan).split())


def test_a_plan_does_nothing_but_read():
    aws = PlanAws()
    before = aws.visible()
    for place in ("direct", "stack", "none"):
        for more in ({}, ADAPTIVE, {"dry_run": True}, {"isolate": True}, {"apply": True, "apply_alias": "live"}):
            assert planned(aws, request(**more), place).refusals == ()
    assert aws.log
    assert aws.written == []
    assert aws.visible() == before
    assert aws.objects == {}


def test_the_most_money_of_a_grid_is_every_invocation_at_its_longest():
    plan = planned(PlanAws())
    price = price_for("us-east-1", "x86_64")
    each_s = 30 + 10  # the timeout, and the longest init
    gb = sum(Decimal(size) / 1024 for size in DEFAULT_MEMORY_SIZES_MB)
    assert plan.planned_invocations == 60
    assert plan.most_invocations == 180
    assert plan.cost.invocations.amount == 30 * (gb * each_s * price.per_gb_second + 6 * price.per_request)
    assert plan.cost.invocations.currency == "USD"
    text = said(plan)
    assert "180 invocations of the function; 60 planned" in text
    assert "if each takes 40 s" in text


def test_the_most_money_of_a_search_is_all_its_invocations_at_the_largest_size():
    plan = planned(PlanAws(), request(**ADAPTIVE))
    price = price_for("us-east-1", "x86_64")
    assert plan.planned_invocations is None
    assert plan.most_invocations == MOST_INVOCATIONS
    assert plan.cost.invocations.amount == 200 * (10 * 40 * price.per_gb_second + price.per_request)
    assert "31 from 128 MB to 10,240 MB" in said(plan)
    assert "usually a minute or two" in said(plan)


def test_the_present_size_belongs_to_a_search_of_the_whole_range_and_is_all_of_a_dry_run():
    assert 600 in planned(PlanAws(memory_mb=600), request(**ADAPTIVE)).memory_sizes_mb
    dry = planned(PlanAws(memory_mb=600), request(dry_run=True))
    assert dry.memory_sizes_mb == (600,)
    assert (dry.planned_invocations, dry.most_invocations, dry.most_versions) == (1, 1, 1)
    assert "The function really runs, once," in said(dry)
    assert "$LATEST" not in said(dry)


def test_a_limit_of_money_is_the_most_but_for_what_is_under_way():
    plan = planned(PlanAws(), request(limits=Limits(max_spend=Decimal("0.001"))))
    assert plan.cost.limit.amount == plan.cost.to_confirm.amount == Decimal("0.001")
    one = planned(PlanAws(), request(memory_sizes_mb=(3008,), dry_run=False)).cost.invocations.amount / 30
    assert plan.cost.past_limit.amount == 3 * one
    assert plan.cost.invocations.amount == Decimal("0.001") + 3 * one
    assert "the limit; at most" in said(plan)


def test_a_limit_above_what_is_possible_changes_nothing():
    plan = planned(PlanAws(), request(limits=Limits(max_spend=Decimal(1_000_000))))
    assert plan.cost.invocations == planned(PlanAws()).cost.invocations
    assert plan.cost.to_confirm == plan.cost.known


def test_a_limit_of_invocations_bounds_what_is_made_up_for_and_takes_the_dearest():
    most = planned(PlanAws(), request(limits=Limits(max_invocations=70)))
    assert (most.planned_invocations, most.most_invocations) == (60, 70)
    assert most.cost.invocations.amount < planned(PlanAws()).cost.invocations.amount


def lines(plan):
    return {line.what: line for line in plan.cost.others}


def test_what_else_a_run_causes_is_listed_and_what_is_not_known_is_said():
    plan = planned(PlanAws(), place="stack")
    found = lines(plan)
    assert set(found) == {"state transitions", "task functions", "log queries", "traces recorded", "traces retrieved"}
    assert found["state transitions"].most.amount == found["state transitions"].quantity * Decimal("0.000025")
    assert found["log queries"].most is None
    assert "without log queries: not known beforehand" in said(plan)
    known = sum(line.most.amount for line in plan.cost.others if line.most)
    assert plan.cost.known.amount == plan.cost.invocations.amount + known
    assert set(lines(planned(PlanAws()))) == {"log queries", "traces recorded", "traces retrieved"}


def test_processors_have_no_price_beforehand():
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:before"
    found = lines(planned(PlanAws(), request(pre_processor_arn=arn, post_processor_arn=arn)))
    assert (found["pre- and post-processors"].quantity, found["pre- and post-processors"].most) == (360, None)


def test_with_snap_start_snapshots_inits_and_restores_are_in_the_bill_and_for_java_they_are_free():
    aws = PlanAws()
    aws.latest["SnapStart"] = {"ApplyOn": "PublishedVersions"}
    found = lines(planned(aws))
    assert found["SnapStart snapshots"].quantity == 6
    price = price_for("us-east-1", "x86_64")
    most = 6 * 3 * 3600 * Decimal(3008) / 1024 * price.snapstart_cache_per_gb_second
    assert found["SnapStart snapshots"].most.amount >= most
    assert found["SnapStart restores"].quantity == 180
    assert found["SnapStart inits"].most.amount > 0
    aws.latest["Runtime"] = "java21"
    assert "SnapStart snapshots" not in lines(planned(aws))
    assert "SnapStart is on" in said(planned(aws))


def test_without_tracing_there_is_no_line_for_traces_and_a_warning():
    plan = planned(PlanAws(tracing=False))
    assert not [what for what in lines(plan) if "traces" in what]
    assert any("Active tracing is off" in warning for warning in plan.warnings)


@pytest.mark.parametrize(
    ("sizes", "more"),
    [((512,), {}), ((128, 512, 1024), {}), (DEFAULT_MEMORY_SIZES_MB, {}), ((128, 512), {"isolate": False})],
)
def test_the_calls_of_lambdas_api_are_about_as_many_as_a_run_makes(sizes, more):
    the_request = request(memory_sizes_mb=sizes, invocations=3, **more)
    plan = planned(PlanAws(), the_request)
    aws = PlanAws()
    directly(aws, the_request)
    made = sum(n for call, n in aws.calls.items() if call.startswith("lambda:") and call != "lambda:Invoke")
    assert made <= plan.control_plane_calls <= 2 * made


def test_the_task_functions_are_taken_for_what_the_template_makes_of_them():
    template = read("statemachine", "template.yaml")
    sizes = [int(line.split(":")[1]) for line in template.splitlines() if line.strip().startswith("MemorySize:")]
    times = {int(line.split(":")[1]) for line in template.splitlines() if line.strip().startswith("Timeout:")}
    assert max(sizes) == module.MOST_TASK_MB
    assert max(times) * 1000 == module.LONGEST_TASK_MS


# --- permissions -------------------------------------------------------------------------------------------------


def test_permissions_that_are_missing_are_named_with_their_resource_and_the_session_is_turned_into_its_role():
    aws = PlanAws(missing=("lambda:PublishVersion", "xray:BatchGetTraces"))
    permissions = planned(aws).permissions
    assert permissions.principal == ROLE
    assert set(permissions.missing) == {f"lambda:PublishVersion on {ARN}", "xray:BatchGetTraces on *"}
    asked = {(action, resource) for _, actions, (resource,) in aws.simulated for action in actions}
    assert ("lambda:InvokeFunction", f"{ARN}:1") in asked
    assert "policies on resources" in permissions.note
    assert "Missing permissions: - lambda:PublishVersion" in said(planned(aws))


def test_where_nothing_is_missing_the_plan_says_for_whom():
    plan = planned(PlanAws())
    assert plan.permissions.missing == ()
    assert f"none missing for {ROLE}" in said(plan)


def test_a_role_that_may_not_be_read_is_asked_about_without_its_path():
    permissions = planned(PlanAws(denied=("get_role",))).permissions
    assert permissions.principal == f"arn:aws:iam::{ACCOUNT}:role/Deployer"
    assert permissions.missing == ()


@pytest.mark.parametrize(
    ("denied", "caller", "why"),
    [
        (("simulate_principal_policy",), None, "not authorized to perform simulate_principal_policy"),
        (("get_caller_identity",), None, "not authorized to perform get_caller_identity"),
        ((), f"arn:aws:iam::{ACCOUNT}:root", "the account itself"),
        ((), f"arn:aws:sts::{ACCOUNT}:federated-user/bob", "cannot simulate"),
    ],
)
def test_what_cannot_be_simulated_is_not_checked_and_never_none_missing(denied, caller, why):
    aws = PlanAws(denied=denied)
    aws.caller = caller or aws.caller
    plan = planned(aws)
    assert plan.permissions.missing is None
    assert plan.permissions.note.startswith("Not checked: ")
    assert why in plan.permissions.note
    assert "none missing" not in said(plan)


def test_a_user_is_asked_about_as_such():
    aws = PlanAws()
    aws.caller = f"arn:aws:iam::{ACCOUNT}:user/alice"
    assert planned(aws).permissions.principal == aws.caller


def test_through_the_state_machine_it_is_the_start_that_the_caller_must_be_allowed():
    aws = PlanAws()
    plan = planned(aws, place="stack")
    asked = {action for _, actions, _ in aws.simulated for action in actions}
    assert "states:StartExecution" in asked
    assert "lambda:PublishVersion" not in asked
    assert "roles of its stack, not checked here" in plan.permissions.note


class Policed(PlanAws):
    """Denies whatever its policy does not allow on anything."""

    def __init__(self, statements):
        super().__init__()
        self.allowed = {action for one in statements for action in one.actions}

    def call(self, service, operation, arguments):
        verb = "".join(part.title() for part in operation.split("_"))
        action = f"{service}:{verb}"
        assert action in self.allowed or action == "sts:GetCallerIdentity", action
        return super().call(service, operation, arguments)


def test_a_plan_reads_nothing_that_the_policy_for_reading_and_planning_does_not_name():
    scope = Scope(function=FunctionArn.parse(ARN))
    aws = Policed(statements_for(Mode.READONLY, scope, [Feature.PLAN]))
    assert planned(aws).refusals == ()
    assert planned(aws, request(isolate=True)).refusals == ()


# --- quotas ------------------------------------------------------------------------------------------------------


def quotas(plan):
    return {quota.what: quota for quota in plan.quotas}


def test_quotas_are_compared_with_what_the_run_needs():
    found = quotas(planned(PlanAws()))
    assert (found["Concurrency"].allowed, found["Concurrency"].needed, found["Concurrency"].fits) == (900, 3, True)
    storage = found["Code storage"]
    assert (storage.allowed, storage.needed, storage.fits) == (1_000_000_000, 30_000_000, True)
    assert found["Lambda API calls"].allowed == 15
    assert "Memory size" not in found


def test_what_does_not_fit_is_said_in_capitals():
    aws = PlanAws()
    aws.account["AccountUsage"]["TotalCodeSize"] = 79_999_000_000
    aws.account["AccountLimit"]["UnreservedConcurrentExecutions"] = 2
    plan = planned(aws)
    assert {what: quota.fits for what, quota in quotas(plan).items()}["Code storage"] is False
    assert "Code storage NOT ENOUGH: 30.0 MB needed at most; 1.0 MB left" in said(plan)
    assert "Concurrency NOT ENOUGH: 3 at the same time needed at most; 2 at the same time" in said(plan)


def test_quotas_that_may_not_be_read_are_not_said_to_fit():
    found = quotas(planned(PlanAws(denied=("get_account_settings",))))
    assert (found["Concurrency"].fits, found["Code storage"].fits) == (None, None)
    assert found["Concurrency"].note == "not read"


def test_sizes_above_what_new_accounts_have_are_named_as_not_to_be_known():
    found = quotas(planned(PlanAws(), request(memory_sizes_mb=(512, 4096))))
    assert (found["Memory size"].needed, found["Memory size"].fits) == (4096, None)
    assert "no API says so" in found["Memory size"].note


def test_a_reserved_concurrency_that_is_short_slows_the_run_and_is_said():
    aws = PlanAws()
    aws.reserved = 2
    plan = planned(aws)
    assert any("reserved concurrency of 2" in warning for warning in plan.warnings)
    assert quotas(plan)["Concurrency"].needed == 2


# --- warnings ----------------------------------------------------------------------------------------------------


def warned(aws, the_request=None):
    return " ".join(planned(aws, the_request).warnings)


@pytest.mark.parametrize("name", ["payment-service", "sendInvoice", "users_delete", "orders"])
def test_a_name_that_says_that_something_is_done_is_pointed_out(name):
    aws = PlanAws()
    aws.latest.update(FunctionName=name, Description="")
    assert "more than look something up: its name has" in warned(aws)


@pytest.mark.parametrize("name", ["thumbnail", "payload-parser", "recorder", "billboard", "spend-report"])
def test_a_name_that_only_looks_like_it_is_not(name):
    aws = PlanAws()
    aws.latest.update(FunctionName=name, Description="")
    assert "more than look something up" not in warned(aws)


@pytest.mark.parametrize(
    ("event", "sign"),
    [
        ({"httpMethod": "POST"}, "the event is a POST request"),
        ({"requestContext": {"http": {"method": "delete"}}}, "the event is a DELETE request"),
        ({"Records": [{}]}, "the event is a batch of records"),
        ({"httpMethod": "GET"}, None),
        ({"requestContext": 5}, None),
        ([1], None),
    ],
)
def test_an_event_that_changes_something_is_pointed_out(event, sign):
    aws = PlanAws()
    aws.latest.update(FunctionName="thumbnail", Description="")
    text = warned(aws, request(payloads=(Payload.of(json.dumps(event)),)))
    if sign is None:
        assert "more than look something up" not in text
    else:
        assert f"more than look something up: {sign}" in text or f"and {sign}" in text


def test_how_often_the_function_really_runs_is_said():
    assert "really runs, 60 times, 180 at most, with the event given" in warned(PlanAws())
    assert "really runs, 200 times at most" in warned(PlanAws(), request(**ADAPTIVE))


def test_event_sources_vpc_and_provisioned_concurrency_are_warned_of():
    aws = PlanAws()
    queue = "arn:aws:sqs:us-east-1:1:jobs"
    aws.sources = [{"EventSourceArn": queue, "State": "Enabled"}, {"EventSourceArn": "x:off", "State": "Disabled"}]
    aws.latest["VpcConfig"] = {"SubnetIds": ["subnet-1", "subnet-2"]}
    aws.provisioned = 4
    text = warned(aws)
    assert "event source (jobs)" in text
    assert "its 2 subnets" in text
    assert "4 environments of provisioned concurrency" in text
    assert "event source" not in warned(aws, request(isolate=True))


def test_what_may_not_be_read_is_said_where_it_matters():
    assert "event sources invoke $LATEST could not be read" in warned(PlanAws(denied=("list_event_source_mappings",)))
    denied = PlanAws(denied=("list_provisioned_concurrency_configs", "get_trace_segment_destination"))
    assert "provisioned" not in warned(denied)
    assert "Lambda@Edge) could not be read" in warned(PlanAws(denied=("get_role",)))


def test_a_code_signing_configuration_matters_to_a_clone_alone():
    aws = PlanAws()
    aws.signed = True
    assert "code signing" in warned(aws, request(isolate=True))
    assert "code signing" not in warned(aws)


def test_the_log_level_is_refused_unless_it_may_be_lifted_and_then_warned_of():
    aws = PlanAws()
    aws.latest["LoggingConfig"] = {"LogFormat": "JSON", "SystemLogLevel": "WARN"}
    assert "--lift-log-level" in planned(aws).refusals[0]
    assert "were given INFO" in warned(aws, request(lift_log_level=True))


# --- refusals ----------------------------------------------------------------------------------------------------


def with_latest(**changes):
    aws = PlanAws()
    aws.latest.update(changes)
    return aws


def reserved(count):
    aws = PlanAws()
    aws.reserved = count
    return aws


REFUSED = {
    "managed instances": (with_latest(CapacityProviderConfig={"x": 1}), {}, "Managed Instances"),
    "durable": (with_latest(DurableConfig={"x": 1}), {}, "is durable"),
    "tenants": (with_latest(TenancyConfig={"x": 1}), {}, "tenant-isolated"),
    "edge replica": (with_latest(MasterArn=f"{ARN}:3"), {}, "Lambda@Edge"),
    "failed": (with_latest(State="Failed", StateReason="no image"), {}, "no image"),
    "update failed": (with_latest(LastUpdateStatus="Failed", LastUpdateStatusReason="no VPC"), {}, "no VPC"),
    "blocked": (reserved(0), {}, "reserved concurrency of 0"),
    "too narrow": (reserved(2), {"parallel": 3}, "reserved concurrency of 2"),
    "no money": (PlanAws(), {"limits": Limits(max_spend=Decimal("0.0000001"))}, "pays for no invocation"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_a_plan_refuses_a_run_refuses_in_the_same_words_before_it_writes(case):
    aws, more, words = REFUSED[case]
    plan = planned(aws, request(**more))
    assert words in plan.refusals[0]
    assert plan.cost is None
    assert f"Would not start: - {' '.join(plan.refusals[0].split())[:40]}" in said(plan)
    with pytest.raises(PowertuneError) as refused:
        directly(aws, request(**more))
    assert refused.value.message in plan.refusals[0]
    assert aws.written == []


def test_several_kinds_are_refused_together():
    text = planned(with_latest(DurableConfig={"x": 1}, TenancyConfig={"x": 1})).refusals[0]
    assert "is durable" in text
    assert "tenant-isolated" in text


def test_a_function_whose_role_lambda_at_edge_may_assume_is_refused_by_plan_and_confirmation():
    aws = PlanAws()
    aws.trusts = ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]
    assert "CloudFront may run the function" in planned(aws).refusals[0]
    with pytest.raises(FunctionRefused, match="CloudFront may run"):
        most_cost(services_of(aws), request(), place="direct")


def test_a_function_that_runs_longer_than_a_task_is_refused_of_the_state_machine_alone():
    aws = with_latest(Timeout=900)
    assert "longer than the task function" in planned(aws, place="stack", time_left_ms=lambda: 900_000).refusals[0]
    assert planned(aws).refusals == ()


def test_a_function_that_another_run_holds_is_refused_with_who_holds_it():
    aws = PlanAws()
    held = lease.Lease(
        run_id="other", memory_mb=512, set_mb=(), since_ms=1_790_000_000_000, until_ms=1_800_000_000_000, by="ci"
    )
    lease.take(aws.client("lambda"), FunctionArn.parse(ARN), held)
    assert "held by the run other (ci)" in planned(aws).refusals[0]


def test_a_run_that_died_is_a_warning():
    aws = PlanAws()
    held = lease.Lease(run_id="other", memory_mb=512, set_mb=(), since_ms=1, until_ms=2)
    lease.take(aws.client("lambda"), FunctionArn.parse(ARN), held)
    plan = planned(aws)
    assert plan.refusals == ()
    assert "would be undone first" in plan.warnings[0]


def test_a_function_that_is_not_there_is_an_error():
    class Nothing(PlanAws):
        def get_function_configuration(self, **_):
            from fake_aws import refusal

            raise refusal("GetFunctionConfiguration", "ResourceNotFoundException", "no", 404)

    with pytest.raises(FunctionNotFound):
        planned(Nothing())


# --- payloads in S3, forms -----------------------------------------------------------------------------------------


def in_s3(**more):
    return request(payloads=(), payload_s3="s3://events/one.json", **more)


def test_a_payload_in_s3_is_read_and_counted():
    aws = PlanAws()
    aws.objects["one.json"] = b'[{"payload": 1, "weight": 1}, {"payload": 2, "weight": 1}]'
    aws.head_object = lambda **_: {"ContentLength": 60}
    plan = planned(aws, in_s3(payload_form=PayloadForm.LIST))
    assert plan.planned_invocations == 66  # one more at each size, for the cold start


def test_a_payload_that_only_the_state_machine_may_read_is_warned_of_and_taken_for_several():
    aws = PlanAws(denied=("get_object", "head_object"))
    plan = planned(aws, in_s3(payload_form=PayloadForm.LIST), place="stack")
    assert plan.planned_invocations == 66
    assert "The payload could not be read from here" in " ".join(plan.warnings)


def test_on_the_embedded_endpoint_amounts_are_said_to_be_no_bill_and_permissions_are_not_looked_at():
    aws = PlanAws()
    services = replace(services_of(aws), environment=Environment(kind="local"))
    plan = preview(services, request(), place="stack")
    assert plan.billed is False
    assert "nothing is billed on the embedded endpoint" in said(plan)
    assert plan.permissions.missing is None
    assert not [call for call in aws.log if call.startswith(("iam:", "sts:"))]


def test_a_plan_is_json_too():
    data = json.loads(dumps(planned(PlanAws())))
    assert data["most_invocations"] == 180
    assert set(data["cost"]["invocations"]) == {"amount", "currency"}
    assert data == json.loads(json.dumps(to_data(planned(PlanAws()))))


def test_the_page_names_every_field_of_a_plan():
    page = (Path(__file__).parents[2] / "docs" / "plan.md").read_text(encoding="utf-8")
    table = page.split("## As JSON")[1]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [field.name for field in fields(RunPlan)]
    for kind in (MostCost, CostLine, Permissions, Quota):
        assert all(f"`{field.name}`" in table for field in fields(kind)), kind


def test_text_of_a_function_cannot_draw_on_the_terminal():
    aws = with_latest(State="Failed", StateReason="bad\x1b[2J\nthing")
    text = render_plan(planned(aws))
    assert "\x1b" not in text


def test_confirmation_needs_no_permission_but_to_read_the_configuration():
    aws = PlanAws(denied=("get_function_concurrency", "get_role", "get_alias", "describe_log_groups", "get_object"))
    assert most_cost(services_of(aws), request(), place="direct").known == planned(PlanAws()).cost.known
    assert most_cost(services_of(aws), in_s3(), place="direct").invocations.amount > 0


def test_where_no_state_machine_is_there_the_plan_says_so_and_is_made_all_the_same():
    plan = planned(PlanAws(), place="none")
    assert "there is no powertune state machine in this region" in said(plan)
    assert plan.refusals == ()
    assert plan.cost is not None


def test_the_states_and_tasks_of_a_run_stay_within_those_of_the_plan(monkeypatch):
    for the_request in (request(invocations=3), request(**{**ADAPTIVE, "limits": Limits(max_invocations=15)})):
        plan = planned(PlanAws(), the_request, place="stack")
        result, entered = by_state_machine(PlanAws(), the_request, monkeypatch)
        assert result.restored
        assert len(entered) <= lines(plan)["state transitions"].quantity


def test_a_peers_dry_run_is_planned_at_each_of_its_sizes():
    plan = planned(
        PlanAws(), request(dry_run=True, peer=PeerInput(power_values_mb=(128, 512)), memory_sizes_mb=(128, 512))
    )
    assert (plan.planned_invocations, plan.most_invocations) == (2, 2)


def test_no_figure_of_a_plan_is_zero_where_it_is_not_known():
    plan = planned(with_latest(DurableConfig={"x": 1}))
    unknown = (plan.cost, plan.longest_s, plan.control_plane_calls, plan.planned_invocations)
    assert unknown == (None, None, None, None)
