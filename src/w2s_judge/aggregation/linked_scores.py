"""Factor scores where the noise of some judges is correlated: each item by the votes it has.

With loadings A and noise covariance N, the posterior mean of the factors given the votes z of the
judges who voted (Thomson 1951, for a noise that is not diagonal):

    E[F | z] = (I + A' N^-1 A)^-1 A' N^-1 z,     A and N of these judges alone.

A vote of weight w has noise smaller by sqrt(w). Letters: I items, U units, m votes on an item.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_judge.aggregation.order_averaging import Opinions
from w2s_judge.arrays import Floats

Indices = npt.NDArray[Any]

CHUNK = 2_000_000  # numbers in the matrices that are solved at once


def linked_scores(opinions: Opinions, matrix: Floats, noise: Floats) -> Floats:
    """(I, k) posterior means from standardised votes, loadings (U, k) and noise (U, U).

    Items with the same judges and weights share one solution; an item without votes has 0.
    """
    scores = np.zeros((opinions.I, matrix.shape[1]))
    count = np.bincount(opinions.item, minlength=opinions.I)
    first = np.cumsum(count) - count
    root = np.sqrt(opinions.weight)
    alike = bool(np.all(root == 1))
    for m in np.unique(count[count > 0]):
        items = np.flatnonzero(count == m)
        place = first[items][:, None] + np.arange(m)
        units, z = opinions.unit[place], opinions.value[place]
        sets, which = _distinct(units, len(matrix)) if alike else (units, np.arange(len(items)))
        if 2 * len(sets) > len(items):  # too few share a solution for it to be worth keeping
            scores[items] = _by_item(units, z, None if alike else root[place], matrix, noise)
            continue
        weights = np.empty((len(sets), m, matrix.shape[1]))
        for part in _parts(len(sets), int(m)):
            weights[part] = _weights(sets[part], None, matrix, noise)
        scores[items] = _applied(z, weights, which)
    return scores


def _distinct(units: Indices, size: int) -> tuple[Indices, Indices]:
    """Distinct rows of judges, and each item's."""
    if units.shape[1] == size:
        return units[:1], np.zeros(len(units), dtype=np.int64)
    sets, which = np.unique(units, axis=0, return_inverse=True)
    return sets, which.ravel()


def _parts(rows: int, m: int) -> list[slice]:
    step = max(1, CHUNK // (m * m))
    return [slice(start, start + step) for start in range(0, rows, step)]


def _applied(z: Floats, weights: Floats, which: Indices) -> Floats:
    """(n, k) products of each item's votes (n, m) and the weights of its judges."""
    if len(weights) == 1:
        return np.asarray(z @ weights[0])
    scores = np.empty((len(z), weights.shape[2]))
    for part in _parts(len(z), z.shape[1]):
        scores[part] = np.einsum("nm,nmk->nk", z[part], weights[which[part]])
    return scores


def _by_item(
    units: Indices, z: Floats, root: Floats | None, matrix: Floats, noise: Floats
) -> Floats:
    """(n, k) with a solution for every item; `root` (n, m) of the votes' weights, None: all 1."""
    scores = np.empty((len(z), matrix.shape[1]))
    for part in _parts(len(z), z.shape[1]):
        found = _weights(units[part], None if root is None else root[part], matrix, noise)
        scores[part] = np.einsum("nm,nmk->nk", z[part], found)
    return scores


def _weights(units: Indices, root: Floats | None, matrix: Floats, noise: Floats) -> Floats:
    """(n, m, k) what each vote adds to the scores of items judged by `units` (n, m)."""
    A = matrix[units]  # noqa: N806
    if root is not None:
        A = A * root[:, :, None]  # noqa: N806
    scaled = np.linalg.solve(noise[units[:, :, None], units[:, None, :]], A)
    precision = np.eye(matrix.shape[1]) + np.swapaxes(A, 1, 2) @ scaled
    weights = np.swapaxes(np.linalg.solve(precision, np.swapaxes(scaled, 1, 2)), 1, 2)
    return np.asarray(weights if root is None else weights * root[:, :, None])
