"""What is measured first becomes the baseline, unless it would mislead every check after it."""

import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import checks
import pytest
from checked_aws import RUN_ID, CheckedAws, check, check_request

from powertune.domain.baselines import unfit_as_first
from powertune.domain.sample import Outcome
from powertune.domain.search import Limits
from powertune.errors import BaselineNotKept, FailsTooOften
from powertune.store import MemoryStore
from powertune.wire import dumps
from powertune.workflow.archive import Archive

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:powertune:run"


def with_failures(failed, of, outcome=Outcome.ERROR):
    result = checks.same()
    assert all(one.outcome is Outcome.OK for one in result.samples)
    broken = [replace(one, outcome=outcome, error_type="ValueError") for one in result.samples[:failed]]
    return replace(result, samples=(*broken, *result.samples[failed:of]))


@pytest.mark.parametrize(("failed", "of", "fits"), [(0, 50, True), (5, 50, True), (6, 50, False), (3, 29, False)])
def test_more_than_a_tenth_that_failed_is_no_baseline(failed, of, fits):
    unfit = unfit_as_first(with_failures(failed, of))
    assert (unfit is None) == fits
    if unfit is not None:
        assert isinstance(unfit, FailsTooOften)
        assert f"failed at {failed} of {of} invocations" in unfit.message
        assert "--allow-exception" in unfit.next_step
        assert "powertune baseline set" in unfit.next_step


def test_what_aws_let_not_through_is_no_failure_of_the_function():
    assert unfit_as_first(with_failures(20, 50, Outcome.THROTTLED)) is None


class Sometimes(CheckedAws):
    """Fails at every third invocation."""

    def invoke(self, **arguments):
        self.answers = {"2": {"errorType": "ValueError"}} if self.tried % 3 == 0 else {}
        return super().invoke(**arguments)


def test_an_execution_whose_first_measurement_failed_often_fails_and_keeps_no_baseline():
    store = MemoryStore()
    with pytest.raises(FailsTooOften, match=r"could not be made the baseline.*failed at") as failed:
        check(
            Sometimes(),
            check_request(against=None, stored=True, fail_execution=True),
            store=store,
            execution_arn=EXECUTION,
        )
    assert "--allow-exception" in failed.value.next_step
    assert Archive(store, RUN_ID).result().check.kept_at is None
    assert not store.keys("baselines/")
    assert store.keys("checks/")


def test_an_execution_whose_first_measurement_has_too_few_invocations_fails():
    request = check_request(against=None, stored=True, fail_execution=True, limits=Limits(max_spend=Decimal("0.00001")))
    with pytest.raises(BaselineNotKept, match="20 are the fewest"):
        check(CheckedAws(), request, execution_arn=EXECUTION)


@pytest.mark.parametrize("stdout", ["closed", "full", "nobody reads"])
def test_a_process_ends_with_its_verdict_whoever_reads_it(tmp_path: Path, stdout):
    for name, made in (("before", replace(checks.same(), run_id="before")), ("after", checks.worse())):
        (tmp_path / f"{name}.json").write_text(dumps(made), encoding="utf-8")
    reader, writer = os.pipe()
    os.close(reader)
    redirected = {"closed": ">&-", "full": ">/dev/full", "nobody reads": ""}[stdout]
    command = f'"{sys.executable}" -m powertune check after.json --baseline before.json {redirected}'
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert done.returncode == 1
    assert "is slower and dearer than the baseline" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
