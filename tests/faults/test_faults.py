"""Whatever happens at whichever AWS call of a run, the function is as before once cleanup has finished."""

import random

import pytest
from fault_cases import MODES, Case
from fault_sweep import planned, run_all, table

CALLS = {
    "direct": range(55),
    "search": range(55),
    "cleanup": range(16),
    "isolated": range(55),
    "apply": range(55, 85),
    "stack": range(120),
    "stack-search": range(120),
    "check": range(80),
}
"""Calls that every run of a mode makes: a sample needs no count of its own."""


def sample(size, seed):
    chance, modes = random.Random(seed), list(MODES)
    cases = []
    for index in range(size):
        mode = modes[index % len(modes)]
        kind = chance.choice(MODES[mode])
        cases.append(Case(mode=mode, kind=kind, number=chance.choice(CALLS[mode])))
    return cases


@pytest.mark.timeout(600)
def test_after_a_fault_at_any_call_of_a_seeded_sample_the_function_is_as_before(lanes):
    verdicts = run_all(lanes, sample(16, seed=20261126))
    assert not [(str(verdict.case), verdict.call, verdict.wrong) for verdict in verdicts if verdict.wrong]
    assert sum(verdict.injected for verdict in verdicts) >= 11, table(verdicts)


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_after_a_fault_at_any_call_the_function_is_as_before(lanes):
    verdicts = run_all(lanes, planned(lanes[0], MODES))
    print(table(verdicts))  # noqa: T201 - seen with pytest -s
    assert not [(str(verdict.case), verdict.call, verdict.wrong) for verdict in verdicts if verdict.wrong]
    assert sum(verdict.injected for verdict in verdicts) >= 500
