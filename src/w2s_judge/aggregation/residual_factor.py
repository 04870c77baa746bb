"""What raters share beside a hidden number: the leading direction of their residuals.

Letters: I items, J raters, L levels, T nodes.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from w2s_judge.arrays import Floats
from w2s_judge.votes import VoteMatrix

FEWEST = 1e-9


def residual_loadings(votes: VoteMatrix, table: Floats, nodes: Floats, score: Floats) -> Floats:
    """(J,) leading eigenvector of the residual correlations, with mean square 1.

    A residual is the level voted less the one expected at the item's `score` (I,), by `table`
    (J, L, T), log P(level) at evenly spaced `nodes` (T,). Pairs of raters count by the items that
    both judged. Which way the vector points is no matter.
    """
    level = np.arange(votes.L, dtype=np.float64)
    expected = np.einsum("jlt,l->jt", np.exp(table), level)
    place = (score - nodes[0]) / (nodes[-1] - nodes[0]) * (len(nodes) - 1)
    left = np.clip(place.astype(np.int64), 0, len(nodes) - 2)
    share = np.clip(place - left, 0.0, 1.0)[votes.item]
    at, rater = left[votes.item], votes.rater
    meant = (1 - share) * expected[rater, at] + share * expected[rater, at + 1]
    voted = level[votes.label] if votes.label is not None else votes.soft() @ level
    residual = voted - meant
    shape = (votes.I, votes.J)
    rows = sparse.coo_array((residual, (votes.item, rater)), shape=shape).tocsr()
    judged = sparse.coo_array((np.ones(votes.V), (votes.item, rater)), shape=shape).tocsr()
    product = np.asarray((rows.T @ rows).todense())
    both = np.asarray((judged.T @ judged).todense())
    sd = np.sqrt(np.maximum(np.diag(product) / np.maximum(np.diag(both), 1), FEWEST))
    correlation = product / np.maximum(both, 1) / np.outer(sd, sd)
    np.fill_diagonal(correlation, 0.0)
    vector = np.linalg.eigh(correlation)[1][:, -1]
    return np.asarray(vector * np.sqrt(votes.J))
