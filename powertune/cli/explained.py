"""The text of ``powertune explain``."""

from collections.abc import Callable, Iterable, Sequence

from powertune.decide.peer_chain import Cause, Part
from powertune.decide.peer_numbers import PeerNumbers, PeerSize, Reading
from powertune.domain.measured import MeasuredAs, measured_as
from powertune.domain.price import Money
from powertune.domain.result import TuningResult
from powertune.domain.sample import Outcome, Sample
from powertune.render import figures
from powertune.render.paper import Column, Paper, Table
from powertune.render.safe import one_line

_PAPER = Paper(width=100)
_MILLION = 1_000_000
_SHOWN = 0.0005
"""A smaller share would be written as 0 %."""

_SHORT = {
    Cause.MISSING: "missing records",
    Cause.RESTORE: "restore counted twice",
    Cause.MIXED: "cold and warm mixed",
    Cause.TRIMMED: "trimming",
    Cause.ROUNDED_UP: "mean rounded up",
    Cause.PRICE_ROUNDED: "price rounded",
    Cause.OTHER_PRICE: "price of elsewhere",
    Cause.NO_REQUEST_FEE: "no request fee",
    Cause.NO_STORAGE_FEE: "no storage fee",
    Cause.OTHER: "other",
}


def explained(result: TuningResult, numbers: PeerNumbers, *, with_samples: bool = False) -> str:
    """The comparison for people, in lines of at most 100 columns but for the table of samples."""
    lines = [
        one_line(f"{result.function.name} · {result.function.region} · {result.function.architecture.value}"),
        *_PAPER.wrapped(_how_it_reads(numbers)),
        "",
        *_table(numbers),
        "",
        *_PAPER.wrapped(_choice(result, numbers)),
        *_shares(numbers),
        *_meanings(result, numbers),
    ]
    if with_samples:
        for size in numbers.sizes:
            lines += ["", *_samples(result, size)]
    return "\n".join(lines)


def _how_it_reads(numbers: PeerNumbers) -> str:
    dropped = numbers.discard_top_bottom
    trimming = f"without the lowest and highest {figures.percent(dropped)}" if dropped else "all of them"
    return (
        "The same samples as aws-lambda-power-tuning 4.4 would have read them: averages over cold and warm "
        f"invocations together, {trimming}, and a GB-second at {_rate(numbers.per_gb_second)} "
        f"(list price: {_rate(numbers.list_per_gb_second)})."
    )


def _rate(money: Money) -> str:
    return figures.rate(money.amount, money.currency)


def _table(numbers: PeerNumbers) -> list[str]:
    rows = [("Memory", "Its duration", "powertune's", "", "Its cost per million", "powertune's", "")]
    for size in numbers.sizes:
        its, ours = size.cost, size.our_cost
        rows.append(
            (
                f"{_mark(numbers, size)}{figures.memory(size.memory_mb)}",
                figures.duration(size.duration_ms),
                figures.duration(size.our_duration_ms),
                _apart(size.duration_ms, size.our_duration_ms),
                figures.money(_per_million(its)),
                figures.money(_per_million(ours)),
                _apart(_amount(its), _amount(ours)),
            )
        )
    table = _tabled(rows)
    lines = (_PAPER.line(table.row(at)) for at in range(len(rows) - 1))
    return [*table.head(_PAPER), *lines, "* powertune's choice; > its own"]


def _mark(numbers: PeerNumbers, size: PeerSize) -> str:
    mark = ">" if size.memory_mb == numbers.memory_mb else ""
    return mark + ("*" if size.memory_mb == numbers.our_memory_mb else "")


def _apart(its: float | None, ours: float | None) -> str:
    return "" if its is None or not ours else figures.difference(its / ours - 1)


def _amount(money: Money | None) -> float | None:
    return None if money is None else float(money.amount)


def _per_million(money: Money | None) -> Money | None:
    return None if money is None else Money(amount=money.amount * _MILLION, currency=money.currency)


def _choice(result: TuningResult, numbers: PeerNumbers) -> str:
    ours = numbers.our_memory_mb
    if result.request.dry_run:
        return "A dry run recommends nothing; aws-lambda-power-tuning's output is null."
    if numbers.failure is not None:
        return (
            "It would have given no answer: its execution ends as SUCCEEDED with the output {} "
            f"({one_line(numbers.failure, 300)})."
        )
    if numbers.memory_mb is None:
        return "It would have given no answer: it reads every duration as 0 and drops every memory size."
    its = figures.memory(numbers.memory_mb)
    if ours is None:
        return f"It would have chosen {its}; powertune recommends nothing."
    if numbers.memory_mb == ours:
        return f"It would have chosen {its}, as powertune does."
    return f"It would have chosen {its}; powertune recommends {figures.memory(ours)}.{_by_our_figures(result, numbers)}"


def _by_our_figures(result: TuningResult, numbers: PeerNumbers) -> str:
    """What its choice means by powertune's figures."""
    by_size = {size.memory_mb: size for size in numbers.sizes}
    its, ours = by_size.get(numbers.memory_mb or 0), by_size.get(numbers.our_memory_mb or 0)
    best = result.recommendation
    if best is not None and numbers.memory_mb in best.equivalent_sizes_mb:
        return f" powertune calls the two equivalent: they are within {result.request.tolerance:.0%} of the best."
    if its is None or ours is None or its.our_cost is None or ours.our_cost is None or not ours.our_cost.amount:
        return ""
    if its.our_duration_ms is None or not ours.our_duration_ms:
        return ""
    duration = figures.faster(its.our_duration_ms / ours.our_duration_ms - 1)
    cost = figures.cheaper(float(its.our_cost.amount / ours.our_cost.amount) - 1)
    return f" By powertune's figures its choice is {duration}, {cost}."


def _shares(numbers: PeerNumbers) -> list[str]:
    lines: list[str] = []
    for size in numbers.sizes:
        name = f"{figures.memory(size.memory_mb)}: "
        if size.failure is not None and size.failure == numbers.failure:
            continue  # it is the whole run's, and was said already
        if size.failure is not None:
            lines += _PAPER.wrapped(f"{name}no figures, because {one_line(size.failure, 300)}.", first="  ")
        elif size.duration_parts or size.cost_parts:
            sums = f"duration {_sum(size.duration_parts)}; cost {_sum(size.cost_parts)}"
            lines += _PAPER.wrapped(f"{name}{sums}.", first="  ")
    if not lines:
        return []
    return ["", "Why, at each memory size, as shares of powertune's figure (+ makes its figure higher):", *lines]


def _sum(parts: Sequence[Part]) -> str:
    """The whole difference and what it is made of, the largest part first."""
    ordered = sorted((part for part in parts if abs(part.share) >= _SHOWN), key=lambda part: -abs(part.share))
    if not ordered:
        return "the same"
    whole = _signed(sum(part.share for part in parts))
    return f"{whole} = {', '.join(f'{_SHORT[part.cause]} {_signed(part.share)}' for part in ordered)}"


def _signed(share: float) -> str:
    return "0 %" if abs(share) < _SHOWN else f"{figures.MINUS if share < 0 else '+'}{figures.percent(share)}"


def _meanings(result: TuningResult, numbers: PeerNumbers) -> list[str]:
    """What each cause that occurs means, with the counts of this run."""
    shown = (part for size in numbers.sizes for part in (*size.duration_parts, *size.cost_parts))
    occur = {part.cause for part in shown if abs(part.share) >= _SHOWN}
    meanings = (_meaning(cause, result, numbers) for cause in Cause if cause in occur)
    lines = [line for meaning in meanings for line in _PAPER.wrapped(meaning, first="- ")]
    return ["", *lines] if lines else []


def _meaning(cause: Cause, result: TuningResult, numbers: PeerNumbers) -> str:
    samples = sum(size.samples for size in numbers.sizes)
    words: dict[Cause, Callable[[], str]] = {
        Cause.MISSING: lambda: (
            f"it reads the log tail only and takes a record that is not there for 0 ms: "
            f"{sum(size.missing for size in numbers.sizes)} of {samples} here. powertune reads the logs as well, and "
            "leaves out what nobody knows."
        ),
        Cause.RESTORE: lambda: "it adds the billed part of the restore to Billed Duration, which contains it already.",
        Cause.MIXED: lambda: (
            f"its averages hold cold starts and warm invocations together: {sum(size.cold for size in numbers.sizes)} "
            f"of {samples} were cold. powertune keeps them apart"
            + (", and compares the cold ones here." if result.request.only_cold_starts else ".")
        ),
        Cause.TRIMMED: lambda: (
            f"it drops {_range(size.trimmed for size in numbers.sizes)} values at each end of every memory size, fast "
            "and slow, before it averages. AWS bills them all, so powertune drops none."
        ),
        Cause.ROUNDED_UP: lambda: "it rounds the mean of the billed durations up to a whole millisecond once more.",
        Cause.PRICE_ROUNDED: lambda: "its price is rounded to two digits.",
        Cause.OTHER_PRICE: lambda: (
            f"its price of a GB-second is {_rate(numbers.per_gb_second)} for {result.function.architecture.value} in "
            f"{result.function.region}, where this run's is {_rate(numbers.list_per_gb_second)}."
        ),
        Cause.NO_REQUEST_FEE: lambda: (
            f"it leaves out the fee for the request, {figures.rate(result.price.per_request, result.price.currency)} "
            "for each invocation."
        ),
        Cause.NO_STORAGE_FEE: lambda: (
            f"it leaves out ephemeral storage above 512 MB; the function has {result.function.ephemeral_mb} MB."
        ),
        Cause.OTHER: lambda: "what none of these causes explains.",
    }
    return f"{_SHORT[cause][0].upper()}{_SHORT[cause][1:]}: {words[cause]()}"


def _range(counts: Iterable[int]) -> str:
    found = sorted(set(counts))
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def _samples(result: TuningResult, size: PeerSize) -> list[str]:
    readings = {reading.order: reading for reading in size.readings}
    rows = [
        (
            "#",
            "",
            "Duration",
            "Init or restore",
            "Billed",
            "Its duration",
            "Its billed",
            "In its mean",
            "In powertune's",
        )
    ]
    compared = MeasuredAs.COLD if result.request.only_cold_starts else MeasuredAs.WARM
    ordered = sorted((s for s in result.samples if s.memory_mb == size.memory_mb), key=lambda one: one.order)
    for sample, use in measured_as(ordered, result.request.warm_mix()):
        reading = readings.get(sample.order)
        rows.append(
            (
                str(sample.order),
                _kind(sample),
                _ms(sample.duration_ms),
                _ms(sample.init_ms if sample.init_ms is not None else sample.restore_ms),
                _ms(sample.billed_ms),
                _ms(reading.duration_ms if reading else None),
                _ms(reading.billed_ms if reading else None),
                _kept(reading),
                "yes" if use is compared else "no",
            )
        )
    table = _tabled(rows)
    lines = (table.row(at).rstrip() for at in range(len(rows) - 1))
    return [f"{figures.memory(size.memory_mb)}, sample by sample, in ms", table.titles.rstrip(), *lines]


def _kind(sample: Sample) -> str:
    if sample.outcome is not Outcome.OK:
        return sample.outcome.value
    if sample.suppressed_init:
        return "after a crash"
    return {True: "cold", False: "warm", None: "no record"}[sample.cold]


def _kept(reading: Reading | None) -> str:
    if reading is None:
        return figures.UNKNOWN
    if reading.duration_averaged and reading.billed_averaged:
        return "yes"
    if reading.duration_averaged or reading.billed_averaged:
        return "duration" if reading.duration_averaged else "billed"
    return "no"


def _ms(value: float | None) -> str:
    return figures.UNKNOWN if value is None else f"{value:,.{0 if value == int(value) else 2}f}"


def _tabled(rows: Sequence[tuple[str, ...]]) -> Table:
    """A table whose first row are its titles."""
    heads, *lines = rows
    texts = [tuple(one_line(line[at]) for line in lines) for at in range(len(heads))]
    return Table(columns=tuple(Column(title=head, texts=of) for head, of in zip(heads, texts, strict=True)))
