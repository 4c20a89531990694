"""A baseline as it lies in a file: one of ours, or the result that one can be made of."""

from pathlib import Path

from powertune.domain.baseline_checks import wrong_in_baseline
from powertune.domain.baselines import baseline_of
from powertune.domain.check import BASELINE_SCHEMA, Baseline
from powertune.errors import UsageError
from powertune.wire.coding import WireError, decoded, from_data, refuse_wrong
from powertune.wire.files import bytes_of
from powertune.wire.result_file import result_from_text


def baseline_text(path: Path) -> str:
    """The text of a file that may be a baseline.

    Raises:
        UsageError: it is none, or cannot be read.
    """
    try:
        return bytes_of(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise no_text(str(path), error) from None


def no_text(called: str, error: UnicodeDecodeError) -> UsageError:
    """Of what should be a baseline, and is no text."""
    return UsageError(
        f"{called} is not a powertune baseline: it is not text in UTF-8 (at byte {error.start}).",
        next_step="Set it anew: powertune baseline set --help",
    )


def baseline_from_text(text: str, called: str) -> Baseline:
    """Read a baseline, or make one of a ``result.json``; ``called`` is where the text comes from.

    Raises:
        UsageError: it is neither, damaged, of a newer powertune, or says what no run can have measured.
    """
    if not text.strip():
        raise UsageError(f"{called} is empty.", next_step="Set it anew: powertune baseline set --help")
    try:
        data = decoded(text)
    except WireError as error:
        raise UsageError(
            f"{called} is not a powertune baseline: {error}.", next_step="Set it anew: powertune baseline set --help"
        ) from None
    if isinstance(data, dict) and "schema_version" in data:
        return baseline_of(result_from_text(text, called))
    if not isinstance(data, dict) or not _is_schema(data.get("baseline_schema")):
        raise UsageError(
            f"{called} is neither a powertune baseline nor a result.json.",
            next_step="Set it anew: powertune baseline set --help",
        )
    if data["baseline_schema"] > BASELINE_SCHEMA:
        raise UsageError(
            f"{called} was written by a newer powertune (baseline schema {data['baseline_schema']}, this one reads up "
            f"to {BASELINE_SCHEMA}).",
            next_step="Update powertune.",
        )
    try:
        baseline = from_data(data, Baseline)
        refuse_wrong(wrong_in_baseline(baseline))
        return baseline
    except WireError as error:
        raise UsageError(
            f"{called} is not a whole powertune baseline: {error}.",
            next_step="It may have been cut short or edited; set it anew: powertune baseline set --help",
        ) from None


def _is_schema(value: object) -> bool:
    return type(value) is int and value >= 1
