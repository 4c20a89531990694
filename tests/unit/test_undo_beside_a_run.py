"""An undo and the run that it undoes, both alive, call by call in every order: as after StopExecution, or a cleanup."""

import random
import threading

import pytest
from fake_aws import ARN, FakeAws, FakeClock

from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.domain.search import Strategy
from powertune.domain.work import RunInput
from powertune.errors import PowertuneError
from powertune.store import MemoryStore
from powertune.target.restore import restore
from powertune.wire import to_data
from powertune.workflow.services import Services
from powertune.workflow.steps import run_step

FUNCTION = FunctionArn.parse(ARN)
RUN_ID = "run"
LONGEST_S = 20


class Shared(FakeAws):
    """An AWS that two of its users take turns with: ``turn`` is told of each call of Lambda before it is made."""

    def __init__(self):
        super().__init__()
        self.turn = lambda: None
        self.publish_version(ARN, Description="release 1")
        self.create_alias(ARN, "live", "1")

    def call(self, service, operation, arguments):
        if service == "lambda":
            self.turn()
        return super().call(service, operation, arguments)

    def as_seen(self):
        latest, versions, aliases = self.visible()
        for thing in (*versions.values(), *aliases.values()):
            thing.pop("RevisionId", None)
        return latest, versions, aliases


class Turns:
    """The undo begins at a call of the run, pauses before a call of its own, and goes on some of the run's calls on."""

    def __init__(self, aws, begin, pause, later):
        self._aws, self._begin, self._pause, self._later = aws, begin, pause, later
        self._run, self._undo = 0, 0
        self._paused, self._go_on, self._over = (threading.Event() for _ in range(3))
        self.begun = False

    def __call__(self):
        if threading.current_thread().name == "undo":
            if self._undo == self._pause:
                self._paused.set()
                assert self._go_on.wait(LONGEST_S)
            self._undo += 1
            return
        if self._run == self._begin:
            self.begun = True
            threading.Thread(target=self._work, name="undo", daemon=True).start()
            assert self._paused.wait(LONGEST_S)
        elif self._run == self._begin + self._later:
            self.finish()
        self._run += 1

    def _work(self):
        try:
            restore(self._aws.client("lambda"), FUNCTION, FakeClock(), run_id=RUN_ID)
        except PowertuneError:
            pass  # it is repeated
        finally:
            self._over.set()
            self._paused.set()

    def finish(self):
        if self.begun:
            self._go_on.set()
            assert self._over.wait(LONGEST_S)


def before_publishing(services):
    wanted = request(memory_sizes_mb=(128, 1024))
    return "publish", run_step(services, "plan", run_step(services, "preflight", given(wanted)))


def before_applying(services):
    wanted = request(memory_sizes_mb=(128, 512, 1024), apply=True, apply_alias="live", strategy=Strategy.SPEED)
    state = run_step(services, "plan", run_step(services, "preflight", given(wanted)))
    while not state["finished"]:
        state = run_step(services, "publish", state)
        while not state["measured"]:
            state = run_step(services, "measure", state)
        while not state["collected"]:
            state = run_step(services, "collect", state)
        state = run_step(services, "plan", state)
    state = run_step(services, "score", state)
    state["restoration"] = run_step(services, "restore", state)
    return "apply", state


def request(**more):
    return TuningRequest(function_arn=FUNCTION, invocations=4, **more)


def given(wanted):
    return to_data(RunInput(run_id=RUN_ID, request=wanted))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("prepare", [before_publishing, before_applying])
def test_whatever_the_order_of_their_calls_nothing_of_the_run_is_left_or_all_that_it_applied_is(prepare, seed):
    chance = random.Random(f"{prepare.__name__} {seed}")
    clean = Shared().as_seen()
    for _ in range(25):
        aws = Shared()
        services = Services(session=aws, store=MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"))
        step, state = prepare(services)
        order = chance.randrange(32), chance.randrange(16), chance.choice((1, 2, 3, 4, 5, 6, 8, 10, 12))
        aws.turn = turns = Turns(aws, *order)
        try:
            run_step(services, step, state)
            ended_well = True
        except PowertuneError:
            ended_well = False
        turns.finish()
        aws.turn = lambda: None
        for _ in range(2):  # as the cleaner does
            restore(aws.client("lambda"), FUNCTION, FakeClock(), run_id=RUN_ID)
        latest, versions, aliases = aws.as_seen()
        if step == "apply" and ended_well:
            assert latest["MemorySize"] == 1024, order
            assert versions[aliases["live"]["FunctionVersion"]]["MemorySize"] == 1024, order
            assert set(aliases) == {"live"}, order
        else:
            assert (latest, versions, aliases) == clean, order
