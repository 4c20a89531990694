"""A check is a run that compares versions as they are, interleaved, and changes nothing of the function."""

from collections import Counter

import pytest
from both_drivers import directly, services_of
from fake_aws import ARN
from versioned_aws import two_versions

from powertune.domain.check import CheckRequest, Verdict
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result_checks import contradictions
from powertune.store import MemoryStore
from powertune.workflow.direct import run_direct

KEY = "baselines/123456789012/us-east-1/orders@staging.json"


def asked(*, parallel=5, limits=None, seed=0, **check):
    more = {} if limits is None else {"limits": limits}
    check = {"qualifier": "staging", **check}
    return TuningRequest(
        function_arn=FunctionArn.parse(ARN), parallel=parallel, seed=seed, check=CheckRequest(**check), **more
    )


def in_store(aws, store, run_id, **check):
    return run_direct(services_of(aws, store), asked(stored=True, **check), run_id)


def told(result):
    """The warnings, but for one: the fake's traces all show the same duration."""
    return [warning for warning in result.warnings if "sources disagree" not in warning]


@pytest.mark.parametrize(("after_ms", "verdict"), [(50.0, Verdict.SAME), (60.0, Verdict.WORSE), (40.0, Verdict.BETTER)])
def test_two_versions_are_compared_and_the_function_stays_as_it_was(after_ms, verdict):
    aws = two_versions(after_ms=after_ms)
    before = aws.visible()
    result = directly(aws, asked(against="live"))
    assert result.check.verdict is verdict
    assert result.check.interleaved
    assert (result.check.subject.called, result.check.reference.function.called) == (
        "orders:staging (version 2)",
        "orders:live (version 1)",
    )
    assert {sample.version for sample in result.samples} == {"2"}
    assert result.recommendation is None
    assert result.restored
    assert aws.visible() == before
    assert not told(result)
    assert list(contradictions(result)) == []


def test_versions_are_invoked_by_their_number_in_turns_and_alike_often():
    aws = two_versions()
    directly(aws, asked(against="live", parallel=1))
    order = [qualifier for qualifier, _ in aws.invoked]
    assert set(order) == {"1", "2"}
    assert len(order) % 2 == 0
    assert all(abs(Counter(order[:cut])["1"] - Counter(order[:cut])["2"]) <= 2 for cut in range(len(order)))


def test_what_is_measured_becomes_the_baseline_where_there_is_none_and_the_next_check_compares_with_it():
    aws, store = two_versions(), MemoryStore()
    first = in_store(aws, store, "run-1")
    assert first.check.verdict is None
    assert first.check.kept_at == f"memory/{KEY}"
    aws.durations["2"] = 70.0
    second = in_store(aws, store, "run-2")
    assert second.check.verdict is Verdict.WORSE
    assert second.check.reference.run_id == "run-1"
    assert (second.check.kept_at, second.check.interleaved) == (None, False)
    assert store.keys("checks/") == [
        f"checks/123456789012/us-east-1/orders@staging/{run}.json" for run in ("run-1", "run-2")
    ]
    assert list(contradictions(second)) == []


def test_the_version_of_a_baseline_is_measured_anew_beside_a_later_one():
    aws, store = two_versions(), MemoryStore()
    in_store(aws, store, "run-1")
    aws.publish("3").aliases["staging"]["FunctionVersion"] = "3"
    aws.durations.update({"2": 70.0, "3": 70.0})  # the day is noisy, for both
    result = in_store(aws, store, "run-2")
    assert result.check.verdict is Verdict.SAME
    assert result.check.interleaved
    assert (result.check.subject.version, result.check.reference.function.version) == ("3", "2")


def test_of_one_version_on_both_sides_nothing_is_invoked():
    aws = two_versions()
    result = directly(aws, asked(qualifier="1", against="live"))
    assert result.check.verdict is Verdict.SAME
    assert not aws.invoked
    assert result.check.notes == ("Both are the same version, 1, so nothing was invoked.",)
    assert "powertune-lease" not in aws.aliases
    assert list(contradictions(result)) == []
