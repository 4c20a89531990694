"""Options that tune a temporary clone of the function, on one instruction set or several."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from powertune.domain.function import Architecture
from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult
from powertune.domain.search import Limits
from powertune.errors import NotRestored, PowertuneError, Stopped, UsageError

if TYPE_CHECKING:
    from powertune.cli.run_drive import Place

Command = Callable[..., Any]

_OPTIONS = (
    click.option("--isolate", is_flag=True, help="Tune a temporary clone, so that the function is never written."),
    click.option(
        "--architectures",
        metavar="x86_64,arm64",
        help="Tune on these instruction sets, one after the other, each on a temporary clone, and compare them.",
    ),
    click.option(
        "--assume-portable",
        is_flag=True,
        help="Do not look whether the package can run on an instruction set that the function does not have.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """One of the tunings that a command asks for: its request, and the run id that it gets."""

    request: TuningRequest
    run_id: str


def isolation_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def isolation_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """What the options say of the request.

    Raises:
        UsageError: they cannot be meant.
    """
    wanted = _wanted(options["architectures"])
    if options["assume_portable"] and not wanted:
        raise UsageError(
            "--assume-portable matters only with another instruction set.",
            next_step="Add --architectures, or leave it out.",
        )
    if len(wanted) > 1:
        refused = {
            "price": "--price gives one price, and each instruction set has its own",
            "dry_run": "a dry run compares nothing",
        }
        for name, why in refused.items():
            if options[name]:
                raise UsageError(
                    f"--architectures with several does not go with --{name.replace('_', '-')}: {why}.",
                    next_step="Leave one of them out.",
                )
    return {"isolate": options["isolate"] or bool(wanted)}


def _wanted(text: str | None) -> tuple[Architecture, ...]:
    if text is None:
        return ()
    known = {one.value: one for one in Architecture}
    names = list(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in names:
        if name not in known:
            raise UsageError(f"'{name}' is no instruction set of Lambda.", next_step=f"There are: {', '.join(known)}.")
    return tuple(known[name] for name in names)


def drive_all(place: "Place", request: TuningRequest, options: dict[str, Any]) -> TuningResult:
    """Run a tuning on each instruction set that was asked for.

    Raises:
        PowertuneError: as the run does; with several, where none came to an end, where something could not be put
            back, or where the user stopped it.
    """
    from powertune.cli.run_drive import drive, new_run_id
    from powertune.decide.architectures import combined

    wanted = _wanted(options["architectures"])
    run_id = new_run_id()
    if not wanted:
        return drive(place, request, run_id)
    own = _own_architecture(place, request)
    results: dict[Architecture, TuningResult] = {}
    failures: dict[Architecture, str] = {}
    first: PowertuneError | None = None
    for tuning in tunings(place, request, options, own=own, run_id=run_id):
        architecture = tuning.request.architecture
        assert architecture is not None
        if len(wanted) > 1:
            place.line.say(f"tuning on {architecture}")
        try:
            results[architecture] = drive(place, tuning.request, tuning.run_id)
            keep_result(results[architecture], options["output_dir"])
        except (NotRestored, Stopped):
            raise
        except PowertuneError as error:
            first = first or error
            failures[architecture] = error.message
    if not results:
        assert first is not None
        raise first
    return combined(results, failures, own)


def keep_result(result: TuningResult, output_dir: Path) -> None:
    """Write down what one of several runs found: it was paid for, whatever becomes of the next."""
    from powertune.store import FolderStore
    from powertune.wire import dumps

    with contextlib.suppress(OSError):  # the whole result comes to the same folder, and says so
        FolderStore(output_dir / result.run_id).put("result.json", dumps(result, indent=1) + "\n")


def tunings(
    place: "Place", request: TuningRequest, options: Mapping[str, Any], *, own: Architecture, run_id: str
) -> tuple[Tuning, ...]:
    """What `drive_all` does, in its order: one tuning for each instruction set, the function's own last.

    What is refused on the other one is refused before anything is spent. Limits are shared out evenly.

    Args:
        place: where it happens.
        request: the request without an instruction set.
        options: with ``architectures`` and ``price``.
        own: the function's instruction set.
        run_id: of all of them together.

    Raises:
        UsageError: a price is missing, or the endpoint's machine does not have an instruction set.
    """
    from powertune.cli.run_drive import machine_architecture, run_price

    wanted = _wanted(options["architectures"])
    if not wanted:
        return (Tuning(request=request, run_id=run_id),)
    if len(wanted) > 1 and request.apply:
        raise UsageError(
            "Applying sets a memory size on the function, and the better one may be that of the other instruction set, "
            "which powertune does not change. Nothing was started.",
            next_step="Leave --apply out, or name just the function's own instruction set.",
        )
    machine = machine_architecture()
    found = []
    for architecture in sorted(wanted, key=lambda one: one is own):
        if place.is_local and architecture is not machine:
            raise UsageError(
                f"This machine is {machine}, so nothing can be measured on {architecture} here. Nothing was started.",
                next_step=f"Leave {architecture} out, or tune a function on AWS.",
            )
        found.append(
            Tuning(
                request=replace(
                    request,
                    architecture=architecture,
                    assume_portable=options["assume_portable"],
                    price=run_price(options["price"], request.function_arn.region, architecture),
                    limits=_share(request.limits, len(wanted)),
                ),
                run_id=f"{run_id}-{architecture.replace('_', '-')}",
            )
        )
    return tuple(found)


def _share(limits: Limits, among: int) -> Limits:
    """An even share of the limits, which hold for all runs together."""
    return Limits(
        max_invocations=None if limits.max_invocations is None else limits.max_invocations // among,
        max_spend=None if limits.max_spend is None else limits.max_spend / among,
        max_time_ms=None if limits.max_time_ms is None else limits.max_time_ms / among,
    )


def _own_architecture(place: "Place", request: TuningRequest) -> Architecture:
    from powertune.target.snapshot import architecture_of

    return architecture_of(place.session.client("lambda"), request.function_arn)
