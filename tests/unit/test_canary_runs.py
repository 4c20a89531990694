"""A canary gives the new version a share of the traffic; whatever happens, the alias is as before or fully moved."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from asl_walker import Failed, Walker
from fake_aws import ARN, FakeClock, Killed, refusal
from fake_traffic import NEW_MB, OLD_MB, TrafficAws, request, without_revisions

from powertune.decide.bounds import bounds_of
from powertune.domain.canary import Canary
from powertune.domain.function import FunctionArn
from powertune.domain.result import Environment
from powertune.errors import AwsError, FunctionRefused, NotRestored, PowertuneError, UsageError
from powertune.store import MemoryStore
from powertune.target import lease
from powertune.target.restore import restore
from powertune.target.snapshot import take_snapshot
from powertune.wire import to_data
from powertune.workflow import tasks
from powertune.workflow.archive import Archive
from powertune.workflow.direct import run_direct
from powertune.workflow.plan_checks import control_plane_calls
from powertune.workflow.services import Services
from powertune.workflow.stack import definition
from powertune.workflow.steps.canary import watch_ms
from powertune.workflow.steps.lasting import MAX_ROUNDS, MOST_IN_FLIGHT, longest_run_ms

FUNCTION = FunctionArn.parse(ARN)
RUN_ID = "run-1"


def services(aws, clock=None, store=None, **more):
    environment = more.pop("environment", Environment(kind="aws"))
    return Services(
        session=aws, store=store or MemoryStore(), clock=clock or FakeClock(), environment=environment, **more
    )


def run(aws, what=None, **more):
    return run_direct(services(aws, **more), what or request(), RUN_ID)


def weights(aws):
    return aws.aliases["live"].get("RoutingConfig", {}).get("AdditionalVersionWeights", {})


def test_a_good_version_gets_all_invocations_and_latest_its_memory_size():
    aws = TrafficAws()
    result = run(aws)
    assert result.canary.outcome == "passed"
    assert (result.canary.old_version, result.canary.new_version) == ("1", result.applied.version)
    assert (result.canary.new.invocations, result.canary.new.errors) == (660, 0)
    assert result.canary.old.invocations == 5940
    assert result.canary.watched_s >= 720
    assert result.applied.memory_mb == NEW_MB
    assert aws.latest["MemorySize"] == NEW_MB
    assert aws.aliases["live"]["FunctionVersion"] == result.applied.version
    assert not weights(aws)
    assert set(aws.aliases) == {"live"}
    assert set(aws.versions) == {"1", result.applied.version}
    assert aws.looks == 13  # one before anything is spent, and twelve of the watch


def test_while_the_canary_is_under_way_latest_has_its_own_size_and_the_alias_shares_as_asked():
    seen = set()

    def watch(number, service, operation, when):
        if operation == "get_metric_data" and when == "before" and aws.invoked:
            seen.add((aws.latest["MemorySize"], *weights(aws).values(), aws.aliases["live"]["FunctionVersion"]))

    aws = TrafficAws()
    aws.fault = watch
    run(aws)
    assert seen == {(OLD_MB, 0.1, "1")}


def test_more_errors_beyond_chance_put_the_alias_back_at_once():
    aws = TrafficAws(error_rate=lambda memory_mb: 0.2 if memory_mb == NEW_MB else 0.01)
    before = without_revisions(aws)
    result = run(aws)
    assert result.canary.outcome == "more-errors"
    assert "failed with the new version" in result.canary.reason
    assert result.canary.watched_s < 240
    assert result.applied is None
    assert without_revisions(aws) == before


def test_as_many_errors_as_before_are_no_reason():
    aws = TrafficAws(error_rate=lambda memory_mb: 0.05)
    assert run(aws).canary.outcome == "passed"


def test_a_version_slower_than_promised_is_taken_back():
    aws = TrafficAws(slowness=lambda memory_mb: 2.0 if memory_mb == NEW_MB else 1.0)
    before = without_revisions(aws)
    result = run(aws)
    assert result.canary.outcome == "slower"
    assert result.canary.promised == pytest.approx(0.5)
    assert "the run had promised 50% of the old one's" in result.canary.reason
    assert without_revisions(aws) == before


def test_too_little_traffic_to_tell_puts_the_alias_back():
    aws = TrafficAws(per_minute=20)
    before = without_revisions(aws)
    result = run(aws)
    assert result.canary.outcome == "too-quiet"
    assert "22 invocations of the new version" in result.canary.reason
    assert without_revisions(aws) == before


def test_a_wish_to_stop_puts_the_alias_back_and_keeps_what_was_measured():
    aws = TrafficAws()
    before = without_revisions(aws)
    result = run(aws, stop_requested=lambda: bool(weights(aws)))
    assert result.canary.outcome == "stopped"
    assert result.recommendation.memory_mb == NEW_MB
    assert without_revisions(aws) == before


def test_metrics_that_cannot_be_read_any_more_put_the_alias_back():
    def fail(number, service, operation, when):
        if operation == "get_metric_data" and weights(aws):
            raise refusal("GetMetricData", "InternalServiceFault", status=500)

    aws = TrafficAws()
    before = without_revisions(aws)
    aws.fault = fail
    result = run(aws)
    assert result.canary.outcome == "unreadable"
    assert without_revisions(aws) == before


def test_who_may_not_read_the_metrics_learns_it_before_anything_is_spent():
    def fail(number, service, operation, when):
        if operation == "get_metric_data":
            raise refusal("GetMetricData", "AccessDenied")

    aws = TrafficAws(fault=None)
    aws.fault = fail
    before = without_revisions(aws)
    with pytest.raises(AwsError, match="AWS denied reading the metrics of the alias live"):
        run(aws)
    assert not aws.invoked
    assert without_revisions(aws) == before


def somebody(aws, *, after, does):
    """Somebody else does something once so many looks were made."""

    def watch(number, service, operation, when):
        if operation == "get_metric_data" and when == "after" and aws.looks == after:
            does()

    aws.fault = watch


def test_an_alias_that_somebody_else_moves_meanwhile_is_left_where_they_put_it():
    aws, theirs = TrafficAws(), []

    def deploys():
        aws._revise()
        theirs.append(aws.publish_version(ARN, Description="release 2")["Version"])
        aws.update_alias(ARN, "live", FunctionVersion=theirs[0], RoutingConfig={"AdditionalVersionWeights": {}})

    somebody(aws, after=4, does=deploys)
    result = run(aws)
    assert result.canary.outcome == "changed"
    assert aws.aliases["live"]["FunctionVersion"] == theirs[0]
    assert not weights(aws)
    assert set(aws.aliases) == {"live"}
    assert set(aws.versions) == {"1", theirs[0]}
    assert aws.latest["MemorySize"] == OLD_MB


def test_new_code_meanwhile_keeps_its_own_memory_size_and_the_alias_goes_back():
    aws = TrafficAws()

    def deploys():
        aws.latest["CodeSha256"] = "new"
        aws._revise()

    somebody(aws, after=4, does=deploys)
    result = run(aws)
    assert result.canary.outcome == "changed"
    assert "code of orders was changed" in result.canary.reason
    assert aws.latest["MemorySize"] == OLD_MB
    assert aws.aliases["live"]["FunctionVersion"] == "1"
    assert set(aws.versions) == {"1"}


def test_a_cleanup_meanwhile_ends_the_canary():
    aws = TrafficAws()
    before = without_revisions(aws)
    somebody(aws, after=4, does=lambda: restore(aws.client("lambda"), FUNCTION, FakeClock()))
    result = run(aws)
    assert result.canary.outcome == "changed"
    assert without_revisions(aws) == before


def test_the_lease_lasts_as_long_as_the_canary():
    held = []

    def watch(number, service, operation, when):
        if operation == "get_metric_data" and when == "after" and weights(aws) and not held:
            held.append(lease.Lease.from_description(aws.aliases["powertune-lease"]["Description"]))

    aws = TrafficAws()
    aws.fault = watch
    run(aws, request(canary=Canary(share=0.1, watch_s=3600)))
    assert held[0].until_ms - held[0].since_ms >= 3600_000 + 120_000


@pytest.mark.parametrize("what", [request(canary=None), request()], ids=["apply", "canary"])
def test_a_plan_foresees_the_calls_and_the_time_of_what_is_applied(what):
    aws, clock = TrafficAws(), FakeClock()
    began_ms = clock.ms
    run(aws, what, clock=clock)
    made = sum(call.startswith("lambda:") and call != "lambda:invoke" for call in aws.log)
    bounds = bounds_of(what, most_rounds=MAX_ROUNDS, most_in_flight=MOST_IN_FLIGHT)
    assert made <= control_plane_calls(bounds, what) <= 2 * made
    assert clock.ms - began_ms <= longest_run_ms(what, take_snapshot(aws.client("lambda"), FUNCTION, clock)) + watch_ms(
        what
    )


# --- what is refused before anything is spent ------------------------------------------------------------------


def refused(aws, kind, what=None, **more):
    before = aws.visible()
    with pytest.raises(kind) as refusal_:
        run(aws, what, **more)
    assert not aws.invoked
    assert aws.visible() == before
    return refusal_.value.message


def test_a_canary_needs_an_alias_that_is_there():
    message = refused(TrafficAws(), FunctionRefused, request(apply_alias="tuned"))
    assert "The alias tuned of orders does not exist" in message


def test_a_canary_needs_a_published_version():
    aws = TrafficAws()
    aws.create_alias(ARN, "newest", "$LATEST")
    assert "points at $LATEST" in refused(aws, FunctionRefused, request(apply_alias="newest"))


def test_an_alias_with_a_canary_of_somebody_elses_is_left_alone():
    aws = TrafficAws()
    aws._revise()
    aws.publish_version(ARN, Description="release 2")
    aws.update_alias(ARN, "live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}})
    for what in (request(), request(canary=None)):
        message = refused(aws, FunctionRefused, what)
        assert "shares its invocations out already (0.25 to version 2 beside version 1)" in message


def test_an_alias_is_not_moved_where_that_would_deploy_more_than_a_memory_size():
    aws = TrafficAws()
    aws.latest.update(CodeSha256="newer", Environment={"Variables": {"A": "1"}})
    aws._revise()
    for what in (request(), request(canary=None)):
        message = refused(aws, FunctionRefused, what)
        assert "differs from $LATEST in: code, environment variables" in message


def test_a_canary_on_the_embedded_endpoint_is_refused_in_words():
    message = refused(TrafficAws(), UsageError, environment=Environment(kind="local"))
    assert "needs real traffic" in message


# --- bad luck ----------------------------------------------------------------------------------------------------

WAYS = {"apply": request(canary=None), "canary": request(canary=Canary(share=0.1, watch_s=60))}


def calls(what):
    aws = TrafficAws()
    run(aws, what)
    return len(aws.log)


def is_applied(aws):
    live = aws.aliases["live"]["FunctionVersion"]
    return (
        aws.latest["MemorySize"] == NEW_MB
        and live != "1"
        and aws.versions[live]["MemorySize"] == NEW_MB
        and not weights(aws)
        and set(aws.aliases) == {"live"}
        and set(aws.versions) == {"1", live}
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_after_death_at_any_call_the_function_is_as_before_or_wholly_as_applied_and_noted(way, when):
    ended = {"before": 0, "applied": 0}
    for fatal in range(calls(WAYS[way])):

        def die(number, service, operation, moment, fatal=fatal):
            if number > fatal or (number == fatal and moment == when):
                raise Killed

        aws, store = TrafficAws(), MemoryStore()
        before = without_revisions(aws)
        aws.fault = die
        with pytest.raises(Killed):
            run(aws, WAYS[way], store=store)
        aws.fault = lambda *_: None
        restore(aws.client("lambda"), FUNCTION, FakeClock())
        where = f"dying {when} call {fatal}, {aws.log[fatal]}"
        if is_applied(aws):
            ended["applied"] += 1
            assert Archive(store, RUN_ID).result().applied is not None, where
        else:
            ended["before"] += 1
            assert without_revisions(aws) == before, where
    assert min(ended.values()) > 0, ended


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("code", ["ServiceException", "AccessDeniedException", "PreconditionFailedException"])
def test_after_an_error_at_any_call_the_run_leaves_the_function_as_before_or_wholly_applied(way, code):
    for failing in range(calls(WAYS[way])):

        def fail(number, service, operation, moment, failing=failing):
            if number == failing and moment == "before" and operation != "invoke":
                raise refusal(operation, code, status=500 if code == "ServiceException" else 412)

        aws, store = TrafficAws(), MemoryStore()
        before = without_revisions(aws)
        aws.fault = fail
        result = None
        try:
            result = run(aws, WAYS[way], store=store)
        except NotRestored:
            pass
        except PowertuneError:
            assert without_revisions(aws) == before
        aws.fault = lambda *_: None
        restore(aws.client("lambda"), FUNCTION, FakeClock())
        where = f"{code} at call {failing}, {aws.log[failing]}"
        assert is_applied(aws) or without_revisions(aws) == before, where
        if result is not None:
            assert (result.applied is not None) == is_applied(aws), where


def test_a_lost_answer_is_not_taken_for_somebody_elses_change():
    """botocore sends a call again whose answer was lost: the second one meets what the first one did."""

    class Forgetful(TrafficAws):
        def performed(self, operation, arguments):
            answer = super().performed(operation, arguments)
            if operation in ("create_alias", "update_alias"):
                answer = super().performed(operation, arguments)
            return answer

    aws = Forgetful()
    result = run(aws)
    assert result.canary.outcome == "passed"
    assert is_applied(aws)


# --- the state machine -------------------------------------------------------------------------------------------


class Waiting(Walker):
    """A walk in which waiting takes time."""

    clock = None

    def _wait(self, state, data):
        self.clock.sleep(state["Seconds"])
        return super()._wait(state, data)


def through_the_state_machine(aws, monkeypatch, what, **more):
    clock, store = FakeClock(), MemoryStore()
    monkeypatch.setattr(tasks, "_session", lambda: aws)
    monkeypatch.setattr(tasks, "_services", lambda *_: services(aws, clock, store, **more))
    context = SimpleNamespace(memory_limit_in_mb="512")
    text = definition(partition="aws", worker_arn="arn:worker", planner_arn="arn:planner")
    walker = Waiting(text, lambda _, payload: json.loads(json.dumps(tasks.handler(payload, context))), name=RUN_ID)
    walker.clock = clock
    return walker, store, lambda: walker.run({"request": to_data(what)})


@pytest.mark.parametrize(
    "luck",
    [{}, {"error_rate": lambda memory_mb: 0.2 if memory_mb == NEW_MB else 0.0}, {"per_minute": 5}],
    ids=["passed", "more-errors", "too-quiet"],
)
def test_both_drivers_watch_a_canary_alike(monkeypatch, luck):
    directly, by_machine = TrafficAws(**luck), TrafficAws(**luck)
    direct = run(directly)
    walker, store, walk = through_the_state_machine(by_machine, monkeypatch, request())
    walk()
    walked = Archive(store, RUN_ID).result()
    assert sorted(by_machine.log) == sorted(directly.log)
    assert replace(walked.canary, watched_s=0) == replace(direct.canary, watched_s=0)
    assert walked.applied == direct.applied
    assert without_revisions(by_machine) == without_revisions(directly)
    assert walker.entered.count("CanaryLook") == by_machine.looks - 1


def test_a_look_that_fails_leads_to_the_state_that_restores(monkeypatch):
    aws = TrafficAws()
    before = without_revisions(aws)
    walker, _, walk = through_the_state_machine(aws, monkeypatch, request())

    def fail(number, service, operation, when):
        if operation == "get_alias" and aws.looks > 3 and when == "before":
            aws.looks = -100
            raise RuntimeError("out of order")

    aws.fault = fail
    with pytest.raises(Failed, match="out of order"):
        walk()
    assert walker.entered[-3:] == ["FailureInWords", "TaskSays", "TaskFailed"]
    assert without_revisions(aws) == before


@pytest.mark.parametrize("twice", ["apply", "canary"])
def test_a_task_whose_answer_was_lost_is_tried_again_and_nothing_is_done_twice(monkeypatch, twice):
    for what in WAYS.values():
        aws = TrafficAws()
        walker, store, walk = through_the_state_machine(aws, monkeypatch, what)
        once = walker.invoke

        def again(name, payload, once=once):
            answer = once(name, payload)
            return once(name, payload) if payload["step"] == twice else answer

        walker.invoke = again
        walk()
        assert Archive(store, RUN_ID).result().applied.memory_mb == NEW_MB
        assert is_applied(aws)
