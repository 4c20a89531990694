"""Read logs and traces until they are complete, or their time is up."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

from powertune.domain.check import LATEST
from powertune.domain.events import Phase, Progress
from powertune.domain.function import FunctionSnapshot
from powertune.domain.request import TuningRequest
from powertune.domain.sample import Invocation, Outcome, Sample, Source, TraceParts
from powertune.domain.search import SearchKind
from powertune.domain.work import RunState
from powertune.errors import AwsError, FunctionChanged, FunctionNotFound
from powertune.measure.insights import InsightsRow, fetch_rows
from powertune.measure.join import join
from powertune.measure.traces import fetch_parts
from powertune.target.settings import settings_sha256
from powertune.target.snapshot import has_queries, has_traces, settled_configuration
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services
from powertune.workflow.steps.begin import check_not_stopped
from powertune.workflow.steps.checking import require_lease

COLLECT_LIMIT_MS = 180_000
"""How long late logs and traces are waited for: AWS publishes no bound on their delay."""

_PATIENCE_MS = 2_000
_LONGEST_PAUSE_S = 20.0
_FIRST_PAUSE_S = 0.05
_CLOCK_SLACK_MS = 60_000
_CLOCK_IS_OFF = "This machine's clock is "


def collect(services: Services, state: RunState) -> RunState:
    """Ask Logs Insights and X-Ray for this round's invocations and join what they say.

    A round of an adaptive search, or of a check, is answered from the log tails at once, where these have every
    record: both sources are read for all rounds together once the planner is content, in a round of its own that
    invokes nothing.

    Waits for a moment; if something is still missing then, the state says so and the driver waits and calls
    again, up to three minutes. After that, or where a source fails, the round is answered from what there is,
    with a warning.

    Raises:
        FunctionChanged: ``$LATEST``, which a check measures, is not what it was.
        LeaseLost: somebody else may have measured the function during a check.
        Stopped: the user wants the run to end.
    """
    check_not_stopped(services, is_check=state.check is not None)
    archive = Archive(services.store, state.run_id)
    rounds = tuple(range(1, state.round)) if state.confirms else (state.round,)
    by_round = [archive.invocations(round_) for round_ in rounds]
    invocations = tuple(call for calls in by_round for call in calls)
    own = {variant.version for variant in state.variants if variant.owned}
    if not state.confirms and _told_at_once(archive.request(), invocations):
        _require_unchanged(services, state)
        samples = join(invocations, {}, {}, own, archive.samples(before_round=state.round))
        archive.save_samples(state.round, samples)
        return replace(state, collected=True, unconfirmed=state.unconfirmed or bool(invocations))
    services.progress(Progress(phase=Phase.COLLECT, detail="Logs Insights and X-Ray"))
    now_ms = services.clock.now_ms()
    deadline_ms = state.collect_deadline_ms or now_ms + COLLECT_LIMIT_MS
    reader = _Reader(services, state, invocations)
    if state.collect_tries:
        # What was late for some seconds may be late for minutes, and each query reads the whole log group.
        services.clock.sleep(min(2.0**state.collect_tries, _LONGEST_PAUSE_S))
        reader.recall(archive)
    pause_s = _FIRST_PAUSE_S
    while True:
        reader.read()
        if reader.complete or reader.warnings or services.clock.now_ms() >= deadline_ms:
            break
        if state.collect_tries or services.clock.now_ms() - now_ms > _PATIENCE_MS:
            reader.remember(archive)
            return replace(
                state,
                collect_tries=state.collect_tries + 1,
                collect_deadline_ms=deadline_ms,
                log_bytes_scanned=state.log_bytes_scanned + reader.bytes_scanned,
                traces_retrieved=state.traces_retrieved + reader.traces_retrieved,
            )
        services.clock.sleep(pause_s)
        pause_s = min(pause_s * 2, 0.5)
    _require_unchanged(services, state)
    if state.check is not None and invocations:
        # It may be the last round: nothing else looks after that.
        require_lease(services, state)
    samples = join(invocations, reader.rows, reader.parts, own, archive.samples(before_round=rounds[0]))
    rest = iter(samples)
    for round_, calls in zip(rounds, by_round, strict=True):
        archive.save_samples(round_, list(islice(rest, len(calls))))
    unread = (note for note in reader.warnings if note not in state.warnings)
    return replace(
        state,
        collected=True,
        unconfirmed=state.unconfirmed and not state.confirms,
        warnings=(*_standing(state), *unread, *_clock_warning(services, state), *_gaps(samples, state)),
        log_bytes_scanned=state.log_bytes_scanned + reader.bytes_scanned,
        traces_retrieved=state.traces_retrieved + reader.traces_retrieved,
    )


def _clock_warning(services: Services, state: RunState) -> tuple[str, ...]:
    """What to say, once, where this machine's clock is off by more than a query allows for anyway."""
    ahead_ms = services.session.clock_difference.certain_ms
    if abs(ahead_ms) <= _CLOCK_SLACK_MS or any(note.startswith(_CLOCK_IS_OFF) for note in state.warnings):
        return ()
    how = f"{abs(ahead_ms) / 60_000:.1f} minutes {'ahead of' if ahead_ms > 0 else 'behind'} AWS's"
    note = (
        f"{_CLOCK_IS_OFF}{how}; logs were looked for accordingly. Set it right: AWS refuses requests from a clock that "
        "is more than five minutes off."
    )
    return (note,)


def _told_at_once(request: TuningRequest, invocations: Sequence[Invocation]) -> bool:
    """Whether a search can go on from what the log tails say: its rounds are short, and logs take seconds to come."""
    reports = [call.report for call in invocations if call.request_id is not None]
    return (request.search is SearchKind.ADAPTIVE or request.check is not None) and all(
        report is not None and report.duration_ms is not None and report.billed_ms is not None for report in reports
    )


def _require_unchanged(services: Services, state: RunState) -> None:
    """Refuse to answer for ``$LATEST`` where somebody changed it while a check measured it.

    Its revision says less than its settings: that of a function may change by itself while it is settling.
    """
    sides = state.check and {side.version for side in (state.check.subject, state.check.reference) if side is not None}
    if not sides or LATEST not in sides:
        return
    before, clock = state.side(LATEST), services.clock
    present = settled_configuration(services.session.client("lambda"), before.arn, clock)
    found = (present["MemorySize"], present["CodeSha256"], settings_sha256(present))
    if found != (before.memory_mb, before.code_sha256, before.settings_sha256):
        raise FunctionChanged(
            f"Somebody changed {before.arn.name} while it was being checked: some of what was measured is of what "
            f"{LATEST} was, and some of what it is. Nothing is said of either.",
            next_step="Check again once it is deployed; or publish a version, and check that: --qualifier.",
        )


def _groups(state: RunState, invocations: Sequence[Invocation]) -> dict[str, list[str]]:
    """The versions that were invoked, by the log group that their records are in; not where nothing can be asked."""
    versions = sorted({call.version for call in invocations}, key=lambda version: (len(version), version))
    groups: dict[str, list[str]] = {}
    for version in versions:
        side = state.side(version)
        if has_queries(side):
            groups.setdefault(side.log_group, []).append(version)
    return groups


class _Reader:
    """Asks both sources, each only for what is missing."""

    def __init__(self, services: Services, state: RunState, invocations: tuple[Invocation, ...]) -> None:
        self.rows: dict[str, InsightsRow] = {}
        self.parts: dict[str, TraceParts] = {}
        self.warnings: list[str] = []
        self.bytes_scanned = 0
        self.traces_retrieved = 0
        self._services = services
        self._round = state.round
        self._name = state.snapshot.arn.name
        answered = [call for call in invocations if call.request_id]
        self._request_ids = {call.request_id or "" for call in answered if has_queries(state.side(call.version))}
        self._trace_ids = {call.trace_id for call in answered if call.trace_id and has_traces(state.side(call.version))}
        self._groups = _groups(state, invocations)
        # The versions of a check are whoever invokes them's, and not this run's alone.
        self._is_shared = state.check is not None
        self._since_ms = min((call.sent_at_ms for call in invocations), default=state.started_at_ms)

    @property
    def complete(self) -> bool:
        return self._request_ids <= self.rows.keys() and self._trace_ids <= self.parts.keys()

    def remember(self, archive: Archive) -> None:
        """Keep what was found, so that it is not asked for again."""
        archive.save_found(self._round, list(self.rows.values()), self.parts)

    def recall(self, archive: Archive) -> None:
        """Take up what an earlier call has found."""
        rows, self.parts = archive.found(self._round, InsightsRow)
        self.rows = {row.request_id: row for row in rows}

    def read(self) -> None:
        if not self._request_ids <= self.rows.keys():
            for log_group, versions in self._groups.items():
                self._read_logs(log_group, versions)
        if not self._trace_ids <= self.parts.keys():
            self._read_traces()

    def _read_logs(self, log_group: str, versions: list[str]) -> None:
        clock = self._services.clock
        # By this machine's clock the calls were sent so much later, or so much earlier, than their records say.
        least, most = self._services.session.clock_difference.ahead_ms
        try:
            fetched = fetch_rows(
                self._services.session.client("logs"),
                log_group,
                versions,
                self._since_ms - _CLOCK_SLACK_MS - max(0, most),
                clock.now_ms() + _CLOCK_SLACK_MS - min(0, least),
                clock,
                function_name=self._name,
                request_ids=self._request_ids - self.rows.keys() if self._is_shared else (),
            )
        except FunctionNotFound:
            return  # the log group appears with the first record, which may be late like any other
        except AwsError as error:
            self.warnings.append(f"Logs Insights could not be read, so the log tails stand alone: {error.message}")
            return
        self.rows |= fetched.rows
        self.bytes_scanned += fetched.bytes_scanned or 0

    def _read_traces(self) -> None:
        missing = sorted(self._trace_ids - self.parts.keys())
        try:
            traced = fetch_parts(
                self._services.session.client("xray"),
                missing,
                self._services.clock,
                function_name=self._name,
            )
        except AwsError as error:
            self.warnings.append(f"X-Ray could not be read, so the parts of the time are missing: {error.message}")
            return
        self.parts |= traced.parts
        self.traces_retrieved += traced.retrieved


def _gaps(samples: tuple[Sample, ...], state: RunState) -> list[str]:
    answered = [sample for sample in samples if sample.request_id is not None]
    total = len(answered)

    def without(source: Source, has: Callable[[FunctionSnapshot], bool]) -> int:
        return sum(1 for sample in answered if source not in sample.sources and has(state.side(sample.version)))

    counted = (
        without(Source.INSIGHTS, has_queries),
        without(Source.XRAY, has_traces),
        sum(1 for sample in answered if sample.duration_ms is None or sample.billed_ms is None),
        sum(1 for sample in answered if sample.disagreements),
        sum(1 for sample in answered if sample.misfit),
        sum(1 for sample in answered if sample.suppressed_init),
        sum(1 for sample in samples if sample.outcome is Outcome.LOST),
    )
    return [
        text.format(n=n, total=len(samples) if text == _GAPS[-1] else total)
        for text, n in zip(_GAPS, counted, strict=True)
        if n
    ]


_GAPS = (
    "{n} of {total} invocations were not confirmed by Logs Insights in time.",
    "{n} of {total} invocations have no complete X-Ray trace.",
    "{n} of {total} invocations left no REPORT record; they are in no statistic and in no cost.",
    "The sources disagree by more than a millisecond on {n} of {total} invocations.",
    "The record of {n} of {total} invocations contradicts itself; result.json says how.",
    "{n} of {total} invocations came right after a crash and hide an init; they are in no statistic.",
    "No answer came to {n} of {total} invocations: they may have run, and be billed.",
)
_IS_GAP = re.compile(
    "|".join(re.escape(text).replace(r"\{n\}", "[0-9]+").replace(r"\{total\}", "[0-9]+") for text in _GAPS)
)


def _standing(state: RunState) -> tuple[str, ...]:
    """The warnings so far, but for gaps of rounds that a confirmation reads once more."""
    return tuple(note for note in state.warnings if not (state.confirms and _IS_GAP.fullmatch(note)))
