"""Sums over the rows of each judge (or any other key), for the data and for each draw of prompts.

`Resample.sums` takes a column a figure; where each row belongs to one of many keys, such columns
would be zeros but for their own rows. Here rows are summed by block of prompts and key first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from w2s_judge.arrays import Floats
from w2s_judge.audit.resample import Resample

DENSE = 0.25  # rows a cell of the table from which on the table is held whole


def sums_by(
    resample: Resample,
    item: npt.NDArray[Any],
    key: npt.NDArray[Any],
    size: int,
    values: npt.NDArray[Any] | None = None,
) -> Floats:
    """(1 + B, size) sums of `values` by key; row 0 is that of the data.

    item   : (k,) the item that each row belongs to
    key    : (k,) in [0, size)
    values : (k,); None: ones, so that rows are counted
    """
    n = resample.weights.shape[1]
    row = np.ones(len(item)) if values is None else np.asarray(values, dtype=np.float64)
    block = resample.block[item].astype(np.int64)
    if len(item) >= DENSE * n * size:
        place = block * size + key
        table = np.bincount(place, weights=row, minlength=n * size).reshape(n, size)
        return np.concatenate([table.sum(axis=0)[None], resample.weights @ table])
    few = sparse.coo_array((row, (np.asarray(key), block)), shape=(size, n)).tocsr()
    drawn = np.asarray(few @ np.ascontiguousarray(resample.weights.T)).T
    return np.concatenate([np.asarray(few.sum(axis=1)).reshape(1, size), drawn])


def rows_of(key: npt.NDArray[Any], size: int) -> list[npt.NDArray[np.int64]]:
    """The rows of each key in [0, size), ascending; sorted once, for keys may be many."""
    order = np.argsort(key, kind="stable")
    ends = np.cumsum(np.bincount(key, minlength=size))
    return np.split(order, ends[:-1]) if size else []
