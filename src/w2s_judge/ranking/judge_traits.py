"""What judges are like: how much each discriminates, and how far it leans to what is shown first.

    log a_j ~ N(mu, omega^2),  b_j ~ N(beta, upsilon^2),  mu ~ N(0, 1),  beta ~ N(0, 1)

mu, beta and the two widths are estimated with the judges: a judge with few comparisons is taken for
a typical one, and how far judges may differ is what they show. The widths are expected squares
(a judge's own uncertainty enters), with one pseudo-judge of the width that is assumed before
anything is seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Bools, Floats
from w2s_judge.ranking.davidson_normal import Averages
from w2s_judge.ranking.judged_pairs import JudgedPairs, sums

PSEUDO = 1.0  # judges that the assumed widths count as
TIE_COUNT = 0.5  # pseudo-counts of a tie, and of no tie, between equals: nu stays finite
STRIDE = 1.0  # the longest step of a logarithm or a logit in one iteration


@dataclass(frozen=True, slots=True)
class Widths:
    """How far judges are assumed to differ, as sd: of log a and of b."""

    weight: float
    lean: float


@dataclass(frozen=True, eq=False, slots=True)
class Traits:
    """log_weight (J,) log a_j, lean (J,) b_j, tie nu >= 0; centre, spread of either over judges."""

    log_weight: Floats
    lean: Floats
    tie: float
    weight_centre: float
    weight_spread: float
    lean_centre: float
    lean_spread: float

    @property
    def weight(self) -> Floats:
        """(J,) a_j."""
        return np.exp(self.log_weight)

    def scaled(self, by: float) -> Traits:
        """The same judges of strengths that are multiplied by `by`."""
        step = float(np.log(by))
        return replace(
            self, log_weight=self.log_weight - step, weight_centre=self.weight_centre - step
        )


@dataclass(frozen=True, eq=False, slots=True)
class Bench:
    """The judges that were heard (J,), the assumed widths, and log ratios (J,) where a is known."""

    heard: Bools
    widths: Widths
    known: Floats | None = None

    def start(self, tied_share: float) -> Traits:
        """All judges alike; nu as among equals."""
        zero = np.zeros(len(self.heard))
        tie = 2 * tied_share / max(1 - tied_share, 1e-2)
        first = zero if self.known is None else self.known
        return Traits(first, zero, tie, 0.0, self.widths.weight, 0.0, self.widths.lean)

    def step(
        self, now: Traits, pairs: JudgedPairs, gap: Floats, apart: Floats, seen: Averages
    ) -> Traits:
        """One Newton step for every judge, then the centres and widths, then nu.

        gap, apart: (K,) mean and variance of each cell's difference of strengths, low less high.
        """
        told = _told(now, pairs, gap, apart, seen)
        pull, steep, cross = told.pull, told.steep, told.cross
        loose = 1 / now.lean_spread**2
        lean_pull = told.lean_pull - (now.lean - now.lean_centre) * loose
        lean_steep = told.lean_steep + loose
        if self.known is not None:
            lean = now.lean + _short(lean_pull / lean_steep)
            moved = _rescaled(replace(now, lean=lean), self.known, pull, steep)
            return self._leans(replace(moved, tie=_tie(now, pairs, seen)), 1 / lean_steep)
        tight = 1 / now.weight_spread**2
        pull = pull - (now.log_weight - now.weight_centre) * tight
        steep = steep + tight
        spare = steep * lean_steep - cross * cross
        log_weight = now.log_weight + _short((lean_steep * pull - cross * lean_pull) / spare)
        lean = now.lean + _short((steep * lean_pull - cross * pull) / spare)
        moved = replace(now, log_weight=log_weight, lean=lean, tie=_tie(now, pairs, seen))
        return self._leans(self._weights(moved, lean_steep / spare), steep / spare)

    def _weights(self, now: Traits, variance: Floats) -> Traits:
        centre, spread = self._common(
            now.log_weight, variance, now.weight_spread, self.widths.weight
        )
        kept = np.where(self.heard, now.log_weight, centre)
        return replace(now, log_weight=kept, weight_centre=centre, weight_spread=spread)

    def _leans(self, now: Traits, variance: Floats) -> Traits:
        centre, spread = self._common(now.lean, variance, now.lean_spread, self.widths.lean)
        kept = np.where(self.heard, now.lean, centre)
        return replace(now, lean=kept, lean_centre=centre, lean_spread=spread)

    def _common(
        self, values: Floats, variance: Floats, spread: float, assumed: float
    ) -> tuple[float, float]:
        """Centre (prior N(0, 1)) and width of the judges that were heard."""
        heard = int(self.heard.sum())
        centre = float(values[self.heard].sum() / (heard + spread**2))
        squares = float(((values - centre) ** 2 + variance)[self.heard].sum())
        return centre, float(np.sqrt((squares + PSEUDO * assumed**2) / (heard + PSEUDO)))


@dataclass(frozen=True, eq=False, slots=True)
class Told:
    """(J,) each: what the comparisons say of log a and of b; steep and cross are curvatures."""

    pull: Floats
    steep: Floats
    cross: Floats
    lean_pull: Floats
    lean_steep: Floats


def _told(now: Traits, pairs: JudgedPairs, gap: Floats, apart: Floats, seen: Averages) -> Told:
    """First and second derivatives of the averaged log-likelihood, by judge."""

    def summed(values: Floats) -> Floats:
        return sums(pairs.judge, pairs.total * values, len(now.lean))

    a, sd = now.weight, np.sqrt(apart)
    lack = pairs.net / 2 / pairs.total - seen.slope
    pull = a * summed(lack * gap - a[pairs.judge] * apart * seen.turn)
    bent = summed(gap * (gap * seen.turn + 2 * sd * seen.tilt) + apart * seen.bend)
    return Told(
        pull,
        a**2 * bent + np.maximum(-pull, 0),  # a bends in log a where the pull is downwards
        a * summed(pairs.shown * (gap * seen.turn + sd * seen.tilt)),
        summed(lack * pairs.shown),
        summed(pairs.shown**2 * seen.turn),
    )


def _rescaled(now: Traits, known: Floats, pull: Floats, steep: Floats) -> Traits:
    """Ratios stay: one step for the common scale."""
    stride = _short((pull.sum() - now.weight_centre) / (steep.sum() + 1))
    centre = now.weight_centre + float(stride)
    return replace(now, log_weight=centre + known, weight_centre=centre)


def _tie(now: Traits, pairs: JudgedPairs, seen: Averages) -> float:
    """One Newton step for log nu; 0 stays 0 (nothing was tied)."""
    if now.tie == 0:
        return 0.0
    tied = now.tie / (2 + now.tie)  # P(tie) between equals
    pull = pairs.tied.sum() - pairs.total @ seen.tie + TIE_COUNT * (1 - 2 * tied)
    steep = pairs.total @ seen.tie_turn + 2 * TIE_COUNT * tied * (1 - tied)
    return float(now.tie * np.exp(_short(pull / steep)))


def _short(step: Floats) -> Floats:
    return np.clip(step, -STRIDE, STRIDE)
