"""Objects by connected part, so that all parts of one size can be worked on at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Ints

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False, slots=True)
class Grouped:
    """N objects in P parts.

    size   : (P,) number of objects of each part
    begins : (P,) where a part begins in `order`
    order  : (N,) the objects, part by part
    place  : (N,) each object's place in its part, from 0
    """

    size: Places
    begins: Places
    order: Places
    place: Places

    @classmethod
    def of(cls, component: Ints, sequence: Places | None = None) -> Grouped:
        """Group by `component` (N,), numbered over all questions.

        Objects of a part stand in the order of `sequence` (N,), or by index without one.
        """
        every = np.arange(len(component)) if sequence is None else sequence
        size = np.bincount(component)
        begins = np.cumsum(size) - size
        order = every[np.argsort(component[every], kind="stable")]
        place = np.empty(len(component), dtype=np.intp)
        place[order] = np.arange(len(order)) - begins[component[order]]
        return cls(size, begins, order, place)

    def members(self, parts: Places, n: int) -> Places:
        """(B, n) objects of B parts that have n each."""
        return np.asarray(self.order[self.begins[parts][:, None] + np.arange(n)])
