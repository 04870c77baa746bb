"""From an order of all objects to what stands behind each in its connected part."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats, Ints


def behind(place: Floats, component: Ints) -> Floats:
    """(N,) how many objects of its own part stand behind each; the lowest place is the first."""
    order = np.lexsort((-place, component))
    part = component[order]
    count = np.empty(len(order))
    count[order] = np.arange(len(order)) - np.searchsorted(part, part)
    return count
