"""A run may die at any call; what it did is then undone from the record on the function alone."""

import pytest
from fake_aws import ARN, FakeAws, FakeClock, Killed, refusal

from powertune.decide import search
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.domain.search import Limits, SearchKind
from powertune.errors import FunctionChanged, LeaseHeld, NotRestored, PowertuneError, Stopped
from powertune.store import FolderStore
from powertune.target.restore import restore
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services

RUN_ID = "20261124T120000-abc123"


def request(sizes=(128, 512, 1024), **more):
    return TuningRequest(function_arn=FunctionArn.parse(ARN), memory_sizes_mb=sizes, invocations=3, **more)


def services(aws, folder, **more):
    return Services(
        session=aws, store=FolderStore(folder), clock=FakeClock(), environment=Environment(kind="aws"), **more
    )


def with_things_of_the_user(**arguments):
    """A function with a version of the user's that is unchanged since, and an alias that could be taken for ours."""
    aws = FakeAws(**arguments)
    aws.publish_version(ARN, Description="release 1")
    aws.create_alias(ARN, "live", "1")
    aws.create_alias(ARN, "RAM512", "1")
    return aws


SEARCH = {"search": SearchKind.ADAPTIVE, "limits": Limits(max_invocations=7)}


def run(aws, folder, sizes=(128, 512, 1024), how=None, **more):
    return run_direct(services(aws, folder, **more), request(sizes, **(how or {})), RUN_ID)


def test_a_finished_run_leaves_the_function_as_it_was(tmp_path):
    aws = with_things_of_the_user()
    before = aws.visible()
    result = run(aws, tmp_path)
    assert result.restored
    assert aws.visible() == before


def test_the_users_own_version_is_measured_where_publishing_returns_it_but_never_deleted(tmp_path):
    aws = with_things_of_the_user()
    result = run(aws, tmp_path)
    assert {sample.version for sample in result.samples if sample.memory_mb == 512} == {"1"}
    assert "1" in aws.versions


@pytest.mark.parametrize("how", [{}, SEARCH], ids=["grid", "adaptive"])
def test_latest_has_a_test_size_only_while_publishing(tmp_path, how):
    sizes_during_invocations = set()

    def watch(number, service, operation, when):
        if operation == "invoke":
            sizes_during_invocations.add(aws.latest["MemorySize"])

    aws = FakeAws(fault=watch)
    run(aws, tmp_path, how=how)
    assert sizes_during_invocations == {512}


@pytest.fixture
def remembered(monkeypatch):
    """A planner that is told the same as one before it answers the same, without computing it anew."""
    real, answers = search.planner_for, {}

    class Remembered:
        def __init__(self, *arguments, **more):
            self.planner, self.told = real(*arguments, **more), ()

        def tell(self, samples):
            self.told += tuple((sample.memory_mb, sample.order, sample.duration_ms, sample.cold) for sample in samples)
            self.planner.tell(samples)

        def rule_out(self, sizes):
            self.told += tuple(sorted(sizes))
            self.planner.rule_out(sizes)

        def answer(self, what):
            if (what, self.told) not in answers:
                answers[what, self.told] = getattr(self.planner, what)()
            return answers[what, self.told]

        def ask(self):
            return self.answer("ask")

        def knowledge(self):
            return self.answer("knowledge")

    monkeypatch.setattr(search, "planner_for", Remembered)


def calls_of_a_run(tmp_path, how=None):
    aws = with_things_of_the_user()
    run(aws, tmp_path / "count", how=how)
    return len(aws.log)


@pytest.mark.parametrize("how", [{}, SEARCH], ids=["grid", "adaptive"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_after_death_at_any_call_cleanup_restores_the_function(tmp_path, remembered, when, how):
    total = calls_of_a_run(tmp_path, how)
    assert total > 50
    for fatal in range(total):

        def die(number, service, operation, moment, fatal=fatal):
            # A dead process makes no further call: everything after the fatal one fails too.
            if number > fatal or (number == fatal and moment == when):
                raise Killed

        aws = with_things_of_the_user(fault=die)
        before = aws.visible()
        with pytest.raises(Killed):
            run(aws, tmp_path / f"{when}-{fatal}", how=how)
        aws.fault = lambda *_: None
        restore(aws.client("lambda"), FunctionArn.parse(ARN), FakeClock())
        assert aws.visible() == before, f"left changed after dying {when} call {fatal}, {aws.log[fatal]}"


@pytest.mark.parametrize("code", ["ServiceException", "AccessDeniedException", "TooManyRequestsException"])
def test_after_an_error_at_any_call_the_run_restores_the_function_itself(tmp_path, code):
    total = calls_of_a_run(tmp_path)
    for failing in range(total):

        def fail(number, service, operation, moment, failing=failing):
            if number == failing and moment == "before" and operation != "invoke":
                raise refusal(operation, code, status=500 if code == "ServiceException" else 400)

        aws = with_things_of_the_user(fault=fail)
        before = aws.visible()
        try:
            run(aws, tmp_path / f"{code}-{failing}")
        except NotRestored:
            # The undo itself met the error: it says so, and finishing it is one command.
            restore(aws.client("lambda"), FunctionArn.parse(ARN), FakeClock())
        except PowertuneError:
            pass  # reported, and undone
        assert aws.visible() == before, f"left changed after {code} at call {failing}, {aws.log[failing]}"


def test_a_stop_on_the_way_restores_the_function_and_says_so(tmp_path):
    aws = with_things_of_the_user()
    before = aws.visible()
    with pytest.raises(Stopped):
        run(aws, tmp_path, stop_requested=lambda: len(aws.invoked) >= 2)
    assert aws.visible() == before


def test_a_second_run_is_refused_while_the_first_holds_the_lease(tmp_path):
    aws = FakeAws()

    def second(number, service, operation, when):
        if operation == "invoke" and not aws.second:
            aws.second = True
            with pytest.raises(LeaseHeld, match=RUN_ID):
                run_direct(services(aws, tmp_path / "second"), request(), "another-run")

    aws.second, aws.fault = False, second
    before = aws.visible()
    assert run(aws, tmp_path / "first").restored
    assert aws.second
    assert aws.visible() == before


def test_a_run_that_was_refused_the_lease_undoes_nothing_of_the_run_that_holds_it(tmp_path):
    aws = FakeAws()
    aws.create_alias(
        ARN,
        "powertune-lease",
        "$LATEST",
        '{"powertune":"other","memory_mb":512,"set_mb":[1024],"since_ms":1790000000000,"until_ms":1890000000000}',
    )
    aws.latest["MemorySize"] = 1024
    before = aws.visible()
    with pytest.raises(LeaseHeld, match="other"):
        run(aws, tmp_path)
    assert aws.visible() == before


def test_a_change_by_somebody_else_is_noticed_and_not_overwritten(tmp_path):
    def deploy(number, service, operation, when):
        if operation == "publish_version" and when == "before" and aws.latest["MemorySize"] == 1024:
            aws.latest["MemorySize"] = 2048
            aws._revise()

    aws = FakeAws(fault=deploy)
    with pytest.raises(FunctionChanged):
        run(aws, tmp_path)
    assert aws.latest["MemorySize"] == 2048
    assert not aws.aliases
    assert not aws.versions


def test_a_memory_size_set_by_somebody_else_between_two_of_ours_is_left_alone(tmp_path):
    def deploy(number, service, operation, when):
        if operation == "create_alias" and when == "after" and aws.latest["MemorySize"] == 128:
            aws.latest["MemorySize"] = 2048
            aws._revise()

    aws = FakeAws(fault=deploy)
    with pytest.raises(FunctionChanged, match="2048"):
        run(aws, tmp_path)
    assert aws.latest["MemorySize"] == 2048
    assert not aws.aliases
    assert not aws.versions


def test_a_memory_size_that_aws_refuses_is_reported_and_the_others_are_scored(tmp_path):
    class SmallAccount(FakeAws):
        def update_function_configuration(self, FunctionName, MemorySize, RevisionId=None):
            if MemorySize > 3008:
                raise refusal("UpdateFunctionConfiguration", "ValidationException", "less than or equal to 3008")
            return super().update_function_configuration(FunctionName, MemorySize, RevisionId)

    aws = SmallAccount()
    before = aws.visible()
    result = run(aws, tmp_path, sizes=(512, 1024, 4096))
    by_size = {size.memory_mb: size for size in result.memory_sizes}
    assert by_size[4096].status == "failed"
    assert "3008" in by_size[4096].reason
    assert by_size[1024].status == "measured"
    assert aws.visible() == before


def test_cleanup_on_a_function_without_a_lease_touches_nothing():
    aws = with_things_of_the_user()
    before = aws.visible()
    assert restore(aws.client("lambda"), FunctionArn.parse(ARN), FakeClock()) is None
    assert aws.visible() == before
    assert aws.log == ["lambda:get_alias"]


def test_an_update_that_fails_later_costs_that_size_only_and_the_function_is_restored(tmp_path):
    aws = with_things_of_the_user()
    aws.failing_sizes_mb = (1024,)
    before = aws.visible()
    result = run(aws, tmp_path, sizes=(512, 1024, 2048))
    status = {size.memory_mb: size.status for size in result.memory_sizes}
    assert status == {512: "measured", 1024: "failed", 2048: "measured"}
    assert aws.visible() == before


def test_a_version_still_in_use_for_a_moment_is_deleted_when_it_is_free(tmp_path):
    refusals = iter(range(3))

    def slow(number, service, operation, when):
        if operation == "delete_function" and when == "before" and next(refusals, None) is not None:
            raise refusal(operation, "ResourceConflictException", "an alias references it", 409)

    aws = with_things_of_the_user(fault=slow)
    before = aws.visible()
    assert run(aws, tmp_path).restored
    assert aws.visible() == before
