"""Newton's method for strengths: factors of the curvature are used again near the maximum."""

from __future__ import annotations

import numpy as np

from w2s_judge.consensus import Fit
from w2s_judge.ranking.davidson import Davidson, Slope, Strengths

REUSE = 0.1  # a factor is used again while steps shrink by this, which costs a tenth of a new one
REVERSED = 0.5  # share of the first slope that the slope after a step may have, reversed
HALVINGS = 40
ROUNDING = 1e-15  # log-likelihood per comparison that is rounding


def climb(
    model: Davidson, start: Strengths, tol: float, max_iterations: int
) -> tuple[Strengths, Fit]:
    """The maximum of the log-posterior, and how the climb ended.

    Converged where the largest entry of a whole step is at most `tol`, or where steps no longer
    shrink and what is left to climb is rounding. A step is shortened until the slope along it is
    not reversed by more than half. Raises `numpy.linalg.LinAlgError` where the curvature vanishes,
    as it does on the way to a maximum that does not exist.
    """
    slope = model.slope(start)
    curve, before = model.curve(slope), np.inf
    fresh = True
    for iteration in range(1, max_iterations + 1):
        step = curve.step(slope.gradient)
        size = step.size
        flat = abs(slope.gradient.dot(step)) <= ROUNDING * model.counts.mass
        if size <= tol or (flat and size > before / 2):
            at = slope.at.moved(step, 1.0)
            return at, Fit(iteration, True, model.objective(at))
        if not fresh and size > REUSE * before:
            curve, fresh = model.curve(slope), True
            step = curve.step(slope.gradient)
            size = step.size
        ahead, share = _ahead(model, slope, step)
        if ahead is None:
            return slope.at, Fit(iteration, flat, model.objective(slope.at))
        slope, before = ahead, size
        fresh = share < 1 or size > REUSE
        if fresh:
            curve = model.curve(slope)
    return slope.at, Fit(max_iterations, False, model.objective(slope.at))


def _ahead(model: Davidson, slope: Slope, step: Strengths) -> tuple[Slope | None, float]:
    """Where a step leads, and the share of it that was taken; None where no share leads up."""
    steep = slope.gradient.dot(step)
    share = model.bearable(slope.at, step)
    for _ in range(HALVINGS if steep > 0 else 0):
        ahead = model.slope(slope.at.moved(step, share))
        left = ahead.gradient.dot(step)
        if left >= -REVERSED * steep:
            return ahead, share
        share *= max(steep / (steep - left), 0.1)
    return None, 0.0
