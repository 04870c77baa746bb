"""Beta calibration: log odds' = a log p - b log(1 - p) + c (Kull, Silva Filho and Flach 2017).

Two classes. Unlike Platt's map it can bend each end on its own, and it contains the identity. MAP:
log a, log b ~ N(0, SHAPE_SD), c ~ N(0, SHIFT_SD); a and b are above 0, so that ranks are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.maps import FLOOR, counted, logs, two

SHAPE_SD = 1.0
SHIFT_SD = 2.0
RANGE = (-7.0, 3.0)  # of log a and log b


@dataclass(frozen=True, slots=True)
class Beta:
    """The fitted a, b and c."""

    a: float
    b: float
    c: float
    floor: float = FLOOR
    name: ClassVar[str] = "beta"

    @classmethod
    def fit(
        cls, posterior: Floats, label: Ints, weight: Floats | None = None, *, floor: float = FLOOR
    ) -> Beta:
        """From posterior (n, 2) and label (n,); `ValueError` for more classes."""
        if posterior.shape[1] != 2:
            raise ValueError("beta calibration is for two classes; take Platt for more")
        weight = counted(len(label), weight)
        log = logs(posterior, floor)

        def objective(at: Floats) -> tuple[float, Floats]:
            a, b, c = np.exp(at[0]), np.exp(at[1]), at[2]
            odds = a * log[:, 1] - b * log[:, 0] + c
            loss = np.logaddexp(0.0, np.where(label == 1, -odds, odds))
            off = weight * (expit(odds) - (label == 1))
            value = weight @ loss + (at[:2] @ at[:2]) / (2 * SHAPE_SD**2) + (c / SHIFT_SD) ** 2 / 2
            gradient = np.array([a * (off @ log[:, 1]), -b * (off @ log[:, 0]), off.sum()])
            return float(value), gradient + at / np.array([SHAPE_SD, SHAPE_SD, SHIFT_SD]) ** 2

        bounds = [RANGE, RANGE, (None, None)]
        at = minimize(objective, np.zeros(3), jac=True, method="L-BFGS-B", bounds=bounds).x
        return cls(float(np.exp(at[0])), float(np.exp(at[1])), float(at[2]), floor)

    def apply(self, posterior: Floats, /) -> Floats:
        """(n, 2) to (n, 2)."""
        log = logs(posterior, self.floor)
        return two(np.asarray(expit(self.a * log[:, 1] - self.b * log[:, 0] + self.c)))
