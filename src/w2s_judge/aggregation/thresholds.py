"""Ordered classes as thresholds: P(class >= c) for each c, and back to one row an item."""

from __future__ import annotations

import numpy as np

from w2s_judge.aggregation.beliefs import REVERSED, Beliefs
from w2s_judge.aggregation.evidence_average import Average, Features, averaged
from w2s_judge.arrays import Floats
from w2s_judge.calibration.prior import known_prior
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

BY_THRESHOLD = "each threshold between two classes was fitted by itself"


def at_least(prior: Floats) -> Floats:
    """(C - 1,) P(class >= c), c = 1 .. C-1, of P(class) (C,)."""
    return np.asarray(np.cumsum(prior[::-1])[::-1][1:])


def class_rows(above: Floats) -> Floats:
    """(n, C) P(class) from P(class >= c) (n, C-1), each threshold fitted by itself.

    Where thresholds cross, each is put half-way between the least below it and the largest above
    it, so that reversing the scale reverses the rows.
    """
    falling = np.minimum.accumulate(above, axis=1)
    rising = np.maximum.accumulate(above[:, ::-1], axis=1)[:, ::-1]
    n = len(above)
    edges = np.hstack([np.ones((n, 1)), (falling + rising) / 2, np.zeros((n, 1))])
    rows = np.clip(edges[:, :-1] - edges[:, 1:], 0.0, None)
    return np.asarray(rows / rows.sum(axis=1, keepdims=True))


def fits_by_threshold(
    features: Features, gold: Gold, truth: Truth, beliefs: Beliefs
) -> list[Average]:
    """A regression for P(class >= c), c = 1 .. C-1.

    With two classes and no stated prior its intercept is centred at 0; with more classes at
    gold's shares, for the outer thresholds are far from balance by their nature.
    """
    known = known_prior(truth, gold)
    centred = truth.prior is not None or truth.C > 2
    shares = at_least(known[0]) if known is not None and centred else [None] * (truth.C - 1)
    stated = truth.prior is not None
    return [
        averaged(features, gold, (gold.label >= c).astype(np.float64), beliefs, share, stated)
        for c, share in enumerate(shares, start=1)
    ]


def stacked(fits: list[Average], items: int) -> Floats:
    """(I, C-1) P(class >= c)."""
    return np.column_stack([one.p for one in fits]) if fits else np.empty((items, 0))


def mirror_chance(votes: VoteMatrix, truth: Truth) -> float:
    """How likely it is, before gold is seen, that labels run the other way than classes."""
    return REVERSED if votes.ordered or truth.of_label is not None else 0.5
