import json
from pathlib import Path

import pytest

from powertune.cli import main as command_line
from powertune.errors import AwsError, UsageError
from powertune.store import MemoryStore
from powertune.workflow.archive import Archive

OLD = Path(__file__).parents[1] / "data" / "result-schema-3.json"
OLD_RUN = json.loads(OLD.read_text(encoding="utf-8"))["run_id"]


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
