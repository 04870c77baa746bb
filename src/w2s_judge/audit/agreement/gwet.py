"""Gwet's AC1, and AC2 with weights: chance is what doubtful items are agreed on by.

Gwet (2008, British Journal of Mathematical and Statistical Psychology 61; 2014, Handbook of
Inter-Rater Reliability, ch. 2 and 3). Observed agreement is that of Fleiss' kappa; chance is small
where one label has nearly all votes, where kappa calls nearly all agreement chance.

Letters: L labels, B draws.
"""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.audit.agreement.coefficient import Coefficient, exact, identity_weights
from w2s_judge.audit.agreement.fleiss import item_agreement, item_terms
from w2s_judge.audit.agreement.label_counts import Column, label_counts


def gwet_ac(
    item: Column, label: Column, labels: int | None = None, weights: Floats | None = None
) -> Coefficient:
    """AC1 of votes given as columns (item (V,) from 0, label (V,) in 0 .. L-1), AC2 with weights.

    labels  : L, all labels that there were to choose from: chance depends on their number
    weights : (L, L) in [0, 1], how far two labels count as the same; None: not at all
    """
    counts = label_counts(item, label, labels)
    weights = identity_weights(counts.table.shape[1]) if weights is None else weights
    sums = counts.weight @ item_terms(counts, weights)
    observed, share = item_agreement(sums[None])
    expected = gwet_expected(share, weights)
    return exact(observed, expected, int(sums[1]), int(counts.weight @ counts.votes))


def gwet_expected(share: Floats, weights: Floats) -> Floats:
    """(B,) sum of weights / (L (L - 1)) times the sum of share (1 - share); NaN of one label."""
    L = weights.shape[0]  # noqa: N806
    if L < 2:
        return np.full(len(share), np.nan)
    return np.asarray(weights.sum() / (L * (L - 1)) * (share * (1 - share)).sum(axis=1))
