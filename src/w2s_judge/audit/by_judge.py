"""Votes with one rater a judge: its orders, variants and repeats are one vote, their mean mass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.ranking.responses import judges_of
from w2s_judge.votes import VoteMatrix


def by_judge(votes: VoteMatrix) -> VoteMatrix:
    """(N raters) the same items and labels with one vote a judge and item.

    Hard votes stay hard where no judge voted twice on an item; else all votes are soft. The weight
    of a mean is the mean of the weights. Votes come out by item, then by judge.
    """
    judges, of_rater, unsure = judges_of(votes)
    judge = of_rater[votes.rater]
    key = votes.item.astype(np.int64) * len(judges) + judge
    found, first, cell, many = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    item, rater = (part.astype(np.int32) for part in np.divmod(found, max(len(judges), 1)))
    once = len(found) == len(key)
    label = votes.label[first] if once and votes.label is not None else None
    mass = None
    if label is None:
        mass = votes.soft()[first] if once else _means(votes, cell, many)
    weight = None
    if votes.weight is not None:
        weight = np.bincount(cell, weights=votes.weight, minlength=len(found)) / many
    family = tuple(votes.family[int(np.flatnonzero(of_rater == j)[0])] for j in range(len(judges)))
    return replace(
        votes, raters=judges, item=item, rater=rater, label=label, mass=mass, weight=weight,
        family=family, judge=None, order=None,
        uncalibrated=unsure if unsure is not None and bool(np.any(unsure)) else None,
    )  # fmt: skip


def _means(votes: VoteMatrix, cell: np.ndarray[Any, Any], many: np.ndarray[Any, Any]) -> Floats:
    rows = votes.soft()
    total = [np.bincount(cell, weights=rows[:, k], minlength=len(many)) for k in range(votes.L)]
    return np.asarray(np.stack(total, axis=1) / many[:, None])
