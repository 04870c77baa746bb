"""How alike judges vote: normal scores, each judge standardised, and their pairwise correlation.

Where i and j both voted, R_jk = sum z_ij z_ik / sqrt(sum z_ij^2 sum z_ik^2): pairwise complete,
so that R need not be positive definite when votes are missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from w2s_judge.aggregation.order_averaging import Opinions
from w2s_judge.arrays import Bools, Floats
from w2s_judge.calibration.normal_scores import normal_scores

DENSE = 0.125  # share of filled cells from which plain arrays are used: memory stays 8 V at most


@dataclass(frozen=True, eq=False, slots=True)
class Grid:
    """Standardised votes as matrices, plain or in compressed rows, whichever is smaller.

    z      : (I, J), 0 where there is no vote
    mask   : (I, J), 1 where there is one
    weight : (I, J), the vote's weight; the same object as `mask` where all are 1
    """

    z: Any
    mask: Any
    weight: Any

    @classmethod
    def of(cls, opinions: Opinions) -> Grid:
        """Lay out standardised opinions."""
        shape = (opinions.I, len(opinions.units))
        plain = len(opinions.item) >= DENSE * shape[0] * shape[1]

        def laid(value: Floats) -> Any:
            if plain:
                grid = np.zeros(shape)
                grid[opinions.item, opinions.unit] = value
                return grid
            return sparse.csr_array((value, (opinions.item, opinions.unit)), shape=shape)

        mask = laid(np.ones(len(opinions.item)))
        weighted = bool(np.any(opinions.weight != 1))
        return cls(laid(opinions.value), mask, laid(opinions.weight) if weighted else mask)

    def some(self, items: Any) -> Floats:
        """(n, J) standardised votes of some items (a slice or indices), as a plain array."""
        return plain_array(self.z[items])


def plain_array(grid: Any) -> Floats:
    """A matrix in whichever form as a plain array."""
    return np.asarray(grid.toarray() if sparse.issparse(grid) else grid)


def standardised(opinions: Opinions) -> tuple[Opinions, Bools]:
    """Normal scores within each unit, mean 0 and sd 1; (units,) True where a unit varies.

    Units that never vary keep zeros: there is nothing to learn from them.
    """
    z = np.zeros(len(opinions.item))
    order = np.argsort(opinions.unit, kind="stable")
    bounds = np.searchsorted(opinions.unit[order], np.arange(len(opinions.units) + 1))
    for u in range(len(opinions.units)):
        mine = order[bounds[u] : bounds[u + 1]]
        z[mine] = normal_scores(opinions.value[mine], np.sort(opinions.value[mine]))
    return scaled(replace(opinions, value=z))


def scaled(opinions: Opinions) -> tuple[Opinions, Bools]:
    """Each unit at mean 0 and sd 1, as `standardised`, without ranking."""
    units, size = opinions.unit, len(opinions.units)
    count = np.maximum(np.bincount(units, minlength=size), 1)
    mean = np.bincount(units, weights=opinions.value, minlength=size) / count
    z = opinions.value - mean[units]
    sd = np.sqrt(np.bincount(units, weights=z * z, minlength=size) / count)
    varies = sd > 1e-9
    return replace(opinions, value=z / np.where(varies, sd, np.inf)[units]), varies


def correlation(grid: Grid) -> tuple[Floats, Floats]:
    """Pairwise-complete correlation (J, J), 1 on the diagonal, and the overlaps (J, J).

    A pair without common items, or without variation on them, has 0.
    """
    product = plain_array(grid.z.T @ grid.z)
    squares = plain_array((grid.z * grid.z).T @ grid.mask)  # of j over the items shared with k
    norm = np.sqrt(squares * squares.T)
    R = np.divide(product, norm, out=np.zeros_like(product), where=norm > 1e-12)  # noqa: N806
    np.fill_diagonal(R, 1.0)
    return np.clip((R + R.T) / 2, -1, 1), plain_array(grid.mask.T @ grid.mask)
