"""The lease of a check is short and prolonged round by round, so that a dead check is soon out of the way."""

import signal
from dataclasses import replace
from types import SimpleNamespace

import pytest
from checked_aws import FUNCTION, RUN_ID, CheckedAws, check, check_request
from fake_aws import FakeClock, Killed

from powertune.cli.run_drive import drive
from powertune.domain.check import CheckSettings
from powertune.errors import LeaseHeld, LeaseLost
from powertune.store import MemoryStore
from powertune.target import lease
from powertune.target.restore import restore
from powertune.workflow.archive import Archive

MINUTE_MS = 60_000
FEW = CheckSettings(max_invocations=20)
SLOWLY = CheckSettings(threshold=0.001, max_invocations=400)  # both are the same, so it takes all rounds


def timed(timeout_s):
    """A function whose versions may run for so long."""
    aws = CheckedAws()
    for one in (aws.latest, *aws.versions.values()):
        one["Timeout"] = timeout_s
    return aws


def watched(aws):
    """The lease as it stands before each invocation, with when that is."""
    seen, clock = [], FakeClock()

    def look(number, service, operation, when):
        if operation == "invoke" and when == "before":
            fault, aws.fault = aws.fault, lambda *_: None
            seen.append((clock.ms, lease.read(aws.client("lambda"), FUNCTION)))
            aws.fault = fault

    aws.fault = look
    return seen, clock


def test_a_check_that_died_blocks_a_function_of_some_seconds_for_minutes_and_not_for_hours():
    aws, clock = timed(2), FakeClock()
    aws.fault = lambda number, service, operation, when: _die(operation, aws)
    with pytest.raises(Killed):
        check(aws, check_request(settings=SLOWLY, parallel=20), clock=clock)
    aws.fault = lambda *_: None
    left = lease.read(aws.client("lambda"), FUNCTION)
    assert 10 * MINUTE_MS < left.until_ms - clock.ms < 30 * MINUTE_MS
    clock.ms = left.until_ms + 1
    result = check(aws, check_request(settings=FEW), run_id="next", clock=clock)
    assert any(f"The run {RUN_ID} had died" in note for note in result.warnings)


def _die(operation, aws):
    if operation == "invoke" and len(aws.invoked) > 30:
        aws.fault = lambda *_: _killed()
        raise Killed


def _killed():
    raise Killed


def test_a_check_that_died_before_its_first_round_holds_the_function_for_minutes():
    aws, clock = timed(900), FakeClock()
    create, left = aws.create_alias, []

    def kept(*arguments, **more):
        answer = create(*arguments, **more)
        left.append(lease.read(aws.client("lambda"), FUNCTION).until_ms - clock.ms)
        return answer

    aws.create_alias = kept
    check(aws, check_request(settings=FEW), clock=clock)
    assert left[0] < 15 * MINUTE_MS


def test_each_round_prolongs_the_lease_by_what_it_may_take():
    aws = timed(60)
    seen, clock = watched(aws)
    check(aws, check_request(settings=SLOWLY), clock=clock)
    moments = sorted({(one.since_ms, one.until_ms) for _, one in seen})
    assert len(moments) > 2
    assert len({since for since, _ in moments}) == 1
    assert all(one.until_ms > now_ms + 10 * MINUTE_MS for now_ms, one in seen)


def test_the_lease_of_a_round_allows_for_the_timeout_of_every_invocation():
    aws = timed(900)
    seen, clock = watched(aws)
    check(aws, check_request(settings=FEW, parallel=5), clock=clock)
    now_ms, first = seen[0]
    bursts = 20 // 5
    assert first.until_ms - now_ms > bursts * 900_000


def once_after(aws, count, act):
    """Do something once, as soon as so many invocations were made, at the next call whatever it is."""
    done = []

    def once(number, service, operation, when):
        if when == "before" and len(aws.invoked) >= count and not done:
            done.append(operation)
            fault, aws.fault = aws.fault, lambda *_: None
            act()
            aws.fault = fault

    aws.fault = once
    return done


def invocations_of(request):
    aws = CheckedAws()
    check(aws, request)
    return len(aws.invoked)


@pytest.mark.parametrize("early", [1, 0], ids=["in its last round", "while its logs are read"])
@pytest.mark.parametrize("tails", [True, False])
def test_a_check_whose_lease_goes_at_the_end_says_so_and_claims_nothing(early, tails):
    request, store = check_request(settings=FEW), MemoryStore()
    aws = CheckedAws()
    if not tails:
        aws.invoke = without_tails(aws.invoke)
    done = once_after(
        aws, invocations_of(request) - early, lambda: restore(aws.client("lambda"), FUNCTION, FakeClock())
    )
    with pytest.raises(LeaseLost, match="lost its lease") as lost:
        check(aws, request, store=store)
    assert done
    assert "nothing is claimed" in lost.value.message
    assert lost.value.exit_code == 3
    assert Archive(store, RUN_ID).result_so_far() is None


def without_tails(invoke):
    def answer(*arguments, **more):
        return {**invoke(*arguments, **more), "LogResult": ""}

    return answer


def held(client, run_id=RUN_ID, **more):
    lease.take(client, FUNCTION, lease.Lease(run_id=run_id, memory_mb=512, set_mb=(), since_ms=1, until_ms=2, **more))


def test_a_lease_that_somebody_is_undoing_is_not_prolonged():
    client = CheckedAws().client("lambda")
    held(client)
    before = lease.read(client, FUNCTION)
    assert lease.extend(client, FUNCTION, RUN_ID, until_ms=99)
    assert lease.read(client, FUNCTION) == replace(before, until_ms=99)
    lease.begin_undo(client, FUNCTION, RUN_ID)
    assert not lease.extend(client, FUNCTION, RUN_ID, until_ms=199)
    assert lease.read(client, FUNCTION).until_ms == 99


def test_the_lease_of_another_run_is_not_prolonged():
    client = CheckedAws().client("lambda")
    held(client, "other")
    assert not lease.extend(client, FUNCTION, RUN_ID, until_ms=99)
    assert lease.read(client, FUNCTION).until_ms == 2


def test_a_prolonging_whose_answer_was_lost_is_no_loss():
    aws = CheckedAws()
    client = aws.client("lambda")
    held(client)
    real, sent = aws.update_alias, []

    def lost_once(*arguments, **more):
        sent.append(real(*arguments, **more))
        # What botocore sends again after a lost answer names a revision that is no more.
        return sent[-1] if len(sent) > 1 else real(*arguments, **more)

    aws.update_alias = lost_once
    assert lease.extend(client, FUNCTION, RUN_ID, until_ms=99)
    assert lease.read(client, FUNCTION).until_ms == 99


def test_who_is_refused_is_not_told_that_the_other_run_is_alive():
    aws, clock = CheckedAws(), FakeClock()
    held = lease.Lease(run_id="other", memory_mb=512, set_mb=(), since_ms=clock.ms, until_ms=clock.ms + 60 * MINUTE_MS)
    lease.take(aws.client("lambda"), FUNCTION, held)
    with pytest.raises(LeaseHeld) as refused:
        check(aws, clock=clock)
    assert "still under way" not in refused.value.message
    assert "It is under way, or has died" in refused.value.message
    assert "cleanup" in refused.value.next_step


@pytest.mark.parametrize("is_check", [True, False])
def test_who_stops_a_check_is_not_told_that_the_function_is_put_back(is_check, capsys, monkeypatch):
    def run_direct(services, request, run_id):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("powertune.workflow.direct.run_direct", run_direct)
    place = SimpleNamespace(stack=None, session=None, home=None, environment=None, line=SimpleNamespace(show=None))
    drive(place, check_request() if is_check else replace(check_request(), check=None), RUN_ID)
    said = capsys.readouterr().err
    assert ("the lease is being given back" in said) is is_check
    assert ("the function is being put back" in said) is not is_check
