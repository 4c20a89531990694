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
from numpy.typing import NDArray

from powertune.decide.acquire import Option, gains
from powertune.decide.adaptive_answers import goal_of, is_missed, other_answers, surely_differ
from powertune.decide.adaptive_signs import drifting, remarks
from powertune.decide.adaptive_view import View, modelled, promising, times
from powertune.decide.curve import noise, summarise
from powertune.decide.curve_prior import Floats
from powertune.decide.evidence import Evidence, SizeEvidence
from powertune.decide.knowledge import Knowledge
from powertune.decide.losses import Judge
from powertune.decide.posterior import CurveModel
from powertune.domain.result import Answer
from powertune.domain.sample import Sample
from powertune.domain.search import Limits, Objective, StopReason, Strategy, Verdict
from powertune.domain.work import Batch

CONFIRMED_BY = 2
"""Measurements of its own that a size needs before it may be recommended."""
MOST_INVOCATIONS = 200
"""Where a search without a limit ends in any case."""
PRIOR_AT_MOST = 5
"""Samples of earlier runs that are used at each size, the latest ones."""
START_MB = {Strategy.COST: 512, Strategy.SPEED: 2048, Strategy.BALANCED: 1024}
START_UNDER_TARGET_MB = 1024
RATE = {Strategy.COST: 0.003, Strategy.SPEED: 0.0016, Strategy.BALANCED: 0.002}
RATE_UNDER_TARGET = 0.0026
UNSURE = 0.8
"""Share of the rate that counts while the risk is above what was asked for."""
PATIENCE = 10.0
"""Invocations of ordinary price after which further ones are held to save more and more."""
TIE = 0.002
"""Difference in expected loss below which confirmed sizes are tied."""
CAUTION = 0.6
"""Share of the risk asked for at which the search is sure: the estimate is somewhat too confident."""
UNEVEN = 0.15
ROUGH_CHANCE = 0.1
"""Probability of residuals of that strength from which nothing wide is claimed."""
_ORDINARY_MB = (128, 256, 512, 1024, 1536, 3008)


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
        prior: Sequence[Sample] = (),
    ) -> None:
        self._all = tuple(sorted(set(sizes_mb)))
        self._objective, self._limits = objective, limits
        self._rates = per_gb_second, per_request
        self._seed = seed
        self._parallel = max(parallel, 1)
        self._present = present_memory_mb
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
            curve=summarise(view.sizes_mb, list(view.own), np.exp(view.draws.log_mean), view.costs),
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
        bad = self._evidence.failing(self._all) | self._ruled_out | self._too_small(told)
        usable = [size for size in self._all if size not in bad]
        nothing = Verdict(memory_mb=None, regret_bound=None, risk=None, stop_reason=None)
        if not usable or self._evidence.hopeless:
            return (), replace(nothing, stop_reason=StopReason.NOTHING_WORKS), None
        view = self._view(told, bad)
        if view is None:
            stop = self._at_limit()
            if stop is not None:
                return (), replace(nothing, stop_reason=stop, notes=("Nothing was measured before a limit.",)), None
            first = self._first(usable, told)
            note = ("The next invocation might break a limit, and nothing warm was measured.",)
            return (
                (first, nothing, None) if first else ((), replace(nothing, stop_reason=self._tight(), notes=note), None)
            )
        verdict, sure = self._verdict(view)
        stop = self._at_limit()
        if stop is None:
            rooms = self._rooms(view)
            batch = self._choose(view, rooms, sure=sure, confirmed=verdict.memory_mb is not None)
            if batch is not None:
                return (batch,), verdict, view
            # What the limits have no room for was not considered.
            tight = [reason for room, reason in rooms if (room[view.allowed] < CONFIRMED_BY + view.cold_calls).any()]
            stop = tight[0] if tight and not sure else None
        if stop is None:
            stop = StopReason.SURE if sure else StopReason.NOT_WORTH_IT
        return (), replace(verdict, stop_reason=stop), view

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
            self._model = CurveModel(sizes, seed=self._seed)
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
        allowed = np.array([size not in bad for size in sizes])
        cold = {
            index[size]: float(np.mean(at.cold_latencies_ms)) - float(np.mean(at.durations_ms))
            for size, at in told.items()
            if size in index and at.cold_latencies_ms and at.durations_ms
        }
        starts_cold = any(at.started_cold for at in told.values())
        return View(
            sizes_mb=sizes,
            allowed=allowed,
            data=data,
            own=own,
            draws=draws,
            costs=judge.costs(draws),
            losses=judge.losses(draws, allowed, cold),
            cold_calls=self._parallel if starts_cold else 0,
            latencies=judge.latencies(draws, cold) if self._objective.latency_target else None,
        )

    def _first(self, usable: Sequence[int], told: Mapping[int, SizeEvidence]) -> tuple[Batch, ...]:
        """Before anything is measured: one size, and after a failure there a larger one."""
        started = [size for size in usable if size in told and told[size].cold_latencies_ms]
        if started:
            return self._again(told[started[0]])
        wanted = START_MB[self._objective.strategy]
        if self._objective.latency_target is not None:
            wanted = START_UNDER_TARGET_MB
        tried = max(told, default=0)
        fresh = [size for size in usable if size not in told]
        larger = [size for size in fresh if size > tried] or fresh or list(usable)
        if told:
            wanted = max(wanted, 2 * tried)
        memory_mb = min(larger, key=lambda size: (abs(math.log(size / wanted)), size))
        count = self._parallel + 1
        if self._limits.max_spend is not None or self._limits.max_time_ms is not None:
            count = 1
        if self._limits.max_invocations is not None:
            count = min(count, self._limits.max_invocations - self._evidence.count)
        return (Batch(memory_mb=memory_mb, count=count),)

    def _again(self, size: SizeEvidence) -> tuple[Batch, ...]:
        """One more at a size that has only started cold, if twice what that took is within the limits."""
        limits, evidence = self._limits, self._evidence
        time_ms = 2 * max(size.cold_latencies_ms)
        money = time_ms / 1000 * size.memory_mb / 1024 * self._rates[0] + self._rates[1]
        if limits.max_time_ms is not None and evidence.time_ms + time_ms > limits.max_time_ms:
            return ()
        if limits.max_spend is not None and evidence.spend(*self._rates) + money > float(limits.max_spend):
            return ()
        return (Batch(memory_mb=size.memory_mb, count=1),)

    def _tight(self) -> StopReason:
        return StopReason.MAX_TIME if self._limits.max_spend is None else StopReason.MAX_SPEND

    def _verdict(self, view: View) -> tuple[Verdict, bool]:
        """What is known, and whether the risk is as low as was asked for."""
        notes = (*remarks(view.sizes_mb, view.data, view.draws), *self._target_note(view))
        confirmed = self._confirmed(view)
        if not confirmed:
            return Verdict(memory_mb=None, regret_bound=None, risk=None, stop_reason=None, notes=notes), False
        objective = self._objective
        expected = view.losses.mean(axis=0)
        best = float(expected[confirmed].min())
        tied = [int(at) for at in confirmed if expected[at] <= best + TIE]
        durations, costs = view.draws.log_mean.mean(axis=0), view.costs.mean(axis=0)
        by_cost = objective.latency_target is not None or objective.strategy is Strategy.COST
        if objective.strategy is Strategy.BALANCED and objective.latency_target is None:
            chosen = min(tied, key=lambda at: (expected[at], at))
        else:
            preferred = durations if by_cost else costs
            chosen = min(tied, key=lambda at: (preferred[at], at))
        risk = float(np.mean(view.losses[:, chosen] > objective.tolerance))
        bound = self._claim(view, view.losses[:, chosen], risk)
        near = [int(at) for at in confirmed if expected[at] <= best + objective.tolerance or at == chosen]
        verdict = Verdict(
            memory_mb=view.sizes_mb[chosen],
            regret_bound=bound,
            risk=risk,
            stop_reason=None,
            equivalent_mb=tuple(view.sizes_mb[at] for at in near),
            notes=notes,
        )
        return verdict, risk < objective.risk * CAUTION

    def _claim(self, view: View, losses: Floats, risk: float) -> float | None:
        """The tolerance where the search is sure; else a wider bound, or none where the model's word is worth little.

        Far from what it is sure of, the model is too confident: over recorded functions its wide bounds were broken
        more often than it said. So they are taken at a quarter of the risk.
        """
        objective = self._objective
        if risk < objective.risk * CAUTION:
            return objective.tolerance
        if float(np.mean(view.draws.strength >= UNEVEN)) > ROUGH_CHANCE:
            return None
        bound = float(np.quantile(losses, 1 - objective.risk / 4))
        return None if is_missed(bound, objective) else max(objective.tolerance, bound)

    def _target_note(self, view: View) -> tuple[str, ...]:
        target = self._objective.latency_target
        if target is None or view.latencies is None:
            return ()
        kept = (view.latencies[:, view.allowed] <= target.limit_ms).any(axis=1)
        if float(kept.mean()) >= 0.5:
            return ()
        figures = np.where(view.allowed & (view.own > 0), np.median(view.latencies, axis=0), np.inf)
        nearest = int(np.argmin(figures))
        if not np.isfinite(figures[nearest]):
            return ()
        nearest_words = f"the nearest measured is {view.sizes_mb[nearest]} MB with about {figures[nearest]:.4g} ms."
        return (f"No memory size is likely to keep {target.statistic} within {target.limit_ms:g} ms; {nearest_words}",)

    def _choose(
        self, view: View, rooms: Sequence[tuple[NDArray[np.int64], StopReason]], *, sure: bool, confirmed: bool
    ) -> Batch | None:
        """The batch that is worth most beyond its price; None where none is, or none that the limits have room for."""
        room = np.min([room for room, _ in rooms], axis=0)
        prices = np.median(view.costs, axis=0)
        ordinary = {min(range(len(prices)), key=lambda at: abs(view.sizes_mb[at] - size)) for size in _ORDINARY_MB}
        unit = float(np.mean(prices[sorted(ordinary)]))
        objective = self._objective
        rate = RATE_UNDER_TARGET if objective.latency_target is not None else RATE[objective.strategy]
        if confirmed and not sure:
            rate *= UNSURE
        rate *= max(1.0, self._evidence.spend(*self._rates) / unit / PATIENCE) ** 1.5
        prices = prices * rate / unit
        missing = np.maximum(CONFIRMED_BY - view.own, 0)
        cold = np.where(view.own == 0, view.cold_calls, 0)
        to_confirm = np.where(view.allowed, prices * (missing + np.where(missing > 0, cold, 0)), np.inf)
        expected = view.losses.mean(axis=0) + to_confirm
        options = [
            Option(
                index=at,
                count=informs + int(cold[at]),
                informs=informs,
                price=float(prices[at] * (informs + cold[at])),
                left=float(prices[at] * max(missing[at] - informs, 0)),
            )
            for at in promising(view, expected)
            for informs in (1, 2, 4)
            if informs + cold[at] <= room[at]
        ]
        if not options:
            return None
        worth = gains(view.draws, view.losses, options, to_confirm) - np.array([option.price for option in options])
        best = int(np.argmax(worth))
        if worth[best] > 0:
            return Batch(memory_mb=view.sizes_mb[options[best].index], count=options[best].count)
        favourite = int(np.argmin(np.where(missing + cold <= room, expected, np.inf)))
        if missing[favourite] and missing[favourite] + cold[favourite] <= room[favourite]:
            return Batch(memory_mb=view.sizes_mb[favourite], count=int(missing[favourite] + cold[favourite]))
        return None

    def _at_limit(self) -> StopReason | None:
        limits, evidence = self._limits, self._evidence
        most = MOST_INVOCATIONS if limits.max_invocations is None else limits.max_invocations
        if evidence.count >= most:
            return StopReason.MAX_INVOCATIONS
        if limits.max_spend is not None and evidence.spend(*self._rates) >= float(limits.max_spend):
            return StopReason.MAX_SPEND
        if limits.max_time_ms is not None and evidence.time_ms >= limits.max_time_ms:
            return StopReason.MAX_TIME
        return None

    def _rooms(self, view: View) -> list[tuple[NDArray[np.int64], StopReason]]:
        """How many invocations at each size every limit has room for, with money and time estimated on the high side.

        A single invocation may well take longer than the mean, a cold start longer still, and nothing bounds either:
        the estimate is the mean's 99 % quantile, with two standard deviations of the noise on top.
        """
        limits, evidence = self._limits, self._evidence
        margin = np.where((view.own == 0) & (view.cold_calls > 0), 1.5, 1.0)
        margin = margin * math.exp(2 * float(np.quantile(view.draws.spread, 0.9)))
        most = MOST_INVOCATIONS if limits.max_invocations is None else limits.max_invocations
        rooms = [(np.full(len(view.sizes_mb), most - evidence.count), StopReason.MAX_INVOCATIONS)]
        if limits.max_spend is not None:
            each = np.quantile(view.costs, 0.99, axis=0) * margin
            left = float(limits.max_spend) - evidence.spend(*self._rates)
            rooms.append((times(left, each), StopReason.MAX_SPEND))
        if limits.max_time_ms is not None:
            each = np.exp(np.quantile(view.draws.log_mean, 0.99, axis=0)) * margin
            rooms.append((times(limits.max_time_ms - evidence.time_ms, each), StopReason.MAX_TIME))
        return rooms
