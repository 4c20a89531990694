"""Reads the offer files of AWS's public price list. Pure.

Form: AWS docs, awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services. ``products`` has each
product's attributes by SKU, ``terms.OnDemand`` its prices by SKU; a price has bands of usage (``beginRange``,
``endRange``). A product is known by its usage type, which carries a prefix for the region (``EUC1-Request``; none for
most in us-east-1). Usage types with the prefix ``Global`` are the free tier.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from powertune.errors import AwsError

_PREFIX = re.compile(r"(?!Global-)[A-Z]{2,5}[0-9]?-")
_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,30})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A rate up to an amount of usage in a month; None for the last."""

    up_to: int | None
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one service's offer asks in one region, by usage type without its prefix.

    ``ambiguous`` are usage types for which it names several prices that differ.
    """

    service: str
    region: str
    currency: str | None  # None where none of the usage types is in it
    published: str
    bands: Mapping[str, tuple[Band, ...]] = field(default_factory=dict)
    ambiguous: frozenset[str] = frozenset()

    def rate(self, name: str) -> Decimal | None:
        """The rate of a usage type that has a single one."""
        bands = self.bands.get(name, ())
        return bands[0].rate if len(bands) == 1 else None


def read_offer(data: Any, service: str, region: str, names: Iterable[str]) -> Offer:
    """Read what the offer of one service asks for some usage types.

    Args:
        data: the decoded offer file, of one region or of all.
        service: the offer's code, such as ``AWSLambda``.
        region: only products of this region count.
        names: the usage types without prefix.

    Raises:
        AwsError: it is not an offer file of that service, has nothing of that region, or a price in it cannot be
            meant. The text says where.
    """
    reader = _Reader(service, region)
    return reader.read(data, frozenset(names))


def offer_from_products(products: Iterable[Any]) -> dict[str, Any]:
    """The answers of ``pricing:GetProducts``, decoded, in the form of an offer file."""
    offer: dict[str, Any] = {"products": {}, "terms": {"OnDemand": {}}}
    for item in products:
        if isinstance(item, dict) and isinstance(item.get("product"), dict):
            sku = str(item["product"].get("sku"))
            offer["products"][sku] = item["product"]
            offer["terms"]["OnDemand"][sku] = (item.get("terms") or {}).get("OnDemand") or {}
            offer["offerCode"] = item.get("serviceCode")
            offer["publicationDate"] = item.get("publicationDate")
    return offer


class _Reader:
    def __init__(self, service: str, region: str) -> None:
        self._service, self._region = service, region
        self._currencies: set[str] = set()
        self._published = ""

    def read(self, data: Any, names: frozenset[str]) -> Offer:
        products, terms = self._parts(data)
        found: dict[str, set[tuple[Band, ...]]] = {}
        any_here = False
        for sku, product in products.items():
            attributes = product.get("attributes") if isinstance(product, dict) else None
            if not isinstance(attributes, dict) or attributes.get("regionCode") != self._region:
                continue
            any_here = True
            name = _PREFIX.sub("", str(attributes.get("usagetype", "")), count=1)
            if name in names:
                found.setdefault(name, set()).add(self._bands(terms.get(sku), name))
        if not any_here:
            raise self._refused("it holds nothing of that region")
        if len(self._currencies) > 1:
            raise self._refused(f"it mixes currencies: {', '.join(sorted(self._currencies))}")
        return Offer(
            service=self._service,
            region=self._region,
            currency=next(iter(self._currencies), None),
            published=self._published or "on a day that it does not name",
            bands={name: next(iter(bands)) for name, bands in found.items() if len(bands) == 1},
            ambiguous=frozenset(name for name, bands in found.items() if len(bands) > 1),
        )

    def _parts(self, data: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        products = data.get("products") if isinstance(data, dict) else None
        terms = data.get("terms") if isinstance(data, dict) else None
        on_demand = terms.get("OnDemand") if isinstance(terms, dict) else None
        if not isinstance(products, dict) or not isinstance(on_demand, dict):
            raise self._refused("it has no products, or no terms on demand")
        if (data.get("offerCode") or self._service) != self._service:
            raise self._refused(f"it is the offer of {data['offerCode']}")
        self._published = str(data.get("publicationDate") or "")[:10]
        return products, on_demand

    def _bands(self, offers: Any, name: str) -> tuple[Band, ...]:
        term = self._term(offers, name)
        dimensions = term.get("priceDimensions")
        if not isinstance(dimensions, dict) or not dimensions:
            raise self._refused(f"{name} has no price")
        bands = sorted((self._dimension(one, name) for one in dimensions.values()), key=lambda band: band[0])
        expected, kept = 0, []
        for begin, end, rate in bands:
            if begin != expected or (end is not None and end <= begin):
                raise self._refused(f"the price of {name} has gaps or overlaps")
            if rate > 0:
                kept.append(Band(up_to=end, rate=rate))
            elif kept:
                raise self._refused(f"the price of {name} is zero above {begin}")
            # What is free before anything is billed is the free tier, which is no list price.
            expected = -1 if end is None else end
        if expected != -1 or not kept:
            raise self._refused(f"the price of {name} ends, or is zero")
        return tuple(kept)

    def _term(self, offers: Any, name: str) -> dict[str, Any]:
        terms = [one for one in offers.values() if isinstance(one, dict)] if isinstance(offers, dict) else []
        if not terms:
            raise self._refused(f"{name} has no price")
        # Where the list holds earlier or coming prices beside the present one, the last in force counts.
        in_force = [one for one in terms if str(one.get("effectiveDate", ""))[:10] <= (self._published or "9")]
        return max(in_force or terms, key=lambda term: str(term.get("effectiveDate", "")))

    def _dimension(self, dimension: Any, name: str) -> tuple[int, int | None, Decimal]:
        try:
            begin, end, per_unit = dimension["beginRange"], dimension["endRange"], dimension["pricePerUnit"]
            ((currency, text),) = per_unit.items()
            if not _DECIMAL.fullmatch(text) or not re.fullmatch(r"[A-Z]{3}", currency):
                raise ValueError(text)
            self._currencies.add(currency)
            return _whole(begin), None if end == "Inf" else _whole(end), _trimmed(text)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._refused(f"the price of {name} is not in the form of a price: {_shortened(dimension)}") from None

    def _refused(self, why: str) -> AwsError:
        return AwsError(
            f"The price list of {self._service} for {self._region} cannot be used: {why}. Nothing was changed.",
            next_step="Try again later; until then the prices stay as they were, and --price takes yours.",
        )


def _whole(text: str) -> int:
    if not _DECIMAL.fullmatch(text) or Decimal(text) % 1:
        raise ValueError(text)
    return int(Decimal(text))


def _trimmed(text: str) -> Decimal:
    """The list pads its prices with zeros."""
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:199] + "…"
