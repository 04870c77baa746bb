"""What a vote says: the label, or the class, with most mass."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.class_mass import class_mass
from w2s_judge.calibration.metrics import top
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

NONE = -1  # no verdict: labels are level on top


def top_label(votes: VoteMatrix) -> Ints:
    """(V,) index of the label with most mass; -1 where labels are level on top."""
    if votes.label is not None:
        return np.asarray(votes.label, dtype=np.int32)
    return top_of(votes.soft())


def top_class(votes: VoteMatrix, gold: Gold | None) -> tuple[tuple[str, ...], Ints]:
    """The classes, and (V,) index of the one with most mass; -1 where classes are level on top.

    Labels stand for classes where it is not known which label means which class.
    """
    mass = class_mass(votes, gold)
    if mass is None:
        return votes.labels, top_label(votes)
    return votes.truth_with(gold).classes, top_of(mass)


def top_of(mass: Floats) -> Ints:
    """(n,) index of the column with most mass (n, L); -1 where columns are level on top."""
    if not len(mass):
        return np.zeros(0, dtype=np.int32)
    level = top(mass)[1]
    return np.where(level.sum(axis=1) == 1, level.argmax(axis=1), NONE).astype(np.int32)
