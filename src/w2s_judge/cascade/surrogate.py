"""A cheap stand-in for the aggregation, for the many sets of judges that an order has to compare.

P(class) is a logistic regression of the pilot's labels on the judges' `views`, with one Gaussian
prior for all coefficients; its scale is averaged over by the evidence (MacKay 1992), so that a
few labels leave the coefficients of many alike judges small and equal. More than two classes: one
regression a class, normalised. Each item's row is from the folds without it, then one temperature
(Guo et al. 2017) is fitted on all rows: the mean entropy of these is then their log-loss.
"""

from __future__ import annotations

import numpy as np
from scipy.special import entr, logit, softmax

from w2s_judge.aggregation.bayes_logistic import regressions
from w2s_judge.aggregation.evidence_average import sampling_weight
from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.platt import Temperature
from w2s_judge.gold import Gold

SCALES = (0.05, 0.15, 0.5, 1.5)  # standard deviations of a coefficient, equally likely
INTERCEPT = 1.0  # standard deviation of the intercept, about the log odds of the shares
FLOOR = 1e-6


def unseen(columns: Floats, gold: Gold, fold: Ints) -> Floats:
    """(G, C) calibrated rows for columns (G, P) and fold (G,); without columns, the shares."""
    rows = np.zeros((gold.G, len(gold.classes)))
    for f in np.unique(fold):
        rest = fold != f
        rows[~rest] = _predicted(columns[rest], gold.only(rest), columns[~rest])
    return Temperature.fit(rows, gold.label, gold.weight, floor=FLOOR).apply(rows)


def entropies(posterior: Floats) -> Floats:
    """(n,) in nats."""
    return np.asarray(entr(np.clip(posterior, 0.0, 1.0)).sum(axis=1))


def _predicted(columns: Floats, gold: Gold, at: Floats) -> Floats:
    """(n, C) at columns (n, P)."""
    C = len(gold.classes)  # noqa: N806
    if C == 2:
        p = _one(columns, gold, 1, at)
        return np.stack([1 - p, p], axis=1)
    each = np.stack([_one(columns, gold, c, at) for c in range(C)], axis=1)
    return np.asarray(each / each.sum(axis=1, keepdims=True))


def _one(columns: Floats, gold: Gold, c: int, at: Floats) -> Floats:
    """(n,) P(class c)."""
    weight = sampling_weight(gold)
    right = (gold.label == c).astype(np.float64)
    share = float((weight @ right + 1) / (weight.sum() + len(gold.classes)))
    if not columns.shape[1]:
        return np.full(len(at), share)
    P = columns.shape[1]  # noqa: N806
    mean = np.zeros((len(SCALES), P + 1))
    mean[:, 0] = logit(share)
    sd = np.column_stack([np.full(len(SCALES), INTERCEPT), np.tile(SCALES, (P, 1)).T])
    found = regressions(_with_one(columns), right, mean, sd, weight)
    return found.predict(_with_one(at), softmax(found.evidence))


def _with_one(columns: Floats) -> Floats:
    return np.column_stack([np.ones(len(columns)), columns])
