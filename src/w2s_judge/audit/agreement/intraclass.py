"""Intraclass correlation of scores: two-way random effects, absolute agreement.

Shrout and Fleiss (1979, Psychological Bulletin 86), ICC(2,1) of one judge's score and ICC(2,k) of
the mean of k judges; the formulas of their table 4 and page 423 by mean squares between targets
(BMS), between judges (JMS) and residual (EMS). Both need every judge's score on every item.

Letters: n complete items, k judges, V votes, B draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.audit.agreement.coefficient import number
from w2s_judge.audit.agreement.label_counts import Column
from w2s_judge.audit.resample import ratio


@dataclass(frozen=True, slots=True)
class Intraclass:
    """ICC(2,1) and ICC(2,k), None where they do not exist, from n `items` and k `raters`."""

    single: float | None
    average: float | None
    items: int
    raters: int


@dataclass(frozen=True, eq=False, slots=True)
class CompleteItems:
    """item (n,) those that every judge scored; score (n, k), less the mean of all."""

    item: Column
    score: Floats

    @classmethod
    def of(cls, item: Column, rater: Column, score: Column) -> CompleteItems:
        """Find them; only raters with a vote count. Raises `ValueError` for a second vote."""
        if not len(item) == len(rater) == len(score):
            raise ValueError("item, rater and score have one entry a vote")
        raters = np.flatnonzero(np.bincount(rater)) if len(rater) else np.zeros(0, dtype=np.intp)
        voted = np.bincount(item) if len(item) else np.zeros(0, dtype=np.intp)
        complete = np.flatnonzero(voted == len(raters)) if len(raters) else raters
        kept = np.flatnonzero((voted == len(raters))[item])
        if len(kept) != len(complete) * len(raters):
            raise ValueError("a rater has at most one vote on an item")
        row = np.searchsorted(complete, item[kept])
        column = np.searchsorted(raters, rater[kept])
        table = np.full((len(complete), len(raters)), np.nan)
        table[row, column] = score[kept]
        if np.isnan(table).any():
            raise ValueError("a rater has at most one vote on an item")
        # Level scores are to leave no rounding behind that would pass for variance.
        level = not table.size or np.ptp(table) == 0
        return cls(complete, np.zeros_like(table) if level else table - table.mean())

    def terms(self) -> Floats:
        """(n, 3 + k) per item: 1, its sum of squares, the square of its sum, and its scores."""
        head = [np.ones(len(self.score)), (self.score**2).sum(axis=1), self.score.sum(axis=1) ** 2]
        return np.concatenate([np.stack(head, axis=1), self.score], axis=1)


def intraclass(item: Column, rater: Column, score: Column) -> Intraclass:
    """ICC(2,1) and ICC(2,k) of votes given as columns (V,), over the complete items."""
    complete = CompleteItems.of(item, rater, score)
    single, average = correlations(complete.terms().sum(axis=0)[None])
    return Intraclass(number(single), number(average), *complete.score.shape)


def correlations(sums: Floats) -> tuple[Floats, Floats]:
    """ICC(2,1) and ICC(2,k) (B,) from sums (B, 3 + k) of `CompleteItems.terms`."""
    n, squares, of_items = sums[:, :3].T
    of_judges, k = sums[:, 3:], sums.shape[1] - 3
    unknown = np.full(len(sums), np.nan)
    if k < 2:
        return unknown, unknown
    middle = ratio(of_judges.sum(axis=1) ** 2, n * k)
    between = of_items / k - middle
    judges = ratio((of_judges**2).sum(axis=1), n) - middle
    bms, jms = ratio(between, n - 1), judges / (k - 1)
    ems = ratio(np.maximum(squares - middle - between - judges, 0.0), (n - 1) * (k - 1))
    shift = ratio(jms - ems, n)
    return ratio(bms - ems, bms + (k - 1) * ems + k * shift), ratio(bms - ems, bms + shift)
