"""What each judge said of the pilot's items, as columns of a regression.

Where labels stand on a line a judge is one column, the mean of its votes as numbers, and with more
than two classes a second one, of their squares: a class in the middle has a peak. Elsewhere it is
one column for each label but the first, the mean mass on it. Orders, variants and repeats of a
judge are one opinion. Columns have mean 0 and standard deviation 1 over the items that the judge
voted on; its silence is 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.order_averaging import vote_numbers
from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.cascade.asked import judge_of_rater, judges_of
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

FLAT = 1e-9  # a standard deviation below this is none


@dataclass(frozen=True, eq=False, slots=True)
class Views:
    """`judges` names, length K; `columns` (K, G, F); `spoke` (K, G) whether the judge voted."""

    judges: tuple[str, ...]
    columns: Floats
    spoke: Bools

    def of(self, judges: Ints) -> Floats:
        """(G, n F) the columns of these judges, by number."""
        chosen = self.columns[judges]
        return np.asarray(np.moveaxis(chosen, 0, 1).reshape(chosen.shape[1], -1))


def views(votes: VoteMatrix, gold: Gold) -> Views:
    """Of all judges on gold's items."""
    row = np.full(votes.I, -1, dtype=np.int64)
    row[gold.item] = np.arange(gold.G)
    seen = votes.only(row[votes.item] >= 0)
    value = _values(seen, gold)
    judges = judges_of(votes)
    size = len(judges) * gold.G
    cell = judge_of_rater(votes)[seen.rater].astype(np.int64) * gold.G + row[seen.item]
    weight = np.ones(seen.V) if seen.weight is None else seen.weight
    total = np.bincount(cell, weights=weight, minlength=size)
    mean = (
        np.stack(
            [np.bincount(cell, weights=weight * one, minlength=size) for one in value.T], axis=1
        )
        / np.maximum(total, FLAT)[:, None]
    )
    shape = (len(judges), gold.G, value.shape[1])
    spoke = (total > 0).reshape(shape[:2])
    return Views(judges, _standard(mean.reshape(shape), spoke), spoke)


def _values(votes: VoteMatrix, gold: Gold) -> Floats:
    """(V, F) the votes as numbers, or as mass on each label but the first."""
    truth = votes.truth_with(gold)
    two = truth.C == 2 and (truth.of_label is not None or votes.L == 2)
    if votes.ordered or two:
        number = vote_numbers(votes, truth, "cascade")
        return number[:, None] if truth.C == 2 else np.stack([number, number**2], axis=1)
    return np.asarray(votes.soft()[:, 1:])


def _standard(mean: Floats, spoke: Bools) -> Floats:
    """(K, G, F) centred and scaled over the items that a judge spoke of; 0 elsewhere."""
    on = spoke[:, :, None]
    count = np.maximum(spoke.sum(axis=1), 1)[:, None, None]
    off = np.where(on, mean - (mean * on).sum(axis=1, keepdims=True) / count, 0.0)
    sd = np.sqrt((off**2).sum(axis=1, keepdims=True) / count)
    return np.asarray(np.divide(off, sd, out=np.zeros_like(off), where=sd > FLAT))
