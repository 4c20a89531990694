"""The rows of a price table: their form in JSON, and the checks that keep nonsense out.

A table is one JSON object: ``format`` 1; ``sources``, each with the day (``as_of``) on which it was read and a
sentence (``text``); ``regions``, each a row. Rates are strings with decimal numbers, so that none is rounded on
its way; null, or nothing, is a rate that is not known. A row's ``sources`` names, for each group of rates, where it
comes from.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from powertune.domain.function import Architecture
from powertune.domain.price import PriceTier
from powertune.errors import UsageError

FORMAT = 1

_CURRENCY = re.compile(r"[A-Z]{3}")
_RATE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,30})?")

GROUPS: Mapping[str, tuple[str, ...]] = {
    "lambda": (),
    "snapstart": ("snapstart_cache", "snapstart_restore"),
    "step_functions": ("transition",),
    "logs": ("log_gb_scanned",),
    "xray": ("trace_recorded", "trace_retrieved"),
    "fargate": (),
}
"""What has a source of its own, with the rates of the region that belong to it; ``lambda`` and ``fargate`` are
by architecture."""

REGION_RATES = tuple(name for names in GROUPS.values() for name in names)
LAMBDA_RATES = ("duration", "request", "ephemeral", "provisioned", "provisioned_duration")
FARGATE_RATES = ("fargate_vcpu_hour", "fargate_gb_hour")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSource:
    """Where rates come from, and the day (ISO 8601) on which they were read there."""

    key: str
    as_of: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The rates of one region. ``rates`` holds those that are known; a missing name is an unknown rate."""

    region: str
    currency: str
    confidence: str
    by_architecture: Mapping[Architecture, Mapping[str, Decimal]]
    tiers: Mapping[Architecture, tuple[PriceTier, ...]] = field(default_factory=dict)
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    sources: Mapping[str, RateSource] = field(default_factory=dict)

    @property
    def as_of(self) -> str:
        """The day on which the Lambda rates were read."""
        return self.sources["lambda"].as_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable:
    """Rows by region. ``place`` is where the table lies, for people."""

    place: str
    rows: Mapping[str, Row]


def parse_table(text: str, place: str) -> PriceTable:
    """Read a price table.

    Args:
        text: its JSON.
        place: where it lies; every refusal names it.

    Raises:
        UsageError: it is not a price table, or a rate in it cannot be meant: zero, negative, not a decimal number,
            or in a currency that the region does not have. The text names the spot.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refused(place, f"it is not JSON: {error}") from None
    reader = _Reader(place)
    table = reader.mapping(data, "the table", {"format", "sources", "regions"})
    if table.get("format") != FORMAT:
        raise _refused(place, f"its format is {table.get('format')!r}, and this powertune reads {FORMAT}")
    sources = {key: reader.source(key, value) for key, value in reader.mapping(table.get("sources"), "sources").items()}
    rows = {
        region: reader.row(region, value, sources)
        for region, value in reader.mapping(table.get("regions"), "regions").items()
    }
    return PriceTable(place=place, rows=rows)


def dump_table(table: PriceTable) -> str:
    """The JSON of a price table, which `parse_table` reads back equal."""
    sources = {source.key: source for row in table.rows.values() for source in row.sources.values()}
    data = {
        "format": FORMAT,
        "sources": {key: {"as_of": source.as_of, "text": source.text} for key, source in sorted(sources.items())},
        "regions": {region: row_data(row) for region, row in sorted(table.rows.items())},
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def row_data(row: Row) -> dict[str, Any]:
    """One row as the JSON has it, unknown rates as null."""
    data: dict[str, Any] = {"currency": row.currency, "confidence": row.confidence}
    for architecture in Architecture:
        rates = row.by_architecture.get(architecture)
        if rates is None:
            data[architecture.value] = None
            continue
        tiers = row.tiers.get(architecture)
        data[architecture.value] = {
            **{name: _text(rates.get(name)) for name in (*LAMBDA_RATES, *FARGATE_RATES)},
            "tiers": tiers and [[tier.up_to_gb_seconds, _text(tier.per_gb_second)] for tier in tiers],
        }
    data |= {name: _text(row.rates.get(name)) for name in REGION_RATES}
    data["sources"] = {group: source.key for group, source in row.sources.items()}
    return data


def _text(rate: Decimal | None) -> str | None:
    return None if rate is None else f"{rate:f}"


def _refused(place: str, why: str) -> UsageError:
    return UsageError(
        f"The price table {place} cannot be used: {why}.",
        next_step="Correct it, or remove it and run powertune prices update.",
    )


class _Reader:
    """Takes a decoded table apart; every complaint names the table and the spot."""

    def __init__(self, place: str) -> None:
        self._place = place

    def mapping(self, value: Any, spot: str, known: set[str] | None = None) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _refused(self._place, f"{spot} is not a JSON object")
        if known is not None and (strange := sorted(set(value) - known)):
            raise _refused(self._place, f"{spot} has the unknown name {strange[0]!r}")
        return value

    def source(self, key: str, value: Any) -> RateSource:
        spot = f"sources.{key}"
        data = self.mapping(value, spot, {"as_of", "text"})
        try:
            as_of = date.fromisoformat(data["as_of"]).isoformat()
        except (KeyError, TypeError, ValueError):
            raise _refused(self._place, f"{spot}.as_of is not a day such as 2026-11-23") from None
        if not isinstance(data.get("text"), str) or not data["text"].strip():
            raise _refused(self._place, f"{spot}.text is missing")
        return RateSource(key=key, as_of=as_of, text=data["text"])

    def row(self, region: str, value: Any, sources: Mapping[str, RateSource]) -> Row:
        spot = f"regions.{region}"
        known = {"currency", "confidence", "sources", *REGION_RATES, *(one.value for one in Architecture)}
        data = self.mapping(value, spot, known)
        by_architecture: dict[Architecture, dict[str, Decimal]] = {}
        tiers: dict[Architecture, tuple[PriceTier, ...]] = {}
        for architecture in Architecture:
            block = data.get(architecture.value)
            if block is not None:
                where = f"{spot}.{architecture.value}"
                block = self.mapping(block, where, {*LAMBDA_RATES, *FARGATE_RATES, "tiers"})
                rates = self._rates(block, where, (*LAMBDA_RATES, *FARGATE_RATES))
                if "duration" not in rates:
                    raise _refused(self._place, f"{where}.duration is missing")
                by_architecture[architecture] = rates
                if block.get("tiers") is not None:
                    tiers[architecture] = self._tiers(block["tiers"], f"{where}.tiers", rates["duration"])
        return Row(
            region=region,
            currency=self._currency(region, data.get("currency"), spot),
            confidence=str(data.get("confidence") or "unknown"),
            by_architecture=by_architecture,
            tiers=tiers,
            rates=self._rates(data, spot, REGION_RATES),
            sources=self._sources(data.get("sources"), spot, sources),
        )

    def _currency(self, region: str, value: Any, spot: str) -> str:
        if (
            not isinstance(value, str)
            or len(value) != 3
            or not (value.isascii() and value.isalpha() and value.isupper())
        ):
            raise _refused(self._place, f"{spot}.currency is {value!r}, not a code such as USD")
        if (value == "CNY") != region.startswith("cn-"):  # AWS China bills in CNY, and nobody else does
            raise _refused(self._place, f"{spot}.currency is {value}, which is not what AWS bills there")
        return value

    def _rates(self, data: Mapping[str, Any], spot: str, names: tuple[str, ...]) -> dict[str, Decimal]:
        return {name: self._rate(data[name], f"{spot}.{name}") for name in names if data.get(name) is not None}

    def _rate(self, value: Any, spot: str) -> Decimal:
        if not isinstance(value, str) or not _RATE.fullmatch(value.removeprefix("-")):
            raise _refused(self._place, f"{spot} is {value!r}, not a decimal number in quotes such as '0.0000166667'")
        if (rate := Decimal(value)) <= 0:
            raise _refused(self._place, f"{spot} is {value}; a rate is above zero, and null where it is not known")
        return rate

    def _tiers(self, value: Any, spot: str, duration: Decimal) -> tuple[PriceTier, ...]:
        if (
            not isinstance(value, list)
            or not value
            or not all(isinstance(one, list) and len(one) == 2 for one in value)
        ):
            raise _refused(self._place, f"{spot} is not a list of pairs: the end of a tier, and its rate")
        ends = [one[0] for one in value]
        if ends[-1] is not None or not all(type(end) is int for end in ends[:-1]):
            raise _refused(self._place, f"{spot}: every tier but the last ends at a whole number, the last at null")
        if any(later <= earlier for earlier, later in zip([0, *ends[:-2]], ends[:-1], strict=True)):
            raise _refused(self._place, f"{spot}: the ends do not rise")
        tiers = tuple(
            PriceTier(up_to_gb_seconds=end, per_gb_second=self._rate(rate, f"{spot}[{index}]"))
            for index, (end, rate) in enumerate(value)
        )
        if tiers[0].per_gb_second != duration:
            raise _refused(self._place, f"{spot}: the first tier's rate is not that of duration")
        return tiers

    def _sources(self, value: Any, spot: str, sources: Mapping[str, RateSource]) -> dict[str, RateSource]:
        named = self.mapping(value, f"{spot}.sources", set(GROUPS))
        for group, key in named.items():
            if not isinstance(key, str) or key not in sources:
                raise _refused(self._place, f"{spot}.sources.{group} names {key!r}, which is not among the sources")
        if "lambda" not in named:
            raise _refused(self._place, f"{spot}.sources.lambda is missing")
        return {group: sources[key] for group, key in named.items()}
