"""What somebody should know before a run is started, by what was read of the function and its event. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any

from powertune.decide.bounds import Bounds
from powertune.domain.request import TuningRequest
from powertune.domain.search import SearchKind

_ACTS = re.compile(
    r"(?:^|[^a-z])(?:pay|payments?|charges?|orders?|refunds?|transfers?|checkout|purchases?|bill(?:ing)?|invoices?|"
    r"send(?:er)?|e?mails?|sms|notify|notifications?|creates?|inserts?|writes?|saves?|deletes?|removes?|updates?|"
    r"publish(?:er)?|enqueue|register|signup|subscribe)(?:[^a-z]|$)"
)
"""Words in names that mean that something is done, and not just looked up."""

_WRITING_METHODS = ("POST", "PUT", "PATCH", "DELETE")


def doubts(
    request: TuningRequest,
    configuration: dict[str, Any],
    bounds: Bounds,
    *,
    sources: tuple[str, ...] | None,
    ready: int | None,
    signed: bool | None,
    runtime_updates: str | None,
    edge: bool | None,
) -> tuple[str, ...]:
    """Warnings in sentences.

    Args:
        request: what was asked for.
        configuration: ``$LATEST`` as AWS gives it.
        bounds: what the run does at most.
        sources: what Lambda polls for ``$LATEST``; None where that could not be read.
        ready: environments kept ready; None where that could not be read.
        signed: whether a code signing configuration is attached; None where that could not be read.
        runtime_updates: when Lambda moves ``$LATEST`` to another version of its runtime; None where that is not known.
        edge: whether Lambda@Edge may run the function; None where that could not be read.
    """
    return (
        *_side_effects(request, configuration, bounds),
        *_latest(request, sources),
        *_network(configuration, bounds),
        *_ready(ready),
        *_signing(signed),
        *_runtime(runtime_updates),
        *_edge(edge),
    )


def _side_effects(request: TuningRequest, configuration: dict[str, Any], bounds: Bounds) -> Iterator[str]:
    many = f"{bounds.invocations:,} times at most"
    if bounds.planned is not None and bounds.planned != bounds.invocations:
        many = f"{bounds.planned:,} times, {bounds.invocations:,} at most"
    if bounds.invocations == 1:
        many = "once"
    events = "the event" if len(request.payloads) == 1 else f"the {len(request.payloads):,} events"
    yield f"The function really runs, {many}, with {events} given: whatever it does elsewhere, it does each time."
    signs = [sign for sign in (_by_name(configuration), _by_event(request)) if sign]
    if signs:
        yield (
            f"It looks as if a call does more than look something up: {' and '.join(signs)}. Make sure that doing it "
            "so often is harmless, or give an event for which it is."
        )


def _by_name(configuration: dict[str, Any]) -> str | None:
    for what in ("FunctionName", "Handler", "Description"):
        text = re.sub(r"([a-z])([A-Z])", r"\1 \2", str(configuration.get(what) or "")).lower()
        found = _ACTS.search(text)
        if found:
            word = re.sub("[^a-z]", "", found[0])
            where = {"FunctionName": "its name", "Handler": "its handler's name", "Description": "its description"}
            return f"{where[what]} has '{word}' in it"
    return None


def _by_event(request: TuningRequest) -> str | None:
    for payload in request.payloads:
        try:
            event = json.loads(payload.text or "null")
        except ValueError:
            continue
        if not isinstance(event, dict):
            continue
        context = event.get("requestContext")
        http = context.get("http") if isinstance(context, dict) else None
        method = event.get("httpMethod") or (http.get("method") if isinstance(http, dict) else None)
        if isinstance(method, str) and method.upper() in _WRITING_METHODS:
            return f"the event is a {method.upper()} request"
        if isinstance(event.get("Records"), list):
            return "the event is a batch of records, as from a queue, a stream or a bucket"
    return None


def _latest(request: TuningRequest, sources: tuple[str, ...] | None) -> Iterator[str]:
    if request.isolate:
        return
    one_size = request.search is SearchKind.GRID and (request.dry_run or len(request.memory_sizes_mb) == 1)
    if one_size:
        return
    yield (
        "While versions are published, for some seconds each, $LATEST has their memory sizes, and whoever invokes the "
        "function without a version or alias meets them. --isolate tunes a copy instead."
    )
    if sources:
        names = ", ".join(source.rpartition(":")[2] for source in sources[:3])
        more = f" and {len(sources) - 3} more" if len(sources) > 3 else ""
        yield f"Lambda invokes $LATEST for an event source ({names}{more}), also in these seconds."
    elif sources is None:
        yield "Whether event sources invoke $LATEST could not be read."


def _network(configuration: dict[str, Any], bounds: Bounds) -> Iterator[str]:
    subnets = (configuration.get("VpcConfig") or {}).get("SubnetIds") or ()
    if subnets:
        # AWS docs, lambda/latest/dg/configuration-vpc: interfaces are shared by subnet and security groups.
        yield (
            f"The function is in a VPC. Its versions share the network interfaces of its {len(subnets)} subnet"
            f"{'s' if len(subnets) > 1 else ''}, so none is needed for each; where an interface must be made all the "
            f"same, a subnet without a free address fails a version, and publishing takes minutes. Up to "
            f"{bounds.under_way} environments work in it at the same time."
        )


def _ready(ready: int | None) -> Iterator[str]:
    if ready:
        yield (
            f"{ready:,} environments of provisioned concurrency are configured. The run's versions have none: what is "
            "measured, and what it costs, is without it."
        )


def _signing(signed: bool | None) -> Iterator[str]:
    if signed:
        yield (
            "The function has a code signing configuration. Its clone is made under the same one, which may refuse "
            "code that is uploaded anew; then nothing is made."
        )


def _runtime(updates: str | None) -> Iterator[str]:
    # AWS docs, lambda/latest/dg/runtimes-update: in this mode a change of the configuration counts as one of the code.
    if updates == "FunctionUpdate":
        yield (
            "The runtime is updated whenever the function is (runtime management mode FunctionUpdate). A run changes "
            "the memory size, so $LATEST may get the newest version of its runtime, and no undo takes that back. "
            "--isolate leaves the function alone."
        )


def _edge(edge: bool | None) -> Iterator[str]:
    if edge is None:
        yield (
            "Whether CloudFront runs this function (Lambda@Edge) could not be read from its role; then other prices "
            "hold."
        )
