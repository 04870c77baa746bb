"""Percentile intervals of bootstrap draws, widened where few groups were drawn from.

Plain percentiles of G groups are too narrow by about sqrt((G - 1) / G) times the ratio of the
normal and the t quantile, so that percentiles further out are taken (Hesterberg 2015, the expanded
percentile interval: Phi(-sqrt(G / (G - 1)) t_{G - 1})).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtrit

from w2s_judge.arrays import Floats, Ints

FEWEST = 10  # groups: percentiles of draws from fewer are far too narrow
LEAST = 0.5  # share of the draws that an object's interval must rest on
COVERAGE = 0.95

Counts = npt.NDArray[np.int64] | Ints


def percentile_intervals(
    found: Floats, groups: Counts, coverage: float = COVERAGE
) -> tuple[Floats, Floats]:
    """Two (n,) arrays, low and high, of n scores in some bootstrap draws of groups.

    found  : (draws, n), NaN where a draw does not count for a score; low and high are NaN where
             fewer than half of the draws do
    groups : (n,) how many groups were drawn from; the fewer, the further out the percentiles
    """
    return _percentiles(found, _tail(groups, coverage))


def _tail(groups: Counts, coverage: float) -> Floats:
    """(n,) share of the draws below the interval, by the number of groups drawn."""
    groups = np.maximum(groups, 2)
    far = stdtrit(groups - 1, (1 - coverage) / 2) * np.sqrt(groups / (groups - 1))
    return np.asarray(ndtr(far))


def _percentiles(found: Floats, tail: Floats) -> tuple[Floats, Floats]:
    """Two (n,) percentiles of the columns of (draws, n), NaN left out where half is left."""
    count = (~np.isnan(found)).sum(axis=0)
    inside = np.sort(found, axis=0)  # NaN last
    ends = []
    for share in (tail, 1 - tail):
        place = share * np.maximum(count - 1, 0)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(count - 1, 0))
        lower = np.take_along_axis(inside, below[None], axis=0)[0]
        upper = np.take_along_axis(inside, above[None], axis=0)[0]
        end = lower + (place - below) * (upper - lower)
        ends.append(np.where(count >= LEAST * len(found), end, np.nan))
    return ends[0], ends[1]
