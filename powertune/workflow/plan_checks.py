"""What a plan compares a run with: the caller's permissions, and the limits of the account."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from powertune.aws.roles import account_of
from powertune.decide.bounds import Bounds, lanes_of
from powertune.domain.function import FunctionSnapshot
from powertune.domain.plan import Permissions, Quota
from powertune.domain.request import TuningRequest
from powertune.permissions import Feature, Mode, Scope, needed_actions
from powertune.target.surroundings import AccountLimits
from powertune.workflow.permission_check import check_permissions
from powertune.workflow.services import Services
from powertune.workflow.steps.canary import most_looks
from powertune.workflow.steps.lasting import MOST_IN_FLIGHT

CALLS_PER_SECOND = 15
"""Calls of Lambda's API besides Invoke and GetFunction, for a whole account and region; not to be raised (AWS docs,
lambda/latest/dg/gettingstarted-limits)."""

SMALL_ACCOUNT_MB = 3008
"""The largest memory size of a new account. No API says whether an account is one; a larger one is refused when set."""

_CALLS_PER_VERSION = 16
_CALLS_BESIDE = 14
_CALLS_TO_APPLY = 32
_CALLS_OF_A_CANARY = 24
_CALLS_PER_LOOK = 3
"""About as many as a run makes; tests/unit/test_preview.py and test_canary_runs.py compare."""


def control_plane_calls(bounds: Bounds, request: TuningRequest) -> int:
    """About how often a run calls Lambda's API at most, Invoke aside."""
    applying = _CALLS_TO_APPLY if request.apply else 0
    watching = _CALLS_OF_A_CANARY + _CALLS_PER_LOOK * most_looks(request) if request.canary is not None else 0
    return _CALLS_BESIDE + _CALLS_PER_VERSION * bounds.versions + applying + watching


def permissions_of(services: Services, place: str, request: TuningRequest, snapshot: FunctionSnapshot) -> Permissions:
    """What of the permissions that a run needs its caller lacks."""
    if services.environment.kind == "local":
        return Permissions(principal=None, missing=None, note="Not checked: the embedded endpoint allows everything.")
    wanted = [
        feature
        for feature, asked in (
            (Feature.ISOLATE, request.isolate),
            (Feature.APPLY, request.apply),
            (Feature.CANARY, request.canary is not None),
            (Feature.PAYLOAD_S3, request.payload_s3 is not None),
            (Feature.PROCESSORS, bool(request.pre_processor_arn or request.post_processor_arn)),
        )
        if asked
    ]
    scope = Scope(
        function=request.function_arn,
        log_group=snapshot.log_group,
        payload_s3=request.payload_s3,
        processor_arns=tuple(arn for arn in (request.pre_processor_arn, request.post_processor_arn) if arn),
    )
    if place != "stack":
        return check_permissions(services.session, needed_actions(Mode.DIRECT, scope, wanted))
    role = request.role
    scope = replace(
        scope,
        role_arn=None if role is None else role.arn,
        stack_region=services.at_home.region,
        stack_account=None if role is None else account_of(services.at_home),
    )
    found = check_permissions(services.at_home, needed_actions(Mode.STACK, scope, wanted))
    if found.missing is not None:
        note = f"{found.note} What the state machine itself may do is in the roles of its stack, not checked here."
        return replace(found, note=note)
    return found


def quotas_of(
    request: TuningRequest, limits: AccountLimits | None, bounds: Bounds, configuration: dict[str, Any]
) -> Iterator[Quota]:
    """The limits of the account, and what the run needs of them."""
    lanes, widest = lanes_of(request, most_in_flight=MOST_IN_FLIGHT)
    at_once = lanes * widest
    yield Quota(
        what="Lambda API calls",
        allowed=CALLS_PER_SECOND,
        needed=None,
        unit="a second",
        fits=True,
        note=f"of the whole account and region; about {control_plane_calls(bounds, request)} are made in all at most, "
        "and throttled ones are repeated",
    )
    concurrent = left = None
    if limits is not None:
        concurrent = limits.concurrent if limits.unreserved is None else limits.unreserved
        left = _left(limits)
    yield Quota(
        what="Concurrency",
        allowed=concurrent,
        needed=at_once,
        unit="at the same time",
        fits=None if concurrent is None else at_once <= concurrent,
        note="of all functions without a reserved concurrency together" if concurrent is not None else "not read",
    )
    size = configuration.get("CodeSize")
    needed = None if size is None else size * bounds.versions
    yield Quota(
        what="Code storage",
        allowed=left,
        needed=needed,
        unit="bytes",
        fits=None if left is None or needed is None else needed <= left,
        note="left in the account; versions are deleted at the end" if left is not None else "not read",
    )
    large = [size for size in request.memory_sizes_mb if size > SMALL_ACCOUNT_MB]
    if large:
        yield Quota(
            what="Memory size",
            allowed=None,
            needed=max(large),
            unit="MB",
            fits=None,
            note=f"new accounts may have {SMALL_ACCOUNT_MB} MB at most, and no API says so; where a size is refused, "
            "no larger one is tried",
        )


def _left(limits: AccountLimits) -> int | None:
    if limits.code_bytes is None or limits.used_code_bytes is None:
        return None
    return max(limits.code_bytes - limits.used_code_bytes, 0)
