"""A measurement repeats: two identical runs cost the same."""

from itertools import pairwise

import pytest
from command_line import EXAMPLES, powertune

from powertune.wire import read_result

INVOCATIONS = 30
RUNS = 5


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_two_identical_runs_of_primes_cost_the_same_within_five_percent_at_each_size(tmp_path):
    """The machine's own noise (identical work may take 15 % more CPU time in one minute than in the next) can spoil a
    run, so that a pair of runs one after the other has to agree; a measurement that does not repeat spoils all pairs.
    """
    costs = []
    for number in range(RUNS):
        folder = tmp_path / str(number)
        ended = powertune(
            "run", "--local", EXAMPLES / "primes", "--invocations", INVOCATIONS, "--seed", 1, "--output-dir", folder
        )
        assert ended.code == 0, ended.err
        (path,) = folder.glob("*/result.json")
        costs.append([float(size.cost.per_invocation.amount) for size in read_result(path).memory_sizes])
        if number and differing(costs[-2], costs[-1]) < 0.05:
            return
    raise AssertionError([differing(before, after) for before, after in pairwise(costs)])


def differing(before, after):
    assert len(before) == len(after) == 6
    return max(abs(second / first - 1) for first, second in zip(before, after, strict=True))
