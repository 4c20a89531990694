"""Applying the recommendation is asked for, and still never leaves a function half-way."""

import pytest
from fake_aws import ARN, FakeAws, FakeClock, Killed, refusal

from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.domain.search import Strategy
from powertune.errors import NotRestored, PowertuneError
from powertune.store import MemoryStore
from powertune.target.restore import restore
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services


def function(**arguments):
    aws = FakeAws(**arguments)
    aws.publish_version(ARN, Description="release 1")
    aws.create_alias(ARN, "live", "1")
    return aws


def run(aws, **more):
    options = {"apply": True, "strategy": Strategy.SPEED, "memory_sizes_mb": (128, 512, 1024), **more}
    request = TuningRequest(function_arn=FunctionArn.parse(ARN), invocations=4, **options)
    services = Services(session=aws, store=MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"))
    return run_direct(services, request, "run")


def test_the_recommended_size_is_set_and_nothing_else_is_left():
    aws = function()
    result = run(aws)
    assert (result.applied.memory_mb, result.applied.version, result.applied.alias) == (1024, None, None)
    assert aws.latest["MemorySize"] == 1024
    assert set(aws.versions) == {"1"}
    assert set(aws.aliases) == {"live"}


def test_without_the_wish_nothing_is_applied():
    aws = function()
    assert run(aws, apply=False).applied is None
    assert aws.latest["MemorySize"] == 512


def test_an_alias_is_made_for_a_version_of_the_recommended_size():
    aws = function()
    applied = run(aws, apply_alias="tuned").applied
    assert aws.aliases["tuned"]["FunctionVersion"] == applied.version
    assert aws.versions[applied.version]["MemorySize"] == 1024


def test_an_alias_that_is_there_is_pointed_at_the_new_version():
    aws = function()
    applied = run(aws, apply_alias="live").applied
    assert applied.alias == "live"
    assert aws.aliases["live"]["FunctionVersion"] == applied.version != "1"


def noisy():
    """A function that is a little faster at 600 MB in the mean, and far from surely so."""
    drawn = {512: iter([100.0, 104.0, 96.0, 140.0] * 9), 600: iter([100.0, 80.0, 96.0, 120.0] * 9)}
    return function(duration_ms=lambda memory_mb: next(drawn[memory_mb]))


def test_a_difference_within_the_noise_is_not_applied_and_said():
    aws = noisy()
    result = run(aws, memory_sizes_mb=(512, 600), tolerance=0.0)
    assert result.recommendation.memory_mb == 600
    assert result.applied is None
    assert aws.latest["MemorySize"] == 512
    assert any("600 MB was not applied" in warning for warning in result.warnings)


def test_an_alias_is_then_made_for_the_present_size():
    aws = noisy()
    applied = run(aws, memory_sizes_mb=(512, 600), tolerance=0.0, apply_alias="tuned").applied
    assert applied.memory_mb == 512
    assert aws.versions[aws.aliases["tuned"]["FunctionVersion"]]["MemorySize"] == 512
    assert aws.latest["MemorySize"] == 512


def test_the_present_size_as_the_best_one_still_gets_its_alias():
    aws = function(memory_mb=1024)
    applied = run(aws, apply_alias="tuned").applied
    assert applied.memory_mb == 1024
    assert aws.aliases["tuned"]["FunctionVersion"] == applied.version


def test_new_code_during_the_run_is_not_given_the_size_measured_for_the_old():
    aws = function()

    def deploy(number, service, operation, when):
        if operation == "create_alias" and when == "before" and "run" not in str(aws.aliases):
            measured = len(aws.invoked) == 12
            if measured:
                aws.latest["CodeSha256"] = "new"

    aws.fault = deploy
    with pytest.raises(PowertuneError, match="code of orders was changed"):
        run(aws)
    assert aws.latest["MemorySize"] == 512


def calls():
    aws = function()
    run(aws, apply_alias="live")
    return len(aws.log)


def whole(aws):
    """Either as before, or with the recommendation applied to both; nothing in between, and nothing left over."""
    live = aws.aliases["live"]["FunctionVersion"]
    return set(aws.aliases) == {"live"} and (
        (aws.latest["MemorySize"], live, set(aws.versions)) == (512, "1", {"1"})
        or (aws.latest["MemorySize"] == 1024 and live != "1" and set(aws.versions) == {"1", live})
    )


@pytest.mark.parametrize("when", ["before", "after"])
def test_after_death_at_any_call_cleanup_leaves_no_lease_and_no_stray_version(when):
    total = calls()
    for fatal in range(total - 25, total):

        def die(number, service, operation, moment, fatal=fatal):
            if number > fatal or (number == fatal and moment == when):
                raise Killed

        aws = function(fault=die)
        with pytest.raises(Killed):
            run(aws, apply_alias="live")
        aws.fault = lambda *_: None
        restore(aws.client("lambda"), FunctionArn.parse(ARN), FakeClock())
        assert whole(aws), f"dying {when} call {fatal}, {aws.log[fatal]}"


def test_an_error_while_applying_puts_the_function_back_and_is_reported():
    total = calls()
    unread = ("invoke", "get_provisioned_concurrency_config")  # what may not be asked of the latter is not known
    for failing in range(total - 25, total):

        def fail(number, service, operation, moment, failing=failing):
            if number == failing and moment == "before" and operation not in unread:
                raise refusal(operation, "AccessDeniedException")

        aws = function(fault=fail)
        try:
            result = run(aws, apply_alias="live")
        except NotRestored:
            aws.fault = lambda *_: None
        except PowertuneError:
            assert aws.latest["MemorySize"] == 512
        else:
            # What was applied stays; only the run's records could not be taken away.
            assert result.applied.memory_mb == 1024
            told = any("records could not be taken off orders" in warning for warning in result.warnings)
            assert told is (aws.log[failing].partition(":")[2] not in unread)
        restore(aws.client("lambda"), FunctionArn.parse(ARN), FakeClock())
        assert whole(aws)


def test_without_a_measurement_of_the_present_size_no_gain_is_known():
    aws = function()
    result = run(aws, memory_sizes_mb=(1024, 2048))
    assert result.applied is None
    assert aws.latest["MemorySize"] == 512
    assert any("the present 512 MB was not measured, so no gain is known" in warning for warning in result.warnings)
