"""``powertune check RESULT --baseline PLACE``: two measurements compared that are there already."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from powertune.cli.baseline_place import PlaceKind, open_place, place_of
from powertune.cli.check_options import ONLY_MEASURED, settings_of
from powertune.cli.report_source import find, find_text
from powertune.cli.search_options import flag
from powertune.domain.check import Baseline
from powertune.domain.function import FunctionArn
from powertune.domain.result import TuningResult
from powertune.errors import UsageError


def checked_offline(given: str, options: dict[str, Any]) -> TuningResult:
    """A kept result, compared with a baseline. Nothing is invoked, and no AWS account asked.

    Args:
        given: the result, as `find` takes it.
        options: of the command.

    Raises:
        UsageError: an option is about measuring, or the two cannot be compared.
    """
    _refuse_measuring()
    settings = settings_of(options)
    if options["baseline"] is None and given == "-":
        raise UsageError("It is not said what to compare with.", next_step="Add --baseline.")
    result = find(given, options["output_dir"]).result
    baseline = _baseline(result, options)
    from powertune.workflow.comparing import check_result

    return check_result(result, baseline, settings, allow_unlike=options["compare_unlike"])


def _refuse_measuring() -> None:
    context = click.get_current_context()
    for name in ONLY_MEASURED:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            said = "--local" if name == "local_spec" else flag(name)
            raise UsageError(
                f"{said} is about measuring, and a result that is given is only compared.",
                next_step=f"Leave {said} or the result out.",
            )


def _baseline(result: TuningResult, options: dict[str, Any]) -> Baseline:
    from powertune.domain.baselines import checked_version
    from powertune.wire.baseline_file import baseline_from_text, baseline_text

    place = place_of(options)
    if place.needs_aws:
        raise UsageError(
            "Nothing is asked of AWS where a result is compared with a baseline.",
            next_step="Copy the baseline first: powertune baseline show --function-arn ARN --baseline "
            f"{place.text} --json > baseline.json",
        )
    if place.kind is PlaceKind.FILE and Path(place.text).is_file():
        return baseline_from_text(baseline_text(Path(place.text)), place.text)
    if place.kind is PlaceKind.FILE or is_run(place.text, options):
        found = find_text(place.text, options["output_dir"])
        return baseline_from_text(found.text, found.called)
    version = checked_version(result)
    arn = FunctionArn.parse(version.arn)
    qualifier = version.qualifier if options["qualifier"] is None else options["qualifier"]
    shelf = open_place(place)
    baseline = shelf.baseline(arn, qualifier)
    if baseline is None:
        raise UsageError(
            f"There is no baseline of {version.called} at {shelf.where(arn, qualifier)}.",
            next_step="Name one with --baseline, or set it: powertune baseline set --help",
        )
    return baseline


def is_run(text: str, options: dict[str, Any]) -> bool:
    """Whether a place is rather the folder or the id of a run."""
    return any((folder / "result.json").is_file() for folder in (Path(text), options["output_dir"] / text))
