"""A check may die, fail or meet others at any call: it never writes more than its lease, and that goes with it."""

from decimal import Decimal

import pytest
from checked_aws import FUNCTION, RUN_ID, CheckedAws, check, check_request, services_of
from fake_aws import ARN, FakeClock, Killed, refusal

from powertune.domain.check import LATEST, CheckSettings, Verdict
from powertune.domain.request import TuningRequest
from powertune.domain.sample import Outcome
from powertune.domain.search import Limits
from powertune.errors import AwsError, BaselineNotKept, FunctionChanged, LeaseHeld, NotRestored, PowertuneError, Stopped
from powertune.store import MemoryStore
from powertune.target import lease
from powertune.target.restore import restore
from powertune.workflow.archive import Archive
from powertune.workflow.direct import run_direct

FEW = CheckSettings(max_invocations=20)
WAYS = {
    "two versions": lambda: check_request(settings=FEW),
    "$LATEST": lambda: check_request(settings=FEW, qualifier=None, against="staging"),
    "a first baseline": lambda: check_request(settings=FEW, against=None, stored=True),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """What is decided of the same figures is decided once: the calls are what matters here."""
    from powertune.decide import check as deciding
    from powertune.decide import check_planner

    real, known = deciding.compared, {}

    def compared(before, after, settings, *, looks, seed):
        key = (before.samples, after.samples, settings, looks, seed)
        if key not in known:
            known[key] = real(before, after, settings, looks=looks, seed=seed)
        return known[key]

    monkeypatch.setattr(deciding, "compared", compared)
    monkeypatch.setattr(check_planner, "compared", compared)


def cleaned_up(aws):
    """The undo of whatever a dead run has left, by the command that its owner is told."""
    aws.fault = lambda *_: None
    return restore(aws.client("lambda"), FUNCTION, FakeClock())


# --- at every call ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_a_check_writes_its_lease_and_nothing_else(way):
    aws = CheckedAws()
    before = aws.visible()
    result = check(aws, WAYS[way]())
    assert result.restored
    assert aws.visible() == before
    assert aws.written == [
        ("create_alias", "powertune-lease"),
        ("update_alias", "powertune-lease"),  # prolonged for the round
        ("update_alias", "powertune-lease"),
        ("update_alias", "powertune-lease"),
        ("delete_alias", "powertune-lease"),
    ]


def calls_of(way):
    aws = CheckedAws()
    check(aws, WAYS[way]())
    return aws.log


def places(way):
    """The calls of a check by number, without most of those that follow the same call."""
    calls = calls_of(way)
    assert len(calls) > 20
    return [number for number, call in enumerate(calls) if call != calls[number - 1] or number % 9 == 0]


def assert_only_the_lease_was_written(aws, before, called):
    assert aws.visible() == before, f"left changed {called}"
    assert {name for _, name in aws.written} <= {"powertune-lease"}, f"more than the lease {called}"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("way", WAYS)
def test_after_death_at_any_call_cleanup_finds_the_function_as_it_was(way, when):
    every = way == "two versions" and when == "after"
    for fatal in range(len(calls_of(way))) if every else places(way):

        def die(number, service, operation, moment, fatal=fatal):
            # A dead process makes no further call: everything after the fatal one fails too.
            if number > fatal or (number == fatal and moment == when):
                raise Killed

        aws = CheckedAws()
        before, aws.fault = aws.visible(), die
        with pytest.raises(Killed):
            check(aws, WAYS[way]())
        cleaned_up(aws)
        assert_only_the_lease_was_written(aws, before, f"after dying {when} call {fatal}, {aws.log[fatal]}")


@pytest.mark.parametrize(("way", "code"), [
    ("two versions", "ServiceException"), ("two versions", "AccessDeniedException"),
    ("two versions", "TooManyRequestsException"), ("$LATEST", "AccessDeniedException"),
    ("a first baseline", "AccessDeniedException"),
])  # fmt: skip
def test_after_an_error_at_any_call_the_check_has_given_its_lease_back(way, code):
    for failing in places(way):

        def fail(number, service, operation, moment, failing=failing):
            if number == failing and moment == "before" and operation != "invoke":
                raise refusal(operation, code, status=500 if code == "ServiceException" else 400)

        aws = CheckedAws()
        before, aws.fault = aws.visible(), fail
        try:
            check(aws, WAYS[way]())
        except NotRestored:
            # Giving it back met the error: it says so, and finishing it is one command.
            cleaned_up(aws)
        except PowertuneError:
            pass  # reported, and given back
        assert_only_the_lease_was_written(aws, before, f"after {code} at call {failing}, {aws.log[failing]}")


# --- others at the same time -----------------------------------------------------------------------------------


def at_invocation(aws, count, act):
    """Do something once, when so many invocations were made and the next one is about to be."""

    def once(number, service, operation, when):
        if operation == "invoke" and when == "before" and len(aws.invoked) >= count and not done:
            done.append(1)
            act()

    done = []
    aws.fault = once
    return done


def at_first_invocation(aws, act):
    return at_invocation(aws, 0, act)


def test_a_second_check_is_refused_while_the_first_is_under_way_and_tells_whose_it_is():
    aws = CheckedAws()

    def second():
        with pytest.raises(LeaseHeld, match=RUN_ID):
            check(aws, run_id="another")

    done = at_first_invocation(aws, second)
    before = aws.visible()
    assert check(aws).restored
    assert done
    assert aws.visible() == before


def test_a_tuning_is_refused_while_a_check_is_under_way():
    aws = CheckedAws()

    def tuning():
        request = TuningRequest(function_arn=FUNCTION, memory_sizes_mb=(128, 512), invocations=3)
        with pytest.raises(LeaseHeld, match=RUN_ID):
            run_direct(services_of(aws), request, "tuning")

    done = at_first_invocation(aws, tuning)
    before = aws.visible()
    assert check(aws).check.verdict not in (None, Verdict.WORSE)
    assert done
    assert aws.visible() == before


def held_by_a_tuning(aws, *, until_ms=1_890_000_000_000, set_mb=(512, 1024)):
    lease.take(
        aws.client("lambda"),
        FUNCTION,
        lease.Lease(run_id="tuning", memory_mb=512, set_mb=set_mb, since_ms=1_780_000_000_000, until_ms=until_ms),
    )
    aws.latest["MemorySize"] = set_mb[-1]


def test_a_check_is_refused_while_a_tuning_holds_the_function_and_undoes_nothing_of_it():
    aws = CheckedAws()
    held_by_a_tuning(aws)
    before, aws.written = aws.visible(), []
    with pytest.raises(LeaseHeld, match="tuning"):
        check(aws)
    assert aws.visible() == before
    assert aws.written == []
    assert not aws.invoked


def test_a_check_that_comes_after_a_dead_tuning_puts_the_function_back_first_and_says_so():
    aws = CheckedAws()
    before = aws.visible()
    held_by_a_tuning(aws, until_ms=1_785_000_000_000)
    result = check(aws)
    assert aws.visible() == before
    assert any("The run tuning had died" in warning for warning in result.warnings)


def test_a_check_whose_lease_was_taken_away_invokes_no_further_round_and_leaves_the_other_lease():
    aws = CheckedAws()

    def cleanup_and_another():
        restore(aws.client("lambda"), FUNCTION, FakeClock(), run_id=RUN_ID)
        held_by_a_tuning(aws)

    at_first_invocation(aws, cleanup_and_another)
    # Both the same, so that the first round cannot be the last.
    with pytest.raises(LeaseHeld, match="lost its lease"):
        check(aws, check_request(most=400, settings=CheckSettings(threshold=0.001)))
    assert lease.read(aws.client("lambda"), FUNCTION).run_id == "tuning"


# --- interrupted -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 30])
def test_an_interrupted_check_gives_its_lease_back_and_ends_as_stopped(after):
    aws = CheckedAws()
    before = aws.visible()
    with pytest.raises(Stopped) as stopped:
        check(aws, stop_requested=lambda: len(aws.invoked) >= after)
    assert stopped.value.exit_code == 130
    assert stopped.value.message == "The check was stopped, and its lease was given back. It has changed nothing."
    assert len(aws.invoked) <= after + 10
    assert aws.visible() == before


def test_a_keyboard_interrupt_in_the_middle_gives_the_lease_back():
    aws = CheckedAws()
    before = aws.visible()

    def interrupt():
        raise KeyboardInterrupt

    at_first_invocation(aws, interrupt)
    with pytest.raises(KeyboardInterrupt):
        check(aws)
    assert aws.visible() == before


# --- throttled -------------------------------------------------------------------------------------------------


def test_invocations_that_aws_lets_through_late_are_no_errors_of_the_function():
    aws = CheckedAws(throttled=lambda number: number % 3 == 0)
    result = check(aws)
    assert result.check.verdict not in (None, Verdict.WORSE)
    assert {sample.outcome for sample in result.samples} == {Outcome.OK}


def test_invocations_that_aws_never_lets_through_are_no_errors_of_the_function_either():
    aws = CheckedAws(throttled=lambda number: 20 < number < 80)
    before = aws.visible()
    result = check(aws)
    assert Outcome.THROTTLED in {sample.outcome for sample in result.samples}
    assert result.check.verdict is not Verdict.WORSE
    assert all(one.verdict is not Verdict.WORSE for one in result.check.metrics)
    assert not any(one.metric == "errors" and one.after for one in result.check.metrics)
    assert aws.visible() == before


def test_a_check_of_which_aws_lets_nothing_through_ends_with_3():
    aws = CheckedAws(throttled=lambda number: True)
    before = aws.visible()
    with pytest.raises(AwsError, match="AWS let no invocation") as refused:
        check(aws)
    assert refused.value.exit_code == 3
    assert aws.visible() == before


# --- the function changes meanwhile ----------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 12, 40])
def test_a_function_that_is_deleted_meanwhile_is_said_to_be_gone(after):
    aws = CheckedAws()

    def gone(number, service, operation, when):
        if service == "lambda" and operation != "invoke" and deleted:
            raise refusal(operation, "ResourceNotFoundException", f"Function not found: {ARN}", 404)

    def delete():
        aws.versions.clear()
        aws.fault = gone

    deleted = at_invocation(aws, after, delete)
    with pytest.raises(AwsError, match="Function not found") as ended:
        check(aws)
    assert deleted
    assert ended.value.exit_code == 3


@pytest.mark.parametrize("after", [0, 12, 40])
@pytest.mark.parametrize(("version", "alias"), [("1", "live"), ("2", "staging")])
def test_a_version_that_is_deleted_meanwhile_is_named_and_nothing_is_claimed(version, alias, after):
    aws = CheckedAws(durations={"2": 80.0})

    def delete():
        del aws.aliases[alias]
        aws.delete_function(ARN, version)

    at_invocation(aws, after, delete)
    with pytest.raises(AwsError, match=rf"orders:{alias} \(version {version}\)") as ended:
        check(aws)
    assert ended.value.exit_code == 3
    assert lease.look(aws.client("lambda"), FUNCTION) is None


def deploy(aws, **changes):
    aws.latest.update(changes)
    aws._revise()


@pytest.mark.parametrize("changes", [{"CodeSha256": "newer"}, {"MemorySize": 2048}, {"Timeout": 60}], ids=str)
def test_where_latest_is_changed_while_it_is_checked_nothing_is_claimed(changes):
    aws = CheckedAws()
    at_first_invocation(aws, lambda: deploy(aws, **changes))
    with pytest.raises(FunctionChanged):
        check(aws, check_request(qualifier=None, against="live"))
    assert lease.look(aws.client("lambda"), FUNCTION) is None
    assert all(aws.latest[key] == value for key, value in changes.items())


def test_where_latest_is_changed_while_others_are_checked_the_check_goes_on():
    aws = CheckedAws(durations={"2": 75.0})
    at_first_invocation(aws, lambda: deploy(aws, CodeSha256="newer", MemorySize=2048))
    result = check(aws)
    assert result.check.verdict is Verdict.WORSE
    assert aws.latest["MemorySize"] == 2048


def test_where_an_alias_is_moved_meanwhile_the_versions_that_it_led_to_are_compared():
    aws = CheckedAws(durations={"2": 75.0})
    at_first_invocation(aws, lambda: aws.update_alias(ARN, "staging", FunctionVersion="1"))
    result = check(aws)
    assert {sample.version for sample in result.samples} == {"2"}
    assert result.check.verdict is Verdict.WORSE
    assert aws.aliases["staging"]["FunctionVersion"] == "1"


# --- money -----------------------------------------------------------------------------------------------------


def test_a_limit_of_money_ends_a_check_with_what_it_has_and_says_so():
    aws = CheckedAws()
    before = aws.visible()
    limits = Limits(max_spend=Decimal("0.0001"))
    result = check(aws, check_request(settings=CheckSettings(threshold=0.001), limits=limits))
    assert result.spend.lambda_cost.amount <= limits.max_spend
    assert result.check.verdict is not Verdict.WORSE
    assert "0.0001" in result.check.ended_by
    assert aws.visible() == before


# --- what was paid for -----------------------------------------------------------------------------------------


class ReadOnly(MemoryStore):
    """A store in which baselines and checks cannot be kept."""

    def put(self, key, text):
        if key.startswith(("baselines/", "checks/")):
            raise AwsError("AWS denied writing results to b: no", next_step="Give the caller that permission.")
        super().put(key, text)


def test_a_check_that_cannot_be_kept_is_answered_all_the_same_and_says_so():
    aws = CheckedAws()
    result = check(aws, check_request(against=None, stored=True), store=ReadOnly())
    assert result.restored
    assert result.check.kept_at is None
    assert any("AWS denied writing results" in warning for warning in result.warnings)


def test_a_baseline_that_is_kept_is_said_to_be_where_the_history_of_checks_cannot_be():
    class Forgetful(ReadOnly):
        def put(self, key, text):
            if key.startswith("baselines/"):
                return MemoryStore.put(self, key, text)
            return super().put(key, text)

    result = check(CheckedAws(), check_request(settings=FEW, against=None, stored=True), store=Forgetful())
    assert result.check.kept_at is not None
    assert any("not kept for those that come after it" in warning for warning in result.warnings)


def test_an_execution_that_is_to_fail_with_its_check_fails_where_the_first_measurement_cannot_be_kept():
    aws, store = CheckedAws(), ReadOnly()
    with pytest.raises(BaselineNotKept, match="could not be made the baseline"):
        check(
            aws,
            check_request(settings=FEW, against=None, stored=True, fail_execution=True),
            store=store,
            execution_arn="arn:aws:states:us-east-1:123456789012:execution:powertune:run",
        )
    assert Archive(store, RUN_ID).result().restored


def test_latest_is_known_by_its_name():
    aws = CheckedAws(durations={LATEST: 75.0})
    result = check(aws, check_request(qualifier=None, against="live"))
    assert result.check.verdict is Verdict.WORSE
    assert {qualifier for qualifier, _ in aws.invoked} == {LATEST, "1"}
