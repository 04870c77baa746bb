"""The mean of normal scores: for votes that rank and are no probabilities.

Each rater's votes are replaced by the normal quantiles of their ranks, z = Phi^-1((r - 1/2) / n)
(Hazen's plotting position, ties at their mean rank; van der Waerden 1952 for the use of normal
scores), so that raters on different scales can be averaged. The result is a rank, not a
probability.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.shares import clamped
from w2s_judge.calibration.levels import score_of
from w2s_judge.calibration.normal_scores import normal_scores
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, eq=False, slots=True)
class NormalScores:
    """Ranks are taken among `reference`: rater -> its sorted masses on the last label, all of them.

    Without a reference the votes themselves are it, ranked by their expected level (with two
    labels the same).
    """

    reference: Mapping[str, np.ndarray[Any, Any]] | None = None

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C): Phi(mean z) on the last class, the rest on the first, nothing between."""
        truth = votes.truth_with(gold)
        last = score_of(votes) if self.reference is None else votes.soft()[:, -1]
        z = np.zeros(votes.V)
        for j, rater in enumerate(votes.raters):
            mine = votes.rater == j
            among = np.sort(last[mine]) if self.reference is None else self.reference.get(rater)
            if among is not None and len(among):
                z[mine] = normal_scores(last[mine], among)
        support = votes.support
        mean = np.bincount(votes.item, weights=z, minlength=votes.I) / np.maximum(support, 1)
        posterior = np.zeros((votes.I, truth.C))
        posterior[:, -1] = ndtr(mean)
        posterior[:, 0] = 1 - posterior[:, -1] * (truth.C > 1)
        prior = np.zeros(truth.C)
        prior[[0, -1]] = 0.5
        prior /= prior.sum()
        return Consensus(
            clamped(posterior, gold), truth.classes, support, "mean-normal-score", "uncalibrated",
            prior, "none: ranks alone", score=mean, settings="NormalScores()",
        )  # fmt: skip


METHOD = Method(
    "mean-normal-score",
    "mean of the votes' normal scores: ranks, no probabilities",
    NormalScores,
    frozenset({Law.ITEMS, Law.RATERS, Law.REVERSAL, Law.SILENCE, Law.GOLD, Law.MUTE}),
    graded=True,
    ranks="known",
)
