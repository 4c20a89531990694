"""Read logs and traces until they are complete, or their time is up."""

import json
from dataclasses import replace

from powertune.domain.events import Phase, Progress
from powertune.domain.sample import Invocation, Sample, Source, TraceParts
from powertune.domain.work import RunState, SizeFailure
from powertune.errors import AwsError, FunctionNotFound
from powertune.measure.insights import InsightsRow, fetch_rows
from powertune.measure.join import join
from powertune.measure.traces import fetch_parts
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services
from powertune.workflow.steps.begin import check_not_stopped

COLLECT_LIMIT_MS = 180_000
"""How long late logs and traces are waited for: AWS publishes no bound on their delay."""

_PATIENCE_MS = 2_000
_FIRST_PAUSE_S = 0.05
_CLOCK_SLACK_MS = 60_000


def collect(services: Services, state: RunState) -> RunState:
    """Ask Logs Insights and X-Ray for this round's invocations and join what they say.

    Waits for a moment; if something is still missing then, the state says so and the driver waits and calls
    again, up to three minutes. After that, or where a source fails, the round is answered from what there is,
    with a warning.

    Raises:
        Stopped: the user wants the run to end.
    """
    check_not_stopped(services)
    services.progress(Progress(phase=Phase.COLLECT, detail="Logs Insights and X-Ray"))
    now_ms = services.clock.now_ms()
    deadline_ms = state.collect_deadline_ms or now_ms + COLLECT_LIMIT_MS
    archive = Archive(services.store, state.run_id)
    invocations = archive.invocations(state.round)
    reader = _Reader(services, state, invocations)
    pause_s = _FIRST_PAUSE_S
    while True:
        reader.read()
        if reader.complete or reader.warnings or services.clock.now_ms() >= deadline_ms:
            break
        if services.clock.now_ms() - now_ms > _PATIENCE_MS:
            return replace(state, collect_deadline_ms=deadline_ms)
        services.clock.sleep(pause_s)
        pause_s = min(pause_s * 2, 0.5)
    samples = join(invocations, reader.rows, reader.parts)
    archive.save_samples(state.round, samples)
    failed = (
        SizeFailure(memory_mb=task.memory_mb, reason=_in_words(task.failure))
        for task in state.measured
        if task.failure is not None
    )
    return replace(
        state,
        collected=True,
        warnings=(*state.warnings, *reader.warnings, *_gaps(samples, state)),
        failures=(*state.failures, *failed),
        task_mb_ms=state.task_mb_ms + sum(task.task_mb_ms for task in state.measured),
        aws_calls=_summed(state.aws_calls, *(task.aws_calls for task in state.measured)),
        measured=(),
    )


class _Reader:
    """Asks both sources, each only for what is missing."""

    def __init__(self, services: Services, state: RunState, invocations: tuple[Invocation, ...]) -> None:
        self.rows: dict[str, InsightsRow] = {}
        self.parts: dict[str, TraceParts] = {}
        self.warnings: list[str] = []
        self._services = services
        self._state = state
        self._request_ids = {call.request_id for call in invocations if call.request_id}
        self._trace_ids = {call.trace_id for call in invocations if call.trace_id and call.request_id}
        self._versions = sorted({call.version for call in invocations}, key=int)
        self._since_ms = min((call.sent_at_ms for call in invocations), default=state.started_at_ms)

    @property
    def complete(self) -> bool:
        return self._request_ids <= self.rows.keys() and self._trace_ids <= self.parts.keys()

    def read(self) -> None:
        clock = self._services.clock
        try:
            if not self._request_ids <= self.rows.keys():
                self.rows = fetch_rows(
                    self._services.session.client("logs"),
                    self._state.snapshot.log_group,
                    self._versions,
                    self._since_ms - _CLOCK_SLACK_MS,
                    clock.now_ms() + _CLOCK_SLACK_MS,
                    clock,
                )
        except FunctionNotFound:
            pass  # the log group appears with the first record, which may be late like any other
        except AwsError as error:
            self.warnings.append(f"Logs Insights could not be read, so the log tails stand alone: {error.message}")
        try:
            missing = sorted(self._trace_ids - self.parts.keys())
            if missing:
                self.parts |= fetch_parts(self._services.session.client("xray"), missing)
        except AwsError as error:
            self.warnings.append(f"X-Ray could not be read, so the parts of the time are missing: {error.message}")


def _in_words(cause: str) -> str:
    """The sentence in a failed task's Cause, which Step Functions gives as Lambda's error JSON."""
    try:
        message = json.loads(cause)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return cause
    return str(message)


def _gaps(samples: tuple[Sample, ...], state: RunState) -> list[str]:
    answered = [sample for sample in samples if sample.request_id is not None]
    unconfirmed = sum(1 for sample in answered if Source.INSIGHTS not in sample.sources)
    untraced = sum(1 for sample in answered if Source.XRAY not in sample.sources)
    silent = sum(1 for sample in answered if sample.duration_ms is None)
    differing = sum(1 for sample in samples if sample.disagreements)
    notes = []
    if unconfirmed:
        notes.append(f"{unconfirmed} of {len(answered)} invocations were not confirmed by Logs Insights in time.")
    if untraced and state.snapshot.tracing_active:
        notes.append(f"{untraced} of {len(answered)} invocations have no complete X-Ray trace.")
    if silent:
        notes.append(
            f"{silent} of {len(answered)} invocations left no REPORT record; they are in no statistic and in no cost."
        )
    if differing:
        notes.append(f"The sources disagree by more than a millisecond on {differing} invocations.")
    return notes


def _summed(*counts: dict[str, int]) -> dict[str, int]:
    names = sorted({name for count in counts for name in count})
    return {name: sum(count.get(name, 0) for count in counts) for name in names}
