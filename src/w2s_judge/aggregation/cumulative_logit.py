"""Votes on ordered levels by the cumulative logit: the maximisation step, all raters at once.

    P(vote >= l | k) = sigmoid(s . x_k - t_l),   l = 1 .. L-1,   t_1 < ... < t_(L-1)

(Samejima 1969; McCullagh 1980), x_k the features of component k. Because the logistic function has
sigmoid(u) - sigmoid(v) = sigmoid(u) sigmoid(-v) (1 - exp(v - u)), the logarithm of P(vote = l | k)
is a sum of logarithms of sigmoids and of a term of the gap between two thresholds alone: concave in
slopes and thresholds, with a simple exact Hessian.

Letters: J raters, L levels, K components, D features, M = D + L - 1 parameters a rater: D slopes
(their logarithms where they are `positive`), then thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit

from w2s_judge.arrays import Floats

LEAST_GAP = 1e-8  # between thresholds
KEPT = 0.1  # share of a gap that one step leaves
LONGEST = 4.0  # change of a parameter in one step
HALVINGS = 12
RIDGE = 1e-9  # on the Hessian, so that directions the votes say nothing about stay where they are


@dataclass(frozen=True, eq=False, slots=True)
class CumulativeLogit:
    """features (K, D); pseudo (K,) votes that each level has at a component before votes are seen.

    voting (J,)   : 1 for raters who vote; those who never do (0) stay where they are
    mean, sd (D,) : normal prior of the slopes, of their logarithms where `positive`; sd may be inf
    """

    features: Floats
    pseudo: Floats
    voting: Floats
    mean: Floats
    sd: Floats
    positive: bool = False

    def split(self, parameters: Floats) -> tuple[Floats, Floats]:
        """(J, D) slopes and (J, L-1) thresholds of parameters (J, M)."""
        size = self.features.shape[1]
        slopes = parameters[:, :size]
        return np.exp(slopes) if self.positive else slopes, parameters[:, size:]

    def table(self, parameters: Floats) -> Floats:
        """(J, L, K) log P(vote = l | k)."""
        slopes, thresholds = self.split(parameters)
        lean = (slopes @ self.features.T)[:, None] - thresholds[:, :, None]
        table = np.zeros((len(lean), lean.shape[1] + 1, lean.shape[2]))
        table[:, 1:] += log_expit(lean)
        table[:, :-1] += log_expit(-lean)
        table[:, 1:-1] += np.log(-np.expm1(-np.diff(thresholds)))[:, :, None]
        return table

    def log_prior(self, parameters: Floats, table: Floats) -> Floats:
        """(J,) log density up to a constant: 0 for a rater whose slopes are at their mean, flat."""
        size = self.features.shape[1]
        flat = table.shape[1] * np.log(table.shape[1]) * self.pseudo.sum()
        away = (parameters[:, :size] - self.mean) / self.sd
        density = table.sum(axis=1) @ self.pseudo + flat - 0.5 * (away**2).sum(axis=1)
        return np.asarray(density * self.voting)

    def improved(self, parameters: Floats, counts: Floats, steps: int = 1) -> Floats:
        """Newton steps on the expected log-likelihood of `counts` (J, L, K) and the log prior.

        No rater's sum of both falls: a step that would lower it is halved.
        """
        whole = counts + self.pseudo * self.voting[:, None, None]

        def height(at: Floats) -> Floats:
            table = self.table(at)
            away = (at[:, : self.features.shape[1]] - self.mean) / self.sd
            return np.asarray((whole * table).sum(axis=(1, 2)) - 0.5 * (away**2).sum(axis=1))

        here, value = parameters, height(parameters)
        for _ in range(steps):
            step = self._step(here, whole)
            waiting = np.ones(len(here), dtype=np.bool_)
            start = here
            for halving in range(HALVINGS):
                trial = np.where(waiting[:, None], start + step * 0.5**halving, here)
                reached = height(trial)
                better = waiting & (reached >= value)
                here = np.where(better[:, None], trial, here)
                value = np.where(better, reached, value)
                waiting &= ~better
                if not waiting.any():
                    break
        return here

    def ordered(self, parameters: Floats) -> Floats:
        """Parameters whose thresholds ascend, from some that an extrapolation has moved."""
        thresholds = np.sort(parameters[:, self.features.shape[1] :], axis=1)
        place = np.arange(thresholds.shape[1]) - (thresholds.shape[1] - 1) / 2
        return np.hstack([parameters[:, : self.features.shape[1]], thresholds + LEAST_GAP * place])

    def _step(self, parameters: Floats, counts: Floats) -> Floats:
        """(J, M) Newton's step, shortened so that thresholds stay in their order."""
        gradient, hessian = self._slopes_of_height(parameters, counts)
        hessian += RIDGE * np.eye(hessian.shape[1])
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        longest = np.abs(step).max(axis=1, initial=0.0)
        share = np.minimum(1.0, LONGEST / np.maximum(longest, LONGEST))
        size = self.features.shape[1]
        gap, closing = np.diff(parameters[:, size:]), -np.diff(step[:, size:])
        room = np.full_like(gap, np.inf)
        np.divide((1 - KEPT) * gap, closing, out=room, where=closing > 0)
        share = np.minimum(share, room.min(axis=1, initial=np.inf))
        return np.asarray(step * share[:, None])

    def _slopes_of_height(self, parameters: Floats, counts: Floats) -> tuple[Floats, Floats]:
        """(J, M) gradient and (J, M, M) negative Hessian of a rater's expected log posterior."""
        slopes, thresholds = self.split(parameters)
        x, size = self.features, self.features.shape[1]
        above = expit((slopes @ x.T)[:, None] - thresholds[:, :, None])
        both = counts[:, 1:] + counts[:, :-1]
        rest = counts[:, 1:] - both * above
        sharp = both * above * (1 - above)
        gradient = np.hstack([rest.sum(axis=1) @ x, -rest.sum(axis=2)])
        hessian = np.zeros((*gradient.shape, gradient.shape[1]))
        products = (x[:, :, None] * x[:, None]).reshape(len(x), -1)
        hessian[:, :size, :size] = (sharp.sum(axis=1) @ products).reshape(-1, size, size)
        hessian[:, size:, :size] = -sharp @ x
        hessian[:, :size, size:] = hessian[:, size:, :size].transpose(0, 2, 1)
        at = np.arange(size, gradient.shape[1])
        hessian[:, at, at] = sharp.sum(axis=2)
        if len(at) > 1:
            gap, inside = np.diff(thresholds), counts[:, 1:-1].sum(axis=2)
            pull = inside / np.expm1(gap)
            curve = pull * (1 + 1 / np.expm1(gap))
            gradient[:, at[1:]] += pull
            gradient[:, at[:-1]] -= pull
            hessian[:, at[1:], at[1:]] += curve
            hessian[:, at[:-1], at[:-1]] += curve
            hessian[:, at[1:], at[:-1]] -= curve
            hessian[:, at[:-1], at[1:]] -= curve
        return self._with_prior(parameters, slopes, gradient, hessian)

    def _with_prior(
        self, parameters: Floats, slopes: Floats, gradient: Floats, hessian: Floats
    ) -> tuple[Floats, Floats]:
        """In logarithms of slopes where these are positive, and with the slopes' prior."""
        size = self.features.shape[1]
        at = np.arange(size)
        if self.positive:
            gradient[:, :size] *= slopes
            hessian[:, :size] *= slopes[:, :, None]
            hessian[:, :, :size] *= slopes[:, None]
            hessian[:, at, at] += np.maximum(-gradient[:, :size], 0.0)
        gradient[:, :size] -= (parameters[:, :size] - self.mean) / self.sd**2
        hessian[:, at, at] += 1 / self.sd**2
        return gradient, hessian


def even_thresholds(raters: int, levels: int) -> Floats:
    """(J, L-1) thresholds at which all levels are as frequent where the slopes say nothing."""
    share = np.arange(1, levels) / levels
    return np.tile(np.log(share) - np.log1p(-share), (raters, 1))
