"""Several rubrics as one: some veto a response before pairing, the others say how good it is.

Letters: I responses, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.errors import UsageError
from w2s_judge.preferences.reasons import Codes, Reason
from w2s_judge.sentences import listed


@dataclass(frozen=True, slots=True)
class Rule:
    """`vetoes` are (rubric, least P of its upper classes); `utilities` the rubrics that count.

    Utilities are averaged, and so are the masses of pairs (`pair_mass.averaged`).
    """

    utilities: tuple[str, ...]
    vetoes: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if not self.utilities:
            raise UsageError("at least one rubric must say which of two responses is the better")
        for names in (self.utilities, tuple(rubric for rubric, _ in self.vetoes)):
            if len(set(names)) != len(names):
                raise UsageError(f"a rubric counts once: {listed(names)}")
        for rubric, least in self.vetoes:
            if not 0 < least <= 1:
                raise UsageError(f"the veto of {rubric}, {least!r}, must be above 0 and at most 1")

    def vetoed(self, upper: Mapping[str, Floats]) -> Codes:
        """(I,) KEPT, or why a response is out of the pairing.

        upper : by rubric, (I,) P(upper classes) of each response as `upper_mass` gives it; NaN
                where nobody voted, and then the response is UNCLEARED: silence clears nothing
        """
        codes = [self._by_one(np.round(upper[rubric], 12), least) for rubric, least in self.vetoes]
        if not codes:
            return np.zeros(len(next(iter(upper.values()), ())), dtype=np.int8)
        vetoed = np.any([code == Reason.VETOED for code in codes], axis=0)
        return np.where(vetoed, np.int8(Reason.VETOED), np.max(codes, axis=0)).astype(np.int8)

    @staticmethod
    def _by_one(upper: Floats, least: float) -> Codes:
        below = np.where(upper < least, np.int8(Reason.VETOED), np.int8(Reason.KEPT))
        return np.where(np.isnan(upper), np.int8(Reason.UNCLEARED), below).astype(np.int8)

    def utility(self, by_rubric: Mapping[str, Floats]) -> Floats:
        """(I,) mean over the rubrics of the utility (I,), NaN where one is unknown."""
        return np.asarray(np.mean([by_rubric[rubric] for rubric in self.utilities], axis=0))


def upper_mass(posterior: Floats, worth: Sequence[float]) -> Floats:
    """(I,) mass of posterior (I, C) on classes whose worth (C,) is above the middle of its range.

    A class at the middle counts half. With two classes it is P(the better class).
    """
    worth_ = np.asarray(worth, dtype=np.float64)
    middle = (worth_.min() + worth_.max()) / 2
    return np.asarray(posterior @ np.where(worth_ > middle, 1.0, np.where(worth_ < middle, 0, 0.5)))
