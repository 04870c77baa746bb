"""Soft votes as evidence: the rater's label is not known, its mass says how probable each one is.

A vote with mass q by a rater with P(label l | class c) = theta_cl has the likelihood
sum_l q_l theta_cl (virtual evidence: Pearl 1988, section 2.2.2), of which a hard vote is the case
of one q_l = 1. The expected counts share a vote out over its labels by q_l theta_cl.

Why not the mass as fractional counts, with likelihood prod_l theta_cl^q_l: there a mild vote is
weak evidence for every class, however reliably it leans to the right one, and where the votes on an
item hold less than log C together, the likelihood is highest where all classes are alike. In
simulations with 5 and 12 raters whose masses lie about .6, that fit ended at the prior (accuracy
.5), this one at .95.

Letters: n rows, J raters, L vote labels, C truth classes, V votes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from w2s_judge.aggregation.cells import in_order
from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.votes import VoteMatrix

FILL = 1 / 3  # from this share of judged (item, rater) pairs on, no sparse matrix
LEAST = 1e-18  # likelihood of a vote that a class excludes
GROUP = 16  # so many likelihoods are multiplied before the logarithm: LEAST^16 is above 0


@dataclass(frozen=True, eq=False, slots=True)
class DenseSoft:
    """`rows` (n, J, L); `silent` (n, J) True where a rater is silent, None where none is."""

    rows: Floats
    silent: Bools | None = None

    @classmethod
    def of(cls, votes: VoteMatrix) -> DenseSoft | None:
        """The votes' own memory where they are complete and in order, else a copy.

        None for weighted votes, where too few pairs are judged, and where a rater voted twice on
        an item.
        """
        size = votes.I * votes.J
        if votes.mass is None or votes.weight is not None or not votes.V:
            return None
        if votes.V / size < FILL:
            return None
        shape = (votes.I, votes.J, votes.L)
        if in_order(votes):
            return cls(votes.mass.reshape(shape))
        cell = votes.item.astype(np.int64) * votes.J + votes.rater
        count = np.bincount(cell, minlength=size)
        if count.max() > 1:
            return None
        rows = np.zeros((size, votes.L))
        rows[cell] = votes.mass
        silent = count.reshape(votes.I, votes.J) == 0
        return cls(rows.reshape(shape), silent if silent.any() else None)

    def blocks(self, size: int) -> Iterator[DenseSoft]:
        """Runs of at most `size` rows, over the same memory."""
        for start in range(0, len(self.rows), size):
            here = slice(start, start + size)
            yield DenseSoft(self.rows[here], None if self.silent is None else self.silent[here])

    def project(self, logarithms: Floats) -> Floats:
        """(J*L, C) to (n, C)."""
        return np.asarray(self.rows.reshape(len(self.rows), -1) @ logarithms)

    def collect(self, posterior: Floats) -> Floats:
        """(n, C) to (J*L, C)."""
        return np.asarray(self.rows.reshape(len(self.rows), -1).T @ posterior)

    def likelihood(self, table: Floats) -> tuple[Floats, Any]:
        """(n, C) and the likelihoods (J, C, n) of the votes."""
        _, J, L = self.rows.shape  # noqa: N806
        by_class = self._given(table).reshape(J, L, -1).transpose(0, 2, 1)
        each = np.matmul(by_class, self.rows.transpose(1, 2, 0))
        if self.silent is not None:
            each.transpose(0, 2, 1)[self.silent.T] = 1.0
        score = np.log(np.multiply.reduce(each[:GROUP]))
        for start in range(GROUP, J, GROUP):
            score += np.log(np.multiply.reduce(each[start : start + GROUP]))
        return score.T, each

    def expected(self, posterior: Floats, table: Floats, passed: Any) -> Floats:
        """(J*L, C)."""
        shares = np.divide(posterior.T, passed, out=passed).transpose(0, 2, 1)
        counts = np.matmul(self.rows.transpose(1, 2, 0), shares)
        return np.asarray(counts.reshape(table.shape) * self._given(table))

    @staticmethod
    def _given(table: Floats) -> Floats:
        """Probabilities; as a mass sums to 1, no vote is then less likely than `LEAST`."""
        return np.maximum(np.exp(table), LEAST)


@dataclass(frozen=True, eq=False, slots=True)
class SparseSoft:
    """Votes in the order of their items.

    mass (V, L), rater (V,); of_item (n, V) has each vote's weight in its item's row; of_rater
    (J, V) has 1 in its rater's.
    """

    mass: Floats
    rater: Ints
    of_item: Any
    of_rater: Any

    @classmethod
    def of(cls, votes: VoteMatrix) -> SparseSoft:
        """Sorted by item."""
        order = np.argsort(votes.item, kind="stable")
        weight = np.ones(votes.V) if votes.weight is None else votes.weight[order]
        pointer = np.concatenate([[0], np.cumsum(votes.support, dtype=np.int64)])
        return cls.build(votes.soft()[order], votes.rater[order], weight, pointer, votes.J)

    @classmethod
    def build(
        cls,
        mass: Floats,
        rater: Ints,
        weight: Floats,
        pointer: npt.NDArray[np.int64],
        J: int,  # noqa: N803
    ) -> SparseSoft:
        """From votes sorted by item, item k's being pointer[k] .. pointer[k + 1]."""
        at = np.arange(len(rater))
        of_item = sparse.csr_array((weight, at, pointer), shape=(len(pointer) - 1, len(rater)))
        of_rater = sparse.csr_array((np.ones(len(rater)), (rater, at)), shape=(J, len(rater)))
        return cls(mass, rater, of_item, of_rater)

    def blocks(self, size: int) -> Iterator[SparseSoft]:
        """Runs of at most `size` items."""
        whole = self.of_item
        for start in range(0, whole.shape[0], size):
            pointer = whole.indptr[start : start + size + 1]
            here = slice(pointer[0], pointer[-1])
            yield SparseSoft.build(
                self.mass[here], self.rater[here], whole.data[here], pointer - pointer[0],
                self.of_rater.shape[0],
            )  # fmt: skip

    def project(self, logarithms: Floats) -> Floats:
        """(J*L, C) to (n, C)."""
        return np.asarray(self.of_item @ self._by_label(logarithms))

    def collect(self, posterior: Floats) -> Floats:
        """(n, C) to (J*L, C)."""
        return self._by_rater(self.of_item.T @ posterior)

    def likelihood(self, table: Floats) -> tuple[Floats, Any]:
        """(n, C) and the likelihoods (V, C) of the votes."""
        each = np.maximum(self._by_label(np.exp(table)), LEAST)
        return np.asarray(self.of_item @ np.log(each)), each

    def expected(self, posterior: Floats, table: Floats, passed: Any) -> Floats:
        """(J*L, C)."""
        return self._by_rater((self.of_item.T @ posterior) / passed) * np.exp(table)

    def _by_label(self, table: Floats) -> Floats:
        """(V, C) sums over the labels of mass times the rater's line of the table."""
        lines = table.reshape(-1, self.mass.shape[1], table.shape[1])
        total = np.zeros((len(self.mass), table.shape[1]))
        for k in range(self.mass.shape[1]):
            total += self.mass[:, k, None] * lines[self.rater, k]
        return total

    def _by_rater(self, each: Floats) -> Floats:
        """(J*L, C) sums over a rater's votes of mass times `each` (V, C)."""
        lines = [self.of_rater @ (self.mass[:, k, None] * each) for k in range(self.mass.shape[1])]
        return np.stack(lines, axis=1).reshape(-1, each.shape[1])


def soft(votes: VoteMatrix) -> DenseSoft | SparseSoft:
    """Soft votes as a plain array where nearly all pairs are judged, else as a list."""
    dense = DenseSoft.of(votes)
    return SparseSoft.of(votes) if dense is None else dense
