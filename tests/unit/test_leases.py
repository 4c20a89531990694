"""A function has one run at a time; a dead one is undone by the next, and whoever is late does no harm."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError
from fake_aws import ARN, FakeAws, FakeClock
from hypothesis import given
from hypothesis import strategies as some

from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.errors import FunctionChanged, LeaseHeld, PowertuneError
from powertune.store import FolderStore
from powertune.target import lease
from powertune.target.restore import restore, take_over
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services

FUNCTION = FunctionArn.parse(ARN)
HOUR_MS = 3_600_000


def services(aws, folder, **more):
    return Services(
        session=aws, store=FolderStore(folder), clock=FakeClock(), environment=Environment(kind="aws"), **more
    )


def request(**more):
    return TuningRequest(function_arn=FUNCTION, memory_sizes_mb=(128, 512, 1024), invocations=3, **more)


def held(run_id="old", since_ms=0, until_ms=2, by="somebody@there", **more):
    return lease.Lease(run_id=run_id, memory_mb=512, set_mb=(), since_ms=since_ms, until_ms=until_ms, by=by, **more)


def test_a_second_run_is_told_who_holds_the_function_and_since_when(tmp_path):
    aws, now_ms = FakeAws(), FakeClock().now_ms()
    lease.take(aws.client("lambda"), FUNCTION, held(since_ms=now_ms, until_ms=now_ms + HOUR_MS))
    before = aws.visible()
    with pytest.raises(LeaseHeld) as refused:
        run_direct(services(aws, tmp_path), request(), "second")
    assert "is held by the run old (somebody@there) since 2026-09-21 14:13:20 UTC" in refused.value.message
    assert "out of the way after 2026-09-21 15:13:20 UTC. Nothing was changed." in refused.value.message
    assert aws.visible() == before


def test_a_run_undoes_a_dead_one_whose_time_is_over_and_goes_on(tmp_path):
    aws = FakeAws()
    before = aws.visible()
    client = aws.client("lambda")
    lease.take(client, FUNCTION, held())
    lease.record_memory(client, FUNCTION, "old", found_mb=512, next_mb=3008)
    aws.latest["MemorySize"] = 3008
    aws.publish_version(ARN, Description="powertune old 3008 MB")
    aws.create_alias(ARN, "powertune-old-3008", "1", "powertune old 3008 MB")
    result = run_direct(services(aws, tmp_path), request(), "next")
    assert result.function.original_memory_mb == 512
    assert "The run old had died" in " ".join(result.warnings)
    assert aws.visible() == before


def test_a_dead_run_is_not_undone_before_its_time_is_over(tmp_path):
    aws = FakeAws()
    lease.take(aws.client("lambda"), FUNCTION, held(until_ms=FakeClock().now_ms() + HOUR_MS))
    with pytest.raises(LeaseHeld):
        take_over(aws.client("lambda"), FUNCTION, FakeClock(), run_id="next", by="me")
    assert lease.read(aws.client("lambda"), FUNCTION).by == "somebody@there"


def test_of_two_who_take_a_dead_run_over_one_is_refused():
    aws = FakeAws()
    client = aws.client("lambda")
    lease.take(client, FUNCTION, held())
    seen = lease.look(client, FUNCTION)
    assert lease.prolong(client, FUNCTION, seen, until_ms=HOUR_MS, by="first")
    assert not lease.prolong(client, FUNCTION, seen, until_ms=HOUR_MS, by="second")
    assert lease.read(client, FUNCTION).by == "first"


def test_whoever_releases_late_leaves_the_lease_of_the_next_run_alone():
    aws = FakeAws()
    client = aws.client("lambda")
    lease.take(client, FUNCTION, held("next"))
    lease.release(client, FUNCTION, "old", now_ms=1)
    assert lease.read(client, FUNCTION).run_id == "next"


@pytest.mark.parametrize("at", range(40))
def test_a_run_that_is_undone_by_others_while_it_works_leaves_nothing(at, tmp_path):
    """Cleanup runs between any two calls of a run that is not dead at all, as after StopExecution."""
    aws = FakeAws()
    before = aws.visible()
    cleaned = []

    def clean_up(number, service, operation, moment):
        if number == at and moment == "before" and not cleaned:
            cleaned.append(operation)
            fault, aws.fault = aws.fault, lambda *_: None
            restore(aws.client("lambda"), FUNCTION, FakeClock())
            aws.fault = fault

    aws.fault = clean_up
    try:
        run_direct(services(aws, tmp_path), request(), "run")
    except PowertuneError as error:
        assert error.exit_code in (3, 4)  # noqa: PT017
    assert cleaned
    assert aws.visible() == before


@pytest.mark.parametrize("at", range(40))
def test_a_call_that_comes_late_from_a_run_that_was_undone_is_undone_by_that_run(at, tmp_path):
    """The call was under way when others looked at the function: they saw nothing of it, and it takes effect later."""
    aws = FakeAws()
    before = aws.visible()
    real = aws.call
    writes = ("update_function_configuration", "publish_version", "create_alias")
    cleaned = []

    def call(service, operation, arguments):
        late = len(aws.log) >= at and operation in writes and arguments.get("Name") != lease.LEASE_ALIAS
        if late and not cleaned:
            cleaned.append(operation)
            restore(aws.client("lambda"), FUNCTION, FakeClock())
        return real(service, operation, arguments)

    aws.call = call
    try:
        run_direct(services(aws, tmp_path), request(), "run")
    except PowertuneError as error:
        assert error.exit_code in (3, 4)  # noqa: PT017
    assert aws.visible() == before


def again(call, arguments):
    """botocore's second try, which it tells of in the error."""
    try:
        return call(**arguments)
    except ClientError as error:
        error.response["ResponseMetadata"]["RetryAttempts"] = 1
        raise


def test_a_change_whose_answer_was_lost_is_known_to_be_the_runs_own(tmp_path):
    aws = FakeAws()
    before = aws.visible()
    real, repeated = aws.update_function_configuration, []

    def twice(**arguments):
        answer = real(**arguments)
        if not repeated:  # botocore sends the call again, with the revision of before
            repeated.append(arguments["MemorySize"])
            while aws.get_function_configuration(ARN)["LastUpdateStatus"] == "InProgress":
                pass
            return again(real, arguments)
        return answer

    aws.update_function_configuration = twice
    result = run_direct(services(aws, tmp_path), request(), "run")
    assert repeated
    assert result.recommendation is not None
    assert aws.visible() == before


def test_a_version_that_somebody_publishes_at_a_test_size_is_reported_and_kept(tmp_path):
    aws = FakeAws()
    theirs = []

    def publish(number, service, operation, moment):
        if operation == "update_function_configuration" and moment == "after" and not theirs:
            theirs.append(aws._next_version)
            aws.latest["LastUpdateStatus"] = "Successful"
            version = aws.publish_version(ARN, Description="release 12")
            aws.versions[version["Version"]]["LastModified"] = "2099-01-01T00:00:00.000+0000"

    aws.fault = publish
    result = run_direct(services(aws, tmp_path), request(), "run")
    assert [version["Description"] for version in aws.versions.values()] == ["release 12"]
    assert "was published by somebody else during the run, and has 128 MB" in " ".join(result.warnings)


def test_a_run_does_not_take_the_test_size_of_a_run_that_came_and_went_for_the_functions_own(tmp_path):
    aws = FakeAws()
    before = aws.visible()
    aws.latest["MemorySize"] = 1024  # as another run has it, which took the lease right after this one looked for it

    def other_run_ends(_, service, operation, moment):
        if operation == "get_function_concurrency" and moment == "after":
            aws.latest["MemorySize"] = 512

    aws.fault = other_run_ends
    with pytest.raises(FunctionChanged) as refused:
        run_direct(services(aws, tmp_path), request(), "run")
    assert "was changed by somebody else while this run was about to begin" in refused.value.message
    assert aws.visible() == before


@given(
    some.builds(
        lease.Lease,
        run_id=some.from_regex(r"[A-Za-z0-9_-]{1,60}", fullmatch=True),
        memory_mb=some.integers(128, 10240),
        set_mb=some.lists(some.integers(128, 10240), max_size=2).map(tuple),
        since_ms=some.integers(1_700_000_000_000, 4_000_000_000_000),
        until_ms=some.integers(1_700_000_000_000, 4_000_000_000_000),
        log_level=some.sampled_from([None, "WARN", "DEBUG"]),
        by=some.text(max_size=300),
        over=some.booleans(),
    )
)
def test_a_record_fits_into_the_alias_and_is_read_back_as_it_was_but_for_a_long_name(record):
    text = record.to_description()
    assert len(text) <= 256
    read = lease.Lease.from_description(text)
    assert replace(read, by="") == replace(record, by="")
    assert "".join(letter for letter in record.by if letter in read.by).startswith(read.by)
