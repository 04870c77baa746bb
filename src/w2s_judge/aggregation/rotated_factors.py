"""Rotated factors: the leading raw-varimax factor of the judges' normal scores is the truth.

Judges share more than the truth: a liking for long answers, or how small models use a scale. With
two or more factors on simple axes, the leading one is the truth without what only some judges
share. Without gold the posterior is sigmoid(slope (F - q)), q the quantile of the stated prior (of
more than two classes, an ordered probit whose cuts keep the prior: `factor_posterior`); with gold,
Platt's (1999) sigmoid on F, maximum a posteriori. Factors: `factor_analysis`; graded votes are put
on their optimal scale: `level_scaling`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.against_gold import TURNED, against_gold
from w2s_judge.aggregation.beliefs import Beliefs
from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.evidence_average import Features
from w2s_judge.aggregation.factor_posterior import (
    AMBIGUOUS,
    rows_without_gold,
    unvarying,
)
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
from w2s_judge.arrays import Floats
from w2s_judge.calibration.prior import prior_from
from w2s_judge.consensus import Consensus, Fit
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

NAME = "rotated-factors"
PLATT_SLOPE, PLATT_SD = 1.5, 1.0  # prior on the slope with gold
HYPOTHESES = "here the leading one was taken: the method hypotheses weighs all of them"


@dataclass(frozen=True, slots=True)
class RotatedFactors:
    """Factor analysis of normal scores, raw varimax, the leading factor.

    most_factors   : factors at most
    scaling_rounds : rounds of optimal level scaling, where there are more than two labels and
                     votes are hard
    slope          : of the posterior without gold, per standard deviation of the factor
    mixed_slope    : the same where the structure is ambiguous
    clear_ratio    : how many times the leading factor must outweigh the next
    average_orders : one mean vote of a judge who was asked in both orders
    seed           : of parallel analysis
    """

    most_factors: int = 3
    scaling_rounds: int = 5
    slope: float = 2.0
    mixed_slope: float = 1.0
    clear_ratio: float = 2.0
    average_orders: bool = True
    seed: int = 0

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C); raises `ConfigurationError` where the labels stand on no line."""
        truth = votes.truth_with(gold)
        found = structure(
            opinions(votes, truth, NAME, average_orders=self.average_orders),
            most=self.most_factors,
            rounds=self.scaling_rounds if votes.L > 2 and votes.label is not None else 0,
            clear_ratio=self.clear_ratio,
            seed=self.seed,
        )
        named = None
        if gold is None or not gold.G:
            posterior, named, notes = rows_without_gold(
                found, truth, votes, self.slope, self.mixed_slope, self.clear_ratio
            )
            calibration = "fixed-slope"
        else:
            above, notes = self._with_gold(found, truth, gold, votes)
            posterior = class_rows(above)
            calibration = "gold:platt"
        prior, source = named or prior_from(truth, gold, posterior[found.heard])
        posterior[~found.heard] = prior
        return Consensus(
            clamped(posterior, gold),
            truth.classes,
            votes.support,
            NAME,
            calibration,
            prior,
            source,
            weight=found.by_rater(found.loadings.matrix[:, 0]),
            score=found.scores[:, 0],
            fit=Fit(found.loadings.iterations, found.loadings.converged),
            settings=repr(self),
            notes=(*found.notes, *unvarying(found), *notes),
        )

    def _with_gold(
        self, found: Structure, truth: Truth, gold: Gold, votes: VoteMatrix
    ) -> tuple[Floats, tuple[str, ...]]:
        """(I, C-1) P(class >= c) by a sigmoid on the leading factor for each c."""
        mirrored = mirror_chance(votes, truth)
        beliefs = Beliefs(
            np.array([[PLATT_SLOPE], [-PLATT_SLOPE]]),
            np.full((2, 1), PLATT_SD),
            np.array([1 - mirrored, mirrored]),
            ("factor", "factor"),
            np.array([1.0, -1.0]),
        )
        factor = found.scores[:, :1]
        features = Features(votes.I, lambda at: factor[at], lambda _: (factor[found.heard, 0], 0))
        fits = fits_by_threshold(features, gold, truth, beliefs)
        notes = list(against_gold(found, gold))
        if any(one.coefficient[0] < 0 for one in fits) and mirrored < 0.5:
            notes.append(TURNED)
        if truth.C > 2:
            notes.append(BY_THRESHOLD)
        if found.ratio < self.clear_ratio:
            notes += [AMBIGUOUS.format(k=found.k, ratio=found.ratio), HYPOTHESES]
        return stacked(fits, votes.I), tuple(notes)


METHOD = Method(
    NAME,
    "the leading rotated factor of the judges' normal scores",
    RotatedFactors,
    frozenset({Law.ITEMS, Law.RATERS, Law.REVERSAL, Law.SILENCE, Law.GOLD, Law.MUTE}),
    graded=True,
    ranks="cut",
)
