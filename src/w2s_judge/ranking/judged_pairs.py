"""Comparisons summed up: what each judge said of each pair in each order of showing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Floats
from w2s_judge.comparisons import FIRST, SECOND, TIE, Comparisons

Places = npt.NDArray[np.intp]
MOST = 1e6  # records of one cell: they tell a logit to .002


@dataclass(frozen=True, eq=False, slots=True)
class JudgedPairs:
    """P pairs of objects, and K cells: one for each pair, judge and order of showing.

    low, high : (P,) index of the pair's objects, low < high
    pair      : (K,) index into the pairs
    judge     : (K,) index into the comparisons' raters
    shown     : (K,) 1 where low was shown first, -1 where high was; 0 where nothing was first
    net       : (K,) weighted mass on low better, less the mass on high better
    tied      : (K,) weighted mass on a tie
    total     : (K,) weighted mass

    A cell of more than `MOST` records counts as `MOST`, in the same proportions: precisions stay
    within what double precision can hold beside a prior of precision 1.
    """

    low: Places
    high: Places
    pair: Places
    judge: Places
    shown: Floats
    net: Floats
    tied: Floats
    total: Floats

    @property
    def named(self) -> Floats:
        """(K,) weighted mass on either object."""
        return np.maximum(self.total - self.tied, 0.0)

    @property
    def in_both_orders(self) -> bool:
        """Whether a pair was shown in both orders, by whichever judge: else no lean is told."""
        first = np.zeros((len(self.low), 2), dtype=np.bool_)
        first[self.pair[self.shown > 0], 0] = True
        first[self.pair[self.shown < 0], 1] = True
        return bool(first.all(axis=1).any())


def sums(place: Places, values: Floats, n: int) -> Floats:
    """(n,) sums of the values by place; n may be 0."""
    return np.asarray(np.bincount(place, values, n), dtype=np.float64)


def judged_pairs(comparisons: Comparisons) -> JudgedPairs:
    """The cells of all questions, in order of their pair."""
    n, judges = max(comparisons.N, 1), max(comparisons.J, 1)
    turned = comparisons.left > comparisons.right
    low = np.where(turned, comparisons.right, comparisons.left).astype(np.int64)
    high = np.where(turned, comparisons.left, comparisons.right).astype(np.int64)
    back = turned if comparisons.ordered else np.zeros(comparisons.M, dtype=np.bool_)
    key = ((low * n + high) * judges + comparisons.rater) * 2 + back
    cells, cell = np.unique(key, return_inverse=True)
    pairs, pair = np.unique(cells // (2 * judges), return_inverse=True)
    mass = comparisons.outcome * comparisons.weights[:, None]
    net = np.where(turned, -1.0, 1.0) * (mass[:, FIRST] - mass[:, SECOND])
    shown = np.where(cells % 2 == 1, -1.0, 1.0)
    total = sums(cell, mass.sum(axis=1), len(cells))
    kept = np.minimum(MOST / total, 1.0) if len(total) and total.max() > MOST else 1.0
    return JudgedPairs(
        (pairs // n).astype(np.intp),
        (pairs % n).astype(np.intp),
        pair.astype(np.intp),
        (cells // 2 % judges).astype(np.intp),
        shown if comparisons.ordered else np.zeros(len(cells)),
        sums(cell, net, len(cells)) * kept,
        sums(cell, mass[:, TIE], len(cells)) * kept,
        total * kept,
    )
