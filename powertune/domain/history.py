"""A run in brief, for a history of many: what it found, and at which code, without its samples."""

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal

from powertune.domain.check import LATEST, Verdict
from powertune.domain.compared import ComparedBy, compared_by
from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.price import Money
from powertune.domain.result import CheckReport, Distribution, Goal, SizeCost, SizeResult, SizeStatus, TuningResult
from powertune.domain.search import SearchKind
from powertune.errors import UsageError

SUMMARY_SCHEMA = 1
"""Counted apart from the schema of results: a summary of another schema is made anew from its result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeSummary:
    """One memory size: the figures by which the run compares its sizes; None where there are none."""

    memory_mb: int
    status: SizeStatus
    invocations: int
    errors: int
    duration_ms: Distribution | None
    cost: SizeCost | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSummary:
    """What a check found; ``verdict`` is None where there was nothing to compare with.

    ``qualifier`` is the alias or version that was checked; None for the function itself.
    """

    verdict: Verdict | None
    qualifier: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What a history says of one run.

    Attributes:
        started_at, finished_at: ISO 8601 in UTC, as the result has them.
        code_sha256: of the code that was measured; it changes with every deployment of other code.
        architecture: what was measured; ``own_architecture`` is the function's, where that is another one.
        environment: ``aws``, or ``local`` for the embedded endpoint.
        goal: what the memory size was to be best for.
        payloads_sha256: of the payloads and the way they were used: runs with others are not alike.
        per_gb_second, per_request: list prices behind the costs: they may change between two runs.
        present_mb: memory size that the function had before the run.
        present, recommended: the two sizes' figures; None where the size was not measured, or none is recommended.
        search: None for results from before there were searches.
        regret_bound, risk: as in `SearchReport`, and the risk that the user allowed; None where nothing is claimed.
        invocations, cost: what the whole run took, beside other instruction sets too. ``cost`` is at list prices; on
            the embedded endpoint nobody bills it.
        warnings: how many.
        applied_mb: the memory size that the run left the function with; None where it applied nothing.
        beside: ids of the runs on other instruction sets that are a part of this one.
        check: what it found where the run was a check; its own figures are then those of the version checked.
    """

    run_id: str
    powertune_version: str
    started_at: str
    finished_at: str
    function_arn: FunctionArn
    code_sha256: str
    runtime: str | None
    architecture: Architecture
    own_architecture: Architecture | None
    environment: str
    compared: ComparedBy
    goal: Goal
    payloads_sha256: str
    per_gb_second: Decimal
    per_request: Decimal
    present_mb: int
    recommended_mb: int | None
    present: SizeSummary | None
    recommended: SizeSummary | None
    search: SearchKind | None
    regret_bound: float | None
    risk: float | None
    invocations: int
    cost: Money
    warnings: int
    restored: bool
    applied_mb: int | None
    beside: tuple[str, ...]
    check: CheckSummary | None = None
    schema: int = SUMMARY_SCHEMA

    @property
    def region(self) -> str:
        """The function's."""
        return self.function_arn.region

    @property
    def is_measurement(self) -> bool:
        """Whether it found figures of the memory size that the function had, or recommends one; no dry run does."""
        if self.compared is ComparedBy.ONCE:
            return False
        present = self.present
        known = present is not None and present.status is SizeStatus.MEASURED and present.duration_ms is not None
        return known or self.recommended is not None

    @property
    def is_local(self) -> bool:
        """Whether it was measured somewhere else than on AWS, so that its durations are another machine's."""
        return self.environment != "aws"


def summary_of(result: TuningResult) -> RunSummary:
    """A result in brief. Its samples are not looked at.

    Raises:
        UsageError: the result names something else than a function.
    """
    function, request, best, search = result.function, result.request, result.recommendation, result.search
    sizes = {size.memory_mb: size for size in result.memory_sizes}
    by = compared_by(result)
    claimed = search is not None and search.regret_bound is not None
    spends = [result.spend, *(one.spend for one in result.architectures if one.spend is not None)]
    currency = result.spend.total_cost.currency
    if any(spend.total_cost.currency != currency for spend in spends):
        raise UsageError(f"The run {result.run_id} spent in several currencies.", next_step="Look at its result.json.")
    return RunSummary(
        run_id=result.run_id,
        powertune_version=result.powertune_version,
        started_at=result.started_at,
        finished_at=result.finished_at,
        function_arn=FunctionArn.parse(function.arn),
        code_sha256=function.code_sha256,
        runtime=function.runtime,
        architecture=function.architecture,
        own_architecture=function.own_architecture,
        environment=result.environment.kind,
        compared=by,
        goal=Goal.LATENCY_TARGET if request.latency_target is not None else Goal(request.strategy.value),
        payloads_sha256=_payloads(result),
        per_gb_second=result.price.per_gb_second,
        per_request=result.price.per_request,
        present_mb=function.original_memory_mb,
        recommended_mb=None if best is None else best.memory_mb,
        present=_size(sizes.get(function.original_memory_mb), by),
        recommended=None if best is None else _size(sizes.get(best.memory_mb), by),
        search=None if search is None else search.kind,
        regret_bound=search.regret_bound if search is not None else None,
        risk=request.risk if claimed else None,
        invocations=sum(spend.invocations for spend in spends),
        cost=Money(amount=sum((spend.total_cost.amount for spend in spends), Decimal(0)), currency=currency),
        warnings=len(result.warnings),
        restored=result.restored,
        applied_mb=None if result.applied is None else result.applied.memory_mb,
        beside=tuple(one.run_id for one in result.architectures if one.run_id not in (None, result.run_id)),
        check=None if result.check is None else _check(result.check),
    )


def _check(check: CheckReport) -> CheckSummary:
    qualifier = check.subject.qualifier
    return CheckSummary(verdict=check.verdict, qualifier=None if qualifier == LATEST else qualifier)


def _size(size: SizeResult | None, by: ComparedBy) -> SizeSummary | None:
    if size is None:
        return None
    return SizeSummary(
        memory_mb=size.memory_mb,
        status=size.status,
        invocations=size.invocations,
        errors=size.errors,
        duration_ms=by.duration(size),
        cost=by.cost(size),
    )


def _payloads(result: TuningResult) -> str:
    request = result.request
    used = [request.payload_use.value, [[one.sha256, one.weight] for one in request.payloads]]
    return hashlib.sha256(json.dumps(used).encode()).hexdigest()
