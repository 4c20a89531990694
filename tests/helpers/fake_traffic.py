"""A fake AWS whose alias ``live`` has traffic, and CloudWatch's figures of it.

The figures have the dimensions that Lambda gives them (AWS docs, lambda/latest/dg/monitoring-metrics-view):
FunctionName, Resource (NAME:ALIAS) and ExecutedVersion. A minute's figures arrive after that minute.
"""

from fake_aws import ARN, NAME, FakeAws

from powertune.domain.canary import Canary
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.search import Strategy

OLD_MB, NEW_MB = 512, 1024


class TrafficAws(FakeAws):
    """``per_minute`` invocations through the alias; the share of them that fail, by the memory size of the version."""

    def __init__(self, *, per_minute=600, error_rate=lambda memory_mb: 0.0, slowness=lambda memory_mb: 1.0, **more):
        super().__init__(**more)
        self.per_minute = per_minute
        self.error_rate = error_rate
        self.slowness = slowness
        self.publish_version(ARN, Description="release 1")
        self.create_alias(ARN, "live", "1")
        self.looks = 0

    def get_metric_data(self, MetricDataQueries, StartTime, EndTime):
        self.looks += 1
        minutes = max(0, int((EndTime - StartTime).total_seconds() // 60) - 1)
        return [{"MetricDataResults": [self._figure(query, minutes) for query in MetricDataQueries]}]

    def _figure(self, query, minutes):
        metric = query["MetricStat"]["Metric"]
        dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
        assert metric["Namespace"] == "AWS/Lambda"
        assert query["MetricStat"]["Period"] == 60
        assert set(dimensions) == {"FunctionName", "Resource", "ExecutedVersion"}
        assert dimensions["FunctionName"] == NAME
        alias = self.aliases[dimensions["Resource"].removeprefix(f"{NAME}:")]
        version = dimensions["ExecutedVersion"]
        weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        share = weights.get(version, 1 - sum(weights.values()) if alias["FunctionVersion"] == version else 0)
        memory_mb = self.versions[version]["MemorySize"]
        count = round(self.per_minute * share)
        figure = {
            ("Invocations", "Sum"): count,
            ("Errors", "Sum"): round(count * self.error_rate(memory_mb)),
            ("Duration", "Sum"): count * self.duration_ms(memory_mb) * self.slowness(memory_mb),
            ("Duration", "SampleCount"): count,
        }[metric["MetricName"], query["MetricStat"]["Stat"]]
        return {"Id": query["Id"], "Values": [figure] * minutes if count else [], "StatusCode": "Complete"}


def without_revisions(aws):
    """The function as its owner knows it; the alias's revision is new after any change, also one that is undone."""
    latest, versions, aliases = aws.visible()
    for alias in aliases.values():
        alias.pop("RevisionId")
    return latest, versions, aliases


def request(**more):
    options = {
        "apply": True,
        "apply_alias": "live",
        "canary": Canary(share=0.1, watch_s=600),
        "strategy": Strategy.SPEED,
        "memory_sizes_mb": (OLD_MB, NEW_MB),
        **more,
    }
    return TuningRequest(function_arn=FunctionArn.parse(ARN), invocations=4, **options)
