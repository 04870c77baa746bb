"""Rater bias, scale and noise: a one-factor model of scores, for continuous or many-levelled votes.

    s_ij = a_j + b_j theta_i + e_ij,  e_ij ~ N(0, sigma_j^2),  theta_i ~ N(0, 1)

(congeneric measurement, Joreskog 1971; by EM as Rubin and Thayer 1982, with votes missing). The
scores are standardised over all votes first, and each rater's (a, b, sigma^2) has a
normal-inverse-gamma prior, so that a rater of few votes is taken for an ordinary one.

The truth is an ordered cut of tau = rho theta + sqrt(1 - rho^2) epsilon: the cuts are where the
mean of P(class) over the items is the prior, and rho says how far what the raters share is the
truth. Without gold rho is an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.ordered_cut import anchors, cuts, posterior_from, slope_from
from w2s_judge.aggregation.shares import clamped, shares
from w2s_judge.arrays import Floats
from w2s_judge.calibration.levels import score_of
from w2s_judge.calibration.prior import known_prior
from w2s_judge.consensus import Consensus, Fit
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

SLOPE = 0.7  # prior mean of b in sd of all scores: half of the variance is the items'
NOISE = 0.5  # and half is noise


@dataclass(frozen=True, eq=False, slots=True)
class Raters:
    """What was fitted, in the unit of the scores; theta has mean 0 and variance 1.

    bias (J,) a, slope (J,) b, noise (J,) sigma; score (I,) E[theta], sd (I,) of theta; the same
    two without the anchors of gold: `blind` and `blind_sd`.
    """

    bias: Floats
    slope: Floats
    noise: Floats
    score: Floats
    sd: Floats
    blind: Floats
    blind_sd: Floats
    fit: Fit


@dataclass(frozen=True, slots=True)
class RaterScale:
    """Scores from raters who differ in bias, scale and noise.

    validity : rho, the correlation of what the raters share with the truth, in (0, 1). 1 would
               take the raters' common opinion for the truth; .8 moves the log odds by about two a
               standard deviation, between what gold showed on two real panels (1.7 and 3). With
               gold it is where the search starts; gold against the votes can turn the sign
    strength : pseudo-votes behind the prior of a rater's bias, scale and noise
    max_iterations, tol : EM ends when the objective per vote grows by less than tol of itself

    Gold items are anchors: their theta has as prior the mean and variance that their class
    implies under the model.
    """

    validity: float = 0.8
    strength: float = 2.0
    max_iterations: int = 1000
    tol: float = 1e-8

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) posterior, (I,) `score` = E[theta], (J,) `weight` = (b / sigma)^2.

        Raises `ConfigurationError` where the labels have no order.
        """
        truth = votes.truth_with(gold)
        known = known_prior(truth, gold)
        assumed: tuple[str, ...] = ()
        if known is None:
            plain = shares(votes, gold, "", "")
            known, assumed = (np.asarray(plain.prior), plain.prior_source), plain.notes
        prior, source = known
        raters = self.raters(votes, gold, prior)
        voted = votes.support > 0
        slope = self.validity / np.sqrt(1 - self.validity**2)
        if gold is not None and voted[gold.item].any():
            slope = slope_from(
                raters.blind, raters.blind_sd, gold.only(voted[gold.item]), prior, slope
            )
        at = cuts(raters.score[voted], raters.sd[voted], prior, slope)
        posterior = np.repeat(prior[None], votes.I, axis=0)
        posterior[voted] = posterior_from(raters.score[voted], raters.sd[voted], at, slope)
        return Consensus(
            clamped(posterior, gold), truth.classes, votes.support, "rater-scale",
            "none" if gold is None or not gold.G else "model", prior, source,
            weight=(raters.slope / raters.noise) ** 2, score=raters.score, fit=raters.fit,
            settings=repr(self), notes=(*self._notes(gold, slope), *assumed),
        )  # fmt: skip

    def raters(
        self, votes: VoteMatrix, gold: Gold | None = None, prior: Floats | None = None
    ) -> Raters:
        """Fit bias, scale and noise; gold anchors only where the prior (C,) is given."""
        raw = score_of(votes)
        weight = np.ones(votes.V) if votes.weight is None else votes.weight
        share = weight / weight.sum() if votes.V else weight
        middle, unit = float(share @ raw), float(np.sqrt(share @ (raw - share @ raw) ** 2))
        unit = unit if unit > 0 else 1.0
        mean, variance = np.zeros(votes.I), np.ones(votes.I)
        if gold is not None and prior is not None:
            mean[gold.item], variance[gold.item] = anchors(prior, gold.label, self.validity)
        em = _Em(votes, (raw - middle) / unit, weight, mean, variance, self.strength)
        a, b, noise, fit = em.climb(self.max_iterations, self.tol)
        score, spread, _ = em.items(a, b, noise)
        blind, blind_spread, _ = _Em(
            votes, em.score, weight, np.zeros(votes.I), np.ones(votes.I), self.strength
        ).items(a, b, noise)
        return Raters(
            middle + unit * a, unit * b, unit * np.sqrt(noise), score, np.sqrt(spread), blind,
            np.sqrt(blind_spread), fit,
        )  # fmt: skip

    def _notes(self, gold: Gold | None, slope: float) -> tuple[str, ...]:
        if gold is None or not gold.G:
            return (
                f"the raters' common score is taken to correlate {self.validity:g} with the truth: "
                "an assumption, no gold was given",
            )
        if slope < 0:
            return ("gold contradicts the votes: high scores go with the low classes",)
        return ()


@dataclass(frozen=True, eq=False, slots=True)
class _Em:
    """EM on standardised scores; a vote of weight w has the noise variance sigma^2 / w."""

    votes: VoteMatrix
    score: Floats
    weight: Floats
    mean: Floats
    variance: Floats
    strength: float

    def climb(self, max_iterations: int, tol: float) -> tuple[Floats, Floats, Floats, Fit]:
        """(J,) a, b and sigma^2; the objective is the log posterior density per vote."""
        a, b = np.zeros(self.votes.J), np.full(self.votes.J, SLOPE)
        noise = np.full(self.votes.J, NOISE)
        size = max(self.votes.V, 1)
        theta, spread, marginal = self.items(a, b, noise)
        objective = (marginal + self.prior(a, b, noise)) / size
        for iteration in range(1, max_iterations + 1):
            a, b, noise = self.step(theta, spread)
            theta, spread, marginal = self.items(a, b, noise)
            before, objective = objective, (marginal + self.prior(a, b, noise)) / size
            if objective - before <= tol * max(abs(objective), 1.0):
                return a, b, noise, Fit(iteration, True, objective)
        return a, b, noise, Fit(max_iterations, False, objective)

    def items(self, a: Floats, b: Floats, noise: Floats) -> tuple[Floats, Floats, float]:
        """(I,) mean and variance of theta, and the log density of all scores."""
        votes, j = self.votes, self.votes.rater
        residual = self.score - a[j]
        precise = self.weight / noise[j]
        info = np.bincount(votes.item, weights=precise * b[j] ** 2, minlength=votes.I)
        pull = np.bincount(votes.item, weights=precise * b[j] * residual, minlength=votes.I)
        total = info + 1 / self.variance
        theta = (pull + self.mean / self.variance) / total
        fixed = np.log(2 * np.pi / precise) + precise * residual**2
        free = np.log(self.variance * total) + self.mean**2 / self.variance - theta**2 * total
        return theta, 1 / total, float(-0.5 * (fixed.sum() + free.sum()))

    def step(self, theta: Floats, spread: Floats) -> tuple[Floats, Floats, Floats]:
        """Posterior mode of each rater's (a, b, sigma^2) given the items' moments."""
        votes, w, s = self.votes, self.weight, self.score
        t, tt = theta[votes.item], (theta**2 + spread)[votes.item]
        n, k = votes.J, self.strength

        def sums(one: Floats) -> Floats:
            return np.asarray(np.bincount(votes.rater, weights=one, minlength=n), dtype=np.float64)

        h0, h1, h2 = sums(w) + k, sums(w * t), sums(w * tt) + k
        g0, g1 = sums(w * s), sums(w * s * t) + k * SLOPE
        determinant = h0 * h2 - h1**2
        a, b = (h2 * g0 - h1 * g1) / determinant, (h0 * g1 - h1 * g0) / determinant
        squares = sums(w * (s**2 - 2 * s * (a[votes.rater] + b[votes.rater] * t)))
        fitted = sums(w) * a**2 + 2 * a * b * h1 + b**2 * (h2 - k)
        prior = k * (a**2 + (b - SLOPE) ** 2 + NOISE)
        count = np.bincount(votes.rater, minlength=n)
        return a, b, (squares + fitted + prior) / (count + k)

    def prior(self, a: Floats, b: Floats, noise: Floats) -> float:
        """Log prior density of the raters who voted, up to a constant.

        a, b ~ N((0, SLOPE), sigma^2 / k); sigma^2 inverse-gamma so that its mode is NOISE with k
        pseudo-votes; the normals' own sigma^2 is taken into it.
        """
        k = self.strength
        each = k * np.log(noise) + k * (a**2 + (b - SLOPE) ** 2 + NOISE) / noise
        return float(-0.5 * each[np.bincount(self.votes.rater, minlength=len(a)) > 0].sum())


METHOD = Method(
    "rater-scale",
    "rater bias, scale and noise: for continuous scores",
    RaterScale,
    frozenset(Law) - {Law.LABELS},
    graded=True,
)
