"""What the others have in the middle: a judge beside the median of the rest."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats


def median_of_others(values: Floats) -> Floats:
    """(1 + B, N) the median of each row without the element itself, NaN left out.

    NaN where no other element of the row is known, or the element itself is not.
    """
    order = np.argsort(values, axis=1, kind="stable")  # NaN last
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(values.shape[1])[None], axis=1)
    ascending = np.take_along_axis(values, order, axis=1)
    others = np.isfinite(values).sum(axis=1, keepdims=True) - 1
    ends = []
    for middle in ((others - 1) // 2, others // 2):
        place = np.clip(middle + (rank <= middle), 0, max(values.shape[1] - 1, 0))
        ends.append(np.take_along_axis(ascending, place, axis=1))
    known = np.isfinite(values) & (others > 0)
    return np.where(known, (ends[0] + ends[1]) / 2, np.nan)
