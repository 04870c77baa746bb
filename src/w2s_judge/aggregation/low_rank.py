"""Low-rank confounders: scores are the truth, what else judges share, and who repeats whom.

CARE (arXiv 2603.00039; form from memory) splits the precision of the judges' scores into sparse
direct links and a low-rank part, by a convex program (`sparse_low_rank.py`). Here, on normal
scores: the penalties are those at which judges who share nothing get neither link nor factor
(CARE's are picked on labelled items); the truth is a direction among the factors
(`linked_structure.py`; CARE subtracts the other factors' loadings from the first's); an item's
score is the posterior mean given the votes it has, so that judges who repeat each other share one
weight. Without gold the posterior is of a fixed slope, cut at the prior (`factor_posterior`); with
gold, a sigmoid on each direction that may be the truth, weighed by its evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.against_gold import TURNED, against_gold
from w2s_judge.aggregation.beliefs import Beliefs
from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.evidence_average import Average, Features
from w2s_judge.aggregation.factor_posterior import rows_without_gold, unvarying
from w2s_judge.aggregation.factor_structure import Structure
from w2s_judge.aggregation.linked_structure import linked
from w2s_judge.aggregation.order_averaging import opinions
from w2s_judge.aggregation.rotated_factors import PLATT_SD, PLATT_SLOPE
from w2s_judge.aggregation.shares import clamped
from w2s_judge.aggregation.thresholds import (
    BY_THRESHOLD,
    class_rows,
    fits_by_threshold,
    mirror_chance,
    stacked,
)
from w2s_judge.calibration.prior import prior_from
from w2s_judge.consensus import Consensus, Fit
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

NAME = "low-rank"
TAKEN_CLEAR, TAKEN = 0.95, 0.5  # prior weight of the direction that is taken without gold
NO_OTHER = 1e-3  # sd of the other directions' coefficients, where one is the truth
SIMPLE = (
    "that the leading of {k} factors on simple axes is the truth is an assumption; it outweighs "
    "the next {ratio:.1f} times"
)
GENERAL = (
    "no simple axis leads clearly: that the truth is what all judges have in common is an "
    "assumption, and the simple axes are mixed in"
)
WEIGHED = "gold's weight for the direction taken without gold: {taken:.2f}; for the others {rest}"


@dataclass(frozen=True, slots=True)
class LowRank:
    """Sparse links and low-rank factors of normal scores.

    most_factors   : factors at most
    scaling_rounds : rounds of optimal level scaling, where there are more than two labels and
                     votes are hard
    slope          : of the posterior without gold, per standard deviation of the score
    mixed_slope    : the same where the leading factor is not clear
    clear_ratio    : how many times the leading simple axis must outweigh the next to be the truth;
                     else it is what all judges have in common, mixed with the axes
    average_orders : one mean vote of a judge who was asked in both orders
    seed           : of the draws that set the penalties
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
        panel = linked(
            opinions(votes, truth, NAME, average_orders=self.average_orders),
            most=self.most_factors,
            rounds=self.scaling_rounds if votes.L > 2 and votes.label is not None else 0,
            clear_ratio=self.clear_ratio,
            seed=self.seed,
        )
        found, towards = panel.found, np.eye(panel.weights.shape[1])[0]
        named = None
        if gold is None or not gold.G:
            posterior, named, notes = rows_without_gold(
                found, truth, votes, self.slope, self.mixed_slope, self.clear_ratio
            )
            calibration = "fixed-slope"
            if found.k > 1:
                notes = (self._assumed(found), *notes)
        else:
            taken = TAKEN_CLEAR if found.ratio >= self.clear_ratio else TAKEN
            fits, notes = _with_gold(found, truth, gold, votes, taken)
            posterior, calibration = class_rows(stacked(fits, votes.I)), "gold:platt"
            if fits:
                towards = np.mean([one.coefficient for one in fits], axis=0)
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
            weight=found.by_rater(panel.weights @ towards),
            score=found.scores @ towards,
            fit=Fit(found.loadings.iterations, found.loadings.converged),
            settings=repr(self),
            notes=(*found.notes, *unvarying(found), *notes),
        )

    def _assumed(self, found: Structure) -> str:
        if found.ratio < self.clear_ratio:
            return GENERAL
        return SIMPLE.format(k=found.k, ratio=found.ratio)


def _with_gold(
    found: Structure, truth: Truth, gold: Gold, votes: VoteMatrix, taken: float
) -> tuple[list[Average], tuple[str, ...]]:
    """A sigmoid for P(class >= c) on each direction, averaged by gold's evidence."""
    readings = found.scores
    mirrored = mirror_chance(votes, truth)
    held = _beliefs(readings.shape[1], taken, mirrored)
    features = Features(votes.I, lambda at: readings[at], lambda p: (readings[found.heard, p], 0))
    fits = fits_by_threshold(features, gold, truth, held)
    notes = list(against_gold(found, gold))
    if mirrored < 0.5 and any(one.weight @ (held.sign < 0) > 0.5 for one in fits):
        notes.append(TURNED)
    if truth.C > 2:
        notes.append(BY_THRESHOLD)
    if readings.shape[1] > 1:
        share = np.mean([one.weight.reshape(2, -1).sum(axis=0) for one in fits], axis=0)
        rest = ", ".join(f"{one:.2f}" for one in share[1:])
        notes.append(WEIGHED.format(taken=share[0], rest=rest))
    return fits, tuple(notes)


def _beliefs(count: int, taken: float, mirrored: float) -> Beliefs:
    """One of `count` directions is the truth, or its mirror image is."""
    weight = np.full(count, (1 - taken) / max(count - 1, 1))
    weight[0] = taken if count > 1 else 1.0
    slopes, sd = np.eye(count) * PLATT_SLOPE, np.full((count, count), NO_OTHER)
    sd[np.diag_indices(count)] = PLATT_SD
    return Beliefs(
        np.vstack([slopes, -slopes]),
        np.vstack([sd, sd]),
        np.concatenate([weight * (1 - mirrored), weight * mirrored]),
        ("factor",) * (2 * count),
        np.repeat([1.0, -1.0], count),
    )


METHOD = Method(
    NAME,
    "truth among the low-rank factors of normal scores, judges who repeat each other linked",
    LowRank,
    frozenset({Law.ITEMS, Law.RATERS, Law.REVERSAL, Law.SILENCE, Law.GOLD, Law.MUTE}),
    graded=True,
    ranks="cut",
)
