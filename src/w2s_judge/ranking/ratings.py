"""What each judge makes of each response: its votes on it as one rating.

Letters: V votes, J raters, L labels, K ratings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Bools, Floats
from w2s_judge.calibration.normal_scores import normal_scores
from w2s_judge.votes import VoteMatrix

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Ratings:
    """Ratings (K,), ascending by their cell.

    vote   : (K,) the first vote of each, which says whose rating it is, and of what
    mass   : (K, L) rows sum to 1
    score  : (K,) normal score, higher is better, NaN where mass is a probability; None: none is
    weight : (K,) mean weight of the votes; None: 1 each
    """

    vote: Places
    mass: Floats
    score: Floats | None
    weight: Floats | None


def ratings(votes: VoteMatrix, cell: Places, score: Floats | None = None) -> Ratings:
    """Votes of one `cell` (V,), such as a judge and a response, are one rating: their mean.

    score : (V,) as `rank_scores` gives it, or None
    Weights count in the mean.
    """
    order = np.argsort(cell, kind="stable")
    starts = np.flatnonzero(np.r_[True, cell[order][1:] != cell[order][:-1]][: len(cell)])
    given = None if votes.weight is None else votes.weight[order]
    if len(starts) == len(cell):  # no judge rated a response twice
        return Ratings(order, votes.soft()[order], None if score is None else score[order], given)
    weight = np.ones(len(cell)) if given is None else given
    total = np.add.reduceat(weight, starts)

    def mean(values: Floats) -> Floats:
        summed: Floats = np.add.reduceat((values[order].T * weight).T, starts, axis=0)
        return (summed.T / total).T

    return Ratings(
        order[starts],
        mean(votes.soft()),
        None if score is None else mean(score),
        None if given is None else total / np.diff(np.r_[starts, len(cell)]),
    )


def rank_scores(
    votes: VoteMatrix, ranks: Bools, worth: Floats, ranked: Mapping[str, Floats] | None = None
) -> Floats:
    """(V,) normal scores of the mass on the last label, higher is better; NaN for other raters.

    ranks  : (J,) raters whose mass only ranks
    worth  : (L,) utility of each label: the last is good or bad by its worth beside the first's
    ranked : name -> sorted masses on the last label to rank a rater's votes among; those not named
             are ranked among these votes
    """
    last = votes.soft()[:, -1]
    score = np.full(votes.V, np.nan)
    for j in np.flatnonzero(ranks).tolist():
        mine = votes.rater == j
        among = None if ranked is None else ranked.get(votes.raters[j])
        if among is None or not len(among):
            among = np.sort(last[mine])
        if mine.any():
            score[mine] = normal_scores(last[mine], among)
    return np.asarray(score * np.sign(worth[-1] - worth[0]))
