"""Which axis of the raters' plane is the classes': a stated rule, because votes hardly say.

A plane of two hidden numbers fits the votes as well however it is turned, but for what shape the
numbers have. Left to that, the class becomes what a few raters share (a style), and the factor the
truth: a truth that is itself graded looks more like a normal number than like two points. So:

1. the plane of two normal numbers is turned to simple structure (raw varimax, Kaiser 1958, of the
   loadings of raters' latent responses): the axis with the larger sum of squares, on which most
   raters load, is the classes', the other one a factor across it that only some share;
2. unless two classes along another axis explain votes and gold better by `CLEARLY`, than that and
   than the plane of normal numbers: then items fall into two clusters there, or gold says so;
3. where neither holds, and the axes' sums of squares are alike, the plane is not read.

Letters: J raters, M parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.class_axis import LEAST, MOST, AxisModel, Found
from w2s_judge.aggregation.em import Climb
from w2s_judge.arrays import Floats

RATIO = 2.0  # of sums of squares from which on the larger is taken, as in rotated_factors
CLEARLY = 10.0  # natural logarithms; from 5 on Kass and Raftery (1995) call evidence very strong
TURNS = np.radians(np.arange(-90, 90, 22.5))
ROUNDING = 1e-6
LOGISTIC = np.pi**2 / 3  # variance of a logistic error


@dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """The plane as it was read; `clear`: by clusters or gold, and not by simple structure.

    ratio : of the axes' sums of squares, the larger to the smaller, at simple structure
    """

    found: Found
    clear: bool
    ratio: float


def read_plane(model: AxisModel, rule: Climb, start: Floats) -> Reading:
    """Fit the plane from parameters (J, M), and turn it."""
    least = float(np.arctanh(LEAST))
    plane = model.climb(rule, start, 0.0, m=False)
    turned, ratio = simple_structure(plane.parameters)
    simple = model.climb(rule, turned, least, raters=False)
    bar = max(model.height(plane.parameters, 0.0), model.height(simple.parameters, simple.distinct))
    best, distinct = bar, least
    for angle in TURNS:
        parameters = oriented(turned_by(simple.parameters, float(angle)))
        for at in np.linspace(least, np.arctanh(MOST), 3):
            height = model.height(parameters, float(at))
            if height > best + ROUNDING:
                best, turned, distinct = height, parameters, float(at)
    used = plane.fit.iterations
    if best > bar:
        free = model.climb(rule, turned, distinct)
        if model.height(free.parameters, free.distinct) > bar + CLEARLY:
            return Reading(free.after(used), True, ratio)
    return Reading(simple.after(used), False, ratio)


def simple_structure(parameters: Floats) -> tuple[Floats, float]:
    """Turned to raw varimax, the larger axis first, both mostly upwards; the axes' ratio."""
    slopes = parameters[:, :2]
    loading = slopes / np.sqrt(LOGISTIC + (slopes**2).sum(axis=1, keepdims=True))
    u, v = loading[:, 0] ** 2 - loading[:, 1] ** 2, 2 * loading[:, 0] * loading[:, 1]
    across = 2 * (len(u) * (u @ v) - u.sum() * v.sum())
    along = len(u) * (u @ u - v @ v) - (u.sum() ** 2 - v.sum() ** 2)
    angle = float(np.arctan2(across, along)) / 4
    squares = (turned_by(loading, angle) ** 2).sum(axis=0)
    if squares[1] > squares[0]:
        angle += np.pi / 2
    ratio = float(squares.max() / max(squares.min(), ROUNDING))
    return oriented(turned_by(parameters, angle)), ratio


def turned_by(parameters: Floats, angle: float) -> Floats:
    """The first two columns, turned."""
    cos, sin = np.cos(angle), np.sin(angle)
    turned = parameters.copy()
    turned[:, :2] = parameters[:, :2] @ np.array([[cos, -sin], [sin, cos]])
    return turned


def oriented(parameters: Floats) -> Floats:
    """With sums of both slopes above 0: most raters go with the labels' meaning."""
    turned = parameters.copy()
    turned[:, :2] *= np.where(parameters[:, :2].sum(axis=0) < 0, -1.0, 1.0)
    return turned
