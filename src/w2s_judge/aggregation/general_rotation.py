"""Rotation to one general factor and group factors that few judges share.

The bifactor idea of Jennrich and Bentler (2011), with their quartic criterion replaced by the sum
of absolute loadings on the group factors: all but the first column are to be sparse, the first is
free. It finds a trait that all judges have beside a style that only some have, where varimax, which
wants every judge on one axis alone, splits the trait between the two.
"""

from __future__ import annotations

import math

import numpy as np

from w2s_judge.arrays import Floats

SMOOTH = 0.05  # |b| is sqrt(b^2 + .05^2): a loading below sampling error is as good as none
ZOOMS = ((90.0, 181), (1.0, 41), (0.05, 41))  # half-width in degrees and points of each search
SWEEPS = 50


def general_rotation(matrix: Floats) -> Floats:
    """Loadings (J, k) with the general factor first; columns have positive sums.

    Plane by plane, each at its best angle, starting from the axes given.
    """
    turned = matrix.copy()
    k = turned.shape[1]
    for _ in range(SWEEPS):
        largest = 0.0
        for a in range(k):
            for b in range(a + 1, k):
                angle = _best_angle(turned[:, a], turned[:, b], both=a > 0)
                turned[:, a], turned[:, b] = _turn(turned[:, a], turned[:, b], angle)
                largest = max(largest, abs(math.sin(angle)))
        if largest < 1e-3:
            break
    return np.asarray(turned * np.where(turned.sum(axis=0) < 0, -1.0, 1.0))


def _turn(x: Floats, y: Floats, angle: float) -> tuple[Floats, Floats]:
    c, s = math.cos(angle), math.sin(angle)
    return c * x + s * y, c * y - s * x


def _best_angle(x: Floats, y: Floats, *, both: bool) -> float:
    """The angle in (-90, 90] degrees at which y, or both, are sparsest."""
    best = 0.0
    for width, points in ZOOMS:
        angle = best + np.radians(np.linspace(-width, width, points))
        c, s = np.cos(angle), np.sin(angle)
        cost = _size(np.outer(y, c) - np.outer(x, s))
        if both:
            cost = cost + _size(np.outer(x, c) + np.outer(y, s))
        best = float(angle[np.argmin(cost)])
    return best


def _size(loadings: Floats) -> Floats:
    return np.asarray(np.sqrt(loadings**2 + SMOOTH**2).sum(axis=0))
