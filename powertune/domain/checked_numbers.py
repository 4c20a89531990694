"""Whether the figures of a check agree with each other. Anybody can edit a result."""

from collections.abc import Iterator

from powertune.domain.check import CheckSettings, Metric, Verdict
from powertune.domain.result import CheckReport, MetricResult, TuningResult
from powertune.domain.result.checked import overall
from powertune.domain.result_numbers import same, shown, slack_of


def wrong_check(result: TuningResult) -> Iterator[str]:
    """What is wrong with the check in a result, each with its place; nothing where there is none."""
    check = result.check
    if check is None:
        return
    place = "$.check"
    sizes = [size.memory_mb for size in result.memory_sizes]
    is_one_version = check.reference is None and check.verdict is Verdict.SAME
    if sizes != ([] if is_one_version else [check.subject.memory_mb]):
        yield f"{place}.subject.memory_mb: {check.subject.memory_mb} MB, and the result is of {shown(sizes)}"
    if result.recommendation is not None:
        yield f"{place}: a check recommends no memory size, and the result does"
    yield from _verdict(result, check, place)
    reference = check.reference
    if reference is not None and check.interleaved != (reference.run_id is None):
        yield f"{place}.interleaved: {check.interleaved}, and the reference is of the run {shown(reference.run_id)}"
    seen: set[Metric] = set()
    counts = (0 if reference is None else len(reference.samples)), sum(size.invocations for size in result.memory_sizes)
    for index, metric in enumerate(check.metrics):
        at = f"{place}.metrics[{index}]"
        if metric.metric in seen:
            yield f"{at}.metric: {metric.metric} is there twice"
        seen.add(metric.metric)
        yield from _metric(metric, check.settings, counts, at)


def _verdict(result: TuningResult, check: CheckReport, place: str) -> Iterator[str]:
    if check.reference is None:
        if check.metrics:
            yield f"{place}.metrics: there are {len(check.metrics)}, and nothing was compared with"
        if check.verdict not in (None, Verdict.SAME):
            yield f"{place}.verdict: {check.verdict}, and nothing was compared with"
        return
    if not check.metrics:
        yield f"{place}.metrics: there is none"
        return
    expected = overall(check.metrics)
    if check.verdict is not expected and not (check.verdict is Verdict.WORSE and _fails_now(result, check)):
        yield f"{place}.verdict: {check.verdict}, and those of its metrics make it {expected}"


def _fails_now(result: TuningResult, check: CheckReport) -> bool:
    """Whether every invocation failed, and what was compared with works: that is worse, whatever was measured."""
    ran, failed = (sum(getattr(size, name) for size in result.memory_sizes) for name in ("invocations", "errors"))
    works = check.reference is not None and any(one.ok for one in check.reference.samples)
    return ran == failed > 0 and works


def _metric(one: MetricResult, settings: CheckSettings, counts: tuple[int, int], place: str) -> Iterator[str]:
    allowed = settings.errors_threshold if one.metric is Metric.ERRORS else settings.threshold
    # Memory must have grown by a share of the memory size, too, which is a larger one of what was used.
    if one.threshold < allowed or (one.threshold > allowed and one.metric is not Metric.MEMORY_USED):
        yield f"{place}.threshold: {shown(one.threshold)}, and the check's is {shown(allowed)}"
    for name, most in (("before_count", counts[0]), ("after_count", counts[1])):
        if getattr(one, name) > most:
            yield f"{place}.{name}: {getattr(one, name)} values of {most} invocations"
    if one.low is not None and one.high is not None and one.low > one.high + slack_of(one.low, one.high):
        yield f"{place}: its low end, {one.low:g}, is above its high one, {one.high:g}"
    yield from _change(one, place)
    if one.verdict is not None and not _fits(one):
        yield f"{place}.verdict: {one.verdict}, which does not follow from {_ends(one)} and {one.threshold:g}"
    if (one.verdict is None) != (one.reason is not None):
        yield f"{place}.reason: {shown(one.reason)}, beside the verdict {one.verdict}"


def _change(one: MetricResult, place: str) -> Iterator[str]:
    if one.before is None or one.after is None or one.change is None:
        return
    if one.metric is Metric.ERRORS:
        fits = abs(one.after - one.before - one.change) <= slack_of(1.0)
    else:
        nothing = one.before == one.after == one.change == 0
        fits = nothing or (one.before > 0 and same(one.after / one.before, 1 + one.change))
    if not fits:
        yield f"{place}.change: {one.change:g}, from {one.before:g} to {one.after:g}"


def _fits(one: MetricResult) -> bool:
    low, high, threshold = one.low, one.high, one.threshold
    if one.verdict is Verdict.WORSE:
        return low is not None and low > threshold
    if one.verdict is Verdict.BETTER:
        return high is not None and high < -threshold
    if one.verdict is Verdict.SAME:
        # Of errors that are no more than before, none are too many.
        fewer = one.metric is Metric.ERRORS and one.change is not None and one.change <= 0
        return fewer or (high is not None and high <= threshold)
    return True


def _ends(one: MetricResult) -> str:
    low = "no low end" if one.low is None else f"{one.low:g}"
    high = "no high end" if one.high is None else f"{one.high:g}"
    return f"{low} to {high}"
