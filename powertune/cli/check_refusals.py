"""Options of ``powertune check`` that do not go together, refused before anything is spent."""

from typing import Any

from powertune.cli.baseline_place import PlaceGiven, place_of
from powertune.cli.search_options import flag, time_ms
from powertune.errors import UsageError

_LISTS = (".jsonl", ".ndjson")
_NOT_WITH_AGAINST = {
    "set_baseline": "that is about a baseline, and what is measured is compared with none",
    "require_baseline": "a version that is measured in the same run needs no baseline",
    "no_interleave": "that version is measured in the same run, or not at all",
    "compare_unlike": "that is about a baseline",
}


def refuse_contradictions(options: dict[str, Any]) -> None:
    """Refuse what cannot be meant.

    Raises:
        UsageError: which options do not go together.
    """
    if options["wait"] is not None:
        time_ms(options["wait"], "--wait")
    place = place_of(options)
    for name, why in _NOT_WITH_AGAINST.items():
        if options["against"] is not None and options[name]:
            raise UsageError(
                f"--against and {flag(name)} do not go together: {why}.", next_step="Leave one of them out."
            )
    if (options["trend"] or options["fail_on_trend"]) and not place.has_history:
        raise UsageError(
            "A file has room for one baseline, and none for the checks that a trend is made of.",
            next_step="Give --baseline a folder, s3://BUCKET/PREFIX or stack, or leave --trend out.",
        )
    if options["retune"] and (options["payloads"] is not None or (options["payload_s3"] or "").endswith(_LISTS)):
        raise UsageError(
            "--retune searches with one event, so that it does not go with several.",
            next_step="Leave --retune out, or give one event with --payload.",
        )
    if options["local_spec"] is not None:
        _refuse_for_local(options, place)


def _refuse_for_local(options: dict[str, Any], place: PlaceGiven) -> None:
    for name in ("qualifier", "against"):
        if options[name] is not None:
            raise UsageError(
                f"--{name} names a published version, and the function that --local makes has none.",
                next_step="Leave one of them out.",
            )
    if place.needs_aws:
        raise UsageError(
            "A check with --local speaks to no AWS account, and so to no bucket.",
            next_step="Give --baseline a folder or a file.",
        )
