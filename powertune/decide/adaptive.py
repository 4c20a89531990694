"""The adaptive search: the next batch is the one that is expected to take most off the loss for its money.

Loss and money are made comparable by a rate: what share of the best size's cost (or duration) one invocation of
ordinary price must be expected to save. The search ends where no batch is worth its price. It is sure where the
probability that the recommendation is worse than the best by more than the tolerance is below the risk by then;
where it is not, the price is put at a part of the rate, and a wider bound or none is claimed.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from powertune.decide.adaptive_answers import goal_of, other_answers, surely_differ
from powertune.decide.adaptive_choice import CONFIRMED_BY, PATIENCE, PATIENCE_RECORDED, next_batches
from powertune.decide.adaptive_claim import verdict_of
from powertune.decide.adaptive_limits import fits, left, reached, rooms, tight
from powertune.decide.adaptive_opening import opening
from powertune.decide.adaptive_signs import drifting
from powertune.decide.adaptive_view import View, modelled
from powertune.decide.curve import noise, summarise
from powertune.decide.evidence import Evidence, SizeEvidence
from powertune.decide.knowledge import Knowledge
from powertune.decide.losses import Judge
from powertune.decide.posterior import CurveModel
from powertune.domain.result import Answer
from powertune.domain.sample import Sample
from powertune.domain.search import Limits, Objective, StopReason, Verdict
from powertune.domain.work import Batch

COLD_AT_MOST = 10
"""Cold starts at a size, with nothing warm anywhere, after which a function is held to start cold always. So many
times as many where invocations are sent at the same time."""
PRIOR_AT_MOST = 5
"""Samples of earlier runs that are used at each size, the latest ones."""


class AdaptivePlanner:
    """Asks for what tells most for its money. Made anew with the same arguments and samples, it answers the same.

    Args:
        sizes_mb: memory sizes that may be asked for, at least one.
        objective: what is best, with the tolerance and the risk of the claim.
        limits: where the search ends in any case. A batch is asked for only if its money and time, estimated on the
            high side, still fit; before anything is known of a function's duration, one invocation is asked for.
        per_gb_second: rate for the cost, any currency.
        per_request: fee for each invocation, the same currency.
        seed: of all draws.
        present_memory_mb: the function's own size, among those modelled in any case.
        parallel: invocations at the same time at a size; as many of a new size's first ones are cold starts.
        at_once: batches of a round. One tells most for its money; several take less time.
        recorded: the samples come from a recording, each size's from a time of its own (see decide/posterior.py).
        prior: samples of earlier runs of the same code. They inform, but do not confirm.
    """

    def __init__(
        self,
        sizes_mb: Sequence[int],
        objective: Objective,
        limits: Limits,
        *,
        per_gb_second: float,
        per_request: float,
        seed: int,
        present_memory_mb: int | None = None,
        parallel: int = 1,
        at_once: int = 1,
        recorded: bool = False,
        prior: Sequence[Sample] = (),
    ) -> None:
        self._all = tuple(sorted(set(sizes_mb)))
        self._objective, self._limits = objective, limits
        self._rates = per_gb_second, per_request
        self._seed = seed
        self._parallel, self._at_once = max(parallel, 1), max(at_once, 1)
        self._present, self._recorded = present_memory_mb, recorded
        self._prior = Evidence()
        self._prior.add(sample for sample in prior if sample.memory_mb in set(self._all))
        self._evidence = Evidence()
        self._ruled_out: set[int] = set()
        self._model: CurveModel | None = None
        self._known: tuple[tuple[Batch, ...], Verdict, View | None] | None = None

    def tell(self, samples: Iterable[Sample]) -> None:
        """Take samples, of any kind."""
        self._evidence.add(samples)
        self._known = None

    def rule_out(self, memory_sizes_mb: Iterable[int]) -> None:
        """Sizes that cannot be measured: never ask for them again, and recommend none of them."""
        self._ruled_out.update(memory_sizes_mb)
        self._known = None

    def ask(self) -> tuple[Batch, ...]:
        """The next batches; none at the end, which `verdict` then explains."""
        return self._look()[0]

    def verdict(self) -> Verdict:
        """What is known so far."""
        return self._look()[1]

    def knowledge(self) -> Knowledge:
        """Everything known, for the answer."""
        _, verdict, view = self._look()
        if view is None:
            return Knowledge(verdict=verdict)
        asked = Answer(
            goal=goal_of(self._objective),
            memory_mb=verdict.memory_mb,
            regret_bound=verdict.regret_bound,
            risk=verdict.risk,
        )
        index = {size: at for at, size in enumerate(view.sizes_mb)}
        pair = [index.get(size) for size in (verdict.memory_mb, self._present) if size is not None]
        known = [at for at in pair if at is not None and view.own[at]]
        return Knowledge(
            verdict=verdict,
            curve=summarise(view),
            considered_mb=tuple(size for size, allowed in zip(view.sizes_mb, view.allowed, strict=True) if allowed),
            noise=noise(view.draws.spread),
            answers=other_answers(view, self._objective, self._rates, self._confirmed(view), asked),
            duration_differs=surely_differ(view.draws.log_mean, *known) if len(known) == 2 else None,
            cost_differs=surely_differ(view.costs, *known) if len(known) == 2 else None,
        )

    def _confirmed(self, view: View) -> list[int]:
        return [int(at) for at in np.flatnonzero((view.own >= CONFIRMED_BY) & view.allowed)]

    def _look(self) -> tuple[tuple[Batch, ...], Verdict, View | None]:
        if self._known is None:
            self._known = self._decide()
        return self._known

    def _decide(self) -> tuple[tuple[Batch, ...], Verdict, View | None]:
        told = self._evidence.sizes()
        broken = self._evidence.failing(self._all) | self._ruled_out
        bad = broken | self._too_small(told)
        usable = [size for size in self._all if size not in bad]
        nothing = Verdict(memory_mb=None, regret_bound=None, risk=None, stop_reason=None)
        if not usable or self._evidence.hopeless:
            # What works without the headroom asked for has not failed.
            works = any(at.durations_ms or at.cold_latencies_ms for size, at in told.items() if size not in broken)
            reason = StopReason.NOTHING_LEFT if works else StopReason.NOTHING_WORKS
            return (), replace(nothing, stop_reason=reason), None
        stop = reached(self._limits, self._evidence, self._rates)
        view = self._view(told, bad)
        if view is None:
            if stop is not None:
                return (), replace(nothing, stop_reason=stop, notes=("Nothing was measured before a limit.",)), None
            if any(len(at.cold_latencies_ms) >= COLD_AT_MOST * self._parallel for at in told.values()):
                note = ("Every invocation started cold, and nothing warm was measured.",)
                return (), replace(nothing, stop_reason=StopReason.NOTHING_LEFT, notes=note), None
            first = self._first(usable, told)
            note = ("The next invocation might break a limit, and nothing warm was measured.",)
            return first, nothing if first else replace(nothing, stop_reason=tight(self._limits), notes=note), None
        confirmed = self._confirmed(view)
        verdict, sure = verdict_of(view, self._objective, confirmed)
        if stop is None and not told and self._present in usable:
            # An earlier run tells where to look, but what the present size does is measured anew.
            return self._first([self._present], told), verdict, view
        if stop is None:
            room = rooms(self._limits, self._evidence, self._rates, view)
            batches = next_batches(
                view,
                room,
                self._objective,
                spent=self._evidence.spend(*self._rates),
                patience=PATIENCE_RECORDED if self._recorded else PATIENCE,
                sure=sure,
                confirmed=bool(confirmed),
                at_once=self._at_once,
            )
            if batches:
                return batches, verdict, view
            # What the limits have no room for was not considered.
            needed = CONFIRMED_BY + view.cold_calls
            short = [limit.reason for limit in room if (limit.counts[view.allowed] < needed).any()]
            stop = short[0] if short and not sure else None
        if stop is None:
            stop = StopReason.SURE if sure else StopReason.NOT_WORTH_IT
        return (), replace(verdict, stop_reason=stop), view

    def _first(self, usable: Sequence[int], told: Mapping[int, SizeEvidence]) -> tuple[Batch, ...]:
        started = [size for size in usable if size in told and told[size].cold_latencies_ms]
        if started:
            # After a cold start twice what it took, after a failure as long again.
            again, longest = Batch(memory_mb=started[0], count=1), 2 * max(told[started[0]].cold_latencies_ms)
            return self._if_it_fits((again,), longest)
        batches = opening(
            usable,
            told,
            self._objective,
            self._limits,
            present_memory_mb=self._present,
            parallel=self._parallel,
            at_once=self._at_once,
            left=left(self._limits, self._evidence),
        )
        return self._if_it_fits(batches, self._evidence.longest_failure_ms) if told else batches

    def _if_it_fits(self, batches: tuple[Batch, ...], longest_ms: float) -> tuple[Batch, ...]:
        """Nothing where one invocation of so long may break a limit."""
        sizes = (batch.memory_mb for batch in batches)
        keeps = all(fits(self._limits, self._evidence, self._rates, size, longest_ms) for size in sizes)
        return batches if keeps else ()

    def _too_small(self, told: Mapping[int, SizeEvidence]) -> set[int]:
        """Sizes without the headroom asked for, by the most memory used at the nearest size that says it."""
        headroom = self._objective.min_headroom
        used = {size: at.max_memory_used_mb for size, at in told.items() if at.max_memory_used_mb is not None}
        if headroom is None or not used:
            return set()
        nearest = {size: min(used, key=lambda other: (abs(math.log(other / size)), other)) for size in self._all}
        return {size for size in self._all if used[nearest[size]] > size * (1 - headroom)}

    def _view(self, told: Mapping[int, SizeEvidence], bad: set[int]) -> View | None:
        earlier = self._prior.sizes()
        measured = {size for at in (told, earlier) for size, found in at.items() if found.durations_ms}
        measured &= set(self._all) - bad
        if not measured:
            return None
        sizes = modelled(self._all, measured | {size for size in self._all if size == self._present})
        index = {size: place for place, size in enumerate(sizes)}
        if self._model is None or self._model.sizes_mb != sizes:
            self._model = CurveModel(sizes, seed=self._seed, lasting=self._recorded)
        data: dict[int, list[float]] = {}
        own = np.zeros(len(sizes), dtype=np.int64)
        for size in sorted(measured):
            mine = told[size].durations_ms if size in told else []
            theirs = earlier[size].durations_ms[-PRIOR_AT_MOST:] if size in earlier else []
            data[index[size]] = theirs + mine
            own[index[size]] = len(mine)
        used = (
            {at: values[1:] if len(values) > 2 else values for at, values in data.items()} if drifting(data) else data
        )
        draws = self._model.posterior(used)
        judge = Judge(sizes, self._objective, per_gb_second=self._rates[0], per_request=self._rates[1])
        costs = judge.costs(draws)
        allowed = np.array([size not in bad for size in sizes])
        cold = {
            # A slow warm invocation may well exceed all cold starts: then these took nothing more, and no less.
            index[size]: max(float(np.mean(at.cold_latencies_ms)) - float(np.mean(at.durations_ms)), 0.0)
            for size, at in told.items()
            if size in index and at.cold_latencies_ms and at.durations_ms
        }
        losses = judge.losses(draws, costs, allowed, cold)
        starts_cold = any(at.started_cold for at in told.values())
        return View(
            sizes_mb=sizes,
            allowed=allowed,
            data=data,
            own=own,
            draws=draws,
            costs=costs,
            losses=losses,
            wanted=losses + judge.preferences(draws, costs),
            cold_calls=self._parallel if starts_cold else 0,
            latencies=judge.latencies(draws, cold) if self._objective.latency_target else None,
        )
