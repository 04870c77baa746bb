"""Votes weighted by the log odds of their raters' accuracy on gold.

w_j = log(a_j (C - 1) / (1 - a_j)), the weights that are best for raters who err independently and
evenly over the classes (Nitzan and Paroush 1982, for two classes; Li and Yu 2014, for more).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.shares import clamped, class_of_label
from w2s_judge.arrays import Floats
from w2s_judge.calibration.class_mass import item_sums, onto_classes
from w2s_judge.calibration.prior import prior_from
from w2s_judge.consensus import Consensus
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, slots=True)
class GoldWeighted:
    """Naive Bayes on class votes: log P(c) = log prior + sum over votes of w_j mass_c.

    a_j = (right + smoothing) / (gold votes + C smoothing): the gold mass that rater j put on the
    right class, each gold item counting the inverse of its sampling probability (mean 1) and each
    vote its weight. A rater without gold votes has a_j = 1 / C and weight 0; one who is worse than
    chance has a negative weight and counts against its votes.

    smoothing : Laplace's pseudo-votes a class
    """

    smoothing: float = 1.0

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) posterior, (J,) weights in log odds.

        Raises `ConfigurationError` without gold, and where no item with votes has a gold label.
        """
        if gold is None or not gold.G or not votes.support[gold.item].any():
            raise ConfigurationError(
                "gold-weighted weighs the judges by gold labels, and no item with votes has one\n"
                "  bring gold labels, or take auto, which can do without"
            )
        truth = votes.truth_with(gold)
        of_label, notes = class_of_label(votes, truth)
        mass = onto_classes(votes, of_label, truth.C)
        if votes.weight is not None:
            mass = mass * votes.weight[:, None]
        accuracy, seen = self._accuracy(votes, mass, gold, truth.C)
        log_odds = np.log(accuracy * max(truth.C - 1, 1) / (1 - accuracy))
        logits = item_sums(votes, mass * log_odds[votes.rater][:, None])
        prior, source = prior_from(truth, gold, np.zeros((0, truth.C)))
        posterior = softmax(logits + np.log(prior), axis=1)
        posterior[votes.support == 0] = prior
        return Consensus(
            clamped(posterior, gold), truth.classes, votes.support, "gold-weighted", "none",
            prior, source, weight=log_odds, settings=repr(self),
            notes=(*_unseen(votes, seen), *_worse(votes, log_odds), *notes),
        )  # fmt: skip

    def _accuracy(
        self,
        votes: VoteMatrix,
        mass: Floats,
        gold: Gold,
        C: int,  # noqa: N803
    ) -> tuple[Floats, Floats]:
        """(J,) smoothed accuracies and (J,) weights of gold votes behind them."""
        known, count = np.zeros(votes.I, dtype=np.int64), np.zeros(votes.I)
        known[gold.item], count[gold.item] = gold.label, gold.weight
        right = mass[np.arange(votes.V), known[votes.item]] * count[votes.item]
        total = mass.sum(axis=1) * count[votes.item]
        hits = np.bincount(votes.rater, weights=right, minlength=votes.J)
        seen = np.bincount(votes.rater, weights=total, minlength=votes.J).astype(np.float64)
        smooth = self.smoothing if C > 1 else self.smoothing / 2
        return (hits + smooth) / (seen + max(C, 2) * smooth), seen


def _unseen(votes: VoteMatrix, seen: Floats) -> tuple[str, ...]:
    count = int(((seen <= 0) & (np.bincount(votes.rater, minlength=votes.J) > 0)).sum())
    if not count:
        return ()
    return (f"{count} of {votes.J} raters voted on no gold item and count nothing",)


def _worse(votes: VoteMatrix, log_odds: Floats) -> tuple[str, ...]:
    count = int((log_odds < 0).sum())
    if not count:
        return ()
    return (
        f"{count} of {votes.J} raters are worse than chance on gold: their votes count against "
        "what they say",
    )


METHOD = Method(
    "gold-weighted",
    "votes weighted by the log odds of accuracy on gold",
    GoldWeighted,
    frozenset(Law) - {Law.CLIMBS},
    independent=True,
    needs_gold=True,
)
