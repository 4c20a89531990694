"""Options that say what will happen before it does, and ask."""

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from powertune.cli.search_options import amount
from powertune.domain.request import TuningRequest
from powertune.errors import Stopped, UsageError

if TYPE_CHECKING:
    from powertune.cli.run_drive import Place
    from powertune.workflow.services import Services

Command = Callable[..., Any]

CONFIRM_ABOVE = "1.00"

_OPTIONS = (
    click.option(
        "--plan",
        is_flag=True,
        help="Show what a run would do and cost at most, do nothing but read, and start nothing.",
    ),
    click.option("--yes", is_flag=True, help="Start without asking, whatever the run may cost."),
    click.option(
        "--confirm-above",
        metavar="AMOUNT",
        default=CONFIRM_ABOVE,
        show_default=True,
        help="Ask before a run on AWS that may cost more than this, in the currency of its prices: its worst case, or "
        "--max-spend where that is less. Where nobody can be asked, such a run is refused.",
    ),
)


def plan_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def show_plan(place: "Place", request: TuningRequest, options: dict[str, Any]) -> int:
    """Print what a run would do; the exit code: 0, or 3 where it would not start.

    Raises:
        UsageError: it is asked for in a form that a plan has not.
    """
    import shutil

    from powertune.render.text.plan import render_plan
    from powertune.wire import to_data
    from powertune.workflow.preview import preview

    if options["output_format"] == "power-tuning":
        raise UsageError("A plan has no form of aws-lambda-power-tuning.", next_step="Leave --output-format out.")
    place.line.say("reading the function")
    services, where = _services(place, options), _where(place, options)
    plans = [preview(services, one, place=where) for one in _requests(place, request, options)]
    place.line.say("")
    if options["as_json"] or options["output_format"] == "json":
        data = [to_data(plan) for plan in plans]
        click.echo(json.dumps(data[0] if len(data) == 1 else data, indent=1))
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        click.echo("\n".join(render_plan(plan, width=width) for plan in plans), nl=False)
    return 3 if any(plan.refusals for plan in plans) else 0


def confirm(place: "Place", request: TuningRequest, options: dict[str, Any]) -> None:
    """Ask before a run that may cost much. On the embedded endpoint nothing is billed, and nothing is asked.

    Raises:
        UsageError: nobody can be asked, or the answer is no.
        FunctionRefused: the run would not start.
        Stopped: the user interrupted the question.
    """
    allowed = amount(options["confirm_above"], "--confirm-above", zero=True)
    if place.is_local:
        return
    from powertune.render.text.plan import worst_case
    from powertune.workflow.preview import most_cost

    place.line.say("reading the function")
    services, where = _services(place, options), _where(place, options)
    costs = [most_cost(services, one, place=where) for one in _requests(place, request, options)]
    place.line.say("")
    if options["yes"] or sum(cost.to_confirm.amount for cost in costs) <= allowed:
        return
    said = " ".join(worst_case(cost) for cost in costs)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            f"{said} That is above {allowed:f} {costs[0].known.currency}, and nobody can be asked here. Nothing was "
            "started.",
            next_step="See what it would do with --plan. Then give a limit with --max-spend, or add --yes.",
        )
    click.echo(f"{said} --plan shows what it would do.", err=True)
    try:
        agreed = click.confirm("Start it?", default=False, err=True)
    except click.Abort:
        raise Stopped("Nothing was started.") from None
    if not agreed:
        raise UsageError("Nothing was started.")


def _requests(place: "Place", request: TuningRequest, options: dict[str, Any]) -> tuple[TuningRequest, ...]:
    """The request of each run that will be made: one, or one for each instruction set."""
    from powertune.cli.isolation_options import tunings

    if options["architectures"] is None:
        return (request,)
    from powertune.target.snapshot import architecture_of

    own = architecture_of(place.session.client("lambda"), request.function_arn)
    return tuple(one.request for one in tunings(place, request, options, own=own, run_id="plan"))


def _where(place: "Place", options: dict[str, Any]) -> str:
    if place.stack is not None:
        return "stack"
    return "direct" if options["direct"] else "none"


def _services(place: "Place", options: dict[str, Any]) -> "Services":
    """What the steps would use; nothing that they write is kept."""
    from powertune.aws.clock import SystemClock
    from powertune.store import MemoryStore
    from powertune.workflow.preview import LONGEST_TASK_MS
    from powertune.workflow.services import Services

    return Services(
        session=place.session,
        home=place.home,
        store=MemoryStore(),
        clock=SystemClock(),
        environment=place.environment,
        time_left_ms=None if options["direct"] else lambda: LONGEST_TASK_MS,
    )
