"""What a map from a posterior to an honest probability is, and what all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from w2s_judge.arrays import Floats

FLOOR = 1e-12  # no probability is read as smaller


class Map(Protocol):
    """A fitted map; values of a frozen dataclass."""

    @property
    def name(self) -> str:
        """What `Consensus.calibration` calls it."""

    def apply(self, posterior: Floats, /) -> Floats:
        """(n, C) to (n, C); rows sum to 1, and an item's row depends on its own alone."""


@dataclass(frozen=True, slots=True)
class Identity:
    """No map."""

    name: ClassVar[str] = "none"

    def apply(self, posterior: Floats, /) -> Floats:
        """The posterior as it is."""
        return posterior


def floor_of(posterior: Floats) -> float:
    """What an exact 0 among these posteriors (n, C) is read as.

    A share of votes is 0 where the few who voted agree; to a map that works on logarithms that
    would be infinitely far from one vote in five. It is read as half of the smallest share above
    0, at least `FLOOR` and at most a quarter of 1 / C.
    """
    C = posterior.shape[1]  # noqa: N806
    above = posterior[posterior > 0]
    if not len(above) or not (posterior <= 0).any():
        return FLOOR
    return float(np.clip(above.min() / 2, FLOOR, 0.25 / C))


def logs(posterior: Floats, floor: float) -> Floats:
    """(n, C) logarithms, no probability taken for less than `floor`."""
    return np.asarray(np.log(np.maximum(posterior, floor)))


def kish(weight: Floats) -> float:
    """Effective number of labels: (sum w)^2 / sum w^2 (Kish 1965)."""
    square = float((weight**2).sum())
    return float(weight.sum()) ** 2 / square if square > 0 else 0.0


def counted(rows: int, weight: Floats | None) -> Floats:
    """(rows,) weights that sum to the effective number of labels.

    Unequal weights tell less than their number, and a prior must not be outweighed by that.
    """
    weight = np.ones(rows) if weight is None else weight
    return np.asarray(weight * (kish(weight) / weight.sum())) if rows else weight


def two(positive: Floats) -> Floats:
    """(n, 2) from P(class 1) (n,)."""
    return np.stack([1 - positive, positive], axis=1)
