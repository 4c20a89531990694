"""The only maker of AWS clients, with the settings that each kind of call needs."""

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

import boto3  # noqa: TID253 - whoever imports this module is about to make a client
import botocore.session  # noqa: TID253
from botocore.config import Config  # noqa: TID253
from botocore.credentials import DeferredRefreshableCredentials  # noqa: TID253
from botocore.exceptions import BotoCoreError  # noqa: TID253

from powertune.aws.clock import ClockDifference, SystemClock
from powertune.aws.errors import explained
from powertune.aws.roles import assumed
from powertune.domain.role import TargetRole
from powertune.errors import AwsError

INVOKE_MARGIN_S = 60
"""Read timeout on top of the function's own timeout, for queueing and transport."""

_QUICK_CONNECT_S, _QUICK_READ_S, _QUICK_ATTEMPTS = 2, 3, 2
"""What can be done without is waited for ten seconds in all at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Fixed credentials, for the embedded endpoint."""

    access_key: str
    secret_key: str


class AwsSession:
    """Clients of one region, with every call counted by operation in ``calls``.

    ``clock_difference`` says how far this machine's clock is from AWS's, as far as answers have told.

    Args:
        region: where the function is; None takes boto3's usual sources.
        profile: a named profile of the AWS configuration.
        endpoint_url: an endpoint in place of AWS; None leaves that to ``AWS_ENDPOINT_URL``.
        credentials: fixed credentials in place of boto3's usual sources.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        self._profile = profile
        self._credentials = credentials
        self._endpoint_url = endpoint_url
        self.role: TargetRole | None = None
        try:
            self._session = self._boto_session(region)
        except BotoCoreError as error:
            raise AwsError(f"The AWS configuration does not work: {error}.", next_step="Check --profile.") from None
        self.region: str | None = self._session.region_name
        self._clients: dict[str, Any] = {}
        self._others: dict[tuple[str | None, TargetRole | None], AwsSession] = {}
        self._home: AwsSession | None = None
        self._lock = threading.RLock()
        self.calls: Counter[str] = Counter()
        self.clock_difference = ClockDifference(SystemClock())

    def reaching(self, *, region: str | None = None, role: TargetRole | None = None) -> "AwsSession":
        """The session for another region, or through a role; this one where neither is another.

        Credentials of a role are fetched with this session's own at the first call that needs them, and again
        before they expire, so that a run may last longer than they do. The calls are counted together, and the same
        session is given each time.

        Raises:
            RoleRefused: not here, but from the first call: the role may not be assumed.
        """
        region, role = region or self.region, role or self.role
        if (region, role) == (self.region, self.role):
            return self
        if self._home is not None:
            return self._home.reaching(region=region, role=role)
        with self._lock:
            if (region, role) not in self._others:
                self._others[region, role] = self._other(region, role)
            return self._others[region, role]

    def _other(self, region: str | None, role: TargetRole | None) -> "AwsSession":
        other = AwsSession(
            region=region, profile=self._profile, endpoint_url=self._endpoint_url, credentials=self._credentials
        )
        if role is not None:
            other._assume(role, self)
        other.calls, other._lock, other._home = self.calls, self._lock, self
        other.clock_difference = self.clock_difference
        return other

    def _assume(self, role: TargetRole, home: "AwsSession") -> None:
        self.role = role
        session = botocore.session.Session(profile=self._profile)
        # botocore has no public way to give a session credentials that renew themselves.
        session._credentials = DeferredRefreshableCredentials(
            refresh_using=lambda: assumed(home.client("sts"), role), method="assume-role"
        )
        self._session = boto3.Session(botocore_session=session, region_name=self.region)

    def _boto_session(self, region: str | None) -> Any:
        fixed = self._credentials
        return boto3.Session(
            region_name=region,
            profile_name=self._profile,
            aws_access_key_id=fixed.access_key if fixed else None,
            aws_secret_access_key=fixed.secret_key if fixed else None,
        )

    def client(self, service: str) -> Any:
        """A client for control-plane calls: retried with backoff, all of them safe to repeat."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make(
                    service,
                    Config(retries={"mode": "standard", "total_max_attempts": 10}, max_pool_connections=10),
                )
            return self._clients[service]

    def quick_client(self, service: str) -> Any:
        """A client for reads that a run can do without: given up after two attempts and a few seconds."""
        return self._make(
            service,
            Config(
                connect_timeout=_QUICK_CONNECT_S,
                read_timeout=_QUICK_READ_S,
                retries={"mode": "standard", "total_max_attempts": _QUICK_ATTEMPTS},
            ),
        )

    def invoker(self, *, timeout_s: int, parallel: int, region: str | None = None) -> Any:
        """A Lambda client for Invoke: never retried by botocore, because a retry runs and bills again.

        ``timeout_s`` is the function's timeout, ``parallel`` the most invocations at the same time, ``region``
        where the function is if not in the session's region.
        """
        # Nothing says when the Date of an answer to a long invocation is from, so these tell nothing of the clock.
        return self._make(
            "lambda",
            Config(
                connect_timeout=10,
                read_timeout=timeout_s + INVOKE_MARGIN_S,
                tcp_keepalive=True,
                max_pool_connections=parallel + 4,
                retries={"mode": "standard", "total_max_attempts": 1},
            ),
            region,
            quick=False,
        )

    def _make(self, service: str, config: Config, region: str | None = None, *, quick: bool = True) -> Any:
        with explained(f"making a client for {service}"):
            client = self._session.client(service, region_name=region, config=config, endpoint_url=self._endpoint_url)
        client.meta.events.register("before-call", self._count)
        if quick:
            client.meta.events.register("after-call", self._note_date)
        return client

    def _note_date(self, http_response: Any, **_: object) -> None:
        self.clock_difference.note(http_response.headers.get("Date"))

    def _count(self, model: Any, **_: object) -> None:
        with self._lock:
            self.calls[f"{model.service_model.service_name}:{model.name}"] += 1
