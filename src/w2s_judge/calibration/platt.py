"""Scaled logarithms: one temperature, and Platt's map with a bias for each class.

    p'_c proportional to exp(slope * log p_c + bias_c)

`Temperature` has no bias (Guo et al. 2017, section 4.2). `Platt` is Platt's (1999) sigmoid on the
log odds where C = 2, and vector scaling with one slope for all classes where C > 2. Both are MAP:
log slope ~ N(0, SLOPE_SD), bias_c ~ N(0, BIAS_SD), in place of Platt's smoothed targets, so that a
few labels, or labels that the posterior separates, give a finite map. A slope is above 0: no map
turns the ranking round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.maps import FLOOR, counted, logs

SLOPE_SD = 1.0  # a slope between 1/7 and 7 is within two standard deviations
BIAS_SD = 1.0
RANGE = (-7.0, 3.0)  # of log slope


@dataclass(frozen=True, slots=True)
class Temperature:
    """p^slope, normalised; the temperature is 1 / slope."""

    slope: float
    floor: float = FLOOR
    name: ClassVar[str] = "temperature"

    @classmethod
    def fit(
        cls, posterior: Floats, label: Ints, weight: Floats | None = None, *, floor: float = FLOOR
    ) -> Temperature:
        """From posterior (n, C) and label (n,)."""
        slope, _ = fit_scaling(logs(posterior, floor), label, weight, biased=False)
        return cls(slope, floor)

    def apply(self, posterior: Floats, /) -> Floats:
        """(n, C) to (n, C)."""
        return np.asarray(softmax(self.slope * logs(posterior, self.floor), axis=1))


@dataclass(frozen=True, slots=True)
class Platt:
    """exp(slope log p_c + bias_c), normalised; bias has one number a class."""

    slope: float
    bias: tuple[float, ...]
    floor: float = FLOOR

    @property
    def name(self) -> str:
        """For two classes "platt", for more "vector-scaling"."""
        return "platt" if len(self.bias) == 2 else "vector-scaling"

    @classmethod
    def fit(
        cls, posterior: Floats, label: Ints, weight: Floats | None = None, *, floor: float = FLOOR
    ) -> Platt:
        """From posterior (n, C) and label (n,)."""
        slope, bias = fit_scaling(logs(posterior, floor), label, weight, biased=True)
        return cls(slope, tuple(map(float, bias)), floor)

    def apply(self, posterior: Floats, /) -> Floats:
        """(n, C) to (n, C)."""
        scaled = self.slope * logs(posterior, self.floor) + np.asarray(self.bias)
        return np.asarray(softmax(scaled, axis=1))


def fit_scaling(
    score: Floats, label: Ints, weight: Floats | None, *, biased: bool
) -> tuple[float, Floats]:
    """Slope and bias (C,) at the maximum a posteriori; score (n, C) is what the slope scales."""
    n, C = score.shape  # noqa: N806
    weight = counted(n, weight)
    right = np.eye(C)[label]

    def objective(at: Floats) -> tuple[float, Floats]:
        slope, bias = np.exp(at[0]), at[1:] if biased else np.zeros(C)
        scaled = slope * score + bias
        off = weight[:, None] * (softmax(scaled, axis=1) - right)
        value = -weight @ (log_softmax(scaled, axis=1) * right).sum(axis=1)
        value += (at[0] / SLOPE_SD) ** 2 / 2 + (bias / BIAS_SD) @ (bias / BIAS_SD) / 2
        gradient = np.empty_like(at)
        gradient[0] = slope * (off * score).sum() + at[0] / SLOPE_SD**2
        if biased:
            gradient[1:] = off.sum(axis=0) + bias / BIAS_SD**2
        return float(value), gradient

    start = np.zeros(1 + C if biased else 1)
    bounds = [RANGE] + [(None, None)] * (len(start) - 1)
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(np.exp(found[0])), np.asarray(found[1:]) if biased else np.zeros(C)
