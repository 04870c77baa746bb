"""What judges are like: how much each discriminates, leans to what is shown first, and ties.

    log a_j ~ N(mu, omega^2),  b_j ~ N(beta, upsilon^2),  log nu_j ~ N(eta, tau^2)
    mu ~ N(0, 1),  beta ~ N(0, 1),  eta as if half a tie and half a winner were seen among equals

The centres and the three widths are estimated with the judges: a judge with few comparisons is
taken for a typical one, and how far judges may differ is what they show. The widths are expected
squares (a judge's own uncertainty enters), with one pseudo-judge of the width that is assumed
before anything is seen.

a_j against other judges, and b_j, are learned from the comparisons that name a winner, given that
they do: who is named is logistic in the logit whatever makes a judge tie. From ties as well, a_j
and nu_j of a judge that ties below a threshold (equal marks, say) would climb together without
end: its ties tell log(nu_j) / a_j alone. What ties say of how wide logits are moves all a_j alike,
as strengths, which all comparisons tell, would otherwise be on another scale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Bools, Floats
from w2s_judge.ranking.davidson_normal import Averages, Named
from w2s_judge.ranking.judged_pairs import JudgedPairs, sums

PSEUDO = 1.0  # judges that the assumed widths count as
TIE_COUNT = 0.5  # pseudo-counts of a tie, and of no tie, between equals: nu stays finite
TINY = 1e-300
STRIDE = 1.0  # the longest step of a logarithm or a logit in one iteration
# Bounds, beyond which a fit would tell nothing apart. omega = 1 lets two judges of three differ
# sevenfold; a wider prior would not hold a judge that is never contradicted, whose a_j has no
# highest point. A lean of 10 logits is a constant answer. P(tie) between equals is .0005 to .998.
SPREAD, LEAN, TIES = 1.0, 10.0, 7.0


@dataclass(frozen=True, slots=True)
class Widths:
    """How far judges are assumed to differ, as sd: of log a, of b and of log nu."""

    weight: float
    lean: float
    tie: float


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """(K,) of each cell: mean and variance of the difference, low less high, and the averages."""

    gap: Floats
    apart: Floats
    outcome: Averages
    named: Named

    def scaled(self, by: float) -> Seen:
        """The same of strengths that are multiplied by `by`: logits stay."""
        return replace(self, gap=self.gap * by, apart=self.apart * by * by)

    def tie_pull(self, pairs: JudgedPairs, own: Floats) -> float:
        """What ties, and how many there are, add to the pull on all log a; own (K,) is a."""
        if not pairs.tied.any():
            return 0.0
        mass = pairs.named
        slope = mass * self.named.slope - pairs.total * self.outcome.slope
        turn = mass * self.named.turn - pairs.total * self.outcome.turn
        return float(own @ (self.gap * slope + own * self.apart * turn))


@dataclass(frozen=True, eq=False, slots=True)
class Traits:
    """log a_j, b_j, nu_j >= 0, each (J,); centres (of nu: exp(eta)) and spreads (of log nu)."""

    log_weight: Floats
    lean: Floats
    tie: Floats
    weight_centre: float
    weight_spread: float
    lean_centre: float
    lean_spread: float
    tie_centre: float
    tie_spread: float

    @property
    def weight(self) -> Floats:
        """(J,) a_j."""
        return np.exp(self.log_weight)

    def mixed(self, other: Traits, pace: float) -> Traits:
        """The way to the other that `pace` is a share of; logarithms where a trait has one."""

        def between(one: Floats, two: Floats) -> Floats:
            return np.where(one == two, one, (1 - pace) * one + pace * two)  # and infinite ones

        def mean(one: float, two: float) -> float:
            return (1 - pace) * one + pace * two

        with np.errstate(divide="ignore", invalid="ignore"):
            tie = np.exp(between(np.log(self.tie), np.log(other.tie)))
            log_weight = between(self.log_weight, other.log_weight)
        return Traits(
            log_weight, between(self.lean, other.lean), tie,
            mean(self.weight_centre, other.weight_centre),
            mean(self.weight_spread, other.weight_spread),
            mean(self.lean_centre, other.lean_centre), mean(self.lean_spread, other.lean_spread),
            mean(self.tie_centre, other.tie_centre), mean(self.tie_spread, other.tie_spread),
        )  # fmt: skip

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
        widths = self.widths
        return Traits(
            first, zero, zero + tie, 0.0, widths.weight, 0.0, widths.lean, tie, widths.tie
        )

    def step(self, now: Traits, pairs: JudgedPairs, seen: Seen) -> Traits:
        """One Newton step for every judge, then the centres and widths."""
        told = _told(now, pairs, seen)
        pull, steep, cross = told.pull, told.steep, told.cross
        loose = 1 / now.lean_spread**2
        lean_pull = told.lean_pull - (now.lean - now.lean_centre) * loose
        lean_steep = told.lean_steep + loose
        now = self._ties(now, pairs, seen.outcome)
        if self.known is not None:
            lean = np.clip(now.lean + _short(lean_pull / lean_steep), -LEAN, LEAN)
            moved = _rescaled(replace(now, lean=lean), self.known, pull, steep)
            return self._leans(moved, 1 / lean_steep)
        tight = 1 / now.weight_spread**2
        pull = pull - (now.log_weight - now.weight_centre) * tight
        steep = steep + tight
        spare = steep * lean_steep - cross * cross
        log_weight = now.log_weight + _short((lean_steep * pull - cross * lean_pull) / spare)
        lean = now.lean + _short((steep * lean_pull - cross * pull) / spare)
        lean = np.clip(lean, -LEAN, LEAN)
        moved = replace(now, log_weight=log_weight, lean=lean)
        return self._leans(self._weights(moved, lean_steep / spare), steep / spare)

    def _weights(self, now: Traits, variance: Floats) -> Traits:
        centre, spread = self._common(
            now.log_weight, variance, now.weight_spread, self.widths.weight
        )
        spread = min(spread, max(SPREAD, self.widths.weight))
        kept = np.where(self.heard, now.log_weight, centre)
        return replace(now, log_weight=kept, weight_centre=centre, weight_spread=spread)

    def _leans(self, now: Traits, variance: Floats) -> Traits:
        centre, spread = self._common(now.lean, variance, now.lean_spread, self.widths.lean)
        kept = np.where(self.heard, now.lean, centre)
        return replace(now, lean=kept, lean_centre=centre, lean_spread=spread)

    def _ties(self, now: Traits, pairs: JudgedPairs, seen: Averages) -> Traits:
        """0 stays 0: nothing was tied."""
        if now.tie_centre == 0 or not self.heard.any():
            return now
        judges, tight = len(self.heard), 1 / now.tie_spread**2
        eta, log_tie = float(np.log(now.tie_centre)), np.log(now.tie)
        pull = sums(pairs.judge, pairs.tied - pairs.total * seen.tie, judges)
        pull = np.where(self.heard, pull - (log_tie - eta) * tight, 0.0)
        steep = sums(pairs.judge, pairs.total * seen.tie_turn, judges) + tight
        level = now.tie_centre / (2 + now.tie_centre)  # P(tie) between equals
        drawn = float((log_tie - eta)[self.heard].sum()) * tight + TIE_COUNT * (1 - 2 * level)
        share = np.where(self.heard, tight / steep, 0.0)  # of the centre's step in a judge's
        loose = float(np.where(self.heard, 1 - share, 0.0).sum()) * tight
        stride = (drawn + float(share @ pull)) / (loose + 2 * TIE_COUNT * level * (1 - level))
        eta = _within(eta + _within(stride, STRIDE), TIES)
        log_tie = np.clip(log_tie + _short(pull / steep + share * stride), -TIES, TIES)
        return replace(
            now, tie=np.exp(np.where(self.heard, log_tie, eta)), tie_centre=float(np.exp(eta)),
            tie_spread=self._width(log_tie - eta, 1 / steep, self.widths.tie),
        )  # fmt: skip

    def _common(
        self, values: Floats, variance: Floats, spread: float, assumed: float
    ) -> tuple[float, float]:
        """Centre (prior N(0, 1)) and width of the judges that were heard."""
        heard = int(self.heard.sum())
        centre = float(values[self.heard].sum() / (heard + spread**2))
        return centre, self._width(values - centre, variance, assumed)

    def _width(self, away: Floats, variance: Floats, assumed: float) -> float:
        squares = float((away**2 + variance)[self.heard].sum())
        return float(np.sqrt((squares + PSEUDO * assumed**2) / (self.heard.sum() + PSEUDO)))


@dataclass(frozen=True, eq=False, slots=True)
class Told:
    """(J,) each: what the comparisons say of log a and of b; steep and cross are curvatures."""

    pull: Floats
    steep: Floats
    cross: Floats
    lean_pull: Floats
    lean_steep: Floats


def _told(now: Traits, pairs: JudgedPairs, seen: Seen) -> Told:
    """First and second derivatives of the averaged log-likelihood of who was named, by judge."""
    mass, gap, apart, at = pairs.named, seen.gap, seen.apart, seen.named

    def summed(values: Floats) -> Floats:
        return sums(pairs.judge, values, len(now.lean))

    a, sd = now.weight, np.sqrt(apart)
    lack = pairs.net / 2 - mass * at.slope
    pull = a * summed(lack * gap - a[pairs.judge] * apart * mass * at.turn)
    bent = a**2 * summed(mass * (gap * (gap * at.turn + 2 * sd * at.tilt) + apart * at.bend))
    ties = bent / max(float(bent.sum()), TINY) * seen.tie_pull(pairs, a[pairs.judge])
    return Told(
        pull + ties,
        bent + np.maximum(-pull, 0) + np.abs(ties),  # a bends in log a where it is pulled down
        a * summed(mass * pairs.shown * (gap * at.turn + sd * at.tilt)),
        summed(lack * pairs.shown),
        summed(mass * pairs.shown**2 * at.turn),
    )


def _rescaled(now: Traits, known: Floats, pull: Floats, steep: Floats) -> Traits:
    """Ratios stay: one step for the common scale."""
    stride = _short((pull.sum() - now.weight_centre) / (steep.sum() + 1))
    centre = now.weight_centre + float(stride)
    return replace(now, log_weight=centre + known, weight_centre=centre)


def _within(value: float, bound: float) -> float:
    return min(max(value, -bound), bound)


def _short(step: Floats) -> Floats:
    return np.clip(step, -STRIDE, STRIDE)
