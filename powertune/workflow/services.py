"""What a step may use, passed in."""

from collections.abc import Callable
from dataclasses import dataclass, field

from powertune.aws.clock import Clock
from powertune.aws.session import AwsSession
from powertune.domain.events import Progress
from powertune.domain.result import Environment
from powertune.store import Store


def _silent(_: Progress) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """AWS clients, store, clock and the wishes of whoever drives the run.

    Attributes:
        session: reaches the function: its region, and its role where the request names one.
        home: reaches what is powertune's own, such as executions, and payloads in S3; None where that is the same.
        store: where the run's texts lie.
        clock: time.
        environment: where the run takes place, as the result says it.
        progress: told what happens.
        time_left_ms: milliseconds until the driver's own time is up; None where it has no end.
        stop_requested: whether the user wants the run to end early.
        execution_arn: the Step Functions execution that drives the run, None in this process.
        holder: who holds a function's lease, as others are told of it.
    """

    session: AwsSession
    store: Store
    clock: Clock
    environment: Environment
    progress: Callable[[Progress], None] = field(default=_silent)
    time_left_ms: Callable[[], float] | None = None
    stop_requested: Callable[[], bool] = field(default=lambda: False)
    execution_arn: str | None = None
    holder: str = "powertune"
    home: AwsSession | None = None

    @property
    def at_home(self) -> AwsSession:
        """The session of whoever runs the steps, in its own account and region."""
        return self.home or self.session
