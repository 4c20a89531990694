"""What may reach the endpoint in a run: every write is looked at, and every invocation counted."""

import re
from collections import Counter

from fault_lane import MEMORY_MB

_RUN_ID = r"[0-9]{8}T[0-9]{6}-[0-9a-f]{6}"
_ALIAS = re.compile(rf"powertune-({_RUN_ID})-[0-9]+(-[0-9]+)?")
_RECORD = re.compile(rf"powertune-({_RUN_ID})-was")
_DESCRIPTION = re.compile(rf"powertune {_RUN_ID} [0-9]+ MB")
_LEASE = "powertune-lease"
_MAY_SET = {"MemorySize", "RevisionId"}


def touched(calls, function, before, sizes_mb, applied_alias=None):
    """What a run wrote that is not its own: a sentence for each such call that reached the endpoint.

    ``applied_alias`` is the user's alias that the run was told to move.
    """
    found = []
    for call in calls:
        if not (call.forwarded and call.writes_function):
            continue
        if call.function != function:
            why = "of another function"
        elif call.operation == "UpdateAlias" and call.named == applied_alias:
            why = None if call.fields.get("RevisionId") else "without a RevisionId"
        else:
            why = _objection(call, before, sizes_mb)
        if why:
            found.append(f"call {call.number}, {call.operation} {call.named or ''} {call.fields}: {why}")
    return found


def touched_but_clones(calls):
    """What an isolated run wrote that is not a clone: a sentence for each such call that reached the endpoint."""
    written = [
        (call, call.function or call.fields.get("FunctionName", ""))
        for call in calls
        if call.forwarded and call.writes_function
    ]
    return [
        f"call {call.number}, {call.operation}: writes {name}"
        for call, name in written
        if not name.startswith("powertune-clone-")
    ]


def touched_but_the_lease(calls, function):
    """What a check wrote that is not its lease: a sentence for each such call that reached the endpoint."""
    return [
        f"call {call.number}, {call.operation} {call.named or ''} {call.fields}: a check never does that"
        for call in calls
        if call.forwarded and call.writes_function and not _is_of_the_lease(call, function)
    ]


def _is_of_the_lease(call, function):
    named = call.named or call.fields.get("Name", "")
    on_latest = call.fields.get("FunctionVersion", "$LATEST") == "$LATEST"
    return call.function == function and "Alias" in call.operation and named == _LEASE and on_latest


def _objection(call, before, sizes_mb):
    check = _CHECKS.get(call.operation)
    return "a run never does that" if check is None else check(call, before, sizes_mb)


def _configuration(call, before, sizes_mb):
    if call.fields.keys() - _MAY_SET:
        return f"it sets {sorted(call.fields.keys() - _MAY_SET)}"
    if call.fields.get("MemorySize") not in {*sizes_mb, MEMORY_MB}:
        return "not a memory size of the run"
    return None if call.fields.get("RevisionId") else "without a RevisionId"


def _publish(call, before, sizes_mb):
    missing = {"RevisionId", "CodeSha256"} - call.fields.keys()
    if missing:
        return f"without {sorted(missing)}"
    return None if _DESCRIPTION.fullmatch(call.fields.get("Description", "")) else "not marked as the run's"


def _alias(call, before, sizes_mb):
    name = call.named or call.fields.get("Name", "")
    if name in before["aliases"]:
        return "an alias of the user's"
    if call.fields.get("RoutingConfig"):
        return "with weights"
    if name == _LEASE:
        return None if call.fields.get("FunctionVersion", "$LATEST") == "$LATEST" else "the lease on a version"
    return None if _ALIAS.fullmatch(name) or _RECORD.fullmatch(name) else "not an alias of the run's"


def _delete_function(call, before, sizes_mb):
    if not (call.named or "").isdigit():
        return "not a numbered version"
    return "a version of the user's" if call.named in before["versions"] else None


_CHECKS = {
    "UpdateFunctionConfiguration": _configuration,
    "PublishVersion": _publish,
    "CreateAlias": _alias,
    "UpdateAlias": _alias,
    "DeleteAlias": _alias,
    "DeleteFunction": _delete_function,
}


def sent_twice(calls, most_at_a_size, *, by_version=False):
    """Invocations that reached the endpoint although they may have run before: a sentence for each.

    Each has a trace id of its own, so a call that is sent again has it twice. Whoever does a whole batch again uses
    new ids, but then sends more to an alias than was planned for it. ``by_version`` says that versions are invoked by
    their numbers.
    """
    invokes = [call for call in calls if call.service == "lambda" and call.operation == "Invoke" and call.forwarded]
    ran = [call for call in invokes if call.status is not None and call.status < 300]
    roots = Counter(call.trace_root for call in ran)
    found = [f"the invocation {root} ran {count} times" for root, count in roots.items() if count > 1]
    aliases = Counter(call.named for call in ran)
    found += [f"{alias} was invoked {count} times" for alias, count in aliases.items() if count > most_at_a_size]
    # Without an alias, or by the lease, a run invokes nothing.
    invoked = re.compile("[12]") if by_version else _ALIAS
    found += [f"call {call.number} invoked {call.named}" for call in ran if not invoked.fullmatch(call.named or "")]
    return found


def differences(before, after, where=""):
    """What differs between two readings of a function, as a list of paths with both values."""
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            text
            for key in sorted({*before, *after})
            for text in differences(before.get(key), after.get(key), f"{where}.{key}" if where else key)
        ]
    return [f"{where}: {_short(before)} -> {_short(after)}"]


def _short(value):
    if isinstance(value, dict):
        return {key: value[key] for key in ("Version", "Name", "Description", "MemorySize") if key in value} or "…"
    return value
