"""How many votes each label has on an item; equal rows of counts are held once.

Five judges and three labels know 21 rows of counts, however many items there are, so that
coefficients of a million votes are worked out on a handful of rows. The cost is one pass.

Letters: I items, L labels, V votes, R rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Floats

EXACT = 2**62  # codes are whole numbers of 64 bits
COUNTED = 2**18  # so many possible rows are counted in an array; more are sorted

Column = npt.NDArray[Any]


@dataclass(frozen=True, eq=False, slots=True)
class LabelCounts:
    """table (R, L) votes by label; weight (R,) how many items have that row.

    code (I,) a number of each item's counts, and row_of, the row of each such number; None: the
    rows are the items
    """

    table: Floats
    weight: Floats
    code: Column
    row_of: Column | None = None

    @property
    def votes(self) -> Floats:
        """(R,) votes on an item of the row."""
        return np.asarray(self.table.sum(axis=1))

    @property
    def row(self) -> Column:
        """(I,) the row of each item."""
        return self.code if self.row_of is None else self.row_of.take(self.code)


def label_counts(
    item: Column, label: Column, labels: int | None = None, items: int = 0
) -> LabelCounts:
    """Count votes given as columns: item (V,) from 0, label (V,) in 0 .. L-1; any order.

    labels : L; one more than the largest label where it is not given
    items  : I, where items after the last one voted on are to have a row, too
    Raises `ValueError` for columns of unequal length, or that are no integers from 0.
    """
    found = int(label.max(initial=-1)) + 1
    L = found if labels is None else labels  # noqa: N806
    if len(item) != len(label) or found > L:
        raise ValueError("item and label have one entry a vote, and a label is in 0 .. L-1")
    if label.dtype.kind not in "iu" or min(label.min(initial=0), item.min(initial=0)) < 0:
        raise ValueError("items and labels are integers from 0")
    table = _table(item, label, L, max(items, int(item.max(initial=-1)) + 1))
    if not table.size:
        return LabelCounts(np.zeros((0, L)), np.zeros(0), np.zeros(0, dtype=np.intp))
    base = int(table.sum(axis=0).max()) + 1  # a digit a label: more than any item's votes
    if base**L > EXACT:
        rows = np.ascontiguousarray(table.T, dtype=np.float64)
        return LabelCounts(rows, np.ones(len(rows)), np.arange(len(rows)))
    places = base ** np.arange(L, dtype=np.int64)
    code = table[0].copy()
    for place, row in zip(places[1:], table[1:], strict=True):
        code += place * row
    row_of = None
    if base**L <= COUNTED:
        count = np.bincount(code)
        kept = np.flatnonzero(count)
        row_of = np.zeros(len(count), dtype=np.intp)
        row_of[kept] = np.arange(len(kept))
        weight = count[kept]
    else:
        kept, code, weight = np.unique(code, return_inverse=True, return_counts=True)
    digits = kept[:, None] // places % base
    return LabelCounts(digits.astype(np.float64), weight.astype(np.float64), code, row_of)


def _table(item: Column, label: Column, L: int, I: int) -> Column:  # noqa: N803, E741
    """(L, I) votes by label: rows by label, as sums over few labels are quick along the items."""
    cell = label.astype(np.intp)
    cell *= I
    np.add(cell, item, out=cell, casting="unsafe")  # whole numbers, whatever their type
    return np.bincount(cell, minlength=L * I).reshape(L, I)


def agreeing(counts: LabelCounts, weights: Floats) -> Floats:
    """(R,) weighted share of the pairs of votes on an item that agree, 0 where there is no pair.

    weights : (L, L) in [0, 1], how far two labels count as the same
    """
    votes = counts.votes
    same = (counts.table @ weights * counts.table).sum(axis=1) - votes
    pairs = votes * (votes - 1)
    return np.asarray(np.divide(same, pairs, out=np.zeros_like(votes), where=pairs > 0))


def shares(counts: LabelCounts) -> Floats:
    """(R, L) share of an item's votes that each label has, 0 where there is no vote."""
    votes = counts.votes[:, None]
    return np.divide(counts.table, votes, out=np.zeros_like(counts.table), where=votes > 0)
