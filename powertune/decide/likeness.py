"""Whether two measurements may be compared at all, and what a reader must know where they may. Pure."""

from powertune.domain.check import LATEST, Baseline, CheckedVersion
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment


def refusals(
    baseline: Baseline, subject: CheckedVersion, request: TuningRequest, environment: Environment
) -> tuple[str, ...]:
    """Why a baseline is not of the same kind as what is checked, a sentence for each reason; none where it is.

    A difference of these is never that of the code: the comparison would answer another question.
    """
    before = baseline.function
    found = []
    if before.arn != subject.arn:
        found.append(f"The baseline is of {before.arn}, and this is {subject.arn}.")
    elif _alias(before) is not None and _alias(subject) is not None and _alias(before) != _alias(subject):
        found.append(f"The baseline is of the alias {before.qualifier}, and this is {subject.qualifier}.")
    if before.architecture is not subject.architecture:
        found.append(f"The baseline was measured on {before.architecture}, and this runs on {subject.architecture}.")
    if baseline.environment != environment.kind:
        found.append(
            f"The baseline was measured {_PLACES.get(baseline.environment, baseline.environment)}, and this is "
            f"measured {_PLACES.get(environment.kind, environment.kind)}."
        )
    elif baseline.cpu_method != environment.cpu_method:
        found.append(
            f"The embedded endpoint limited the CPU by {baseline.cpu_method or 'nothing'} for the baseline, and does "
            f"by {environment.cpu_method or 'nothing'} now."
        )
    if _mix_of_baseline(baseline) != _mix_of(request):
        found.append("The baseline was measured with other payloads.")
    found += [f"The baseline was measured with {what}." for what in _other_surroundings(baseline, request)]
    return tuple(found)


def _other_surroundings(baseline: Baseline, request: TuningRequest) -> list[str]:
    """What else of a request makes figures of another kind."""
    pairs = {
        "another pre-processor": (baseline.pre_processor_arn, request.pre_processor_arn),
        "another post-processor": (baseline.post_processor_arn, request.post_processor_arn),
        "other exceptions allowed": (baseline.allowed_exceptions, tuple(sorted(request.allowed_exceptions))),
    }
    return [what for what, (before, now) in pairs.items() if before != now]


_PLACES = {"aws": "on AWS", "local": "on an embedded endpoint"}


def _alias(version: CheckedVersion) -> str | None:
    """The alias that was asked for; a version's number is another one with each deployment."""
    qualifier = version.qualifier
    return None if qualifier is None or qualifier == LATEST or qualifier.isdigit() else qualifier


def _mix_of(request: TuningRequest) -> tuple[tuple[str, float], ...]:
    return _shares([(payload.sha256, payload.weight) for payload in request.payloads])


def _mix_of_baseline(baseline: Baseline) -> tuple[tuple[str, float], ...]:
    return _shares([(payload.sha256, payload.weight) for payload in baseline.payloads])


def _shares(payloads: list[tuple[str, float | None]]) -> tuple[tuple[str, float], ...]:
    """Each event's share of the invocations, whatever the weights add up to."""
    weights: dict[str, float] = {}
    for sha256, weight in payloads:
        weights[sha256] = weights.get(sha256, 0.0) + (1.0 if weight is None else weight)
    whole = sum(weights.values())
    return tuple((sha256, round(weights[sha256] / whole, 9)) for sha256 in sorted(weights)) if whole else ()


def notes(reference: CheckedVersion, subject: CheckedVersion) -> tuple[str, ...]:
    """What differs between two versions besides their code, or that their code does not; a sentence each."""
    found = []
    if reference.code_sha256 == subject.code_sha256:
        found.append("Both have the same code: what differs comes from its configuration or from around it.")
    pairs = (
        ("instruction set", reference.architecture.value, subject.architecture.value),
        ("memory size", f"{reference.memory_mb:,} MB", f"{subject.memory_mb:,} MB"),
        ("runtime", reference.runtime or "an image", subject.runtime or "an image"),
        ("timeout", f"{reference.timeout_s} s", f"{subject.timeout_s} s"),
        ("ephemeral storage", f"{reference.ephemeral_mb:,} MB", f"{subject.ephemeral_mb:,} MB"),
    )
    found += [f"The {what} differs: {old} before, {new} now." for what, old, new in pairs if old != new]
    patches = reference.runtime_version, subject.runtime_version
    if None not in patches and patches[0] != patches[1] and reference.runtime == subject.runtime:
        found.append("The runtime's patch level differs: AWS has updated it in between.")
    return tuple(found)
