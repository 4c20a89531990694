"""AWS's public price list: as files that need no credentials, or through ``pricing:GetProducts``.

Files: AWS docs, awsaccountbilling/latest/aboutv2/using-ppslong. The Price List API has endpoints in a few regions
only (botocore's endpoint data), and answers for all regions of its partition.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any

from powertune import __version__
from powertune.aws.errors import explained
from powertune.errors import AwsError, UsageError
from powertune.pricing.offer import Offer, offer_from_products, read_offer
from powertune.pricing.refresh import USAGE_BY_SERVICE

FILES = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws"
FILES_CHINA = "https://pricing.cn-north-1.amazonaws.com.cn/offers/v1.0/cn"
API_REGION = "us-east-1"
API_REGION_CHINA = "cn-northwest-1"

_TIMEOUT_S = 60
_LARGEST_FILE = 256 * 1024 * 1024
_NOT_THERE = (403, 404)
"""What the list answers where there is no such file: it is a bucket, which says 403 for what it does not hold."""

Fetch = Callable[[str, str], Any]
"""From a service and a region to its decoded offer file; None where there is none."""


def fetch_offers(region: str, fetch: Fetch) -> dict[str, Offer | None]:
    """The offers that a row of the price table is made of; None for a service without one in that region.

    Raises:
        AwsError: one of them could not be fetched, or cannot be used.
    """
    offers: dict[str, Offer | None] = {}
    for service, names in USAGE_BY_SERVICE.items():
        data = fetch(service, region)
        offers[service] = None if data is None else read_offer(data, service, region, names)
    return offers


def file_fetcher(base_url: str | None = None) -> Fetch:
    """Fetches offer files.

    Args:
        base_url: where the list lies instead: what comes before ``/SERVICE/current/REGION/index.json``.

    Raises:
        UsageError: that is not an http or https address.
    """
    if base_url is not None and not base_url.startswith(("https://", "http://")):
        raise UsageError(f"'{base_url}' is not the address of a price list.", next_step=f"It is like {FILES}.")

    def fetch(service: str, region: str) -> Any:
        base = base_url or (FILES_CHINA if region.startswith("cn-") else FILES)
        url = f"{base.rstrip('/')}/{service}/current/{region}/index.json"
        content = _content(url)
        return None if content is None else _decoded(content, url)

    return fetch


def api_fetcher(session_of: Callable[[str], Any]) -> Fetch:
    """Fetches through ``pricing:GetProducts``.

    Args:
        session_of: makes an `powertune.aws.session.AwsSession` for the region that the API is in.
    """
    sessions: dict[str, Any] = {}

    def fetch(service: str, region: str) -> Any:
        home = API_REGION_CHINA if region.startswith("cn-") else API_REGION
        if home not in sessions:
            sessions[home] = session_of(home)
        products: list[Any] = []
        with explained(f"reading the price list of {service}"):
            pages = sessions[home].client("pricing").get_paginator("get_products")
            for page in pages.paginate(
                ServiceCode=service,
                FormatVersion="aws_v1",
                Filters=[{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}],
            ):
                products += [_decoded(item, "GetProducts") for item in page.get("PriceList", ())]
        return offer_from_products(products) if products else None

    return fetch


def _content(url: str) -> bytes | None:
    request = urllib.request.Request(url, headers={"User-Agent": f"powertune/{__version__}"})  # noqa: S310 - checked
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            content: bytes = answer.read(_LARGEST_FILE + 1)
    except urllib.error.HTTPError as error:
        if error.code in _NOT_THERE:
            return None
        raise _failed(url, f"it answered {error.code} {error.reason}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise _failed(url, str(getattr(error, "reason", error)) or type(error).__name__) from None
    if len(content) > _LARGEST_FILE:
        raise _failed(url, "it is larger than a price list can be")
    return content


def _decoded(content: bytes | str, where: str) -> Any:
    try:
        data: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise AwsError(
            f"The price list from {where} is not JSON: {error}. Nothing was changed.",
            next_step="Try again later.",
        ) from None
    return data if isinstance(data, Mapping) else {}


def _failed(url: str, why: str) -> AwsError:
    return AwsError(
        f"The price list could not be fetched from {url}: {why}. Nothing was changed.",
        next_step="Check the network, or use --url or --from-api.",
    )
