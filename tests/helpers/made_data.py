"""Hypothesis strategies for powertune's dataclasses: every field of every kind, as its annotation allows it."""

import dataclasses
import functools
import types
import typing
from dataclasses import replace
from decimal import Decimal
from enum import Enum

from hypothesis import reject
from hypothesis import strategies as st

from powertune.domain.canary import Canary
from powertune.domain.check import CheckSettings, Metric
from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload, PayloadForm, PayloadUse
from powertune.domain.request import TuningRequest
from powertune.domain.role import TargetRole
from powertune.domain.search import NO_LIMITS, LatencyStatistic, LatencyTarget, Limits, PriorSample, SearchKind
from powertune.errors import UsageError

texts = st.text(max_size=8)
amounts = st.decimals(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda one: st.lists(one, max_size=3) | st.dictionaries(texts, one, max_size=3),
    max_leaves=5,
)
_PLAIN = {
    str: texts,
    int: st.integers(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Decimal: amounts,
    types.NoneType: st.none(),
}
_ARNS = st.builds(
    FunctionArn,
    partition=st.sampled_from(["aws", "aws-cn"]),
    region=st.just("us-east-1"),
    account=st.from_regex(r"[0-9]{12}", fullmatch=True),
    name=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
)
_PAYLOADS = st.builds(
    lambda value, weight, kept: Payload.of_value(value, weight) if kept else Payload.of_value(value).without_text(),
    json_values,
    st.none() | st.floats(1, 3),
    st.booleans(),
)
_ROLES = st.builds(
    TargetRole,
    arn=st.from_regex(r"arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9_-]{1,9}", fullmatch=True),
    external_id=st.none() | st.just("tickets/7"),
)
_PROCESSORS = st.none() | _ARNS.map(str)
_CHECKED = {
    "memory_sizes_mb": st.lists(st.integers(128, 10_240), min_size=1, max_size=3).map(tuple),
    "invocations": st.integers(3, 100_000) | st.integers(3, 9),
    "payloads": st.lists(_PAYLOADS, min_size=1, max_size=3).map(tuple),
    "payload_use": st.sampled_from([PayloadUse.IN_TURN, PayloadUse.WEIGHTED]),
    "payload_s3": st.none() | st.just("s3://my-bucket/key"),
    "balanced_weight": st.floats(0, 1),
    "parallel": st.integers(1, 800),
    "sizes_at_once": st.integers(1, 40),
    "sleep_ms": st.integers(0, 900_000),
    "cold_starts": st.integers(0, 1_000),
    "pre_processor_arn": _PROCESSORS,
    "post_processor_arn": _PROCESSORS,
    "tolerance": st.floats(0, 1),
    "risk": st.floats(0.001, 0.999),
    "min_headroom": st.none() | st.floats(0, 0.99),
    "latency_target": st.none()
    | st.builds(
        LatencyTarget,
        statistic=st.sampled_from(LatencyStatistic),
        limit_ms=st.floats(0.001, 900_000),
        cold_share=st.floats(0, 0.99),
    ),
    "limits": st.builds(
        Limits,
        max_invocations=st.none() | st.integers(1, 1000),
        max_spend=st.none() | st.decimals(1, 1000, places=4),
        max_time_ms=st.none() | st.floats(1, 1e9),
    ),
}
_PRIOR_SAMPLES = st.builds(
    PriorSample,
    memory_mb=st.integers(128, 10_240),
    duration_ms=st.floats(0, 1e9),
    billed_ms=st.integers(0, 10**9),
)
_SETTINGS = st.builds(
    CheckSettings,
    threshold=st.floats(0.001, 10),
    errors_threshold=st.floats(0, 1),
    confidence=st.floats(0.5, 0.999),
    max_invocations=st.integers(20, 10_000),
    metrics=st.lists(st.sampled_from(Metric), min_size=1, max_size=3, unique=True).map(tuple),
    undecided_fails=st.booleans(),
)
_GRID = {"limits": NO_LIMITS, "prior": None}
_CHECK = {
    "search": SearchKind.GRID,
    "payload_use": PayloadUse.IN_TURN,
    "isolate": False,
    "architecture": None,
    "assume_portable": False,
    "only_cold_starts": False,
    "dry_run": False,
    "peer": None,
}
_ADAPTIVE = {
    "payload_use": PayloadUse.IN_TURN,
    "payload_form": PayloadForm.EVENT,
    "cold_starts": 0,
    "only_cold_starts": False,
    "dry_run": False,
    "peer": None,
    "parallel": 2,
}
"""What goes with each kind of search, and with a check."""


@functools.cache
def made(kind):
    """Any value of a kind: a dataclass, an enum, a number, a text, or tuples, dicts and unions of them."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind is FunctionArn:
        return _ARNS
    if kind is Payload:
        return _PAYLOADS
    if kind is TargetRole:
        return _ROLES
    if kind is CheckSettings:
        return _SETTINGS
    if kind is PriorSample:
        return _PRIOR_SAMPLES
    if kind is TuningRequest:
        return st.builds(_request, st.fixed_dictionaries(_fields(kind) | _CHECKED), st.sampled_from([None, "live"]))
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is tuple:
        return st.lists(made(arguments[0]), max_size=2).map(tuple)
    if typing.get_origin(kind) is dict:
        return st.dictionaries(made(arguments[0]), made(arguments[1]), max_size=2)
    if isinstance(kind, types.UnionType):
        return st.one_of(*map(made, arguments))
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    return st.fixed_dictionaries(_fields(kind)).map(lambda fields: kind(**fields))


def _fields(kind):
    hints = typing.get_type_hints(kind)
    return {field.name: made(hints[field.name]) for field in dataclasses.fields(kind)}


def _request(fields, alias):
    canary = Canary(share=0.1, watch_s=600) if fields["apply"] and alias and fields["canary"] else None
    fitting = _GRID if fields["search"] is SearchKind.GRID else _ADAPTIVE | {"payloads": fields["payloads"][:1]}
    if fields["check"] is not None:
        check = replace(fields["check"], qualifier=alias, against=None)
        fitting = _GRID | _CHECK | {"check": check}
        fields, alias = {**fields, "apply": False}, None
    try:
        return TuningRequest(
            **{**fields, **fitting, "apply_alias": alias if fields["apply"] else None, "canary": canary}
        )
    except UsageError:  # too few invocations for the weights
        reject()
