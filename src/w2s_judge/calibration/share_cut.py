"""Scores that only rank, cut so that as many fall in each of two classes as there are.

A judge's scores are put in order (mid-ranks in (0, 1)); with t the share of the lower class, the
lowest t of them are called that. As mass, the rank r becomes r / (2 t) up to the cut and
(1 + (r - t) / (1 - t)) / 2 beyond it: half the mass is where the cut is, and the order stays.
What is said of a labelled item must not have seen its label, so that its t is that of the other
folds of gold.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from w2s_judge.arrays import Bools, Floats
from w2s_judge.calibration.class_mass import known_classes
from w2s_judge.calibration.folds import folds_of
from w2s_judge.calibration.levels import mid_ranks, score_of
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

FEWEST = 10  # gold labels that a share is taken from
CLASSES, FOLDS = 2, 5


def lower_shares(votes: VoteMatrix, gold: Gold | None, seed: int = 0) -> Floats | None:
    """(I,) P(class of the first label) for each item, in (0, 1).

    From the prior that was given, else from gold by its sampling, half a label added to each class;
    for items with gold from the labels of the other folds. None where neither says, where there are
    not two classes, or where it is not known which label means which.
    """
    truth = votes.truth_with(gold)
    of_label = known_classes(votes, truth)
    if truth.C != CLASSES or of_label is None or of_label[0] == of_label[-1]:
        return None
    lower = int(of_label[0])
    if truth.prior is not None:
        return np.full(votes.I, truth.prior[lower])
    if gold is None or gold.G < FEWEST:
        return None
    hit = gold.label == lower
    share = np.full(votes.I, _share(hit, gold.weight, np.ones(gold.G, dtype=np.bool_)))
    fold = folds_of(gold.label, votes.group[gold.item], FOLDS, seed)
    for f in np.unique(fold):
        share[gold.item[fold == f]] = _share(hit, gold.weight, fold != f)
    return share


def _share(hit: Bools, weight: Floats, kept: Bools) -> float:
    return float((hit[kept] @ weight[kept] + 0.5) / (weight[kept].sum() + 1))


def cut_at_share(votes: VoteMatrix, share: Floats, truth: Truth) -> VoteMatrix:
    """Votes of the raters in `uncalibrated` as mass on the first and the last label.

    share : (I,) of the first label's class, in (0, 1), as `lower_shares` gives it
    truth : the classes, which the labels have a map to or are cut into

    The mass says on which side of the cut a score lies; within a fold it keeps the order. It is no
    probability. No rater is `uncalibrated` in what comes out. Where all of them were, the labels
    that come out are the two classes.
    """
    ranks = votes.uncalibrated
    if ranks is None or not ranks[votes.rater].any():
        return votes
    mine = ranks[votes.rater]
    among = votes.only(mine)
    place = mid_ranks(score_of(among), np.ones(among.V), among.rater)
    upper = _bent(place, share[among.item])
    if mine.all():
        return _as_classes(votes, np.stack([1 - upper, upper], axis=1), truth)
    mass = votes.soft().copy()
    mass[mine] = 0.0
    mass[mine, 0], mass[mine, -1] = 1 - upper, upper
    return replace(votes, label=None, mass=mass, uncalibrated=None)


def _as_classes(votes: VoteMatrix, mass: Floats, truth: Truth) -> VoteMatrix:
    """Votes over two labels that are the classes of the first and of the last label."""
    of_label = known_classes(votes, truth)
    ends = (0, 1) if of_label is None else (int(of_label[0]), int(of_label[-1]))
    return replace(
        votes, labels=tuple(truth.classes[c] for c in ends), label=None, mass=mass, levels=None,
        uncalibrated=None, truth=Truth(truth.classes, ends, truth.prior),
    )  # fmt: skip


def _bent(place: Floats, t: Floats) -> Floats:
    return np.where(place <= t, place / (2 * t), (1 + (place - t) / (1 - t)) / 2)
