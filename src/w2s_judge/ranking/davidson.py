"""Davidson's model of paired comparisons with ties and an order effect.

R. R. Davidson, On extending the Bradley-Terry model to accommodate ties in paired comparison
experiments, Journal of the American Statistical Association 65 (1970) 317-328; R. R. Davidson and
R. J. Beaver, On extending the Bradley-Terry model to incorporate within-pair order effects,
Biometrics 33 (1977) 693-702. With s the log-strengths, `first` shown first, and
x = s[first] - s[second] + position,

    P(first better), P(tie), P(second better)  ~  exp(x/2), nu, exp(-x/2)

which for a position term shared by all pairs is the model of 1977 (their gamma is exp(-position),
their nu is this one times exp(-position/2)). The log-likelihood of a cell is, but for a constant,

    net * x/2 + ties * log nu - total * log(exp(x/2) + nu + exp(-x/2))

and concave. With nu at 0 it is Bradley-Terry's, in which half of a tie is a win for each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.ranking.laplacian_blocks import Blocks, Factored
from w2s_judge.ranking.pair_counts import PairCounts, Places

LONGEST = 5.0  # log-units by which a step may move what is 0; what is larger may double besides
FAR = 350.0  # half log-odds beyond which probabilities are 0 and 1, and whose exp is a number


@dataclass(frozen=True, eq=False, slots=True)
class Strengths:
    """strength : (N,) log-strengths; position, log_nu : the shared terms, 0 where not estimated."""

    strength: Floats
    position: float
    log_nu: float

    def moved(self, step: Strengths, share: float) -> Strengths:
        """These plus a share of a step."""
        return Strengths(
            self.strength + share * step.strength,
            self.position + share * step.position,
            self.log_nu + share * step.log_nu,
        )

    def dot(self, other: Strengths) -> float:
        """Sum of products."""
        shared = self.position * other.position + self.log_nu * other.log_nu
        return float(self.strength @ other.strength) + shared

    @property
    def size(self) -> float:
        """The largest entry."""
        largest = float(np.abs(self.strength).max(initial=0.0))
        return max(largest, abs(self.position), abs(self.log_nu))


@dataclass(frozen=True, eq=False, slots=True)
class Slope:
    """The log-posterior's gradient, and what its curvature is made of.

    whole : (K,) exp(x/2) + nu + exp(-x/2);  lean : (K,) P(first better) - P(second better)
    nu    : the tie parameter
    """

    at: Strengths
    gradient: Strengths
    whole: Floats
    lean: Floats
    nu: float


@dataclass(frozen=True, eq=False, slots=True)
class Davidson:
    """The log-posterior of the strengths.

    position  : whether the position term is estimated; the counts must be `ordered`
    nu        : the tie parameter where it is held; None: estimated
    precision : of the normal prior on each log-strength; 0: none
    position_precision : the same of the position term
    """

    counts: PairCounts
    blocks: Blocks
    position: bool
    nu: float | None
    precision: float
    position_precision: float

    def slope(self, at: Strengths) -> Slope:
        """First derivatives."""
        counts = self.counts
        whole = np.exp(self._half(at))
        down = 1 / whole
        lean = whole - down
        nu = float(np.exp(at.log_nu)) if self.nu is None else self.nu
        whole += down
        whole += nu
        lean /= whole
        rest = counts.total * lean
        np.subtract(counts.net, rest, out=rest)
        rest /= 2
        gradient = self._per_object(rest)
        gradient -= self.precision * at.strength
        position = float(rest.sum()) - self.position_precision * at.position
        log_nu = counts.ties - nu * float((counts.total / whole).sum()) if self.nu is None else 0.0
        along = Strengths(gradient, position if self.position else 0.0, log_nu)
        return Slope(at, along, whole, lean, nu)

    def curve(self, slope: Slope) -> Curve:
        """Second derivatives, ready for Newton steps."""
        whole, nu = slope.whole, slope.nu
        # P(first) P(second) + P(tie) P(no tie) / 4, without a difference of near numbers
        weight = self.counts.total / whole
        if nu:
            massed = weight * nu
            weight *= 1 + (whole - nu) * (nu / 4)
        weight /= whole
        sides, corner = [], np.zeros((2, 2))
        if self.position:
            sides.append(self._per_object(weight))
            corner[0, 0] = float(weight.sum()) + self.position_precision
        if self.nu is None:
            crossed = slope.lean * massed / -2
            sides.append(self._per_object(crossed))
            corner[1, 1] = float((massed * (1 - nu / whole)).sum())
            corner[0, 1] = corner[1, 0] = float(crossed.sum())
        kept = np.flatnonzero([self.position, self.nu is None])
        side = np.stack(sides, axis=1) if sides else np.zeros((self.counts.objects, 0))
        factored = self.blocks.factor(weight, self.precision)
        return Curve.of(factored, side, corner[np.ix_(kept, kept)], kept)

    def objective(self, at: Strengths) -> float:
        """Log-posterior, per comparison."""
        counts, half = self.counts, self._half(at)
        nu = float(np.exp(at.log_nu)) if self.nu is None else self.nu
        height = float(counts.net @ half) + (counts.ties * float(np.log(nu)) if nu else 0.0)
        height -= float(counts.total @ np.log(np.exp(half) + np.exp(-half) + nu))
        prior = self.precision * float(at.strength @ at.strength)
        prior += self.position_precision * at.position**2
        return (height - prior / 2) / counts.mass

    def bearable(self, at: Strengths, step: Strengths) -> float:
        """The share of a step, at most 1, that moves no log-odds by more than `LONGEST` allows."""
        if step.size <= LONGEST / 3:
            return 1.0
        reach = np.abs(2 * self._half(step)) / (1 + np.abs(2 * self._half(at)) / LONGEST)
        shared = max(abs(step.position), abs(step.log_nu))
        return min(1.0, LONGEST / max(float(reach.max(initial=0.0)), shared))

    def _half(self, at: Strengths) -> Floats:
        half = at.strength[self.counts.first]
        half -= at.strength[self.counts.second]
        half += at.position
        half /= 2
        return np.clip(half, -FAR, FAR, out=half)

    def _per_object(self, cells: Floats) -> Floats:
        counts = self.counts
        found = np.bincount(counts.first, cells, counts.objects)
        return np.asarray(found - np.bincount(counts.second, cells, counts.objects))


@dataclass(frozen=True, eq=False, slots=True)
class Curve:
    """The negative Hessian: blocks bordered by the shared terms, which are eliminated last.

    across : (N, S) the blocks' solution for each shared term's column
    side   : (N, S) those columns
    rest   : (S, S) what is left of the shared terms' own corner
    kept   : (S,) which of position and log nu are estimated
    """

    factored: Factored
    across: Floats
    side: Floats
    rest: Floats
    kept: Places

    @classmethod
    def of(cls, factored: Factored, side: Floats, corner: Floats, kept: Places) -> Curve:
        """Eliminate the blocks."""
        across = factored.solve(side)
        return cls(factored, across, side, corner - side.T @ across, kept)

    def step(self, gradient: Strengths) -> Strengths:
        """The Newton step for a gradient."""
        own = self.factored.solve(gradient.strength[:, None])[:, 0]
        shared = np.zeros(2)
        if len(self.kept):
            slopes = np.array([gradient.position, gradient.log_nu])[self.kept]
            shared[self.kept] = np.linalg.solve(self.rest, slopes - self.side.T @ own)
            own = own - self.across @ shared[self.kept]
        return Strengths(own, float(shared[0]), float(shared[1]))
