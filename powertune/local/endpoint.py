"""Starts the embedded endpoint in a process of its own, and ends it."""

import importlib.util
import json
import os
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from powertune.aws.session import AwsSession, Credentials
from powertune.domain.result import Environment
from powertune.errors import AwsError, LocalExtraMissing, UsageError
from powertune.local.facts import HOST
from powertune.workflow.stack import Stack, create_stack

ACCOUNT = "000000000000"
_START_TIMEOUT_S = 60
_STOP_TIMEOUT_S = 10
_NEEDED = ("ministack", "hypercorn", "psutil", "awslambdaric")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """What the endpoint shall be like.

    Attributes:
        region: the region it plays.
        port: its port on 127.0.0.1; 0 takes a free one.
        handler_python: interpreter for the users' functions, this one by default.
        handler_path: folders with what the users' functions import besides their code.
    """

    region: str = "us-east-1"
    port: int = 0
    handler_python: Path = Path(sys.executable)
    handler_path: tuple[Path, ...] = ()


def require_extra() -> None:
    """Check that the packages of the ``local`` extra are there.

    Raises:
        LocalExtraMissing: one of them is not.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise LocalExtraMissing(
            f"The embedded endpoint needs packages that are not installed: {', '.join(missing)}.",
            next_step="Install them with: pip install 'powertune[local]'",
        )


class LocalEndpoint:
    """A running endpoint with the powertune stack on it. Ends with the ``with`` block, or with this process.

    Raises:
        LocalExtraMissing: its packages are not installed.
        UsageError: its port is taken.
    """

    def __init__(self, settings: EndpointSettings) -> None:
        require_extra()
        _check_port(settings.port)
        self._settings = settings
        self._process = subprocess.Popen(
            [sys.executable, "-m", "powertune.local.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_server_environment(),
            start_new_session=True,  # Ctrl-C is for the command line, which then ends the endpoint in order
        )
        try:
            ready = self._wait_until_ready()
            self.url: str = ready["url"]
            self.environment = Environment(
                kind="local", cpu_method=ready["cpu_method"], cores=ready["cores"], notes=_notes(ready["cores"])
            )
            self.session = self.new_session()
            runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
            self.stack: Stack = create_stack(self.session, ACCOUNT, self.environment, runtime=runtime)
        except BaseException:
            self.close()
            raise

    @property
    def region(self) -> str:
        """The region it plays."""
        return self._settings.region

    def new_session(self) -> AwsSession:
        """Clients of this endpoint, with call counts of their own."""
        return AwsSession(
            region=self._settings.region,
            endpoint_url=self.url,
            credentials=Credentials(access_key=ACCOUNT, secret_key="local"),  # noqa: S106 - any secret will do
        )

    def variables(self) -> dict[str, str]:
        """Environment variables by which any AWS client finds the endpoint."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self._settings.region,
            "AWS_DEFAULT_REGION": self._settings.region,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "local",
        }

    @property
    def alive(self) -> bool:
        """Whether the endpoint's process is running."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the endpoint and everything in it. Safe to repeat."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait_until_ready(self) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        settings = {
            "port": self._settings.port,
            "region": self._settings.region,
            "handler_python": str(self._settings.handler_python),
            "handler_path": [str(path) for path in self._settings.handler_path],
        }
        self._process.stdin.write(json.dumps(settings).encode() + b"\n")
        self._process.stdin.flush()
        readable, _, _ = select.select([self._process.stdout], [], [], _START_TIMEOUT_S)
        line = self._process.stdout.readline() if readable else b""
        if not line:
            raise AwsError(
                "The embedded endpoint did not start.", next_step="What it printed above says why; please report it."
            )
        ready: dict[str, Any] = json.loads(line)
        return ready


def _check_port(port: int) -> None:
    import socket

    if port == 0:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OverflowError:
            raise UsageError(f"{port} is not a port.", next_step="Give one from 1 to 65535.") from None
        except OSError as error:
            raise UsageError(
                f"Port {port} on {HOST} cannot be used: {error.strerror}.",
                next_step="Give another --port, or none to take a free one.",
            ) from None


def _server_environment() -> dict[str, str]:
    """The server keeps what Python needs to find its packages, and nothing of the user's AWS settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def _notes(cores: int) -> tuple[str, ...]:
    text = (
        f"CPU time is held to memory size / 1769 of a core; this machine has {cores} cores, so memory sizes above "
        f"{cores * 1769} MB get no more than that. Network speed does not follow the memory size."
    )
    return (text,)
