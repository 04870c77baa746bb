"""A block's votes one by one, each with what it says of every class if it is right, and if wrong.

Models in which the chance to be right differs from vote to vote (by rater and item) cannot read
votes through a table of raters. Arrays run along the votes; in a full table vote j*n + i is rater
j's on row i.

Letters: n rows of a block, v votes of a block, J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from w2s_judge.aggregation.cells import Cells
from w2s_judge.aggregation.layout import BLOCK, Block, Layout
from w2s_judge.aggregation.soft_cells import DenseSoft, SparseSoft
from w2s_judge.arrays import Floats


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """(L, C) P(label | class) of votes that are right, and of votes that are wrong.

    The labels of one class share it equally; errors are spread evenly over the labels of the other
    classes, class by class. Where a class has no label, or all labels are its own, the two are
    alike: such votes say nothing.
    """

    right: Floats
    wrong: Floats

    @classmethod
    def of(cls, of_label: tuple[int, ...], C: int) -> Evidence:  # noqa: N803
        """`of_label` has the class of each label."""
        named = np.eye(C)[list(of_label)]
        labels = named.sum(axis=0)
        right = named / np.maximum(labels, 1)
        others = np.count_nonzero(labels) - (labels > 0)
        wrong = (1 - named) / (named @ labels)[:, None] / np.maximum(others, 1)
        right = np.where(labels > 0, right, wrong)
        return cls(right, np.where(others > 0, wrong, right))


@dataclass(frozen=True, eq=False, slots=True)
class Ballots:
    """Votes of n rows.

    right, wrong : (C, v) P(what was voted | class) of a right vote, and of a wrong one
    rater        : (v,)
    weight       : (v,) what a vote counts, None where all count 1
    row          : (v,) row of each vote, None in a full table
    sums         : (n, v) the weights, each in its row; None in a full table
    """

    right: Floats
    wrong: Floats
    rater: npt.NDArray[Any]
    n: int
    weight: Floats | None = None
    row: npt.NDArray[Any] | None = None
    sums: Any = None

    @classmethod
    def full(cls, cells: DenseSoft, evidence: Evidence) -> Ballots:
        """Of a table; a silent rater says the same of all classes, right or wrong."""
        n, J, L = cells.rows.shape  # noqa: N806
        mass = cells.rows.transpose(2, 1, 0).reshape(L, J * n)
        right, wrong = evidence.right.T @ mass, evidence.wrong.T @ mass
        weight: Floats | None = None
        if cells.silent is not None:
            silent = cells.silent.T.ravel()
            right[:, silent] = wrong[:, silent] = 1.0
            weight = np.asarray(1.0 - silent)
        return cls(right, wrong, np.repeat(np.arange(J), n), n, weight)

    @classmethod
    def listed(cls, cells: Cells | SparseSoft, evidence: Evidence) -> Ballots:
        """Of votes that are few among the pairs of rater and row, hard, weighted or repeated."""
        if isinstance(cells, SparseSoft):
            sums, rater = cells.of_item, cells.rater
            right, wrong = (one.T @ cells.mass.T for one in (evidence.right, evidence.wrong))
        else:
            entries = sparse.csr_array(cells.rows)
            rater, label = np.divmod(entries.indices, len(evidence.right))
            shape = (entries.shape[0], len(label))
            sums = sparse.csr_array((entries.data, np.arange(len(label)), entries.indptr), shape)
            right, wrong = (one.T[:, label] for one in (evidence.right, evidence.wrong))
        n = sums.shape[0]
        row = np.repeat(np.arange(n), np.diff(sums.indptr))
        # Memory in the order of the votes, class by class: numpy is slow along few classes.
        return cls(
            np.ascontiguousarray(right), np.ascontiguousarray(wrong), rater, n, sums.data, row, sums
        )

    def by_vote(self, rows: Floats) -> Floats:
        """(..., n) to (..., v): each vote has its row's."""
        if self.row is not None:
            return np.take(rows, self.row, axis=-1)
        return np.tile(rows, self.right.shape[1] // max(self.n, 1))

    def by_row(self, votes: Floats) -> Floats:
        """(C, v) to (C, n): weighted sums."""
        if self.sums is None:
            return np.asarray(votes.reshape(len(votes), -1, self.n).sum(axis=1))
        return np.stack([self.sums @ one for one in votes])

    def by_rater(self, votes: Floats, raters: int) -> Floats:
        """(v,) to (J,): weighted sums."""
        weighed = votes if self.weight is None else votes * self.weight
        return np.asarray(np.bincount(self.rater, weighed, raters), dtype=np.float64)


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """Some rows: their votes, made when they are asked for; items a row (n,), gold class (n,)."""

    ballots: Callable[[], Ballots]
    items: Floats
    fixed: npt.NDArray[Any]


def parts(layout: Layout, evidence: Evidence) -> list[Part]:
    """All rows of a layout. Full tables of soft votes are read anew each time, to save memory."""
    found = []
    for block in layout.blocks():
        start = 0
        for cells in _pieces(block):
            if isinstance(cells, DenseSoft):
                n = len(cells.rows)
                made: Callable[[], Ballots] = _again(cells, evidence)
            else:
                kept = Ballots.listed(cells, evidence)
                n, made = kept.n, _same(kept)
            here = slice(start, start + n)
            items = np.ones(n) if block.weight is None else block.weight[here]
            fixed = np.full(n, -1) if block.fixed is None else block.fixed[here]
            found.append(Part(made, items, fixed))
            start += n
    return found


def _pieces(block: Block) -> Any:
    """A block of patterns may hold very many rows."""
    if isinstance(block.cells, Cells) and sparse.issparse(block.cells.rows):
        return block.cells.blocks(BLOCK)
    return (block.cells,)


def _again(cells: DenseSoft, evidence: Evidence) -> Callable[[], Ballots]:
    return lambda: Ballots.full(cells, evidence)


def _same(kept: Ballots) -> Callable[[], Ballots]:
    return lambda: kept
