"""What powertune replaces in MiniStack is where it was, and does what it did."""

import pytest

from powertune.errors import LocalExtraMissing
from powertune.local import seams


def test_ministack_has_every_name_that_is_replaced():
    from ministack import app
    from ministack.core import router
    from ministack.services import lambda_svc

    assert isinstance(app.SERVICE_HANDLERS, dict)
    assert {"lambda", "logs", "s3", "states"} <= set(app.SERVICE_HANDLERS)
    assert callable(app.call_service_handler_sync)
    assert isinstance(router.SERVICE_PATTERNS, dict)
    assert callable(lambda_svc._execute_function_warm)
    assert callable(lambda_svc._emit_lambda_logs)


def test_a_ministack_that_has_moved_a_name_is_refused_with_the_name(monkeypatch):
    from ministack.services import lambda_svc

    monkeypatch.delattr(lambda_svc, "_emit_lambda_logs")
    with pytest.raises(LocalExtraMissing, match="_emit_lambda_logs"):
        seams.install(execute=None, queries=None, xray=None)


def test_events_beyond_one_full_answer_are_all_read(endpoint):
    """MiniStack's FilterLogEvents gives 10,000 events and no token for more."""
    import time

    logs = endpoint.session.client("logs")
    now_ms = int(time.time() * 1000)
    logs.create_log_group(logGroupName="large")
    logs.create_log_stream(logGroupName="large", logStreamName="one")
    for part in range(3):
        events = [
            {"timestamp": now_ms - 60_000 + part * 10_000 + index, "message": f"{part} {index}"}
            for index in range(5000)
        ]
        logs.put_log_events(logGroupName="large", logStreamName="one", logEvents=events)
    query = logs.start_query(
        logGroupName="large",
        startTime=now_ms // 1000 - 120,
        endTime=now_ms // 1000 + 1,
        queryString="stats count(*) as n",
    )
    deadline = time.monotonic() + 30
    while (answer := logs.get_query_results(queryId=query["queryId"]))["status"] != "Complete":
        assert time.monotonic() < deadline
    assert answer["results"] == [[{"field": "n", "value": "15000"}]]


def test_an_unknown_log_group_is_refused(endpoint):
    logs = endpoint.session.client("logs")
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.start_query(logGroupName="none", startTime=0, endTime=1, queryString="fields @message")
