"""Fleiss' kappa, for any number of votes an item.

Fleiss (1971, Psychological Bulletin 76), generalised to unequal numbers of votes and to weights as
Gwet does (2014, Handbook of Inter-Rater Reliability, ch. 2 and 3): observed is the mean over items
with two votes or more of the share of pairs of votes that agree; a label's share in chance is the
mean over all items with a vote of its share of the item's votes. With equal numbers of votes it is
Fleiss' own.

Letters: L labels, R rows of counts, B draws.
"""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.audit.agreement.coefficient import Coefficient, exact, identity_weights
from w2s_judge.audit.agreement.label_counts import (
    Column,
    LabelCounts,
    agreeing,
    label_counts,
    shares,
)
from w2s_judge.audit.resample import ratio


def fleiss_kappa(
    item: Column, label: Column, labels: int | None = None, weights: Floats | None = None
) -> Coefficient:
    """Kappa of votes given as columns: item (V,) from 0, label (V,) in 0 .. L-1; any order.

    weights : (L, L) in [0, 1], how far two labels count as the same; None: not at all
    """
    counts = label_counts(item, label, labels)
    weights = identity_weights(counts.table.shape[1]) if weights is None else weights
    sums = counts.weight @ item_terms(counts, weights)
    observed, share = item_agreement(sums[None])
    expected = fleiss_expected(share, weights)
    return exact(observed, expected, int(sums[1]), int(counts.weight @ counts.votes))


def item_terms(counts: LabelCounts, weights: Floats) -> Floats:
    """(R, 3 + L) per item: share of agreeing pairs, 1 if it has a pair, 1 if a vote, shares."""
    votes = counts.votes
    head = [agreeing(counts, weights), votes > 1, votes > 0]
    return np.concatenate([np.stack(head, axis=1).astype(np.float64), shares(counts)], axis=1)


def item_agreement(sums: Floats) -> tuple[Floats, Floats]:
    """Observed agreement (B,) and mean shares (B, L) from sums (B, 3 + L) of `item_terms`."""
    return ratio(sums[:, 0], sums[:, 1]), ratio(sums[:, 3:], sums[:, 2:3])


def fleiss_expected(share: Floats, weights: Floats) -> Floats:
    """(B,) agreement by chance of two votes drawn by the labels' shares (B, L)."""
    return np.asarray((share @ weights * share).sum(axis=1))
