"""Which raters vote against the rest of their panel: the item-rest correlation of test theory."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.calibration.class_mass import class_shares
from w2s_judge.votes import VoteMatrix


def agreement_with_rest(votes: VoteMatrix, mass: Floats) -> tuple[Floats, Floats]:
    """(J,) correlation of each rater's votes with the share of all others' votes, and its z.

    mass (V, C) is each vote's mass over the classes. Correlations are summed over classes:
    sum_c cov_c / sqrt(sum_c var_c sum_c var_c), over the items that somebody else judged; z is the
    correlation times the root of their number. Both are 0 where nothing varies.
    """
    share, count = class_shares(votes, mass)
    weight = np.ones(votes.V) if votes.weight is None else votes.weight
    rest = count[votes.item] - weight
    heard = rest > 0
    others = share[votes.item] * count[votes.item][:, None] - mass * weight[:, None]
    others = others[heard] / rest[heard][:, None]
    mine, rater = mass[heard], votes.rater[heard]
    n = np.maximum(np.bincount(rater, minlength=votes.J), 1)

    def mean(values: Floats) -> Floats:
        return np.bincount(rater, weights=values, minlength=votes.J) / n

    covariance, own, of_rest = np.zeros(votes.J), np.zeros(votes.J), np.zeros(votes.J)
    for c in range(mass.shape[1]):
        first = mine[:, c] - mean(mine[:, c])[rater]
        second = others[:, c] - mean(others[:, c])[rater]
        covariance += mean(first * second)
        own += mean(first**2)
        of_rest += mean(second**2)
    scale = np.sqrt(own * of_rest)
    found = np.divide(covariance, scale, out=np.zeros(votes.J), where=scale > 1e-9)
    found = np.clip(found, -1.0, 1.0)
    return found, found * np.sqrt(n)
