"""aws-lambda-power-tuning's execution input as a `TuningRequest`.

Field by field, with what differs on purpose: docs/migrating.md. Version 4.4.0 is meant throughout.
"""

import json
from typing import Any
from urllib.parse import unquote_to_bytes

from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload, PayloadForm, PayloadUse
from powertune.domain.request import MAX_PARALLEL, PeerInput, TuningRequest
from powertune.domain.search import Strategy
from powertune.errors import UsageError
from powertune.peer import javascript
from powertune.peer.payloads import payload_of_input

DEFAULT_POWER_VALUES_MB = (128, 256, 512, 1024, 1536, 3008)
ALL_POWER_VALUES_MB = tuple(range(128, 3008 + 1, 64))
MIN_NUM = 5
DEFAULT_DISCARD = 0.2
MAX_DISCARD = 0.4
DEFAULT_BALANCED_WEIGHT = 0.5


def is_peer_input(data: object) -> bool:
    """Whether decoded JSON is an input in aws-lambda-power-tuning's form."""
    return isinstance(data, dict) and "lambdaARN" in data


def request_from(data: dict[str, Any], *, seed: int) -> TuningRequest:
    """The request that an input in aws-lambda-power-tuning's form means. Keys that it does not know are ignored.

    Its strategies choose the very best size, so the tolerance is 0.

    Raises:
        UsageError: a field cannot be meant; what that tool would find out at the end of a run is said here.
    """
    invocations = _num(data.get("num"))
    powers = _power_values(data.get("powerValues"))
    parallel = javascript.is_true(data.get("parallelInvocation"))
    only_cold_starts = javascript.is_true(data.get("onlyColdStarts"))
    dry_run = data.get("dryRun") is True
    apply = javascript.is_true(data.get("autoOptimize")) and not dry_run
    payloads, use, payload_s3 = _payloads(data)
    return TuningRequest(
        function_arn=_function(data.get("lambdaARN")),
        memory_sizes_mb=powers,
        invocations=invocations,
        payloads=payloads,
        payload_use=use,
        payload_s3=payload_s3,
        payload_form=PayloadForm.POWER_TUNING,
        strategy=_strategy(data.get("strategy")),
        balanced_weight=_balanced_weight(data),
        parallel=min(invocations, MAX_PARALLEL) if parallel else 1,
        sleep_ms=0 if parallel else _sleep_ms(data.get("sleepBetweenRunsMs")),
        only_cold_starts=only_cold_starts,
        pre_processor_arn=_text(data, "preProcessorARN"),
        post_processor_arn=_text(data, "postProcessorARN"),
        allowed_exceptions=_allowed_exceptions(data.get("allowedExceptions")),
        apply=apply,
        apply_alias=_text(data, "autoOptimizeAlias") if apply else None,
        dry_run=dry_run,
        tolerance=0.0,
        peer=PeerInput(
            power_values_mb=powers,
            discard_top_bottom=0.0 if only_cold_starts else _discard(data),
            include_output_results=javascript.is_true(data.get("includeOutputResults")),
        ),
        seed=seed,
    )


def _function(arn: Any) -> FunctionArn:
    if not isinstance(arn, str) or not arn:
        raise UsageError(
            "The input's lambdaARN is missing or not a text.",
            next_step="It looks like arn:aws:lambda:REGION:ACCOUNT:function:NAME.",
        )
    return FunctionArn.parse(arn)


def _num(value: Any) -> int:
    num = javascript.whole_number(value)
    if num is None or num < MIN_NUM:
        raise UsageError(
            f"The input's num is missing or below {MIN_NUM}: {_shown(value)}.",
            next_step=f"Give the invocations at each memory size: {MIN_NUM} or more.",
        )
    return num


def _power_values(value: Any) -> tuple[int, ...]:
    """Memory sizes in the order of the input, each once."""
    if value == "ALL":
        return ALL_POWER_VALUES_MB
    if not javascript.is_true(value) or value == []:
        return DEFAULT_POWER_VALUES_MB
    if not isinstance(value, list):
        raise UsageError(
            f'The input\'s powerValues is neither a list nor "ALL": {_shown(value)}.',
            next_step="Give memory sizes in MB, such as [128, 512, 1024].",
        )
    return tuple(dict.fromkeys(_power(item) for item in value))


def _power(value: Any) -> int:
    found = None if value is None or isinstance(value, bool) else javascript.number(value)
    if found is None or found != int(found):
        raise UsageError(
            f"The input's powerValues hold {_shown(value)}, which is not a memory size in MB.",
            next_step="Give whole numbers, such as [128, 512, 1024].",
        )
    return int(found)


def _payloads(data: dict[str, Any]) -> tuple[tuple[Payload, ...], PayloadUse, str | None]:
    """The events, or where they lie: a reference to S3 wins."""
    reference = data.get("payloadS3")
    if not javascript.is_true(reference):
        return *payload_of_input(data), None
    if not isinstance(reference, str) or not reference.startswith("s3://"):
        raise UsageError(
            f"The input's payloadS3 is not an S3 reference: {_shown(reference)}.",
            next_step="It looks like s3://BUCKET/KEY.",
        )
    bucket, _, key = reference.removeprefix("s3://").partition("/")
    try:
        return (), PayloadUse.IN_TURN, f"s3://{bucket}/{unquote_to_bytes(key).decode()}"
    except UnicodeError:
        raise UsageError(
            f"The key in the input's payloadS3 cannot be decoded: {_shown(reference)}.",
            next_step="Write it as UTF-8, with %XX for what a URL does not take.",
        ) from None


def _strategy(value: Any) -> Strategy:
    if not javascript.is_true(value):
        return Strategy.COST
    if value not in tuple(Strategy):
        raise UsageError(
            f"The input's strategy is {_shown(value)}, and there is none such.",
            next_step=f"There are: {', '.join(Strategy)}.",
        )
    return Strategy(value)


def _balanced_weight(data: dict[str, Any]) -> float:
    return _clamped(data, "balancedWeight", DEFAULT_BALANCED_WEIGHT, 1.0)


def _discard(data: dict[str, Any]) -> float:
    return _clamped(data, "discardTopBottom", DEFAULT_DISCARD, MAX_DISCARD)


def _clamped(data: dict[str, Any], name: str, default: float, high: float) -> float:
    """A share, brought between 0 and ``high``; null counts as 0, as it does in JavaScript."""
    if name not in data:
        return default
    found = javascript.number(data[name])
    if found is None:
        raise UsageError(
            f"The input's {name} is not a number: {_shown(data[name])}.",
            next_step=f"Give a number from 0 to {high:g}, or leave it out.",
        )
    return min(max(found, 0.0), high)


def _sleep_ms(value: Any) -> int:
    """Milliseconds; what is no number means no pause."""
    if value is None or javascript.number(value) is None:
        return 0
    return max(javascript.whole_number(value) or 0, 0)


def _text(data: dict[str, Any], name: str) -> str | None:
    value = data.get(name)
    if not javascript.is_true(value):
        return None
    if not isinstance(value, str):
        raise UsageError(f"The input's {name} is not a text: {_shown(value)}.", next_step="Correct it.")
    return value


def _allowed_exceptions(value: Any) -> tuple[str, ...]:
    if not javascript.is_true(value):
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(
            f"The input's allowedExceptions is not a list of texts: {_shown(value)}.",
            next_step='Give error types, such as ["OrderNotFound"].',
        )
    return tuple(value)


def _shown(value: Any) -> str:
    """A value for a message: short, and as it stands in the input."""
    try:
        text = json.dumps(value)
    except RecursionError:
        return "something nested too deeply"
    return text if len(text) <= 80 else f"{text[:79]}…"
