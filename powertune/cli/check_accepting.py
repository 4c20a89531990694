"""What to do where a check fails, and what it found is meant to be so."""

import shlex
from pathlib import Path
from typing import Any

from powertune.cli.baseline_place import PlaceKind, place_of
from powertune.cli.check_offline import is_run
from powertune.cli.search_options import flag
from powertune.domain.check import LATEST
from powertune.domain.function import FunctionArn
from powertune.domain.result import CheckReport
from powertune.errors import UsageError

_RESULTS = Path("powertune-results")


def accepting(check: CheckReport, again: str, options: dict[str, Any]) -> str:
    """The sentence that says which baseline to set; empty where that would change nothing.

    Args:
        check: what was found.
        again: how another command would name the result; empty where it is kept nowhere.
        options: of the command.
    """
    if not again:
        return ""
    if _stays(check, options):
        return f"If it is meant to be so, compare with it from now on: --baseline {shlex.quote(again)}"
    words = ["powertune", "baseline", "set", again]
    if options["qualifier"] not in (None, LATEST, check.subject.qualifier):
        words += ["--qualifier", options["qualifier"]]
    if options["baseline"] is not None:
        words += ["--to", options["baseline"]]
    if place_of(options).needs_aws:
        for name in ("stack_region", "profile", "role_arn", "external_id"):
            words += [] if options[name] is None else [flag(name), options[name]]
    if options["given"] is not None and options["output_dir"] != _RESULTS and not Path(again).exists():  # a run id
        words += ["--results-dir", str(options["output_dir"])]
    return f"If it is meant to be so: {shlex.join(words)}"


def _stays(check: CheckReport, options: dict[str, Any]) -> bool:
    """Whether what was compared with is the result of a run or another function's, which is not replaced."""
    from powertune.workflow.file_shelf import FileShelf

    place = place_of(options)
    if options["given"] is not None and is_run(place.text, options):
        return True
    if place.kind is not PlaceKind.FILE:
        return False
    try:
        FileShelf(Path(place.text)).refuse_other(FunctionArn.parse(check.subject.arn))
    except (UsageError, OSError):
        return True
    return False
