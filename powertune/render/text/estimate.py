"""An estimate of a month as a table for the terminal. Pure."""

import textwrap
from collections.abc import Callable, Iterable
from decimal import Decimal

from powertune.domain.estimate import Amount, Estimate, SizeEstimate
from powertune.domain.price import Money
from powertune.render import figures
from powertune.render.safe import one_line

_GAP = "  "


def render_estimate(estimate: Estimate, width: int = 100) -> str:
    """The estimate as text: the lines of a bill for one memory size, a line for each of several."""
    several = len({size.memory_mb for size in estimate.sizes}) > 1
    lines = [_title(estimate), ""]
    lines += _by_size(estimate) if several else _bill(estimate)
    lines.append("")
    remarks = [*_break_evens(estimate, several=several), *estimate.notes]
    for remark in remarks:
        lines += textwrap.wrap(one_line(remark), max(width, 40), initial_indent="- ", subsequent_indent="  ")
    return "\n".join(lines) + "\n"


def _title(estimate: Estimate) -> str:
    what = f"{figures.count(estimate.invocations)} invocations in {estimate.month_days} days"
    of = f" of {one_line(estimate.name)}" if estimate.name else ""
    at = f", {figures.memory(estimate.sizes[0].memory_mb)}" if estimate.monthly_cost else ""
    prices = f"list prices of {estimate.price_as_of}" if estimate.price_as_of[:1].isdigit() else "prices as given"
    return f"{what}{of}{at}, {estimate.region}, {prices} in {estimate.currency}"


def _bill(estimate: Estimate) -> list[str]:
    """Lines of a bill, a column for each architecture."""
    sizes = estimate.sizes
    first = sizes[0]

    def row(label: str, of: Callable[[SizeEstimate], str]) -> list[str]:
        return [label, *(of(size) for size in sizes)]

    rows = [["", *(size.architecture.value for size in sizes)]]
    rows.append(row(f"Duration, {figures.gb_seconds(float(first.gb_seconds))}", lambda size: _money(size.duration)))
    rows.append(row("Requests", lambda size: _money(size.requests)))
    if first.storage.exact:
        rows.append(row("Ephemeral storage", lambda size: _money(size.storage)))
    rows.append(row("List price", lambda size: _money(size.list_price)))
    rows.append(row("  with the free tier", lambda size: _money(size.with_free_tier)))
    rows.append(row("  with volume tiers", lambda size: _money(size.with_tiers)))
    if any(size.provisioned for size in sizes):
        count = next(size.provisioned.environments for size in sizes if size.provisioned)
        label = f"  on {figures.count(count)} provisioned"
        rows.append(row(label, lambda size: _money(size.provisioned.total if size.provisioned else None)))
    fargate = next((size.fargate for size in sizes if size.fargate), None)
    if fargate is not None:
        task = f"{fargate.vcpu:f} vCPU, {fargate.memory_mb / 1024:g} GB"
        label = f"Fargate, {figures.count(fargate.tasks)} of {task}"
        rows.append(row(label, lambda size: _money(size.fargate.total if size.fargate else None)))
    return _table(rows)


def _by_size(estimate: Estimate) -> list[str]:
    """A line for each memory size; the other architecture in a column of its own."""
    own = [size for size in estimate.sizes if size.architecture is estimate.architecture]
    others = {size.memory_mb: size for size in estimate.sizes if size.architecture is not estimate.architecture}
    other = next(iter(others.values())).architecture.value if others else None
    head = ["Memory", "Billed, mean", "GB-seconds", "List price", "Free tier", "Tiers"]
    if other:
        head.append(f"On {other}")
    provisioned = next((size.provisioned for size in own if size.provisioned), None)
    if provisioned is not None:
        head.append(f"On {provisioned.environments} prov.")
    if any(size.fargate for size in own):
        head.append("Fargate")
    rows = [[*head, ""]]
    for size in own:
        line = [
            figures.memory(size.memory_mb),
            figures.duration(float(size.billed_ms)),
            figures.count(round(size.gb_seconds)),
            *(_money(one) for one in (size.list_price, size.with_free_tier, size.with_tiers)),
        ]
        if other:
            line.append(_money(others[size.memory_mb].list_price) if size.memory_mb in others else figures.UNKNOWN)
        if provisioned is not None:
            line.append(_money(size.provisioned.total if size.provisioned else None))
        if "Fargate" in head:
            line.append(_money(size.fargate.total if size.fargate else None))
        marks = [
            word
            for word, mb in (("present", estimate.present_memory_mb), ("recommended", estimate.recommended_memory_mb))
            if mb == size.memory_mb
        ]
        rows.append([*line, ", ".join(marks)])
    return _table(rows, left={len(rows[0]) - 1})


def _break_evens(estimate: Estimate, *, several: bool) -> Iterable[str]:
    own = [size for size in estimate.sizes if size.architecture is estimate.architecture]
    break_even = own[0].provisioned_break_even
    if break_even is not None:
        yield _provisioned(own[0], break_even, several=several)
    fargate = own[0].fargate
    if fargate is not None:
        yield (
            "Fargate: tasks with the CPU and memory of the Lambda memory size that run all month, each working on one "
            f"invocation at a time and assumed to be busy {_share(fargate.assumed_utilisation)} of their time."
        )
        if not several and fargate.break_even_invocations is not None:
            yield (
                f"One such task costs {_money(fargate.one_task)}, as much as Lambda for "
                f"{figures.count(fargate.break_even_invocations)} invocations, which would keep it busy "
                f"{_share(fargate.break_even_concurrency)} of its time."
            )
        elif not several:
            yield "One such task never does as much as Lambda does for its price: Lambda is cheaper at any load."


def _provisioned(size: SizeEstimate, break_even: Decimal, *, several: bool) -> str:
    text = f"Provisioned concurrency is cheaper than none where it is busy more than {_share(break_even)} of its time"
    one = size.provisioned
    if one is None:
        return f"{text}; --provisioned N adds its cost."
    if several:
        return f"{text}. Its cost is with traffic spread evenly."
    if one.utilisation > 1:
        return f"{text}. {one.environments} could serve {_share(one.served_share)} of these invocations, all busy."
    return f"{text}; {one.environments} would be busy {_share(one.utilisation)} of it, with traffic spread evenly."


def _share(share: Decimal) -> str:
    return figures.percent(float(share))


def _money(amount: Amount | None) -> str:
    """To the cent; an amount below a cent to three digits, because it would read as nothing."""
    if amount is None:
        return figures.UNKNOWN
    if Decimal("0.01") <= amount.exact < 1:
        return figures.rate(Decimal(amount.rounded), amount.currency)
    return figures.money(Money(amount=amount.exact, currency=amount.currency))


def _table(rows: list[list[str]], left: frozenset[int] | set[int] = frozenset()) -> list[str]:
    first_left = rows[0][0] == ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            text.ljust(width) if (column == 0 and first_left) or column in left else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(_GAP.join(cells).rstrip())
    return lines
