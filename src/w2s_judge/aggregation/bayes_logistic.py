"""Logistic regressions with Gaussian priors, many at once: MAP, Laplace evidence, predictive.

MAP by Newton steps (iteratively reweighted least squares) with step halving; evidence and
predictive as MacKay (1992), eqs. 2.4 and 4.2, and Bishop (2006), eqs. 4.137 and 4.153.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from w2s_judge.arrays import Floats

TOL, MOST, HALVINGS = 1e-9, 100, 30
BLOCK = 4096  # items predicted at once: memory stays BLOCK x features


@dataclass(frozen=True, eq=False, slots=True)
class Regressions:
    """H regressions on the same P features.

    coefficients : (H, P) MAP
    root         : (H, P, P) R with R R' = inverse Hessian, the posterior covariance
    evidence     : (H,) Laplace's approximation of log P(labels | prior)
    """

    coefficients: Floats
    root: Floats
    evidence: Floats
    iterations: int
    converged: bool

    def predict(self, X: Floats, weight: Floats) -> Floats:  # noqa: N803
        """(n,) P(label = 1) at rows X (n, P), averaged over regressions with `weight` (H,)."""
        p = np.zeros(len(X))
        for start in range(0, len(X), BLOCK):
            rows = X[start : start + BLOCK]
            for h in np.flatnonzero(weight > 0):
                spread = rows @ self.root[h]
                variance = np.einsum("np,np->n", spread, spread)
                flat = np.sqrt(1 + math.pi / 8 * variance)
                p[start : start + BLOCK] += weight[h] * expit(rows @ self.coefficients[h] / flat)
        return p


def regressions(
    X: Floats,  # noqa: N803
    label: Floats,
    mean: Floats,
    sd: Floats,
    weight: Floats | None = None,
) -> Regressions:
    """Fit logit P(label = 1) = X b under b ~ Normal(mean, diag sd^2), for each row of mean, sd.

    X (n, P), label (n,) in {0, 1}, mean and sd (H, P), weight (n,) of the labels (None: 1 each).
    """
    w = np.ones(len(X)) if weight is None else weight
    precision = 1 / sd**2
    sign = 2 * label - 1

    def objective(b: Floats) -> Floats:
        fit = -np.logaddexp(0, -(b @ X.T) * sign) @ w
        return np.asarray(fit - 0.5 * (precision * (b - mean) ** 2).sum(axis=1))

    b, value = mean.copy(), objective(mean)
    moved = np.inf
    for count in range(1, MOST + 1):
        p = expit(b @ X.T)
        gradient = (w * (label - p)) @ X - precision * (b - mean)
        step = np.linalg.solve(_hessian(X, w * p * (1 - p), precision), gradient[:, :, None])
        b, value, moved = _climb(objective, b, value, step[:, :, 0])
        if moved < TOL:
            break
    p = expit(b @ X.T)
    lower = np.linalg.cholesky(_hessian(X, w * p * (1 - p), precision))
    root = np.swapaxes(np.linalg.inv(lower), 1, 2)
    determinant = np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    evidence = value + 0.5 * np.log(precision).sum(axis=1) - determinant
    return Regressions(b, root, np.asarray(evidence), count, moved < TOL)


def _hessian(X: Floats, curvature: Floats, precision: Floats) -> Floats:  # noqa: N803
    """(H, P, P) minus the second derivative of the log posterior."""
    H, P = precision.shape  # noqa: N806
    found = np.empty((H, P, P))
    for h in range(H):
        found[h] = (X.T * curvature[h]) @ X
        found[h][np.diag_indices(P)] += precision[h]
    return found


def _climb(
    objective: Callable[[Floats], Floats], b: Floats, value: Floats, step: Floats
) -> tuple[Floats, Floats, float]:
    """Take the step, halved where it would lower the objective; also the largest move."""
    length = np.ones(len(b))
    for _ in range(HALVINGS):
        new = b + length[:, None] * step
        found = objective(new)
        worse = found < value - 1e-12 * np.maximum(np.abs(value), 1)
        if not worse.any():
            break
        length[worse] /= 2
    new = np.where(worse[:, None], b, new)
    return new, np.where(worse, value, found), float(np.abs(new - b).max(initial=0.0))
