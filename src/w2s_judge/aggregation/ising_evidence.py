"""What coupled votes say of the class, and why it is not their pseudo-likelihood.

An Ising model P(x | y) = exp(h_y x + x' W_y x / 2) / Z_y has the log-odds (Balasubramanian,
Podkopaev and Kasiviswanathan, arXiv 2601.22336)

    log P(x | 1) / P(x | 0)  =  (h_1 - h_0) x + x' (W_1 - W_0) x / 2 + constant

quadratic in the votes, of which pseudo-likelihood regressions give h and W. In the pseudo-
likelihood itself each coupling counts twice, once for each end. EM on it runs to classes that
explain the couplings: on simulated panels, even of independent votes, it ended at accuracy .5 for
all but the strongest ridge, and the energy never did. So the energy is the default.

The constant hangs on the partition functions Z. To first order in the couplings it is that of
independent votes; what is left is set so that the mean posterior comes near the prior, and grows
with the pairs of coupled raters that voted on a row. Silence counts as a vote at the class's mean,
which is right to first order.

Letters: n rows, J raters, A coupled raters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import brentq
from scipy.special import expit

from w2s_judge.aggregation.couplings import Couplings, Rows
from w2s_judge.arrays import Floats

FARTHEST = 1e3  # from 0, of the constant
LEAST = 1e-18  # likelihood of a vote that a class excludes


def independent_votes(value: Any, count: Any, means: Floats) -> Floats:
    """(n,) log-likelihood of votes (n, J), plain or in compressed rows; `means` (J,) of the class.

    A soft vote is evidence of which the mass is known, as in `soft_cells`.
    """
    if not sparse.issparse(value):
        return np.asarray(
            np.sum(count * np.log(np.maximum((1 + value * means) / 2, LEAST)), axis=1)
        )
    each = count.data * np.log(np.maximum((1 + value.data * means[value.indices]) / 2, LEAST))
    row = np.repeat(np.arange(value.shape[0]), np.diff(value.indptr))
    return np.bincount(row, each, minlength=value.shape[0]).astype(np.float64)


def energy(rows: Rows, couplings: Couplings, base: Floats, prior: float) -> Floats:
    """(n,) log-odds of the second class; `base` (n,) is what other raters say."""
    logit = base + np.log(prior) - np.log1p(-prior)
    for y, sign in enumerate((-1.0, 1.0)):
        weights = couplings.weights[y]
        votes = rows.centred(couplings.means[y])[:, :-1]
        pairs = np.einsum("ij,ij->i", votes @ weights[:, :-1].T, votes) / 4
        logit += sign * pairs
        means = np.tanh(weights[:, -1] / 2)
        logit += sign * independent_votes(rows.vote, rows.count, means)
    return np.asarray(logit + _constant(rows, logit, prior))


def pseudo_likelihood(rows: Rows, couplings: Couplings, base: Floats, prior: float) -> Floats:
    """(n,) log-odds of the second class if the conditional likelihoods are multiplied."""
    logit = base + np.log(prior) - np.log1p(-prior)
    for y, sign in enumerate((-1.0, 1.0)):
        score = rows.centred(couplings.means[y]) @ couplings.weights[y].T
        each = np.log(np.maximum((1 + rows.vote * np.tanh(score / 2)) / 2, LEAST))
        logit += sign * np.sum(rows.count * each, axis=1)
    return np.asarray(logit)


def _constant(rows: Rows, logit: Floats, prior: float) -> Floats:
    """(n,) what the partition functions add.

    The mode of a normal prior of sd 1 times the chance of the mean posterior, were it the share of
    as many independent draws from the prior: few items, or items that are sure, say little.
    """
    voted = np.count_nonzero(rows.count, axis=1)
    pairs = voted * (voted - 1.0)
    most = pairs.max(initial=0.0)
    if most == 0:
        return np.zeros(len(logit))
    part = pairs / most
    held = rows.items * part
    size = max(float(held.sum()), 1e-300)

    def slope(constant: float) -> float:
        second = expit(logit + constant * part)
        bend = float(held @ (second * (1 - second))) / size
        return float(held @ (second - prior)) * bend / (prior * (1 - prior)) + constant

    return np.asarray(part * float(brentq(slope, -FARTHEST, FARTHEST, xtol=1e-9)))
