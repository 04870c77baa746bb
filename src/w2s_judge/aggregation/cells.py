"""Votes as one sparse matrix, so that EM is two products.

A row is an item (or a pattern of votes that several items share), a column a cell (rater, label),
an entry the mass that the rater put on the label, times the vote's weight. With M (J*L, C) the
logarithms of all confusion rows, `project(M)` is every row's log-likelihood (n, C); with P (n, C)
the posterior, `collect(P)` the expected counts (J*L, C).

Letters: n rows, J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import sparse

from w2s_judge.arrays import Floats
from w2s_judge.votes import VoteMatrix


class Table(Protocol):
    """Rows of votes, whatever holds them. `table` is (J*L, C), log P(label | class)."""

    def blocks(self, size: int) -> Iterator[Table]:
        """Runs of at most `size` rows."""

    def project(self, logarithms: Floats) -> Floats:
        """(J*L, C) to (n, C): sums over a row's votes."""

    def collect(self, posterior: Floats) -> Floats:
        """(n, C) to (J*L, C): sums over the rows that voted so."""

    def likelihood(self, table: Floats) -> tuple[Floats, Any]:
        """(n, C) log P(votes | class), and what `expected` needs of this pass."""

    def expected(self, posterior: Floats, table: Floats, passed: Any) -> Floats:
        """(J*L, C) expected counts of the labels voted, by class."""


@dataclass(frozen=True, eq=False, slots=True)
class Cells:
    """`rows` (n, J*L) in compressed rows, and `columns`, its transpose over the same memory.

    A plain matrix will do for both, but has no `blocks`. Products are `dot`: on small plain
    matrices it is quicker than `@`.
    """

    rows: Any
    columns: Any

    @classmethod
    def of(cls, votes: VoteMatrix) -> Cells:
        """Lay out votes, one row an item; a vote counts its weight, 1 where there is none."""
        shape = (votes.I, votes.J * votes.L)
        weight = np.ones(votes.V) if votes.weight is None else votes.weight
        if votes.label is not None:
            cell = votes.rater.astype(np.int64) * votes.L + votes.label
            entries = sparse.coo_array((weight, (votes.item, cell)), shape=shape)
        else:
            cell = votes.rater[:, None].astype(np.int64) * votes.L + np.arange(votes.L)
            item = np.repeat(votes.item, votes.L)
            mass = (votes.soft() * weight[:, None]).ravel()
            entries = sparse.coo_array((mass, (item, cell.ravel())), shape=shape)
        return cls.from_rows(entries.tocsr())

    @classmethod
    def from_rows(cls, rows: Any) -> Cells:
        """From a matrix."""
        return cls(rows, rows.T)

    def blocks(self, size: int) -> Iterator[Cells]:
        """Runs of at most `size` rows, over the same memory."""
        matrix = self.rows
        for start in range(0, matrix.shape[0], size):
            pointer = matrix.indptr[start : start + size + 1]
            held = slice(pointer[0], pointer[-1])
            yield Cells.from_rows(
                sparse.csr_array(
                    (matrix.data[held], matrix.indices[held], pointer - pointer[0]),
                    shape=(len(pointer) - 1, matrix.shape[1]),
                )
            )

    def project(self, logarithms: Floats) -> Floats:
        """(J*L, C) to (n, C)."""
        return np.asarray(self.rows.dot(logarithms))

    def collect(self, posterior: Floats) -> Floats:
        """(n, C) to (J*L, C)."""
        return np.asarray(self.columns.dot(posterior))

    def likelihood(self, table: Floats) -> tuple[Floats, Any]:
        """`project`: a vote counts as often as it weighs."""
        return self.project(table), None

    def expected(self, posterior: Floats, table: Floats, passed: Any) -> Floats:
        """`collect`: what was voted is known."""
        return self.collect(posterior)


def in_order(votes: VoteMatrix) -> bool:
    """Whether every rater voted once on every item, item after item, raters in their order."""
    if votes.V != votes.I * votes.J or not votes.V:
        return False
    # Along the votes, not by rows of J: numpy is slow where the innermost axis is short.
    item, rater, J = votes.item, votes.rater, votes.J  # noqa: N806
    if item[:J].any() or not np.array_equal(rater[:J], np.arange(J)):
        return False
    return np.array_equal(rater[J:], rater[:-J]) and bool((item[J:] - item[:-J] == 1).all())
