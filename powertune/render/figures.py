"""Numbers for people. One function for each kind of figure, so that a number reads the same wherever it appears.

A mean with an interval has as many digits as its interval allows, with or without the interval beside it, so that it is
the same wherever it appears; all else has three significant digits. The unit changes with the size of the number.
What is unknown is a dash.
"""

import math
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from powertune.domain.price import Money
from powertune.domain.result import Interval

UNKNOWN = "–"
MINUS = "−"

_DIGITS = 3
_LEAST_DIGITS, _MOST_DIGITS = 2, 6
"""What a mean has at least and at most, whatever its interval says."""
_ONE_DIGIT_FROM = 1.95
_CENTS = 2
_NO_CENTS_FROM = 100
_HALF_A_CENT = Decimal("0.005")
_CENTS_BELOW = Decimal("9.995")
"""What is written of a month: from here on it would read as 10.00."""
_DURATION_UNITS = ((0.001, "µs"), (1.0, "ms"), (1000.0, "s"))
_SYMBOLS = {"USD": "$", "CNY": "CN¥"}
_MOST_MS, _LEAST_MS = 1e9, 1e-6
"""Beyond these a duration is no function's, and its digits would only hide how large or small it is."""
_DATA_UNITS = ((9, "GB"), (6, "MB"), (3, "kB"))
_IN_TIMES_FROM = 10.0
_NO_DIFFERENCE = 0.005
"""A change below half a per cent would be written as 0 %: it is called none."""


def count(number: int | None) -> str:
    """``1,200``."""
    return UNKNOWN if number is None else f"{number:,}"


def plural(number: int, one: str) -> str:
    """``1 call``, ``1,200 calls``."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def quantity(value: float) -> str:
    """How much of something: whole numbers in full, others with three digits."""
    if not math.isfinite(value):
        return UNKNOWN
    return f"{int(value):,}" if value == int(value) else _number(value)


def memory(mb: int | None) -> str:
    """``1,769 MB``."""
    return UNKNOWN if mb is None else f"{mb:,} MB"


def duration_unit(ms: float) -> tuple[float, str]:
    """The unit a duration is written in: how many milliseconds it has, and its name."""
    for scale, name in _DURATION_UNITS:
        if _rounded(abs(ms) / scale) < 1000:
            return (scale, name) if ms else (1.0, "ms")
    return _DURATION_UNITS[-1]


def duration(ms: float | None, interval: Interval | None = None) -> str:
    """Milliseconds as ``85.2 µs``, ``104 ms`` or ``1.23 s``; to the digits that an interval of them allows."""
    if ms is None or not math.isfinite(ms):
        return UNKNOWN
    scale, name = duration_unit(ms)
    if _is_absurd(ms):
        return f"{_scientific(ms / scale, _DIGITS)} {name}"
    return f"{_rounded_to(ms / scale, _allowed(ms, interval, scale))} {name}"


def exact_ms(ms: float) -> str:
    """A duration that somebody wrote, with all its digits: ``800 ms``, ``1,500 ms``."""
    return f"{ms:,.10g} ms"


def duration_estimate(ms: float | None, interval: Interval | None) -> str:
    """A mean with its interval: ``104 ± 3 ms``; ``104 ms (98 ms to 121 ms)`` where the sides differ."""
    if ms is None or interval is None or not math.isfinite(ms):
        return duration(ms)
    scale, name = duration_unit(ms)
    decimals = _allowed(ms, interval, scale)
    mean, half = _rounded_to(ms / scale, decimals), (interval.high - interval.low) / 2 / scale
    if half <= 0:
        return duration(ms, interval)
    if _is_absurd(ms):
        return f"{_scientific(ms / scale, _DIGITS)} ± {_scientific(half, 1)} {name}"
    if _lopsided(ms, interval):
        low, high = (f"{_rounded_to(end / scale, decimals)} {name}" for end in (interval.low, interval.high))
        return f"{mean} {name} ({low} to {high})"
    return f"{mean} ± {_half_width(half, decimals)} {name}"


def money(amount: Money | None, interval: Interval | None = None) -> str:
    """``$0.214``, ``$1,234.50``, ``CN¥3.10``, ``EUR 2.00``: cents from 1 upwards, three digits below.

    To the digits that an interval in the unit of the amount allows; cents are written up to a hundred in any case.
    """
    if amount is None or not amount.amount.is_finite():
        return UNKNOWN
    return _signed(amount, _money_decimals(amount.amount, interval))


def monthly(amount: Money | None, interval: Interval | None = None) -> str:
    """An amount of a month: ``$1,240``, ``$41``, ``$4.10``: whole units from 10 upwards, cents below.

    From 10 upwards to no more digits than an interval in the unit of the amount allows, and up to a hundred in cents
    where it allows a digit of them: two amounts that differ by less than a unit are not to read as one apart.
    """
    if amount is None or not amount.amount.is_finite():
        return UNKNOWN
    value = abs(amount.amount)
    if 0 < value <= _HALF_A_CENT:
        return f"under {_symbol(amount.currency)}0.01"
    if value < _CENTS_BELOW:
        return _signed(amount, _CENTS)
    allowed = _allowed(float(value), interval, 1.0)
    in_cents = interval is not None and allowed > 0 and value < _NO_CENTS_FROM
    return _signed(amount, _CENTS if in_cents else min(0, allowed))


def money_estimate(amount: Money | None, interval: Interval | None) -> str:
    """A mean cost with its interval: ``$3.42 ± 0.12``; the interval is in the unit of the amount."""
    if amount is None or interval is None or not amount.amount.is_finite():
        return money(amount)
    if interval.high <= interval.low:
        return money(amount)
    decimals = _allowed_money(amount.amount, interval)
    if _lopsided(float(amount.amount), interval):
        low, high = (
            _signed(Money(amount=Decimal(repr(end)), currency=amount.currency), decimals)
            for end in (interval.low, interval.high)
        )
        return f"{_signed(amount, decimals)} ({low} to {high})"
    return f"{_signed(amount, decimals)} ± {_half_width((interval.high - interval.low) / 2, decimals)}"


def rate(value: Decimal | None, currency: str) -> str:
    """A list price with every digit that it was published with: ``$0.0000166667``."""
    return UNKNOWN if value is None else f"{_symbol(currency)}{value:f}"


def percent(share: float | None) -> str:
    """The size of a share without its sign: 0.714 is ``71 %``, 0.004 is ``0.4 %``."""
    if share is None or not math.isfinite(share):
        return UNKNOWN
    value = abs(share) * 100
    if value == 0:
        return "0 %"
    if value < 0.05:
        return "under 0.1 %"
    if 99.95 <= value < 100:
        return "over 99.9 %"  # all but nothing is not all
    decimals = 1 if value < 0.95 or 99 <= value < 100 else 0
    return f"{value:,.{decimals}f} %"


def at_most(share: float) -> str:
    """A bound, rounded up so that it is not understated: 0.0341 is ``3.5 %``, 0.181 is ``19 %``."""
    if not math.isfinite(share):
        return UNKNOWN
    decimals = 1 if share < 0.0995 else 0
    # What a float adds to 5 % is not to be rounded up to 5.1 %.
    value = math.ceil(round(share * 100 * 10**decimals, 6)) / 10**decimals
    return f"{value:,.{decimals}f}".removesuffix(".0") + " %"


def difference(share: float | None) -> str:
    """A share with its sign: ``+12 %``, ``−5 %``; ``same`` where it would be written as nothing.

    From more than ten times on it is ``134,000 times``.
    """
    if share is None or not math.isfinite(share):
        return UNKNOWN
    if abs(share) < _NO_DIFFERENCE:
        return "same"
    if 1 + share > _IN_TIMES_FROM:
        return f"{_number(1 + share)} times"
    return f"{MINUS if share < 0 else '+'}{percent(share)}"


def faster(share: float) -> str:
    """A change of duration in words: ``71 % faster``, ``12 % slower``, ``as fast``."""
    if abs(share) < _NO_DIFFERENCE:
        return "as fast"
    return f"{percent(share)} {'faster' if share < 0 else 'slower'}"


def cheaper(share: float) -> str:
    """A change of cost in words: ``38 % cheaper``, ``2 % dearer``, ``at the same cost``."""
    if abs(share) < _NO_DIFFERENCE:
        return "at the same cost"
    return f"{percent(share)} {'cheaper' if share < 0 else 'dearer'}"


def data(gb: float) -> str:
    """An amount of data, given in GB of 10⁹ bytes: ``5.51 kB``, ``512 bytes``."""
    if not math.isfinite(gb) or gb < 0:
        return UNKNOWN
    for power, name in _DATA_UNITS:
        if (amount := gb * 10.0 ** (9 - power)) >= 0.9995:
            return f"{_number(amount)} {name}"
    return plural(round(gb * 1e9), "byte")


def gb_seconds(value: float | None) -> str:
    """``12.3 GB-seconds``."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{_number(value)} GB-seconds"


def span(seconds: float | None) -> str:
    """How long something took, to the second: ``42 s``, ``3 min 12 s``, ``1 h 5 min``."""
    if seconds is None or seconds < 0:
        return UNKNOWN
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def parse_moment(text: str) -> datetime | None:
    """An ISO 8601 time as UTC; None where it is not one. Without a zone it is taken as UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day of the calendar, in another zone
        return None


def moment(text: str) -> str:
    """An ISO 8601 time as ``24 November 2026, 11:34 UTC``; as it stands where it is not one."""
    parsed = parse_moment(text)
    return text if parsed is None else f"{parsed.day} {parsed:%B %Y, %H:%M} UTC"


def _is_absurd(ms: float) -> bool:
    return ms != 0 and not _LEAST_MS <= abs(ms) < _MOST_MS


def _scientific(value: float, digits: int) -> str:
    """``1.23e9``: for what nobody reads digit by digit."""
    number, power = f"{value:.{digits - 1}e}".split("e")
    shown = (number.rstrip("0").rstrip(".") if "." in number else number).replace("-", MINUS)
    return f"{shown}e{int(power)}"


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS - 1}e}")


def _number(value: float) -> str:
    if value == 0:
        return "0"
    size = _rounded(abs(value))
    return f"{MINUS if value < 0 else ''}{size:,.{_decimals(size)}f}"


def _decimals(size: float) -> int:
    return max(0, _DIGITS - 1 - math.floor(math.log10(size))) if size else 0


def _allowed(value: float, interval: Interval | None, scale: float) -> int:
    """How many decimals of a value, in units of ``scale``, its interval allows; negative where it is wider than ten.

    The half width is written with one significant digit, with two where the first is a 1 (as usual for a measurement
    with its uncertainty), and the mean as far as that. Without an interval, or with one of no width: three digits.
    """
    size = _rounded(abs(value) / scale)
    half = 0.0 if interval is None else (interval.high - interval.low) / 2 / scale
    if not math.isfinite(half) or half <= 0:
        return _decimals(size)
    first = math.floor(math.log10(float(f"{half:.1e}")))
    wanted = -first + int(half / 10.0**first < _ONE_DIGIT_FROM)
    whole = math.floor(math.log10(size)) + 1 if size else 1
    return min(max(wanted, _LEAST_DIGITS - whole), _MOST_DIGITS - whole)


def _rounded_to(value: float, decimals: int) -> str:
    shown = round(value, decimals)
    return f"{MINUS if shown < 0 else ''}{abs(shown):,.{max(decimals, 0)}f}" if shown else "0"


def _half_width(half: float, decimals: int) -> str:
    """A half width with the mean's decimals; with one digit of its own where that would read as nothing."""
    if half <= 0:
        return "0"
    if half < 0.5 * 10.0**-decimals:
        size = float(f"{half:.0e}")
        return f"{size:.{max(0, -math.floor(math.log10(size)))}f}"
    return f"{round(half, decimals):,.{max(decimals, 0)}f}"


def _money_decimals(value: Decimal, interval: Interval | None) -> int | None:
    """How many decimals an amount is written with; None where nothing but its own size says so."""
    return None if interval is None or interval.high <= interval.low else _allowed_money(value, interval)


def _allowed_money(value: Decimal, interval: Interval) -> int:
    decimals = _allowed(float(value), interval, 1.0)
    return max(decimals, _CENTS if 1 <= abs(value) < _NO_CENTS_FROM else 0)


def _signed(amount: Money, decimals: int | None) -> str:
    value = amount.amount
    sign = MINUS if value < 0 else ""
    if decimals is None:
        return f"{sign}{_symbol(amount.currency)}{_amount(abs(value))}"
    shown = abs(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)
    return f"{sign}{_symbol(amount.currency)}{shown:,f}"


def _lopsided(mean: float, interval: Interval) -> bool:
    below, above = mean - interval.low, interval.high - mean
    return abs(above - below) > 0.05 * abs(above + below)


def _amount(value: Decimal) -> str:
    if value == 0:
        return "0.00"
    # Where the third digit of 0.9996 rounds up to 1.000, the amount reads as one.
    if value >= 1 or Decimal(f"{value:.{_DIGITS - 1}e}") >= 1:
        return f"{value.quantize(Decimal('0.01'), rounding=ROUND_HALF_EVEN):,}"
    return f"{Decimal(f'{value:.{_DIGITS - 1}e}'):f}"


def _symbol(currency: str) -> str:
    return _SYMBOLS.get(currency, f"{currency} ")
