"""Judges' correlations as few direct links and few hidden factors: a convex program, by ADMM.

The precision matrix of votes that share hidden factors is S - L: S, the precision given the
factors, has an entry where two judges repeat each other directly; L >= 0, what the factors take
away, has as many dimensions as there are factors (Chandrasekaran, Parrilo and Willsky 2012, with
the log-likelihood). With the quadratic D-trace loss (Zhang and Zou 2014, eq. 8), as in CARE (arXiv
2603.00039; form from memory):

    min  1/2 tr(R Sigma R) - tr R + links sum_{j != k} |S_jk| + factors tr L,   R = S - L, L >= 0.

S's diagonal is not penalised: it is no link. Two-block ADMM (Boyd et al. 2011, section 3) with
over-relaxation; the joint step in S and L is a few linearised ones, each in closed form.
Letters: J judges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from w2s_judge.aggregation.factor_analysis import FLOOR, QUANTILE, null_correlations
from w2s_judge.arrays import Floats

# Chosen for few iterations on simulated panels of 8 to 200 judges; the solution is the same.
RHO, RELAXED, INNER = 0.2, 1.6, 3
HALF = 0.5  # step of a linearised move: S and L enter the same residual
TINY = 1e-9  # entries and eigenvalues below are zero


@dataclass(frozen=True, slots=True)
class Penalties:
    """What a link (an entry off S's diagonal) and a factor (a dimension of L) cost."""

    links: float
    factors: float


@dataclass(frozen=True, eq=False, slots=True)
class SparseLowRank:
    """The solution.

    sparse    : S (J, J), symmetric
    low_rank  : L (J, J), positive semidefinite
    dual      : (J, J) scaled dual variable, to go on from
    """

    sparse: Floats
    low_rank: Floats
    dual: Floats
    iterations: int
    converged: bool

    @property
    def links(self) -> list[tuple[int, int, float]]:
        """(j, k, partial correlation given the factors) of linked judges, the strongest first."""
        root = np.sqrt(np.diag(self.sparse))
        partial = -np.triu(self.sparse, 1) / np.outer(root, root)
        found = [
            (int(j), int(k), float(partial[j, k])) for j, k in np.argwhere(abs(partial) > TINY)
        ]
        return sorted(found, key=lambda link: -abs(link[2]))

    @property
    def rank(self) -> int:
        """Number of factors."""
        return int((linalg.eigvalsh(self.low_rank) > TINY).sum())


def penalties_by_chance(overlap: Floats, seed: int) -> Penalties:
    """The smallest penalties that give judges who share nothing no link, and no factor.

    Each in 95 % of draws, by the optimality conditions at S = I, L = 0: a link costs the largest
    chance correlation, a factor the largest chance eigenvalue above 1. They need no labels, where
    CARE picks its own on labelled items. `overlap` (J, J): items a pair shares.
    """
    link, factor = [], []
    for drawn in null_correlations(overlap, seed):
        off = drawn - np.eye(len(drawn))
        link.append(float(np.abs(off).max()))
        factor.append(float(linalg.eigvalsh(off)[-1]))
    return Penalties(float(np.quantile(link, QUANTILE)), float(np.quantile(factor, QUANTILE)))


def definite(R: Floats) -> Floats:  # noqa: N803
    """R, drawn towards the identity as far as its least eigenvalue asks for.

    Pairwise-complete correlations need not be positive definite, and copies are singular.
    """
    least = float(linalg.eigvalsh(R)[0])
    if least >= FLOOR:
        return R
    share = (FLOOR - least) / (1 - least)
    return np.asarray((1 - share) * R + share * np.eye(len(R)))


def sparse_low_rank(
    sigma: Floats,
    cost: Penalties,
    start: SparseLowRank | None = None,
    *,
    tol: float = 1e-7,
    most: int = 5000,
) -> SparseLowRank:
    """Solve the program for a positive definite correlation (J, J).

    It has converged where neither S - L nor the constraint R = S - L moves by `tol`.
    """
    J = len(sigma)  # noqa: N806
    value, axes = linalg.eigh(sigma)
    scale = (value[:, None] + value) / 2 + RHO
    S, L, dual = np.eye(J), np.zeros((J, J)), np.zeros((J, J))  # noqa: N806
    if start is not None:
        S, L, dual = start.sparse, start.low_rank, start.dual  # noqa: N806
    converged = False
    for count in range(1, most + 1):
        target = np.eye(J) + RHO * (S - L - dual)
        R = axes @ ((axes.T @ target @ axes) / scale) @ axes.T  # noqa: N806
        relaxed = RELAXED * R + (1 - RELAXED) * (S - L)
        moved = 0.0
        for _ in range(INNER):
            gap = relaxed - S + L + dual
            new_S = _fewer_links(S + HALF * gap, HALF * cost.links / RHO)  # noqa: N806
            new_L = _fewer_factors(L - HALF * gap, HALF * cost.factors / RHO)  # noqa: N806
            moved = float(max(np.abs(new_S - S).max(), np.abs(new_L - L).max()))
            S, L = new_S, new_L  # noqa: N806
        dual = dual + relaxed - S + L
        if moved < tol and float(np.abs(R - S + L).max()) < tol:
            converged = True
            break
    return SparseLowRank(S, L, dual, count, converged)


def _fewer_links(S: Floats, cost: float) -> Floats:  # noqa: N803
    """Soft threshold off the diagonal."""
    kept = np.sign(S) * np.maximum(np.abs(S) - cost, 0)
    np.fill_diagonal(kept, np.diag(S))
    return np.asarray((kept + kept.T) / 2)


def _fewer_factors(L: Floats, cost: float) -> Floats:  # noqa: N803
    """Soft threshold of the eigenvalues."""
    value, axes = linalg.eigh((L + L.T) / 2)
    kept = np.maximum(value - cost, 0)
    there = kept > 0
    return np.asarray((axes[:, there] * kept[there]) @ axes[:, there].T)
