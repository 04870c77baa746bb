"""A vote's class probabilities by logistic regression on gold: a scale map with gold.

P(truth >= c | vote) = sigmoid(a_jc + b_jc x), x the vote on the pooled scale (Platt 1999, one
regression a cut of the ordered classes). Each rater's pair (a, b) is a posterior mode under a
normal prior about the pair fitted to all raters' gold votes, so that a rater without gold gets the
pooled map and one with much gold its own. Where cuts cross they are put in order (Chernozhukov,
Fernandez-Val and Galichon 2009).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import expit, logit

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.prior import known_prior
from w2s_judge.calibration.quantile_map import QuantileMap
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

STEPS = 50  # Newton steps at most; convex, about 6 are used
STEP = 2.0  # the longest step of a coefficient
STILL = 1e-12  # a step below this is none


@dataclass(frozen=True, slots=True)
class PlattMap:
    """Turn votes into mass over the truth classes.

    scale : the map that puts votes on one scale first, which needs no gold
    deviation : sd of a rater's intercept and slope about the pooled ones, in log odds. At the
                default a rater's own map and the pooled one weigh alike at about 20 gold votes.
    """

    scale: QuantileMap = field(default_factory=QuantileMap)
    deviation: float = 0.5

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> VoteMatrix:
        """Soft votes (V, C) over the truth classes.

        Raises `ConfigurationError` without gold on items that have votes, or where the labels
        have no order.
        """
        if gold is None or not votes.support[gold.item].any():
            raise ConfigurationError(
                "this scale map is learned from gold labels, and no item with votes has one\n"
                "  bring gold labels, or take QuantileMap, which needs none"
            )
        truth = votes.truth_with(gold)
        score = self.scale.scores(votes)
        sd = score.std()
        x = (score - score.mean()) / (sd if sd > 0 else 1.0)
        learned = _Learned.of(votes, x, gold, self.deviation)
        prior, _ = known_prior(truth, gold) or (np.full(truth.C, 1 / truth.C), "")
        at_least = np.ones((votes.V, truth.C))
        for c in range(1, truth.C):
            pair = learned.pairs(c, float(logit(prior[c:].sum())))
            at_least[:, c] = expit(pair[votes.rater, 0] + pair[votes.rater, 1] * x)
        at_least = -np.sort(-at_least, axis=1)
        mass = at_least - np.append(at_least[:, 1:], np.zeros((votes.V, 1)), axis=1)
        return replace(
            votes,
            labels=truth.classes,
            label=None,
            mass=mass,
            levels=None,
            truth=Truth(truth.classes, tuple(range(truth.C)), truth.prior),
        )


@dataclass(frozen=True, eq=False, slots=True)
class _Learned:
    """The votes on gold items: (n,) places on the scale, classes, weights, raters and items."""

    x: Floats
    label: Ints
    weight: Floats
    rater: Ints
    item: Ints
    J: int
    deviation: float

    @classmethod
    def of(cls, votes: VoteMatrix, x: Floats, gold: Gold, deviation: float) -> _Learned:
        """Those of all votes, at places x (V,), whose item has gold; weighted by its sampling."""
        label, count = np.full(votes.I, -1, dtype=np.int32), np.zeros(votes.I)
        label[gold.item], count[gold.item] = gold.label, gold.weight
        weight = (np.ones(votes.V) if votes.weight is None else votes.weight) * count[votes.item]
        on = label[votes.item] >= 0
        item = votes.item[on]
        return cls(x[on], label[item], weight[on], votes.rater[on], item, votes.J, deviation)

    def pairs(self, cut: int, log_odds: float) -> Floats:
        """(J, 2) intercepts and slopes of P(class >= cut).

        The pooled pair has a prior of sd 1 about the classes' log odds and a slope of 1, and the
        votes on one item count as one together: they are not independent, and ten items of
        twenty judges are no two hundred.
        """
        truth = (self.label >= cut).astype(np.float64)
        votes = np.bincount(self.item)[self.item]
        start = np.array([[log_odds, 1.0]])
        pooled = _modes(self.x, truth, self.weight / votes, np.zeros_like(self.rater), start, 1.0)
        centre = np.repeat(pooled, self.J, axis=0)
        return _modes(self.x, truth, self.weight, self.rater, centre, self.deviation)


def _modes(
    x: Floats, target: Floats, weight: Floats, group: Ints, centre: Floats, sd: float
) -> Floats:
    """(n, 2) posterior modes of n logistic regressions with normal priors about `centre` (n, 2)."""
    at, n, precision = centre.copy(), len(centre), 1 / sd**2
    for _ in range(STEPS):
        p = expit(at[group, 0] + at[group, 1] * x)
        slack, bend = weight * (target - p), weight * p * (1 - p)
        sums = np.stack(
            [
                np.bincount(group, weights=one, minlength=n)
                for one in (slack, slack * x, bend, bend * x, bend * x * x)
            ]
        )
        g = sums[:2].T - precision * (at - centre)
        h00, h01, h11 = sums[2] + precision, sums[3], sums[4] + precision
        step = np.stack([h11 * g[:, 0] - h01 * g[:, 1], h00 * g[:, 1] - h01 * g[:, 0]], axis=1)
        step /= (h00 * h11 - h01**2)[:, None]
        longest = np.abs(step).max(axis=1, keepdims=True)
        at += step * np.minimum(1.0, STEP / np.maximum(longest, STILL))
        if longest.max() < STILL:
            break
    return at
