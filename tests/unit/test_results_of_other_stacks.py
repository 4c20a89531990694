import json
from dataclasses import replace
from pathlib import Path

import pytest

from powertune.cli import main as command_line
from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload
from powertune.domain.request import TuningRequest
from powertune.errors import AwsError, UsageError
from powertune.store import MemoryStore
from powertune.wire import loads, to_data, without_unasked
from powertune.workflow.archive import Archive
from powertune.workflow.watching import failure_of

OLD = Path(__file__).parents[1] / "data" / "result-schema-3.json"
OLD_RUN = json.loads(OLD.read_text(encoding="utf-8"))["run_id"]
TARGET = FunctionArn.parse("arn:aws:lambda:eu-central-1:123456789012:function:orders")
ADDED_LATER = {"monthly_invocations"}
"""Fields of a request that a stack of schema 4 does not know."""


def test_a_request_that_uses_nothing_new_has_nothing_that_an_older_stack_refuses() -> None:
    plain = TuningRequest(function_arn=TARGET, payloads=(Payload.of("{}"),))
    store = MemoryStore()
    Archive(store, "run-1").save_request(plain)
    kept = store.get("runs/run-1/request.json")
    assert kept is not None
    assert not ADDED_LATER & set(json.loads(kept))
    assert loads(kept, TuningRequest) == plain
    asked = replace(plain, monthly_invocations=3)
    assert without_unasked(to_data(asked), TuningRequest)["monthly_invocations"] == 3


def test_an_older_stack_that_refuses_a_new_option_is_said_to_need_an_update() -> None:
    cause = json.dumps({"errorType": "WireError", "errorMessage": '$.request: unknown fields: "monthly_invocations"'})
    error = failure_of({"status": "FAILED", "error": "WireError", "cause": cause}, "run-1")
    assert "of an earlier powertune" in error.message
    assert "nothing was invoked" in error.message
    assert error.next_step == "Update it with: powertune deploy"


def archive_with(text: str, run_id: str = OLD_RUN) -> Archive:
    store = MemoryStore()
    store.put(f"runs/{run_id}/result.json", text)
    return Archive(store, run_id)


def test_the_answer_of_a_stack_that_is_older_than_this_powertune_is_read() -> None:
    assert archive_with(OLD.read_text(encoding="utf-8")).result().schema_version > 3


@pytest.mark.parametrize("claimed", ["../../escaped", "/etc", "another-run"])
def test_an_answer_that_calls_itself_another_run_is_refused(claimed: str) -> None:
    text = json.dumps({**json.loads(OLD.read_text(encoding="utf-8")), "run_id": claimed})
    with pytest.raises(AwsError, match=f"says that it is of the run '{claimed}'"):
        archive_with(text).result()


def test_the_answer_of_a_newer_stack_is_refused_in_a_sentence() -> None:
    newer = {**json.loads(OLD.read_text(encoding="utf-8")), "schema_version": 99}
    with pytest.raises(UsageError, match="written by a newer powertune"):
        archive_with(json.dumps(newer)).result()


@pytest.mark.parametrize(("command", "said"), [("run", True), ("cleanup", True), ("report", False), ("history", False)])
def test_only_what_changes_functions_speaks_of_cleaning_up_when_it_is_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, said: bool
) -> None:
    def stopped(**_: object) -> None:
        raise command_line.click.exceptions.Abort

    monkeypatch.setattr(command_line.cli, "main", stopped)
    with pytest.raises(SystemExit) as ended:
        command_line.main([command])
    assert ended.value.code == 130
    assert ("powertune cleanup" in capsys.readouterr().err) is said
