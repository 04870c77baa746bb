"""On which items the judges are most divided.

With utilities u_1 .. u_n of the judges' votes on an item, the mean distance between two judges is
sum_k (2k - n - 1) u_(k) / (n (n - 1) / 2) with u sorted (Gini's mean difference). Where labels have
no utility it is the chance that two judges, drawn at random, say different labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.class_mass import item_sums
from w2s_judge.votes import VoteMatrix


def divided(votes: VoteMatrix, utility: Sequence[float] | None) -> Floats:
    """(I,) in [0, 1], 0 where fewer than two judges voted.

    votes   : one rater a judge, each at most once on an item
    utility : (L,) in [0, 1] of each label; None: labels differ or they do not
    """
    count = np.bincount(votes.item, minlength=votes.I).astype(np.float64)
    pairs = count * (count - 1) / 2
    if utility is None:
        mass = votes.soft()
        sums = item_sums(votes, mass)
        alike = ((sums**2).sum(axis=1) - item_sums(votes, mass**2).sum(axis=1)) / 2
        apart = pairs - alike
    else:
        apart = _apart(votes, np.asarray(votes.soft() @ np.asarray(utility)), count)
    return np.asarray(np.divide(apart, pairs, out=np.zeros(votes.I), where=pairs > 0))


def _apart(votes: VoteMatrix, value: Floats, count: Floats) -> Floats:
    """(I,) sum over pairs of judges of the distance of their values."""
    order = np.lexsort((value, votes.item))
    item = votes.item[order]
    starts = np.concatenate([[0], np.cumsum(count)[:-1]])
    rank = np.arange(len(item)) - starts[item] + 1
    signed = (2 * rank - count[item] - 1) * value[order]
    return np.bincount(item, weights=signed, minlength=votes.I).astype(np.float64)


def most_divided(measure: Floats, most: int) -> Ints:
    """Indices of the items with the largest measure above 0, largest first; ties in item order."""
    order = np.argsort(-measure, kind="stable")[:most]
    return order[measure[order] > 0].astype(np.int32)
