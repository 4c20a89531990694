"""How often a function is invoked in a month, so that a run can say what a change saves. A run can do without it."""

from typing import Any

from powertune.aws.clock import Clock
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.domain.traffic import MonthlyTraffic, TrafficSource
from powertune.errors import AwsError
from powertune.measure.traffic import DAYS, hourly_invocations
from powertune.pricing.loads import in_a_month


def monthly_traffic(
    session: Any, request: TuningRequest, environment: Environment, clock: Clock
) -> MonthlyTraffic | None:
    """What the request says, or else the metric of the function itself, also where a clone of it is measured.

    Nothing is read but on AWS: no other endpoint counts what the function does in production.

    Args:
        session: makes the client for CloudWatch.
        request: which function, and its traffic where the user gave that.
        environment: where the run takes place.
        clock: time.

    Returns:
        None where nothing says it: the read may be denied, throttled, or take too long, and a run goes on without.
    """
    if request.monthly_invocations is not None:
        return MonthlyTraffic(invocations=request.monthly_invocations, source=TrafficSource.GIVEN)
    if environment.kind != "aws":
        return None
    try:
        return _read(session, request.function_arn, clock)
    except AwsError:
        return None


def _read(session: Any, arn: FunctionArn, clock: Clock) -> MonthlyTraffic:
    counted = sum(hourly_invocations(session.quick_client("cloudwatch"), arn, clock.now_ms() // 1000))
    return MonthlyTraffic(invocations=in_a_month(round(counted), DAYS), source=TrafficSource.CLOUDWATCH, days=DAYS)
