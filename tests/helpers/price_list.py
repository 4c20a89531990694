"""AWS's price list in small: offer files, and a server on 127.0.0.1 that has them."""

import contextlib
import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LAMBDA = {
    "Lambda-GB-Second": [("0", "6000000000", "0.0000166667"), ("6000000000", "15000000000", "0.0000150000"),
                         ("15000000000", "Inf", "0.0000133334")],
    "Lambda-GB-Second-ARM": [("0", "7500000000", "0.0000133334"), ("7500000000", "18750000000", "0.0000120001"),
                             ("18750000000", "Inf", "0.0000106667")],
    "Request": "0.0000002000",
    "Request-ARM": "0.0000002000",
    "Lambda-Storage-GB-Second": "0.0000000340",
    "Lambda-Storage-GB-Second-ARM": "0.0000000340",
    "Lambda-Provisioned-Concurrency": "0.0000046460",
    "Lambda-Provisioned-Concurrency-ARM": "0.0000037168",
    "Lambda-Provisioned-GB-Second": "0.0000108407",
    "Lambda-Provisioned-GB-Second-ARM": "0.0000086726",
    "Lambda-SnapStart-Cached-GB-S": "0.0000016777",
    "Lambda-SnapStart-Restored-GB": "0.0001558767",
    "Lambda-Edge-GB-Second": "0.00005001",
}  # fmt: skip
OTHERS = {
    "AmazonStates": {"StateTransition": "0.000025", "StepFunctions-Request": "0.000001"},
    "AmazonCloudWatch": {"DataScanned-Bytes": "0.0057"},
    "AWSXRay": {"XRay-TracesStored": "0.000005", "XRay-TracesAccessed": "0.0000005"},
    "AmazonECS": {"Fargate-vCPU-Hours:perCPU": "0.04048", "Fargate-GB-Hours": "0.004445",
                  "Fargate-ARM-vCPU-Hours:perCPU": "0.03238", "Fargate-ARM-GB-Hours": "0.00356",
                  "Fargate-Windows-vCPU-Hours:perCPU": "0.09148"},
}  # fmt: skip
FREE_TIER = {"Global-Request": "1000000", "Global-Lambda-GB-Second": "400000"}


def offer(service, region, usage, *, currency="USD", prefix="EU-", published="2026-11-20T10:00:00Z", free_tier=()):
    """An offer file; ``usage`` gives a rate, or bands, for each usage type."""
    products, terms, ids = {}, {}, itertools.count(1)

    def add(usage_type, region_code, bands):
        sku = f"SKU{next(ids)}"
        products[sku] = {
            "sku": sku,
            "productFamily": "Serverless",
            "attributes": {"servicecode": service, "usagetype": usage_type, "regionCode": region_code},
        }
        dimensions = {
            f"{sku}.JRTC.{number}": {
                "rateCode": f"{sku}.JRTC.{number}", "unit": "Units", "beginRange": begin, "endRange": end,
                "pricePerUnit": {currency: rate}, "appliesTo": [],
            }
            for number, (begin, end, rate) in enumerate(bands)
        }  # fmt: skip
        terms[sku] = {
            f"{sku}.JRTC": {
                "offerTermCode": "JRTC",
                "sku": sku,
                "effectiveDate": "2026-11-01T00:00:00Z",
                "priceDimensions": dimensions,
                "termAttributes": {},
            }
        }

    for name, value in usage.items():
        add(prefix + name, region, [("0", "Inf", value)] if isinstance(value, str) else value)
    for name in free_tier:
        add(name, "", [("0", FREE_TIER[name], "0.0000000000")])
    return {
        "formatVersion": "v1.0",
        "offerCode": service,
        "publicationDate": published,
        "products": products,
        "terms": {"OnDemand": terms},
    }


def offers(region, *, currency="USD", prefix="EU-", **changes):
    """The offers of all services for one region; ``changes`` replace Lambda's usage types, None takes one out."""
    usage = {name: value for name, value in {**LAMBDA, **changes.pop("usage", {})}.items() if value is not None}
    made = {"AWSLambda": offer("AWSLambda", region, usage, currency=currency, prefix=prefix, free_tier=FREE_TIER)}
    for service, rates in OTHERS.items():
        made[service] = offer(service, region, rates, currency=currency, prefix=prefix)
    return {**made, **changes}


class PriceListServer:
    """Serves offer files at ``url``. ``files`` maps a service and region to an object, text, or HTTP status."""

    def __init__(self):
        self.files, self.asked = {}, []

    def put(self, region, made):
        self.files |= {(service, region): content for service, content in made.items()}

    @contextlib.contextmanager
    def running(self):
        files, asked = self.files, self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                service, _, region, _ = self.path.removeprefix("/offers/v1.0/aws/").split("/")
                content = files.get((service, region), 404)
                status = content if isinstance(content, int) else 200
                body = content if isinstance(content, str) else json.dumps(content)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            self.url = f"http://127.0.0.1:{server.server_port}/offers/v1.0/aws"
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()
