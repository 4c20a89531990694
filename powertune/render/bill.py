"""What the run cost: the bill of the report, and one sentence for the terminal."""

import re

from powertune.domain.price import Money
from powertune.domain.result import Spend, SpendLine, TuningResult
from powertune.render import figures
from powertune.render.markup import Markup, details, safe
from powertune.render.safe import escape
from powertune.render.sentence import is_listed

_OF_DATA = re.compile(r"GB( scanned)?$")
_OF_A_RECORD = "invocations"
"""The unit of lines whose cost follows from what Lambda recorded as billed; all others need only a price."""


def spend_lines(spend: Spend) -> tuple[SpendLine, ...]:
    """Everything that the run caused; of an older result, which has no lines, what its totals say."""
    if spend.lines:
        return spend.lines
    own = SpendLine(
        what="invocations of the function", quantity=spend.invocations, unit="invocations", cost=spend.lambda_cost
    )
    if not spend.state_transitions and not spend.workflow_cost.amount:
        return (own,)
    rest = SpendLine(
        what="state transitions", quantity=spend.state_transitions, unit="transitions", cost=spend.workflow_cost
    )
    return own, rest


def is_complete(spend: Spend) -> bool:
    """Whether everything that the run caused has a known cost; otherwise the sum is at least that."""
    return all(line.cost is not None for line in spend.lines)


def spent(result: TuningResult) -> str:
    """What the run cost, in one sentence; a local run says that nobody bills it."""
    spend = result.spend
    ran = f"{figures.plural(spend.invocations, 'invocation')}, {figures.gb_seconds(spend.gb_seconds)}"
    parts = [f"{figures.money(spend.lambda_cost)} for the function ({ran})"]
    if spend.workflow_cost.amount:
        parts.append(f"{figures.money(spend.workflow_cost)} for {_rest(spend)}")
    text = f"{' and '.join(parts)}{_unknown(spend)}."
    total = figures.money(spend.total_cost)
    if result.environment.kind == "aws":
        at = "at list prices" if is_listed(result) else "at the prices given"
        return f"The run spent {_at_least(spend)}{total} {at}: {text}"
    at = "on AWS it would list at" if is_listed(result) else "at the prices given it would cost"
    return f"The run was not billed; {at} {total}{'' if is_complete(spend) else ' or more'}: {text}"


def _at_least(spend: Spend) -> str:
    return "" if is_complete(spend) else "at least "


def _rest(spend: Spend) -> str:
    """What the rest was for: all that it was, or what made more than half of it."""
    # The first line is the function's own.
    known = [(line.cost.amount, line.what) for line in spend_lines(spend)[1:] if line.cost and line.cost.amount]
    if not known:
        return "all else"
    amount, what = max(known, key=lambda one: one[0])
    if len(known) == 1:
        return what
    return f"all else, mostly {what}" if amount * 2 > spend.workflow_cost.amount else "all else"


def _unknown(spend: Spend) -> str:
    unknown = [line.what for line in spend.lines if line.cost is None]
    return f"; not counted, because its cost is not known: {', '.join(unknown)}" if unknown else ""


def bill(result: TuningResult) -> Markup:
    """The section on what the run cost."""
    spend = result.spend
    local = result.environment.kind != "aws"
    at = "at list prices" if is_listed(result) else "at the prices given"
    lead = (
        f"This run was not billed. This is what the same would cost on AWS {at}."
        if local
        else f"{at.capitalize()}, before free tier, discounts and taxes."
    )
    rows = "".join(_row(line) for line in spend_lines(spend))
    total = escape(f"{_at_least(spend)}{figures.money(spend.total_cost)}")
    calls = ""
    if spend.aws_calls:
        lines = "".join(
            f'<tr><th scope="row">{safe(name)}</th><td>{figures.count(times)}</td></tr>'
            for name, times in sorted(spend.aws_calls.items())
        )
        made = figures.plural(sum(spend.aws_calls.values()), "AWS API call")
        calls = details(made, f'<table class="plain"><tbody>{lines}</tbody></table>')
    return (
        f'<section aria-labelledby="bill"><h2 id="bill">What the run cost</h2><p class="lead">{lead} The function\'s '
        f"own invocations took {figures.gb_seconds(spend.gb_seconds)}.</p>"
        '<div class="scroll narrow" role="group" tabindex="0" aria-labelledby="bill"><table class="bill">'
        '<thead><tr><th scope="col">What</th><th scope="col">How much</th><th scope="col">Cost</th></tr></thead>'
        f'<tbody>{rows}</tbody><tfoot><tr><th scope="row">Total</th><td></td><td>{total}</td></tr>'
        f"</tfoot></table></div>{calls}</section>"
    )


def _row(line: SpendLine) -> Markup:
    # One of something has its name without the s.
    unit = re.sub(r"^(\w+)s\b", r"\1", line.unit) if line.quantity == 1 else line.unit
    much = figures.quantity(line.quantity)
    if _OF_DATA.match(unit):
        much, name = figures.data(line.quantity).split(" ")
        unit = f"{name}{unit.removeprefix('GB')}"
    return (
        f'<tr><th scope="row">{safe(line.what[:1].upper() + line.what[1:], 80)}</th>'
        f'<td>{much} <span class="unit">{safe(unit, 40)}</span></td>'
        f"{_cost(line.cost, line.unit)}</tr>"
    )


def _cost(cost: Money | None, unit: str) -> Markup:
    if cost is not None:
        return f"<td>{escape(figures.money(cost))}</td>"
    why = "no record of what was billed" if unit == _OF_A_RECORD else "no known price"
    return f'<td class="unknown">{why}</td>'
