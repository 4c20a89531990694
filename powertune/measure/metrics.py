"""What CloudWatch counts of one version behind an alias.

Lambda keeps metrics for the combination of an alias and the version that it ran, "to compare error rates for two
versions of a function that are both targets of a weighted alias" (AWS docs, lambda/latest/dg/monitoring-metrics-view:
dimension ExecutedVersion). Such a metric has three dimensions: FunctionName, Resource (NAME:ALIAS) and ExecutedVersion,
as the alarms in the SAM guide on safe deployments have them (serverless-application-model,
docs/safe_lambda_deployments.rst). ``Duration`` is without inits; Lambda sends a minute's figures some time after that
minute (AWS docs, lambda/latest/dg/monitoring-metrics-types).
"""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from powertune.aws.errors import explained
from powertune.domain.canary import VersionTraffic
from powertune.domain.function import FunctionArn

PERIOD_S = 60
LATE_S = 120
"""How long a minute's figures are waited for."""

FIGURES = (("Invocations", "Sum"), ("Errors", "Sum"), ("Duration", "Sum"), ("Duration", "SampleCount"))
"""What is read of each version, by metric and statistic; CloudWatch bills each of them."""


def version_traffic(
    client: Any, arn: FunctionArn, alias: str, versions: tuple[str, ...], *, start_ms: int, end_ms: int
) -> tuple[VersionTraffic, ...]:
    """What versions behind an alias did between two times, one for each version.

    Args:
        client: a CloudWatch client.
        arn: the function.
        alias: the alias.
        versions: the versions.
        start_ms: epoch milliseconds; the whole minute that holds it counts.
        end_ms: epoch milliseconds.

    Raises:
        AwsError: CloudWatch refused, or did not give all that it has.
    """
    queries = [
        {
            "Id": f"v{place}_{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": metric,
                    "Dimensions": [
                        {"Name": "FunctionName", "Value": arn.name},
                        {"Name": "Resource", "Value": f"{arn.name}:{alias}"},
                        {"Name": "ExecutedVersion", "Value": version},
                    ],
                },
                "Period": PERIOD_S,
                "Stat": statistic,
            },
        }
        for place, version in enumerate(versions)
        for number, (metric, statistic) in enumerate(FIGURES)
    ]
    sums: dict[str, float] = defaultdict(float)
    with explained(f"reading the metrics of the alias {alias}", arn.name):
        pages = client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries,
            StartTime=_minute(start_ms),
            EndTime=datetime.fromtimestamp(end_ms / 1000, tz=UTC),
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                sums[result["Id"]] += sum(result["Values"])
    return tuple(
        _traffic([sums[f"v{place}_{number}"] for number in range(len(FIGURES))]) for place in range(len(versions))
    )


def _traffic(figures: list[float]) -> VersionTraffic:
    invocations, errors, total_ms, count = figures
    return VersionTraffic(
        invocations=round(invocations), errors=round(errors), duration_ms=total_ms / count if count else None
    )


def _minute(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 60_000 * 60, tz=UTC)
