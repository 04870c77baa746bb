"""Maximum-likelihood factors with missing votes: how many, their loadings, their scores.

Number: parallel analysis (Horn 1965) at the 95 % quantile (Glorfeld 1995). Loadings: the fixed
point of Joereskog (1967), eqs. 16-20. Rotation: raw varimax (Kaiser 1958), without Kaiser's row
normalisation: that would let judges who share little with the others turn the axes as much as
the good ones. Scores: the posterior mean given the votes that are there (Thomson 1951).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from w2s_judge.aggregation.correlation import Grid, plain_array
from w2s_judge.arrays import Floats

FLOOR = 0.03  # least uniqueness: no judge is taken for the truth itself (a Heywood case)
DRAWS, QUANTILE = 50, 0.95  # of parallel analysis
NOTHING = 1e-5  # loadings below are rounding


@dataclass(frozen=True, eq=False, slots=True)
class Loadings:
    """A model z_j = sum_k A_jk F_k + noise of variance psi_j; F standard normal, independent.

    matrix     : (J, k), columns with a positive sum, the heaviest first
    uniqueness : (J,) psi
    """

    matrix: Floats
    uniqueness: Floats
    iterations: int
    converged: bool

    @property
    def strength(self) -> Floats:
        """(k,) sum of squared loadings of each factor."""
        return np.asarray((self.matrix**2).sum(axis=0))


def factor_count(R: Floats, overlap: Floats, most: int, seed: int) -> int:  # noqa: N803
    """Leading eigenvalues of R above the 95 % quantile of those of judges who share nothing.

    The judges who share nothing are drawn as normal votes on as many items as a pair shares (the
    harmonic mean), so that the count depends on neither the items' nor the judges' order. At
    least 1; at most `most`, and what J judges identify (Ledermann 1937).
    """
    J = len(R)  # noqa: N806
    cap = max(1, min(most, int((2 * J + 1 - math.sqrt(8 * J + 1)) / 2)))
    if cap == 1:
        return 1
    null = np.array([_eigenvalues(drawn, cap) for drawn in null_correlations(overlap, seed)])
    above = _eigenvalues(R, cap) > np.quantile(null, QUANTILE, axis=0)
    return max(1, cap if above.all() else int(np.argmin(above)))


def null_correlations(overlap: Floats, seed: int) -> Iterator[Floats]:
    """Correlations (J, J) of judges who share nothing, on as many items as a pair shares.

    That many is the harmonic mean of the pairs' overlaps (J, J).
    """
    pairs = overlap[np.triu_indices(len(overlap), 1)]
    shared = max(2, round(len(pairs) / float(np.sum(1 / np.maximum(pairs, 1)))))
    rng = np.random.default_rng(seed)
    for _ in range(DRAWS):
        yield _null(rng, shared, len(overlap))


def _null(rng: np.random.Generator, n: int, J: int) -> Floats:  # noqa: N803
    """Correlation of J independent normal columns of n rows, by Bartlett's decomposition."""
    if n <= J + 1:
        votes = rng.standard_normal((n, J))
        product = votes.T @ votes
    else:
        root = np.tril(rng.standard_normal((J, J)), -1)
        root[np.diag_indices(J)] = np.sqrt(rng.chisquare(n - 1 - np.arange(J)))
        product = root @ root.T
    sd = np.sqrt(np.diag(product))
    return np.asarray(product / np.outer(sd, sd))


def _eigenvalues(R: Floats, count: int) -> Floats:  # noqa: N803
    """The largest `count` eigenvalues, descending."""
    J = len(R)  # noqa: N806
    found = linalg.eigh(R, eigvals_only=True, subset_by_index=(J - count, J - 1))
    return np.asarray(found[::-1])


def maximum_likelihood(
    R: Floats,  # noqa: N803
    k: int,
    *,
    noise: Floats | None = None,
    tol: float = 1e-7,
    most: int = 10_000,
) -> Loadings:
    """Unrotated loadings: psi goes half-way to 1 - communality until no psi moves by `tol`.

    `noise` (J, J): the correlation of the noise, where it is known; None: independent.
    """
    J = len(R)  # noqa: N806
    half = None if noise is None else np.linalg.cholesky(noise)
    whiten = None if half is None else np.linalg.inv(half)
    psi = np.full(J, 0.5)
    matrix = np.zeros((J, k))
    moved = np.inf
    for count in range(1, most + 1):
        root = np.sqrt(psi)
        whole = R / np.outer(root, root)
        if whiten is not None:
            whole = whiten @ whole @ whiten.T
        value, vector = linalg.eigh(whole, subset_by_index=(J - k, J - 1))
        value, vector = value[::-1], vector[:, ::-1]
        if half is not None:
            vector = half @ vector
        matrix = root[:, None] * vector * np.sqrt(np.maximum(value - 1, 0))
        new = np.clip(1 - (matrix**2).sum(axis=1), FLOOR, 1.0)
        moved = float(np.abs(new - psi).max())
        psi = (psi + new) / 2
        if moved < tol:
            break
    return Loadings(matrix, psi, count, moved < tol)


def varimax(matrix: Floats, sweeps: int = 200) -> Floats:
    """Raw varimax of loadings (J, k): plane by plane, each at its best angle (Kaiser 1958).

    Columns come back with a positive sum, the heaviest first.
    """
    turned = matrix.copy()
    k = turned.shape[1]
    for _ in range(sweeps):
        largest = 0.0
        for a in range(k):
            for b in range(a + 1, k):
                angle = _best_angle(turned[:, a], turned[:, b])
                c, s = math.cos(angle), math.sin(angle)
                turned[:, [a, b]] = turned[:, [a, b]] @ np.array([[c, -s], [s, c]])
                largest = max(largest, abs(angle))
        if largest < 1e-10:
            break
    turned = turned * np.where(turned.sum(axis=0) < 0, -1.0, 1.0)
    return np.asarray(turned[:, np.argsort(-(turned**2).sum(axis=0), kind="stable")])


def _best_angle(x: Floats, y: Floats) -> float:
    """The rotation of a pair of columns that makes the variance of squared loadings largest."""
    u, v, J = x * x - y * y, 2 * x * y, len(x)  # noqa: N806
    top = 2 * (u @ v - u.sum() * v.sum() / J)
    bottom = u @ u - v @ v - (u.sum() ** 2 - v.sum() ** 2) / J
    if math.hypot(top, bottom) < 1e-14:
        return 0.0
    return math.atan2(top, bottom) / 4


def rotated(loadings: Loadings) -> Loadings:
    """The same model on raw varimax axes, without the columns that say nothing.

    A column on which one judge alone loads is not shared, and one whose loadings cancel has no
    direction: either would depend on the order of the judges. They are set to 0, at the end.
    """
    turned = varimax(loadings.matrix)
    size = np.sort(np.abs(turned), axis=0)
    shared = size[-2] > NOTHING if len(size) > 1 else np.zeros(turned.shape[1], dtype=bool)
    directed = np.abs(turned.sum(axis=0)) > NOTHING * np.maximum(size.sum(axis=0), 1)
    turned = np.where(shared & directed, turned, 0.0)
    turned = turned[:, np.argsort(-(turned**2).sum(axis=0), kind="stable")]
    return Loadings(turned, loadings.uniqueness, loadings.iterations, loadings.converged)


def equal_loadings(J: int) -> Loadings:  # noqa: N803
    """All judges alike on one factor: where there is too little to estimate loadings from."""
    return Loadings(np.full((J, 1), math.sqrt(0.5)), np.full(J, 0.5), 0, True)


def factor_scores(grid: Grid, loadings: Loadings) -> Floats:
    """(I, k) scores, each column at mean 0 and sd 1; an item without a vote has 0 before that.

    F_i = (I + sum_j w_ij A_j A_j' / psi_j)^-1 sum_j w_ij A_j z_ij / psi_j over the votes there
    are, w a vote's weight.
    """
    A, k = loadings.matrix, loadings.matrix.shape[1]  # noqa: N806
    scaled = A / loadings.uniqueness[:, None]
    outer = (A[:, :, None] * scaled[:, None, :]).reshape(len(A), k * k)
    precision = plain_array(grid.weight @ outer).reshape(-1, k, k) + np.eye(k)
    weighted = grid.z if grid.weight is grid.mask else grid.z * grid.weight
    raw = np.linalg.solve(precision, plain_array(weighted @ scaled)[:, :, None])[:, :, 0]
    voted = plain_array(grid.mask.sum(axis=1)).ravel() > 0
    if not voted.any():
        return np.zeros_like(raw)
    mean, sd = raw[voted].mean(axis=0), raw[voted].std(axis=0)
    scores = np.where(voted[:, None], raw - mean, 0.0)
    return np.asarray(scores / np.where(sd > 1e-9, sd, np.inf))
