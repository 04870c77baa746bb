"""Gold-assisted averaging over hypotheses: factor i is the truth, judge j is, or nothing is known.

Each hypothesis is a Gaussian prior on a logistic regression of gold's labels on the factor scores
and the standardised votes; they are averaged by their evidence (Hoeting, Madigan, Raftery and
Volinsky 1999, eq. 1). Ten labels decide between factors; with hundreds the generic hypothesis
takes over, and the method is a ridge regression on all votes. Ordered classes: one such average
for each threshold, P(class >= c).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.against_gold import TURNED, against_gold
from w2s_judge.aggregation.beliefs import AMBIGUOUS, CLEAR, Beliefs, beliefs
from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.evidence_average import Average, Features
from w2s_judge.aggregation.factor_structure import Structure, structure
from w2s_judge.aggregation.order_averaging import opinions
from w2s_judge.aggregation.shares import clamped
from w2s_judge.aggregation.thresholds import (
    BY_THRESHOLD,
    class_rows,
    fits_by_threshold,
    mirror_chance,
    stacked,
)
from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.prior import prior_from
from w2s_judge.consensus import Consensus, Fit
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

NAME = "hypotheses"
FEWEST_CLEAR = 10  # judges: with fewer, a leading factor may be a chance or a clique
MOST_JUDGES = 64  # with a coefficient of their own: bounds the cost on crowds
NEEDS_GOLD = (
    f"{NAME} needs gold labels\n  give some (10 to 20 will do), or take rotated-factors or auto"
)
TOO_MANY = "only the {most} judges with most votes have a coefficient of their own"
ONE_CLASS = "all gold items are {name}: the labels say little beyond the prior"
NEAR_BALANCE = (
    "no prior was given: classes were taken to be near balance unless gold says otherwise"
)
WEIGHED = (
    "gold's weight for the hypotheses{where}: a factor is the truth {f:.2f}, a judge {j:.2f}, "
    "neither {g:.2f}"
)


@dataclass(frozen=True, slots=True)
class Hypotheses:
    """Averaged logistic regressions on factors and votes.

    most_factors   : factors at most
    scaling_rounds : rounds of optimal level scaling, where there are more than two labels and
                     votes are hard
    clear_ratio    : how many times the leading factor must outweigh the next for it to be
                     believed before gold is seen
    average_orders : one mean vote of a judge who was asked in both orders
    seed           : of parallel analysis
    """

    most_factors: int = 3
    scaling_rounds: int = 5
    clear_ratio: float = 2.0
    average_orders: bool = True
    seed: int = 0

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C); raises `ConfigurationError` without gold, or where labels stand on no line."""
        return self.with_evidence(votes, gold)[0]

    def with_evidence(self, votes: VoteMatrix, gold: Gold | None) -> tuple[Consensus, float]:
        """The same, and log P(gold's labels | votes), over all hypotheses by their prior weights.

        With two classes; with more it is the sum over thresholds, which is no probability.
        """
        if gold is None or not gold.G:
            raise ConfigurationError(NEEDS_GOLD)
        truth = votes.truth_with(gold)
        found = structure(
            opinions(votes, truth, NAME, average_orders=self.average_orders),
            most=self.most_factors,
            rounds=self.scaling_rounds if votes.L > 2 and votes.label is not None else 0,
            clear_ratio=self.clear_ratio,
            seed=self.seed,
        )
        judges, notes = _judges(found)
        size = len(found.opinions.units)
        clear = size >= FEWEST_CLEAR and found.k > 1 and found.ratio >= self.clear_ratio
        mirrored = mirror_chance(votes, truth)
        held = beliefs(
            found.loadings.strength, len(judges), CLEAR if clear else AMBIGUOUS, mirrored
        )
        fits = fits_by_threshold(_features(found, judges, votes), gold, truth, held)
        posterior = class_rows(stacked(fits, votes.I))
        prior, source = prior_from(truth, gold, posterior[found.heard])
        posterior[~found.heard] = prior
        notes += _notes(gold, truth, found)
        notes += _weighed(fits, held, truth.classes, mirrored)
        consensus = Consensus(
            clamped(posterior, gold),
            truth.classes,
            votes.support,
            NAME,
            "model",
            prior,
            source,
            weight=_coefficients(found, judges, fits),
            score=found.scores[:, 0],
            fit=Fit(
                max((one.iterations for one in fits), default=0),
                found.loadings.converged and all(one.converged for one in fits),
            ),
            settings=repr(self),
            notes=(*found.notes, *notes),
        )
        return consensus, float(sum(one.evidence for one in fits))


def _notes(gold: Gold, truth: Truth, found: Structure) -> tuple[str, ...]:
    notes: list[str] = []
    if truth.prior is None and truth.C == 2:
        notes.append(NEAR_BALANCE)
    if len(np.unique(gold.label)) == 1:
        notes.append(ONE_CLASS.format(name=gold.classes[gold.label[0]]))
    if truth.C > 2:
        notes.append(BY_THRESHOLD)
    return (*notes, *against_gold(found, gold))


def _judges(found: Structure) -> tuple[Ints, tuple[str, ...]]:
    """The units with a coefficient of their own."""
    size = len(found.opinions.units)
    if size <= MOST_JUDGES:
        return np.arange(size, dtype=np.int32), ()
    count = np.bincount(found.opinions.unit, minlength=size)
    most = np.sort(np.argsort(-count, kind="stable")[:MOST_JUDGES])
    return most.astype(np.int32), (TOO_MANY.format(most=MOST_JUDGES),)


def _features(found: Structure, judges: Ints, votes: VoteMatrix) -> Features:
    """Factor scores, then the votes of these judges."""
    heard, k = found.heard, found.k
    order = np.argsort(found.opinions.unit, kind="stable")
    bounds = np.searchsorted(found.opinions.unit[order], np.arange(len(found.opinions.units) + 1))

    def rows(at: slice | Ints) -> Floats:
        return np.column_stack([found.scores[at], found.grid.some(at)[:, judges]])

    def column(p: int) -> tuple[Floats, int]:
        if p < k:
            return found.scores[heard, p], 0
        j = judges[p - k]
        mine = found.opinions.value[order[bounds[j] : bounds[j + 1]]]
        return mine, int(heard.sum()) - len(mine)

    return Features(votes.I, rows, column)


def _coefficients(found: Structure, judges: Ints, fits: list[Average]) -> Floats:
    """(J,) what a standard deviation of a rater's vote adds to the log odds, factors included."""
    total = np.zeros(len(found.opinions.units))
    for one in fits:
        total += found.weights @ one.coefficient[: found.k] / len(fits)
        total[judges] += one.coefficient[found.k :] / len(fits)
    return found.by_rater(total)


def _weighed(
    fits: list[Average], held: Beliefs, classes: tuple[str, ...], mirrored: float
) -> tuple[str, ...]:
    """How gold weighed the hypotheses, and whether it turned the votes round."""
    notes: list[str] = []
    for c, one in enumerate(fits, start=1):
        share = {
            name: float(one.weight @ np.array([kind == name for kind in held.kind], dtype=float))
            for name in ("factor", "judge", "generic")
        }
        where = f" at {classes[c]} and above" if len(fits) > 1 else ""
        notes.append(
            WEIGHED.format(where=where, f=share["factor"], j=share["judge"], g=share["generic"])
        )
        if mirrored < 0.5 and one.weight @ (held.sign < 0) > 0.5:
            notes.append(TURNED)
    return tuple(notes)


METHOD = Method(
    NAME,
    "average of regressions on factors and votes, weighed by gold's evidence",
    Hypotheses,
    frozenset({Law.ITEMS, Law.RATERS, Law.REVERSAL, Law.SILENCE, Law.GOLD, Law.MUTE}),
    graded=True,
    ranks="cut",
    needs_gold=True,
)
