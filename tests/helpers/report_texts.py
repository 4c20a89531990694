"""Makes the platform's own records, and what a function may print to look like one."""

import json

ID = "8f5c1e5a-0000-4000-8000-0123456789ab"
OTHER_ID = "8f5c1e5a-1111-4000-8000-0123456789ab"
TRACE = "1-6a507b87-0cc4438344b48ef127ab1931"

_TEXT_FIELDS = {
    "duration": "Duration: {} ms",
    "billed": "Billed Duration: {} ms",
    "memory": "Memory Size: {} MB",
    "max_memory": "Max Memory Used: {} MB",
    "init": "Init Duration: {} ms",
    "restore": "Restore Duration: {} ms",
    "billed_restore": "Billed Restore Duration: {} ms",
    "status": "Status: {}",
    "error_type": "Error Type: {}",
}
_METRICS = {
    "duration": "durationMs",
    "billed": "billedDurationMs",
    "memory": "memorySizeMB",
    "max_memory": "maxMemoryUsedMB",
    "init": "initDurationMs",
    "restore": "restoreDurationMs",
    "billed_restore": "billedRestoreDurationMs",
}


def text_record(request_id=ID, *, xray=False, end="\n", **fields):
    """A REPORT line with these fields, in Lambda's order."""
    parts = [form.format(fields[name]) for name, form in _TEXT_FIELDS.items() if fields.get(name) is not None]
    line = "\t".join([f"REPORT RequestId: {request_id}", *parts]) + f"\t{end}"
    return line + (f"XRAY TraceId: {TRACE}\tSegmentId: d0025b207c551fde\tSampled: true\t{end}" if xray else "")


def json_record(request_id=ID, *, xray=False, indent=None, end="\n", **fields):
    """A ``platform.report`` record with these fields; numbers may be given as text, with its decimals."""
    metrics = {
        _METRICS[name]: json.loads(value) if isinstance(value, str) else value
        for name, value in fields.items()
        if name in _METRICS and value is not None
    }
    record = {"requestId": request_id, "metrics": metrics}
    record |= {"status": fields["status"]} if fields.get("status") else {}
    record |= {"errorType": fields["error_type"]} if fields.get("error_type") else {}
    if xray:
        header = f"Root={TRACE};Parent=d0025b207c551fde;Sampled=1"
        record["tracing"] = {"spanId": "d0025b207c551fde", "type": "X-Amzn-Trace-Id", "value": header}
    event = {"time": "2026-11-24T12:00:00.000Z", "type": "platform.report", "record": record}
    text = json.dumps(event, indent=indent, separators=None if indent is not None else (",", ":"))
    return text.replace("\n", end or "\n") + end
