"""Scores that only rank, cut so that as many fall in each of two classes as there are.

A judge's scores are put in order (mid-ranks in (0, 1)); with t the share of the lower class, the
lowest t of them are called that. As mass, the rank r becomes r / (2 t) up to the cut and
(1 + (r - t) / (1 - t)) / 2 beyond it: half the mass is where the cut is, and the order stays.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.calibration.levels import mid_ranks, score_of
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

FEWEST = 10  # gold labels that a share is taken from
CLASSES = 2


def lower_share(votes: VoteMatrix, gold: Gold | None) -> float | None:
    """P(class of the first label), from the prior that was given, else from gold by its sampling.

    None where neither says, where there are not two classes, or where it is not known which label
    means which.
    """
    truth = votes.truth_with(gold)
    if truth.C != CLASSES or truth.of_label is None or truth.of_label[0] == truth.of_label[-1]:
        return None
    lower = truth.of_label[0]
    if truth.prior is not None:
        return truth.prior[lower]
    if gold is None or gold.G < FEWEST:
        return None
    share = float(np.average(gold.label == lower, weights=gold.weight))
    return share if 0 < share < 1 else None


def cut_at_share(votes: VoteMatrix, share: float) -> VoteMatrix:
    """Votes of the raters in `uncalibrated` as mass on the first and the last label.

    share : of the first label's class, in (0, 1)

    The mass says on which side of the cut a score lies and keeps the order; it is no probability.
    No rater is `uncalibrated` in what comes out.
    """
    ranks = votes.uncalibrated
    if ranks is None or not ranks[votes.rater].any():
        return votes
    mine = ranks[votes.rater]
    among = votes.only(mine)
    place = mid_ranks(score_of(among), np.ones(among.V), among.rater)
    mass = votes.soft().copy()
    mass[mine] = 0.0
    upper = _bent(place, share)
    mass[mine, 0], mass[mine, -1] = 1 - upper, upper
    return replace(votes, label=None, mass=mass, uncalibrated=None)


def _bent(place: Floats, t: float) -> Floats:
    return np.where(place <= t, place / (2 * t), (1 + (place - t) / (1 - t)) / 2)
