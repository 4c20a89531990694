"""What a request may not ask for, in sentences."""

import math
import re
from typing import TYPE_CHECKING

from powertune.domain.canary import check_canary
from powertune.domain.check import INVOCATIONS, LATEST, QUALIFIER, CheckRequest, CheckSettings, Metric
from powertune.domain.function import MAX_MEMORY_MB, MIN_MEMORY_MB
from powertune.domain.payload import PayloadForm, PayloadUse
from powertune.domain.search import LONGEST_MS, Limits, Objective, Prior, SearchKind
from powertune.errors import UsageError

if TYPE_CHECKING:
    from powertune.domain.request import TuningRequest

MAX_SEARCH_PARALLEL = 20
"""An adaptive search pays for as many cold starts at every memory size that it tries."""

THRESHOLDS, ERRORS_THRESHOLDS, CONFIDENCES = (0.001, 10.0), (0.0, 1.0), (0.5, 0.999)
"""What a check's thresholds and its confidence may be, as shares."""

_S3_URL = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+", re.DOTALL)
_FUNCTION_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:(\$LATEST|[A-Za-z0-9_-]{1,128}))?"
)
_ALIAS = re.compile(r"(?![0-9]+$)[A-Za-z0-9_-]{1,128}")


def check_names(request: "TuningRequest") -> None:
    """Refuse processors and an alias that AWS would not take.

    Raises:
        UsageError: which of them, and why.
    """
    for what, arn in (("pre", request.pre_processor_arn), ("post", request.post_processor_arn)):
        if arn is not None and not _FUNCTION_ARN.fullmatch(arn):
            raise UsageError(
                f"'{arn}' is not the ARN of a function, so it cannot be the {what}-processor.",
                next_step="It looks like arn:aws:lambda:REGION:ACCOUNT:function:NAME.",
            )
    if request.apply_alias is not None:
        if not request.apply:
            raise UsageError(
                "An alias for the recommended memory size goes with applying it.",
                next_step="Add --apply, or leave --apply-alias out.",
            )
        if not _ALIAS.fullmatch(request.apply_alias):
            raise UsageError(
                f"'{request.apply_alias}' is not an alias name.", next_step="Use letters, digits, - and _."
            )
        if request.apply_alias.startswith("powertune-"):
            raise UsageError(
                f"The alias '{request.apply_alias}' begins like those that powertune makes and deletes.",
                next_step="Choose another name.",
            )
    if request.canary is not None:
        if request.apply_alias is None:
            raise UsageError(
                "A canary gives an alias's new version a share of its traffic, so it needs an alias.",
                next_step="Add --apply --alias NAME, or leave --canary out.",
            )
        check_canary(request.canary)


def check_isolation(request: "TuningRequest") -> None:
    """Refuse another instruction set, or a promise about it, without a clone that could have it.

    Raises:
        UsageError: which.
    """
    if request.architecture is not None and not request.isolate:
        raise UsageError(
            "Another instruction set needs a temporary clone: on the function itself it is never changed.",
            next_step="Add --isolate.",
        )
    if request.assume_portable and request.architecture is None:
        raise UsageError(
            "That the package can run anywhere matters only with another instruction set.",
            next_step="Add --architectures, or leave --assume-portable out.",
        )


def check_payloads(request: "TuningRequest") -> None:
    """Refuse payloads that do not fit the invocations planned.

    Raises:
        UsageError: what does not fit.
    """
    if request.payload_s3 is not None and not _S3_URL.fullmatch(request.payload_s3):
        raise UsageError(
            f"'{request.payload_s3}' is not an S3 reference.",
            next_step="It looks like s3://BUCKET/KEY, with a bucket name of 3 to 63 characters.",
        )
    if not request.payloads:
        if request.payload_s3 is None:
            raise UsageError("There is no payload.", next_step="Give at least one event.")
        return
    request.turns()
    needed = planned_invocations(request)
    if request.payload_use is PayloadUse.ONCE and len(request.payloads) < needed:
        raise UsageError(
            f"{len(request.payloads)} payloads are too few for {needed} invocations with each used once.",
            next_step="Give more payloads, or fewer memory sizes or invocations.",
        )


def check_search(request: "TuningRequest") -> None:
    """Refuse a search that cannot be meant, or that its planner cannot do.

    Raises:
        UsageError: what, and what to do.
    """
    check_objective(request.objective)
    check_limits(request.limits)
    if request.prior is not None:
        _check_prior(request.prior)
    if request.search is SearchKind.ADAPTIVE:
        _check_adaptive(request)
    else:
        _check_grid(request)


def planned_invocations(request: "TuningRequest") -> int:
    """Invocations that a grid plans from the start, at all memory sizes together."""
    # A dry run knows its one size only once the function is read.
    sizes = 1 if request.dry_run and request.peer is None else len(request.memory_sizes_mb)
    return request.first_batch * sizes


def _check_grid(request: "TuningRequest") -> None:
    if request.prior is not None or request.limits.max_time_ms is not None:
        raise UsageError(
            "A grid invokes every memory size as often as it is told, so it has no limit of time to end at and no use "
            "for an earlier run.",
            next_step="Choose the adaptive search, or leave that limit and the earlier run out.",
        )
    planned, most = planned_invocations(request), request.limits.max_invocations
    if most is not None and planned > most:
        raise UsageError(
            f"This grid plans {planned} invocations, more than the limit of {most}. Nothing was started.",
            next_step="Give fewer memory sizes or invocations, raise the limit, or choose the adaptive search, which "
            "fits itself into one.",
        )


def check_check(request: "TuningRequest") -> None:
    """Refuse to compare versions and to tune in the same run.

    Raises:
        UsageError: what does not go together.
    """
    if request.check is None:
        return
    check_settings(request.check.settings)
    _check_sides(request.check)
    unfit = {
        "a search": request.search is SearchKind.ADAPTIVE or request.prior is not None,
        "applying": request.apply,
        "a temporary clone": request.isolate,
        "cold starts alone": request.only_cold_starts,
        "a dry run": request.dry_run,
        "payloads that are each used once": request.payload_use is PayloadUse.ONCE,
        "an input in aws-lambda-power-tuning's form": request.peer is not None,
    }
    for what, asked in unfit.items():
        if asked:
            raise UsageError(
                f"A check compares versions as they are, so it does not go with {what}.", next_step="Leave that out."
            )


def check_settings(settings: CheckSettings) -> None:
    """Refuse a measure by which nothing, or everything, would be worse.

    Raises:
        UsageError: which part of it.
    """
    between("The threshold", settings.threshold, *THRESHOLDS)
    between("The threshold of errors", settings.errors_threshold, *ERRORS_THRESHOLDS)
    between("The confidence", settings.confidence, *CONFIDENCES)
    between("The number of invocations of each version", settings.max_invocations, *INVOCATIONS)
    if not settings.metrics:
        raise UsageError("No metric to compare was given.", next_step=f"There are: {', '.join(Metric)}.")


def _check_sides(check: CheckRequest) -> None:
    for what in (check.qualifier, check.against):
        if what not in (None, LATEST) and not QUALIFIER.fullmatch(what or ""):
            raise UsageError(
                f"'{what}' is neither a version nor an alias.",
                next_step="Give a version number, the name of an alias, or $LATEST.",
            )
    if check.against is not None and (check.baseline is not None or check.stored):
        raise UsageError(
            "A check compares with a version that it measures itself, or with a baseline, not with both.",
            next_step="Leave one of them out.",
        )


def check_objective(objective: Objective) -> None:
    """Refuse shares that are none, and a latency target that nothing or everything keeps.

    Raises:
        UsageError: which.
    """
    if not 0 < objective.risk < 1:
        raise UsageError(f"The risk is {objective.risk}; it must lie above 0 and below 1.", next_step="Correct it.")
    if objective.min_headroom is not None and not 0 <= objective.min_headroom < 1:
        raise UsageError(
            f"The headroom is {objective.min_headroom}; it is a share of the memory size, from 0 to below 1.",
            next_step="Write 0.2 for a fifth that must stay unused.",
        )
    target = objective.latency_target
    if target is not None and not (0 < target.limit_ms <= LONGEST_MS and 0 <= target.cold_share < 1):
        raise UsageError(
            f"The latency target of {target.limit_ms} ms with a share of {target.cold_share} cold starts cannot be "
            f"meant: the limit lies above 0 and at most at {LONGEST_MS} ms, the share from 0 to below 1.",
            next_step="Correct it.",
        )


def check_limits(limits: Limits) -> None:
    """Refuse limits that no invocation fits into, and such that are none.

    Raises:
        UsageError: which.
    """
    for what, value in (
        ("The most invocations", limits.max_invocations),
        ("The most money", limits.max_spend),
        ("The longest time in milliseconds", limits.max_time_ms),
    ):
        # Decimal's NaN cannot be compared.
        if value is not None and not (math.isfinite(value) and value > 0):
            raise UsageError(f"{what} of a search must lie above 0, not at {value}.", next_step="Correct it.")


def _check_prior(prior: Prior) -> None:
    for sample in prior.samples:
        fits = MIN_MEMORY_MB <= sample.memory_mb <= MAX_MEMORY_MB and sample.billed_ms >= 0
        if not (fits and 0 <= sample.duration_ms < float("inf")):
            raise UsageError(
                f"The run {prior.run_id} has a measurement of {sample.duration_ms} ms at {sample.memory_mb} MB, which "
                "cannot be one.",
                next_step="Leave that run out.",
            )


def _check_adaptive(request: "TuningRequest") -> None:
    once = request.payload_use is PayloadUse.ONCE
    unfit = {
        "cold starts on purpose": request.cold_starts > 0 or request.only_cold_starts,
        "a dry run": request.dry_run,
        "several payloads, whose mix must be the same at every memory size": len(request.payloads) > 1
        or once
        or request.payload_form is PayloadForm.LIST,
        "an input in aws-lambda-power-tuning's form": request.peer is not None,
    }
    for what, asked in unfit.items():
        if asked:
            raise UsageError(
                f"An adaptive search chooses sizes and numbers of invocations itself, so it does not go with {what}.",
                next_step="Choose a grid, or leave that out.",
            )
    if request.parallel > MAX_SEARCH_PARALLEL:
        raise UsageError(
            f"An adaptive search with {request.parallel} parallel invocations would begin every memory size with so "
            f"many cold starts; it takes {MAX_SEARCH_PARALLEL} at most.",
            next_step="Lower the parallel invocations, or choose a grid.",
        )


def between(what: str, value: float, low: float, high: float) -> None:
    """Refuse a number outside its bounds, which are allowed.

    Raises:
        UsageError: it is outside, or not a number.
    """
    if not low <= value <= high:
        raise UsageError(f"{what} is {value}; it must lie between {low} and {high}.", next_step="Correct it.")
