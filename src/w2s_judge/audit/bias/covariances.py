"""Centred sums of squares and products within each judge, for the data and each draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Floats
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.sums_by import sums_by

FLAT = 1e-9  # a variance below it is none


def covariances(
    resample: Resample,
    item: npt.NDArray[Any],
    key: npt.NDArray[Any],
    size: int,
    columns: Sequence[Floats],
    weight: Floats | None = None,
) -> Floats:
    """(m, m, 1 + B, size) covariances of m columns (k,) by key; NaN where a key has no row.

    item, key : (k,) the item of each row, and its key in [0, size)
    weight    : (k,) how much a row counts; None: all alike
    """
    w = np.ones(len(item)) if weight is None else weight
    count = sums_by(resample, item, key, size, w)
    count = np.where(count > 0, count, np.nan)
    mean = [sums_by(resample, item, key, size, w * one) / count for one in columns]
    found = np.empty((len(columns), len(columns), *count.shape))
    for a, one in enumerate(columns):
        for b in range(a, len(columns)):
            product = sums_by(resample, item, key, size, w * one * columns[b]) / count
            found[a, b] = found[b, a] = product - mean[a] * mean[b]
    return found


def slope(covariance: Floats, variance: Floats) -> Floats:
    """Element by element, NaN where nothing varies."""
    out = np.full(covariance.shape, np.nan)
    known = np.nan_to_num(variance) > FLAT
    return np.asarray(np.divide(covariance, variance, out=out, where=known))
