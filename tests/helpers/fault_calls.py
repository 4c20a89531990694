"""Names the AWS call that an HTTP request is: service, operation, and what of a function it concerns."""

import functools
import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.session

_SCOPE = re.compile(r"Credential=[^/]+/[0-9]{8}/[^/]+/([^/]+)/aws4_request")
_READS = ("Get", "List", "Describe", "Head", "Batch", "StartQuery", "StopQuery")


@dataclass(kw_only=True)
class Call:
    """One request, as it came."""

    service: str
    operation: str
    function: str | None = None  # a name, without version or alias
    named: str | None = None  # the alias, version or qualifier in the path or the query
    fields: dict = field(default_factory=dict)
    trace_root: str | None = None
    origin: str = ""
    number: int = -1
    forwarded: bool = False
    status: int | None = None  # what the endpoint answered

    @property
    def name(self):
        return f"{self.service}:{self.operation}"

    @property
    def writes_function(self):
        return self.service == "lambda" and self.operation != "Invoke" and not self.operation.startswith(_READS)


@functools.cache
def _patterns(service):
    """(method, compiled path, operation) of a REST service, from botocore's model; the longest path first."""
    model = botocore.session.get_session().get_service_model(service)
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = http["requestUri"].partition("?")[0].rstrip("/")
        pattern = re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", path)
        found.append((http["method"], re.compile(pattern), name))
    return sorted(found, key=lambda one: -len(one[1].pattern))


def call_of(method, target, headers, body):
    """The call that a request is."""
    headers = {name.lower(): value for name, value in headers.items()}
    scope = _SCOPE.search(headers.get("authorization", ""))
    service = scope[1] if scope else "?"
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    if "x-amz-target" in headers:
        call = Call(service=service, operation=headers["x-amz-target"].rpartition(".")[2], fields=_json(body))
    elif service == "s3":
        call = Call(service=service, operation=_s3_operation(method, parts.path, query))
    elif service in ("lambda", "xray"):
        call = _rest(service, method, parts.path.rstrip("/"), query, body)
    else:
        call = Call(service=service, operation=f"{method} {parts.path}")
    trace = re.search(r"Root=([0-9a-f-]+)", headers.get("x-amzn-trace-id", ""))
    call.trace_root = trace[1] if trace else None
    return call


def _rest(service, method, path, query, body):
    for wanted, pattern, name in _patterns(service):
        matched = pattern.fullmatch(path) if method == wanted else None
        if matched:
            named = {key: unquote(value) for key, value in matched.groupdict().items()}
            return Call(
                service=service,
                operation=name,
                function=_name(named["FunctionName"]) if "FunctionName" in named else None,
                named=named.get("Name") or query.get("Qualifier"),
                fields={} if name == "Invoke" else _json(body),
            )
    return Call(service=service, operation=f"{method} {path}")


def _name(function):
    parts = function.split(":")
    return parts[6] if function.startswith("arn:") else parts[0]


def _json(body):
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _s3_operation(method, path, query):
    if method == "GET" and ("list-type" in query or path.count("/") < 2):
        return "ListObjectsV2"
    return {"GET": "GetObject", "PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}.get(method, method)
