"""The normal score of a value: the normal quantile of its rank among others.

z = Phi^-1((r - 1/2) / n): Hazen's plotting position, ties at their mean rank (van der Waerden 1952
for the use of normal scores).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from w2s_judge.arrays import Floats


def normal_scores(values: Floats, among: Floats) -> Floats:
    """Normal scores of `values` by their mean rank in the sorted `among`, which holds them."""
    below = np.searchsorted(among, values, side="left")
    upto = np.searchsorted(among, values, side="right")
    rank = (below + 1 + upto) / 2  # 1-based; ties share their mean rank
    rank = np.clip(rank, 1, len(among))  # a mean of repeats need not be among them
    scores: Floats = ndtri((rank - 0.5) / len(among))
    return scores
