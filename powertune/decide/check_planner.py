"""Which invocations a check makes: in rounds that double, until it is decided or at its limit. Pure."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from powertune.decide.check import Measured, alpha_of, compared
from powertune.decide.environments import spread_of, warm_durations
from powertune.decide.summary import CostOf
from powertune.domain.check import CheckedVersion, CheckSample, CheckSides, Verdict, check_samples
from powertune.domain.request import TuningRequest
from powertune.domain.result import MetricResult
from powertune.domain.result.checked import overall
from powertune.domain.sample import Outcome, Sample
from powertune.domain.work import Batch

FIRST_LOOK = 50
"""Warm invocations of each version before the figures are looked at first: with fewer, what happens now and then would
hardly ever be among them."""

CONTENT_FROM = 100
"""Warm invocations of each version from which on a check may end with anything but worse: an event in one of fifty is
missing from every third set of fifty, and from every eighth of a hundred."""

_FEWEST_OF_BASELINE = 200
"""Warm invocations of a baseline: many checks stand on it, and one that ended where it happened to look quiet would
mislead them all."""

_LAST_STEP = 1.25
"""A look shortly before the last one would only take its share of the chance to err."""

_MOST_TIMES = 2
"""A version is never invoked more often than so many times what a look needs, however many of it fail or are cold."""

_HOPELESS_AFTER = 10
"""A version of which so many invocations failed, and none succeeded, fails."""

_FEWEST = 3

_BASELINE_PART = 3
"""A baseline is measured until its mean is known to a third of the threshold: the rest is left to the checks."""


def looks_of(max_invocations: int) -> tuple[int, ...]:
    """How many warm invocations each version has had at each look at the figures."""
    looks = []
    count = FIRST_LOOK
    while count * _LAST_STEP <= max_invocations:
        looks.append(count)
        count *= 2
    return (*looks, max_invocations)


class CheckPlanner:
    """Asks for invocations of the version to check, and of the one to compare with where that is measured too.

    The same request and samples give the same answer, as of every planner. Where the request has a baseline, and no
    version is measured in its place, its samples are what is compared with; with neither, a baseline is measured.

    Args:
        sides: what is measured.
        request: what the user asked for; its ``check`` is set.
        baseline: what was measured before, where that is compared with.
        cost_of: what an invocation of the version to check costs.
        reference_cost_of: the same of what it is compared with.
        currency: of the version to check.
        reference_currency: of what it is compared with.
        confirmed: the logs have been asked about all samples, so that their environments are known.
    """

    def __init__(
        self,
        sides: CheckSides,
        request: TuningRequest,
        *,
        baseline: Measured | None,
        cost_of: CostOf,
        currency: str,
        reference_cost_of: CostOf | None = None,
        reference_currency: str | None = None,
        confirmed: bool = True,
    ) -> None:
        assert request.check is not None
        self._sides, self._request, self._settings = sides, request, request.check.settings
        self._baseline = baseline
        self._cost_of, self._currency = cost_of, currency
        self._reference_cost_of = reference_cost_of or cost_of
        self._reference_currency = reference_currency or currency
        self._confirmed = confirmed
        self._told: dict[str | None, list[Sample]] = defaultdict(list)
        self._looks = looks_of(self._settings.max_invocations)

    @property
    def looks(self) -> int:
        """How many looks at the figures are planned; each has its share of the chance to err."""
        return len(self._looks)

    @property
    def ended_by(self) -> str | None:
        """What ended the check undecided, in words; None where nothing did."""
        if self._sides.is_one_version or not self._seen(0) or self._is_settled():
            return None
        if self._is_futile():
            assert self._baseline is not None
            warm = sum(1 for one in self._baseline.samples if one.is_warm)
            return f"the baseline's {warm:,} warm invocations, too few to decide by"
        return f"the limit of {self._settings.max_invocations:,} invocations of each version"

    def tell(self, samples: Iterable[Sample]) -> None:
        """Take samples of both versions."""
        for sample in samples:
            self._told[sample.version].append(sample)

    def rule_out(self, memory_sizes_mb: Iterable[int]) -> None:
        """Nothing: versions are compared, not memory sizes."""

    def knowledge(self) -> None:
        """Nothing: a check has no model."""

    def ask(self) -> tuple[Batch, ...]:
        """The next round, one batch for each version; none once it is decided, at its limit, or hopeless.

        A look is at as many invocations as are planned for it, also when more were made by the time: it says the same
        whenever it is asked, and cold starts or failures on the way to the next one make no further looks. What was
        made besides may keep a check going, but ends none.
        """
        if self._sides.is_one_version or any(self._is_hopeless(version) for version in self._versions()):
            return ()
        look = sum(1 for number in range(self.looks) if self._seen(number))
        if look == self.looks or (look > 0 and self._has_ended(self._looks[look - 1])):
            return ()
        batches = (self._batch(version, look) for version in self._versions())
        return tuple(batch for batch in batches if batch is not None)

    def _versions(self) -> tuple[CheckedVersion, ...]:
        reference = self._sides.reference
        return (self._sides.subject,) if reference is None else (self._sides.subject, reference)

    def _warm(self, version: CheckedVersion) -> int:
        return sum(1 for sample in self._told[version.version] if sample.is_warm_measurement)

    def _seen(self, look: int) -> bool:
        """Whether every version has been invoked as often as a look needs, or as often as it may be."""
        return all(
            self._warm(version) >= self._looks[look] or self._made(version) >= self._most(look)
            for version in self._versions()
        )

    def _is_hopeless(self, version: CheckedVersion) -> bool:
        told = self._told[version.version]
        return len(told) >= _HOPELESS_AFTER and all(sample.outcome is not Outcome.OK for sample in told)

    def _made(self, version: CheckedVersion) -> int:
        """Invocations of a version, without those that AWS did not let through: they cost nothing and tell nothing."""
        return sum(1 for sample in self._told[version.version] if sample.outcome is not Outcome.THROTTLED)

    def _most(self, look: int) -> int:
        return _MOST_TIMES * (self._looks[look] + self._starts)

    @property
    def _width(self) -> int:
        """How many environments of a version there are to be: from the first round on, so that all are of one age."""
        return min(self._request.parallel, self._looks[-1])

    @property
    def _starts(self) -> int:
        """How many cold starts come before the warm invocations."""
        return max(self._width, self._request.cold_starts)

    def _batch(self, version: CheckedVersion, look: int) -> Batch | None:
        told = self._told[version.version]
        wanted = self._looks[look] - self._warm(version) + (0 if told else self._starts)
        wanted = min(wanted, self._most(look) - self._made(version))
        if self._warm(version) >= self._looks[look] or wanted <= 0:
            return None
        return Batch(
            memory_mb=version.memory_mb,
            count=wanted,
            cold=0 if told else self._request.cold_starts,
            version=version.version,
            parallel=self._width,
        )

    def _is_content(self, warm: int | None = None) -> bool:
        """Whether nothing more is worth asking for, by the first ``warm`` warm invocations or by all."""
        return self._is_settled(warm) or self._is_futile(warm)

    def _has_ended(self, warm: int) -> bool:
        """Whether a look at so many warm invocations ends the check, and nothing made besides speaks against it."""
        more = any(self._first(version, warm) != self._first(version, None) for version in self._versions())
        return self._is_content(warm) and (not more or self._is_content())

    def _may_be_content(self, warm: int | None) -> bool:
        """Whether there are enough to end with anything but worse."""
        seen = min(map(self._warm, self._versions())) if warm is None else warm
        return seen >= min(CONTENT_FROM, self._settings.max_invocations)

    def _is_futile(self, warm: int | None = None) -> bool:
        """Whether the baseline's own uncertainty leaves no room for an answer, however often the function is invoked.

        A change that it would leave visible on either side must not look like one.
        """
        if self._baseline is None or self._sides.reference is not None:
            return False
        old, new = warm_durations(self._baseline.samples), warm_durations(self._after(warm).samples)
        if len(old.values) < _FEWEST or len(new.values) < _FEWEST or old.values.mean() <= 0:
            return False
        mean = float(old.values.mean())
        alpha = self._alpha
        unknown = reach_of(alpha) * math.sqrt(spread_of(old).variance) / mean
        beyond = float(new.values.mean()) / mean - 1 - self._settings.threshold
        return unknown >= self._settings.threshold and abs(beyond) <= unknown

    def _is_settled(self, warm: int | None = None) -> bool:
        before = self._before(warm)
        if before is None:
            return self._is_precise()
        found = compared(before, self._after(warm), self._settings, looks=self.looks, seed=self._request.seed)
        if overall(found) is Verdict.WORSE:
            return True
        return self._may_be_content(warm) and all(_is_settled(one) for one in found if one.deciding)

    def _is_precise(self) -> bool:
        """Whether a baseline's mean is known well enough, as far as further invocations could help."""
        found = warm_durations(self._after().samples)
        if len(found.values) < min(_FEWEST_OF_BASELINE, self._settings.max_invocations):
            return False
        spread, mean = spread_of(replace(found, independent=True)), float(found.values.mean())
        alpha = self._alpha
        if mean <= 0:
            return True
        return reach_of(alpha) * math.sqrt(spread.variance) / mean <= self._settings.threshold / _BASELINE_PART

    @property
    def _alpha(self) -> float:
        return min(alpha_of(metric, self._settings, self.looks) for metric in self._settings.deciding)

    def _before(self, warm: int | None) -> Measured | None:
        reference = self._sides.reference
        if reference is None:
            return self._baseline
        return Measured(
            samples=self._first(reference, warm),
            memory_mb=reference.memory_mb,
            cost_of=self._reference_cost_of,
            currency=self._reference_currency,
            confirmed=self._confirmed,
        )

    def _after(self, warm: int | None = None) -> Measured:
        subject = self._sides.subject
        return Measured(
            samples=self._first(subject, warm),
            memory_mb=subject.memory_mb,
            cost_of=self._cost_of,
            currency=self._currency,
            confirmed=self._confirmed,
        )

    def _first(self, version: CheckedVersion, warm: int | None) -> tuple[CheckSample, ...]:
        """What was measured of a version until it had so many warm invocations."""
        told = self._told[version.version]
        if warm is not None:
            places = [place for place, sample in enumerate(told) if sample.is_warm_measurement]
            told = told[: places[warm - 1] + 1] if len(places) >= warm else told
        return check_samples(told)


def reach_of(alpha: float) -> float:
    """How many standard errors a normal figure lies off its mean but with a probability of ``alpha``."""
    from scipy import special

    return -float(special.ndtri(alpha))


def _is_settled(one: MetricResult) -> bool:
    """Whether further invocations would change nothing: it is decided, or cannot be compared at all."""
    return one.verdict is not Verdict.UNDECIDED and (one.verdict is not None or one.needed is None)
