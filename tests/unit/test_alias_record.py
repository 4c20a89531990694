"""Where the user's alias pointed is on record before it is moved; it goes back there unless somebody moved it since."""

import pytest
from fake_aws import ARN, FakeAws, FakeClock, refusal
from hypothesis import given
from hypothesis import strategies as some

from powertune.domain.function import FunctionArn
from powertune.errors import FunctionChanged, FunctionRefused
from powertune.target.alias_check import check_alias, differences
from powertune.target.alias_record import (
    AliasRecord,
    drop_record,
    move_alias,
    record_alias,
    record_name,
    share_alias,
    undo_alias,
)

FUNCTION = FunctionArn.parse(ARN)


@pytest.fixture
def aws():
    """A function with two versions and an alias on the first."""
    fake = FakeAws()
    fake.publish_version(ARN, Description="release 1")
    fake._revise()
    fake.publish_version(ARN, Description="powertune run 1024 MB")
    fake.create_alias(ARN, "live", "1", Description="the real one")
    return fake


def record(aws, name="live", **more):
    return record_alias(aws.client("lambda"), FUNCTION, "run", name, "2", **more)


def move(aws, recorded):
    move_alias(aws.client("lambda"), FUNCTION, recorded, FakeClock())


def undo(aws):
    return undo_alias(aws.client("lambda"), FUNCTION, "run", FakeClock())


def points(aws, name="live"):
    alias = aws.aliases[name]
    return alias["FunctionVersion"], alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})


names = some.from_regex(r"[A-Za-z_-][A-Za-z0-9_-]{0,127}", fullmatch=True)


@given(
    alias=names,
    was=some.none() | some.integers(1).map(str) | some.just("$LATEST"),
    to=some.integers(1).map(str),
    share=some.floats(0.001, 1),
)
def test_a_record_is_read_back_as_it_was_written(alias, was, to, share):
    written = AliasRecord(alias=alias, was=was, to=to, share=share)
    kept = {"FunctionVersion": was or "$LATEST", "Description": written.to_description()}
    assert AliasRecord.from_alias(kept) == written


def test_the_longest_record_fits_an_alias():
    longest = AliasRecord(alias="a" * 128, was="1" * 9, to="2" * 9, share=0.12345)
    assert len(longest.to_description()) <= 256
    assert len(record_name("r" * 60)) <= 128


@pytest.mark.parametrize("text", ["", "mine", "{}", "[1]", '{"alias":1}', "null"])
def test_an_alias_that_holds_no_record_is_none(text):
    assert AliasRecord.from_alias({"FunctionVersion": "1", "Description": text}) is None


def test_the_record_is_there_before_the_alias_is_moved_and_keeps_its_version_alive(aws):
    recorded = record(aws)
    assert points(aws) == ("1", {})
    assert points(aws, "powertune-run-was")[0] == "1"
    move(aws, recorded)
    assert points(aws) == ("2", {})


def test_an_undone_alias_has_its_version_and_description_as_before(aws):
    before = {**aws.aliases["live"], "RevisionId": ""}
    move(aws, record(aws))
    assert undo(aws) == ()
    assert {**aws.aliases["live"], "RevisionId": ""} == before
    assert undo(aws) == ()  # and again


def test_a_share_is_undone_like_a_move(aws):
    recorded = record(aws, share=0.1)
    share_alias(aws.client("lambda"), FUNCTION, recorded, FakeClock())
    share_alias(aws.client("lambda"), FUNCTION, recorded, FakeClock())
    assert points(aws) == ("1", {"2": 0.1})
    assert undo(aws) == ()
    assert points(aws) == ("1", {})


def test_an_alias_on_latest_goes_back_to_latest(aws):
    aws.create_alias(ARN, "newest", "$LATEST")
    move(aws, record(aws, "newest"))
    assert points(aws, "newest")[0] == "2"
    undo(aws)
    assert points(aws, "newest")[0] == "$LATEST"


def test_an_alias_that_the_run_made_is_deleted_and_one_that_was_there_never(aws):
    move(aws, record(aws, "tuned"))
    assert points(aws, "tuned")[0] == "2"
    assert undo(aws) == ()
    assert set(aws.aliases) == {"live", "powertune-run-was"}


@pytest.mark.parametrize(
    "change",
    [{"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.5}}}, {"FunctionVersion": "3"}],
)
def test_what_somebody_else_did_with_the_alias_is_left_and_told(aws, change):
    aws._revise()
    aws.publish_version(ARN, Description="release 3")
    recorded = record(aws, share=0.1)
    share_alias(aws.client("lambda"), FUNCTION, recorded, FakeClock())
    aws.update_alias(ARN, "live", **{"RoutingConfig": {"AdditionalVersionWeights": {}}, **change})
    theirs = points(aws)
    (note,) = undo(aws)
    assert note == (
        "Somebody changed the alias live during the run; it was left so (before the run it pointed at version 1)."
    )
    assert points(aws) == theirs
    with pytest.raises(FunctionChanged, match="their change was not overwritten"):
        move(aws, recorded)
    assert points(aws) == theirs


def test_a_new_alias_that_somebody_else_took_over_is_not_deleted(aws):
    move(aws, record(aws, "tuned"))
    aws.update_alias(ARN, "tuned", FunctionVersion="1")
    (note,) = undo(aws)
    assert "before the run it did not exist" in note
    assert points(aws, "tuned")[0] == "1"


def between(aws, operation, does):
    """Somebody else is quicker: they act right before our next such call."""

    def act(number, service, name, when):
        if name == operation and when == "before":
            aws.fault = lambda *_: None
            does()

    aws.fault = act


def test_a_change_between_reading_and_moving_is_not_overwritten(aws):
    recorded = record(aws)
    between(aws, "update_alias", lambda: aws.update_alias(ARN, "live", FunctionVersion="$LATEST"))
    with pytest.raises(FunctionChanged):
        move(aws, recorded)
    assert points(aws)[0] == "$LATEST"


def test_a_change_between_reading_and_undoing_is_not_overwritten(aws):
    move(aws, record(aws))
    between(aws, "update_alias", lambda: aws.update_alias(ARN, "live", FunctionVersion="$LATEST"))
    (note,) = undo(aws)
    assert "Somebody changed the alias live" in note
    assert points(aws)[0] == "$LATEST"


def test_an_alias_that_somebody_else_makes_first_is_theirs(aws):
    recorded = record(aws, "tuned")
    between(aws, "create_alias", lambda: aws.create_alias(ARN, "tuned", "1"))
    with pytest.raises(FunctionChanged):
        move(aws, recorded)
    undo(aws)
    assert points(aws, "tuned")[0] == "1"


def test_an_alias_deleted_by_somebody_else_stays_deleted(aws):
    recorded = record(aws)
    move(aws, recorded)
    aws.delete_alias(ARN, "live")
    (note,) = undo(aws)
    assert "Somebody changed the alias live" in note
    assert "live" not in aws.aliases


def test_a_repeated_record_is_the_first_one(aws):
    first = record(aws, share=0.1)
    share_alias(aws.client("lambda"), FUNCTION, first, FakeClock())
    assert record(aws, share=0.1) == first
    move(aws, first)
    assert record(aws, share=0.1) == first


def test_a_repeated_record_of_an_alias_that_somebody_changed_is_refused(aws):
    record(aws)
    aws.update_alias(ARN, "live", FunctionVersion="$LATEST")
    with pytest.raises(FunctionChanged):
        record(aws)


def test_an_alias_that_has_the_version_already_needs_no_record(aws):
    aws.update_alias(ARN, "live", FunctionVersion="2")
    assert record(aws) is None
    assert set(aws.aliases) == {"live"}


def test_an_alias_that_shares_out_is_refused_also_at_the_last_moment(aws):
    aws.update_alias(ARN, "live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    with pytest.raises(FunctionRefused, match="beside version 1"):
        record(aws)


def test_a_record_that_is_gone_is_no_error(aws):
    drop_record(aws.client("lambda"), FUNCTION, "run")
    assert undo(aws) == ()


def test_a_version_that_differs_only_as_aws_writes_it_is_no_difference():
    latest = {
        "CodeSha256": "a", "MemorySize": 512, "RevisionId": "1", "Layers": [{"Arn": "l:1", "CodeSize": 1}],
        "VpcConfig": {"SubnetIds": ["b", "a"], "SecurityGroupIds": [], "VpcId": "v"}, "Environment": {"Variables": {}},
    }  # fmt: skip
    version = {
        "CodeSha256": "a", "MemorySize": 1024, "RevisionId": "2", "Layers": [{"Arn": "l:1", "CodeSize": 2}],
        "VpcConfig": {"SubnetIds": ["a", "b"]}, "DeadLetterConfig": None,
    }  # fmt: skip
    assert differences(latest, version) == ()
    assert differences(latest, {**version, "Layers": [{"Arn": "l:2"}], "Timeout": 3}) == ("timeout", "layers")


def test_an_alias_of_the_same_settings_may_be_moved(aws):
    assert check_alias(aws.client("lambda"), FUNCTION, "live", aws.latest)["Version"] == "1"
    assert check_alias(aws.client("lambda"), FUNCTION, "none", aws.latest) is None


def test_an_alias_with_provisioned_concurrency_is_refused_where_that_can_be_read(aws):
    aws.ready["live"] = 10
    with pytest.raises(FunctionRefused, match="provisioned concurrency of 10"):
        check_alias(aws.client("lambda"), FUNCTION, "live", aws.latest)

    def deny(number, service, operation, when):
        if operation == "get_provisioned_concurrency_config":
            raise refusal(operation, "AccessDeniedException")

    aws.fault = deny
    assert check_alias(aws.client("lambda"), FUNCTION, "live", aws.latest)["Version"] == "1"


class Moving(FakeAws):
    """An alias with provisioned concurrency keeps its old version's invocations for some looks, by a weight of 1.

    As terraform-provider-aws saw it (pull request 48116).
    """

    looks = 0

    def update_alias(self, FunctionName, Name, FunctionVersion, **more):
        old = self.aliases[Name]["FunctionVersion"]
        super().update_alias(FunctionName, Name, FunctionVersion=FunctionVersion, **more)
        if FunctionVersion != old:
            self.aliases[Name]["RoutingConfig"] = {"AdditionalVersionWeights": {old: 1.0}}
            self.looks = 3
        return dict(self.aliases[Name])

    def get_alias(self, FunctionName, Name):
        answer = super().get_alias(FunctionName, Name)
        if Name == "live" and self.looks:
            self.looks -= 1
            if not self.looks:
                self.aliases[Name].pop("RoutingConfig")
        return answer


def test_lambdas_own_weights_on_the_way_are_waited_for_and_are_nobodys_change():
    aws = Moving()
    aws.publish_version(ARN, Description="release 1")
    aws._revise()
    aws.publish_version(ARN, Description="powertune run 1024 MB")
    aws.create_alias(ARN, "live", "1")
    recorded = record(aws)
    move(aws, recorded)
    assert points(aws) == ("2", {})
    aws.aliases["live"]["RoutingConfig"] = {"AdditionalVersionWeights": {"1": 1.0}}  # a run that died on the way
    assert undo(aws) == ()
    assert points(aws) == ("1", {})
