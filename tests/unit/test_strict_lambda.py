"""What the embedded endpoint cannot show: Lambda's locks, its pending versions, and answers that never came."""

import itertools

import pytest
from fake_aws import ARN, FakeClock
from strict_aws import StrictAws

from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.errors import AwsError, FunctionChanged, PowertuneError
from powertune.store import FolderStore
from powertune.target.restore import restore
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services

RUN_ID = "20261124T120000-abc123"
REVISES = [(), ("settled",), ("published",), ("settled", "published")]


def run(aws, folder):
    request = TuningRequest(function_arn=FunctionArn.parse(ARN), memory_sizes_mb=(128, 512, 1024), invocations=3)
    services = Services(session=aws, store=FolderStore(folder), clock=FakeClock(), environment=Environment(kind="aws"))
    return run_direct(services, request, RUN_ID)


def users(**more):
    aws = StrictAws(**more)
    aws.publish_version(ARN, Description="release 1")
    aws._looks.clear()
    aws.create_alias(ARN, "live", "1")
    return aws


@pytest.mark.parametrize("revises", REVISES)
@pytest.mark.parametrize("pending", [0, 3])
def test_a_run_goes_through_however_revisions_change_and_however_long_versions_are_pending(tmp_path, revises, pending):
    aws = users(revises=revises, pending=pending)
    before = aws.visible()
    result = run(aws, tmp_path)
    assert {size.status for size in result.memory_sizes} == {"measured"}
    assert aws.visible() == before


class Lost:
    """The answer to the n-th call never comes, and botocore sends it again."""

    def __init__(self, aws, number):
        self.aws, self.number, self.done = aws, number, False

    def __call__(self, number, service, operation, when):
        if number == self.number and when == "before" and operation != "invoke" and not self.done:
            self.done = True
            getattr(self.aws, operation)(**self.aws.arguments)


class Remembering(StrictAws):
    """Knows the arguments of the call under way."""

    def call(self, service, operation, arguments):
        self.arguments = arguments
        return super().call(service, operation, arguments)


@pytest.mark.parametrize("revises", REVISES)
def test_a_call_whose_answer_is_lost_and_that_botocore_repeats_leaves_nothing(tmp_path, revises):
    for number in itertools.count():
        aws = Remembering(revises=revises)
        aws.publish_version(ARN, Description="release 1")
        aws.create_alias(ARN, "live", "1")
        before = aws.visible()
        aws.fault = Lost(aws, number)
        try:
            run(aws, tmp_path / str(number))
        except PowertuneError:
            # It need not go through, but it says so, and what it leaves is undone from the record.
            restore(aws.client("lambda"), FunctionArn.parse(ARN), FakeClock())
        assert aws.visible() == before, f"call {number}, {aws.log[number]}, was made twice"
        if number >= len(aws.log):
            break
    assert number > 50


@pytest.mark.parametrize("operation", ["update_function_configuration", "publish_version"])
def test_an_update_of_somebody_else_that_is_in_progress_ends_the_run_and_stays(tmp_path, operation):
    aws = users()

    def deploy(number, service, called, when):
        if called == operation and when == "before" and aws.latest["Description"] != "deployed":
            aws.latest.update(Description="deployed", LastUpdateStatus="InProgress")
            aws._pending_reads = 3
            aws._revise()

    aws.fault = deploy
    with pytest.raises(AwsError):
        run(aws, tmp_path)
    restore(aws.client("lambda"), FunctionArn.parse(ARN), FakeClock())
    assert aws.latest["Description"] == "deployed"
    assert aws.latest["MemorySize"] == 512
    assert set(aws.aliases) == {"live"}
    assert set(aws.versions) == {"1"}


def test_code_that_somebody_deploys_right_before_a_version_is_published_is_never_published_as_the_runs(tmp_path):
    aws = users()
    published = []

    def deploy(number, service, operation, when):
        if operation == "publish_version" and when == "before" and aws.latest["MemorySize"] == 1024:
            aws.latest["CodeSha256"] = "new"  # and the RevisionId stays, so that only the code gives it away
        if operation == "publish_version" and when == "after":
            published.append(aws.latest["CodeSha256"])

    aws.fault = deploy
    with pytest.raises(PowertuneError):
        run(aws, tmp_path)
    assert "new" not in published
    assert aws.latest["CodeSha256"] == "new"
    assert aws.latest["MemorySize"] == 512
    assert set(aws.versions) == {"1"}


def test_a_listing_that_lags_behind_by_one_write_leaves_nothing_after_a_whole_run(tmp_path):
    aws = users(stale=1)
    before = aws.visible()
    run(aws, tmp_path)
    assert aws.visible() == before


def test_somebody_elses_change_between_reading_and_setting_is_not_overwritten(tmp_path):
    aws = users(revises=("settled", "published"))

    def change(number, service, operation, when):
        if operation == "update_alias" and when == "after" and aws.latest["Timeout"] == 30:
            aws.latest["Timeout"] = 60
            aws._revise()

    aws.fault = change
    with pytest.raises(FunctionChanged):
        run(aws, tmp_path)
    assert aws.latest["Timeout"] == 60
    assert aws.latest["MemorySize"] == 512
    assert set(aws.aliases) == {"live"}
    assert set(aws.versions) == {"1"}
