"""Cores are kept awake while functions run, by processes that are nobody's competition and leave with the endpoint."""

import os
import time
from pathlib import Path

import pytest

from powertune.local import waker
from powertune.local.waker import Waker


def state_of(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr(waker, "_LINGER_S", 0.2)
    monkeypatch.setattr(waker, "_may_turn", lambda: True)
    pids = []
    one = Waker(pids.append)
    yield one, pids
    one.close()


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_process_for_each_core_turns_at_idle_priority_and_stops_when_nothing_runs(watched):
    one, pids = watched
    with one.awake():
        assert len(pids) == os.cpu_count()
        wait_for(lambda: all(os.sched_getscheduler(pid) == os.SCHED_IDLE for pid in pids))
        assert all(state_of(pid) == "R" for pid in pids)
    wait_for(lambda: all(state_of(pid) == "T" for pid in pids))
    with one.awake():
        wait_for(lambda: all(state_of(pid) == "R" for pid in pids))
        assert len(pids) == os.cpu_count()


def test_nothing_is_left_when_it_is_closed(watched):
    one, pids = watched
    with one.awake():
        pass
    one.close()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.parametrize(("text", "rationed"), [
    ("max 100000\n", False), ("-1\n", False), ("200000 100000\n", True), ("50000\n", True), ("", False),
])  # fmt: skip
def test_rationed_cpu_time_is_recognised(tmp_path, text, rationed):
    file = tmp_path / "cpu.max"
    file.write_text(text)
    assert waker._rationed(file) is rationed
    assert not waker._rationed(tmp_path / "none")


def test_where_cpu_time_is_rationed_nothing_turns(monkeypatch):
    monkeypatch.setattr(waker, "_rationed", lambda path: True)
    pids = []
    one = Waker(pids.append)
    with one.awake():
        assert pids == []
    one.close()
