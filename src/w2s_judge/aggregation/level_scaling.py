"""Optimal scaling of graded votes: each level of each judge at the mean factor score it meets.

The alternating scheme of optimal scaling (de Leeuw, Young and Takane 1976; Young 1981): the scale
follows the factor, then the factor the scale. Means are shrunk to 0, so that a level used twice
stays near the middle. The order of the levels is not imposed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from w2s_judge.aggregation.correlation import scaled
from w2s_judge.aggregation.order_averaging import Opinions
from w2s_judge.arrays import Floats, Ints

SHRINK = 5.0  # votes' worth of the middle that every level starts with


def levels_of(opinions: Opinions) -> Ints:
    """(n,) number of the level, a unit and a value on its own scale, behind each opinion."""
    values, place = np.unique(opinions.value, return_inverse=True)
    key = opinions.unit.astype(np.int64) * len(values) + place
    return np.asarray(np.unique(key, return_inverse=True)[1], dtype=np.int32)


def level_scaled(opinions: Opinions, level: Ints, score: Floats) -> Opinions:
    """Each level at sum(score) / (votes + 5), then each unit at mean 0 and sd 1.

    `level` is from `levels_of` the opinions on their own scale; `score` (I,) the factor. A unit
    whose levels all meet the same scores keeps what it had.
    """
    count = np.bincount(level)
    place = np.bincount(level, weights=score[opinions.item]) / (count + SHRINK)
    new, varies = scaled(replace(opinions, value=place[level]))
    return replace(new, value=np.where(varies[opinions.unit], new.value, opinions.value))
