"""Which axis of the raters' plane is the classes': a stated rule, because votes hardly say.

A plane of two hidden numbers fits the votes as well however it is turned, but for what shape the
numbers have. Left to that, the class becomes what a few raters share (a style), and the factor the
truth: a truth that is itself graded looks more like a normal number than like two points. So:

1. the plane of two normal numbers is turned to simple structure (raw varimax, Kaiser 1958, of the
   loadings of raters' latent responses): the axis with the larger sum of squares, on which most
   raters load, is the classes', the other one a factor across it that only some share;
2. unless gold tells another axis: P(gold | votes), averaged over all axes alike, is larger than
   along that one by a Bayes factor of `TELLING`. The votes have no part in that: how gold's classes
   fit a plane that knows none is no evidence against that plane;
3. or items fall into two clusters along another axis: two classes there explain the votes alone
   better by `CLEARLY`, than that axis and than the plane of normal numbers, gold does not take this
   back, and at least `CARRIERS` raters carry it: two who copy each other look like two clusters;
4. where none holds, and the axes' sums of squares are alike, the plane is not read.

Letters: J raters, M parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from w2s_judge.aggregation.class_axis import LEAST, MOST, AxisModel, Found
from w2s_judge.aggregation.em import Climb
from w2s_judge.arrays import Floats

RATIO = 2.0  # of sums of squares from which on the larger is taken, as in rotated_factors
TELLING = 5.0  # natural logarithms; from here on Kass and Raftery (1995) call evidence very strong
CLEARLY = 10.0  # twice that for clusters: a shape that no label bears out
CARRIERS = 3.0  # indicators that a factor needs to be identified (Anderson and Rubin 1956)
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


@dataclass(frozen=True, eq=False, slots=True)
class _Place:
    """Parameters and atanh m; log P(votes) with the parameters' prior, and log P(gold | votes)."""

    parameters: Floats
    distinct: float
    votes: float
    gold: float

    @property
    def both(self) -> float:
        return self.votes + self.gold


def read_plane(model: AxisModel, rule: Climb, start: Floats) -> Reading:
    """Fit the plane from parameters (J, M), and turn it."""
    least = float(np.arctanh(LEAST))
    blind = model.without_gold()

    def place(parameters: Floats, distinct: float) -> _Place:
        votes = blind.height(parameters, distinct)
        both = votes if blind is model else model.height(parameters, distinct)
        return _Place(parameters, distinct, votes, both - votes)

    plane = model.climb(rule, start, 0.0, m=False)
    turned, ratio = simple_structure(plane.parameters)
    simple = model.climb(rule, turned, least, raters=False)
    here = place(simple.parameters, simple.distinct)
    bar = max(blind.height(plane.parameters, 0.0), here.votes)
    turns = [
        [
            place(oriented(turned_by(simple.parameters, float(angle))), float(at))
            for at in np.linspace(least, np.arctanh(MOST), 3)
        ]
        for angle in TURNS
    ]
    told = bayes_factor(np.array([[one.gold for one in row] for row in turns])) > TELLING
    among = [
        one
        for row in turns
        for one in row
        if (one.gold > here.gold if told else one.votes > bar + ROUNDING)
    ]
    used = plane.fit.iterations
    if among:
        best = max(among, key=lambda one: one.both)
        free = model.climb(rule, best.parameters, best.distinct)
        there = place(free.parameters, free.distinct)
        if _better(there, here, bar, told):
            return Reading(free.after(used), True, ratio)
    return Reading(simple.after(used), False, ratio)


def _better(there: _Place, here: _Place, bar: float, told: bool) -> bool:
    """Whether an axis stands against that of simple structure; `told`: gold asks for another."""
    if told:
        return there.both > here.both
    clusters = there.votes > bar + CLEARLY and there.both > here.both + CLEARLY
    return clusters and carriers(there.parameters) >= CARRIERS


def bayes_factor(gold: Floats) -> float:
    """Logarithm: of log P(gold | votes) at turns and m, (len(TURNS), m), all turns to none."""
    along = logsumexp(gold, axis=1)
    return float(logsumexp(along) - np.log(len(along)) - along[TURNS == 0].item())


def carriers(parameters: Floats) -> float:
    """How many raters carry the first axis: 1 to J, by the fourth powers of their loadings."""
    squares = _loadings(parameters)[:, 0] ** 2
    return float(squares.sum() ** 2 / max(float(squares @ squares), ROUNDING))


def _loadings(parameters: Floats) -> Floats:
    """(J, 2) of the raters' latent responses."""
    slopes = parameters[:, :2]
    return np.asarray(slopes / np.sqrt(LOGISTIC + (slopes**2).sum(axis=1, keepdims=True)))


def simple_structure(parameters: Floats) -> tuple[Floats, float]:
    """Turned to raw varimax, the larger axis first, both mostly upwards; the axes' ratio."""
    loading = _loadings(parameters)
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
