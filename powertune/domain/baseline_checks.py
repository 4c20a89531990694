"""Whether a baseline, or what was kept of a check, can have been measured. Anybody can edit such a file."""

from collections.abc import Iterator
from datetime import datetime

from powertune.domain.check import Baseline, CheckSample
from powertune.domain.function import FunctionArn
from powertune.domain.result import CheckEntry
from powertune.domain.result_numbers import impossible_numbers, shown
from powertune.errors import UsageError

ENTRY_SCHEMA = 1

_MOST_SAID = 6


def wrong_in_baseline(baseline: Baseline) -> Iterator[str]:
    """What no run could have written in a baseline, each with its place, such as ``$.sizes[0].samples[3]``."""
    yield from impossible_numbers(baseline, "$")
    yield from _function(baseline)
    yield from _moment(baseline.measured_at, "$.measured_at")
    sizes = [size.memory_mb for size in baseline.sizes]
    if sizes != sorted(set(sizes)):
        yield "$.sizes: they are not in the order of their memory sizes, each once"
    if not baseline.price.currency.strip():
        yield "$.price.currency: it is empty"
    for index, size in enumerate(baseline.sizes):
        yield from _samples(size.samples, f"$.sizes[{index}].samples")
    if not any(sample.is_warm for size in baseline.sizes for sample in size.samples):
        yield "$.sizes: there is no warm invocation"


def wrong_in_entry(entry: CheckEntry) -> Iterator[str]:
    """What no check could have written in its entry of the history."""
    if entry.entry_schema != ENTRY_SCHEMA:
        yield f"$.entry_schema: {shown(entry.entry_schema)} is not {ENTRY_SCHEMA}, the one that this powertune knows"
    yield from impossible_numbers(entry, "$")
    yield from _moment(entry.at, "$.at")


def _function(baseline: Baseline) -> Iterator[str]:
    function = baseline.function
    try:
        arn = FunctionArn.parse(function.arn)
    except UsageError:
        yield f"$.function.arn: {shown(function.arn)} is not the ARN of a function"
        return
    for name, said in (("name", arn.name), ("region", arn.region)):
        if (stands := getattr(function, name)) != said:
            yield f"$.function.{name}: {shown(stands)}, and the ARN says {shown(said)}"


def _moment(text: str, place: str) -> Iterator[str]:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        yield f"{place}: {shown(text)} is not a time"


def _samples(samples: tuple[CheckSample, ...], place: str) -> Iterator[str]:
    said = 0
    for index, sample in enumerate(samples):
        for wrong in impossible_numbers(sample, f"{place}[{index}]"):
            yield wrong
            said += 1
        if said >= _MOST_SAID:  # more would not be read
            return
