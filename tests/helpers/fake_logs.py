"""CloudWatch Logs as far as queries go: answers in a script, or from the embedded endpoint's own engine."""

from fake_aws import refusal

from powertune.local.facts import LogEvent
from powertune.local.insights.engine import run_query


def fields(row):
    return [{"field": key, "value": value} for key, value in row.items()]


class ScriptedLogs:
    """Each query gets the next script: a list of answers to GetQueryResults, or an exception for StartQuery.

    A dict is an answer as it stands; a list is the rows of a complete one. The last script repeats.
    """

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.queries, self.pages, self.stopped = [], [], []
        self._started = []

    def start_query(self, **query):
        self.queries.append(query)
        script = self.scripts[min(len(self.queries), len(self.scripts)) - 1]
        if isinstance(script, Exception):
            raise script
        self._started.append(list(script))
        return {"queryId": str(len(self._started) - 1)}

    def get_query_results(self, queryId, **more):
        self.pages.append(more)
        script = self._started[int(queryId)]
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, list):
            answer = {"status": "Complete", "results": answer, "statistics": {"bytesScanned": 100.0}}
        return {**answer, "results": [fields(row) for row in answer.get("results", ())]}

    def stop_query(self, queryId):
        self.stopped.append(queryId)
        return {"success": True}


class EngineLogs:
    """Runs every query over events, within its seconds, as the embedded endpoint does."""

    def __init__(self, events, group_class="STANDARD", group="/aws/lambda/orders"):
        self.events, self.group_class, self.group = list(events), group_class, group
        self.queries, self._results = [], []

    def start_query(self, **query):
        self.queries.append(query)
        if query["logGroupName"] != self.group:
            raise refusal("StartQuery", "ResourceNotFoundException", "Log group does not exist.")
        span = range(query["startTime"] * 1000, query["endTime"] * 1000 + 1000)
        within = [event for event in self.events if event.timestamp_ms in span]
        self._results.append(run_query(query["queryString"], within, limit=query["limit"]))
        return {"queryId": str(len(self._results) - 1)}

    def get_query_results(self, queryId):
        found = self._results[int(queryId)]
        return {
            "status": "Complete",
            "results": [fields(row) for row in found.rows],
            "statistics": {"bytesScanned": found.bytes_scanned},
        }

    def describe_log_groups(self, logGroupNamePrefix):
        names = [self.group, self.group + "-archive"]
        groups = [{"logGroupName": name, "logGroupClass": self.group_class} for name in names]
        return {"logGroups": [group for group in groups if group["logGroupName"].startswith(logGroupNamePrefix)]}


START_MS = 1_790_000_000_000
"""2026-09-21 14:13:20 UTC."""


def request_id(number):
    return f"{number:08x}-1111-4222-8333-444444444444"


def event(message, at_ms=START_MS, stream="2026/09/21/[7]0123456789abcdef", group="/aws/lambda/orders"):
    return LogEvent(
        timestamp_ms=at_ms, message=message, log_group=group, log_stream=stream, ingestion_ms=at_ms, event_id=str(at_ms)
    )


def text_report(number, duration=10.5, billed=11, memory=512, used=90, more=""):
    return (
        f"REPORT RequestId: {request_id(number)}\tDuration: {duration:.2f} ms\tBilled Duration: {billed} ms\t"
        f"Memory Size: {memory} MB\tMax Memory Used: {used} MB\t{more}\n"
    )


def json_report(number, duration=10.5, billed=11, memory=512, used=90, **more):
    import json

    metrics = {"durationMs": duration, "billedDurationMs": billed, "memorySizeMB": memory, "maxMemoryUsedMB": used}
    record = {
        "requestId": request_id(number),
        "metrics": {**metrics, **more},
        "spans": [{"name": "responseLatency", "start": "2026-09-21T14:13:20.000Z", "durationMs": 3.25}],
        "status": "success",
    }
    document = {"time": "2026-09-21T14:13:20.000Z", "type": "platform.report", "record": record}
    return json.dumps(document, separators=(",", ":"))
