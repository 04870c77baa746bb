"""Means of differences and differences of means, for many judges at once, drawn by prompt.

Letters: m rows, N judges (or other keys), B draws.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Floats, Ints
from w2s_judge.audit.part import Figure
from w2s_judge.audit.resample import Resample, ratio
from w2s_judge.audit.sums_by import sums_by

Index = npt.NDArray[Any]


@dataclass(frozen=True, eq=False, slots=True)
class Values:
    """A number for each item and key, each pair at most once; rows are sorted by key.

    item, value : (m,)
    ends        : (N + 1,) where the rows of each key begin and end
    mean        : (1 + B, N) of the data and of each draw, NaN where a key has no row
    resample    : the draws
    """

    item: Ints
    value: Floats
    ends: Index
    mean: Floats
    resample: Resample

    @classmethod
    def of(cls, item: Ints, key: Index, value: Floats, size: int, resample: Resample) -> Values:
        """From rows (m,) in any order; key in [0, size)."""
        order = np.argsort(key, kind="stable")
        item, key, value = item[order], key[order], value[order]
        ends = np.searchsorted(key, np.arange(size + 1))
        total = sums_by(resample, item, key, size, value)
        mean = ratio(total, sums_by(resample, item, key, size))
        return cls(item, value, ends, mean, resample)

    def items(self, key: int) -> Ints:
        """The items of one key."""
        return self.item[self.ends[key] : self.ends[key + 1]]

    def figure(self, key: int) -> Figure:
        """The mean of one key."""
        return self.resample.figure(self.mean[:, key], self.items(key))

    def share(self, key: int) -> Figure:
        """The same where values lie in [0, 1]: Wilson's interval."""
        rows = self.value[self.ends[key] : self.ends[key + 1]]
        return self.resample.share(self.items(key), rows)

    def p_value(self, key: int) -> float:
        """Two-sided p of a mean of 0."""
        return self.resample.p_value(self.mean[:, key], self.items(key))


def difference(new: Values, key: int, old: Values, old_key: int) -> Figure:
    """Mean of new minus mean of old, of different items: the draws of the two are independent.

    It rests on the prompts of the side that has fewer.
    """
    mine, other = new.items(key), old.items(old_key)
    found = new.mean[:, key] - old.mean[:, old_key]
    if not len(mine) or not len(other):
        return Figure(None, why="one of the runs has no votes of it")
    fewer, item = new.resample, mine
    if old.resample.prompts(other) < new.resample.prompts(mine):
        fewer, item = old.resample, other
    return replace(fewer.figure(found, item), n=len(mine) + len(other))
