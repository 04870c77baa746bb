"""Tables of pairs of raters, for the test whether they err independently."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from w2s_judge.aggregation.cells import Cells, in_order
from w2s_judge.aggregation.patterns import Patterns
from w2s_judge.arrays import Floats
from w2s_judge.calibration.independence import PairTables
from w2s_judge.votes import VoteMatrix


def pair_tables(votes: VoteMatrix, posterior: Floats) -> PairTables:
    """Tables of all pairs beside a posterior (I, C); weights of votes play no part."""
    J, L, C = votes.J, votes.L, posterior.shape[1]  # noqa: N806
    mass, items, classes = _rows(replace(votes, weight=None), posterior)
    weighed = mass.multiply(items[:, None]) if sparse.issparse(mass) else mass * items[:, None]
    together = mass.T @ weighed
    squares = (mass.multiply(weighed) if sparse.issparse(mass) else mass * weighed).sum(axis=0)
    return PairTables(
        np.asarray(together.toarray() if sparse.issparse(together) else together).reshape(
            J, L, J, L
        ),
        np.asarray(squares).reshape(J, L),
        np.asarray(mass.T @ classes).reshape(J, L, C),
        classes.sum(axis=0) / max(items.sum(), 1.0),
    )


def _rows(votes: VoteMatrix, posterior: Floats) -> tuple[Any, Floats, Floats]:
    """Mass (n, J*L), items (n,) and summed posterior (n, C) of rows of votes.

    Identical rows of hard votes are one; silent items weigh nothing.
    """
    patterns = Patterns(votes.J, votes.L)
    code = patterns.codes(votes, None)
    if code is not None:
        rows, items, position = patterns.counted(code)
        block = patterns.block(rows, items)
        spoken = np.ones(len(rows)) if block.weight is None else block.weight
        classes = np.zeros((len(rows), posterior.shape[1]))
        for c, column in enumerate(posterior.T):
            classes[:, c] = np.bincount(position, weights=column, minlength=len(rows))
        classes[spoken <= 0] = 0.0
        return _plain(block.cells), spoken, classes
    heard = (votes.support > 0).astype(np.float64)
    if votes.mass is not None and in_order(votes):
        return votes.mass.reshape(votes.I, votes.J * votes.L), heard, posterior
    return Cells.of(votes).rows, heard, posterior * heard[:, None]


def _plain(cells: Any) -> Any:
    """The matrix behind the votes of a block of patterns."""
    if not isinstance(cells, Cells):
        raise TypeError("patterns are laid out as cells")
    return cells.rows
