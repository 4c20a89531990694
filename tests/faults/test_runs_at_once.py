"""Several runs on one function at the same moment: one goes through, the others are refused and leave nothing."""

import json
import threading

import pytest
from fault_cases import SIZES_MB
from fault_watch import touched


def started(lane, arn, *more):
    sizes = ",".join(map(str, SIZES_MB))
    return lane.zygote.start(
        "run", "--function-arn", arn, "--memory-sizes", sizes, "--search", "grid", "--invocations", 3, "--yes",
        "--output-dir", lane.results, *more, **lane.variables(),
    )  # fmt: skip


class Together:
    """Holds every call that takes the lease until so many runs have come: then all are let go at once.

    A run whose call was held for long gives it up and makes it again; that is no further run.
    """

    def __init__(self, runs):
        self.runs, self.come, self.all_there = runs, set(), threading.Event()

    def __call__(self, call, forward):
        if call.operation == "CreateAlias" and call.fields.get("Name") == "powertune-lease":
            self.come.add(json.loads(call.fields["Description"])["powertune"])
            if len(self.come) == self.runs:
                self.all_there.set()
            assert self.all_there.wait(60)
        return forward()


@pytest.mark.parametrize("how", [("--direct",), ()], ids=["direct", "stack"])
@pytest.mark.parametrize("runs", [2, 5])
def test_of_runs_that_take_the_lease_at_the_same_moment_one_goes_through(lane, runs, how):
    name, arn = lane.new_function(changed_since=True)
    before = lane.visible(name)
    lane.proxy.reset(Together(runs))
    commands = [started(lane, arn, *how) for _ in range(runs)]
    assert all(command.ended.wait(120) for command in commands)
    lane.wait_for_executions()
    refused = [command for command in commands if command.code == 3]
    assert sorted(command.code for command in commands) == [0] + [3] * (runs - 1), [one.err for one in commands]
    for command in refused:
        assert f"{name} is held by the run" in command.err
        assert "since 20" in command.err
        assert "Traceback" not in command.err
    assert lane.visible(name) == before
    assert not touched(lane.proxy.calls, name, before, SIZES_MB)


def test_a_run_that_comes_while_another_measures_is_refused_and_the_other_ends_well(lane):
    name, arn = lane.new_function(changed_since=False)
    before = lane.visible(name)
    measuring, go_on = threading.Event(), threading.Event()

    def hold(call, forward):
        if call.operation == "Invoke":
            measuring.set()
            assert go_on.wait(60)
        return forward()

    lane.proxy.reset(hold)
    first = started(lane, arn, "--direct")
    assert measuring.wait(60)
    second = started(lane, arn, "--direct")
    assert second.ended.wait(60)
    go_on.set()
    assert first.ended.wait(60)
    assert (first.code, second.code) == (0, 3), second.err
    assert f"{name} is held by the run" in second.err
    assert "since 20" in second.err
    assert lane.visible(name) == before
