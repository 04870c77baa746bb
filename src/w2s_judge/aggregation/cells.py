"""Votes as one sparse matrix, so that EM is two products and soft votes need no other path.

A row is an item, a column a cell (rater, label), an entry the mass that the rater put on the
label (times the vote's weight). With M (J*L, C) the logarithms of all confusion rows,
`project(M)` is every item's log-likelihood (I, C); with P (I, C) the posterior, `collect(P)` the
expected counts (J*L, C).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from w2s_judge.arrays import Floats
from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, eq=False, slots=True)
class Cells:
    """`rows` (I, J*L) and its transpose, both in compressed rows."""

    rows: Any
    columns: Any

    @classmethod
    def of(cls, votes: VoteMatrix) -> Cells:
        """Lay out votes; a vote counts its weight, 1 where there is none."""
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
        rows = entries.tocsr()
        return cls(rows, rows.T.tocsr())

    def project(self, logarithms: Floats) -> Floats:
        """(J*L, C) to (I, C)."""
        return np.asarray(self.rows @ logarithms)

    def collect(self, posterior: Floats) -> Floats:
        """(I, C) to (J*L, C)."""
        return np.asarray(self.columns @ posterior)
