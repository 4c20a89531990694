"""Whoever may wait gets a function when another run lets go of it, or is told who would not."""

import pytest
from fake_aws import ARN, FakeAws, FakeClock, refusal

from powertune.domain.function import FunctionArn
from powertune.errors import AwsError, FunctionRefused, LeaseHeld, LeaseLost, Stopped
from powertune.target import lease
from powertune.target.lease_wait import wait_until_free, when_free

FUNCTION = FunctionArn.parse(ARN)
MINUTE_MS = 60_000


class Waiting:
    """A function, a clock, and what was told of the wait. ``gone_after_ms`` is when the other run lets go."""

    def __init__(self, *, held_ms=None, until_ms=60 * MINUTE_MS, description=None):
        self.aws, self.clock, self.told = FakeAws(), FakeClock(), []
        self.began_ms = self.clock.ms
        if held_ms is not None:
            other = lease.Lease(
                run_id="other", memory_mb=512, set_mb=(), since_ms=self.began_ms, until_ms=self.began_ms + until_ms,
                by="ann@desk, process 7",
            )  # fmt: skip
            lease.take(self.aws.client("lambda"), FUNCTION, other)
            if description is not None:
                self.aws.aliases[lease.LEASE_ALIAS]["Description"] = description
            self.aws.fault = lambda *_: self.let_go(held_ms)
        self.aws.log.clear()

    def let_go(self, held_ms):
        if self.waited_ms >= held_ms:
            self.aws.aliases.pop(lease.LEASE_ALIAS, None)

    @property
    def waited_ms(self):
        return self.clock.ms - self.began_ms

    def wait(self, longest_ms=10 * MINUTE_MS, stop_requested=lambda: False):
        client = self.aws.client("lambda")
        wait_until_free(
            client, FUNCTION, self.clock, longest_ms=longest_ms, stop_requested=stop_requested, tell=self.told.append
        )

    def begin(self, begin, longest_ms=10 * MINUTE_MS):
        return when_free(
            self.aws.client("lambda"), FUNCTION, self.clock, begin,
            longest_ms=longest_ms, stop_requested=lambda: False, tell=self.told.append,
        )  # fmt: skip


def test_a_free_function_is_not_waited_for():
    one = Waiting()
    one.wait()
    assert one.aws.log == ["lambda:get_alias"]
    assert (one.told, one.waited_ms < 10) == ([], True)


def test_a_held_function_is_waited_for_until_it_is_let_go_and_the_user_sees_by_whom():
    one = Waiting(held_ms=3 * MINUTE_MS)
    one.wait()
    assert 3 * MINUTE_MS <= one.waited_ms < 3.5 * MINUTE_MS
    assert set(one.told) == {"waiting: orders is held by the run other (ann@desk, process 7)"}


def test_waiting_asks_seldom_and_changes_nothing():
    one = Waiting(held_ms=10 * MINUTE_MS)
    with pytest.raises(LeaseHeld):
        one.wait(longest_ms=9 * MINUTE_MS)
    assert set(one.aws.log) == {"lambda:get_alias"}
    assert len(one.aws.log) < 30


def test_a_function_that_stays_held_is_refused_in_words_when_the_time_is_up_and_not_later():
    one = Waiting(held_ms=60 * MINUTE_MS)
    with pytest.raises(LeaseHeld, match="waited for as long") as refused:
        one.wait()
    assert "held by the run other (ann@desk, process 7)" in refused.value.message
    assert "Allow for a longer wait" in refused.value.next_step
    assert 0 <= one.waited_ms - 10 * MINUTE_MS < 1000


def test_without_time_to_wait_there_is_one_look():
    one = Waiting(held_ms=1000)
    with pytest.raises(LeaseHeld) as refused:
        one.wait(longest_ms=0)
    assert "waited" not in refused.value.message
    assert one.aws.log == ["lambda:get_alias"]


def test_a_wish_to_stop_ends_the_wait_within_a_second():
    one = Waiting(held_ms=60 * MINUTE_MS)
    with pytest.raises(Stopped, match="Nothing was started") as stopped:
        one.wait(stop_requested=lambda: one.waited_ms > 4 * MINUTE_MS)
    assert one.waited_ms < 4 * MINUTE_MS + 1100
    assert stopped.value.exit_code == 130


def test_a_run_that_should_have_ended_long_ago_is_not_waited_for():
    one = Waiting(held_ms=60 * MINUTE_MS, until_ms=2 * MINUTE_MS)
    one.wait()
    assert 2 * MINUTE_MS < one.waited_ms < 3 * MINUTE_MS


def test_an_alias_of_somebody_elses_is_not_waited_for():
    one = Waiting(held_ms=60 * MINUTE_MS, description="mine")
    with pytest.raises(LeaseHeld, match="cannot read"):
        one.wait()
    assert one.aws.log == ["lambda:get_alias"]


def test_a_caller_who_may_not_look_is_told_so():
    one = Waiting()

    def deny(number, service, operation, when):
        raise refusal(operation, "AccessDeniedException", "not authorized", 403)

    one.aws.fault = deny
    with pytest.raises(AwsError, match="denied reading the lease"):
        one.wait()


def test_where_another_run_was_quicker_the_wait_goes_on_within_the_same_time():
    one = Waiting(held_ms=MINUTE_MS)
    tries = []

    def begin():
        tries.append(one.waited_ms)
        if len(tries) < 3:
            raise LeaseHeld("another was quicker")
        return "the answer"

    assert one.begin(begin) == "the answer"
    assert tries[0] >= MINUTE_MS
    assert len(set(tries)) == 3


def test_a_function_that_is_always_taken_by_others_is_given_up_when_the_time_is_up():
    one = Waiting()

    def begin():
        one.clock.sleep(30)
        raise LeaseHeld("another was quicker")

    with pytest.raises(LeaseHeld, match="quicker"):
        one.begin(begin, longest_ms=MINUTE_MS)
    assert one.waited_ms < 2 * MINUTE_MS


@pytest.mark.parametrize("error", [LeaseLost("undone meanwhile"), FunctionRefused("no"), Stopped("stopped")])
def test_a_run_that_ended_in_another_way_is_not_begun_again(error):
    one = Waiting()
    begun = []

    def begin():
        begun.append(1)
        raise error

    with pytest.raises(type(error)):
        one.begin(begin)
    assert begun == [1]


def test_a_run_whose_lease_is_gone_says_so_with_an_error_of_its_own():
    one = Waiting(held_ms=0)
    client = one.aws.client("lambda")
    with pytest.raises(LeaseLost, match="has lost its lease"):
        lease.record_memory(client, FUNCTION, "mine", found_mb=512, next_mb=1024)
