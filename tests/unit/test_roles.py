"""Reaching a function through a role: credentials that renew themselves, and refusals in words."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.stub import Stubber
from click.testing import CliRunner
from fake_aws import ARN, FakeAws, FakeClock, refusal

from powertune.aws import session as sessions
from powertune.aws.roles import account_of, assumed
from powertune.aws.session import AwsSession, Credentials
from powertune.cli.cleanup import command as cleanup
from powertune.cli.run import command as run
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.domain.role import TargetRole, cleanup_command
from powertune.errors import AwsError, NotRestored, RoleRefused, UsageError
from powertune.store import MemoryStore
from powertune.wire import to_data
from powertune.workflow import tasks
from powertune.workflow.archive import Archive
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services
from powertune.workflow.steps import target_of

ROLE = TargetRole(arn="arn:aws:iam::999999999999:role/tuner", external_id="ticket-7")
FAR = "arn:aws:lambda:eu-west-1:999999999999:function:orders"


def sts():
    return boto3.client("sts", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")


def given(expiry):
    return {
        "Credentials": {
            "AccessKeyId": "ASIAEXAMPLEEXAMPLE",
            "SecretAccessKey": "secret",
            "SessionToken": "token",
            "Expiration": expiry,
        }
    }


def in_an_hour():
    return datetime.now(tz=UTC) + timedelta(hours=1)


# --- the role ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"arn": "tuner"},
        {"arn": "arn:aws:iam::99:role/tuner"},
        {"arn": "arn:aws:iam::999999999999:user/tuner"},
        {"arn": ROLE.arn, "external_id": "x"},
        {"arn": ROLE.arn, "external_id": "with a space"},
        {"arn": ROLE.arn, "session_name": "a/b"},
    ],
)
def test_what_is_no_role_is_refused(fields):
    with pytest.raises(UsageError):
        TargetRole(**fields)


def test_a_role_in_a_path_and_in_another_partition_is_one():
    assert TargetRole(arn="arn:aws-cn:iam::999999999999:role/teams/tuner").session_name == "powertune"


def test_the_role_is_asked_for_with_its_external_id_and_session_name():
    client = sts()
    with Stubber(client) as stub:
        expected = {"RoleArn": ROLE.arn, "RoleSessionName": "powertune", "ExternalId": "ticket-7"}
        stub.add_response("assume_role", given(in_an_hour()), expected)
        assert assumed(client, ROLE)["access_key"] == "ASIAEXAMPLEEXAMPLE"


def test_a_refused_role_is_explained_with_what_may_be_the_reason():
    client = sts()
    with Stubber(client) as stub:
        stub.add_client_error("assume_role", "AccessDenied", "User: bob is not authorized", http_status_code=403)
        with pytest.raises(RoleRefused) as error:
            assumed(client, ROLE)
    assert ROLE.arn in error.value.message
    for word in ("exists", "trust policy", "external id", "multi-factor", "sts:AssumeRole"):
        assert word in error.value.next_step


def test_expired_credentials_of_the_caller_are_told_apart_from_a_refused_role():
    client = sts()
    with Stubber(client) as stub:
        stub.add_client_error("assume_role", "ExpiredToken", "The token has expired", http_status_code=403)
        with pytest.raises(AwsError, match="did not accept the credentials") as error:
            assumed(client, ROLE)
    assert not isinstance(error.value, RoleRefused)


def test_the_callers_account_is_asked_for():
    assert account_of(WithIdentity()) == "111111111111"


class WithIdentity:
    def client(self, service):
        assert service == "sts"
        client = sts()
        stub = Stubber(client)
        stub.add_response("get_caller_identity", {"Account": "111111111111"})
        stub.activate()
        return client


# --- the session -------------------------------------------------------------------------------------------------


@pytest.fixture
def fetched(monkeypatch):
    """Assumes without AWS; the list holds the roles that were fetched, each for as long as ``lasts`` says."""
    made = []

    def fetch(client, role):
        made.append(role)
        number = len(made)
        expiry = datetime.now(tz=UTC) + made_lasts[min(number, len(made_lasts)) - 1]
        return {"access_key": f"key{number}", "secret_key": "s", "token": "t", "expiry_time": expiry.isoformat()}

    made_lasts = [timedelta(hours=1)]
    monkeypatch.setattr(sessions, "assumed", fetch)
    return made, made_lasts


def home():
    return AwsSession(region="us-east-1", credentials=Credentials(access_key="own", secret_key="s"))


def key_of(session):
    """The access key that a call would be signed with."""
    signer = session.client("lambda")._request_signer
    return signer._credentials.get_frozen_credentials().access_key


def test_the_same_region_without_a_role_is_the_same_session():
    session = home()
    assert session.reaching() is session
    assert session.reaching(region="us-east-1") is session


def test_another_region_is_another_session_that_counts_its_calls_with_this_one():
    session = home()
    other = session.reaching(region="eu-west-1")
    assert other.region == other.client("lambda").meta.region_name == "eu-west-1"
    assert other.calls is session.calls
    assert session.reaching(region="eu-west-1") is other
    assert key_of(other) == "own"


def test_a_role_is_assumed_at_the_first_call_and_once(fetched):
    made, _ = fetched
    session = home().reaching(region="eu-west-1", role=ROLE)
    session.client("lambda")
    assert made == []
    assert key_of(session) == key_of(session) == "key1"
    assert made == [ROLE]


def test_credentials_that_are_about_to_expire_are_renewed_in_the_middle_of_a_run(fetched):
    _, lasts = fetched
    lasts[:] = [timedelta(minutes=5), timedelta(hours=1)]
    session = home().reaching(role=ROLE)
    assert [key_of(session), key_of(session), key_of(session)] == ["key1", "key2", "key2"]


def test_the_invoking_clients_have_the_roles_credentials_too(fetched):
    session = home().reaching(role=ROLE)
    client = session.invoker(timeout_s=3, parallel=1, region="us-west-2")
    assert client._request_signer._credentials.get_frozen_credentials().access_key == "key1"
    assert client.meta.region_name == "us-west-2"


def test_from_behind_a_role_another_region_is_behind_it_too(fetched):
    session = home()
    behind = session.reaching(role=ROLE)
    assert behind.reaching() is behind
    other = behind.reaching(region="eu-west-1")
    assert other is session.reaching(region="eu-west-1", role=ROLE)
    assert key_of(other).startswith("key")


def test_a_role_that_is_refused_is_told_by_the_call_that_needs_it(monkeypatch):
    def refuse(client, role):
        raise RoleRefused("no", next_step="ask")

    monkeypatch.setattr(sessions, "assumed", refuse)
    client = home().reaching(role=ROLE).client("lambda")
    with pytest.raises(RoleRefused):
        client.get_function_configuration(FunctionName="orders")


# --- the steps ---------------------------------------------------------------------------------------------------


def request(**more):
    more = {"function_arn": FunctionArn.parse(FAR), "role": ROLE, **more}
    return TuningRequest(memory_sizes_mb=(128,), invocations=3, **more)


@pytest.mark.parametrize("where", ["in the input", "in the store", "in the state"])
def test_a_step_finds_the_function_and_its_role(where, make_snapshot):
    store, data = MemoryStore(), {"run_id": "run-1"}
    if where == "in the store":
        Archive(store, "run-1").save_request(request())
    elif where == "in the input":
        data["request"] = to_data(request())
    else:
        data |= {"snapshot": to_data(make_snapshot(arn=FunctionArn.parse(FAR))), "role": to_data(ROLE)}
    assert target_of(store, data) == (FunctionArn.parse(FAR), ROLE)


def test_an_input_in_the_other_tools_form_has_a_function_and_no_role():
    assert target_of(MemoryStore(), {"run_id": "r", "lambdaARN": FAR}) == (FunctionArn.parse(FAR), None)
    assert target_of(MemoryStore(), {"run_id": "r"}) is None


class Home:
    """A session that notes what was reached from it."""

    def __init__(self):
        self.reached = []

    def client(self, service):
        return FakeAws().client(service)

    def reaching(self, *, region, role):
        self.reached.append((region, role))
        return "the other session"


@pytest.mark.parametrize(
    ("data", "reached"),
    [
        ({"request": to_data(request())}, [("eu-west-1", ROLE)]),
        ({"lambdaARN": FAR}, [("eu-west-1", None)]),
        ({"lambdaARN": "no function"}, []),
        ({"request": {**to_data(request()), "role": {"arn": "no role"}}}, []),
    ],
)
def test_a_task_reaches_the_function_where_it_is_and_keeps_its_own_things_at_home(monkeypatch, data, reached):
    monkeypatch.setenv("POWERTUNE_BUCKET", "bucket")
    session = Home()
    services = tasks._services(session, {"run_id": "run-1", **data}, "arn:a:b:c:d:execution:powertune:run-1", None)
    assert session.reached == reached
    assert services.at_home is session
    assert services.session == ("the other session" if reached else session)


def test_without_another_session_everything_is_at_home():
    aws = FakeAws()
    services = Services(session=aws, store=MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"))
    assert services.at_home is aws


# --- credentials that expire -------------------------------------------------------------------------------------


def expired_from(first):
    def fault(number, service, operation, when):
        if number >= first and when == "before":
            raise refusal(operation, "ExpiredTokenException", "The security token included is expired", 403)

    return fault


def test_credentials_that_expire_at_any_moment_of_a_run_leave_no_doubt_about_the_function():
    local = {"function_arn": FunctionArn.parse(ARN), "role": None}

    def run_with(aws):
        services = Services(session=aws, store=MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"))
        return run_direct(services, request(**local), "run-1")

    whole = FakeAws()
    before = whole.visible()
    run_with(whole)
    told = []
    for first in range(len(whole.log)):
        aws = FakeAws(fault=expired_from(first))
        try:
            run_with(aws)
        except (NotRestored, AwsError) as error:
            told.append((error, aws.visible() == before))
        else:
            assert aws.visible() == before
    assert any("did not accept the credentials" in error.message for error, _ in told)
    for error, unchanged in told:
        assert unchanged or f"powertune cleanup --function-arn {ARN}" in error.next_step
        assert any(name in error.message for name in ("orders", "log group", "traces"))
        if isinstance(error, NotRestored):
            assert "orders was not put back" in error.message


def test_sso_and_login_sessions_that_ended_are_told_as_credentials_and_not_as_the_network():
    from botocore.exceptions import SSOTokenLoadError, UnauthorizedSSOTokenError

    from powertune.aws.errors import explained

    for kind in (UnauthorizedSSOTokenError(), SSOTokenLoadError(error_msg="gone")):
        with pytest.raises(AwsError, match="could not be renewed") as error, explained("reading", "orders"):
            raise kind
        assert "Log in again" in error.value.next_step
    with pytest.raises(AwsError, match="expired"), explained("reading", "orders"):
        raise RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired.")
    with pytest.raises(RuntimeError), explained("reading", "orders"):
        raise RuntimeError("something else")


# --- the command line --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("--function-arn", ARN, "--external-id", "x1"),
        ("--function-arn", ARN, "--role-session-name", "me"),
        ("--function-arn", ARN, "--role-arn", "tuner", "--direct"),
        ("--function-arn", ARN, "--direct", "--stack-region", "eu-west-1"),
        ("--local", "examples/primes", "--role-arn", ROLE.arn),
        ("--local", "examples/primes", "--stack-region", "eu-west-1"),
    ],
)
def test_options_that_contradict_each_other_are_refused_before_anything(arguments):
    with pytest.raises(UsageError):
        CliRunner().invoke(run, list(arguments), catch_exceptions=False)


def test_the_command_that_finishes_an_undo_names_the_role_that_leads_to_the_function():
    assert cleanup_command(FAR, None) == f"powertune cleanup --function-arn {FAR}"
    assert cleanup_command(FAR, ROLE).endswith(f"--role-arn {ROLE.arn} --external-id ticket-7")


def test_cleanup_goes_through_the_role(monkeypatch):
    reached = []

    class Session(FakeAws):
        def __init__(self, **more):
            super().__init__()

        def reaching(self, *, region=None, role=None):
            reached.append(role)
            return self

        def list_functions(self):
            return [{"Functions": []}]

    monkeypatch.setattr(sessions, "AwsSession", Session)
    arguments = ["--function-arn", FAR, "--role-arn", ROLE.arn, "--external-id", "ticket-7"]
    answer = CliRunner().invoke(cleanup, arguments, catch_exceptions=False)
    assert answer.exit_code == 0
    assert reached == [ROLE]
