"""What a run would do, as text for the terminal. Pure."""

import textwrap
from collections.abc import Iterator
from decimal import ROUND_UP, Decimal

from powertune.domain.plan import CostLine, MostCost, Permissions, Quota, RunPlan
from powertune.domain.price import Money
from powertune.domain.search import SearchKind
from powertune.render import figures
from powertune.render.safe import one_line

_LABEL = 16
_PLACES = {
    "direct": "the steps run in this process",
    "stack": "the state machine runs the steps",
    "none": "nothing could start: there is no powertune state machine in this region; add --direct, or set it up with "
    "powertune deploy",
}


def render_plan(plan: RunPlan, *, width: int = 100) -> str:
    """The plan, ending with a line break."""
    width = max(width, 50)
    lines = [one_line(_title(plan))]
    if plan.cost is not None:
        lines.append("")
        for label, text in _figures(plan, plan.cost):
            lines += _row(label, text, width)
    for heading, notes in (
        ("Would not start:", plan.refusals),
        ("Missing permissions:", (plan.permissions.missing or ()) if plan.permissions else ()),
        ("Know before you start:", plan.warnings),
    ):
        if notes:
            lines += ["", heading, *_bullets(notes, width)]
    lines += ["", *textwrap.wrap("This was a plan: nothing was invoked, and nothing was changed.", width)]
    return "\n".join(lines) + "\n"


def worst_case(cost: MostCost) -> str:
    """What a run may cost at most, in a sentence."""
    if cost.limit is not None and cost.to_confirm == cost.limit:
        return f"This run may cost {most_money(cost.limit)} for the function's invocations, its limit."
    return (
        f"This run may cost up to {most_money(cost.known)}, if every invocation takes as long as the function's "
        "timeout allows."
    )


def most_money(money: Money | None) -> str:
    """An amount, rounded up to three digits: what is the most must not read as less."""
    if money is None:
        return "not known"
    amount = money.amount
    if amount:
        step = Decimal(1).scaleb(amount.adjusted() - 2)
        amount = amount.quantize(step, rounding=ROUND_UP) if step < amount else amount
    return figures.money(Money(amount=amount, currency=money.currency))


def _title(plan: RunPlan) -> str:
    name = plan.function_arn.rpartition(":")[2]
    parts = [name, plan.region]
    if plan.architecture is not None:
        parts += [plan.architecture.value, plan.runtime or "container image"]
    return " · ".join(["Plan", *parts])


def _figures(plan: RunPlan, cost: MostCost) -> Iterator[tuple[str, str]]:
    present = f"{figures.memory(plan.present_memory_mb)}, timeout {plan.timeout_s:,} s" if plan.timeout_s else ""
    yield "Present", present
    yield "Where", _PLACES[plan.place] + (", on a temporary clone of the function" if plan.isolate else "")
    if not plan.billed:
        yield "Prices", "nothing is billed on the embedded endpoint: amounts are what AWS would list"
    yield "Memory sizes", _sizes(plan)
    yield "Search", _search(plan)
    yield "Most calls", _calls(plan)
    yield "Most money", _money(plan, cost)
    for line in cost.others:
        yield "", _other(line)
    unknown = [line.what for line in cost.others if line.most is None]
    total = f"{most_money(cost.known)} together"
    if unknown:
        total += f", without {', '.join(unknown)}: not known beforehand"
    yield "", f"{total}. List prices of {plan.price_as_of}, no free tier."
    if plan.longest_s is not None:
        typical = "usually a minute or two; " if plan.search is SearchKind.ADAPTIVE else ""
        yield "Longest time", f"{typical}about {figures.span(plan.longest_s)} if everything takes as long as it may"
    yield "Changes", _changes(plan)
    for quota in plan.quotas:
        yield quota.what, _quota(quota)
    if plan.permissions is not None:
        yield "Permissions", _permissions(plan.permissions)


def _sizes(plan: RunPlan) -> str:
    sizes = plan.memory_sizes_mb
    if len(sizes) > 8:
        return f"{len(sizes)} from {figures.memory(sizes[0])} to {figures.memory(sizes[-1])}"
    return f"{', '.join(f'{size:,}' for size in sizes)} MB"


def _search(plan: RunPlan) -> str:
    if plan.dry_run:
        return "a dry run, which recommends nothing"
    if plan.search is SearchKind.ADAPTIVE:
        return "adaptive: it chooses among these sizes, and ends once more would not pay"
    return "grid: every size as often"


def _calls(plan: RunPlan) -> str:
    most = figures.plural(plan.most_invocations, "invocation")
    if plan.planned_invocations is None:
        return f"{most} of the function; a dozen or two are usual"
    if plan.planned_invocations == plan.most_invocations:
        return f"{most} of the function"
    return (
        f"{most} of the function; {plan.planned_invocations:,} planned, the rest only to make up for what chance spoils"
    )


def _money(plan: RunPlan, cost: MostCost) -> str:
    each = figures.span((plan.longest_invocation_ms or 0) / 1000)
    text = f"{most_money(cost.invocations)} for them, if each takes {each}: the timeout and the longest init"
    if cost.limit is None:
        return text
    return (
        f"{most_money(cost.limit)} for them, the limit; at most {most_money(cost.invocations)}, if what is under way "
        f"when it is reached takes {each} each"
    )


def _other(line: CostLine) -> str:
    if line.quantity is None:
        return f"{line.what}: {most_money(line.most)}"
    return f"{line.what}: {most_money(line.most)} for at most {line.quantity:,} {line.unit}"


def _changes(plan: RunPlan) -> str:
    versions = figures.plural(plan.most_versions, "version")
    where = "of the clone" if plan.isolate else "of the function"
    return (
        f"at most {versions} {where}, each with an alias, published and deleted again; about "
        f"{figures.count(plan.control_plane_calls)} calls of Lambda's API at most"
    )


def _quota(quota: Quota) -> str:
    needed = "" if quota.needed is None else f"{_amount(quota.needed, quota.unit)} needed at most; "
    allowed = "" if quota.allowed is None else f"{_amount(quota.allowed, quota.unit)} "
    verdict = "NOT ENOUGH: " if quota.fits is False else ""
    return f"{verdict}{needed}{allowed}{quota.note}"


def _amount(value: int, unit: str) -> str:
    if unit != "bytes":
        return f"{value:,} {unit}"
    for scale, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if value >= scale:
            return f"{value / scale:,.1f} {name}"
    return f"{value:,} bytes"


def _permissions(permissions: Permissions) -> str:
    if permissions.missing is None:
        return permissions.note
    found = f"{len(permissions.missing)} missing" if permissions.missing else "none missing"
    return f"{found} for {permissions.principal}. {permissions.note}"


def _row(label: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(
        one_line(text),
        width,
        initial_indent=f"{label:<{_LABEL}}  ",
        subsequent_indent=" " * (_LABEL + 2),
        break_on_hyphens=False,
    )


def _bullets(notes: tuple[str, ...], width: int) -> list[str]:
    return [
        line
        for note in notes
        for line in textwrap.wrap(
            one_line(note), width, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
        )
    ]
