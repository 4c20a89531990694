"""Brings a run to where it takes place: the embedded endpoint, the state machine, or this process."""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from powertune.cli.account_options import home_session_of, role_of
from powertune.cli.progress import ProgressLine
from powertune.cli.run_options import request_of
from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.price import Price
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment, TuningResult
from powertune.errors import AwsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run takes place.

    Attributes:
        session: clients of the account and region that the function is in.
        home: clients of the account and region that the state machine is in; None where it is the same.
        stack: the state machine that is to drive the run; None where this process does.
        environment: AWS, or what stands in its place.
        line: shows progress.
    """

    session: Any
    stack: Any
    environment: Environment
    line: ProgressLine
    home: Any = None

    @property
    def at_home(self) -> Any:
        """Clients with the caller's own credentials: for the state machine, its bucket, and payloads in S3."""
        return self.home or self.session

    @property
    def is_local(self) -> bool:
        """Whether nothing that happens there is billed."""
        return self.environment.kind == "local"


def new_run_id() -> str:
    """A run id that nobody had before: when it began, and six random digits."""
    return f"{datetime.now(tz=UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


class MakesRequest(Protocol):
    """Makes the request that the options of a command ask for, as `request_of` does."""

    def __call__(
        self, arn: FunctionArn, options: dict[str, Any], *, default_payload: str | None = None
    ) -> TuningRequest:
        """The request for a function."""
        ...


@contextmanager
def local_place(
    spec: str,
    region: str,
    python: Path | None,
    options: dict[str, Any],
    *,
    direct: bool,
    make: MakesRequest = request_of,
) -> Iterator[tuple[Place, TuningRequest]]:
    """An embedded endpoint with the function on it, while the block runs, and the request for it."""
    from powertune.local.endpoint import ACCOUNT, EndpointSettings, LocalEndpoint, require_extra
    from powertune.local.function import create_function, install_requirements, interpreter
    from powertune.local.project import find_project

    require_extra()
    project = find_project(spec)
    arn = FunctionArn(partition="aws", region=region, account=ACCOUNT, name=project.name)
    request = make(arn, options, default_payload=project.payload)
    request = replace(request, price=run_price(options["price"], region, machine_architecture()))
    handler_python, runtime = interpreter(python)
    with ExitStack() as stack:
        line = stack.enter_context(ProgressLine())
        path: tuple[Path, ...] = ()
        if project.requirements is not None and python is None:
            line.say("installing the handler's requirements")
            path = (install_requirements(project.requirements, handler_python, runtime),)
        line.say("starting the embedded endpoint")
        settings = EndpointSettings(region=region, handler_python=handler_python, handler_path=path)
        endpoint = stack.enter_context(LocalEndpoint(settings))
        create_function(endpoint.session, ACCOUNT, project, runtime)
        place = Place(
            session=endpoint.new_session(),
            stack=None if direct else endpoint.stack,
            environment=endpoint.environment,
            line=line,
        )
        yield place, request


@contextmanager
def aws_place(
    request: TuningRequest, options: dict[str, Any], *, direct: bool, stack_needed: bool
) -> Iterator[tuple[Place, TuningRequest]]:
    """AWS, or the endpoint that ``AWS_ENDPOINT_URL`` names, and the request with the prices to use.

    Raises:
        AwsError: the state machine is needed and is not there.
    """
    from powertune.aws.roles import account_of
    from powertune.target.snapshot import architecture_of
    from powertune.workflow.stack import environment_of, find_stack

    arn, role = request.function_arn, role_of(options)
    home = home_session_of(options, options["stack_region"] or arn.region)
    session = home.reaching(region=arn.region, role=role)
    with ProgressLine() as line:
        account = arn.account if role is None or direct else account_of(home)
        stack = None if direct else find_stack(home, account, arn.partition)
        if stack is None and not direct and stack_needed:
            raise AwsError(
                f"The powertune state machine is not there in {home.region}, so nothing was started.",
                next_step="Run the same steps from this terminal by adding --direct, or set the state machine up once "
                f"with: powertune deploy --region {home.region}",
            )
        # The prices go along, so that the state machine computes with the same as this machine would.
        qualifier = None if request.check is None else request.check.qualifier
        architecture = architecture_of(session.client("lambda"), arn, qualifier)
        request = replace(request, price=run_price(options["price"], arn.region, architecture), role=role)
        yield Place(session=session, home=home, stack=stack, environment=environment_of(home), line=line), request


def machine_architecture() -> Architecture:
    """The instruction set of this machine."""
    import platform

    return Architecture.ARM64 if platform.machine() in ("arm64", "aarch64") else Architecture.X86_64


def run_price(given: str | None, region: str, architecture: Architecture) -> Price | None:
    """Prices that the run is to use in place of the shipped table's; None where that has the newest.

    Raises:
        UsageError: there is no price, and none was given.
    """
    from powertune.pricing.override import parse_price
    from powertune.pricing.table import price_for
    from powertune.pricing.user_table import user_table

    if given is not None:
        return parse_price(given, region, architecture)
    table = user_table()
    price = price_for(region, architecture, table)
    return None if table is None else price


def drive(place: Place, request: TuningRequest, run_id: str) -> TuningResult:
    """Run a tuning to its end.

    Raises:
        PowertuneError: as the run does.
    """
    from powertune.aws.clock import SystemClock
    from powertune.cli.interrupt import StopWish
    from powertune.store import MemoryStore
    from powertune.workflow.direct import run_direct
    from powertune.workflow.execution import run_execution
    from powertune.workflow.services import Services

    clock = SystemClock()
    wish_to_stop = StopWish() if request.check is None else StopWish("the lease is being given back")
    with wish_to_stop as wish:
        if place.stack is not None:
            return run_execution(
                place.at_home, place.stack, request, run_id, clock, progress=place.line.show, stop_requested=wish
            )
        services = Services(
            session=place.session,
            home=place.home,
            store=MemoryStore(),
            clock=clock,
            environment=place.environment,
            progress=place.line.show,
            stop_requested=wish,
            holder=_holder(),
        )
        return run_direct(services, request, run_id)


def _holder() -> str:
    """Who runs this, for whoever meets the function while it is held."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name, as in some containers
        user = "somebody"
    return f"{user}@{socket.gethostname()}, process {os.getpid()}"
