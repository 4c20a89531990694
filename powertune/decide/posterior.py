"""What the samples leave of the plausible curves.

The model of a sample's logarithm at memory size m, with everything unknown averaged over and nothing fitted:

    log duration = level + curve(m) + residual(m) + noise

``curve`` is one of `curve_prior.library`, ``level`` has a flat prior, ``residual`` is a Gaussian process in log m
plus an independent part for each size, of unknown strength, ``noise`` is normal with an unknown spread that all sizes
share (so durations are log-normal, and the logarithm of the mean lies half a variance above the mean of the
logarithms). Given a curve, a strength and a spread, everything is Gaussian and solved exactly (C. E. Rasmussen and
C. K. I. Williams, Gaussian Processes for Machine Learning, 2006, chapter 2); the three are weighted by how well they
explain the samples.

What a size has for itself is one of two things. In a run it is luck: of the execution environments that its version
happened to get. Then it tells nothing of the size, and counts as a further noise of its measurements. In a recording
it lasts: each size was measured at a time of its own, and what was recorded there is the truth that is asked for.
Then it is part of the size's mean; and where it is large, a size that was never measured may also be an outlier, so
that a function without a smooth curve is searched more widely, and less is claimed of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powertune.decide.curve_prior import Floats, library

SPREADS = np.array([0.008, 0.015, 0.03, 0.05, 0.08, 0.12, 0.18, 0.26, 0.38, 0.55, 0.8, 1.2, 2.0])
SPREAD_WEIGHTS = np.array([1, 2, 3, 3, 3, 3, 3, 3, 2, 1, 1, 0.5, 0.25])
RESIDUALS = (  # standard deviations of what neighbouring sizes share and of what each has for itself, and a weight
    (0.015, 0.008, 0.30),
    (0.04, 0.02, 0.32),
    (0.03, 0.06, 0.10),
    (0.10, 0.03, 0.12),
    (0.10, 0.15, 0.06),
    (0.30, 0.10, 0.05),
    (0.30, 0.40, 0.03),
    (0.60, 0.20, 0.02),
)
LENGTH = 0.7
"""Distance in log memory over which residuals resemble each other: a factor of two."""
LUCK = 0.03
"""Of a version's execution environments at the least: the same function measured again is often off by so much."""
_OWN = np.array([own for _, own, _ in RESIDUALS])
_STRENGTHS = np.array([np.hypot(shared, own) for shared, own, _ in RESIDUALS])
LEVEL_SPREAD = 10.0
JUMPS_FROM = 0.06
"""Where each size has so much for itself, a size that was never measured may also be an outlier."""
JUMP_CHANCE = 0.1
JUMPS = 1.6
"""Outliers that are expected at most among all sizes."""
JUMP_SPREAD = 0.7
DRAWS = 1500
MOST_FIGURES = 60_000
"""Draws times memory sizes: of many sizes fewer curves are drawn, so that a round stays short."""
SMALLEST_MS = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Curves drawn from the posterior: rows are draws, columns memory sizes.

    ``log_mean`` is the logarithm of the mean duration in ms, ``spread`` the noise's standard deviation in logarithms,
    ``strength`` that of the residual, ``luck`` that of what all measurements at a size share by chance.
    """

    log_mean: Floats
    spread: Floats
    strength: Floats
    luck: Floats


class CurveModel:
    """The prior over curves at given memory sizes, ready to be confronted with samples. Seeded, so repeatable.

    ``lasting`` says that what a size has for itself is part of its mean, and no luck.
    """

    def __init__(self, sizes_mb: Sequence[int], *, seed: int, lasting: bool = False) -> None:
        self.sizes_mb = tuple(sizes_mb)
        self._lasting = lasting
        self.draws = draws = min(DRAWS, MOST_FIGURES // len(sizes_mb))
        self._own_of = _OWN if lasting else np.hypot(_OWN, LUCK)
        self._curves = library(sizes_mb, seed)
        rng = np.random.default_rng((seed, 2))
        log_memory = np.log(np.asarray(sizes_mb, dtype=float))
        distance = (log_memory[:, None] - log_memory[None, :]) / LENGTH
        smooth = np.exp(-0.5 * distance**2)
        count = len(self.sizes_mb)
        self._smooth = smooth
        root = np.linalg.cholesky(smooth + 1e-8 * np.eye(count))
        self._shared = rng.standard_normal((draws, count)) @ root.T
        self._own = rng.standard_normal((draws, count))
        self._levels = rng.standard_normal(draws) * LEVEL_SPREAD
        self._noises = rng.standard_normal((draws, count))
        self._order = rng.permutation(draws)
        jumps = np.random.default_rng((seed, 3))
        jumping = jumps.random((draws, count)) < min(JUMP_CHANCE, JUMPS / count)
        self._jumps = np.where(jumping, JUMP_SPREAD * jumps.standard_normal((draws, count)), 0.0)
        self._start = float(rng.random())

    def posterior(self, durations_ms: Mapping[int, Sequence[float]]) -> Draws:
        """Draw curves that the durations (by index of the memory size, one at least) leave plausible."""
        where = np.array(sorted(index for index, values in durations_ms.items() if len(values)), dtype=np.int64)
        logs = [np.log(np.maximum(np.asarray(durations_ms[int(index)], dtype=float), SMALLEST_MS)) for index in where]
        counts = np.array([len(values) for values in logs], dtype=float)
        means = np.array([values.mean() for values in logs])
        centre = float(means.mean())
        scatter = float(sum(((values - values.mean()) ** 2).sum() for values in logs))
        freedom = float(counts.sum() - len(counts))
        weights, solved = self._weigh(where, means - centre, counts, scatter, freedom)
        flat = np.cumsum(weights.ravel())
        places = (np.arange(self.draws) + self._start) / self.draws * flat[-1]
        picked = np.minimum(np.searchsorted(flat, places), flat.size - 1)[self._order]
        spread_at, residual_at, curve_at = np.unravel_index(picked, weights.shape)
        log_mean = np.empty((self.draws, len(self.sizes_mb)))
        for key in np.unique(spread_at * len(RESIDUALS) + residual_at):
            a, b = divmod(int(key), len(RESIDUALS))
            rows = np.flatnonzero((spread_at == a) & (residual_at == b))
            shared, own = RESIDUALS[b][0], self._own_of[b]
            base = self._curves[curve_at[rows]] + shared * self._shared[rows] + self._levels[rows, None]
            luck = own * self._own[rows]
            if self._lasting:
                base += luck
            # G. Matheron's rule: a draw of the prior, moved by what its own pretended samples miss.
            pretended = base[:, where] + SPREADS[a] / np.sqrt(counts) * self._noises[rows][:, where]
            if not self._lasting:
                pretended += luck[:, where]
            missed = (means - centre)[None, :] - pretended
            base = base + missed @ (solved[a, b] @ self._covariance(b, own=self._lasting)[where])
            if self._lasting and own >= JUMPS_FROM:
                unseen = self._jumps[rows]
                unseen[:, where] = 0.0
                base = base + unseen
            log_mean[rows] = base + centre + SPREADS[a] ** 2 / 2
        luck = np.zeros(self.draws) if self._lasting else self._own_of[residual_at]
        return Draws(log_mean=log_mean, spread=SPREADS[spread_at], strength=_STRENGTHS[residual_at], luck=luck)

    def _covariance(self, residual: int, *, own: bool) -> Floats:
        """Of what all sizes and neighbours share, and with ``own`` of what each has for itself."""
        shared, alone = RESIDUALS[residual][0], self._own_of[residual]
        found = LEVEL_SPREAD**2 + shared**2 * self._smooth
        return np.asarray(found + alone**2 * np.eye(len(self.sizes_mb)) if own else found)

    def _weigh(
        self, where: NDArray[np.int64], means: Floats, counts: Floats, scatter: float, freedom: float
    ) -> tuple[Floats, Floats]:
        """How plausible each spread, residual and curve is, and the inverse covariances of the means."""
        missed = means[None, :] - self._curves[:, where]
        cells = np.stack([self._covariance(b, own=True)[np.ix_(where, where)] for b in range(len(RESIDUALS))])
        noises = SPREADS[:, None, None] ** 2 * np.diag(1 / counts)
        covariances = cells[None] + noises[:, None]
        inverses = np.linalg.inv(covariances)
        scale = np.linalg.slogdet(covariances)[1]
        # All quadratic forms at once: the products of pairs of misses times the inverses' entries.
        pairs = (missed[:, :, None] * missed[:, None, :]).reshape(len(missed), -1)
        forms = inverses.reshape(-1, pairs.shape[1]) @ pairs.T
        seen = -freedom * np.log(SPREADS) - scatter / (2 * SPREADS**2) + np.log(SPREAD_WEIGHTS)
        seen = seen[:, None] + np.log([weight for _, _, weight in RESIDUALS])[None, :] - scale / 2
        logs = seen[:, :, None] - forms.reshape(len(SPREADS), len(RESIDUALS), -1) / 2
        return np.exp(logs - logs.max()), inverses
