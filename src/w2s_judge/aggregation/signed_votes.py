"""Votes on two classes as numbers from -1 (the first class for certain) to 1 (the second).

A hard vote is -1 or 1, a soft one the difference of its mass on the two classes. Labels that are
not the classes are taken for the class they stand for; where that is not known, an ordered scale is
cut into two halves, and a note says so.

Letters: I items, J raters, L vote labels, n rows (items, or patterns of votes that items share).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from w2s_judge.aggregation.cells import Cells
from w2s_judge.aggregation.patterns import Patterns
from w2s_judge.aggregation.readable import readable
from w2s_judge.aggregation.shares import class_of_label
from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.class_mass import onto_classes
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

PLAIN = 0.125  # share of filled cells from which plain arrays are used: memory stays 8 V at most


def on_two_classes(
    votes: VoteMatrix, gold: Gold | None, method: str
) -> tuple[VoteMatrix, Ints, tuple[str, ...]]:
    """The votes with the two truth classes as their labels, the class (L,) of each label, notes.

    Raises `ConfigurationError` for more or fewer classes than two, and where it is not known which
    label means which class.
    """
    truth = votes.truth_with(gold)
    if truth.C != 2:
        raise ConfigurationError(
            f"{method} tells two classes apart, and there are {truth.C} "
            f"({', '.join(truth.classes[:8])})\n"
            "  take dawid-skene or auto, or map the labels to two classes"
        )
    of_label, notes = class_of_label(readable(votes), truth)
    reduced = replace(
        votes,
        labels=truth.classes,
        label=None if votes.label is None else of_label[votes.label],
        mass=None if votes.mass is None else onto_classes(votes, of_label, 2),
        ordered=False,
        levels=None,
        truth=replace(truth, of_label=(0, 1)),
    )
    return reduced, of_label, notes


def within_class(votes: VoteMatrix, of_label: Ints, confusion: Floats) -> Floats:
    """(J, 2, L) P(label | class), from P(class named | class) (J, 2, 2).

    Which of a class's labels a rater takes is read off its votes, with one pseudo-vote shared by
    them; it says nothing about the truth.
    """
    named = np.eye(2)[of_label]  # (L, 2)
    count = np.repeat(1 / named.sum(axis=0)[of_label][None], votes.J, axis=0)
    if votes.label is not None:
        cell = votes.rater.astype(np.int64) * votes.L + votes.label
        count += np.bincount(cell, minlength=count.size).reshape(count.shape)
    else:
        for k in range(votes.L):
            count[:, k] += np.bincount(votes.rater, votes.soft()[:, k], minlength=votes.J)
    share = count / (count @ named)[:, of_label]
    return np.asarray(confusion[:, :, of_label] * share[:, None])


@dataclass(frozen=True, eq=False, slots=True)
class Signed:
    """Rows of signed votes, as plain arrays or in compressed rows.

    value : (n, J) mean of a rater's votes on the row in [-1, 1], by weight; 0 where it is silent
    count : (n, J) sum of the votes' weights; 0 where the rater is silent
    items : (n,) items that have the row; 0 for the row of silence
    fixed : (n,) gold class, -1 where there is none
    row_of_item : (I,) row of each item; None: the rows are the items
    """

    value: Any
    count: Any
    items: Floats
    fixed: Ints
    row_of_item: npt.NDArray[Any] | None = None

    @classmethod
    def of(cls, votes: VoteMatrix, gold: Gold | None) -> Signed:
        """From votes whose labels are the two classes; identical rows of hard votes are one."""
        known = gold is not None and gold.G > 0
        patterns = Patterns(votes.J, 2, 3 if known else 1)
        code = patterns.codes(votes, gold)
        if code is not None:
            rows, items, position = patterns.counted(code)
            block = patterns.block(rows, items)
            cells = block.cells
            if not isinstance(cells, Cells) or block.weight is None:
                raise TypeError("patterns are laid out as weighted cells")
            fixed = np.full(len(rows), -1, np.int32) if block.fixed is None else block.fixed
            first, second = cells.rows[:, ::2], cells.rows[:, 1::2]
            return cls(second - first, second + first, block.weight, fixed, position)
        fixed = np.full(votes.I, -1, dtype=np.int32)
        if gold is not None:
            fixed[gold.item] = gold.label
        heard = np.zeros(votes.I)
        heard[votes.item] = 1.0
        return cls(*_grid(votes), heard, fixed)

    def by_item(self, rows: Floats) -> Floats:
        """(n, ...) of rows to (I, ...) of items."""
        return rows if self.row_of_item is None else np.take(rows, self.row_of_item, axis=0)

    def shares(self, silent: float) -> Floats:
        """(n,) the votes' share for the second class, `silent` where nobody voted."""
        count = _row_sums(self.count)
        total = _row_sums(self.value * self.count)
        share = np.divide(total, count, out=np.full(len(count), 2 * silent - 1), where=count > 0)
        return np.asarray((1 + share) / 2)

    def rates(self, second: Floats) -> Floats:
        """(J, 2, 2) P(class named | class) under P(second class) (n,), with one pseudo-vote."""
        found = np.empty((self.count.shape[1], 2, 2))
        for y, share in enumerate((1 - second, second)):
            held = self.items * share
            count = np.asarray(self.count.T @ held) + 1
            total = np.asarray((self.value * self.count).T @ held)
            found[:, y] = np.stack([count - total, count + total], axis=1) / (2 * count)[:, None]
        return found


def _row_sums(matrix: Any) -> Floats:
    return np.asarray(matrix @ np.ones(matrix.shape[1]))


def _grid(votes: VoteMatrix) -> tuple[Any, Any]:
    """(I, J) values and counts."""
    signed = 2.0 * votes.label - 1 if votes.label is not None else votes.soft() @ [-1.0, 1.0]
    weight = np.ones(votes.V) if votes.weight is None else votes.weight
    shape = (votes.I, votes.J)
    if votes.V < PLAIN * votes.I * votes.J:
        total = sparse.csr_array((weight * signed, (votes.item, votes.rater)), shape=shape)
        count = sparse.csr_array((weight, (votes.item, votes.rater)), shape=shape)
        for matrix in (total, count):
            matrix.sum_duplicates()
            matrix.sort_indices()
        return _like(count, np.clip(total.data / count.data, -1, 1)), count
    cell = votes.item.astype(np.int64) * votes.J + votes.rater
    size = votes.I * votes.J
    count, total = (
        np.bincount(cell, weights=one, minlength=size).astype(np.float64)
        for one in (weight, weight * signed)
    )
    value = np.divide(total, count, out=np.zeros(size), where=count > 0)
    return np.clip(value, -1, 1).reshape(shape), count.reshape(shape)


def _like(pattern: Any, data: Floats) -> Any:
    """Other entries in the same places."""
    return sparse.csr_array((data, pattern.indices, pattern.indptr), shape=pattern.shape)
