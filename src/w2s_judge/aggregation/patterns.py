"""Identical vote rows as one weighted row.

A small panel repeats itself: five judges and three labels know 1,024 rows of votes (each label or
silence), however many items there are. EM sees a row once, with the number of its items as its
weight, and the posterior is handed out to the items at the end. The cost is one pass over the
votes. A row is a number in mixed radix: a digit a rater, 0 for silence and 1 + label else, and,
where there is gold, the item's gold class as the last one.

Letters: I items, J raters, L vote labels, C truth classes, R rows that occur.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from w2s_judge.aggregation.cells import Cells, in_order
from w2s_judge.aggregation.layout import Block, Layout, in_memory
from w2s_judge.arrays import Floats, Ints
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

EXACT = 2**53  # whole numbers are exact in floating point up to here
COUNTED = 2**20  # so many possible rows are counted in an array; more are sorted
SMALL = 2**16  # so many cells are a plain matrix: products of small sparse ones cost their set-up
PART = 2**16  # votes that are numbered at a time, within the processor's cache

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Patterns:
    """How rows are numbered: J raters, L labels, and C + 1 gold digits (1 where there is none)."""

    J: int
    L: int
    gold_digits: int = 1

    @property
    def possible(self) -> int:
        """Number of rows that there can be."""
        return int((self.L + 1) ** self.J * self.gold_digits)

    def codes(self, votes: VoteMatrix, gold: Gold | None) -> Codes | None:
        """(I,) the number of each item's row; None where rows cannot be numbered.

        That is: soft or weighted votes, too many raters, or two votes of a rater on an item.
        """
        if votes.label is None or votes.weight is not None or self.possible >= EXACT:
            return None
        if in_order(votes):
            code = self._of_a_full_table(votes.label.reshape(votes.I, votes.J))
        else:
            cell = votes.item.astype(np.int64) * votes.J + votes.rater
            if votes.V and np.bincount(cell).max() > 1:
                return None
            digit = (votes.label + 1.0) * self._places.astype(np.float64)[votes.rater]
            code = np.bincount(votes.item, weights=digit, minlength=votes.I).astype(np.int64)
        if self.gold_digits > 1:
            code *= self.gold_digits
            if gold is not None:
                code[gold.item] += gold.label + 1
        return code

    @property
    def _places(self) -> Codes:
        """(J,) what a rater's digit counts, without gold."""
        return np.asarray((self.L + 1) ** np.arange(self.J - 1, -1, -1, dtype=np.int64))

    def _of_a_full_table(self, label: Ints) -> Codes:
        code = np.empty(len(label), dtype=np.int64)
        places = self._places.astype(np.float64)
        size = max(1, PART // self.J)
        for start in range(0, len(label), size):
            here = slice(start, start + size)
            code[here] = label[here].astype(np.float64).dot(places)  # quicker than in integers
        code += self._places.sum()  # each digit is 1 + label
        return code

    def counted(self, code: Codes) -> tuple[Codes, Floats, npt.NDArray[np.intp]]:
        """(R,) rows that occur, ascending; (R,) items of each; (I,) position of each item's row."""
        if self.possible > COUNTED:
            rows, position, count = np.unique(code, return_inverse=True, return_counts=True)
            return rows, count.astype(np.float64), position
        count = np.bincount(code, minlength=self.possible)
        rows = np.flatnonzero(count)
        position_of = np.zeros(self.possible, dtype=np.intp)
        position_of[rows] = np.arange(len(rows))
        return rows, count[rows].astype(np.float64), position_of.take(code)

    def block(self, rows: Codes, weight: Floats) -> Block:
        """The votes of the rows; the row of silence weighs nothing."""
        rest, gold_digit = np.divmod(rows, self.gold_digits)
        digits = rest // self._places[:, None] % (self.L + 1)
        if digits.size * self.L <= SMALL:
            labels = np.arange(1, self.L + 1)[:, None]
            columns = np.asarray(digits[:, None] == labels, dtype=np.float64)
            cells = Cells.from_rows(columns.reshape(self.J * self.L, len(rows)).T)
        else:
            rater, row = np.nonzero(digits)
            column = rater * self.L + digits[rater, row] - 1
            shape = (len(rows), self.J * self.L)
            entries = sparse.csr_array((np.ones(len(row)), (row, column)), shape=shape)
            cells = Cells.from_rows(entries)
        fixed = None if self.gold_digits == 1 else (gold_digit - 1).astype(np.int32)
        return Block(cells, weight * digits.any(axis=0), fixed)


def lay_out(votes: VoteMatrix, gold: Gold | None, C: int) -> Layout:  # noqa: N803
    """Patterns where rows can be numbered, else a row an item; the answer is the same."""
    total = float(votes.V if votes.weight is None else votes.weight.sum())
    patterns = Patterns(votes.J, votes.L, C + 1 if gold is not None and gold.G else 1)
    code = patterns.codes(votes, gold)
    if code is not None:
        rows, weight, position = patterns.counted(code)
        block = patterns.block(rows, weight)
        spoken = block.cells.project(np.ones((votes.J * votes.L, 1)))[:, 0].astype(np.int32)
        return Layout(lambda: (block,), total, spoken.take(position), position)
    return in_memory(votes, gold, total)
