"""Cold starts on purpose: on versions that nobody has invoked yet, and never in the warm statistics."""

from fake_aws import ARN, FakeAws, FakeClock

from powertune.domain.function import FunctionArn
from powertune.domain.request import PeerInput, TuningRequest
from powertune.domain.result import Environment
from powertune.store import MemoryStore
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services


def run(aws, sizes=(512, 1024), **more):
    request = TuningRequest(function_arn=FunctionArn.parse(ARN), memory_sizes_mb=sizes, **{"invocations": 4, **more})
    services = Services(session=aws, store=MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"))
    return run_direct(services, request, "run")


def by_size(result):
    return {size.memory_mb: size for size in result.memory_sizes}


def test_as_many_cold_starts_as_asked_for_are_measured_beside_the_warm_invocations():
    aws = FakeAws()
    aws.environments = 3  # as many as are sent at the same time
    sizes = by_size(run(aws, cold_starts=3))
    assert [(size.cold.samples, size.warm.samples) for size in sizes.values()] == [(3, 3), (3, 3)]


def test_where_one_environment_answers_them_all_further_versions_bring_them_about():
    aws = FakeAws()
    before = aws.visible()
    result = run(aws, cold_starts=3)
    assert {size.cold.samples for size in result.memory_sizes} == {3}
    assert aws.visible() == before


def test_a_single_size_gets_new_versions_too_although_nothing_changes_in_between():
    aws = FakeAws()
    before = aws.visible()
    (size,) = run(aws, sizes=(512,), cold_starts=4).memory_sizes
    assert size.cold.samples == 4
    assert aws.visible() == before


def test_the_users_own_version_is_not_taken_for_one_that_nobody_has_invoked():
    aws = FakeAws()
    aws.publish_version(ARN, Description="release 1")
    aws.create_alias(ARN, "live", "1")
    before = aws.visible()
    result = run(aws, sizes=(512,), cold_starts=2)
    assert "1" not in {sample.version for sample in result.samples}
    assert aws.visible() == before


def test_the_largest_size_finds_a_neighbour_below_it():
    (size,) = run(FakeAws(memory_mb=10_240), sizes=(10_240,), cold_starts=3).memory_sizes
    assert size.cold.samples == 3


def test_cold_starts_that_cannot_be_brought_about_are_counted_and_said():
    aws = FakeAws()
    aws.environments = 0
    result = run(aws, cold_starts=2)
    assert any("Fewer than the 2 cold starts" in warning for warning in result.warnings)
    assert result.recommendation is not None


def test_with_cold_starts_alone_sizes_are_compared_by_them():
    aws = FakeAws()
    aws.environments = 4
    result = run(aws, only_cold_starts=True)
    sizes = by_size(result)
    assert all(size.warm.samples == 0 and size.cold.samples == 4 for size in sizes.values())
    best = sizes[result.recommendation.memory_mb]
    # 100 ms of init before the handler's own time: what a caller waits for, and what is billed.
    assert result.recommendation.expected_duration_ms == best.cold.latency_ms.mean
    assert result.recommendation.expected_cost == best.cold_cost.per_invocation
    assert best.cost is None


def test_warm_statistics_hold_no_cold_start_however_many_there_are():
    aws = FakeAws(duration_ms=lambda memory_mb: 20.0)
    aws.environments = 6
    result = run(aws, cold_starts=6)
    for size in result.memory_sizes:
        assert size.warm.billed_ms.maximum == 20
        assert size.cold.billed_ms.minimum == 120


def test_all_at_once_is_measured_again_warm_and_said():
    aws = FakeAws()
    aws.environments = 4
    result = run(aws, parallel=4)
    assert {(size.cold.samples, size.warm.samples) for size in result.memory_sizes} == {(4, 4)}
    assert any("sent once more to the warm environments" in warning for warning in result.warnings)


def test_a_dry_run_invokes_once_at_the_present_size_and_recommends_nothing():
    aws = FakeAws(memory_mb=768)
    before = aws.visible()
    result = run(aws, dry_run=True, parallel=3)
    assert [sample.memory_mb for sample in result.samples] == [768]
    assert len(aws.invoked) == 1
    assert "lambda:UpdateFunctionConfiguration" not in aws.calls
    assert result.recommendation is None
    assert aws.visible() == before


def test_a_dry_run_of_the_other_tools_input_invokes_once_at_each_of_its_sizes():
    aws = FakeAws(memory_mb=768)
    result = run(aws, dry_run=True, peer=PeerInput(power_values_mb=(512, 1024)))
    assert [sample.memory_mb for sample in result.samples] == [512, 1024]
    assert len(aws.invoked) == 2
