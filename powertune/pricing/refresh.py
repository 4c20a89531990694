"""From the offers of AWS's price list to a row of the table, and what that changes. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from powertune.domain.function import Architecture
from powertune.domain.price import PriceTier
from powertune.errors import AwsError
from powertune.pricing.offer import Band, Offer
from powertune.pricing.rows import FARGATE_RATES, GROUPS, LAMBDA_RATES, PriceTable, RateSource, Row

MOST_CHANGE = 3
"""A rate that moved by more than this factor is taken for an error in the list, or in its reading."""

_LAMBDA_USAGE = {
    "duration": "Lambda-GB-Second",
    "request": "Request",
    "ephemeral": "Lambda-Storage-GB-Second",
    "provisioned": "Lambda-Provisioned-Concurrency",
    "provisioned_duration": "Lambda-Provisioned-GB-Second",
}
_FARGATE_USAGE = {
    (Architecture.X86_64, "fargate_vcpu_hour"): "Fargate-vCPU-Hours:perCPU",
    (Architecture.X86_64, "fargate_gb_hour"): "Fargate-GB-Hours",
    (Architecture.ARM64, "fargate_vcpu_hour"): "Fargate-ARM-vCPU-Hours:perCPU",
    (Architecture.ARM64, "fargate_gb_hour"): "Fargate-ARM-GB-Hours",
}
_REGION_USAGE = {
    "snapstart_cache": "Lambda-SnapStart-Cached-GB-S",
    "snapstart_restore": "Lambda-SnapStart-Restored-GB",
    "transition": "StateTransition",
    "log_gb_scanned": "DataScanned-Bytes",
    "trace_recorded": "XRay-TracesStored",
    "trace_retrieved": "XRay-TracesAccessed",
}
_SERVICES = {
    "lambda": "AWSLambda",
    "snapstart": "AWSLambda",
    "step_functions": "AmazonStates",
    "logs": "AmazonCloudWatch",
    "xray": "AWSXRay",
    "fargate": "AmazonECS",
}
LAMBDA = "AWSLambda"


def _lambda_usage(architecture: Architecture, rate: str) -> str:
    return _LAMBDA_USAGE[rate] + ("-ARM" if architecture is Architecture.ARM64 else "")


USAGE_BY_SERVICE: Mapping[str, tuple[str, ...]] = {
    LAMBDA: (
        *(_lambda_usage(architecture, rate) for architecture in Architecture for rate in LAMBDA_RATES),
        *(_REGION_USAGE[rate] for rate in GROUPS["snapstart"]),
    ),
    **{
        _SERVICES[group]: tuple(_REGION_USAGE[rate] for rate in GROUPS[group])
        for group in ("step_functions", "logs", "xray")
    },
    "AmazonECS": tuple(_FARGATE_USAGE.values()),
}
"""The offers that a row is made of, and the usage types that count in each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChange:
    """A rate before and after; None where it was not, or is no longer, known."""

    region: str
    what: str
    old: Decimal | None
    new: Decimal | None


def refreshed_row(
    region: str, offers: Mapping[str, Offer | None], old: Row | None, today: str
) -> tuple[Row, tuple[str, ...]]:
    """The row that the offers make, and sentences about what they do not say.

    The Lambda rates are the list's alone: what it does not name is unknown. Of the other groups, one that the list
    does not name in full stays as it was, with its earlier source.

    Args:
        region: the region of the offers.
        offers: what each service of `USAGE_BY_SERVICE` asks there; None for a service without an offer there.
        old: the row so far.
        today: the day on which the offers were read, ISO 8601.

    Raises:
        AwsError: Lambda's own rates are not there, or the offers are in several currencies.
    """
    offer = offers.get(LAMBDA)
    if offer is None or offer.currency is None:
        raise AwsError(
            f"AWS's price list has no Lambda prices for {region}. Nothing was changed.",
            next_step="Check the region's name.",
        )
    currencies = {one.currency for one in offers.values() if one is not None and one.currency is not None}
    if len(currencies) > 1:
        raise AwsError(
            f"AWS's price lists for {region} are in several currencies: {', '.join(sorted(currencies))}. "
            "Nothing was changed.",
            next_step="Give the price with --price instead.",
        )
    kept = old if old is not None and old.currency == offer.currency else None
    by_architecture = {
        architecture: rates
        for architecture in Architecture
        if (rates := _lambda_rates(offer, architecture)) and "duration" in rates
    }
    _require(offer, by_architecture)
    draft = _Draft(region, kept, today)
    draft.sources["lambda"] = draft.source_of(offer)
    for group in ("snapstart", "step_functions", "logs", "xray"):
        draft.take(group, offers.get(_SERVICES[group]))
    fargate = draft.take_fargate(offers.get(_SERVICES["fargate"]))
    return (
        Row(
            region=region,
            currency=offer.currency,
            confidence="high",
            by_architecture={one: {**rates, **fargate.get(one, {})} for one, rates in by_architecture.items()},
            tiers={one: _tiers(offer.bands[_lambda_usage(one, "duration")]) for one in by_architecture},
            rates=draft.rates,
            sources=draft.sources,
        ),
        tuple(draft.notes),
    )


def _lambda_rates(offer: Offer, architecture: Architecture) -> dict[str, Decimal]:
    rates: dict[str, Decimal] = {}
    for rate in LAMBDA_RATES:
        bands = offer.bands.get(_lambda_usage(architecture, rate), ())
        if bands and (rate == "duration" or len(bands) == 1):
            rates[rate] = bands[0].rate
    return rates


def _require(offer: Offer, by_architecture: Mapping[Architecture, Mapping[str, Decimal]]) -> None:
    missing = [
        _lambda_usage(Architecture.X86_64, rate)
        for rate in ("duration", "request")
        if rate not in by_architecture.get(Architecture.X86_64, {})
    ]
    for architecture, rates in by_architecture.items():
        if "request" not in rates:
            missing.append(_lambda_usage(architecture, "request"))
    if missing:
        unclear = offer.ambiguous.intersection(missing)
        raise AwsError(
            f"AWS's price list for {offer.region} has {'several prices' if unclear else 'no price'} for "
            f"{', '.join(dict.fromkeys(missing))}. Nothing was changed.",
            next_step="AWS may have changed its list; until powertune follows, give the price with --price.",
        )


def _tiers(bands: tuple[Band, ...]) -> tuple[PriceTier, ...]:
    return tuple(PriceTier(up_to_gb_seconds=band.up_to, per_gb_second=band.rate) for band in bands)


class _Draft:
    """The groups of a row other than Lambda's own, taken from an offer or kept from the earlier row."""

    def __init__(self, region: str, old: Row | None, today: str) -> None:
        self._region, self._old, self._today = region, old, today
        self.rates: dict[str, Decimal] = {}
        self.sources: dict[str, RateSource] = {}
        self.notes: list[str] = []

    def source_of(self, offer: Offer) -> RateSource:
        return RateSource(
            key=f"{offer.service}-{self._region}",
            as_of=self._today,
            text=f"AWS Price List, {offer.service} offer for {self._region}, published {offer.published}",
        )

    def take(self, group: str, offer: Offer | None) -> None:
        names = GROUPS[group]
        found = {name: offer.rate(_REGION_USAGE[name]) for name in names} if offer else {}
        known = {name: rate for name, rate in found.items() if rate is not None}
        if offer is not None and len(known) == len(names):
            self.rates |= known
            self.sources[group] = self.source_of(offer)
            return
        old = {name: self._old.rates[name] for name in names if name in self._old.rates} if self._old else {}
        self.rates |= old
        self._kept(group, ", ".join(_REGION_USAGE[name] for name in names), bool(old))

    def take_fargate(self, offer: Offer | None) -> dict[Architecture, dict[str, Decimal]]:
        rates: dict[Architecture, dict[str, Decimal]] = {}
        for (architecture, name), usage in _FARGATE_USAGE.items():
            rate = offer.rate(usage) if offer else None
            if rate is not None:
                rates.setdefault(architecture, {})[name] = rate
        whole = {one: found for one, found in rates.items() if len(found) == len(FARGATE_RATES)}
        if offer is not None and Architecture.X86_64 in whole:
            self.sources["fargate"] = self.source_of(offer)
            return whole
        old = {
            one: {name: found[name] for name in FARGATE_RATES if name in found}
            for one, found in (self._old.by_architecture if self._old else {}).items()
        }
        self._kept("fargate", "Fargate", any(old.values()))
        return old

    def _kept(self, group: str, what: str, any_kept: bool) -> None:
        if any_kept and self._old is not None and group in self._old.sources:
            self.sources[group] = self._old.sources[group]
        stays = "the earlier rate stays" if any_kept else "the rate stays unknown"
        self.notes.append(f"{self._region}: the list of {_SERVICES[group]} has no single price for {what}; {stays}.")


def changes(old: Row | None, new: Row) -> tuple[RateChange, ...]:
    """What differs between two rows of a region, rate by rate, in the order of the table."""
    before, after = dict(_labelled(old)) if old else {}, dict(_labelled(new))
    return tuple(
        RateChange(region=new.region, what=what, old=before.get(what), new=after.get(what))
        for what in {**before, **after}
        if before.get(what) != after.get(what)
    )


def implausible(new: Row, shipped: PriceTable) -> tuple[str, ...]:
    """Sentences about rates that cannot be right; none where all can.

    A rate is compared with the shipped one of its region; where that has none, with those of all regions in the
    same currency.
    """
    old = shipped.rows.get(new.region)
    sentences = []
    if old is not None and old.currency != new.currency:
        sentences.append(f"{new.region}: the currency changed from {old.currency} to {new.currency}.")
        old = None
    own = dict(_labelled(old)) if old else {}
    everywhere: dict[str, list[Decimal]] = {}
    for row in shipped.rows.values():
        if row.currency == new.currency:
            for what, rate in _labelled(row):
                everywhere.setdefault(what, []).append(rate)
    for what, rate in _labelled(new):
        compared = [own[what]] if what in own else everywhere.get(what, [])
        if compared and not min(compared) / MOST_CHANGE <= rate <= max(compared) * MOST_CHANGE:
            elsewhere = f"{min(compared):f} to {max(compared):f} elsewhere"
            against = f"{own[what]:f} so far" if what in own else elsewhere
            sentences.append(f"{new.region}: {what} would be {rate:f} {new.currency}, against {against}.")
    return tuple(sentences)


def _labelled(row: Row) -> Iterator[tuple[str, Decimal]]:
    """Every known rate of a row, with its name for people."""
    for architecture, rates in row.by_architecture.items():
        for name in (*LAMBDA_RATES, *FARGATE_RATES):
            if name in rates:
                yield f"{architecture.value} {name.replace('_', ' ')}", rates[name]
        for number, tier in enumerate(row.tiers.get(architecture, ()), start=1):
            if number > 1:
                yield f"{architecture.value} duration, tier {number}", tier.per_gb_second
            if tier.up_to_gb_seconds is not None:
                yield f"{architecture.value} GB-seconds in tiers 1 to {number}", Decimal(tier.up_to_gb_seconds)
    for name, rate in row.rates.items():
        yield name.replace("_", " "), rate
