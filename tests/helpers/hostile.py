"""A result with hostile text in every place that can hold any, found by walking its dataclasses."""

import copy
import typing
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from types import NoneType, UnionType
from typing import Any

import checks
from searched_runs import searched
from shown_runs import full_run

from powertune.domain.architectures import ArchitectureComparison
from powertune.domain.baselines import baseline_of
from powertune.domain.canary import Canary, CanaryOutcome, CanaryReport, VersionTraffic
from powertune.domain.check import CheckRequest
from powertune.domain.function import Architecture
from powertune.domain.request import PeerInput
from powertune.domain.result import ArchitectureRun, TuningResult
from powertune.domain.role import TargetRole
from powertune.domain.search import LatencyStatistic, LatencyTarget, Prior, PriorSample
from powertune.domain.traffic import MonthlyTraffic, TrafficSource

HOSTILE = (
    "</script><script>window.hit=1</script><img src=x onerror='window.hit=1'><svg/onload=window.hit=1>"
    '<a href="javascript:window.hit=1">go</a>" autofocus onfocus="window.hit=1" \'--><style>*{display:none}</style>'
    "&#x3C;b>&lt;i&gt; ${window.hit=1} {{7*7}} \u202eright to left\u202c \u2067\u0645\u0631\u062d\u0628\u0627 "
    "\u05e9\u05dc\u05d5\u05dd \U0001f469\u200d\U0001f4bb\U0001f1e9\U0001f1ea \x1b[2J \ud83d "
    "http://example.invalid/x.js "
) + "W" * 100

TEXTS = {
    "HTML, directions and escapes": HOSTILE,
    "Markdown": "``` a | b \\| @all #1 [x](http://e.example) ![i](j) ~~b~~ <b> **x** __y__ `c` $z$ :smile: w.example",
    "a formula": '=HYPERLINK("http://e.example";"@SUM(1+1)")\t\r\n+1|cmd',
    "XML": "]]></system-out><![CDATA[<!ENTITY x SYSTEM 'file:///'>&x; \x00\x0b\ufffe\uffff\ud800",
    "long": "x" * 400 + " \u05e9\u05dc\u05d5\u05dd " + "名前" * 200,
    "blank": " \n\t ",
}
"""Texts that mean something to one form or another, for all of a result's."""

NEEDED = {("TuningResult", "started_at"), ("TuningResult", "finished_at")}
"""Texts that are times; a page shows them as they stand where they are none, which other tests look at."""

Place = tuple[str, str]
"""A dataclass and one of its fields."""


def hostile_result(build: Callable[..., TuningResult], *, keep: frozenset[Place] = frozenset()) -> TuningResult:
    """A full result whose every text is `HOSTILE`, but those of ``keep`` and the times."""
    made: TuningResult = _poisoned(whole_result(build), keep | NEEDED)
    return made


def hostile_check(*, keep: frozenset[Place] = frozenset()) -> TuningResult:
    """The result of a check whose every text is `HOSTILE`, but those of ``keep`` and the times."""
    result = checks.whole(ended_by="limit", kept_at="place")
    request = copy.copy(result.request)
    asked = replace(_asked(result), baseline=baseline_of(result))
    object.__setattr__(request, "check", asked)
    made: TuningResult = _poisoned(replace(result, request=request, warnings=("warning",)), keep | NEEDED)
    return made


def _asked(result: TuningResult) -> CheckRequest:
    """What was asked of a check."""
    assert result.request.check is not None
    return result.request.check


def whole_result(build: Callable[..., TuningResult]) -> TuningResult:
    """A result in which nothing is missing that a result can hold."""
    result, search = full_run(build), searched(build).search
    assert search is not None
    peer = PeerInput(power_values_mb=(512, 1769))
    prior = Prior(
        run_id="earlier",
        code_sha256=result.function.code_sha256,
        architecture=Architecture.ARM64,
        payload_sha256="0",
        samples=(PriorSample(memory_mb=512, duration_ms=1.0, billed_ms=1),),
    )
    changes: dict[str, Any] = {
        "peer": peer,
        "prior": prior,
        "role": TargetRole(arn="arn:aws:iam::123456789012:role/tuner"),
        "price": result.price,
        "canary": Canary(share=0.1, watch_s=600),
        "latency_target": LatencyTarget(statistic=LatencyStatistic.P95, limit_ms=1000.0),
    }
    request = copy.copy(result.request)
    for name, value in changes.items():
        object.__setattr__(request, name, value)
    counted = VersionTraffic(invocations=10, errors=1, duration_ms=3.0)
    canary = CanaryReport(
        alias="live",
        share=0.1,
        watch_s=600,
        watched_s=600,
        old_version="1",
        new_version="2",
        old=counted,
        new=counted,
        promised=0.9,
        error_p_value=0.5,
        outcome=CanaryOutcome.PASSED,
        reason="well",
    )
    other = ArchitectureRun(
        architecture=Architecture.X86_64,
        failure=None,
        run_id="other",
        price=result.price,
        memory_sizes=result.memory_sizes,
        recommendation=result.recommendation,
        search=search,
        spend=result.spend,
        warnings=("other",),
        samples=result.samples[:12],
    )
    failed = ArchitectureRun(architecture=Architecture.X86_64, failure="it does not start")
    compared = ArchitectureComparison(
        own=Architecture.ARM64,
        other=Architecture.X86_64,
        own_memory_mb=1769,
        other_memory_mb=1769,
        duration=0.1,
        cost=0.1,
        duration_within_noise=False,
        cost_within_noise=False,
        better=Architecture.ARM64,
        sentence="arm64",
    )
    return replace(
        result,
        request=request,
        search=search,
        canary=canary,
        architectures=(other, failed),
        comparison=compared,
        traffic=MonthlyTraffic(invocations=3_000_000, source=TrafficSource.GIVEN),
        environment=replace(result.environment, cpu_method="bucket", cores=2, notes=("note",)),
        function=replace(result.function, clone="clone", own_architecture=Architecture.X86_64),
    )


def _poisoned(value: Any, keep: frozenset[Place] | set[Place]) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, tuple):
        return tuple(_poisoned(one, keep) for one in value)
    if isinstance(value, dict):
        return {_poisoned(key, keep): _poisoned(one, keep) for key, one in value.items()}
    if not is_dataclass(value):
        return value
    # What a request refuses may still stand in a file that somebody edited.
    made, hints = copy.copy(value), typing.get_type_hints(type(value))
    for field in fields(value):
        if (type(value).__name__, field.name) in keep:
            continue
        found, kind = getattr(value, field.name), hints[field.name]
        if found is None and str in typing.get_args(kind):
            found = "text"
        if found == () and str in typing.get_args(kind):
            found = ("text",)
        object.__setattr__(made, field.name, _poisoned(found, keep))
    return made


def places_reached(value: Any) -> set[Place]:
    """The fields of dataclasses that hold `HOSTILE`."""
    return {place for place, text in _texts(value) if text == HOSTILE}


def _texts(value: Any, place: Place = ("", "")) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str) and not isinstance(value, Enum):
        yield place, value
    elif isinstance(value, tuple):
        for one in value:
            yield from _texts(one, place)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(key, place)
            yield from _texts(one, place)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name), (type(value).__name__, field.name))


def places_of_text(kind: Any = TuningResult, seen: set[Any] | None = None) -> set[Place]:
    """Every field of the dataclasses of a result that may hold text, by their annotations."""
    seen = set() if seen is None else seen
    if kind in seen or not is_dataclass(kind):
        return set()
    seen.add(kind)
    found: set[Place] = set()
    for name, hint in typing.get_type_hints(kind).items():
        for one in _parts(hint):
            if one is str:
                found.add((kind.__name__, name))
            else:
                found |= places_of_text(one, seen)
    return found


def _parts(hint: Any) -> Iterator[Any]:
    """The types that an annotation is made of."""
    inner = typing.get_args(hint)
    if not inner:
        if hint is not NoneType:
            yield hint
        return
    assert isinstance(hint, UnionType) or typing.get_origin(hint) in (tuple, dict, typing.Union)
    for one in inner:
        if one is not Ellipsis:
            yield from _parts(one)
