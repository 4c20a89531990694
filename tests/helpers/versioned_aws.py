"""The fake AWS with published versions that take their own time, with noise."""

import random

from fake_aws import FakeAws


class VersionedAws(FakeAws):
    """Versions with durations of their own.

    Args:
        durations: mean milliseconds by version number.
        noise: standard deviation of the durations, as a share of the mean.
        failing: versions that fail at every invocation.
    """

    def __init__(self, durations, *, noise=0.02, failing=(), **more):
        super().__init__(**more)
        self.durations, self.noise, self.failing = durations, noise, failing
        self.environments = 5
        self.during = lambda version: None  # called at each invocation, and may raise

    def publish(self, number, **changes):
        """A version that was there before."""
        version = {**self.latest, "CodeSha256": f"code {number}", **changes, "Version": number, "Description": ""}
        self.versions[number] = version
        self._next_version = max(self._next_version, int(number) + 1)
        return self

    def name(self, alias, version, weights=None):
        """An alias."""
        self.create_alias("orders", alias, version)
        if weights:
            self.aliases[alias]["RoutingConfig"] = {"AdditionalVersionWeights": weights}
        return self

    def invoke(self, FunctionName, LogType, Payload, Qualifier=None):
        self.during(Qualifier)
        return super().invoke(FunctionName, LogType, Payload, Qualifier)

    def duration_of(self, version):
        number = version["Version"]
        nth = sum(report["version"] == number for report in self.reports)
        # The same for the same invocation of a version, in whatever order those of several come.
        draw = random.Random(f"{number} {nth}").gauss(1, self.noise)
        return max(0.1, self.durations[number] * draw)

    def answer_of(self, version, payload):
        if version["Version"] in self.failing:
            return {"errorType": "ValueError", "errorMessage": "broken"}
        return super().answer_of(version, payload)

    def stream_of(self, report):
        earlier = [one for one in self.reports if one["version"] == report["version"]]
        return f"env{earlier.index(report) % self.environments}"


def two_versions(before_ms=50.0, after_ms=50.0, **more):
    """Version 1 under the alias live, version 2 under the alias staging."""
    aws = VersionedAws({"1": before_ms, "2": after_ms, "$LATEST": after_ms}, **more)
    return aws.publish("1").publish("2").name("live", "1").name("staging", "2")
