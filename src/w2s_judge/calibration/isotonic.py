"""Isotonic calibration, centred and smoothed. Two classes.

The best increasing step function of the log odds (pool adjacent violators: Ayer et al. 1955;
Zadrozny and Elkan 2002 for calibration). Each step's height is (hits + 1) / (labels + 2), so that 0
and 1 never come out, pooled again where smoothing turned two steps round. Between the steps'
centres the map is linear (centred isotonic regression, Oron and Flournoy 2017), so that items on
one step are still told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.maps import FLOOR, counted, logs, two

PSEUDO = 1.0  # labels of either class that each step is given


@dataclass(frozen=True, slots=True)
class Isotonic:
    """Through the points (centre, height): centre ascending log odds, height in (0, 1)."""

    centre: tuple[float, ...]
    height: tuple[float, ...]
    floor: float = FLOOR
    name: ClassVar[str] = "isotonic"

    @classmethod
    def fit(
        cls, posterior: Floats, label: Ints, weight: Floats | None = None, *, floor: float = FLOOR
    ) -> Isotonic:
        """From posterior (n, 2) and label (n,), n > 0; `ValueError` for more classes."""
        if posterior.shape[1] != 2:
            raise ValueError("isotonic calibration is for two classes; take Platt for more")
        weight = counted(len(label), weight)
        odds, at = np.unique(_odds(posterior, floor), return_inverse=True)
        size = np.bincount(at, weights=weight)
        hits = np.bincount(at, weights=weight * (label == 1))
        odds, hits, size = odds[size > 0], hits[size > 0], size[size > 0]
        sums = np.stack([size * odds, hits, size], axis=1)
        sums = pooled(pooled(sums, 0.0), PSEUDO)
        centre = sums[:, 0] / sums[:, 2]
        return cls(tuple(map(float, centre)), tuple(map(float, _height(sums, PSEUDO))), floor)

    def apply(self, posterior: Floats, /) -> Floats:
        """(n, 2) to (n, 2); flat beyond the outermost steps."""
        return two(np.interp(_odds(posterior, self.floor), self.centre, self.height))


def pooled(sums: Floats, pseudo: float) -> Floats:
    """Rows of sums (m, 3: weighted log odds, hits, weight) joined until their heights ascend."""
    kept: list[Floats] = []
    for row in sums:
        joined = row
        while kept and _height(kept[-1], pseudo) >= _height(joined, pseudo):
            joined = joined + kept.pop()
        kept.append(joined)
    return np.array(kept)


def _height(sums: Floats, pseudo: float) -> Floats:
    """(hits + pseudo) / (labels + 2 pseudo), of one row or of many."""
    return np.asarray((sums[..., 1] + pseudo) / (sums[..., 2] + 2 * pseudo))


def _odds(posterior: Floats, floor: float) -> Floats:
    log = logs(posterior, floor)
    return np.asarray(log[:, 1] - log[:, 0])
