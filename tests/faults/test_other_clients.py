"""Another client changes the function in the middle of a run: its change stays, and the run says so."""

import fault_changes
import pytest
from fault_cases import SIZES_MB
from fault_watch import differences

LEASE = "powertune-lease"


class Once:
    """Before the first call that fits, somebody else does something."""

    def __init__(self, fits, act):
        self.fits, self.act, self.result = fits, act, None

    def __call__(self, call, forward):
        if self.result is None and self.fits(call):
            self.result = self.act()
        return forward()


def setting(call):
    return call.operation == "UpdateFunctionConfiguration"


def publishing(call):
    return call.operation == "PublishVersion" and "512 MB" in call.fields["Description"]


def between_sizes(call):
    return call.operation == "CreateAlias" and call.fields["Name"] != LEASE


def measuring(call):
    return call.operation == "Invoke"


def deleting(call):
    return call.operation == "DeleteFunction"


TOLD = [
    ("memory-changed", setting, "Somebody else changed the function"),
    ("memory-changed", publishing, "Somebody else changed the function"),
    ("memory-changed", measuring, "Somebody set the memory size to 1024 MB"),
    ("code-changed", between_sizes, "code of {name} was changed"),
    ("code-changed", publishing, "changed"),
    ("environment-changed", between_sizes, "Somebody changed the settings of {name}"),
    ("environment-changed", publishing, "Somebody else changed the function"),
    ("version-published", publishing, "was published by somebody else during the run, and has 512 MB"),
    ("version-adopted", measuring, "was kept: the alias adopted points at it"),
]


@pytest.mark.parametrize(("change", "moment", "told"), TOLD, ids=[f"{one[0]}-{one[1].__name__}" for one in TOLD])
def test_a_change_by_another_client_stays_and_is_told(lane, change, moment, told):
    name, arn = lane.new_function(changed_since=True)
    before = lane.visible(name)
    once = Once(moment, lambda: fault_changes.make(lane, name, change))
    lane.proxy.reset(once)
    ended = lane.zygote.run(
        "run", "--function-arn", arn, "--memory-sizes", ",".join(map(str, SIZES_MB)), "--search", "grid",
        "--invocations", 3, "--yes", "--direct", "--output-dir", lane.results, **lane.variables(),
    )  # fmt: skip
    theirs, wanted = once.result
    after = lane.visible(name)
    assert not fault_changes.lost(after, wanted)
    assert not [one for one in differences(before, after) if not one.startswith(tuple(theirs))]
    said = " ".join((ended.out + ended.err).split())
    assert told.format(name=name) in said
