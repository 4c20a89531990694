"""Faults in runs on a temporary clone, on the endpoint: the target is never written, and no clone is left.

The full sweep: ``python -m pytest -m heavy tests/faults/test_isolated_faults.py``.
"""

import pytest
from fault_isolated import isolated_cases, run_isolated
from fault_lane import Lane

SAMPLE = 4


@pytest.fixture(scope="module")
def lane():
    lane = Lane()
    yield lane
    lane.close()


def swept(lane, cases):
    return [run_isolated(lane, case) for case in cases]


def test_a_sample_of_faults_in_isolated_runs_leaves_no_clone_and_no_difference(lane):
    verdicts = swept(lane, isolated_cases(lane, seed=7, sample=SAMPLE))
    assert len(verdicts) == SAMPLE
    assert sum(verdict.injected for verdict in verdicts) >= SAMPLE - 1
    assert {str(verdict.case): verdict.wrong for verdict in verdicts if verdict.wrong} == {}


@pytest.mark.heavy
@pytest.mark.timeout(7200)
def test_every_fault_at_every_call_of_an_isolated_run_leaves_no_clone_and_no_difference(lane):
    verdicts = swept(lane, isolated_cases(lane))
    assert sum(verdict.injected for verdict in verdicts) > 500
    assert {str(verdict.case): verdict.wrong for verdict in verdicts if verdict.wrong} == {}
